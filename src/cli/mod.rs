//! The command line: a file a command.
//!
//! With `--format json` standard output holds one object a line and nothing else; what is for
//! people goes to standard error. Whatever ends a command is an `exit::Exit` or a
//! `exit::Failure`, which knows its exit code and says in both languages what to do. Without a
//! terminal nothing waits for an answer.

mod agreement;
mod audit;
mod authority;
mod backup;
mod breach;
mod by_hand;
mod case;
mod certificate;
mod channel;
mod confirm;
mod consent;
mod demo;
mod doctor;
mod erasure;
mod evidence;
mod exit;
#[cfg(test)]
mod fake_node;
mod faults;
mod home;
mod index;
mod init;
mod journal;
mod key;
mod language;
mod link;
mod memory;
mod misread;
mod moment;
mod new_file;
mod notice;
mod office;
mod output;
mod peer;
mod publish;
mod report;
mod restore;
mod retention;
mod serve;
mod sheet_file;
mod stop;
mod store_by_hand;
mod subject;
mod subscribe;
mod told;
mod unseen;

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand};

use self::exit::{Exit, Failure};

/// 鸿雁：区县之间互通已婚育龄妇女流动信息的网关。 The gateway by which county offices tell each
/// other that a woman has moved.
#[derive(Parser)]
#[command(name = "hongyan", version, arg_required_else_help = true)]
#[command(after_help = "\
退出码 Exit codes: 0 完成 done; 1 有拒绝或失败 something was refused or failed; 2 用法 usage; \
3 无法连接节点 could not reach the node.\n
示例 Example:\n  hongyan init --area 350582 --dir ./jinjiang --authority ./ca --sandbox")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 协议：查看、比较、提出、接受、暂停、终止。 Agreements with other nodes
    #[command(subcommand)]
    Agreement(agreement::Command),
    /// 审计：列出、核验、导出。 What was done with the node, on record
    #[command(subcommand)]
    Audit(audit::Command),
    /// 试点证书机构：签发、吊销。 A pilot certificate authority
    #[command(subcommand)]
    Authority(authority::Command),
    /// 备份：可在节点运行时进行；核对备份。 A copy of the node, also while it runs
    Backup(backup::Arguments),
    /// 泄露核查：涉及哪些个案，不含个人信息。 Whose data a breach touched
    #[command(subcommand)]
    Breach(breach::Command),
    /// 婚育证明查验：询问、答复。 Ask whether a certificate holds, and answer
    #[command(subcommand)]
    Certificate(certificate::Command),
    /// 个案：待办清单、接收、核实、反馈、结案。 Cases and what a desk does about them
    #[command(subcommand)]
    Case(case::Command),
    /// 通道：列出，或由人工决定后对齐双方历史。 The channels
    #[command(subcommand)]
    Channel(channel::Command),
    /// 单独同意：登记、撤回、列出、查看。 Separate consents: register, withdraw, list, show
    #[command(subcommand)]
    Consent(consent::Command),
    /// 一键演示：五个测试节点互通。 Five sandbox nodes on this machine
    Demo(demo::Arguments),
    /// 体检：逐项检查并说明如何处理。 Check everything and say what to do
    Doctor(doctor::Arguments),
    /// 删除：已删除的个案及各接收方的办理情况。 What was erased, here and at each receiver
    #[command(subcommand)]
    Erasure(erasure::Command),
    /// 证据：导出、核验。 Evidence that convinces a third party
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// 索引（须先停止节点）。 The index, by hand
    #[command(subcommand)]
    Index(index::Command),
    /// 建立节点目录。 Make a node's directory
    Init(init::Arguments),
    /// 日志（须先停止节点）。 The journal, by hand
    #[command(subcommand)]
    Journal(journal::Command),
    /// 密钥：列出、更换签名密钥，更换主密钥。 The signing key and the master key
    #[command(subcommand)]
    Key(key::Command),
    /// 通报：列出、查看。 Notices and where they stand
    #[command(subcommand)]
    Notice(notice::Command),
    /// 本节点的办公室。 The offices of the node
    #[command(subcommand)]
    Office(office::Command),
    /// 对方节点：邀请、接受、列出、探测。 Paired nodes
    #[command(subcommand)]
    Peer(peer::Command),
    /// 发布台账或 JSON 行。 Publish ledgers or JSON lines
    Publish(publish::Arguments),
    /// 统计：指标、逾期、一方未建卡、月度通报、双方核对。 Figures, lists, the monthly bulletin
    #[command(subcommand)]
    Report(report::Command),
    /// 由备份恢复节点。 A node from a backup
    Restore(restore::Arguments),
    /// 保存期限：即将到期清除的个案。 What is purged next once its time is over
    #[command(subcommand)]
    Retention(retention::Command),
    /// 运行节点。 Run the node
    Serve(serve::Arguments),
    /// 本人查询：持有她哪些信息、为何、提供给了谁。 What is held of one person, why, and who got it
    #[command(subcommand)]
    Subject(subject::Command),
    /// 接收通报：逐条打印并确认。 Print each notice as it comes, then acknowledge it
    Subscribe(subscribe::Arguments),
}

