//! `hongyan index`: the index by hand.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    by_hand,
    exit::{Exit, Failure},
    home::{Home, NodeArguments},
    language::both,
    output::{Output, OutputArguments},
    store_by_hand,
};
use crate::domain::audit::Act;

/// What to do with the index.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 由日志重建索引；须先停止节点，并需要主密钥。 Build it anew from the journal; stop the node first; needs the master key
    #[command(after_help = "示例 Example:\n  hongyan index rebuild --node ./jinjiang")]
    Rebuild(Arguments),
}

/// Arguments of `index rebuild`.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    node: NodeArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    let Command::Rebuild(Arguments { node, output }) = command;
    let home = Home::open(&node)?;
    home.must_not_run()?;
    store_by_hand::rebuild_index(&home)?;
    by_hand::leave(&home, Act::IndexRebuilt, Vec::new())?;
    let sentence = both("索引已重建。", "the index is built anew");
    Output::new(output).result(&json!({"rebuilt": true}), &sentence)?;
    Ok(Exit::Done)
}
