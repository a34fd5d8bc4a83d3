//! The grants of an agreement, from what people write to what each side may send of each kind, and
//! within what times.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use serde::Deserialize;

use super::{error::TermsError, side::Side};
use crate::{
    document::nearest,
    domain::{
        calendar::{Days, Reckoning},
        field::{Field, Group},
        notice::Kind,
        urgency::Urgency,
    },
};

/// What one kind may carry from one side to the other, and its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindTerms {
    /// The fields that may travel besides those of the frame.
    pub fields: BTreeSet<Field>,
    /// Within what times things are due.
    pub times: Times,
}

/// Within what times things are due for a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Up to how long after publication delivery is tried: 1 to 365 calendar days.
    pub deliver_within: Days,
    /// Within what an office takes the notice up: 1 to 365 days. None for what no one waits for.
    pub take_up_within: Option<Days>,
    /// Within what it is answered. None for a kind that is not, and where what answers it may not
    /// travel back.
    pub answer: Option<AnswerTimes>,
    /// How long the receiver keeps the payload: 1 to 3650 calendar days.
    pub keep_for: Days,
}

/// Within what a notice is answered: 1 to 365 days each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerTimes {
    /// Ordinarily.
    pub within: Days,
    /// Where she is expecting, has a newborn child, or care is due.
    pub urgent_within: Days,
}

impl AnswerTimes {
    /// Within what an answer of that urgency is due.
    pub const fn of(self, urgency: Urgency) -> Days {
        match urgency {
            Urgency::Ordinary => self.within,
            Urgency::Urgent => self.urgent_within,
        }
    }
}

impl KindTerms {
    /// Whether that field may travel. What a kind cannot do without travels wherever it does.
    pub fn lets(&self, field: Field) -> bool {
        field.group() == Group::Frame || self.fields.contains(&field)
    }
}

/// What a kind may carry that [follows](Kind::follows) by itself, but for corrections: its frame.
pub(super) static FOLLOWING: KindTerms = following(DELIVER_WITHIN);

/// The same of an erasure: it is tried longest, since whoever received the notice is to hear of it.
pub(super) static ERASING: KindTerms = following(*WITHIN.end());

const fn following(deliver_within: u16) -> KindTerms {
    KindTerms {
        fields: BTreeSet::new(),
        times: Times {
            deliver_within: Days::calendar(deliver_within),
            take_up_within: None,
            answer: None,
            keep_for: Days::calendar(KEEP_FOR),
        },
    }
}

/// What each side may send, by the side that sends.
pub(super) type Grants = BTreeMap<(Side, Kind), KindTerms>;

/// A `[[grant]]` table as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGrant {
    from: String,
    to: String,
    kinds: Vec<String>,
    fields: Vec<String>,
    #[serde(default)]
    free_text: bool,
}

/// A `[kind.NAME]` table as written.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTimes {
    deliver_within: Option<String>,
    take_up_within: Option<String>,
    answer_within: Option<String>,
    answer_urgent_within: Option<String>,
    keep_for: Option<String>,
}

/// Spreads the tables out over sides and kinds. Grants for the same kind and direction add up.
pub(super) fn grants(
    raw: Vec<RawGrant>,
    mut times: BTreeMap<String, RawTimes>,
) -> Result<Grants, TermsError> {
    let mut fields_of: BTreeMap<(Side, Kind), BTreeSet<Field>> = BTreeMap::new();
    for grant in raw {
        let RawGrant {
            from,
            to,
            kinds,
            fields,
            free_text,
        } = grant;
        let side = match (from.as_str(), to.as_str()) {
            ("a", "b") => Side::A,
            ("b", "a") => Side::B,
            _ => return Err(TermsError::GrantSides),
        };
        if kinds.is_empty() {
            return Err(TermsError::NoKinds);
        }
        let fields = expand(&fields, free_text)?;
        for name in &kinds {
            let kind = kind(name)?;
            refuse_following(kind)?;
            if kind == Kind::Message && !free_text {
                return Err(TermsError::MessageWithoutFreeText);
            }
            fields_of.entry((side, kind)).or_default().extend(&fields);
        }
    }
    if fields_of.is_empty() {
        return Err(TermsError::NoGrants);
    }
    let answered = |side: Side, kind: Kind| {
        let answer = kind.answered_by();
        answer.is_some_and(|answer| fields_of.contains_key(&(side.other(), answer)))
    };
    let mut times_of = BTreeMap::new();
    for kind in Kind::ALL {
        let granted = |side: &Side| fields_of.contains_key(&(*side, kind));
        let mut sides = Side::ALL.into_iter().filter(granted).peekable();
        let raw = times.remove(kind.name());
        if raw.is_some() {
            refuse_following(kind)?;
        }
        if sides.peek().is_none() && raw.is_some() {
            let kind = kind.name().to_owned();
            return Err(TermsError::KindNotGranted { kind });
        }
        let raw = raw.unwrap_or_default();
        raw.check_answered(kind, sides.clone().any(|side| answered(side, kind)))?;
        for side in sides {
            times_of.insert((side, kind), raw.read(kind, answered(side, kind))?);
        }
    }
    // What is left names no kind.
    for name in times.keys() {
        kind(name)?;
    }
    let joined = times_of.into_iter().map(|(key, times)| {
        let fields = fields_of.remove(&key).unwrap_or_default();
        (key, KindTerms { fields, times })
    });
    Ok(joined.collect())
}

