//! `hongyan notice`: notices and where they stand.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::{
    exit::{Exit, Failure},
    home::Home,
    language::{Language, both},
    link::{LinkArguments, block_on, connect},
    moment::{rfc3339, short},
    output::{Output, OutputArguments},
    subscribe,
};
use crate::{
    agreement,
    domain::{
        area::County,
        audit::Reason,
        field::Field,
        notice::{Kind, NoticeId},
        problem::{Code, Sentence},
    },
    office::client::{Client, Listing, NoticeState, Says, Shown, Way},
};

/// What to do with notices.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 列出通报，新的在前。 List them, newest first
    #[command(
        after_help = "示例 Example:\n  hongyan notice list --node ./jinjiang --state queued --limit 20"
    )]
    List(List),
    /// 查看一条通报；在本节点两个区县之间的，收发两方各一份。 Show one; between two areas of this node, as each has it
    #[command(
        after_help = "示例 Example:\n  hongyan notice show --node ./jinjiang 01010101-0101-8101-8000-000000000002"
    )]
    Show(Show),
}

/// Arguments of `notice list`.
#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    link: LinkArguments,
    /// 只要这种状态，可重复。 Only this state; may repeat
    #[arg(long = "state", value_enum, value_name = "STATE")]
    states: Vec<State>,
    /// 只要这类通报，可重复。 Only this kind; may repeat
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<Kind>,
    /// 只要发出的或收到的。 Only what was published or received here
    #[arg(long, value_enum)]
    direction: Option<Direction>,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    /// 最多多少条。 At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `notice show`.
#[derive(Args)]
pub(super) struct Show {
    #[command(flatten)]
    link: LinkArguments,
    /// 通报编号。 Its id
    #[arg(value_name = "ID")]
    id: NoticeId,
    /// 查看事由，记入审计；审计、管理人员不写事由则内容遮盖。 Why you look, put on record; without one an auditor or operator sees masked values
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum State {
    Queued,
    InFlight,
    Stored,
    Refused,
    Expired,
    Withdrawn,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InFlight => "in_flight",
            Self::Stored => "stored",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Direction {
    Out,
    In,
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(arguments) => list(arguments),
        Command::Show(arguments) => show(&arguments),
    }
}

fn list(arguments: List) -> Result<Exit, Failure> {
    let List {
        link,
        states,
        kinds,
        direction,
        home: area,
        limit,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(output);
    let listing = Listing {
        home: area,
        way: direction.map(|direction| match direction {
            Direction::Out => Way::Out,
            Direction::In => Way::In,
        }),
        kinds,
        states: states
            .into_iter()
            .map(|state| state.name().to_owned())
            .collect(),
    };
    let mut table = output.table(&[
        ("编号", "id"),
        ("类别", "kind"),
        ("通道", "channel"),
        ("序号", "sequence"),
        ("状态", "state"),
        ("时间", "at"),
        ("截止", "deadline"),
    ]);
    block_on(async {
        let client = connect(&home, &link.office).await?;
        pages(&client, &listing, limit, |notice| {
            if output.is_json() {
                return Ok(output.object(&object(notice))?);
            }
            table.add_row([
                notice.id.to_string(),
                kind_words(notice.kind, output.language),
                format!("{} → {}", notice.channel.from, notice.channel.to),
                notice.sequence.to_string(),
                output.language.of(&state_words(notice)).to_owned(),
                short(notice.at_ms),
                short(notice.deadline_ms),
            ]);
            Ok(())
        })
        .await
    })?;
    if !output.is_json() {
        output.line(&table.to_string())?;
    }
    Ok(Exit::Done)
}

async fn pages(
    client: &Client,
    listing: &Listing,
    limit: u64,
    mut each: impl FnMut(&NoticeState) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut left = limit;
    let mut token = String::new();
    while left > 0 {
        let size = u32::try_from(left).map_or(PAGE, |left| left.min(PAGE));
        let (notices, next) = client.notices(listing, size, token).await?;
        for notice in &notices {
            each(notice)?;
        }
        left = left.saturating_sub(notices.len() as u64);
        if next.is_empty() {
            break;
        }
        token = next;
    }
    Ok(())
}

fn show(arguments: &Show) -> Result<Exit, Failure> {
    let Show {
        link,
        id,
        reason,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(*output);
    let shown = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client.notice(*id, reason.as_ref()).await?)
    })?;
    for Shown {
        state,
        content,
        corrected_by,
    } in &shown
    {
        let mut whole = match content {
            Says::Full(notice) => subscribe::content(notice),
            Says::Masked(fields) => masked(fields),
        };
        whole.extend(object(state));
        if let Some(correction) = corrected_by {
            whole.insert("corrected_by".into(), json!(correction.to_string()));
        }
        if output.is_json() {
            output.object(&whole)?;
            continue;
        }
        let mut table = output.table(&[("项目", "field"), ("内容", "value")]);
        for (name, value) in rows("", &whole) {
            table.add_row([label(&name, output.language), value]);
        }
        let stands = output.language.pick("现状", "stands");
        table.add_row([stands, output.language.of(&explained(state))]);
        output.line(&table.to_string())?;
    }
    Ok(Exit::Done)
}

