//! From a template to the text that both sides hold. The inviter *opens* a template: it fills in
//! everything but the side that will accept. Whoever accepts *closes* it with its own area. Both
//! steps only add lines, so the words and comments of the template stand in the final text.

use jiff::civil::Date;

use super::terms::{Agreement, TermsError};
use crate::domain::{agreement::AgreementId, area::County, channel::Channel};

/// The template that `peer invite` uses unless told otherwise.
pub const DEFAULT: &str = include_str!("../../config/agreements/default.toml");

/// What the inviter fills in.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// The area that invites.
    pub a: County,
    /// Whether the two are sandbox nodes.
    pub sandbox: bool,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force.
    pub valid_until: Date,
}

/// Why a template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The template fills in what pairing fills in.
    #[error(
        "the template must leave out id, sandbox, valid_from, valid_until and [parties]: pairing fills them in ({0})"
    )]
    Terms(#[source] TermsError),
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
    let text = format!(
        "sandbox = {sandbox}\nvalid_from = \"{valid_from}\"\nvalid_until = \"{valid_until}\"\n\n\
         {}\n\n[parties]\na = \"{a}\"\n",
        template.trim_end()
    );
    // Any other area will do for the trial.
    let trial = ["000000", "000001"]
        .into_iter()
        .filter_map(|code| code.parse().ok())
        .find(|other| other != a)
        .unwrap_or(*a);
    close(&text, *a, trial).map(|_| text)
}

/// The open text with the accepting side: what both sides hold from then on.
///
/// # Errors
/// If the open text is none.
pub fn close(open: &str, a: County, b: County) -> Result<String, TemplateError> {
    let id = AgreementId::of(Channel { from: a, to: b });
    let text = format!("id = \"{id}\"\n{open}b = \"{b}\"\n");
    match Agreement::parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(TemplateError::Terms(error)),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::{field::Group, notice::Kind};

    fn opening() -> Opening {
        Opening {
            a: "530111".parse().unwrap(),
            sandbox: true,
            valid_from: date(2026, 10, 8),
            valid_until: date(2029, 10, 7),
        }
    }

    #[test]
    fn the_default_lets_three_kinds_through_both_ways_without_care_and_free_text() {
        let b = "350582".parse().unwrap();
        let text = close(&open(DEFAULT, &opening()).unwrap(), opening().a, b).unwrap();
        let agreement = Agreement::parse(&text).unwrap();
        assert_eq!(agreement.version.to_string(), "350582-530111/1");
        assert_eq!((agreement.a, agreement.b), (opening().a, b));
        assert!(text.contains("流出、流入、反馈"), "comments stay");
        let there = Channel {
            from: agreement.a,
            to: b,
        };
        for channel in [there, there.opposite()] {
            for kind in [Kind::Departure, Kind::Arrival, Kind::Feedback] {
                let terms = agreement.terms(channel, kind).unwrap();
                assert_eq!(terms.deadline_days, 30);
                for field in crate::domain::field::Field::ALL {
                    let held_back = matches!(field.group(), Group::Care | Group::FreeText);
                    assert_eq!(terms.lets(field), !held_back, "{field}");
                }
            }
            assert_eq!(agreement.terms(channel, Kind::Message), None);
        }
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
}
