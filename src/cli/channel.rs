//! `hongyan channel`: how far each has come.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    confirm::{confirmed, declined},
    exit::{Exit, Failure},
    home::Home,
    language::{Language, both},
    link::{LinkArguments, block_on, connect},
    moment::age,
    output::{Output, OutputArguments},
};
use crate::{
    domain::area::County,
    office::client::{Adopted, ChannelState, Way},
};

/// What to do with channels.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 列出各通道的进度和最久未答复的时长。 List them, with the age of the oldest unanswered
    #[command(after_help = "示例 Example:\n  hongyan channel list --node ./jinjiang")]
    List(List),
    /// 人工核实后，对齐与该区县停止通道的历史。 Bring together the histories of stopped channels
    #[command(after_help = "示例 Example:\n  hongyan channel adopt --node ./jinjiang 530111")]
    Adopt(Adopt),
}

/// Arguments of `channel list`.
#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `channel adopt`.
#[derive(Args)]
pub(super) struct Adopt {
    #[command(flatten)]
    link: LinkArguments,
    /// 对方的区县。 An area of the peer
    #[arg(value_name = "AREA")]
    area: County,
    /// 不再询问。 Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(List { link, output }) => list(&link, Output::new(output)),
        Command::Adopt(arguments) => adopt(&arguments),
    }
}

fn list(link: &LinkArguments, output: Output) -> Result<Exit, Failure> {
    let home = Home::open(&link.node)?;
    let channels = block_on(async { Ok(connect(&home, &link.office).await?.channels().await?) })?;
    if output.is_json() {
        for channel in &channels {
            output.object(&object(channel))?;
        }
        return Ok(Exit::Done);
    }
    if channels.is_empty() {
        output.say(&both("还没有通道。", "no channels yet"))?;
        return Ok(Exit::Done);
    }
    let mut table = output.table(&[
        ("通道", "channel"),
        ("方向", "way"),
        ("最后序号", "last"),
        ("已答复", "answered"),
        ("最久未答复", "oldest unanswered"),
        ("状态", "state"),
        ("处理", "what to do"),
    ]);
    for channel in &channels {
        let remedy = channel.remedy.as_ref();
        let mut state = state_words(&channel.state, output.language);
        if let Some(code) = &channel.code {
            state += &format!(" ({code})");
        }
        let way = match channel.way {
            Way::Out => output.language.pick("发出", "out"),
            Way::In => output.language.pick("收到", "in"),
        };
        table.add_row([
            format!(
                "{} → {}",
                channel.channel.from.label(),
                channel.channel.to.label()
            ),
            way.to_owned(),
            channel.last_sequence.to_string(),
            channel.answered_sequence.to_string(),
            (output.language.of(&age(channel.oldest_unanswered_seconds))).to_owned(),
            state,
            remedy.map_or_else(String::new, |(zh, en)| output.language.pick(zh, en).clone()),
        ]);
    }
    output.line(&table.to_string())?;
    Ok(Exit::Done)
}

fn state_words(name: &str, language: Language) -> String {
    let zh = match name {
        "moving" => "传送中",
        "idle" => "无待发",
        "waiting" => "等待重试",
        "paused" => "对方要求稍候",
        "stopped" => "已停止，需人工处理",
        other => other,
    };
    language.pick(zh, name).to_owned()
}

fn object(state: &ChannelState) -> serde_json::Value {
    let ChannelState {
        channel,
        way,
        last_sequence,
        answered_sequence,
        oldest_unanswered_seconds,
        state,
        code,
        remedy,
        on_hold,
        head,
    } = state;
    json!({
        "from_area": channel.from.as_str(),
        "to_area": channel.to.as_str(),
        "direction": way.name(),
        "last_sequence": last_sequence,
        "answered_sequence": answered_sequence,
        "oldest_unanswered_seconds": oldest_unanswered_seconds,
        "state": state,
        "code": code,
        "message": remedy.as_ref().map(|(zh, en)| json!({"zh": zh, "en": en})),
        "on_hold": on_hold,
        "head": head.map(|head| head.to_string()),
    })
}

fn adopt(arguments: &Adopt) -> Result<Exit, Failure> {
    let Adopt {
        link,
        area,
        yes,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(*output);
    let label = area.label();
    let question = both(
        format!(
            "将接收{label}签名的序号和结果，本方未答复的通报重新编号排在其后。已与对方管理员核实？"
        ),
        format!(
            "This takes over the sequences and outcomes that {label} has signed and numbers one's own unanswered notices behind them. Have you checked with their operator?"
        ),
    );
    if !confirmed(&question, *yes)? {
        return Err(declined());
    }
    let adopted = block_on(async { Ok(connect(&home, &link.office).await?.adopt(*area).await?) })?;
    for Adopted {
        channel,
        taken_over,
        renumbered,
        resend_asked,
    } in &adopted
    {
        let (from, to) = (channel.from, channel.to);
        let object = json!({
            "from_area": from.as_str(),
            "to_area": to.as_str(),
            "taken_over": taken_over,
            "renumbered": renumbered,
            "resend_asked": resend_asked,
        });
        let sentence = match (taken_over, renumbered, resend_asked) {
            // Nothing tells yet who was set back, if anybody was.
            (0, 0, false) => both(
                format!(
                    "{from} → {to}：正在重新比对。稍后查看 hongyan channel list：若显示数据被恢复到旧版本，请再次执行本命令"
                ),
                format!(
                    "{from} → {to}: compared anew. Look at hongyan channel list in a moment; where it says that a store was set back, say this once more"
                ),
            ),
            (_, _, true) => both(
                format!("{from} → {to}：已请对方重发"),
                format!("{from} → {to}: the other side is asked to send once more"),
            ),
            (_, _, false) => both(
                format!("{from} → {to}：接收{taken_over}个序号，重新编号{renumbered}条"),
                format!(
                    "{from} → {to}: {taken_over} sequences taken over, {renumbered} notices renumbered"
                ),
            ),
        };
        output.result(&object, &sentence)?;
    }
    if adopted.is_empty() {
        output.say(&both(
            "没有停止的通道，无需处理。",
            "no channel had stopped; nothing was done",
        ))?;
    }
    Ok(Exit::Done)
}
