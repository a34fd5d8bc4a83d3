//! Acts by hand, left for the node to take on record.

use std::fs;

use super::{exit::Failure, home::Home, language::both};
use crate::{
    audit::by_hand,
    domain::audit::{Act, Came, Counts, Entry, LOCAL, On, Purpose, Who},
};

/// Leaves on record what was just done at this machine.
///
/// # Errors
/// If that cannot be written: what was done is done.
pub(super) fn leave(home: &Home, act: Act, on: Vec<On>) -> Result<(), Failure> {
    let Some(area) = home.config.areas.first() else {
        return Ok(());
    };
    let entry = Entry {
        at_ms: home.clock.now_ms(),
        who: Who::ByHand(user()),
        role: String::new(),
        from: LOCAL.to_owned(),
        act,
        on,
        purpose: Purpose::None,
        came: Came::Done,
        counts: Counts::default(),
    };
    by_hand::leave(&home.dir, *area, entry).map_err(|error| {
        Failure::refused(both(
            format!("已执行，但未能留下审计记录：{error}"),
            format!("it is done, but could not be left for the record: {error}"),
        ))
    })
}

/// The system's user who runs this, by the machine's own list.
fn user() -> String {
    let id = rustix::process::getuid().as_raw();
    let list = fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(&list, id).map_or_else(|| format!("uid {id}"), str::to_owned)
}

fn name_of(list: &str, id: u32) -> Option<&str> {
    let id = id.to_string();
    let mut lines = list.lines();
    lines.find_map(|line| {
        let mut parts = line.split(':');
        let (name, _, of) = (parts.next()?, parts.next()?, parts.next()?);
        (of == id).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_name_of_the_machines_list() {
        let list = "root:x:0:0:root:/root:/bin/bash\n\ngoose:x:1000:1000::/home/goose:/bin/sh\n";
        assert_eq!(name_of(list, 0), Some("root"));
        assert_eq!(name_of(list, 1000), Some("goose"));
        assert_eq!(name_of(list, 100), None);
        assert!(!user().is_empty());
    }
}
