//! What a notice of the store says to its case.

use std::collections::BTreeSet;

use super::{
    tags::Tags,
    thread::{Reached, Told},
};
use crate::{
    agreement::{Agreements, Deadline},
    domain::{
        area::{AreaCode, County},
        calendar::day_of,
        case::{CloseReason, Due, Fact, Move, PersonKey, Role, Says},
        channel::{Channel, Sequence},
        delivery::Delivery,
        notice::{Content, Feedback, Kind, Movement, Outcome},
        urgency::Urgency,
        workdays::Workdays,
    },
    envelope::{self, Header, Incoming},
    store::{Direction, NoticeView},
};

/// What notices are read by.
pub(super) struct Reader<'a> {
    pub(super) tags: &'a Tags,
    pub(super) agreements: &'a Agreements,
    pub(super) workdays: &'a Workdays,
}

impl Reader<'_> {
    /// A notice of a home area. None where it belongs to no case: a bulletin, and bytes that are no
    /// notice of this version.
    pub(super) fn read(&self, home: County, view: &NoticeView) -> Option<Told> {
        let Some(bytes) = view.bytes.as_ref() else {
            return self.erased(view);
        };
        let Incoming {
            header,
            content,
            filled_fields,
            ..
        } = envelope::decode(bytes).ok()?;
        let granted = granted_as(&content);
        let terms = self
            .agreements
            .terms(header.agreement, header.channel(), granted);
        let asked = terms.map(|terms| &terms.fields);
        let filled = |fields: &BTreeSet<_>| {
            let filled = filled_fields.iter();
            filled.filter(|field| fields.contains(*field)).count()
        };
        let subject = content.subject();
        let movement = content.movement().map(|(_, movement)| movement);
        let says = self.says(&header, &content)?;
        Some(Told {
            kind: header.kind,
            reached: reached(view),
            person: subject.map(|person| self.tags.person(&person.resident_id)),
            desk: movement.map_or_else(Vec::new, |it| self.tags.area(home, it.area_in(home))),
            likenesses: movement.map_or_else(Vec::new, |it| self.tags.likenesses(&it.subject)),
            filled: count(asked.map_or(0, filled)),
            asked: count(asked.map_or(0, BTreeSet::len)),
            fact: Fact {
                id: header.id,
                channel: header.channel(),
                sequence: view.sequence,
                opposite: header.opposite_sequence,
                published_at_ms: header.published_at_ms,
                speaks_of: header.answers,
                says,
            },
        })
    }

    fn says(&self, header: &Header, content: &Content) -> Option<Says> {
        let due = || self.due(header, content);
        let moves = |role, it: &Movement| Move {
            role,
            person: self.tags.person(&it.subject.resident_id),
            origin_area: coarse(it.origin_area),
            destination_area: coarse(it.destination_area),
            urgent: Urgency::of(content, header.published_on) == Urgency::Urgent,
            due: due(),
        };
        Some(match content {
            Content::Departure(it) => Says::Movement(moves(Role::Departure, it)),
            Content::Arrival(it) => Says::Movement(moves(Role::Arrival, it)),
            Content::Correction(it) => {
                let role = match it.corrects {
                    Kind::Arrival => Role::Arrival,
                    _ => Role::Departure,
                };
                Says::Correction(moves(role, &it.movement))
            }
            Content::Feedback(Feedback { outcome, .. }) => Says::Feedback(match *outcome {
                Outcome::MovedOn(area) => Outcome::MovedOn(coarse(area)),
                outcome => outcome,
            }),
            Content::VerificationRequest(it) => Says::Verification {
                person: self.tags.person(&it.subject.resident_id),
                due: due(),
            },
            Content::ContinuityRequest(_) | Content::CertificateQuery(_) => Says::Question(due()),
            Content::ContinuityTransfer(_) | Content::CertificateResult(_) => Says::Reply,
            Content::Return(it) => Says::Ending(match it.reason {
                CloseReason::MovedOn(area) => CloseReason::MovedOn(coarse(area)),
                reason => reason,
            }),
            Content::Withdrawal(_) => Says::Withdrawal,
            Content::Erasure(_) => Says::Erasure,
            Content::TakenUp => Says::TakenUp,
            Content::Message(_) | Content::ServiceRecord(_) | Content::Reminder(_) => Says::Note,
            Content::Bulletin(_) => return None,
        })
    }

    /// A notice that was erased, by what is left of it: its case stands for the woman.
    fn erased(&self, view: &NoticeView) -> Option<Told> {
        let NoticeView { facts, channel, .. } = view;
        let person = PersonKey::new(*facts.case_id.as_bytes());
        let due = || {
            let terms = self
                .agreements
                .terms(facts.agreement, *channel, facts.kind)?;
            let published_on = day_of(facts.published_at_ms)?;
            let reckoned = terms.times;
            let reckoned = reckoned.deadline(published_on, Urgency::Ordinary, self.workdays);
            let Deadline {
                take_up, answer, ..
            } = reckoned.ok()?;
            Some(Due { take_up, answer })
        };
        let due = || due().unwrap_or_default();
        let moves = |role, origin: County, destination: County| Move {
            role,
            person,
            origin_area: origin.into(),
            destination_area: destination.into(),
            urgent: false,
            due: due(),
        };
        let Channel { from, to } = *channel;
        let says = match facts.kind {
            Kind::Departure => Says::Movement(moves(Role::Departure, from, to)),
            Kind::Arrival => Says::Movement(moves(Role::Arrival, to, from)),
            Kind::VerificationRequest => Says::Verification { person, due: due() },
            Kind::ContinuityRequest | Kind::CertificateQuery => Says::Question(due()),
            // Which outcome it told of nobody knows any more.
            Kind::Feedback | Kind::ContinuityTransfer | Kind::CertificateResult => Says::Reply,
            Kind::Withdrawal => Says::Withdrawal,
            Kind::Erasure => Says::Erasure,
            Kind::TakenUp => Says::TakenUp,
            Kind::Correction
            | Kind::Message
            | Kind::Reminder
            | Kind::Return
            | Kind::ServiceRecord => Says::Note,
            Kind::Bulletin => return None,
        };
        let names_her = matches!(says, Says::Movement(_) | Says::Verification { .. });
        Some(Told {
            kind: facts.kind,
            reached: reached(view),
            person: names_her.then_some(person),
            desk: Vec::new(),
            likenesses: Vec::new(),
            filled: 0,
            asked: 0,
            fact: Fact {
                id: facts.id,
                channel: *channel,
                sequence: view.sequence,
                opposite: Sequence::ZERO,
                published_at_ms: facts.published_at_ms,
                speaks_of: facts.answers,
                says,
            },
        })
    }

    /// By when it is owed what, under the agreement that it names. Where the table of holidays does
    /// not reach, no day can be told; it is told once the table does.
    fn due(&self, header: &Header, content: &Content) -> Due {
        let terms = self
            .agreements
            .terms(header.agreement, header.channel(), granted_as(content));
        let urgency = Urgency::of(content, header.published_on);
        let Some(times) = terms.map(|terms| terms.times) else {
            return Due::default();
        };
        let reckoned = times.deadline(header.published_on, urgency, self.workdays);
        reckoned.map_or_else(
            |_| Due::default(),
            |deadline| Due {
                take_up: deadline.take_up,
                answer: deadline.answer,
            },
        )
    }
}

/// What became of a notice, as far as it is known.
pub(super) fn reached(view: &NoticeView) -> Reached {
    match (view.direction, &view.delivery) {
        (Direction::In, _) | (Direction::Out, Delivery::Stored) => Reached::Stored,
        (Direction::Out, Delivery::Queued | Delivery::InFlight) => Reached::Waiting,
        (Direction::Out, Delivery::Refused(_) | Delivery::Expired(_) | Delivery::Withdrawn(_)) => {
            Reached::Ended
        }
    }
}

/// The kind under which an agreement lists fields and times: a correction has those of what it
/// corrects.
fn granted_as(content: &Content) -> Kind {
    content.corrects().unwrap_or_else(|| content.kind())
}

/// Finer codes tell where somebody lives.
fn coarse(area: AreaCode) -> AreaCode {
    area.county().into()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
