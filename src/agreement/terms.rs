//! One version of one agreement, as parsed from its text.

use std::{collections::BTreeMap, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest as sha};
use jiff::{ToSpan as _, civil::Date};
use serde::Deserialize;

use super::{
    attachments::{Desk, ImpactAssessment, RawAssessment, RawDesks, line},
    canonical,
    error::TermsError,
    grants::{ERASING, FOLLOWING, Grants, KindTerms, RawGrant, RawTimes, grants},
    route::Route,
    side::Side,
};
use crate::{
    document,
    domain::{
        agreement::{AgreementId, AgreementVersion},
        calendar::{self, Days, Reckoning},
        channel::{Channel, Digest},
        field::Group,
        notice::Kind,
        territory::Territory,
    },
};

/// One version of one agreement between two administrative units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Its name.
    pub version: AgreementVersion,
    /// The side that invited.
    pub a: Territory,
    /// The side that accepted.
    pub b: Territory,
    /// Whether it is for trial notices, and for nothing else.
    pub sandbox: bool,
    /// Purpose code, which stands on every notice.
    pub purpose: String,
    /// Legal basis, as both sides state it.
    pub legal_basis: String,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force.
    pub valid_until: Date,
    /// The duty desk of a.
    pub desk_a: Option<Desk>,
    /// The duty desk of b.
    pub desk_b: Option<Desk>,
    /// The impact assessment behind it; there in production wherever care fields or free text may
    /// travel.
    pub impact_assessment: Option<ImpactAssessment>,
    pub(super) grants: Grants,
    pub(super) digest: Digest,
    pub(super) text: Arc<str>,
}

impl Agreement {
    /// Reads an agreement from its text.
    ///
    /// # Errors
    /// The first fault, naming the key.
    pub fn parse(text: &str) -> Result<Self, TermsError> {
        let RawAgreement {
            id,
            version,
            sandbox,
            purpose,
            legal_basis,
            valid_from,
            valid_until,
            valid_for,
            parties: RawParties { a, b },
            grant,
            kind,
            desk,
            impact_assessment,
        } = document::parse(text)?;
        let a = party("parties.a", &a)?;
        let b = party("parties.b", &b)?;
        let pair = AgreementId::between(a, b).map_err(|_| TermsError::OneArea)?;
        if id.parse() != Ok(pair) {
            return Err(TermsError::Id { expected: pair });
        }
        if version == 0 {
            return Err(TermsError::VersionZero);
        }
        let valid_from = day("valid_from", &valid_from)?;
        let valid_until = day("valid_until", &valid_until)?;
        if valid_until < valid_from {
            return Err(TermsError::DatesReversed);
        }
        if let Some(text) = valid_for {
            let days = longest(&text)?;
            if last_day(valid_from, days).is_some_and(|last| valid_until > last) {
                return Err(TermsError::TooLong { days });
            }
        }
        if !is_purpose(&purpose) {
            return Err(TermsError::Purpose);
        }
        let (desk_a, desk_b) = desk.read()?;
        let mut agreement = Self {
            version: AgreementVersion { id: pair, version },
            a,
            b,
            sandbox,
            purpose,
            legal_basis: line("legal_basis", legal_basis, 500)?,
            valid_from,
            valid_until,
            desk_a,
            desk_b,
            impact_assessment: impact_assessment.map(RawAssessment::read).transpose()?,
            grants: grants(grant, kind)?,
            digest: Digest::default(),
            text: text.into(),
        };
        agreement.check_assessment()?;
        let digest = sha(&SHA256, &agreement.canonical());
        agreement.digest = Digest::try_from(digest.as_ref()).unwrap_or_default();
        Ok(agreement)
    }

    /// The bytes that its digest covers: the same for every text that says the same.
    pub fn canonical(&self) -> Vec<u8> {
        canonical::bytes(self)
    }

    /// SHA-256 of its canonical bytes.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The text that it was read from, comments and all. Another text may say the same, and then has
    /// the same digest.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The unit of a side.
    pub const fn party(&self, side: Side) -> Territory {
        match side {
            Side::A => self.a,
            Side::B => self.b,
        }
    }

    /// The side that sends, if the agreement covers that route. A movement is covered where each
    /// side's own area is known to lie in that side's unit; an answer, which names no such area,
    /// wherever each end of its channel has to do with another unit.
    pub fn sender(&self, route: Route) -> Option<Side> {
        Side::ALL.into_iter().find(|side| {
            let (from, to) = (self.party(*side), self.party(side.other()));
            match route {
                Route::Movement {
                    from: out,
                    to: into,
                } => from.covers(out) && to.covers(into),
                Route::Answer(channel) => from.meets(channel.from) && to.meets(channel.to),
            }
        })
    }

    /// The side that sends on that channel, if the agreement has to do with it at all.
    pub fn sender_on(&self, channel: Channel) -> Option<Side> {
        self.sender(Route::Answer(channel))
    }

