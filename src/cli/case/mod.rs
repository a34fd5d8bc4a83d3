//! `hongyan case`: what a desk has to do, and what it does.

mod answer;
mod chosen;
mod close;
mod counts;
mod erase;
mod forward;
mod hold;
mod list;
pub(super) mod lists;
mod note;
pub(super) mod object;
mod part;
mod pass_on;
mod sheet;
mod show;
pub(super) mod words;
mod work;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use crate::{domain::problem::Text, office::client::CaseAct};

/// What to do with cases.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 待办清单：各有多少件，或列出一份，或导出表格。 The lists of work: how many, one of them, or as a sheet
    #[command(
        after_help = "示例 Examples:\n  hongyan case list --node ./guandu\n  hongyan case list --node ./guandu --list to-take-up\n  hongyan case list --node ./guandu --list to-answer --out 待反馈.xlsx"
    )]
    List(list::Arguments),
    /// 查看一件个案：现状、期限、经过、内容。 Show one: where it stands, what is owed, its history
    #[command(
        after_help = "示例 Example:\n  hongyan case show --node ./guandu 01010101-0101-8101-8000-000000000002"
    )]
    Show(show::Arguments),
    /// 接收：本科室负责办理，并告知对方。 Take up; the other side is told
    #[command(
        after_help = "示例 Examples:\n  hongyan case take --node ./guandu 01010101-0101-8101-8000-000000000002\n  hongyan case take --node ./guandu --list to-take-up --area 530111001"
    )]
    Take(work::WorkArguments),
    /// 接收并着手核实。 Take up, and look for her
    #[command(
        after_help = "示例 Example:\n  hongyan case verify --node ./guandu 01010101-0101-8101-8000-000000000002"
    )]
    Verify(work::WorkArguments),
    /// 转给本区县的乡镇街道或村居办理。 Hand on to a township or village of the county
    #[command(
        after_help = "示例 Example:\n  hongyan case forward --node ./guandu --to 530111001 01010101-0101-8101-8000-000000000002"
    )]
    Forward(forward::Arguments),
    /// 记一笔，只供本方查看。 Write something down for one's own side
    #[command(
        after_help = "示例 Example:\n  hongyan case note --node ./guandu --text 已电话联系，明日上门 01010101-0101-8101-8000-000000000002"
    )]
    Note(note::Arguments),
    /// 向她再流往的区县发流出通报；内容先用 show 查看。 Tell the county that she moved on to; `show` shows with what
    #[command(
        after_help = "示例 Examples:\n  hongyan case pass-on --node ./jinjiang 01010101-0101-8101-8000-000000000002\n  hongyan case pass-on --node ./jinjiang --told 01010101-0101-8101-8000-000000000002"
    )]
    PassOn(pass_on::Arguments),
    /// 疑似同一人的，经核对并非同一人。 A near match was looked at, and is another woman
    #[command(
        after_help = "示例 Example:\n  hongyan case part --node ./guandu --other 01010101-0101-8101-8000-000000000007 01010101-0101-8101-8000-000000000002"
    )]
    Part(part::Arguments),
    /// 反馈：答复所有待反馈的通报。 Answer whatever is owed
    #[command(
        after_help = "示例 Examples:\n  hongyan case answer --node ./guandu --outcome confirmed 01010101-0101-8101-8000-000000000002\n  hongyan case answer --node ./guandu --outcome moved_on --moved-to 350583104 01010101-0101-8101-8000-000000000002"
    )]
    Answer(answer::Arguments),
    /// 结案，并告知对方。 End it; the other side is told
    #[command(
        after_help = "示例 Example:\n  hongyan case close --node ./jinjiang --reason returned 01010101-0101-8101-8000-000000000002"
    )]
    Close(close::Arguments),
    /// 永久删除其内容，并要求对方节点一并删除。 Destroy what it says, here and wherever it was sent
    #[command(
        after_help = "示例 Example:\n  hongyan case erase --node ./jinjiang 01010101-0101-8101-8000-000000000002"
    )]
    Erase(erase::Arguments),
    /// 依法留存：到期不清除，也不能删除。 Keep for a legal reason: neither purged nor erased
    #[command(
        after_help = "示例 Example:\n  hongyan case hold --node ./jinjiang --reason 诉讼期间留存 01010101-0101-8101-8000-000000000002"
    )]
    Hold(hold::Arguments),
    /// 解除留存。 That reason is gone
    #[command(
        after_help = "示例 Example:\n  hongyan case release --node ./jinjiang 01010101-0101-8101-8000-000000000002"
    )]
    Release(work::WorkArguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(arguments) => list::run(arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::Take(arguments) => {
            let doing = Text {
                zh: "接收",
                en: "take up",
            };
            work::run(arguments, doing, |_| Ok(CaseAct::Take))
        }
        Command::Verify(arguments) => {
            let doing = Text {
                zh: "接收并着手核实",
                en: "take up and look into",
            };
            work::run(arguments, doing, |_| Ok(CaseAct::Verify))
        }
        Command::Forward(arguments) => forward::run(arguments),
        Command::Note(arguments) => note::run(arguments),
        Command::PassOn(arguments) => pass_on::run(arguments),
        Command::Part(arguments) => part::run(arguments),
        Command::Answer(arguments) => answer::run(arguments),
        Command::Close(arguments) => close::run(arguments),
        Command::Erase(arguments) => erase::run(arguments),
        Command::Hold(arguments) => hold::run(arguments),
        Command::Release(arguments) => {
            let doing = Text {
                zh: "解除留存",
                en: "release",
            };
            work::run(arguments, doing, |_| Ok(CaseAct::Release))
        }
    }
}