/// Runs the command that the arguments name, the first of which is the program.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments,
        Err(error) => {
            if let Some(sentence) = misread::told(&error) {
                return Failure::usage(sentence).tell().into();
            }
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            // Help that nobody reads to its end is no failure.
            drop(error.print());
            return exit.into();
        }
    };
    memory::keep_small();
    match memory::keep_private().and_then(|()| run(arguments.command)) {
        Ok(exit) => exit.into(),
        Err(Failure { exit, sentence }) => {
            let sentence = sentence.map(|told| misread::without_numbers(told, &words));
            Failure { exit, sentence }.tell().into()
        }
    }
}

fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Agreement(command) => agreement::run(command),
        Command::Audit(command) => audit::run(command),
        Command::Authority(command) => authority::run(command),
        Command::Backup(arguments) => backup::run(arguments),
        Command::Breach(command) => breach::run(command),
        Command::Certificate(command) => certificate::run(command),
        Command::Case(command) => case::run(command),
        Command::Channel(command) => channel::run(command),
        Command::Consent(command) => consent::run(command),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Erasure(command) => erasure::run(command),
        Command::Evidence(command) => evidence::run(command),
        Command::Index(command) => index::run(command),
        Command::Init(arguments) => init::run(arguments),
        Command::Journal(command) => journal::run(command),
        Command::Key(command) => key::run(command),
        Command::Notice(command) => notice::run(command),
        Command::Office(command) => office::run(command),
        Command::Peer(command) => peer::run(command),
        Command::Publish(arguments) => publish::run(arguments),
        Command::Report(command) => report::run(command),
        Command::Restore(arguments) => restore::run(arguments),
        Command::Retention(command) => retention::run(command),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Subject(command) => subject::run(command),
        Command::Subscribe(arguments) => subscribe::run(arguments),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn usage_errors_exit_with_two_and_help_with_zero() {
        let run = |line: &str| {
            let words = line.split(' ').map(OsString::from);
            format!("{:?}", main(words))
        };
        let code = |exit: Exit| format!("{:?}", ExitCode::from(exit));
        for line in [
            "hongyan",
            "hongyan publsh",
            "hongyan publish --node n",
            "hongyan publish --node n f --kind feedback",
            "hongyan subscribe --node n --consumer c --limit 0",
            "hongyan subscribe --node n --consumer UPPER",
            "hongyan serve --node /nowhere/at/all",
            "hongyan init --area 999999 --dir /nowhere/at/all",
            "hongyan peer accept --node /nowhere/at/all f",
            "hongyan agreement accept --node n 350582-530111",
            "hongyan backup --node n --to b",
            "hongyan backup --node n --to b --keep-until tomorrow",
            "hongyan backup check",
            "hongyan restore --from b",
            "hongyan breach report --node n --from 2026-13-01",
            "hongyan breach report --node n --from 2026-10-02 --until 2026-10-01",
            "hongyan subject report --node n",
            "hongyan subject report --node n --purpose p --out report.pdf",
            "hongyan subject report --node n --purpose p 990101199203154027",
            "hongyan consent record --node n --date 2026-10-01 --scope care --text-version 1 --how loudly",
            "hongyan consent withdraw --node n c-1",
            "hongyan case take --node n",
            "hongyan case take --node n --list to-take-up 01010101-0101-8101-8000-000000000002",
            "hongyan case take --node n --peer 530111 01010101-0101-8101-8000-000000000002",
            "hongyan case list --node n --out list.xlsx",
            "hongyan case list --node n --list to-answer --out list.pdf",
            "hongyan report indicators --node n --month 2026-13",
            "hongyan report indicators --node n --month 2026-10 --from 2026-10-01",
            "hongyan report indicators --node n --until 2026-10-01",
            "hongyan report overdue --node n --side both",
            "hongyan report bulletin --node n",
            "hongyan report bulletin --node n --month 2026-10 --out 通报.pdf",
            "hongyan report compare --node n",
            "hongyan agreement end --node n 350582-530111 --on tomorrow --reason r",
        ] {
            assert_eq!(run(line), code(Exit::Usage), "{line}");
        }
        assert_eq!(run("hongyan publish --help"), code(Exit::Done));
        assert_eq!(run("hongyan --version"), code(Exit::Done));
    }
}