    /// What is granted to that kind from that side; `None` if it may not travel, or
    /// [follows](Kind::follows) by itself.
    pub fn terms(&self, from: Side, kind: Kind) -> Option<&KindTerms> {
        self.grants.get(&(from, kind))
    }

    /// The fewest days for which it has anything kept.
    pub(super) fn shortest_keep(&self) -> Option<u16> {
        let granted = self.grants.values();
        granted.map(|terms| terms.times.keep_for.count).min()
    }

    /// What that kind may carry from that side, granted or following; `None` if it may not travel.
    /// A correction may carry from a side what the kind that it mends may, and so is none where
    /// that is not granted to this side.
    pub(super) fn lets(
        &self,
        from: Side,
        kind: Kind,
        corrects: Option<Kind>,
    ) -> Option<&KindTerms> {
        match kind {
            Kind::Correction => self.terms(from, corrects?),
            Kind::Erasure => Some(&ERASING),
            kind if kind.follows() => Some(&FOLLOWING),
            kind => self.terms(from, kind),
        }
    }

    /// Care fields and free text have consequences that somebody must have thought about before.
    fn check_assessment(&self) -> Result<(), TermsError> {
        let grave = self.grants.values().any(|terms| {
            let mut fields = terms.fields.iter();
            fields.any(|field| matches!(field.group(), Group::Care | Group::FreeText))
        });
        match &self.impact_assessment {
            None if grave && !self.sandbox => Err(TermsError::AssessmentMissing),
            Some(assessment) if assessment.date > self.valid_from => {
                Err(TermsError::AssessmentLate)
            }
            None | Some(_) => Ok(()),
        }
    }
}

/// For how many calendar days an agreement with that `valid_for` may be in force, 1 to 3650.
pub(super) fn longest(text: &str) -> Result<u16, TermsError> {
    match text.parse() {
        Ok(Days {
            count,
            reckoning: Reckoning::Calendar,
        }) if (1..=MOST_DAYS).contains(&count) => Ok(count),
        _ => Err(TermsError::Days {
            key: "valid_for".into(),
            most: MOST_DAYS,
            written: "\"90 calendar days\"",
        }),
    }
}

