//! `hongyan journal`: the journal by hand.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    confirm::{confirmed, declined},
    exit::{Exit, Failure},
    home::{Home, NodeArguments},
    language::both,
    output::{Output, OutputArguments},
    store_by_hand,
};

/// What to do with the journal.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 通读日志，核对校验和与链；须先停止节点。 Check sums and chains; stop the node first
    #[command(after_help = "示例 Example:\n  hongyan journal check --node ./jinjiang")]
    Check(Check),
    /// 承认日志丢失的部分，继续运行；须先停止节点。 Go on without what the journal has lost
    #[command(after_help = "示例 Example:\n  hongyan journal accept-loss --node ./jinjiang")]
    AcceptLoss(AcceptLoss),
}

/// Arguments of `journal check`.
#[derive(Args)]
pub(super) struct Check {
    #[command(flatten)]
    node: NodeArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `journal accept-loss`.
#[derive(Args)]
pub(super) struct AcceptLoss {
    #[command(flatten)]
    node: NodeArguments,
    /// 不再询问。 Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Check(Check { node, output }) => {
            let home = Home::open(&node)?;
            home.must_not_run()?;
            let report = store_by_hand::check(&home.dir.data())?;
            let (segments, entries) = (report.segments, report.entries);
            let sentence = both(
                format!("日志完好：{segments}段，{entries}条。"),
                format!("the journal is whole: {segments} segments, {entries} entries"),
            );
            let object = json!({"whole": true, "segments": segments, "entries": entries});
            Output::new(output).result(&object, &sentence)?;
        }
        Command::AcceptLoss(AcceptLoss { node, yes, output }) => {
            let home = Home::open(&node)?;
            home.must_not_run()?;
            let question = both(
                "丢失的通报本节点曾答复为已接受，对方可能已经收到。确认不再找回、继续运行？",
                "Notices that are lost were told to be accepted, and peers may hold them. Go on without them for good?",
            );
            if !confirmed(&question, yes)? {
                return Err(declined());
            }
            let groups = store_by_hand::accept_loss(&home.dir.data())?.groups;
            let sentence = both(
                format!("已承认丢失{groups}组。启动后请执行 hongyan channel list 查看各通道。"),
                format!("{groups} groups given up; after the start look at hongyan channel list"),
            );
            Output::new(output).result(&json!({"groups_lost": groups}), &sentence)?;
        }
    }
    Ok(Exit::Done)
}