/// What is left of a notice, as an object like that of one in full.
pub(super) fn masked(fields: &[(Field, String)]) -> Map<String, Value> {
    let mut object = Map::new();
    for (field, value) in fields {
        match field.name().split_once('.') {
            None => {
                object.insert(field.name().to_owned(), json!(value));
            }
            Some((outer, inner)) => {
                let inside = object
                    .entry(outer)
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(inside) = inside {
                    inside.insert(inner.to_owned(), json!(value));
                }
            }
        }
    }
    if !object.is_empty() {
        object.insert("masked".to_owned(), json!(true));
    }
    object
}

/// The fields of an object, those inside of others by their path.
pub(super) fn rows(outer: &str, object: &Map<String, Value>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (key, value) in object {
        let name = format!("{outer}{key}");
        match value {
            Value::Null => {}
            Value::Object(inner) => all.extend(rows(&format!("{name}."), inner)),
            Value::String(text) => all.push((name, text.clone())),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                all.push((name, value.to_string()));
            }
        }
    }
    all
}

/// How people of that language call what stands in a member.
pub(super) fn label(name: &str, language: Language) -> String {
    let field = Field::from_name(name).map(|field| field.label().zh);
    let zh = field.unwrap_or(match name {
        "agreement" => "协议",
        "at" => "时间",
        "case_id" => "个案编号",
        "code" => "代码",
        "corrected_by" => "更正通报",
        "deadline" => "截止",
        "delivery" => "送达状态",
        "direction" => "方向",
        "erased" => "已删除",
        "field" => "栏目",
        "masked" => "已遮盖",
        "notice_id" => "通报编号",
        "on_hold" => "等待协议",
        "sandbox" => "测试通报",
        "sequence" => "序号",
        "size_bytes" => "字节数",
        "unconfirmed" => "待对方确认",
        other => other,
    });
    language.pick(zh, name).to_owned()
}

/// Its kind as people of that language call it, for one notice.
pub(super) fn kind_words(kind: Kind, language: Language) -> String {
    let words = language.pick(agreement::kind_words(kind).zh, kind.name());
    words.to_owned()
}

/// Where it stands, for a row of a table.
pub(super) fn state_words(notice: &NoticeState) -> Sentence {
    let known = [
        ("queued", "待发送", "queued"),
        ("in_flight", "已发出，待对方答复", "sent, not answered yet"),
        ("stored", "对方已收存", "stored at the other side"),
        ("refused", "对方拒收", "refused by the other side"),
        ("expired", "期限已过", "expired"),
        ("withdrawn", "已撤回", "withdrawn"),
    ];
    let delivery = notice.delivery.as_str();
    let known = known.into_iter().find(|(name, _, _)| *name == delivery);
    let Sentence { mut zh, mut en } = match known {
        // What came in is stored here.
        Some(("stored", ..)) if notice.way == Way::In => both("已收存", "stored"),
        Some((_, zh, en)) => both(zh, en),
        None => both(delivery, delivery),
    };
    if notice.on_hold {
        let until = short(notice.deadline_ms);
        zh += &format!("，等待协议，保留至 {until}");
        en += &format!(", on hold until {until}");
    }
    if notice.unconfirmed {
        zh += "，待对方确认";
        en += ", unconfirmed";
    }
    if notice.erased {
        zh += "，内容已删除";
        en += ", content erased";
    }
    if let Some(code) = &notice.code {
        zh += &format!("（{code}）");
        en += &format!(" ({code})");
    }
    both(zh, en)
}

/// The same for the one notice that is looked at, with what is known of the reason.
fn explained(notice: &NoticeState) -> Sentence {
    let Sentence { zh, en } = state_words(notice);
    let why = notice.code.as_deref().and_then(Code::from_name);
    match why.map(Code::text) {
        Some(why) => both(format!("{zh}：{}", why.zh), format!("{en}: {}", why.en)),
        None => both(zh, en),
    }
}

pub(super) fn object(notice: &NoticeState) -> Map<String, Value> {
    let NoticeState {
        id,
        case,
        way,
        kind,
        channel,
        sequence,
        delivery,
        unconfirmed,
        code,
        field,
        on_hold,
        at_ms,
        deadline_ms,
        agreement,
        size_bytes,
        sandbox,
        reference,
        erased,
    } = notice;
    let members = [
        ("notice_id", json!(id.to_string())),
        ("case_id", json!(case.to_string())),
        ("direction", json!(way.name())),
        ("kind", json!(kind.name())),
        ("from_area", json!(channel.from.as_str())),
        ("to_area", json!(channel.to.as_str())),
        ("sequence", json!(sequence)),
        ("delivery", json!(delivery)),
        ("unconfirmed", json!(unconfirmed)),
        ("code", json!(code)),
        ("field", json!(field)),
        ("on_hold", json!(on_hold)),
        ("at", json!(rfc3339(*at_ms))),
        ("deadline", json!(rfc3339(*deadline_ms))),
        (
            "agreement",
            json!(agreement.map(|agreement| agreement.to_string())),
        ),
        ("size_bytes", json!(size_bytes)),
        ("sandbox", json!(sandbox)),
        ("reference", json!(reference)),
        // Only where it is so: what is whole need not say it.
        ("erased", json!(erased.then_some(true))),
    ];
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Notices fetched at once.
const PAGE: u32 = 1_000;
