//! `hongyan agreement`: on what terms notices travel, and what this side says of them.

mod accept;
mod change;
mod diff;
mod export;
mod list;
mod named;
mod propose;
mod show;
mod told;

use clap::Subcommand;

use super::exit::{Exit, Failure};

/// What to see or say of agreements.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 向已配对的节点提出新协议。 Propose an agreement to a paired node
    #[command(
        after_help = "示例 Example:\n  hongyan agreement propose --node ./jinjiang regional --to 530111"
    )]
    Propose(propose::Propose),
    /// 提出现有协议的下一版。 Propose the next version of an agreement
    #[command(
        after_help = "示例 Example:\n  hongyan agreement amend --node ./jinjiang 350582-530111 new.toml"
    )]
    Amend(propose::Amend),
    /// 接受对方提出的版本：显示条款与现行版的差异，并询问。 Accept what the other side proposed
    #[command(
        after_help = "示例 Example:\n  hongyan agreement accept --node ./guandu 350582-530111/2"
    )]
    Accept(accept::Arguments),
    /// 暂停协议或其中一种通报：排队的通报等待恢复。 Suspend it, or one kind: what is queued waits
    #[command(
        after_help = "示例 Example:\n  hongyan agreement suspend --node ./jinjiang 350582-530111 --kind departure --direction out --reason 系统升级"
    )]
    Suspend(change::Suspend),
    /// 恢复本方暂停的协议，等待的通报随即发出。 Resume what this side suspended
    #[command(
        after_help = "示例 Example:\n  hongyan agreement resume --node ./jinjiang 350582-530111"
    )]
    Resume(change::Resume),
    /// 自某日起终止协议，或撤回本方的提议。 End it from a day on, or take a proposal back
    #[command(
        after_help = "示例 Example:\n  hongyan agreement end --node ./jinjiang 350582-530111 --on 2026-12-31 --reason 协议调整"
    )]
    End(change::End),
    /// 列出协议、状态和剩余天数。 List them, how they stand and for how long
    #[command(after_help = "示例 Example:\n  hongyan agreement list --node ./jinjiang")]
    List(list::Arguments),
    /// 用通俗文字说明一份协议。 Show one in plain words
    #[command(
        after_help = "示例 Examples:\n  hongyan agreement show --node ./jinjiang 350582-530111\n  hongyan agreement show --node ./jinjiang 350582-530111/1"
    )]
    Show(show::Arguments),
    /// 与对方逐项比较所持协议。 Compare with what a peer holds, field by field
    #[command(after_help = "示例 Example:\n  hongyan agreement diff --node ./jinjiang 530111")]
    Diff(diff::Arguments),
    /// 导出一份协议和核对所需的内容。 Write one to a file, with what proves it
    #[command(
        after_help = "示例 Example:\n  hongyan agreement export --node ./jinjiang 350582-530111 --out agreement.toml"
    )]
    Export(export::Arguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Propose(arguments) => propose::propose(arguments),
        Command::Amend(arguments) => propose::amend(arguments),
        Command::Accept(arguments) => accept::run(arguments),
        Command::Suspend(arguments) => change::suspend(arguments),
        Command::Resume(arguments) => change::resume(arguments),
        Command::End(arguments) => change::end(arguments),
        Command::List(arguments) => list::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Export(arguments) => export::run(arguments),
    }
}
