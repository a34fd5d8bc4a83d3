//! `hongyan breach`: whose data were touched.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::json;

use super::{
    exit::{Exit, Failure},
    home::Home,
    language::both,
    link::{LinkArguments, block_on, connect},
    moment::{day, rfc3339, short},
    notice::kind_words,
    output::{Output, OutputArguments},
};
use crate::{
    domain::{
        area::County,
        calendar::{begin_ms, end_ms},
        field::Group,
        notice::Kind,
        problem::Sentence,
    },
    office::client::{Client, ClientError, Touched, TouchedAsked, TouchedCase, TouchedTotals, Way},
};

/// What to do about a breach.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 涉及哪些个案、哪些类别的信息。 Which cases, and what kind of data
    #[command(after_help = "\
不显示任何个人信息。表格按对方区县汇总；--format json 逐件列出个案。日期按在本节点报送或收存的时间计算。对方在此\
之前收到的仍在其节点，要一并统计时不写 --from。
Shows no personal value. The table sums up by area; --format json lists every case. Days are those on \
which notices were published or stored here. What the peer got before is there too: leave --from out \
to count it.\n
示例 Examples:\n  hongyan breach report --node ./jinjiang --peer 530111\n  \
hongyan breach report --node ./jinjiang --from 2026-10-01 --until 2026-10-08 --format json")]
    Report(Report),
}

/// Arguments of `breach report`.
#[derive(Args)]
pub(super) struct Report {
    #[command(flatten)]
    link: LinkArguments,
    /// 只要该区县已有或可能已有的；不写则为本节点的全部。 Only what that area has or may have
    #[arg(long, value_name = "AREA")]
    peer: Option<County>,
    /// 从哪天起，不写则从头。 First day; else from the beginning
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Option<Date>,
    /// 到哪天止，不写则到现在。 Last day; else until now
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<Date>,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Report(arguments) => report(&arguments),
    }
}

fn report(arguments: &Report) -> Result<Exit, Failure> {
    let Report {
        link,
        peer,
        from,
        until,
        home: area,
        output,
    } = arguments;
    if from.zip(*until).is_some_and(|(from, until)| until < from) {
        return Err(Failure::usage(both(
            "--until 早于 --from。",
            "--until is before --from",
        )));
    }
    let home = Home::open(&link.node)?;
    let output = Output::new(*output);
    let asked = TouchedAsked {
        home: *area,
        peer: *peer,
        from_ms: from.and_then(begin_ms).unwrap_or(i64::MIN),
        until_ms: until.and_then(end_ms).unwrap_or(i64::MAX),
    };
    let mut sums: BTreeMap<County, Sum> = BTreeMap::new();
    let totals = block_on(async {
        let client = connect(&home, &link.office).await?;
        let mut touching = client.touched(asked).await?;
        while let Some(touched) = touching.next().await? {
            match touched {
                Touched::Case(case) if output.is_json() => output.object(&object(&case))?,
                Touched::Case(case) => sums.entry(case.peer).or_default().add(case),
                Touched::Totals(totals) => {
                    if let (Some(peer), 0) = (peer, totals.notices) {
                        must_be_a_peer(&client, *peer).await?;
                    }
                    return Ok(totals);
                }
            }
        }
        // A part of it must not pass for all.
        Err(Failure::from(ClientError::Ended(String::new())))
    })?;
    if !output.is_json() && !sums.is_empty() {
        output.line(&table(&sums, output))?;
    }
    output.say(&told(totals))?;
    Ok(Exit::Done)
}

/// Nobody touched is what must never be read of an area that was only mistyped.
///
/// # Errors
/// A fault of usage if no node is paired for the area and nothing ever went to it or came from it.
async fn must_be_a_peer(client: &Client, area: County) -> Result<(), Failure> {
    let paired = client.peers().await?;
    if paired.iter().any(|peer| peer.areas.contains(&area)) {
        return Ok(());
    }
    let channels = client.channels().await?;
    let others = channels.iter().map(|it| match it.way {
        Way::Out => it.channel.to,
        Way::In => it.channel.from,
    });
    if others.into_iter().any(|other| other == area) {
        return Ok(());
    }
    Err(Failure::usage(both(
        format!(
            "{} 不是对方区县：没有配对，也从未有过往来。请核对代码：hongyan peer list",
            area.label()
        ),
        format!(
            "{} is no peer: it is not paired, and nothing was ever exchanged with it; look the code up: hongyan peer list",
            area.label()
        ),
    )))
}

/// What was exchanged with one area.
#[derive(Default)]
struct Sum {
    cases: u64,
    sent: u64,
    received: u64,
    first_at_ms: Option<i64>,
    last_at_ms: Option<i64>,
    kinds: BTreeSet<Kind>,
    groups: BTreeSet<String>,
}

impl Sum {
    fn add(&mut self, case: TouchedCase) {
        self.cases = self.cases.saturating_add(1);
        self.sent = self.sent.saturating_add(case.sent);
        self.received = self.received.saturating_add(case.received);
        let first = self.first_at_ms.get_or_insert(case.first_at_ms);
        *first = case.first_at_ms.min(*first);
        self.last_at_ms = self.last_at_ms.max(Some(case.last_at_ms));
        self.kinds.extend(case.kinds);
        self.groups.extend(case.field_groups);
    }
}

fn table(sums: &BTreeMap<County, Sum>, output: Output) -> String {
    let mut table = output.table(&[
        ("对方区县", "area"),
        ("个案", "cases"),
        ("发出", "sent"),
        ("收到", "received"),
        ("最早", "first"),
        ("最晚", "last"),
        ("信息类别", "data"),
        ("通报类别", "kinds"),
    ]);
    for (peer, sum) in sums {
        let time = |at: Option<i64>| at.map(short).unwrap_or_default();
        let groups = sum.groups.iter().map(|name| {
            let known = Group::ALL.into_iter().find(|group| group.name() == name);
            known.map_or(name.as_str(), |group| {
                let label = group.label();
                output.language.pick(label.zh, label.en)
            })
        });
        let kinds = sum.kinds.iter();
        let kinds = kinds.map(|kind| kind_words(*kind, output.language));
        let between = output.language.pick("、", ", ");
        table.add_row([
            peer.label(),
            sum.cases.to_string(),
            sum.sent.to_string(),
            sum.received.to_string(),
            time(sum.first_at_ms),
            time(sum.last_at_ms),
            groups.collect::<Vec<_>>().join(between),
            kinds.collect::<Vec<_>>().join(between),
        ]);
    }
    table.to_string()
}

fn object(case: &TouchedCase) -> serde_json::Value {
    json!({
        "case_id": case.case.to_string(),
        "peer_area": case.peer.as_str(),
        "sent": case.sent,
        "received": case.received,
        "first_at": rfc3339(case.first_at_ms),
        "last_at": rfc3339(case.last_at_ms),
        "kinds": case.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "field_groups": case.field_groups,
    })
}

fn told(totals: TouchedTotals) -> Sentence {
    let TouchedTotals {
        notices,
        cases,
        people,
    } = totals;
    both(
        format!("涉及 {people} 人、{cases} 件个案、{notices} 条通报。"),
        format!("people: {people}, cases: {cases}, notices: {notices}"),
    )
}
