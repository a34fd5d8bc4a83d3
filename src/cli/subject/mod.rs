//! `hongyan subject`: what is held of one person, for her.

mod gathered;
mod number;
mod object;
mod report;
mod table;

use clap::Subcommand;

use super::exit::{Exit, Failure};

/// What to tell a person.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 告知本人：持有的内容、依据、提供给了谁、谁查看过。 Everything that is held of her, why, and who got it
    #[command(after_help = "\
身份证号从终端读入（不显示）、从标准输入的第一行读入，或由 --number-file 指定的文件读入；不写在命令行上。\
查询及事由记入审计，不含号码；每个办公室每分钟至多10次。--out 写成可打印的网页，只有本人可以交付。
The number is asked for on the terminal without being shown, or read from the first line of standard \
input or of --number-file; it never stands on the command line. That it was asked, and why, is on \
record, without the number; ten times a minute at most for each office. --out writes a page to print; \
hand it to nobody but her.\n
示例 Examples:\n  hongyan subject report --node ./jinjiang --purpose 本人到窗口查询 --out 告知书.html\n  \
hongyan subject report --node ./jinjiang --purpose \"asked at the desk\" --number-file number.txt --format json")]
    Report(report::Arguments),
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Report(arguments) => report::run(arguments),
    }
}
