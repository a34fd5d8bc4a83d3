//! The proof that an agreement in force lets something travel.

use jiff::civil::Date;

use super::{
    decide::{Against, Allowed, Request, allow},
    held::Agreements,
    route::Route,
};
use crate::{
    domain::{
        agreement::AgreementVersion,
        area::County,
        channel::Channel,
        draft::{Asked, Draft},
        field::Field,
        notice::Kind,
        problem::{Code, Problem},
        refusal::{Pause, Refusal},
    },
    envelope::Incoming,
};

/// Something that an agreement in force lets travel. Only this module makes it.
#[derive(Clone)]
pub struct Permitted<T> {
    value: T,
    grant: Grant,
}

impl<T> Permitted<T> {
    /// What may travel.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// Under what.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Something that no agreement was asked about, for tests of what takes a permitted one.
    #[cfg(test)]
    pub(crate) fn for_test(value: T) -> Self {
        let agreement: AgreementVersion = "350582-530111/1".parse().unwrap();
        Self {
            value,
            grant: Grant {
                channel: Channel {
                    from: "350582".parse().unwrap(),
                    to: "530111".parse().unwrap(),
                },
                agreement,
                purpose: String::new(),
                deadline_days: 1,
            },
        }
    }

    /// Another form of the same thing, under the same grant.
    pub fn map<U>(self, form: impl FnOnce(T, &Grant) -> U) -> Permitted<U> {
        let Self { value, grant } = self;
        Permitted {
            value: form(value, &grant),
            grant,
        }
    }

    /// Both.
    pub fn into_parts(self) -> (T, Grant) {
        (self.value, self.grant)
    }
}

/// Under what something may travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The channel.
    pub channel: Channel,
    /// The agreement and its version.
    pub agreement: AgreementVersion,
    /// Its purpose code.
    pub purpose: String,
    /// Calendar days, from publication, up to which delivery is tried.
    pub deadline_days: u16,
}

impl Grant {
    /// The business deadline of what is published at that time, both in milliseconds since
    /// 1970-01-01T00:00:00Z.
    pub const fn deadline_ms(&self, published_at_ms: i64) -> i64 {
        published_at_ms.saturating_add(DAY_MS * self.deadline_days as i64)
    }
}

/// How a node sends.
#[derive(Clone, Copy, Debug)]
pub struct Sending {
    /// Where to, for a draft that names no area: that of the notice which it answers.
    pub to: Option<County>,
    /// Whether the node is a sandbox node.
    pub sandbox: bool,
    /// Today in Asia/Shanghai.
    pub today: Date,
}

impl Sending {
    const fn request<'a>(
        &self,
        route: Route,
        (kind, corrects): (Kind, Option<Kind>),
        filled_fields: &'a [Field],
        has_consent: bool,
    ) -> Request<'a> {
        Request {
            route,
            kind,
            corrects,
            filled_fields,
            has_consent,
            sandbox: self.sandbox,
            purpose: None,
            on: self.today,
            today: self.today,
            named: None,
        }
    }
}

/// Judges a draft by the agreement that governs its route today.
///
/// # Errors
/// Everything that stands against it, each naming a field; `missing_field` at `to_area` where
/// neither draft nor caller knows where to.
pub fn permit_draft(
    draft: Draft,
    sending: &Sending,
    agreements: &Agreements,
) -> Result<Permitted<Draft>, Vec<Problem>> {
    let Some(to) = draft.to.or(sending.to) else {
        return Err(vec![Problem::new(Code::MissingField, Field::ToArea)]);
    };
    let filled = draft.filled_fields();
    let channel = Channel {
        from: draft.from,
        to,
    };
    let route = Route::of(&draft.content, channel);
    let consent = draft.consent.is_some();
    let told = (draft.content.kind(), draft.content.corrects());
    let request = sending.request(route, told, &filled, consent);
    match allow(&request, agreements) {
        Ok(allowed) => Ok(Permitted {
            grant: grant(channel, &allowed),
            value: draft,
        }),
        Err(against) => Err(as_problems(against)),
    }
}