/// The last of so many days from that one on; none beyond the calendar.
pub(super) fn last_day(first: Date, days: u16) -> Option<Date> {
    first
        .checked_add(i32::from(days).days())
        .and_then(|day| day.yesterday())
        .ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAgreement {
    id: String,
    version: u32,
    sandbox: bool,
    purpose: String,
    legal_basis: String,
    valid_from: String,
    valid_until: String,
    /// Says no more than the dates do: a bound that a template sets to them.
    valid_for: Option<String>,
    parties: RawParties,
    grant: Vec<RawGrant>,
    #[serde(default)]
    kind: BTreeMap<String, RawTimes>,
    #[serde(default)]
    desk: RawDesks,
    impact_assessment: Option<RawAssessment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParties {
    a: String,
    b: String,
}

fn party(key: &'static str, code: &str) -> Result<Territory, TermsError> {
    code.parse().map_err(|_| TermsError::Party { key })
}

fn day(key: &'static str, text: &str) -> Result<Date, TermsError> {
    calendar::parse_day(text).ok_or(TermsError::Day { key })
}

fn is_purpose(code: &str) -> bool {
    (1..=64).contains(&code.len())
        && code
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

const MOST_DAYS: u16 = 3_650;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{agreement::samples::TEXT, domain::calendar::Days};

    #[test]
    fn the_digest_depends_on_what_is_said_not_on_how() {
        let agreement = Agreement::parse(TEXT).unwrap();
        let same = [
            format!("# a comment\n\n{TEXT}"),
            TEXT.replace(" = ", "="),
            TEXT.replace(
                "[\"departure\", \"feedback\"]",
                "[\"feedback\",\n  \"departure\"]",
            ),
            TEXT.replace(
                "[\"identity\", \"next_check_on\"]",
                "[\"next_check_on\", \"subject.phone\", \"identity\"]",
            ),
            // A default that is written out.
            format!("{TEXT}\n[kind.message]\nkeep_for = \"730 calendar days\"\n"),
            format!("valid_for = \"1096 calendar days\"\n{TEXT}"),
        ];
        for text in same {
            let parsed = Agreement::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(parsed.digest(), agreement.digest());
        }
        // That every single change gives another digest, `differences` shows.
        let swapped = TEXT
            .replace("a = \"350582\"", "a = \"530111\"")
            .replace("b = \"530111\"", "b = \"350582\"");
        let swapped = Agreement::parse(&swapped).unwrap();
        assert_ne!(swapped.digest(), agreement.digest());
    }

    #[test]
    fn times_that_are_left_out_have_their_defaults() {
        let agreement = Agreement::parse(TEXT).unwrap();
        let departure = &agreement.terms(Side::A, Kind::Departure).unwrap().times;
        assert_eq!(departure.deliver_within, Days::calendar(20));
        assert_eq!(departure.take_up_within, Some(Days::working(3)));
        let answer = departure.answer.unwrap();
        assert_eq!(answer.within, Days::working(10));
        assert_eq!(answer.urgent_within, Days::calendar(7));
        assert_eq!(departure.keep_for, Days::calendar(730));
        let message = &agreement.terms(Side::B, Kind::Message).unwrap().times;
        assert_eq!(message.deliver_within, Days::calendar(30));
        assert_eq!((message.take_up_within, message.answer), (None, None));
        assert_eq!(agreement.terms(Side::A, Kind::Message), None);
    }

    #[test]
    fn each_kind_that_is_answered_has_its_own_time_where_its_own_answer_may_come() {
        let granted = |back: &str| {
            let text = TEXT
                .replace(
                    "[\"departure\", \"feedback\"]",
                    "[\"departure\", \"feedback\", \"verification_request\", \"continuity_request\", \"certificate_query\"]",
                )
                .replace("[\"feedback\", \"message\"]", back)
                .replace("answer_within = \"10 working days\"", "");
            Agreement::parse(&text).unwrap()
        };
        let within = |agreement: &Agreement, kind| {
            let times = agreement.terms(Side::A, kind).unwrap().times;
            assert_eq!(times.take_up_within, Some(Days::working(3)), "{kind}");
            times.answer.map(|answer| answer.within)
        };
        let all = granted("[\"feedback\", \"continuity_transfer\", \"certificate_result\"]");
        let none = granted("[\"return\"]");
        for (kind, usual) in [
            (Kind::VerificationRequest, Days::calendar(30)),
            (Kind::ContinuityRequest, Days::calendar(7)),
            (Kind::CertificateQuery, Days::calendar(7)),
        ] {
            assert_eq!(within(&all, kind), Some(usual), "{kind}");
            assert_eq!(within(&none, kind), None, "{kind}");
            let answer = kind.answered_by().unwrap();
            let own = granted(&format!("[\"feedback\", \"{answer}\"]"));
            for other in [Kind::ContinuityRequest, Kind::CertificateQuery] {
                let answered = other == kind;
                assert_eq!(
                    within(&own, other).is_some(),
                    answered,
                    "{other} by {answer}"
                );
            }
        }
    }

    #[test]
    fn a_wrong_text_is_refused_by_key() {
        let long = format!("telephone = \"{}\"", "0".repeat(51));
        let cases = [
            (
                "a = \"350582\"",
                "a = \"35058\"",
                "`parties.a` must be a province (2 digits), prefecture (4), county (6), township (9) or village (12)",
            ),
            (
                "b = \"530111\"",
                "b = \"530111000\"",
                "`parties.b` must be a province (2 digits), prefecture (4), county (6), township (9) or village (12)",
            ),
            (
                "b = \"530111\"",
                "b = \"350582\"",
                "`parties.a` and `parties.b` must be two areas that share no county",
            ),
            (
                "b = \"530111\"",
                "b = \"3505\"",
                "`parties.a` and `parties.b` must be two areas that share no county",
            ),
            (
                "a = \"350582\"",
                "a = \"350582104\"",
                "`id` must be `350582104-530111`, the two areas with the lower code first",
            ),
            (
                "id = \"350582-530111\"",
                "id = \"530111-350582\"",
                "`id` must be `350582-530111`, the two areas with the lower code first",
            ),
            ("version = 1", "version = 0", "`version` must be 1 or more"),
            (
                "version = 1",
                "version = -1",
                "line 2: `version` takes a whole number",
            ),
            ("version = 1", "", "`version` is missing"),
            (
                "version = 1",
                "versoin = 1",
                "line 2: unknown key `versoin`; did you mean `version`?",
            ),
            (
                "\"2026-01-01\"",
                "\"2026-1-1\"",
                "`valid_from` must be a day written as \"2026-10-08\"",
            ),
            (
                "\"2028-12-31\"",
                "\"2025-12-31\"",
                "`valid_until` must not lie before `valid_from`",
            ),
            (
                "version = 1",
                "version = 1\nvalid_for = \"1095 calendar days\"",
                "`valid_until` must not lie beyond `valid_for`, 1095 calendar days",
            ),
            (
                "version = 1",
                "version = 1\nvalid_for = \"90 working days\"",
                "`valid_for` must be 1 to 3650 days, written as \"90 calendar days\"",
            ),
            (
                "mobility_service",
                "Mobility",
                "`purpose` must be 1 to 64 characters of a-z, 0-9 and _",
            ),
            (
                "basis of the test",
                " ",
                "`legal_basis` must be one line of 1 to 500 characters",
            ),
            (
                "流动人口办公室",
                "流动人口\\u0007",
                "`desk.b.office` must be one line of 1 to 100 characters",
            ),
            (
                "telephone = \"0871-00000000\"",
                &long,
                "`desk.b.telephone` must be one line of 1 to 50 characters",
            ),
            (
                "telephone = \"0871-00000000\"",
                "",
                "line 36: `telephone` is missing",
            ),
            (
                "digest = \"99",
                "digest = \"9",
                "`impact_assessment.digest` must be the SHA-256 of the document, 64 digits of 0-9a-f",
            ),
            (
                "\"2025-12-01\"",
                "\"2026-01-02\"",
                "`impact_assessment.date` must not lie after `valid_from`",
            ),
            (
                "from = \"a\"",
                "from = \"b\"",
                "`grant.from` and `grant.to` must be \"a\" and \"b\", one each",
            ),
            (
                "[\"departure\", \"feedback\"]",
                "[]",
                "`grant.kinds` must name a kind",
            ),
            (
                "\"departure\", ",
                "\"departur\", ",
                "no such kind `departur`; did you mean `departure`?",
            ),
            (
                "\"identity\", ",
                "\"identiti\", ",
                "no such field or group `identiti` in `grant.fields`; did you mean `identity`?",
            ),
            (
                "\"identity\", ",
                "\"care\", ",
                "care fields are listed one by one in `grant.fields`, never as a group",
            ),
            (
                "\"identity\", ",
                "\"note\", ",
                "free text is turned on by `grant.free_text = true`, not in `grant.fields`",
            ),
            (
                "\"identity\", ",
                "\"free_text\", ",
                "free text is turned on by `grant.free_text = true`, not in `grant.fields`",
            ),
            (
                "\"departure\", ",
                "\"message\", ",
                "`message` in `grant.kinds` needs `grant.free_text = true`",
            ),
            (
                "20 calendar",
                "366 calendar",
                "`kind.departure.deliver_within` must be 1 to 365 days, written as \"30 calendar days\"",
            ),
            (
                "20 calendar",
                "20 working",
                "`kind.departure.deliver_within` must be 1 to 365 days, written as \"30 calendar days\"",
            ),
            (
                "10 working",
                "0 working",
                "`kind.departure.answer_within` must be 1 to 365 days, written as \"15 working days\" or \"7 calendar days\"",
            ),
            (
                "answer_within = \"10 working days\"",
                "keep_for = \"3651 calendar days\"",
                "`kind.departure.keep_for` must be 1 to 3650 days, written as \"30 calendar days\"",
            ),
            (
                "[kind.departure]",
                "[kind.feedback]",
                "`kind.feedback.answer_within` is for kinds that are answered, where the answer may travel back: departure by feedback, arrival by feedback, verification_request by feedback, continuity_request by continuity_transfer, certificate_query by certificate_result",
            ),
            (
                "[\"feedback\", \"message\"]",
                "[\"message\"]",
                "`kind.departure.answer_within` is for kinds that are answered, where the answer may travel back: departure by feedback, arrival by feedback, verification_request by feedback, continuity_request by continuity_transfer, certificate_query by certificate_result",
            ),
            (
                "[kind.departure]",
                "[kind.arrival]",
                "`kind.arrival` has terms, but no grant names `arrival`",
            ),
            (
                "\"departure\", ",
                "\"departure\", \"erasure\", ",
                "`erasure` is not granted by name: it follows what was told before, and every agreement lets it through, both ways; leave it out",
            ),
            (
                "[kind.departure]",
                "[kind.taken_up]\n[kind.departure]",
                "`taken_up` is not granted by name: it follows what was told before, and every agreement lets it through, both ways; leave it out",
            ),
            (
                "[kind.departure]",
                "[kind.retrun]\n[kind.departure]",
                "no such kind `retrun`; did you mean `return`?",
            ),
        ];
        for (from, to, expected) in cases {
            let text = TEXT.replacen(from, to, 1);
            assert_ne!(text, TEXT, "{from}");
            assert_eq!(Agreement::parse(&text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn production_needs_an_assessment_for_care_fields_and_free_text() {
        let (bare, _) = TEXT.split_once("[impact_assessment]").unwrap();
        let production = bare.replace("sandbox = true", "sandbox = false");
        let without_care = production.replace(", \"next_check_on\"", "");
        let harmless = without_care
            .replace(", \"message\"", "")
            .replace("free_text = true", "");
        for (text, missing) in [
            (bare, false),
            (&production, true),
            (&without_care, true),
            (&harmless, false),
            (&TEXT.replace("sandbox = true", "sandbox = false"), false),
        ] {
            let error = Agreement::parse(text).err();
            assert_eq!(error, missing.then_some(TermsError::AssessmentMissing));
        }
    }
}
