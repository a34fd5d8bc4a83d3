//! From a template to the text that both sides hold. The inviter *opens* a template: it fills in
//! everything but the side that will accept. Whoever accepts *closes* it with its own area. Both
//! steps only add lines, so the words and comments of the template stand in the final text.

use jiff::civil::Date;
use serde::Deserialize;

use super::{
    error::TermsError,
    terms::{Agreement, last_day, longest},
};
use crate::{
    document::{self, DocumentError},
    domain::{agreement::AgreementId, territory::Territory},
};

/// The template that is used unless told otherwise.
pub const DEFAULT: &str = include_str!("../../config/agreements/default.toml");

/// The templates that ship with the program, by name.
pub const TEMPLATES: [(&str, &str); 4] = [
    ("default", DEFAULT),
    (
        "regional",
        include_str!("../../config/agreements/regional.toml"),
    ),
    (
        "departures-only",
        include_str!("../../config/agreements/departures-only.toml"),
    ),
    ("trial", include_str!("../../config/agreements/trial.toml")),
];

/// What the inviter fills in.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// The area that invites.
    pub a: Territory,
    /// Whether the two are sandbox nodes.
    pub sandbox: bool,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force, unless the template's `valid_for` ends before.
    pub valid_until: Date,
}

/// Why a template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The template cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// For the other environment.
    #[error(
        "the template has `sandbox = {0}`, and this node is of the other environment; use another template"
    )]
    Environment(bool),
    /// The template lacks what only its people can fill in.
    #[error("copy the template to a file of your own, complete it, and name that file: {0}")]
    Incomplete(#[source] TermsError),
    /// The template fills in what pairing fills in, or is no agreement.
    #[error(
        "the template must leave out id, valid_from, valid_until and [parties]: pairing fills them in ({0})"
    )]
    Terms(#[source] TermsError),
}

impl From<TermsError> for TemplateError {
    fn from(error: TermsError) -> Self {
        match error {
            TermsError::AssessmentMissing => Self::Incomplete(error),
            error => Self::Terms(error),
        }
    }
}

/// The template with everything but the accepting side. It ends in the open `[parties]`.
///
/// # Errors
/// If the text could not become an agreement, whoever accepts.
pub fn open(template: &str, opening: &Opening) -> Result<String, TemplateError> {
    let Opening {
        a,
        sandbox,
        valid_from,
        valid_until,
    } = opening;
    let Bounds {
        sandbox: only,
        valid_for,
    } = document::parse(template)?;
    let environment = match only {
        None => format!("sandbox = {sandbox}\n"),
        Some(only) if only == *sandbox => String::new(),
        Some(only) => return Err(TemplateError::Environment(only)),
    };
    let last = match valid_for {
        Some(text) => last_day(*valid_from, longest(&text)?),
        None => None,
    };
    let valid_until = last.map_or(*valid_until, |last| last.min(*valid_until));
    let text = format!(
        "{environment}valid_from = \"{valid_from}\"\nvalid_until = \"{valid_until}\"\n\n\
         {}\n\n[parties]\na = \"{a}\"\n",
        template.trim_end()
    );
    // Any area elsewhere will do for the trial.
    let trial = ["000000", "010000"]
        .into_iter()
        .filter_map(|code| code.parse().ok())
        .find(|other| AgreementId::between(*a, *other).is_ok())
        .unwrap_or(*a);
    close(&text, *a, trial).map(|_| text)
}

/// The open text with the accepting side: what both sides hold from then on.
///
/// # Errors
/// If the open text is none, or the two sides share a county.
pub fn close(open: &str, a: Territory, b: Territory) -> Result<String, TemplateError> {
    let id = AgreementId::between(a, b).map_err(|_| TermsError::OneArea)?;
    let text = format!("id = \"{id}\"\n{open}b = \"{b}\"\n");
    Agreement::parse(&text)?;
    Ok(text)
}

