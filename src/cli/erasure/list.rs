//! `hongyan erasure list`.

use clap::Args;
use serde_json::json;

use super::super::{
    exit::{Exit, Failure},
    home::Home,
    language::{Language, both},
    link::{LinkArguments, block_on, connect},
    moment::{last_day, rfc3339, short},
    output::{Output, OutputArguments},
};
use crate::{
    domain::{area::County, problem::Text},
    office::client::{ErasureState, ErasureTold},
};

/// Arguments of `erasure list`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        home: area,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(*output);
    let erasures = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client.erasures(*area).await?)
    })?;
    if output.is_json() {
        for erasure in &erasures {
            output.object(&object(erasure))?;
        }
    } else if !erasures.is_empty() {
        output.line(&table(&erasures, output))?;
    }
    let count = erasures.len();
    output.say(&both(
        format!("共{count}次删除。"),
        format!("erasures: {count}"),
    ))?;
    Ok(Exit::Done)
}

fn table(erasures: &[ErasureState], output: Output) -> String {
    let language = output.language;
    let mut table = output.table(&[
        ("删除编号", "erasure"),
        ("时间", "when"),
        ("个案", "case"),
        ("对方区县", "area"),
        ("原因", "why"),
        ("由谁", "by"),
        ("通报", "notices"),
        ("接收方", "receivers"),
        ("备份", "backups"),
    ]);
    for erasure in erasures {
        let reason = erasure.reason.text();
        let told = erasure.told.iter().map(|told| receiver(told, language));
        table.add_row([
            erasure.id.to_string(),
            short(erasure.at_ms),
            erasure.case.to_string(),
            erasure.peer.label(),
            language.pick(reason.zh, reason.en).to_owned(),
            by(erasure),
            erasure.notices.to_string(),
            told.collect::<Vec<_>>().join(language.pick("、", ", ")),
            backups(erasure, language),
        ]);
    }
    table.to_string()
}

/// The office, or the area that asked.
fn by(erasure: &ErasureState) -> String {
    match erasure.asked_by {
        Some(_) => erasure.peer.to_string(),
        None => erasure.office.clone(),
    }
}

fn receiver(told: &ErasureTold, language: Language) -> String {
    let words = words(&told.state);
    let text = language.pick(words.zh, words.en);
    match told.confirmed_at_ms {
        Some(at_ms) => format!("{text} {}", short(at_ms)),
        None => text.to_owned(),
    }
}

/// What people read of how far a receiver is.
fn words(state: &str) -> Text {
    let (zh, en) = match state {
        "not_needed" => ("对方从未收到", "never arrived"),
        "waiting" => ("等待发出", "waiting"),
        "sent" => ("已发出", "sent"),
        "stored" => ("对方已收到", "stored"),
        "confirmed" => ("对方已删除", "confirmed"),
        "refused" => ("对方没有该通报", "unknown there"),
        "expired" => ("逾期未达，重发", "expired, sent again"),
        _ => ("未知", "unknown"),
    };
    Text { zh, en }
}

fn backups(erasure: &ErasureState, language: Language) -> String {
    match erasure.pending_until_ms {
        Some(until) => {
            let until = last_day(until);
            match language {
                Language::Zh => format!("备份中留存至 {until}（含当日）"),
                Language::En => format!("pending in backups until {until}"),
            }
        }
        None => String::new(),
    }
}

fn object(erasure: &ErasureState) -> serde_json::Value {
    let told = erasure.told.iter().map(|told| {
        json!({
            "notice_id": told.notice.to_string(),
            "state": told.state,
            "asking_notice_id": told.asking.map(|id| id.to_string()),
            "confirmed_at": told.confirmed_at_ms.map(rfc3339),
        })
    });
    json!({
        "erasure_id": erasure.id.to_string(),
        "case_id": erasure.case.to_string(),
        "home_area": erasure.home.as_str(),
        "peer_area": erasure.peer.as_str(),
        "erased_at": rfc3339(erasure.at_ms),
        "reason": erasure.reason.name(),
        "office": erasure.office,
        "asked_by_notice_id": erasure.asked_by.map(|id| id.to_string()),
        "notices": erasure.notices,
        "receivers": told.collect::<Vec<_>>(),
        "pending_in_backups_until": erasure.pending_until_ms.map(rfc3339),
    })
}
