//! `hongyan report compare`.

use clap::Args;
use serde_json::{Value, json};

use super::{
    super::{
        case::words,
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        moment::rfc3339,
        output::{Output, OutputArguments},
    },
    period::last_whole,
};
use crate::{
    domain::{
        area::County,
        calendar::day_of,
        case::{BothSums, Difference, DiffersIn, DueItem, DueStanding, DueSum},
        month::Month,
        problem::{Sentence, Text},
    },
    office::client::{ClientError, DueCompared, Phase},
};

/// Arguments of `report compare`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 对方的区县。 The other area
    #[arg(value_name = "PEER")]
    peer: County,
    /// 哪个月到期的；不写则为上月。 What was due in which month; else in the last whole one
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Month>,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        peer,
        month,
        home: of,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(output);
    let month = match month {
        Some(month) => month,
        None => last_whole(home.today()?),
    };
    let compared = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client.compare_due(of, peer, month).await)
    })?;
    let compared = compared.map_err(of_call)?;
    if output.is_json() {
        output.object(&sums_object(&compared, peer, month))?;
        for difference in &compared.differences {
            output.object(&difference_object(difference))?;
        }
    } else {
        show(&compared, peer, month, output)?;
    }
    Ok(if compared.different == 0 {
        Exit::Done
    } else {
        Exit::Refused
    })
}

/// A peer that cannot be reached ends the command as a node does that cannot.
fn of_call(error: ClientError) -> Failure {
    let is_away = match &error {
        ClientError::Refused(refusal) => refusal.code == "peer_unreachable",
        _ => false,
    };
    let Failure { exit, sentence } = error.into();
    Failure {
        exit: if is_away { Exit::Unreachable } else { exit },
        sentence,
    }
}

fn show(compared: &DueCompared, peer: County, month: Month, output: Output) -> Result<(), Failure> {
    let (home, other) = (compared.home.label(), peer.label());
    output.say(&both(
        format!("{home}与{other}，{month}到期的反馈，双方各自的统计："),
        format!("{home} and {other}: answers due in {month}, as each side counts them"),
    ))?;
    let mut table = output.table(&[
        ("应反馈方", "owed by"),
        ("统计方", "counted by"),
        ("应反馈", "due"),
        ("已反馈", "answered"),
        ("及时反馈", "in time"),
    ]);
    for BothSums { by, here, there } in &compared.sums {
        for (counts, sum) in [(compared.home, here), (peer, there)] {
            let DueSum {
                due,
                answered,
                in_time,
            } = sum;
            table.add_row([
                by.label(),
                counts.label(),
                due.to_string(),
                answered.to_string(),
                in_time.to_string(),
            ]);
        }
    }
    output.line(&table.to_string())?;
    if compared.different == 0 {
        let count = compared.on_both;
        output.say(&both(
            format!("双方一致，逐件核对{count}件，无差异。"),
            format!("Both sides agree on all of it, item by item: {count}."),
        ))?;
        return Ok(());
    }
    let mut table = output.table(&[
        ("通报编号", "notice"),
        ("类别", "kind"),
        ("应反馈方", "owed by"),
        ("差异", "difference"),
        ("我方", "here"),
        ("对方", "there"),
        ("在途", "under way"),
    ]);
    for difference in &compared.differences {
        let Some(item) = difference.either() else {
            continue;
        };
        let differs = difference.differs_in();
        let cell = |item: Option<&DueItem>| item.map(|item| stands(item, &differs, output));
        table.add_row([
            item.notice.to_string(),
            words::kind(item.kind, output.language),
            item.by.label(),
            differences(&differs, output),
            cell(difference.here.as_ref()).unwrap_or_default(),
            cell(difference.there.as_ref()).unwrap_or_default(),
            under_way(difference, output).to_owned(),
        ]);
    }
    output.line(&table.to_string())?;
    for sentence in reasons(compared) {
        output.say(&sentence)?;
    }
    Ok(())
}

/// What differs, in a word each.
fn differences(differs: &[DiffersIn], output: Output) -> String {
    let words = differs.iter().map(|it| output.language.word(word(*it)));
    let words: Vec<&str> = words.collect();
    words.join(output.language.pick("、", ", "))
}

const fn word(differs: DiffersIn) -> Text {
    let (zh, en) = match differs {
        DiffersIn::OnlyHere => ("仅我方有", "only here"),
        DiffersIn::OnlyThere => ("仅对方有", "only there"),
        DiffersIn::DueDay => ("截止日期", "due day"),
        DiffersIn::Standing => ("反馈情况", "answer"),
        DiffersIn::State => ("个案状态", "state"),
        DiffersIn::Notice => ("通报本身", "the notice itself"),
    };
    Text { zh, en }
}

/// How an item stands on a side, as far as that differs.
fn stands(item: &DueItem, differs: &[DiffersIn], output: Output) -> String {
    let language = output.language;
    let has = |wanted| differs.contains(&wanted);
    let is_alone = has(DiffersIn::OnlyHere) || has(DiffersIn::OnlyThere);
    let mut parts = Vec::new();
    if is_alone || has(DiffersIn::DueDay) {
        let due = item.due;
        parts.push(language.pick(format!("{due}截止"), format!("due {due}")));
    }
    if is_alone || has(DiffersIn::Standing) {
        parts.push(language.of(&standing(item)).to_owned());
    }
    if is_alone || has(DiffersIn::State) {
        let mut phases = Phase::ALL.into_iter();
        let phase = phases.find(|phase| phase.name() == item.state);
        parts.extend(phase.map(|phase| language.word(words::phase(phase)).to_owned()));
    }
    if has(DiffersIn::Notice) {
        parts.push(format!(
            "{} {} {}",
            item.case,
            words::kind(item.kind, language),
            item.by.label()
        ));
    }
    parts.join(language.pick("，", ", "))
}

