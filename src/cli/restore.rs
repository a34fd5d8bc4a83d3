//! `hongyan restore`: a node from a backup.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{
    backup::master_key,
    by_hand,
    confirm::{confirmed, declined},
    exit::{Exit, Failure},
    home::{Home, NodeArguments},
    language::both,
    moment::{rfc3339, short},
    output::{Output, OutputArguments},
};
use crate::{
    backup::{self, NewestErasures, Restoring},
    clock::Clock,
    domain::{audit::Act, problem::Sentence},
    trust::master_key::MasterKeySource,
};

/// Arguments of `restore`.
#[derive(Args)]
#[command(
    after_help = "示例 Example:\n  hongyan restore --from /backup/350582-20261123-150405123 --node ./jinjiang --erasures ./erasures"
)]
pub(super) struct Arguments {
    /// 备份的目录。 The directory of the backup
    #[arg(long, value_name = "BACKUP")]
    from: PathBuf,
    #[command(flatten)]
    node: NodeArguments,
    /// 最新的删除清单：原节点的 data/erasures，另行保管的一份。 The newest list of erasures, kept elsewhere
    #[arg(long, value_name = "FILE")]
    erasures: Option<PathBuf>,
    /// 不再询问。 Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        from,
        node,
        erasures,
        yes,
        output,
    } = arguments;
    let output = Output::new(output);
    let checked = backup::check(&from)?;
    let about = checked.about();
    let made = short(about.made_ms);
    output.say(&both(
        format!("备份完好：节点 {}，{made} 备份。", about.node),
        format!("the backup is whole: node {}, of {made}", about.node),
    ))?;
    let newest = NewestErasures::of(&checked, erasures.as_deref())?;
    let has_kept = newest.is_kept();
    if !has_kept {
        let (zh, en) = match &erasures {
            None => (
                "没有给出最新的删除清单（--erasures）".to_owned(),
                "no newest list of erasures is given (--erasures)".to_owned(),
            ),
            Some(path) => (
                format!("所给的删除清单 {} 是空的", path.display()),
                format!("the list of erasures {} is empty", path.display()),
            ),
        };
        output.say(&both(
            format!("{zh}：{made} 之后要求删除的妇女，其信息会重新出现。"),
            format!("{en}: women who were erased after {made} come back"),
        ))?;
        let question = both("确认不用清单恢复？", "Restore without it?");
        if !confirmed(&question, yes)? {
            return Err(declined());
        }
    }
    let clock = Clock::system();
    let building = backup::restore(&Restoring {
        from: &checked,
        node: &node.node,
        erasures: newest,
        now_ms: clock.now_ms(),
    })?;
    let beside = Home {
        dir: building.dir().clone(),
        config: checked.config.clone(),
        clock,
    };
    by_hand::leave(&beside, Act::Restored, Vec::new())?;
    building.finish()?;
    let shown = node.node.display();
    let object = json!({
        "node": about.node,
        "directory": node.node,
        "backup": from,
        "made_at": rfc3339(about.made_ms),
        "erasures": erasures.filter(|_| has_kept),
        "master_keys": about.master_keys,
    });
    let sentence = both(
        format!("已恢复到 {shown}，数据截至 {made}。"),
        format!("restored to {shown}, as it was at {made}"),
    );
    output.result(&object, &sentence)?;
    output.say(&key_to_give(&checked.config.master_key, &about.master_keys))?;
    output.say(&both(
        "原节点须已停止，且不得再启动。启动后，节点自行向各对方询问被退回多少：见 hongyan doctor 和 hongyan channel list，核实后逐一执行 hongyan channel adopt。",
        "the node that it is a copy of must be down, and stay so. Once started, the node asks its peers by itself how far it was set back: see hongyan doctor and hongyan channel list, then run hongyan channel adopt for each",
    ))?;
    Ok(Exit::Done)
}

/// What the operator has to put in place before the start.
fn key_to_give(source: &MasterKeySource, ids: &[String]) -> Sentence {
    let Sentence { zh, en } = master_key(ids);
    match source {
        MasterKeySource::File(path) => {
            let path = path.display();
            both(
                format!("下一步：把{zh}放到 {path}，权限 0600；没有它节点不会启动。"),
                format!(
                    "next: put {en} into {path}, mode 0600; without it the node does not start"
                ),
            )
        }
        MasterKeySource::Command(_)
        | MasterKeySource::Credential(_)
        | MasterKeySource::Environment(_) => both(
            format!("下一步：由 {source} 提供{zh}；没有它节点不会启动。"),
            format!("next: have {source} give {en}; without it the node does not start"),
        ),
    }
}
