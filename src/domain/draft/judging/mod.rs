//! The judgement of a draft: every rule of §11 of the field's page that one draft alone can break,
//! and what each rule is silent about because another has spoken.

mod kinds;
mod movement;
mod values;

use super::{
    ADDRESSING, Asked, Draft, Gate, RawDraft, Reference, Rules,
    fields::{belongs, is_prose, max_chars},
};
use crate::domain::{
    area::{AreaCode, County},
    field::Field,
    forbidden::is_forbidden,
    notice::{Consent, Content, Kind, Names, NoticeId},
    problem::{Code, Problem},
};

/// See [`Draft::judge`].
pub(super) fn judge(raw: &RawDraft, rules: &Rules, gate: &Gate<'_>) -> Result<Draft, Vec<Problem>> {
    let mut judging = Judging {
        raw,
        rules,
        problems: Vec::new(),
    };
    let draft = judging.draft(gate);
    let mut problems = judging.problems;
    problems.sort();
    problems.dedup();
    match draft {
        Some(draft) if problems.is_empty() => Ok(draft),
        _ => Err(problems),
    }
}

struct Judging<'a> {
    raw: &'a RawDraft,
    rules: &'a Rules,
    problems: Vec<Problem>,
}

/// Sender and receiver of a draft as far as they could be read.
#[derive(Default)]
struct Ends {
    from: Option<County>,
    from_follows: bool,
    /// Outer `None`: wrong or missing; inner: left to the notice that is named.
    to: Option<Option<County>>,
    /// With a correction, the kind that it mends.
    corrects: Option<Kind>,
    /// The two sides' own areas, of a movement.
    movement: Option<(AreaCode, AreaCode)>,
}

