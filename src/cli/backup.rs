//! `hongyan backup`: a copy of a node, and looking through one.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use super::{
    by_hand,
    exit::{Exit, Failure},
    home::{Home, NodeArguments},
    language::both,
    moment::{self, last_day, rfc3339, short},
    output::{Output, OutputArguments},
};
use crate::{
    backup::{self, About, Checked, Order},
    domain::{audit::Act, calendar, problem::Sentence},
};

/// Arguments of `backup`.
#[derive(Args)]
#[command(
    subcommand_negates_reqs = true,
    after_help = "示例 Example:\n  hongyan backup --node ./jinjiang --to /backup --keep-until 2026-12-31\n  hongyan backup check /backup/350582-20261123-150405123"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// 节点目录；节点可以正在运行。 The node's directory; the node may run
    #[arg(long, value_name = "DIR", env = "HONGYAN_NODE", required = true)]
    node: Option<PathBuf>,
    /// 备份放在该目录下，每次新建一个子目录。 Where the backup gets a directory of its own
    #[arg(long, value_name = "DIR", required = true)]
    to: Option<PathBuf>,
    /// 保留到哪一天（含）；期间删除的个人信息仍在备份中，届时请销毁备份。 Last day on which it is kept
    #[arg(long, value_name = "DATE", value_parser = moment::day, required = true)]
    keep_until: Option<Date>,
    #[command(flatten)]
    output: OutputArguments,
}

/// What else to do with backups.
#[derive(Subcommand)]
enum Command {
    /// 逐个核对备份的文件、日志链和密钥；不需要节点和主密钥。 Look through one; needs no node and no master key
    #[command(
        after_help = "示例 Example:\n  hongyan backup check /backup/350582-20261123-150405123"
    )]
    Check(Check),
}

/// Arguments of `backup check`.
#[derive(Args)]
struct Check {
    /// 备份的目录。 The directory of the backup
    #[arg(value_name = "DIR")]
    backup: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments {
        Arguments {
            command: Some(Command::Check(Check { backup, output })),
            ..
        } => check(&backup, Output::new(output)),
        Arguments {
            command: None,
            node: Some(node),
            to: Some(to),
            keep_until: Some(keep_until),
            output,
        } => make(node, to, keep_until, Output::new(output)),
        Arguments { command: None, .. } => Err(Failure::usage(both(
            "须给出 --node、--to 和 --keep-until。",
            "--node, --to and --keep-until are required",
        ))),
    }
}

fn make(node: PathBuf, to: PathBuf, keep_until: Date, output: Output) -> Result<Exit, Failure> {
    let home = Home::open(&NodeArguments { node })?;
    let past = || {
        Failure::usage(both(
            format!("{keep_until} 已过，请给出今天或以后的日期。"),
            format!("{keep_until} is over; name today or a later day"),
        ))
    };
    let until_ms = calendar::end_ms(keep_until).ok_or_else(|| {
        Failure::usage(both(
            format!("{keep_until} 太远，最晚可写 {LATEST}。"),
            format!("{keep_until} is too far; the latest day is {LATEST}"),
        ))
    })?;
    if until_ms <= home.clock.now_ms() {
        return Err(past());
    }
    let made = backup::make(&Order {
        dir: &home.dir,
        config: &home.config,
        to: &to,
        until_ms,
        clock: &home.clock,
    })?;
    by_hand::leave(&home, Act::BackupMade, Vec::new())?;
    let about = &made.manifest.about;
    let shown = made.place.display();
    let object = object(about, &made.place, []);
    let sentence = both(
        format!("已备份到 {shown}：{}", holds(about).zh),
        format!("backed up to {shown}: {}", holds(about).en),
    );
    output.result(&object, &sentence)?;
    output.say(&apart(about))?;
    Ok(Exit::Done)
}

fn check(place: &Path, output: Output) -> Result<Exit, Failure> {
    let checked = backup::check(place)?;
    let about = checked.about();
    let found = [
        ("whole", json!(true)),
        ("files", json!(checked.manifest.files.len())),
        ("signed_heads", json!(checked.heads.signed)),
    ];
    let object = object(about, place, found);
    output.result(&object, &sound(&checked))?;
    output.say(&apart(about))?;
    let made = short(about.made_ms);
    output.say(&both(
        format!(
            "若由此恢复：{made} 之后接受、收到和办理的都不在其中。对方持有的由 hongyan channel adopt 取回序号和结果，尚未发出的、办理记录和审计记录则丢失。此后删除的个人信息会重新出现，除非恢复时给出最新的删除清单（--erasures）。"
        ),
        format!(
            "restored from it, a node lacks what was accepted, received and worked on after {made}. What peers hold is taken over by hongyan channel adopt; what had not been sent, what desks did and what is on record after that is lost. Whoever was erased since comes back unless the newest list of erasures is given (--erasures)"
        ),
    ))?;
    Ok(Exit::Done)
}