/// What a template says about what is filled in; the rest is for the agreement to read.
#[derive(Deserialize)]
struct Bounds {
    /// The only environment that it is for.
    sandbox: Option<bool>,
    /// For how long it is at most.
    valid_for: Option<String>,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        agreement::Side,
        domain::{
            field::{Field, Group},
            notice::Kind,
        },
    };

    fn opening() -> Opening {
        Opening {
            a: "530111".parse().unwrap(),
            sandbox: true,
            valid_from: date(2026, 10, 8),
            valid_until: date(2029, 10, 7),
        }
    }

    fn closed(template: &str, opening: &Opening) -> Result<Agreement, TemplateError> {
        let b = "350582".parse().unwrap();
        let text = close(&open(template, opening)?, opening.a, b)?;
        Ok(Agreement::parse(&text).unwrap())
    }

    fn shipped(name: &str) -> &'static str {
        let mut templates = TEMPLATES.into_iter();
        templates.find(|(known, _)| *known == name).unwrap().1
    }

    #[test]
    fn the_default_lets_three_kinds_through_both_ways_without_care_and_free_text() {
        let production = Opening {
            sandbox: false,
            ..opening()
        };
        for opening in [opening(), production] {
            let b = "350582".parse().unwrap();
            let text = close(&open(DEFAULT, &opening).unwrap(), opening.a, b).unwrap();
            assert!(text.contains("流出、流入、反馈"), "comments stay");
            let agreement = Agreement::parse(&text).unwrap();
            assert_eq!(agreement.version.to_string(), "350582-530111/1");
            assert_eq!((agreement.a, agreement.b), (opening.a, b));
            assert_eq!(agreement.valid_until, opening.valid_until);
            for from in Side::ALL {
                for kind in [Kind::Departure, Kind::Arrival, Kind::Feedback] {
                    let terms = agreement.terms(from, kind).unwrap();
                    assert_eq!(terms.times.deliver_within.count, 30);
                    for field in Field::ALL {
                        let held_back = matches!(field.group(), Group::Care | Group::FreeText);
                        assert_eq!(terms.lets(field), !held_back, "{field}");
                    }
                }
                assert_eq!(agreement.terms(from, Kind::Message), None);
            }
        }
    }

    #[test]
    fn the_regional_template_is_complete_in_production_only_with_an_assessment() {
        let cities = Opening {
            a: "5301".parse().unwrap(),
            sandbox: false,
            ..opening()
        };
        let template = shipped("regional");
        let incomplete = closed(template, &cities).unwrap_err();
        assert_eq!(
            incomplete,
            TemplateError::Incomplete(TermsError::AssessmentMissing)
        );
        assert!(incomplete.to_string().contains("`impact_assessment`"));
        let assessed = format!(
            "{template}\n[impact_assessment]\ndigest = \"{}\"\ndate = \"2026-10-01\"\n",
            "9".repeat(64)
        );
        let b = "3505".parse().unwrap();
        let text = close(&open(&assessed, &cities).unwrap(), cities.a, b).unwrap();
        let agreement = Agreement::parse(&text).unwrap();
        assert_eq!(agreement.version.to_string(), "3505-5301/1");
        for from in Side::ALL {
            for kind in [Kind::Departure, Kind::Arrival] {
                let terms = agreement.terms(from, kind).unwrap();
                assert!(terms.lets(Field::NextCheckOn) && !terms.lets(Field::MethodClass));
            }
        }
    }

    #[test]
    fn departures_only_lets_nothing_else_through_and_nothing_back() {
        let agreement = closed(shipped("departures-only"), &opening()).unwrap();
        for from in Side::ALL {
            for kind in Kind::ALL {
                let granted = agreement.terms(from, kind);
                let expected = from == Side::A && kind == Kind::Departure;
                assert_eq!(granted.is_some(), expected, "{kind} from {from:?}");
            }
        }
        let terms = agreement.terms(Side::A, Kind::Departure).unwrap();
        assert_eq!(terms.times.answer, None, "nobody can answer");
    }

    #[test]
    fn the_trial_template_is_short_and_for_sandbox_nodes_alone() {
        let agreement = closed(shipped("trial"), &opening()).unwrap();
        assert!(agreement.sandbox);
        assert_eq!(agreement.valid_until, date(2027, 1, 5), "90 days");
        let production = Opening {
            sandbox: false,
            ..opening()
        };
        assert_eq!(
            closed(shipped("trial"), &production),
            Err(TemplateError::Environment(true))
        );
    }

    #[test]
    fn a_template_that_fills_in_too_much_or_lets_nothing_through_is_refused() {
        for template in [
            format!("id = \"x\"\n{DEFAULT}"),
            format!("{DEFAULT}\n[parties]\na = \"350582\"\n"),
            DEFAULT.replace("\"departure\", ", "\"departed\", "),
            String::new(),
        ] {
            assert!(open(&template, &opening()).is_err());
        }
    }

    #[test]
    fn two_units_that_share_a_county_make_no_agreement() {
        let text = open(DEFAULT, &opening()).unwrap();
        let (a, township) = (opening().a, "530111001".parse().unwrap());
        assert_eq!(
            close(&text, a, township),
            Err(TemplateError::Terms(TermsError::OneArea))
        );
    }
}