impl Judging<'_> {
    /// Reads everything before it gives up on anything: each `?` below comes after the last rule.
    fn draft(&mut self, gate: &Gate<'_>) -> Option<Draft> {
        self.texts();
        let reference = self.reference();
        let kind = self.kind();
        if let Some(kind) = kind {
            self.strangers(kind);
        }
        let consent = self.consent();
        let kind = kind?;
        let answers = self.answers(kind);
        let (content, ends) = self.content(kind);
        let Ends {
            from,
            from_follows,
            to,
            corrects,
            movement,
        } = ends;
        let draft = match (reference, consent, content, answers, from, to) {
            (
                Some(reference),
                Some(consent),
                Some(content),
                Some(answers),
                Some(from),
                Some(to),
            ) => Some(Draft {
                reference,
                from,
                from_follows,
                to,
                answers,
                consent,
                content,
            }),
            _ => None,
        };
        if let (Some(from), Some(to), false) = (from, to, from_follows) {
            let asked = Asked {
                kind,
                from,
                to,
                corrects,
                movement,
                answers: answers.flatten(),
                fields: &self.filled(kind, draft.as_ref()),
                consent: self.has_consent(),
            };
            self.ask(&asked, gate);
        }
        draft
    }

    /// What is told, and where it goes.
    fn content(&mut self, kind: Kind) -> (Option<Content>, Ends) {
        let content = match kind {
            Kind::Departure => {
                let (movement, ends) = self.movement(Field::OriginArea, Field::DestinationArea);
                return (movement.map(Content::Departure), ends);
            }
            Kind::Arrival => {
                let (movement, ends) = self.movement(Field::DestinationArea, Field::OriginArea);
                return (movement.map(Content::Arrival), ends);
            }
            Kind::Correction => return self.correction(),
            Kind::Feedback => self.feedback(),
            Kind::Message => self.message(),
            Kind::VerificationRequest => self.verification(),
            Kind::ServiceRecord => self.service(),
            Kind::ContinuityRequest => self.continuity_request(),
            Kind::ContinuityTransfer => self.continuity_transfer(),
            Kind::CertificateQuery => self.certificate_query(),
            Kind::CertificateResult => self.certificate_result(),
            Kind::Return => self.ending(),
            Kind::Withdrawal => self.withdrawal(),
            Kind::Erasure => self.erasure(),
            Kind::Bulletin => self.bulletin(),
            // No office says these: `kind` has refused them.
            Kind::TakenUp | Kind::Reminder => None,
        };
        (content, self.ends(kind))
    }

    /// The fields that are filled: of a draft that is wrong the raw values say it.
    fn filled(&self, kind: Kind, draft: Option<&Draft>) -> Vec<Field> {
        draft.map_or_else(
            || {
                self.raw
                    .iter()
                    .map(|(field, _)| field)
                    .filter(|field| !ADDRESSING.contains(field) && belongs(kind, *field))
                    .collect()
            },
            Draft::filled_fields,
        )
    }

    fn has_consent(&self) -> bool {
        [Field::ConsentDate, Field::ConsentReference]
            .iter()
            .all(|field| self.raw.get(*field).is_some())
    }

    /// Asks the agreements; what they say of a field that is wrong by itself is left out.
    fn ask(&mut self, asked: &Asked<'_>, gate: &Gate<'_>) {
        let own: Vec<_> = self.problems.iter().map(|p| p.field.clone()).collect();
        let told = gate(asked).into_iter().filter(|problem| {
            problem.code != Code::FieldNotPermitted || !own.contains(&problem.field)
        });
        self.problems.extend(told);
    }

    fn problem(&mut self, code: Code, field: Field) {
        self.problems.push(Problem::new(code, field));
    }

    /// What holds for every text: nothing forbidden, not too long, no control characters.
    fn texts(&mut self) {
        for (field, value) in self.raw.iter() {
            if is_forbidden(value) {
                self.problem(Code::ForbiddenValue, field);
            }
            if let Some(max) = max_chars(field)
                && value.chars().nth(max).is_some()
            {
                self.problem(Code::ValueTooLong, field);
            } else if max_chars(field).is_some()
                && value.contains(|c: char| c.is_control() && !(c == '\n' && is_prose(field)))
            {
                self.problem(Code::ValueFormat, field);
            }
        }
    }

    /// Fields that this kind does not have.
    fn strangers(&mut self, kind: Kind) {
        for (field, _) in self.raw.iter() {
            if !belongs(kind, field) {
                self.problem(Code::UnknownField, field);
            }
        }
    }

    fn reference(&mut self) -> Option<Option<Reference>> {
        let Some(text) = self.raw.get(Field::Reference) else {
            return Some(None);
        };
        // Why it is none, `texts` has said.
        text.parse().ok().map(Some)
    }

    fn kind(&mut self) -> Option<Kind> {
        let kind: Kind = self.required(Field::Kind, |judging, field| {
            judging.named(field, |text| text.parse().ok())
        })?;
        if kind.made_by_node() {
            self.problem(Code::MadeByNode, Field::Kind);
            return None;
        }
        Some(kind)
    }

    fn answers(&mut self, kind: Kind) -> Option<Option<NoticeId>> {
        match kind.names_a_notice() {
            // One that is filled all the same, `strangers` has named.
            Names::Never => Some(None),
            Names::May => self.optional(Field::Answers, Self::id),
            Names::Must => self.required(Field::Answers, Self::id).map(Some),
        }
    }

    /// Both or none; whether one is needed, the agreement says.
    fn consent(&mut self) -> Option<Option<Consent>> {
        let filled = |field| self.raw.get(field).is_some();
        if !filled(Field::ConsentDate) && !filled(Field::ConsentReference) {
            return Some(None);
        }
        let date = self.required(Field::ConsentDate, Self::past_date);
        let reference = self.required(Field::ConsentReference, Self::text);
        Some(Some(Consent {
            date: date?,
            reference: reference?,
        }))
    }

    /// Sender and receiver of what tells of no movement: as the notice that it names says, or, where
    /// it may name none, as it says itself.
    fn ends(&mut self, kind: Kind) -> Ends {
        let by_notice = match kind.names_a_notice() {
            Names::Never => false,
            Names::May => self.raw.get(Field::Answers).is_some(),
            Names::Must => true,
        };
        let unnamed = self.raw.get(Field::FromArea).is_none() && self.rules.home_areas.len() > 1;
        let from = if unnamed && !by_notice {
            self.problem(Code::MissingField, Field::FromArea);
            None
        } else {
            self.own_area()
        };
        let to = if by_notice {
            self.optional(Field::ToArea, Self::area)
        } else {
            self.required(Field::ToArea, Self::area).map(Some)
        };
        let to = to.map(|area| area.map(AreaCode::county));
        let from_follows = unnamed && by_notice;
        let same = !from_follows && from.is_some() && to.flatten() == from;
        if same {
            self.problem(Code::SameArea, Field::ToArea);
        }
        Ends {
            from,
            from_follows,
            to: to.filter(|_| !same),
            ..Ends::default()
        }
    }

    /// The sending area as named, or the first of the node's own.
    fn own_area(&mut self) -> Option<County> {
        match self.optional(Field::FromArea, Self::area)? {
            None => self.rules.home_areas.first().copied(),
            Some(area) if self.rules.home_areas.contains(&area.county()) => Some(area.county()),
            Some(_) => {
                self.problem(Code::AreaNotOurs, Field::FromArea);
                None
            }
        }
    }
}
