//! The one decision: what stands against a notice.

use std::sync::Arc;

use jiff::civil::Date;

use super::{held::Agreements, terms::Agreement};
use crate::domain::{
    agreement::{AgreementId, AgreementVersion},
    channel::Channel,
    field::{Field, Group},
    notice::Kind,
    problem::Code,
    refusal::Refusal,
};

/// What is asked of the agreements.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The channel that the notice travels.
    pub channel: Channel,
    /// Its kind.
    pub kind: Kind,
    /// Every field that it fills.
    pub filled_fields: &'a [Field],
    /// Whether it names the woman's separate consent.
    pub has_consent: bool,
    /// Whether it is a trial one.
    pub sandbox: bool,
    /// The day by which it is judged.
    pub on: Date,
    /// The version by which it is judged; `None` for the newest in force on that day.
    pub named: Option<AgreementVersion>,
}

/// The agreement that lets a notice travel, and up to how many days after publication.
pub(super) struct Allowed<'a> {
    pub(super) agreement: &'a Arc<Agreement>,
    pub(super) deadline_days: u16,
}

/// Judges a notice and tells everything that stands against it at once, but nothing that is only
/// a shadow of another: without an agreement in force no kind is judged, and without the kind no
/// field. An agreement that is not between exactly the two areas of the channel counts as none.
///
/// # Errors
/// `no_agreement`, `agreement_expired`, or any of `sandbox_mismatch`, `kind_not_permitted`,
/// `field_not_permitted` for each such field, `consent_missing`.
pub fn decide(
    request: &Request<'_>,
    agreements: &Agreements,
) -> Result<(AgreementVersion, u16), Vec<Refusal>> {
    allow(request, agreements).map(|allowed| (allowed.agreement.version, allowed.deadline_days))
}

pub(super) fn allow<'a>(
    request: &Request<'_>,
    agreements: &'a Agreements,
) -> Result<Allowed<'a>, Vec<Refusal>> {
    let agreement = choose(request, agreements).map_err(|refusal| vec![refusal])?;
    let mut refusals = Vec::new();
    if agreement.sandbox != request.sandbox {
        refusals.push(Refusal::whole(Code::SandboxMismatch));
    }
    let Some(terms) = agreement.terms(request.channel, request.kind) else {
        refusals.push(Refusal::of(Code::KindNotPermitted, Field::Kind));
        return Err(refusals);
    };
    let mut sensitive = false;
    for field in request.filled_fields {
        if !terms.lets(*field) {
            refusals.push(Refusal::of(Code::FieldNotPermitted, *field));
        } else if field.group() == Group::Care {
            sensitive = true;
        }
    }
    if sensitive && !request.has_consent {
        refusals.push(Refusal::of(Code::ConsentMissing, Field::ConsentDate));
    }
    if refusals.is_empty() {
        Ok(Allowed {
            agreement,
            deadline_days: terms.deadline_days,
        })
    } else {
        Err(refusals)
    }
}

