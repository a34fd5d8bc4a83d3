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
            let (segments, records) = (report.segments, report.records);
            let sentence = both(
                format!("日志完好：{segments}段，{records}条。"),
                format!("the journal is whole: {segments} segments, {records} records"),
            );
            let object = json!({
                "whole": true,
                "segments": segments,
                "groups": report.groups,
                "records": records,
                "bytes": report.bytes,
                "torn_bytes": report.torn_bytes,
                "end": report.end.get(),
                "index": report.index.map(|position| position.get()),
            });
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
            let report = store_by_hand::accept_loss(&home.dir.data())?;
            let lost: u64 = report
                .channels
                .iter()
                .map(|lost| lost.last.since(lost.first).saturating_add(1))
                .sum();
            let sentence = both(
                format!("已承认丢失{lost}条。启动后请执行 hongyan channel list 查看各通道。"),
                format!("{lost} places given up; after the start look at hongyan channel list"),
            );
            let channels: Vec<_> = report
                .channels
                .iter()
                .map(|lost| {
                    json!({
                        "from_area": lost.channel.from.as_str(),
                        "to_area": lost.channel.to.as_str(),
                        "first": lost.first.get(),
                        "last": lost.last.get(),
                    })
                })
                .collect();
            let object = json!({
                "places_lost": lost,
                "channels": channels,
                "end": report.end.get(),
                "kept_at": report.kept_at,
            });
            Output::new(output).result(&object, &sentence)?;
        }
    }
    Ok(Exit::Done)
}
