//! The memory of a process that may hold keys, and people.

use rustix::{
    process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit},
    thread::disable_transparent_huge_pages,
};

use super::{exit::Failure, language::both};

/// Sees to it that no dump of this process is ever written, and that no other process of its user
/// looks into it.
pub(super) fn keep_private() -> Result<(), Failure> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)
        // A dump that is piped to a program heeds no limit.
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(|error| {
            Failure::refused(both(
                format!("系统不允许关闭内存转储：{error}"),
                format!("the system does not let this process forbid dumps of its memory: {error}"),
            ))
        })
}

/// Sees to it that the system gives this process pages of the ordinary size. The allocator asks for huge
/// ones, and each stays whole for the smallest piece that is in use of it: a node took more than half as
/// much memory again, and ever more of it over the minutes in which the system makes small pages into
/// huge ones. Where this cannot be said, there is nothing worse to it than that.
pub(super) fn keep_small() {
    disable_transparent_huge_pages(true).unwrap_or_default();
}
