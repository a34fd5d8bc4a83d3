//! What a probe found, line by line: the screen of `peer probe`, and what `doctor` says of it.

use comfy_table::{ContentArrangement, Table};

use super::super::{
    faults::of_certificates,
    home::Home,
    language::both,
    moment::{age, short},
    output::Output,
};
use crate::{
    domain::{
        area::County,
        channel::Channel,
        problem::{Sentence, Text},
    },
    exchange::Misdeed,
    office::client::{AgreementComparison, ChannelComparison, Probe},
};

/// One line.
pub(super) struct Line {
    what: Sentence,
    pub(super) found: Sentence,
    pub(super) state: State,
}

/// Whether something has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Fine,
    /// Nothing is wrong yet.
    Soon,
    Wrong,
}

impl State {
    const fn mark(self) -> &'static str {
        match self {
            Self::Fine => "✓",
            Self::Soon => "!",
            Self::Wrong => "✗",
        }
    }

    const fn wrong_unless(fine: bool) -> Self {
        if fine { Self::Fine } else { Self::Wrong }
    }

    const fn soon_if(soon: bool) -> Self {
        if soon { Self::Soon } else { Self::Fine }
    }
}

/// How people call the peer of an area.
pub(super) fn name(home: &Home, area: County) -> Sentence {
    if home.config.areas.contains(&area) {
        both("本节点各区县之间", "between the areas of this node")
    } else {
        both(area.label(), area.label())
    }
}

/// Everything that a probe found, in the order in which people mend it.
pub(super) fn lines(probe: &Probe, now_ms: i64, ours: &[County]) -> Vec<Line> {
    let mut lines = vec![reached(probe)];
    if probe.failure.is_none() {
        lines.extend([certificate(probe, now_ms), clock(probe), versions(probe)]);
    }
    lines.extend(probe.agreements.iter().map(agreement));
    lines.extend(
        probe
            .channels
            .iter()
            .map(|channel| compared(probe, channel, ours)),
    );
    let unseen = probe
        .waiting
        .iter()
        .filter(|(channel, _)| !probe.channels.iter().any(|it| it.channel == *channel));
    lines.extend(unseen.map(|(channel, seconds)| waiting(*channel, *seconds)));
    lines.extend(nonsense(probe));
    lines
}

/// The lines as a table that fits a terminal of 80 columns.
pub(super) fn table(output: Output, name: &Sentence, lines: &[Line]) -> String {
    let mut table: Table =
        output.table(&[("", ""), (name.zh.as_str(), name.en.as_str()), ("", "")]);
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    for Line { what, found, state } in lines {
        let language = output.language;
        table.add_row([state.mark(), language.of(what), language.of(found)]);
    }
    table.to_string()
}

fn reached(probe: &Probe) -> Line {
    let what = both("连接", "link");
    let Some(failure) = &probe.failure else {
        let milliseconds = probe.round_trip_us / 1_000;
        return Line {
            what,
            found: both(
                format!("可达，{milliseconds} 毫秒应答"),
                format!("reachable, answers in {milliseconds} ms"),
            ),
            state: State::Fine,
        };
    };
    let found = match of_certificates(failure) {
        Some(Text { zh, en }) => both(format!("连接未成。{zh}"), format!("no connection. {en}")),
        None => both(
            format!("没有应答（{failure}）。请核对地址、防火墙和对方证书。"),
            format!("no answer ({failure}); check address, firewall and the peer's certificate"),
        ),
    };
    Line {
        what,
        found,
        state: State::Wrong,
    }
}

fn certificate(probe: &Probe, now_ms: i64) -> Line {
    let until = probe.certificate_until_ms;
    let days = until.saturating_sub(now_ms) / DAY_MS;
    let at = short(until);
    Line {
        what: both("对方证书", "certificate"),
        found: both(
            format!("至 {at}，剩余 {days} 天"),
            format!("until {at}, {days} days left"),
        ),
        state: State::soon_if(days < CERTIFICATE_DAYS),
    }
}

fn clock(probe: &Probe) -> Line {
    let apart = probe.clock_difference_ms;
    let too_far = apart.saturating_abs() > APART_MS;
    let mut found = both(
        format!("对方减本方 {apart} 毫秒"),
        format!("{apart} ms, theirs less ours"),
    );
    if too_far {
        found.zh += "，请双方与时间服务器同步";
        found.en += "; keep both by a time server";
    }
    Line {
        what: both("时钟", "clock"),
        found,
        state: State::soon_if(too_far),
    }
}

fn versions(probe: &Probe) -> Line {
    let list = |versions: &[u32]| {
        let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
        versions.join(", ")
    };
    let (here, there) = (list(&probe.versions_here), list(&probe.versions));
    let mut ours = probe.versions_here.iter();
    Line {
        what: both("通信协议", "protocol"),
        found: both(
            format!("本方 {here}，对方 {there}"),
            format!("{here} here, {there} there"),
        ),
        state: State::wrong_unless(ours.any(|version| probe.versions.contains(version))),
    }
}