/// What stands in the agreements against a draft that is being judged: the gate that
/// [`Draft::judge`] asks. Nothing where neither draft nor caller knows where to, since the notice
/// that is answered will say.
pub fn problems(asked: &Asked<'_>, sending: &Sending, agreements: &Agreements) -> Vec<Problem> {
    let Asked {
        kind,
        from,
        to,
        corrects,
        movement,
        answers: _,
        fields,
        consent,
    } = asked;
    let Some(to) = to.or(sending.to) else {
        return Vec::new();
    };
    let route = match *movement {
        Some((from, to)) => Route::Movement { from, to },
        None => Route::Answer(Channel { from: *from, to }),
    };
    let request = sending.request(route, (*kind, *corrects), fields, *consent);
    match allow(&request, agreements) {
        Ok(_) => Vec::new(),
        Err(against) => as_problems(against),
    }
}

/// What a receiver knows before it looks at a notice.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The channel of the stream; its sender was found to own the area that sends.
    pub channel: Channel,
    /// Whether this node, and so its peer, is a sandbox node.
    pub sandbox: bool,
    /// Today in Asia/Shanghai.
    pub today: Date,
}

/// What a receiver says to a notice.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once a notice and taken apart at once"
)]
pub enum Verdict {
    /// It may come in.
    Permitted(Permitted<Incoming>),
    /// It may never come in as it is.
    Final(Refusal),
    /// It may come in once this node holds what it names, or that is suspended no more.
    Pause(Pause),
}

/// Judges a notice by the agreement version that it names, as that stood on the day of publication;
/// but what is suspended today waits. Not permitted is final only where that very version is held
/// and has to do with the two areas of the channel: else the sender may know a newer one.
pub fn judge_incoming(incoming: Incoming, expected: &Expected, agreements: &Agreements) -> Verdict {
    let header = &incoming.header;
    if header.from != expected.channel.from {
        return Verdict::Final(Refusal::of(Code::AreaOfAnother, Field::FromArea));
    }
    if header.to != expected.channel.to {
        return Verdict::Final(Refusal::of(Code::AreaNotOurs, Field::ToArea));
    }
    if header.sandbox != expected.sandbox {
        return Verdict::Final(Refusal::whole(Code::SandboxMismatch));
    }
    let request = Request {
        route: Route::of(&incoming.content, expected.channel),
        kind: header.kind,
        corrects: incoming.content.corrects(),
        filled_fields: &incoming.filled_fields,
        has_consent: incoming.consent.is_some(),
        sandbox: header.sandbox,
        purpose: Some(&header.purpose),
        on: header.published_on,
        today: expected.today,
        named: Some(header.agreement),
    };
    match allow(&request, agreements) {
        Ok(allowed) => {
            let grant = grant(expected.channel, &allowed);
            Verdict::Permitted(Permitted {
                value: incoming,
                grant,
            })
        }
        Err(against) => refuse(header.agreement, against.refusals),
    }
}

fn refuse(which: AgreementVersion, refusals: Vec<Refusal>) -> Verdict {
    let first = refusals.into_iter().next();
    let refusal = first.unwrap_or_else(|| Refusal::whole(Code::NoAgreement));
    if matches!(refusal.code, Code::NoAgreement | Code::AgreementSuspended) {
        Verdict::Pause(Pause::Agreement {
            which: which.to_string(),
            refusal,
        })
    } else {
        Verdict::Final(refusal)
    }
}

fn grant(channel: Channel, allowed: &Allowed<'_>) -> Grant {
    Grant {
        channel,
        agreement: allowed.agreement.version,
        purpose: allowed.agreement.purpose.clone(),
        deadline_days: allowed.terms.times.deliver_within.count,
    }
}

/// Refusals as problems, of which each names a field and the version that refused.
fn as_problems(against: Against) -> Vec<Problem> {
    let Against { version, refusals } = against;
    let problem = |Refusal { code, field }| Problem {
        agreement: version,
        ..Problem::new(code, field.unwrap_or(Field::ToArea))
    };
    refusals.into_iter().map(problem).collect()
}