fn choose<'a>(
    request: &Request<'_>,
    agreements: &'a Agreements,
) -> Result<&'a Arc<Agreement>, Refusal> {
    let pair = AgreementId::of(request.channel);
    let expired = Refusal::of(Code::AgreementExpired, Field::ToArea);
    let none = Refusal::of(Code::NoAgreement, Field::ToArea);
    match request.named {
        Some(named) => {
            let held = agreements
                .version(named)
                .filter(|held| held.version.id == pair)
                .ok_or(none)?;
            if held.in_force(request.on) {
                Ok(held)
            } else {
                Err(expired)
            }
        }
        None => agreements
            .in_force(request.channel, request.on)
            .ok_or_else(|| {
                if agreements.between(pair).is_empty() {
                    none
                } else {
                    expired
                }
            }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::civil::date;

    use super::*;
    use crate::agreement::{
        TwoTexts,
        samples::{TEXT, held},
    };

    const DEPARTURE: &[Field] = &[
        Field::EventDate,
        Field::Kind,
        Field::Name,
        Field::OriginArea,
        Field::ResidentId,
    ];

    fn departure(filled_fields: &[Field]) -> Request<'_> {
        Request {
            channel: Channel {
                from: "350582".parse().unwrap(),
                to: "530111".parse().unwrap(),
            },
            kind: Kind::Departure,
            filled_fields,
            has_consent: false,
            sandbox: true,
            on: date(2026, 10, 8),
            named: None,
        }
    }

    fn codes(request: &Request<'_>, agreements: &Agreements) -> Vec<String> {
        let refusals = decide(request, agreements).err().unwrap_or_default();
        let name = |refusal: Refusal| match refusal.field {
            Some(field) => format!("{} {field}", refusal.code),
            None => refusal.code.to_string(),
        };
        refusals.into_iter().map(name).collect()
    }

    #[test]
    fn what_the_terms_say_may_travel_and_nothing_else() {
        let second = TEXT
            .replace("version = 1", "version = 2")
            .replace("2026-01-01", "2027-01-01");
        let agreements = held(&[TEXT, &second]);
        let base = departure(DEPARTURE);
        assert_eq!(
            decide(&base, &agreements),
            Ok(("350582-530111/1".parse().unwrap(), 20))
        );
        let opposite = base.channel.opposite();
        let elsewhere = Channel {
            to: "530112".parse().unwrap(),
            ..base.channel
        };
        let care = [DEPARTURE, &[Field::NextCheckOn]].concat();
        let more = [DEPARTURE, &[Field::CertificateNumber, Field::LastCheckOn]].concat();
        let everything = [care.as_slice(), &[Field::Provider]].concat();
        let two = Some("350582-530111/2".parse().unwrap());
        let three = Some("350582-530111/3".parse().unwrap());
        let cases: &[(Request<'_>, &[&str])] = &[
            (
                Request {
                    channel: elsewhere,
                    ..base.clone()
                },
                &["no_agreement to_area"],
            ),
            (
                Request {
                    on: date(2025, 12, 31),
                    ..base.clone()
                },
                &["agreement_expired to_area"],
            ),
            (
                Request {
                    on: date(2029, 1, 1),
                    ..base.clone()
                },
                &["agreement_expired to_area"],
            ),
            (
                Request {
                    on: date(2026, 1, 1),
                    ..base.clone()
                },
                &[],
            ),
            (
                Request {
                    on: date(2028, 12, 31),
                    ..base.clone()
                },
                &[],
            ),
            (
                Request {
                    named: two,
                    ..base.clone()
                },
                &["agreement_expired to_area"],
            ),
            (
                Request {
                    named: two,
                    on: date(2027, 1, 1),
                    ..base.clone()
                },
                &[],
            ),
            (
                Request {
                    named: three,
                    ..base.clone()
                },
                &["no_agreement to_area"],
            ),
            (
                Request {
                    channel: elsewhere,
                    named: two,
                    on: date(2027, 1, 1),
                    ..base.clone()
                },
                &["no_agreement to_area"],
            ),
            (
                Request {
                    kind: Kind::Arrival,
                    ..base.clone()
                },
                &["kind_not_permitted kind"],
            ),
            (
                Request {
                    channel: opposite,
                    ..base.clone()
                },
                &["kind_not_permitted kind"],
            ),
            (
                Request {
                    kind: Kind::Arrival,
                    sandbox: false,
                    ..base.clone()
                },
                &["sandbox_mismatch", "kind_not_permitted kind"],
            ),
            (
                Request {
                    filled_fields: &more,
                    ..base.clone()
                },
                &[
                    "field_not_permitted certificate_number",
                    "field_not_permitted last_check_on",
                ],
            ),
            (
                Request {
                    filled_fields: &care,
                    ..base.clone()
                },
                &["consent_missing consent.date"],
            ),
            (
                Request {
                    filled_fields: &care,
                    has_consent: true,
                    ..base.clone()
                },
                &[],
            ),
            (
                Request {
                    filled_fields: &everything,
                    sandbox: false,
                    ..base.clone()
                },
                &[
                    "sandbox_mismatch",
                    "field_not_permitted provider",
                    "consent_missing consent.date",
                ],
            ),
            (
                Request {
                    kind: Kind::Feedback,
                    filled_fields: &[Field::Note],
                    ..base.clone()
                },
                &["field_not_permitted note"],
            ),
            (
                Request {
                    channel: opposite,
                    kind: Kind::Message,
                    filled_fields: &[Field::Text],
                    ..base.clone()
                },
                &[],
            ),
        ];
        for (index, (request, expected)) in cases.iter().enumerate() {
            assert_eq!(codes(request, &agreements), *expected, "case {index}");
        }
    }

    #[test]
    fn the_newest_version_in_force_is_used_for_sending() {
        let second = TEXT
            .replace("version = 1", "version = 2")
            .replace("2026-01-01", "2027-01-01");
        let agreements = held(&[&second, TEXT]);
        let base = departure(DEPARTURE);
        for (on, version) in [(date(2026, 12, 31), 1), (date(2027, 1, 1), 2)] {
            let decided = decide(&Request { on, ..base.clone() }, &agreements).unwrap();
            assert_eq!(decided.0.version, version, "{on}");
        }
    }

    #[test]
    fn one_name_for_two_texts_is_refused() {
        let other = TEXT.replace("2028-12-31", "2029-12-31");
        let parsed = || [TEXT, &other].map(|text| Agreement::parse(text).unwrap());
        let name = "350582-530111/1".parse().unwrap();
        assert_eq!(Agreements::new(parsed()).err(), Some(TwoTexts(name)));
        let twice = [TEXT, TEXT].map(|text| Agreement::parse(text).unwrap());
        assert_eq!(Agreements::new(twice).unwrap().iter().count(), 1);
    }

    #[test]
    fn a_decision_among_250_agreements_takes_microseconds() {
        let texts: Vec<String> = (0..250)
            .map(|n| TEXT.replace("530111", &format!("53{n:04}")))
            .collect();
        let agreements = held(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let request = Request {
            channel: Channel {
                to: "530249".parse().unwrap(),
                ..departure(DEPARTURE).channel
            },
            ..departure(DEPARTURE)
        };
        // The best of many rounds: others may hold the processor for a while.
        let best = (0..50)
            .map(|_| {
                let start = crate::clock::Clock::system().monotonic();
                for _ in 0..100 {
                    assert!(decide(&request, &agreements).is_ok());
                }
                start.elapsed() / 100
            })
            .min()
            .unwrap();
        assert!(best < Duration::from_micros(10), "{best:?}");
    }
}
