//! `hongyan journal`: the journal by hand.

use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    by_hand,
    confirm::{confirmed, declined},
    exit::{Exit, Failure},
    home::{Home, NodeArguments},
    language::both,
    output::{Output, OutputArguments},
    store_by_hand,
};
use crate::{
    domain::{area::County, audit::Act, journal::JournalHead, problem::Sentence},
    evidence::{self, Claim},
    store::HeadCompared,
};

/// What to do with the journal.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 通读日志，核对校验和与链，并打开封存的内容；须先停止节点，并需要主密钥。 Check sums and chains, and open what is sealed; stop the node first; needs the master key
    #[command(after_help = "示例 Example:\n  hongyan journal check --node ./jinjiang")]
    Check(Check),
    /// 承认日志丢失的部分，继续运行；须先停止节点，并需要主密钥。 Go on without what the journal has lost; needs the master key
    #[command(after_help = "示例 Example:\n  hongyan journal accept-loss --node ./jinjiang")]
    AcceptLoss(AcceptLoss),
}

/// Arguments of `journal check`.
#[derive(Args)]
pub(super) struct Check {
    #[command(flatten)]
    node: NodeArguments,
    /// 与证据文件中本节点签署的链头核对，可重复。 Compare with what this node signed in evidence that others hold; may repeat
    #[arg(long, value_name = "FILE")]
    evidence: Vec<PathBuf>,
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
        Command::Check(Check {
            node,
            evidence,
            output,
        }) => {
            let home = Home::open(&node)?;
            home.must_not_run()?;
            let report = store_by_hand::check(&home)?;
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
                "key_blocks": report.key_blocks,
                "bytes": report.bytes,
                "torn_bytes": report.torn_bytes,
                "end": report.end.get(),
                "index": report.index.map(|position| position.get()),
            });
            let output = Output::new(output);
            output.result(&object, &sentence)?;
            return compared(&home, &evidence, output);
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
            let (report, laid) = store_by_hand::accept_loss(&home)?;
            by_hand::leave(&home, Act::LossAccepted, Vec::new())?;
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
            laid?;
        }
    }
    Ok(Exit::Done)
}

/// Compares the journal with what this node signed in files of evidence, file by file.
fn compared(home: &Home, files: &[PathBuf], output: Output) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for path in files {
        let name = path.display();
        let unread = |zh: String, en: String| {
            Failure::refused(both(format!("{name}：{zh}"), format!("{name}: {en}")))
        };
        let bytes = fs::read(path).map_err(|error| unread(error.to_string(), error.to_string()))?;
        let verdict = evidence::verify(&bytes, &[]).map_err(|error| {
            let Sentence { zh, en } = error.sentence();
            unread(zh, en)
        })?;
        let signed: Vec<(County, JournalHead)> = verdict
            .proven
            .iter()
            .filter_map(|claim| match claim {
                Claim::Journal {
                    node,
                    home: area,
                    journal,
                } if *node == home.config.id => Some((*area, *journal)),
                _ => None,
            })
            .collect();
        let found = store_by_hand::compare_heads(home, &signed)?;
        for ((area, head), found) in signed.iter().zip(found) {
            let position = head.position;
            let (same, sentence) = match found {
                HeadCompared::Same => (
                    true,
                    both(
                        format!("{name}：日志到位置 {position} 与当时签署的相同。"),
                        format!(
                            "{name}: up to position {position} the journal is the one that was signed"
                        ),
                    ),
                ),
                HeadCompared::Differs => {
                    exit = Exit::Refused;
                    (
                        false,
                        both(
                            format!(
                                "{name}：日志到位置 {position} 与当时签署的不同：被改写、截短，或由旧备份恢复。"
                            ),
                            format!(
                                "{name}: up to position {position} the journal is not the one that was signed: it was rewritten, cut, or put back from an old copy"
                            ),
                        ),
                    )
                }
            };
            let object = json!({
                "evidence": name.to_string(),
                "home_area": area.as_str(),
                "position": position,
                "same": same,
            });
            output.result(&object, &sentence)?;
        }
    }
    Ok(exit)
}
