//! `hongyan audit list`.

use clap::Args;
use serde_json::{Value, json};

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        moment::{rfc3339, short},
        output::{Output, OutputArguments},
    },
    Span,
};
use crate::{
    domain::audit::Act,
    office::client::{AuditListing, AuditRow},
};

/// Arguments of `audit list`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    span: Span,
    /// 何人：办公室名称等的一部分。 Who: a part of it, for example an office's name
    #[arg(long, value_name = "TEXT")]
    who: Option<String>,
    /// 何事，例如 published。 What, for example published
    #[arg(long, value_name = "ACT")]
    act: Option<Act>,
    /// 最多多少条。 At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        span,
        who,
        act,
        limit,
        output,
    } = arguments;
    span.must_make_sense()?;
    let Span { from, until, home } = span;
    let listing = AuditListing {
        home,
        from_ms: from,
        until_ms: until,
        who,
        act,
    };
    let home = Home::open(&link.node)?;
    let output = Output::new(output);
    let mut table = output.table(&[
        ("序号", "number"),
        ("时间", "at"),
        ("何人", "who"),
        ("角色", "role"),
        ("来自", "from"),
        ("何事", "act"),
        ("对象", "on"),
        ("目的", "purpose"),
        ("结果", "outcome"),
        ("数量", "count"),
    ]);
    let more = block_on(async {
        let client = connect(&home, &link.office).await?;
        let mut left = limit;
        let mut token = String::new();
        while left > 0 {
            let size = u32::try_from(left).map_or(PAGE, |left| left.min(PAGE));
            let (rows, next) = client.audit(&listing, size, token).await?;
            for row in &rows {
                if output.is_json() {
                    output.object(&object(row))?;
                } else {
                    table.add_row(cells(row, output));
                }
            }
            left = left.saturating_sub(rows.len() as u64);
            token = next;
            if token.is_empty() {
                break;
            }
        }
        Ok(!token.is_empty())
    })?;
    if !output.is_json() {
        output.line(&table.to_string())?;
    }
    if more {
        output.say(&both(
            format!("仅显示最新的{limit}条，还有更早的：加大 --limit，或用 --from、--until 限定时间。"),
            format!(
                "the newest {limit} only, and there are more: raise --limit, or name a time with --from and --until"
            ),
        ))?;
    }
    Ok(Exit::Done)
}

fn cells(row: &AuditRow, output: Output) -> [String; 10] {
    let text = row.act.text();
    let purpose = match (row.purpose.as_str(), row.reason.as_str()) {
        ("duty", _) => output.language.pick("履职", "duty"),
        ("masked", _) => output.language.pick("遮盖", "masked"),
        (_, reason) => reason,
    };
    let outcome = match row.outcome.as_str() {
        "done" => output.language.pick("完成", "done").to_owned(),
        _ => format!("{} {}", output.language.pick("拒绝", "refused"), row.code),
    };
    [
        row.number.to_string(),
        short(row.at_ms),
        row.who.clone(),
        row.role.clone(),
        row.from.clone(),
        output.language.pick(text.zh, text.en).to_owned(),
        row.on.join("\n"),
        purpose.to_owned(),
        outcome,
        count(row),
    ]
}

/// Done, and where it matters how many were repeated and refused.
fn count(row: &AuditRow) -> String {
    match (row.done, row.repeated, row.refused) {
        (0, 0, 0) => String::new(),
        (done, 0, 0) => done.to_string(),
        (done, repeated, refused) => format!("{done} ↻{repeated} ✗{refused}"),
    }
}

fn object(row: &AuditRow) -> Value {
    let AuditRow {
        home,
        number,
        at_ms,
        who,
        role,
        from,
        act,
        on,
        purpose,
        reason,
        outcome,
        code,
        done,
        repeated,
        refused,
    } = row;
    json!({
        "home_area": home.as_str(),
        "number": number,
        "at": rfc3339(*at_ms),
        "who": who,
        "role": role,
        "from": from,
        "act": act.name(),
        "on": on,
        "purpose": purpose,
        "reason": reason,
        "outcome": outcome,
        "code": code,
        "done": done,
        "repeated": repeated,
        "refused": refused,
    })
}

/// Acts fetched at once.
const PAGE: u32 = 1_000;
