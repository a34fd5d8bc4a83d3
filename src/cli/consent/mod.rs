//! `hongyan consent`: what women agreed to, registered and withdrawn.

mod list;
mod record;
mod shown;
mod withdraw;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    exit::{Exit, Failure},
    language::both,
    unseen,
};
use crate::domain::{consent::reference, problem::Text};

/// What to do with consents.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 登记一份同意书：编号、日期、范围、文本版本、方式。 Register one: reference, date, scope, version of the text, how
    #[command(after_help = "\
编号即台账中“同意书编号”一栏所写，可能涉及个人，故从终端、标准输入的第一行或 --reference-file 读入，不写在命令行上。\
未登记的编号仍照旧可用；已登记的，只放行其范围以内的敏感信息。
The reference is the one that rows name; as it may name a person it is asked for, or read from the first \
line of standard input or of --reference-file. A reference that is not registered passes as before; one \
that is lets through what lies within its scope, and nothing else that is sensitive.\n
示例 Example:\n  hongyan consent record --node ./jinjiang --date 2026-10-01 --scope next_check_on --scope provider \
--text-version 2026-1 --how paper")]
    Record(record::Arguments),
    /// 撤回：即刻停止发送其下的敏感信息。 Withdraw: at once nothing sensitive is sent under it
    #[command(after_help = "\
等待发送和等待协议的通报随即以“已撤回”结束，空位照常送达对方；已发出、对方尚未答复的可能已经到达，另行计数。\
对方已收存的不受影响，须另发撤回或删除。
What waits, also for an agreement, ends as withdrawn, and its place goes out empty. What was under way \
may have arrived and is counted. What the other side has stays: take it back by a withdrawal or erasure.\n
示例 Example:\n  hongyan consent withdraw --node ./jinjiang --on 2026-11-02")]
    Withdraw(withdraw::Arguments),
    /// 列出已登记的同意书。 List those that are registered
    List(list::List),
    /// 查看一份。 Show one
    Show(list::Show),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Record(arguments) => record::run(arguments),
        Command::Withdraw(arguments) => withdraw::run(&arguments),
        Command::List(arguments) => list::list(&arguments),
        Command::Show(arguments) => list::show(&arguments),
    }
}

/// Where the reference of a consent is read.
#[derive(Args)]
struct ReferenceArguments {
    /// 编号写在该文件的第一行。 The reference is the first line of that file
    #[arg(long, value_name = "FILE")]
    reference_file: Option<PathBuf>,
}

impl ReferenceArguments {
    /// Reads it.
    ///
    /// # Errors
    /// A fault of usage if it can be none.
    fn read(&self) -> Result<String, Failure> {
        let asked = Text {
            zh: "同意书编号（不显示）：",
            en: "reference of the consent (not shown): ",
        };
        let line = unseen::line(self.reference_file.as_deref(), asked)?;
        reference(&line).map_err(|wrong| {
            let Text { zh, en } = wrong.1.text();
            Failure::usage(both(
                format!("同意书编号：{zh}"),
                format!("reference: {en}"),
            ))
        })
    }
}