fn sound(checked: &Checked) -> Sentence {
    let about = checked.about();
    let (files, signed) = (checked.manifest.files.len(), checked.heads.signed);
    let (holds, made) = (holds(about), short(about.made_ms));
    let node = &about.node;
    let mut sentence = both(
        format!(
            "备份完好：节点 {node}，{made} 备份。{}{files}个文件与清单相符，日志链相接，{signed}段的链头与节点签署的相符。",
            holds.zh
        ),
        format!(
            "the backup is whole: node {node}, of {made}; {}; all {files} files are as copied, the chains go on from segment to segment, and the heads of {signed} segments are those that the node signed",
            holds.en
        ),
    );
    for channel in &about.channels {
        let (from, to, last) = (&channel.from_area, &channel.to_area, channel.last);
        let way = match channel.direction.as_str() {
            "out" => ("发出", "out"),
            _ => ("收到", "in"),
        };
        sentence.zh += &format!("\n  {from} → {to}（{}）：到第{last}号", way.0);
        sentence.en += &format!("\n  {from} → {to} ({}): up to {last}", way.1);
    }
    sentence
}

/// How much it holds, and until when it is kept.
fn holds(about: &About) -> Sentence {
    let (segments, entries, blocks) = (about.segments, about.entries, about.key_blocks);
    let until = last_day(about.until_ms);
    both(
        format!("日志{segments}段{entries}条，密钥{blocks}块，保留到 {until}。"),
        format!(
            "{segments} segments with {entries} entries, {blocks} blocks of keys, kept until {until}"
        ),
    )
}

/// What is not in it, and without which it opens nowhere.
fn apart(about: &About) -> Sentence {
    let Sentence {
        zh: key_zh,
        en: key_en,
    } = master_key(&about.master_keys);
    let mut sentence = match about.left_out.as_slice() {
        [] => both(
            format!("{key_zh}不在备份中，请另行保管：没有它，备份在任何地方都打不开。"),
            format!("{key_en} is not in it; keep it apart: without it the backup opens nowhere"),
        ),
        left_out => both(
            format!(
                "{key_zh}未放入备份（{}），请另行保管：没有它，备份在任何地方都打不开。",
                left_out.join("、")
            ),
            format!(
                "{key_en} was left out ({}); keep it apart: without it the backup opens nowhere",
                left_out.join(", ")
            ),
        ),
    };
    if about.master_keys.len() > 1 {
        sentence.zh += "备份时主密钥正在更换，各把都需保管；更换完成后请再备份一次。";
        sentence.en += "; a change of it was under way, and each of these keys is needed: make another backup once the change has ended";
    }
    sentence
}

/// The master key by the ids of those that open a backup; a node that never ran has none yet.
pub(super) fn master_key(ids: &[String]) -> Sentence {
    match ids {
        [] => both("主密钥", "the master key"),
        ids => both(
            format!("主密钥（{}）", ids.join("、")),
            format!("the master key ({})", ids.join(", ")),
        ),
    }
}

fn object<const N: usize>(about: &About, place: &Path, found: [(&str, Value); N]) -> Value {
    let members = [
        ("backup", json!(place)),
        ("node", json!(about.node)),
        ("areas", json!(about.areas)),
        ("sandbox", json!(about.sandbox)),
        ("made_at", json!(rfc3339(about.made_ms))),
        ("keep_until", json!(rfc3339(about.until_ms))),
        ("left_out", json!(about.left_out)),
        ("master_keys", json!(about.master_keys)),
        ("key_blocks", json!(about.key_blocks)),
        ("segments", json!(about.segments)),
        ("entries", json!(about.entries)),
        ("first", json!(about.first)),
        ("end", json!(about.end)),
        ("heads", json!(about.heads)),
        ("channels", json!(about.channels)),
    ];
    let members = members.into_iter().chain(found);
    let members = members.map(|(name, value)| (name.to_owned(), value));
    Value::Object(members.collect())
}

/// The last day whose end a time can tell.
const LATEST: Date = date(9999, 12, 30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_day_is_the_last_that_ends() {
        assert!(calendar::end_ms(LATEST).is_some());
        assert_eq!(calendar::end_ms(LATEST.tomorrow().unwrap()), None);
    }
}
