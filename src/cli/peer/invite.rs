//! `hongyan peer invite`.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{
    super::{
        by_hand,
        exit::{Exit, Failure},
        home::{Home, NodeArguments},
        language::both,
        output::{Output, OutputArguments},
    },
    party,
};
use crate::{
    agreement,
    domain::{
        area::County,
        audit::{Act, On},
    },
    pairing::{Inviting, Issued, Nonce, invite},
    trust::{
        files::{self, FileError},
        keys::draw,
    },
};

/// Arguments of `peer invite`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    node: NodeArguments,
    /// 只邀请该区县的节点。 Invite the node of that area only
    #[arg(long = "for", value_name = "AREA")]
    invited: Option<County>,
    /// 协议适用于本节点的哪个区县；省略即首个。 For which home area; the first if left out
    #[arg(long, value_name = "AREA", requires = "invited")]
    from: Option<County>,
    /// 协议模板：default、regional、departures-only、trial 或文件；省略即 default。 One of these, or a file
    #[arg(long, value_name = "TEMPLATE")]
    agreement: Option<PathBuf>,
    /// 邀请文件写到哪里。 Where to write the invitation
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        node,
        invited,
        from,
        agreement,
        out,
        output,
    } = arguments;
    let home = Home::open(&node)?;
    let template = template(agreement.as_deref())?;
    let key = party::signing_key(&home)?;
    let own = party::own(&home, &key)?;
    let nonce = Nonce::new(draw()?);
    let inviting = Inviting {
        inviter: &own,
        area: from,
        invited,
        template: &template,
        nonce,
        now: now(&home)?,
    };
    let mut signed = Ok(());
    let file = invite(&inviting, |statement| {
        statement
            .sign(&key, home.config.trust_domain())
            .unwrap_or_else(|error| {
                signed = Err(error);
                Vec::new()
            })
    })?;
    signed?;
    Issued::save(&home.dir, nonce, &file)?;
    files::write_public(&out, file.as_bytes())?;
    by_hand::leave(
        &home,
        Act::PeerInvited,
        invited.map(On::Peer).into_iter().collect(),
    )?;
    let fingerprint = key.public().id().fingerprint().spoken();
    let object = json!({
        "invitation": out,
        "identity": own.id.to_string(),
        "fingerprint": fingerprint,
    });
    let at = out.display();
    let sentence = both(
        format!(
            "邀请已写到 {at}，14天内有效。请交给对方，并在电话中核对本节点的签名密钥指纹：\n{fingerprint}"
        ),
        format!(
            "invitation written to {at}, good for 14 days; give it to the other side and read to them over the telephone the fingerprint of this node's signing key:\n{fingerprint}"
        ),
    );
    Output::new(output).result(&object, &sentence)?;
    Ok(Exit::Done)
}

/// The template of an agreement: one that ships with the program, by its name, or a file; the
/// default if neither is named. A file of such a name is told from it by its directory, `./trial`.
pub(in crate::cli) fn template(named: Option<&Path>) -> Result<String, Failure> {
    let Some(path) = named else {
        return Ok(agreement::DEFAULT.to_owned());
    };
    let mut shipped = agreement::TEMPLATES.into_iter();
    if let Some((_, text)) = shipped.find(|(name, _)| path.as_os_str() == *name) {
        return Ok(text.to_owned());
    }
    let bytes = files::read_public(path).map_err(missing)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The time, as pairings count it.
pub(super) fn now(home: &Home) -> Result<Timestamp, Failure> {
    Timestamp::from_millisecond(home.clock.now_ms()).map_err(|_| {
        Failure::refused(both(
            "系统时钟不可用，请校准。",
            "the clock of this machine is beyond any calendar; set it",
        ))
    })
}

/// A file of the command line that is not there is a fault of usage.
pub(in crate::cli) fn missing(error: FileError) -> Failure {
    match error {
        FileError::Missing { .. } => Failure::from(error).into_usage(),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_one_of_the_program_or_a_file() {
        let read = |named: Option<&str>| template(named.map(Path::new)).ok();
        for (name, text) in agreement::TEMPLATES {
            assert_eq!(read(Some(name)).as_deref(), Some(text), "{name}");
        }
        assert_eq!(read(None).as_deref(), Some(agreement::DEFAULT));
        assert_eq!(read(Some("./trial")), None, "no such file");
        let own = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(own.path(), "version = 1").unwrap();
        assert_eq!(read(own.path().to_str()).as_deref(), Some("version = 1"));
    }
}
