//! The one decision: what stands against a notice.

use std::sync::Arc;

use jiff::civil::Date;

use super::{
    grants::KindTerms,
    held::{Agreements, Held},
    life::{State, state_on},
    route::Route,
    side::Side,
    terms::Agreement,
};
use crate::domain::{
    agreement::AgreementVersion,
    field::{Field, Group},
    notice::Kind,
    problem::Code,
    refusal::Refusal,
};

/// What is asked of the agreements.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Where the notice goes.
    pub route: Route,
    /// Its kind.
    pub kind: Kind,
    /// With a correction, the kind that it mends.
    pub corrects: Option<Kind>,
    /// Every field that it fills.
    pub filled_fields: &'a [Field],
    /// Whether it names the woman's separate consent, with date and reference.
    pub has_consent: bool,
    /// Whether it is a trial one.
    pub sandbox: bool,
    /// The purpose that it names; `None` where the sender stamps that of the agreement on it.
    pub purpose: Option<&'a str>,
    /// The day on which it was published: what was in force then counts.
    pub on: Date,
    /// Today: what is suspended now waits, whenever it was published.
    pub today: Date,
    /// The version by which it is judged; `None` for the one that governs its route on `on`.
    pub named: Option<AgreementVersion>,
}

/// The agreement that lets a notice travel, and on what terms.
pub(super) struct Allowed<'a> {
    pub(super) agreement: &'a Arc<Agreement>,
    pub(super) terms: &'a KindTerms,
}

/// Everything that stands against a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Against {
    /// The version by which it was judged; `None` where none was found.
    pub version: Option<AgreementVersion>,
    /// One or more.
    pub refusals: Vec<Refusal>,
}

impl Against {
    fn one(held: Option<&Held>, code: Code, field: Field) -> Self {
        Self {
            version: held.map(|held| held.agreement.version),
            refusals: vec![Refusal::of(code, field)],
        }
    }
}

/// Judges a notice and tells everything that stands against it at once, but nothing that is only
/// a shadow of another: without an agreement in force no kind is judged, and without the kind no
/// field; and nothing is judged by an agreement that is suspended.
///
/// Of several agreements in force that cover a route the most specific governs, and no other is
/// asked, not even where that one is suspended or forbids what another would let through: see
/// [`Agreements`].
///
/// What [follows](Kind::follows) by itself needs an agreement in force as all else does, but no
/// grant: what was told under it can be mended, taken back, deleted, taken up and asked after by
/// whoever is a side of it. A correction carries a movement again, so it may carry what this side
/// is granted for the kind that it mends, and where that is nothing it may not travel. While an
/// agreement is suspended as a whole, what follows waits like the rest; while single kinds are,
/// only corrections wait, for those kinds are what they carry. An erasure waits for no suspension:
/// a disagreement of two offices must not keep what a woman wants deleted.
///
/// # Errors
/// Alone: `no_agreement`, `area_not_covered`, `agreement_expired`, `agreement_superseded` or
/// `agreement_suspended`. Else any of `sandbox_mismatch`, `purpose_mismatch`,
/// `kind_not_permitted`, `field_not_permitted` for each such field, `consent_missing`.
pub fn decide(request: &Request<'_>, agreements: &Agreements) -> Result<AgreementVersion, Against> {
    allow(request, agreements).map(|allowed| allowed.agreement.version)
}

pub(super) fn allow<'a>(
    request: &Request<'_>,
    agreements: &'a Agreements,
) -> Result<Allowed<'a>, Against> {
    let (held, from) = choose(request, agreements)?;
    if held.record.suspends(from, request.kind, request.today) {
        return Err(Against::one(
            Some(held),
            Code::AgreementSuspended,
            Field::ToArea,
        ));
    }
    let agreement = &held.agreement;
    let mut refusals = Vec::new();
    if agreement.sandbox != request.sandbox {
        refusals.push(Refusal::whole(Code::SandboxMismatch));
    }
    if request
        .purpose
        .is_some_and(|purpose| purpose != agreement.purpose)
    {
        refusals.push(Refusal::whole(Code::PurposeMismatch));
    }
    let version = Some(agreement.version);
    let Some(terms) = agreement.lets(from, request.kind, request.corrects) else {
        refusals.push(Refusal::of(Code::KindNotPermitted, Field::Kind));
        return Err(Against { version, refusals });
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
        Ok(Allowed { agreement, terms })
    } else {
        Err(Against { version, refusals })
    }
}

/// The version by which the notice is judged, and the side that sends.
fn choose<'a>(
    request: &Request<'_>,
    agreements: &'a Agreements,
) -> Result<(&'a Held, Side), Against> {
    match request.named {
        Some(named) => by_name(request, agreements, named),
        None => by_route(request, agreements),
    }
}

