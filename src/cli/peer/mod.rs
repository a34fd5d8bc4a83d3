//! `hongyan peer`: the nodes that this one is paired with.

mod accept;
mod invite;
mod join;
mod list;
mod party;
mod probe;
mod screen;

use clap::Subcommand;

pub(in crate::cli) use self::{
    invite::{missing, template},
    probe::{agreement_object, agrees, is_well, words},
};
use super::exit::{Exit, Failure};

/// What to do with peers.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 出具邀请文件。 Write an invitation
    #[command(
        after_help = "示例 Example:\n  hongyan peer invite --node ./jinjiang --for 530111 --out invitation.txt"
    )]
    Invite(invite::Arguments),
    /// 接受邀请，或收下对方的答复。 Accept an invitation, or take the answer to one's own
    #[command(
        after_help = "示例 Examples:\n  hongyan peer accept --node ./guandu invitation.txt --answer answer.txt\n  hongyan peer accept --node ./jinjiang answer.txt"
    )]
    Accept(accept::Arguments),
    /// 让本节点的两个区县互通。 Let two home areas of this node exchange with each other
    #[command(after_help = "示例 Example:\n  hongyan peer join --node ./quanzhou 350582 350583")]
    Join(join::Arguments),
    /// 列出对方节点。 List the paired nodes
    #[command(after_help = "示例 Example:\n  hongyan peer list --node ./jinjiang")]
    List(list::Arguments),
    /// 探测对方节点：时钟、协议、通道是否一致。 Ask how the two stand to each other
    #[command(after_help = "示例 Example:\n  hongyan peer probe --node ./jinjiang 530111")]
    Probe(probe::Arguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Invite(arguments) => invite::run(arguments),
        Command::Accept(arguments) => accept::run(arguments),
        Command::Join(arguments) => join::run(arguments),
        Command::List(arguments) => list::run(arguments),
        Command::Probe(arguments) => probe::run(arguments),
    }
}
