//! The memory of a process that may hold keys, and people.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

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
