//! The store by hand, while no node runs: the store's faults as failures of a command. What opens the
//! store needs the master key.

use super::{exit::Failure, home::Home, language::both};
use crate::{
    domain::{area::County, journal::JournalHead},
    node::lay_heads_aside,
    store::{
        self, CheckReport, ErasuresError, HeadCompared, LossReport, OpenError, VaultError, erasures,
    },
    trust::master_key::MasterKeys,
};

/// Looks through the whole journal.
pub(super) fn check(home: &Home) -> Result<CheckReport, Failure> {
    own_erasures(home)?;
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
    own_erasures(home)?;
    let (at_ms, masters) = (home.clock.now_ms(), home.master_keys()?);
    let data = home.dir.data();
    let mut report = store::accept_loss(&data, at_ms, masters).map_err(failed)?;
    let kept = report.kept_at.take();
    let kept_at = kept
        .clone()
        .unwrap_or_else(|| data.join(format!("lost-{at_ms}")));
    let laid = lay_heads_aside(&home.dir, &kept_at).map_err(|error| {
        Failure::refused(both(
            format!("丢失部分已承认，但其链头的签名未能移开：{error}。请处理后再执行一次。"),
            format!(
                "the loss is accepted, but what was signed of it could not be laid aside: {error}; mend that and run it again"
            ),
        ))
    })?;
    report.kept_at = kept.or_else(|| laid.then_some(kept_at));
    Ok(report)
}

/// Builds the index anew from the journal.
pub(super) fn rebuild_index(home: &Home) -> Result<(), Failure> {
    own_erasures(home)?;
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

/// What opens the store destroys the keys that the list names.
fn own_erasures(home: &Home) -> Result<(), Failure> {
    let own = erasures::must_be_of(&home.dir.data(), &home.config.areas);
    own.map_err(|error| erasures_failed(&error))
}

fn failed(error: OpenError) -> Failure {
    match &error {
        OpenError::Vault(error) => vault_failed(error),
        OpenError::Erasures(error) => erasures_failed(error),
        OpenError::Disk { .. }
        | OpenError::InUse(_)
        | OpenError::Index(_)
        | OpenError::Journal(_) => {
            Failure::refused(both(format!("日志无法使用：{error}"), error.to_string()))
        }
    }
}

/// What a command says of a list of erasures that cannot be used.
pub(super) fn erasures_failed(error: &ErasuresError) -> Failure {
    let zh = match error {
        ErasuresError::AnotherNode { path, line } => format!(
            "{} 第{line}行：这是其他节点的删除清单，该行所属的区县不是本节点的；请使用本节点最新的完整清单（data/erasures）。",
            path.display()
        ),
        ErasuresError::Damaged { path, line } => format!(
            "{} 第{line}行：不是删除清单的内容，或被改动，或此前有行被删去；请换用本节点 data/erasures 最新的完整副本：清单上的人已要求删除，其信息不得重新出现。",
            path.display()
        ),
        ErasuresError::Disk { path, source } => format!(
            "{}：{source}；请检查磁盘是否挂载、有空间、本用户可写。",
            path.display()
        ),
        ErasuresError::Unended { path, line } => format!(
            "{} 第{line}行没有行尾：清单不完整，或不是删除清单；请使用本节点 data/erasures 最新的完整副本。",
            path.display()
        ),
    };
    Failure::refused(both(zh, error.to_string()))
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
