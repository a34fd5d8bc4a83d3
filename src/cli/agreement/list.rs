//! `hongyan agreement list`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::{
    exit::{Exit, Failure},
    home::Home,
    language::{Language, both},
    link::{LinkArguments, block_on, connect},
    output::{Output, OutputArguments},
};
use crate::{
    agreement::{Side, kind_words, life::State},
    domain::{agreement::AgreementVersion, problem::Text},
    office::client::{AgreementState, Suspended},
};

/// Arguments of `agreement list`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.link.node)?;
    let output = Output::new(arguments.output);
    let agreements = block_on(async {
        let client = connect(&home, &arguments.link.office).await?;
        Ok(client.agreements().await?)
    })?;
    if output.is_json() {
        for agreement in &agreements {
            output.object(&object(agreement))?;
        }
        return Ok(Exit::Done);
    }
    if agreements.is_empty() {
        output.say(&both(
            "还没有协议：hongyan peer invite",
            "no agreements yet: hongyan peer invite",
        ))?;
        return Ok(Exit::Done);
    }
    let mut table = output.table(&[
        ("协议", "agreement"),
        ("状态", "state"),
        ("起", "from"),
        ("止", "until"),
        ("剩余天数", "days left"),
        ("暂停", "suspended"),
    ]);
    for agreement in &agreements {
        table.add_row([
            agreement.version.to_string(),
            state_words(&agreement.state, output.language),
            agreement.valid_from.to_string(),
            agreement.ends_on.to_string(),
            agreement
                .days_left
                .map_or_else(|| "–".to_owned(), |days| days.to_string()),
            suspended_words(agreement, output.language),
        ]);
    }
    output.line(&table.to_string())?;
    Ok(Exit::Done)
}

/// How one stands, for a program.
pub(super) fn object(state: &AgreementState) -> Map<String, Value> {
    let AgreementState {
        version: AgreementVersion { id, version },
        state,
        a,
        b,
        sandbox,
        valid_from,
        ends_on,
        days_left,
        suspensions,
        digest,
    } = state;
    let suspended = suspensions.iter().map(|suspended| {
        let Suspended { by, from, kinds } = suspended;
        let kinds = kinds
            .iter()
            .map(|(side, kind)| json!({"from_side": side.name(), "kind": kind.name()}));
        json!({"by": by.name(), "from": from.to_string(), "kinds": kinds.collect::<Vec<_>>()})
    });
    let members = [
        ("id", json!(id.to_string())),
        ("version", json!(version)),
        ("state", json!(state)),
        ("party_a", json!(a.to_string())),
        ("party_b", json!(b.to_string())),
        ("sandbox", json!(sandbox)),
        ("valid_from", json!(valid_from.to_string())),
        ("ends_on", json!(ends_on.to_string())),
        ("days_left", json!(days_left)),
        ("suspended", json!(suspended.collect::<Vec<_>>())),
        ("digest", json!(digest.to_string())),
    ];
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// How people call a state.
pub(super) fn state_words(name: &str, language: Language) -> String {
    let state = State::ALL.into_iter().find(|state| state.name() == name);
    let Some(state) = state else {
        return name.to_owned();
    };
    let Text { zh, en } = match state {
        State::Draft => text("草稿", "draft"),
        State::Proposed => text("已提出", "proposed"),
        State::Accepted => text("已签，未到期初", "accepted"),
        State::InForce => text("生效", "in force"),
        State::Suspended => text("暂停", "suspended"),
        State::Ended => text("已终止", "ended"),
        State::Expired => text("已到期", "expired"),
        State::Superseded => text("已被取代", "superseded"),
    };
    language.pick(zh, en).to_owned()
}

/// What is suspended, by whom and from when on.
pub(super) fn suspended_words(state: &AgreementState, language: Language) -> String {
    let side = |side: Side| match side {
        Side::A => &state.a,
        Side::B => &state.b,
    };
    let each = state.suspensions.iter().map(|suspended| {
        let Suspended { by, from, kinds } = suspended;
        let kinds = kinds.iter().map(|(from, kind)| {
            let (from, Text { zh, en }) = (side(*from), kind_words(*kind));
            language.pick(format!("{from}的{zh}"), format!("{en} of {from}"))
        });
        let what = match suspended.kinds.as_slice() {
            [] => language.pick("全部", "everything").to_owned(),
            _ => kinds.collect::<Vec<_>>().join(language.pick("、", ", ")),
        };
        let by = side(*by);
        language.pick(
            format!("{what}（{by}自{from}起暂停）"),
            format!("{what} (by {by} since {from})"),
        )
    });
    each.collect::<Vec<_>>().join(language.pick("；", "; "))
}

const fn text(zh: &'static str, en: &'static str) -> Text {
    Text { zh, en }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{channel::Digest, notice::Kind};

    #[test]
    fn what_is_suspended_is_told_with_who_and_since_when() {
        let from = jiff::civil::date(2026, 10, 8);
        let suspensions = vec![
            Suspended {
                by: Side::A,
                from,
                kinds: vec![(Side::B, Kind::Departure), (Side::A, Kind::Message)],
            },
            Suspended {
                by: Side::B,
                from,
                kinds: vec![],
            },
        ];
        let state = AgreementState {
            version: "350582-530111/1".parse().unwrap(),
            state: "in_force".to_owned(),
            a: "350582".parse().unwrap(),
            b: "530111".parse().unwrap(),
            sandbox: true,
            valid_from: from,
            ends_on: from,
            days_left: Some(0),
            suspensions,
            digest: Digest::default(),
        };
        assert_eq!(
            suspended_words(&state, Language::En),
            "departures of 530111, messages of 350582 (by 350582 since 2026-10-08); everything (by 530111 since 2026-10-08)"
        );
        assert_eq!(
            suspended_words(&state, Language::Zh),
            "530111的流出通报、350582的留言（350582自2026-10-08起暂停）；全部（530111自2026-10-08起暂停）"
        );
    }

    #[test]
    fn every_state_has_words_and_an_unknown_one_its_name() {
        for state in State::ALL {
            assert_ne!(state_words(state.name(), Language::Zh), state.name());
        }
        assert_eq!(state_words("later", Language::Zh), "later");
    }
}