fn agreement(compared: &AgreementComparison) -> Line {
    let version = compared.version();
    let (zh, en) = match (compared.here, compared.there) {
        _ if compared.equal => ("一致", "equal"),
        (0, _) => ("仅对方持有", "only there"),
        (_, 0) => ("仅本方持有", "only here"),
        _ => ("双方文本不同", "the texts differ"),
    };
    let mut found = both(format!("{version} {zh}"), format!("{version} {en}"));
    let keys: Vec<&str> = compared
        .differences
        .iter()
        .map(|it| it.key.as_str())
        .collect();
    if !keys.is_empty() {
        let mut shown = keys
            .iter()
            .take(KEYS)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        if keys.len() > KEYS {
            shown += " …";
        }
        let (mut against_zh, mut against_en) = (String::new(), String::new());
        if compared.compared_version != 0 {
            let other = compared.compared_version;
            against_zh = format!("与另一方第{other}版比较，");
            against_en = format!("against version {other}, ");
        }
        let count = keys.len();
        found.zh += &format!("；{against_zh}{count}处不同：{shown}");
        found.en += &format!("; {against_en}{count} differ: {shown}");
    }
    Line {
        what: both("协议", "agreement"),
        found,
        state: State::wrong_unless(compared.equal),
    }
}

fn compared(probe: &Probe, compared: &ChannelComparison, ours: &[County]) -> Line {
    let ChannelComparison {
        channel,
        here,
        there,
        heads_agree,
    } = compared;
    let Channel { from, to } = channel;
    let mut waiting = probe.waiting.iter();
    let oldest = waiting.find(|(it, _)| it == channel);
    let oldest = match oldest {
        Some((_, seconds)) if *seconds > 0 => {
            let age = age(*seconds);
            both(
                format!("，最久未答复 {}", age.zh),
                format!(", oldest unanswered {}", age.en),
            )
        }
        _ => both("", ""),
    };
    // What a peer holds of this node's own was given here.
    let set_back = ours.contains(from) && !ours.contains(to) && there > here;
    let (zh, en) = match (set_back, *heads_agree) {
        (true, _) => (
            "本节点的数据被退回，请执行 hongyan channel adopt",
            "this node was set back, run hongyan channel adopt",
        ),
        (false, true) => ("记录一致", "the heads agree"),
        (false, false) => (
            "记录不一致，请查看 hongyan channel list",
            "the heads differ, see hongyan channel list",
        ),
    };
    Line {
        what: both("通道", "channel"),
        found: both(
            format!(
                "{from} → {to}：本方 {here}，对方 {there}，{zh}{}",
                oldest.zh
            ),
            format!(
                "{from} → {to}: {here} here, {there} there, {en}{}",
                oldest.en
            ),
        ),
        state: State::wrong_unless(*heads_agree && !set_back),
    }
}

/// A channel of which the peer said nothing.
fn waiting(channel: Channel, seconds: u64) -> Line {
    let Channel { from, to } = channel;
    let age = age(seconds);
    Line {
        what: both("通道", "channel"),
        found: both(
            format!("{from} → {to}：最久未答复 {}", age.zh),
            format!("{from} → {to}: oldest unanswered {}", age.en),
        ),
        state: State::soon_if(seconds > 0),
    }
}

fn nonsense(probe: &Probe) -> Option<Line> {
    let (code, at_ms) = probe.misbehaviour.as_ref()?;
    let at = short(*at_ms);
    let Sentence { zh, en } = misdeed_words(code);
    Some(Line {
        what: both("异常", "misdeed"),
        found: both(
            format!("{at} {zh}（{code}）"),
            format!("{at} {en} ({code})"),
        ),
        state: State::Wrong,
    })
}

/// What people read of a misdeed of that name.
pub(super) fn misdeed_words(code: &str) -> Sentence {
    let known = Misdeed::ALL.into_iter().find(|it| it.name() == code);
    known.map_or_else(
        || both(code, code),
        |misdeed| {
            let Text { zh, en } = misdeed.text();
            both(zh, en)
        },
    )
}