const DAY_MS: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        agreement::{
            Agreement, Side,
            life::{Says, Standing, Statement, What},
            samples::{TEXT, held},
        },
        domain::notice::{Content, Movement},
        envelope::{Outgoing, decode, samples},
    };

    fn expected() -> Expected {
        Expected {
            channel: Channel {
                from: "350582".parse().unwrap(),
                to: "530111".parse().unwrap(),
            },
            sandbox: true,
            today: date(2026, 10, 9),
        }
    }

    fn received(change: impl FnOnce(&mut Outgoing<'_>)) -> Incoming {
        let content = Content::Departure(samples::movement());
        let mut notice = samples::outgoing(&content);
        change(&mut notice);
        decode(&samples::bytes(&notice)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The verdict in words.
    fn told(verdict: Verdict) -> String {
        match verdict {
            Verdict::Permitted(permitted) => format!("permitted {}", permitted.grant().agreement),
            Verdict::Final(refusal) => format!("final {}", refusal.code),
            Verdict::Pause(Pause::Agreement { which, refusal }) => {
                format!("pause {which} {}", refusal.code)
            }
            Verdict::Pause(_) => "another pause".into(),
        }
    }

    #[test]
    fn not_permitted_is_final_only_from_a_holder_of_the_version_named() {
        let elsewhere = Channel {
            to: "530112".parse().unwrap(),
            ..expected().channel
        };
        let expired = TEXT.replace("2026-01-01", "2026-10-09");
        let production = TEXT.replace("sandbox = true", "sandbox = false");
        let narrow = TEXT
            .replace("\"movement\"", "\"phone\"")
            .replace("\"phone\"", "\"subject.phone\"");
        let other = TEXT.replace("530111", "530112");
        type Change = fn(&mut Outgoing<'_>);
        let same: Change = |_| {};
        let second: Change = |notice| notice.agreement = "350582-530111/2".parse().unwrap();
        let foreign: Change = |notice| notice.agreement = "350582-530112/1".parse().unwrap();
        let purpose: Change = |notice| notice.purpose = "another";
        let cases: &[(&[&str], Expected, Change, &str)] = &[
            (&[TEXT], expected(), same, "permitted 350582-530111/1"),
            (&[], expected(), same, "pause 350582-530111/1 no_agreement"),
            (
                &[TEXT],
                expected(),
                second,
                "pause 350582-530111/2 no_agreement",
            ),
            (
                &[TEXT, &other],
                expected(),
                foreign,
                "pause 350582-530112/1 no_agreement",
            ),
            (&[&expired], expected(), same, "final agreement_expired"),
            (&[&production], expected(), same, "final sandbox_mismatch"),
            (&[&narrow], expected(), same, "final field_not_permitted"),
            (&[TEXT], expected(), purpose, "final purpose_mismatch"),
            (
                &[TEXT],
                Expected {
                    channel: elsewhere,
                    ..expected()
                },
                same,
                "final area_not_ours",
            ),
            (
                &[TEXT],
                Expected {
                    channel: expected().channel.opposite(),
                    ..expected()
                },
                same,
                "final area_of_another",
            ),
            (
                &[TEXT],
                Expected {
                    sandbox: false,
                    ..expected()
                },
                same,
                "final sandbox_mismatch",
            ),
        ];
        for (index, (texts, expected, change, words)) in cases.iter().enumerate() {
            let verdict = judge_incoming(received(change), expected, &held(texts));
            assert_eq!(told(verdict), *words, "case {index}");
        }
    }

    #[test]
    fn what_is_suspended_today_waits_and_comes_in_once_it_is_resumed() {
        let agreement = Agreement::parse(TEXT).unwrap();
        let (version, digest) = (agreement.version, agreement.digest());
        let mut standing = Standing::new(version.id);
        standing.signed_in_pairing(1, digest, date(2026, 1, 1));
        let verdict = |standing: &Standing, today| {
            let held = Agreements::new([agreement.clone()], [standing.clone()]).unwrap();
            let expected = Expected {
                today,
                ..expected()
            };
            told(judge_incoming(received(|_| {}), &expected, &held))
        };
        let says = [
            Says::Suspend {
                what: What::Kinds([(Side::A, Kind::Departure)].into()),
                from: date(2026, 10, 9),
                reason: "because".parse().unwrap(),
            },
            Says::Resume,
        ];
        let waits = "pause 350582-530111/1 agreement_suspended";
        let comes_in = "permitted 350582-530111/1";
        for (says, verdicts) in says.into_iter().zip([[comes_in, waits], [comes_in; 2]]) {
            let statement = Statement {
                side: Side::B,
                number: standing.next_number(Side::B),
                agreement: version,
                digest,
                on: date(2026, 10, 8),
                says,
            };
            standing.add(statement).unwrap();
            // Published on the 8th, before the suspension begins.
            let days = [date(2026, 10, 8), date(2026, 10, 9)];
            assert_eq!(days.map(|today| verdict(&standing, today)), verdicts);
        }
    }

    #[test]
    fn validity_is_judged_on_the_day_of_publication_in_shanghai() {
        let one_day = TEXT
            .replace("2026-01-01", "2026-10-08")
            .replace("2028-12-31", "2026-10-08");
        let midnight = 1_791_388_800_000; // 2026-10-08T00:00:00+08:00
        let cases = [
            (midnight - 1, "final agreement_expired"),
            (midnight, "permitted 350582-530111/1"),
            (midnight + DAY_MS - 1, "permitted 350582-530111/1"),
            (midnight + DAY_MS, "final agreement_expired"),
        ];
        for (at, words) in cases {
            let incoming = received(|notice| notice.published_at_ms = at);
            let verdict = judge_incoming(incoming, &expected(), &held(&[&one_day]));
            assert_eq!(told(verdict), words, "{at}");
        }
    }

    fn draft() -> Draft {
        Draft {
            reference: None,
            from: "350582".parse().unwrap(),
            from_follows: false,
            to: Some("530111".parse().unwrap()),
            answers: None,
            consent: None,
            content: Content::Departure(samples::movement()),
        }
    }

    fn sending() -> Sending {
        Sending {
            to: None,
            sandbox: true,
            today: date(2026, 10, 8),
        }
    }

    #[test]
    fn a_draft_that_is_permitted_carries_its_grant() {
        let permitted = permit_draft(draft(), &sending(), &held(&[TEXT]))
            .ok()
            .unwrap();
        assert!(*permitted.value() == draft());
        assert_eq!(
            *permitted.grant(),
            Grant {
                channel: expected().channel,
                agreement: "350582-530111/1".parse().unwrap(),
                purpose: "mobility_service".into(),
                deadline_days: 20,
            }
        );
        assert_eq!(permitted.grant().deadline_ms(5), 5 + 20 * DAY_MS);
    }

    fn by_the_first(code: Code, field: Field) -> Problem {
        Problem {
            agreement: Some("350582-530111/1".parse().unwrap()),
            ..Problem::new(code, field)
        }
    }

    #[test]
    fn a_draft_hears_everything_at_once() {
        let mut draft = draft();
        draft.content = Content::Departure(Movement {
            certificate: crate::domain::notice::Certificate {
                number: Some("1".into()),
                ..Default::default()
            },
            ..samples::movement()
        });
        let production = Sending {
            sandbox: false,
            ..sending()
        };
        assert_eq!(
            permit_draft(draft, &production, &held(&[TEXT])).err(),
            Some(vec![
                by_the_first(Code::SandboxMismatch, Field::ToArea),
                by_the_first(Code::FieldNotPermitted, Field::CertificateNumber),
            ])
        );
    }

    #[test]
    fn the_gate_says_what_the_permit_says() {
        let asked = |kind, to: Option<&str>| Asked {
            kind,
            from: "350582".parse().unwrap(),
            to: to.map(|to| to.parse().unwrap()),
            corrects: None,
            movement: to.map(|to| ("350582104".parse().unwrap(), to.parse().unwrap())),
            answers: None,
            fields: &[Field::Name, Field::CertificateNumber],
            consent: false,
        };
        let told = |asked: &Asked<'_>| problems(asked, &sending(), &held(&[TEXT]));
        assert_eq!(
            told(&asked(Kind::Departure, Some("530111"))),
            [by_the_first(
                Code::FieldNotPermitted,
                Field::CertificateNumber
            )]
        );
        assert_eq!(
            told(&asked(Kind::Departure, Some("530112"))),
            [Problem::new(Code::NoAgreement, Field::ToArea)]
        );
        assert_eq!(told(&asked(Kind::Feedback, None)), []);
    }

    #[test]
    fn a_draft_without_an_area_goes_where_the_caller_says() {
        let unaddressed = || Draft {
            to: None,
            ..draft()
        };
        assert_eq!(
            permit_draft(unaddressed(), &sending(), &held(&[TEXT])).err(),
            Some(vec![Problem::new(Code::MissingField, Field::ToArea)])
        );
        let to = Sending {
            to: "530111".parse().ok(),
            ..sending()
        };
        assert!(permit_draft(unaddressed(), &to, &held(&[TEXT])).is_ok());
    }
}