impl RawTimes {
    /// Refuses times to answer what is never answered.
    fn check_answered(&self, kind: Kind, answered: bool) -> Result<(), TermsError> {
        let needless = [
            (&self.take_up_within, "take_up_within", kind.is_answered()),
            (&self.answer_within, "answer_within", answered),
            (&self.answer_urgent_within, "answer_urgent_within", answered),
        ];
        match needless
            .iter()
            .find(|(value, _, has)| value.is_some() && !has)
        {
            Some((_, name, _)) => Err(TermsError::NotAnswered {
                key: format!("kind.{kind}.{name}"),
            }),
            None => Ok(()),
        }
    }

    fn read(&self, kind: Kind, answered: bool) -> Result<Times, TermsError> {
        let Self {
            deliver_within,
            take_up_within,
            answer_within,
            answer_urgent_within,
            keep_for,
        } = self;
        let calendar = |name: &str, text: &Option<String>, default, range: RangeInclusive<u16>| {
            let Some(text) = text else {
                return Ok(Days::calendar(default));
            };
            let fits =
                |days: &Days| days.reckoning == Reckoning::Calendar && range.contains(&days.count);
            text.parse()
                .ok()
                .filter(fits)
                .ok_or_else(|| TermsError::Days {
                    key: format!("kind.{kind}.{name}"),
                    most: *range.end(),
                    written: "\"30 calendar days\"",
                })
        };
        let either = |name: &str, text: &Option<String>, default| {
            let Some(text) = text else {
                return Ok(default);
            };
            let fits = |days: &Days| WITHIN.contains(&days.count);
            text.parse()
                .ok()
                .filter(fits)
                .ok_or_else(|| TermsError::Days {
                    key: format!("kind.{kind}.{name}"),
                    most: *WITHIN.end(),
                    written: "\"15 working days\" or \"7 calendar days\"",
                })
        };
        let take_up = either("take_up_within", take_up_within, TAKE_UP_WITHIN)?;
        let answer = AnswerTimes {
            within: either("answer_within", answer_within, usual_answer(kind))?,
            urgent_within: either(
                "answer_urgent_within",
                answer_urgent_within,
                ANSWER_URGENT_WITHIN,
            )?,
        };
        Ok(Times {
            deliver_within: calendar("deliver_within", deliver_within, DELIVER_WITHIN, WITHIN)?,
            take_up_within: kind.is_answered().then_some(take_up),
            answer: answered.then_some(answer),
            keep_for: calendar("keep_for", keep_for, KEEP_FOR, KEEP)?,
        })
    }
}

/// The fields behind names of groups and of single fields.
fn expand(names: &[String], free_text: bool) -> Result<BTreeSet<Field>, TermsError> {
    let mut fields = BTreeSet::new();
    let of_group = |group: Group| {
        Field::ALL
            .into_iter()
            .filter(move |field| field.group() == group)
    };
    for name in names {
        match GROUPS.into_iter().find(|group| group.name() == name) {
            Some(group) => fields.extend(of_group(group)),
            None => {
                fields.insert(single(name)?);
            }
        }
    }
    if free_text {
        fields.extend(of_group(Group::FreeText));
    }
    Ok(fields)
}

fn single(name: &str) -> Result<Field, TermsError> {
    if name == Group::Care.name() {
        return Err(TermsError::CareAsAGroup);
    }
    if name == Group::FreeText.name() {
        return Err(TermsError::FreeTextAsAField);
    }
    let field = Field::from_name(name).ok_or_else(|| TermsError::UnknownField {
        name: name.to_owned(),
        nearest: nearest(
            name,
            Field::ALL
                .into_iter()
                .map(Field::name)
                .chain(GROUPS.map(Group::name)),
        )
        .map(ToOwned::to_owned),
    })?;
    match field.group() {
        Group::FreeText => Err(TermsError::FreeTextAsAField),
        Group::Identity | Group::Movement | Group::Entitlement | Group::Care | Group::Frame => {
            Ok(field)
        }
    }
}

fn kind(name: &str) -> Result<Kind, TermsError> {
    name.parse().map_err(|_| TermsError::UnknownKind {
        name: name.to_owned(),
        nearest: nearest(name, Kind::ALL.into_iter().map(Kind::name)).map(ToOwned::to_owned),
    })
}

/// Refuses to have granted by name what follows by itself.
fn refuse_following(kind: Kind) -> Result<(), TermsError> {
    if kind.follows() {
        let kind = kind.name().to_owned();
        return Err(TermsError::FollowsByItself { kind });
    }
    Ok(())
}

/// Within what that kind is ordinarily answered.
const fn usual_answer(kind: Kind) -> Days {
    match kind {
        Kind::VerificationRequest => Days::calendar(30),
        Kind::ContinuityRequest | Kind::CertificateQuery => Days::calendar(7),
        _ => ANSWER_WITHIN,
    }
}

/// The groups that may be granted as a whole.
const GROUPS: [Group; 3] = [Group::Identity, Group::Movement, Group::Entitlement];

/// For what `[kind.NAME]` leaves out: 15 working days for the answer are some three weeks, and a
/// national holiday may fall among them.
const DELIVER_WITHIN: u16 = 30;
const TAKE_UP_WITHIN: Days = Days::working(3);
const ANSWER_WITHIN: Days = Days::working(15);
const ANSWER_URGENT_WITHIN: Days = Days::calendar(7);
const KEEP_FOR: u16 = 730;

const WITHIN: RangeInclusive<u16> = 1..=365;
const KEEP: RangeInclusive<u16> = 1..=3_650;