/// A receiver's choice: the version that the notice names, and no other.
fn by_name<'a>(
    request: &Request<'_>,
    agreements: &'a Agreements,
    named: AgreementVersion,
) -> Result<(&'a Held, Side), Against> {
    let against = |held, code| Against::one(held, code, Field::ToArea);
    let Some(held) = agreements.version(named) else {
        return Err(against(None, Code::NoAgreement));
    };
    // Whoever names an agreement between others may know one that this node does not.
    let channel = request.route.channel();
    let Some(on_channel) = held.agreement.sender_on(channel) else {
        return Err(against(None, Code::NoAgreement));
    };
    match state_on(&held.record, request.on) {
        State::Draft | State::Proposed => {
            return Err(against(Some(held), Code::NoAgreement));
        }
        State::Superseded if !held.record.honours(request.on) => {
            return Err(against(Some(held), Code::AgreementSuperseded));
        }
        State::Accepted | State::Ended | State::Expired => {
            return Err(against(Some(held), Code::AgreementExpired));
        }
        State::InForce | State::Suspended | State::Superseded => {}
    }
    match held.agreement.sender(request.route) {
        Some(sender) => Ok((held, sender)),
        None => Err(not_covered(request, held, on_channel)),
    }
}

/// A sender's choice: the version that governs the route on the day.
fn by_route<'a>(
    request: &Request<'_>,
    agreements: &'a Agreements,
) -> Result<(&'a Held, Side), Against> {
    let mut lapsed = false;
    let governing = agreements.governing(request.route, |held| {
        let state = state_on(&held.record, request.on);
        lapsed |= !matches!(state, State::Draft | State::Proposed);
        matches!(state, State::InForce | State::Suspended)
    });
    if let Some(held) = governing
        && let Some(sender) = held.agreement.sender(request.route)
    {
        return Ok((held, sender));
    }
    if lapsed {
        return Err(Against::one(None, Code::AgreementExpired, Field::ToArea));
    }
    // There may be agreements of other townships of the same counties.
    let channel = request.route.channel();
    let of_counties = Route::Answer(channel);
    let elsewhere = agreements.governing(of_counties, |held| held.record.honours(request.on));
    let elsewhere = elsewhere.and_then(|held| Some((held, held.agreement.sender_on(channel)?)));
    Err(match elsewhere {
        Some((held, sender)) => not_covered(request, held, sender),
        None => Against::one(None, Code::NoAgreement, Field::ToArea),
    })
}

/// Names the address that lies outside the agreement: the sender's, else the other.
fn not_covered(request: &Request<'_>, held: &Held, sender: Side) -> Against {
    let own = match request.route {
        Route::Movement { from, .. } => !held.agreement.party(sender).covers(from),
        Route::Answer(_) => false,
    };
    let moved = request.corrects.unwrap_or(request.kind);
    let field = match (moved.ends(), own) {
        (Some((sending, _)), true) => sending,
        (Some((_, receiving)), false) => receiving,
        (None, _) => Field::ToArea,
    };
    Against::one(Some(held), Code::AreaNotCovered, field)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::civil::date;

    use super::*;
    use crate::agreement::samples::{TEXT, held};

    /// What one decision may take; unoptimised code may take five times as long.
    const MOST: Duration = if cfg!(debug_assertions) {
        Duration::from_micros(50)
    } else {
        Duration::from_micros(10)
    };

    #[test]
    fn a_decision_among_250_agreements_takes_microseconds() {
        // Of all five levels on each side, so that a route is looked up 25 times.
        let mut texts: Vec<String> = (0..200)
            .map(|n| TEXT.replace("530111", &format!("53{n:04}")))
            .collect();
        let between = |own: &str, other: &str| TEXT.replace("350582", own).replace("530111", other);
        for own in ["35", "3505", "350582", "350582104", "350582104001"] {
            for other in ["53", "5303", "530311", "530311001", "530311001201"] {
                texts.push(between(own, other));
            }
        }
        texts.extend((0..25).map(|n| between(&format!("3505821{n:02}"), "530312")));
        let agreements = held(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(agreements.count(), 250);
        let movement = |from: &str, to: &str| Route::Movement {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        };
        let (here, departure) = ("350582104001", Kind::Departure);
        let townships = Route::Answer(movement(here, "530312").channel());
        let routes = [
            (movement(here, "530111001201"), departure, true),
            (movement(here, "530311001201"), departure, true),
            (movement("350583104001", "530399001201"), departure, true),
            (movement(here, "630311001201"), departure, false),
            (townships, Kind::Feedback, true),
        ];
        for (route, kind, allowed) in routes {
            let request = Request {
                route,
                kind,
                corrects: None,
                filled_fields: &[Field::EventDate],
                has_consent: false,
                sandbox: true,
                purpose: None,
                on: date(2026, 10, 8),
                today: date(2026, 10, 8),
                named: None,
            };
            // The best of many rounds: others may hold the processor for a while.
            let best = (0..50)
                .map(|_| {
                    let start = crate::clock::Clock::system().monotonic();
                    for _ in 0..100 {
                        assert_eq!(decide(&request, &agreements).is_ok(), allowed, "{route:?}");
                    }
                    start.elapsed() / 100
                })
                .min()
                .unwrap();
            println!("{best:?} for {route:?}");
            assert!(best < MOST, "{route:?}: {best:?}");
        }
    }
}
