//! `hongyan retention list`.

use clap::Args;
use serde_json::json;

use super::super::{
    case::words,
    exit::{Exit, Failure},
    home::Home,
    language::{Language, both},
    link::{LinkArguments, block_on, connect},
    moment::{rfc3339, short},
    output::{Output, OutputArguments},
};
use crate::{
    domain::area::County,
    office::client::{KeptCase, WhyKept},
};

/// Arguments of `retention list`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 今后多少日之内。 Up to so many days from today
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u16).range(0..=3_650)
    )]
    within: u16,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        within,
        home: area,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(*output);
    let cases = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client.retention(*area, *within).await?)
    })?;
    if output.is_json() {
        for case in &cases {
            output.object(&object(case))?;
        }
    } else if !cases.is_empty() {
        output.line(&table(&cases, output))?;
    }
    let purged = cases
        .iter()
        .filter(|case| matches!(case.why, WhyKept::Purged { .. }))
        .count();
    let others = cases.len().saturating_sub(purged);
    output.say(&both(
        format!("{within}日内到期清除 {purged}，不清除 {others}"),
        format!("to be purged within {within} days: {purged}; kept all the same: {others}"),
    ))?;
    Ok(Exit::Done)
}

fn table(cases: &[KeptCase], output: Output) -> String {
    let language = output.language;
    let mut table = output.table(&[
        ("清除日期", "purged on"),
        ("个案", "case"),
        ("对方区县", "area"),
        ("原因", "why"),
    ]);
    for case in cases {
        let day = match case.why {
            WhyKept::Purged { on, .. } => on.to_string(),
            WhyKept::Held { .. } | WhyKept::Unknown(_) => "–".to_owned(),
        };
        table.add_row([
            day,
            case.id.to_string(),
            case.peer.label(),
            why(&case.why, language),
        ]);
    }
    table.to_string()
}

fn why(why: &WhyKept, language: Language) -> String {
    match why {
        WhyKept::Purged {
            kind,
            agreement,
            keep_for_days,
            ..
        } => {
            let kind = words::kind(*kind, language);
            language.pick(
                format!("协议 {agreement}：{kind}保存{keep_for_days}日"),
                format!("agreement {agreement} keeps {kind} {keep_for_days} days"),
            )
        }
        WhyKept::Held {
            since_ms, reason, ..
        } => {
            let since = short(*since_ms);
            language.pick(
                format!("依法留存，自 {since}：{reason}"),
                format!("held since {since}: {reason}"),
            )
        }
        WhyKept::Unknown(agreement) => language.pick(
            format!("本节点没有协议 {agreement}，期限不明"),
            format!("agreement {agreement} is not held here: nobody can say for how long"),
        ),
    }
}

fn object(case: &KeptCase) -> serde_json::Value {
    let mut object = json!({
        "case_id": case.id.to_string(),
        "home_area": case.home.as_str(),
        "peer_area": case.peer.as_str(),
    });
    let rest = match &case.why {
        WhyKept::Purged {
            on,
            notice,
            kind,
            agreement,
            keep_for_days,
        } => json!({
            "state": "purged_on",
            "purged_on": on.to_string(),
            "notice_id": notice.to_string(),
            "kind": kind.name(),
            "agreement": agreement.to_string(),
            "keep_for_days": keep_for_days,
        }),
        WhyKept::Held {
            since_ms,
            office,
            reason,
        } => json!({
            "state": "held",
            "held_since": rfc3339(*since_ms),
            "office": office,
            "reason": reason,
        }),
        WhyKept::Unknown(agreement) => json!({
            "state": "agreement_unknown",
            "agreement": agreement.to_string(),
        }),
    };
    if let (Some(object), serde_json::Value::Object(rest)) = (object.as_object_mut(), rest) {
        object.extend(rest);
    }
    object
}
