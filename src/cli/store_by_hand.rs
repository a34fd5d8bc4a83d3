//! The store by hand, while no node runs: the store's faults as failures of a command. What opens the
//! store needs the master key.

use super::{exit::Failure, home::Home, language::both};
use crate::{
    domain::{area::County, journal::JournalHead},
    store::{self, CheckReport, HeadCompared, LossReport, OpenError, VaultError},
    trust::master_key::MasterKeys,
};

/// Looks through the whole journal.
pub(super) fn check(home: &Home) -> Result<CheckReport, Failure> {
    store::check(&home.dir.data(), home.master_keys()?).map_err(failed)
}

/// Compares the journal with heads that were signed of it.
pub(super) fn compare_heads(
    home: &Home,
    signed: &[(County, JournalHead)],
) -> Result<Vec<HeadCompared>, Failure> {
    store::compare_heads(&home.dir.data(), signed).map_err(failed)
}

/// Goes on without what the journal has lost.
pub(super) fn accept_loss(home: &Home) -> Result<LossReport, Failure> {
    let (at_ms, masters) = (home.clock.now_ms(), home.master_keys()?);
    store::accept_loss(&home.dir.data(), at_ms, masters).map_err(failed)
}

/// Builds the index anew from the journal.
pub(super) fn rebuild_index(home: &Home) -> Result<(), Failure> {
    let rebuilt = store::rebuild_index(&home.dir.data(), home.master_keys()?);
    rebuilt.map(drop).map_err(failed)
}

/// Wraps everything by the first of these keys.
pub(super) fn wrap_by(home: &Home, masters: &MasterKeys) -> Result<(), Failure> {
    let wrapped = store::wrap_by(&home.dir.data(), masters.clone());
    wrapped.map(drop).map_err(failed)
}

/// How many blocks of keys the first of these keys does not wrap yet. The node may run.
pub(super) fn not_wrapped_by(home: &Home, masters: &MasterKeys) -> Result<u64, Failure> {
    let left = store::blocks_not_wrapped_by(&home.dir.data(), masters);
    left.map_err(|error| vault_failed(&error))
}

fn failed(error: OpenError) -> Failure {
    match &error {
        OpenError::Vault(error) => vault_failed(error),
        OpenError::Erasures(error) => Failure::refused(both(
            format!("删除清单无法使用：{error}"),
            error.to_string(),
        )),
        OpenError::Disk { .. }
        | OpenError::InUse(_)
        | OpenError::Index(_)
        | OpenError::Journal(_) => {
            Failure::refused(both(format!("日志无法使用：{error}"), error.to_string()))
        }
    }
}

/// What a command says of keys that cannot be had.
pub(super) fn vault_failed(error: &VaultError) -> Failure {
    let zh = match error {
        VaultError::Damaged { path } => format!(
            "密钥文件 {} 已损坏，请从备份恢复这一个文件；没有它，用其中密钥封存的内容无法打开。",
            path.display()
        ),
        VaultError::Differs { path } => format!(
            "密钥文件 {} 打不开日志中用它封存的内容：两者不是同一份备份，或其中之一被改动；请从同一份备份恢复。",
            path.display()
        ),
        VaultError::Missing { path } => format!(
            "找不到密钥 {}，请从备份恢复；没有它，封存的内容无法打开。",
            path.display()
        ),
        VaultError::WrongKey {
            path,
            wrapped_by,
            given,
        } => format!(
            "主密钥不对：{} 由主密钥 {wrapped_by} 加密，所给的是 {given}；请换回原来的主密钥（node.toml 的 [master_key]）。",
            path.display()
        ),
        VaultError::Disk { .. } | VaultError::NoRandomness(_) => {
            format!("密钥库无法使用：{error}")
        }
    };
    Failure::refused(both(zh, error.to_string()))
}
