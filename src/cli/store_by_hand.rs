//! The store by hand, while no node runs: the store's faults as failures of a command. What opens the
//! store needs the master key.

use super::{exit::Failure, home::Home, language::both};
use crate::{
    domain::{area::County, journal::JournalHead},
    node::lay_heads_aside,
    store::{
        self, CheckReport, ErasuresError, HeadCompared, JournalError, LossReport, OpenError,
        VaultError, erasures,
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

/// Goes on without what the journal has lost; and what came of laying aside what was signed of it, which
/// changes nothing of that.
pub(super) fn accept_loss(home: &Home) -> Result<(LossReport, Result<(), Failure>), Failure> {
    own_erasures(home)?;
    let (at_ms, masters) = (home.clock.now_ms(), home.master_keys()?);
    let data = home.dir.data();
    let mut report = store::accept_loss(&data, at_ms, masters).map_err(failed)?;
    let kept = report.kept_at.take();
    let kept_at = kept
        .clone()
        .unwrap_or_else(|| data.join(format!("lost-{at_ms}")));
    let laid = lay_heads_aside(&home.dir, &kept_at);
    report.kept_at = kept.or_else(|| matches!(laid, Ok(true)).then_some(kept_at));
    let laid = laid.map(drop).map_err(|error| {
        Failure::refused(both(
            format!("丢失部分已承认，但其链头的签名未能移开：{error}。请处理后再执行一次。"),
            format!(
                "the loss is accepted, but what was signed of it could not be laid aside: {error}; mend that and run it again"
            ),
        ))
    });
    Ok((report, laid))
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

/// What a command says of a store that cannot be opened.
pub(super) fn failed(error: OpenError) -> Failure {
    let zh = match &error {
        OpenError::Vault(error) => return vault_failed(error),
        OpenError::Erasures(error) => return erasures_failed(error),
        OpenError::Disk { path, source } => format!(
            "无法使用 {}：{source}；请检查磁盘是否挂载、有空间、本用户可写。",
            path.display()
        ),
        OpenError::Journal(error) => journal_zh(error),
        OpenError::InUse(path) => {
            format!("{} 正被另一进程使用：该处已有节点在运行。", path.display())
        }
        OpenError::Index(why) => format!("索引无法重建：{why}；请检查 data/index 所在的磁盘。"),
    };
    Failure::refused(both(zh, error.to_string()))
}

/// What a command says of a journal that cannot be used, as [`JournalError`] says it in English.
pub(super) fn journal_zh(error: &JournalError) -> String {
    match error {
        JournalError::Disk { path, source } => format!(
            "无法读取日志 {}：{source}；请检查磁盘是否挂载、本用户可读写。",
            path.display()
        ),
        JournalError::Damaged {
            segment,
            offset,
            what,
        } => format!(
            "日志已损坏：段 {segment}，偏移 {offset}（{what}）；请从备份恢复该文件，没有备份时执行 hongyan journal accept-loss，它在该处截断日志，并列出丢失的内容。"
        ),
        JournalError::Newer { segment, offset } => format!(
            "日志由较新的版本写成：段 {segment}，偏移 {offset}；并未损坏，请换回较新的版本，不要执行 hongyan journal accept-loss。"
        ),
        JournalError::Older { segment } => format!(
            "日志由较旧的版本写成，其内容未封存：段 {segment}；并未损坏，要用其中的内容请启动旧版本，本版本须新建节点。"
        ),
        JournalError::ArchiveMissing { archive } => format!(
            "找不到归档段 {}；请放回该文件，或挂载存放它的磁盘。",
            archive.display()
        ),
        JournalError::ArchiveDamaged { archive } => format!(
            "归档段 {} 与写入时不同；请换上该文件的副本。",
            archive.display()
        ),
        JournalError::Gap {
            segment,
            found,
            expected,
        } => format!(
            "日志有缺口：段 {segment} 始于 {found}，应始于 {expected}；请从备份取回缺少的文件（已归档的段取回 .head 文件），或执行 hongyan journal accept-loss。"
        ),
        JournalError::NoBeginning { segment, found } => format!(
            "日志缺少开头：现有最早的文件 {segment} 始于 {found}；请把其前的文件放回 data/journal（已归档的段放回 .head 文件），或由备份恢复节点；hongyan journal accept-loss 无法绕过。"
        ),
        JournalError::IndexAhead { index, journal } => format!(
            "索引到位置 {index}，日志只到 {journal}：已确认的内容丢失；请从备份恢复日志，或执行 hongyan journal accept-loss，不带丢失的内容继续。"
        ),
        JournalError::IndexDiffers { at } => format!(
            "索引与日志在位置 {at} 处不符：其中之一来自另一份副本；请从同一份备份恢复两者，或执行 hongyan journal accept-loss，以日志为准。"
        ),
    }
}

/// What a command says of a list of erasures that cannot be used.
pub(super) fn erasures_failed(error: &ErasuresError) -> Failure {
    let zh = match error {
        ErasuresError::AnotherNode(path) => format!(
            "{} 是其他节点的删除清单，其中没有一行属于本节点的区县；请使用本节点最新的完整清单（data/erasures）；若本节点曾有清单中的区县，请放回 node.toml 的 areas。",
            path.display()
        ),
        ErasuresError::Damaged { path, line } => format!(
            "{} 第{line}行：不是删除清单的内容，或被改动，或此前有行被删去；请换用本节点 data/erasures 最新的完整副本：清单上的人已经删除，其信息不得重新出现。",
            path.display()
        ),
        ErasuresError::Disk { path, source } => format!(
            "{}：{source}；请检查磁盘是否挂载、有空间、本用户可写。",
            path.display()
        ),
        ErasuresError::Unended { path, line } => format!(
            "{} 第{line}行没有行尾：清单不完整，或不是删除清单；请使用本节点 data/erasures 最新的完整副本；若它取自节点自己的磁盘，写到一半时断了电，请删去这未写完的一行。",
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