const WIDTH: u16 = 80;
const DAY_MS: i64 = 86_400_000;
/// A certificate that ends within so many days is worth a word.
const CERTIFICATE_DAYS: i64 = 14;
/// Clocks further apart than this are worth a word.
const APART_MS: i64 = 5_000;
/// So many keys are named; `agreement diff` names all.
const KEYS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agreement::Difference,
        cli::{language::Language, output::Format},
    };

    const NOW: i64 = 1_795_276_800_000;

    fn channel(from: &str, to: &str) -> Channel {
        Channel {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        }
    }

    fn probe() -> Probe {
        let [out, back] = [channel("350582", "530111"), channel("530111", "350582")];
        let differs = |key: &str| Difference {
            key: key.into(),
            label: both("", ""),
            here: None,
            there: None,
        };
        let compared = |here, there, equal, keys: &[&str], compared_version| AgreementComparison {
            id: "350582-530111".parse().unwrap(),
            here,
            there,
            equal,
            differences: keys.iter().map(|key| differs(key)).collect(),
            compared_version,
        };
        Probe {
            failure: None,
            round_trip_us: 12_345,
            clock_difference_ms: -7_000,
            versions: vec![1, 2],
            versions_here: vec![1],
            certificate_until_ms: NOW + 90 * DAY_MS,
            agreements: vec![
                compared(1, 1, true, &[], 0),
                compared(2, 2, false, &["valid_until"], 0),
                compared(
                    0,
                    3,
                    false,
                    &[
                        "version",
                        "valid_until",
                        "grant.a.departure.next_check_on",
                        "kind.a.departure.keep_for",
                        "kind.b.departure.keep_for",
                    ],
                    2,
                ),
            ],
            channels: vec![
                ChannelComparison {
                    channel: out,
                    here: 12,
                    there: 9,
                    heads_agree: true,
                },
                ChannelComparison {
                    channel: back,
                    here: 4,
                    there: 4,
                    heads_agree: false,
                },
            ],
            waiting: vec![(out, 3_700)],
            misbehaviour: Some(("wrong_form".into(), NOW)),
        }
    }

    fn screen(probe: &Probe, language: Language) -> String {
        let format = Format::Table;
        let output = Output { format, language };
        let name = both("官渡区 530111", "官渡区 530111");
        table(output, &name, &lines(probe, NOW, &[]))
    }

    /// Columns of a terminal: two for a character of Chinese.
    fn columns(line: &str) -> usize {
        let wide = |c: char| matches!(c, '\u{2e80}'..='\u{ffef}');
        line.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
    }

    #[test]
    fn the_screen_fits_a_terminal_in_both_languages() {
        let mut unreachable = probe();
        unreachable.failure = Some("Connection refused (os error 111)".into());
        unreachable.agreements.clear();
        unreachable.channels.clear();
        for probe in [probe(), unreachable] {
            for language in [Language::Zh, Language::En] {
                let screen = screen(&probe, language);
                println!("{screen}");
                let widest = screen.lines().map(columns).max().unwrap();
                assert!((40..=80).contains(&widest), "{widest}\n{screen}");
                assert!(screen.lines().count() <= 40);
            }
        }
    }

    #[test]
    fn everything_that_was_found_is_on_it() {
        let said = lines(&probe(), NOW, &[]);
        let marks: String = said.iter().map(|line| line.state.mark()).collect();
        assert_eq!(marks, "✓✓!✓✓✗✗✓✗✗");
        let said: Vec<&str> = said.iter().map(|line| line.found.en.as_str()).collect();
        assert_eq!(
            said,
            [
                "reachable, answers in 12 ms",
                "until 2027-02-20 00:00, 90 days left",
                "-7000 ms, theirs less ours; keep both by a time server",
                "1 here, 1, 2 there",
                "350582-530111/1 equal",
                "350582-530111/2 the texts differ; 1 differ: valid_until",
                "350582-530111/3 only there; against version 2, 5 differ: version, valid_until, \
                 grant.a.departure.next_check_on, kind.a.departure.keep_for …",
                "350582 → 530111: 12 here, 9 there, the heads agree, oldest unanswered 1 h 1 min",
                "530111 → 350582: 4 here, 4 there, the heads differ, see hongyan channel list",
                "2026-11-22 00:00 What it sent is not of its form, and was refused; let its \
                 operator look at the node's version and log. (wrong_form)",
            ]
        );
    }

    #[test]
    fn a_peer_that_holds_more_than_was_given_shows_that_this_node_was_set_back() {
        let mut probe = probe();
        probe.channels = vec![ChannelComparison {
            channel: channel("350582", "530111"),
            here: 4,
            there: 9,
            heads_agree: true,
        }];
        let told = |area: &str| {
            let lines = lines(&probe, NOW, &[area.parse().unwrap()]).into_iter();
            let mut lines = lines.filter(|line| line.what.en == "channel");
            lines
                .next()
                .map(|line| (line.state, line.found.en))
                .unwrap()
        };
        let (state, said) = told("350582");
        assert_eq!(state, State::Wrong);
        assert!(
            said.contains("4 here, 9 there, this node was set back"),
            "{said}"
        );
        let (state, _) = told("530111");
        assert_eq!(
            state,
            State::Fine,
            "what comes from there may be on its way"
        );
    }

    #[test]
    fn of_a_peer_that_does_not_answer_it_says_what_waits() {
        let mut probe = probe();
        probe.failure = Some("gone".into());
        probe.agreements.clear();
        probe.channels.clear();
        probe.misbehaviour = None;
        let said = lines(&probe, NOW, &[]);
        let said: Vec<(State, &str)> = said
            .iter()
            .map(|line| (line.state, line.found.zh.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                (
                    State::Wrong,
                    "没有应答（gone）。请核对地址、防火墙和对方证书。"
                ),
                (State::Soon, "350582 → 530111：最久未答复 1 小时 1 分钟"),
            ]
        );
    }
}