fn standing(item: &DueItem) -> Sentence {
    let day = item.standing.at_ms().and_then(day_of);
    let day = day.map(|day| day.to_string()).unwrap_or_default();
    match (item.standing, item.in_time()) {
        (DueStanding::Open, _) => both("未反馈", "not answered"),
        (DueStanding::Lapsed { .. }, _) => {
            both(format!("{day}起无须反馈"), format!("lapsed on {day}"))
        }
        (DueStanding::Answered { .. }, Some(true)) => both(
            format!("{day}及时反馈"),
            format!("answered in time on {day}"),
        ),
        (DueStanding::Answered { .. }, _) => {
            both(format!("{day}逾期反馈"), format!("answered late on {day}"))
        }
    }
}

fn under_way(difference: &Difference, output: Output) -> &'static str {
    if difference.is_under_way() {
        output.language.pick("是", "yes")
    } else {
        ""
    }
}

/// Why the two may differ, as far as it shows.
fn reasons(compared: &DueCompared) -> Vec<Sentence> {
    let DueCompared {
        on_both,
        other_day,
        different,
        differences,
        ..
    } = compared;
    let shown = differences.len() as u64;
    let mut reasons = vec![both(
        format!("共{different}件不一致。"),
        format!("{different} notices differ."),
    )];
    if shown < *different {
        reasons.push(both(
            format!("只列出前{shown}件。"),
            format!("Only the first {shown} are listed."),
        ));
    }
    if differences.iter().any(Difference::is_under_way) {
        reasons.push(both(
            "标“在途”的：通报或反馈尚未送达对方，送达后即会一致；可查看 hongyan channel list。",
            "under way: the notice or its answer has not come to the other side yet, and the two will agree once it has; see hongyan channel list",
        ));
    }
    if *other_day > 0 {
        let how_many = if other_day == on_both {
            both(
                "双方都有的，截止日期全部不同",
                "Whatever both sides have is due on another day there",
            )
        } else {
            both(
                format!("双方都有的{on_both}件中，{other_day}件截止日期不同"),
                format!(
                    "Of the {on_both} that both sides have, {other_day} are due on another day there"
                ),
            )
        };
        reasons.push(both(
            format!(
                "{}：请核对双方的节假日表 holidays.toml 和协议时限（hongyan agreement diff）。",
                how_many.zh
            ),
            format!(
                "{}: compare the tables of holidays (holidays.toml) and the periods of the agreements (hongyan agreement diff).",
                how_many.en
            ),
        ));
    }
    let is_alone = |difference: &Difference| {
        let differs = difference.differs_in();
        differs.contains(&DiffersIn::OnlyHere) || differs.contains(&DiffersIn::OnlyThere)
    };
    if differences
        .iter()
        .any(|it| is_alone(it) && !it.is_under_way())
    {
        reasons.push(both(
            "只有一方有而不在途的：多为截止日期落在另一个月，请再核对相邻月份和节假日表；否则请核对通道：hongyan peer probe。",
            "only on one side and not under way: as a rule it is due in another month there; compare the months beside this one and the tables of holidays, else the channels: hongyan peer probe",
        ));
    }
    reasons
}

fn sums_object(compared: &DueCompared, peer: County, month: Month) -> Value {
    let DueCompared {
        home,
        sums,
        on_both,
        other_day,
        different,
        ..
    } = compared;
    let sum = |sum: &DueSum| {
        json!({
            "due": sum.due,
            "answered": sum.answered,
            "answered_in_time": sum.in_time,
        })
    };
    let sums = sums.iter().map(|sums| {
        json!({
            "owed_by_area": sums.by.as_str(),
            "here": sum(&sums.here),
            "there": sum(&sums.there),
        })
    });
    json!({
        "home_area": home.as_str(),
        "peer_area": peer.as_str(),
        "month": month.to_string(),
        "equal": *different == 0,
        "sums": sums.collect::<Vec<_>>(),
        "on_both": on_both,
        "other_due_day": other_day,
        "different": different,
    })
}

fn difference_object(difference: &Difference) -> Value {
    let item = |item: &DueItem| {
        json!({
            "case_id": item.case.to_string(),
            "owed_by_area": item.by.as_str(),
            "kind": item.kind.name(),
            "due": item.due.to_string(),
            "standing": item.standing.name(),
            "ended_at": item.standing.at_ms().map(rfc3339),
            "in_time": item.in_time(),
            "state": item.state,
            "under_way": item.under_way,
        })
    };
    let differs = difference.differs_in();
    let differs: Vec<&str> = differs.into_iter().map(DiffersIn::name).collect();
    json!({
        "notice_id": difference.either().map(|item| item.notice.to_string()),
        "differs_in": differs,
        "here": difference.here.as_ref().map(item),
        "there": difference.there.as_ref().map(item),
    })
}
