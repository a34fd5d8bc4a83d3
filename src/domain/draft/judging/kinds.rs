//! What the kinds besides movements say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ends, Judging};
use crate::domain::{
    field::Field,
    month::Month,
    notice::{
        Bulletin, Care, CertificateQuery, CertificateResult, CloseReason, Content,
        ContinuityRequest, ContinuityTransfer, Correction, Erasure, Fact, Feedback, Figure, Kind,
        Message, Outcome, Return, Service, ServiceRecord, VerificationRequest, Withdrawal,
        WithdrawalReason, may_be_told,
    },
    problem::Code,
};

impl Judging<'_> {
    pub(super) fn message(&mut self) -> Option<Content> {
        let text = self.required(Field::Text, Self::text)?;
        Some(Content::Message(Message { text }))
    }

    pub(super) fn feedback(&mut self) -> Option<Content> {
        let outcome = self.required(Field::Outcome, Self::outcome);
        let event_date = self.required(Field::EventDate, Self::past_date);
        let note = self.optional(Field::Note, Self::text);
        Some(Content::Feedback(Feedback {
            outcome: outcome?,
            event_date: event_date?,
            note: note?,
        }))
    }

    fn outcome(&mut self, field: Field) -> Option<Outcome> {
        let name = self.raw.get(field).unwrap_or_default();
        self.strays(match name {
            "moved_on" => &[Field::DuplicateOf],
            "duplicate_of" => &[Field::MovedToArea],
            _ => &[Field::MovedToArea, Field::DuplicateOf],
        });
        match name {
            "confirmed" => Some(Outcome::Confirmed),
            "corrected" => Some(Outcome::Corrected),
            "not_found" => Some(Outcome::NotFound),
            "not_ours" => Some(Outcome::NotOurs),
            "needs_information" => Some(Outcome::NeedsInformation),
            "consent_withdrawn" => Some(Outcome::ConsentWithdrawn),
            "moved_on" => self
                .required(Field::MovedToArea, Self::area)
                .map(Outcome::MovedOn),
            "duplicate_of" => self
                .required(Field::DuplicateOf, Self::id)
                .map(Outcome::DuplicateOf),
            _ => {
                self.problem(Code::ValueFormat, field);
                None
            }
        }
    }

    pub(super) fn verification(&mut self) -> Option<Content> {
        let event_date = self.required(Field::EventDate, Self::past_date);
        let subject = self.person(event_date);
        let facts = self.required(Field::Facts, Self::facts);
        Some(Content::VerificationRequest(VerificationRequest {
            subject: subject?,
            facts: facts?,
            event_date: event_date?,
        }))
    }

    /// Names with commas between, one of them at least.
    fn facts(&mut self, field: Field) -> Option<BTreeSet<Fact>> {
        self.named(field, |text| text.split(',').map(Fact::from_name).collect())
    }

    pub(super) fn service(&mut self) -> Option<Content> {
        let service = self.required(Field::Service, |judging, field| {
            judging.named(field, Service::from_name)
        });
        let event_date = self.required(Field::EventDate, Self::past_date);
        let provider = self.optional(Field::Provider, Self::text);
        let next_due_on = self.optional(Field::NextDueOn, Self::date);
        Some(Content::ServiceRecord(ServiceRecord {
            service: service?,
            event_date: event_date?,
            provider: provider?,
            next_due_on: next_due_on?,
        }))
    }

    pub(super) fn continuity_request(&mut self) -> Option<Content> {
        let event_date = self.required(Field::EventDate, Self::past_date)?;
        Some(Content::ContinuityRequest(ContinuityRequest { event_date }))
    }

    pub(super) fn continuity_transfer(&mut self) -> Option<Content> {
        let event_date = self.required(Field::EventDate, Self::past_date);
        let care = self.care();
        if care == Some(Care::default()) {
            // Any of the care facts will do; the one that is told most stands for them.
            self.problem(Code::MissingField, Field::NextCheckOn);
        }
        Some(Content::ContinuityTransfer(ContinuityTransfer {
            event_date: event_date?,
            care: care?,
        }))
    }

    pub(super) fn certificate_query(&mut self) -> Option<Content> {
        let event_date = self.required(Field::EventDate, Self::past_date)?;
        Some(Content::CertificateQuery(CertificateQuery { event_date }))
    }

    pub(super) fn certificate_result(&mut self) -> Option<Content> {
        let event_date = self.required(Field::EventDate, Self::past_date);
        let status = self.required(Field::CertificateStatus, Self::text);
        let certificate = self.certificate();
        status?;
        Some(Content::CertificateResult(CertificateResult {
            event_date: event_date?,
            certificate: certificate?,
        }))
    }

    pub(super) fn ending(&mut self) -> Option<Content> {
        let event_date = self.required(Field::EventDate, Self::past_date);
        let reason = self.required(Field::Reason, Self::close_reason);
        Some(Content::Return(Return {
            event_date: event_date?,
            reason: reason?,
        }))
    }

    fn close_reason(&mut self, field: Field) -> Option<CloseReason> {
        let name = self.raw.get(field).unwrap_or_default();
        if name != "moved_on" {
            self.strays(&[Field::MovedToArea]);
        }
        match name {
            "returned" => Some(CloseReason::Returned),
            "moved_on" => self
                .required(Field::MovedToArea, Self::area)
                .map(CloseReason::MovedOn),
            "registered_here" => Some(CloseReason::RegisteredHere),
            "deceased" => Some(CloseReason::Deceased),
            "left_scope" => Some(CloseReason::LeftScope),
            "error" => Some(CloseReason::Error),
            _ => {
                self.problem(Code::ValueFormat, field);
                None
            }
        }
    }

    /// A detail that does not go with what is said says that one of the two is wrong.
    fn strays(&mut self, details: &[Field]) {
        for detail in details {
            if self.raw.get(*detail).is_some() {
                self.problem(Code::ValueFormat, *detail);
            }
        }
    }

    /// Which way it goes, only the kind that it mends tells: without that no address is judged.
    pub(super) fn correction(&mut self) -> (Option<Content>, Ends) {
        let corrects = self.required(Field::Corrects, |judging, field| {
            judging.named(field, |text| {
                let kind: Kind = text.parse().ok()?;
                Some((kind, kind.ends()?))
            })
        });
        let event_date = self.required(Field::CorrectedOn, Self::past_date);
        let Some((corrects, (own, other))) = corrects else {
            return (None, Ends::default());
        };
        let (movement, mut ends) = self.movement(own, other);
        ends.corrects = Some(corrects);
        let content = || {
            Some(Content::Correction(Correction {
                corrects,
                event_date: event_date?,
                movement: movement?,
            }))
        };
        (content(), ends)
    }

    pub(super) fn withdrawal(&mut self) -> Option<Content> {
        let event_date = self.required(Field::EventDate, Self::past_date);
        let reason = self.required(Field::Reason, |judging, field| {
            judging.named(field, WithdrawalReason::from_name)
        });
        Some(Content::Withdrawal(Withdrawal {
            event_date: event_date?,
            reason: reason?,
        }))
    }

    pub(super) fn erasure(&mut self) -> Option<Content> {
        let event_date = self.required(Field::EventDate, Self::past_date)?;
        Some(Content::Erasure(Erasure { event_date }))
    }

    pub(super) fn bulletin(&mut self) -> Option<Content> {
        let month = self.required(Field::Month, Self::month);
        let mut figures = BTreeMap::new();
        for figure in Figure::ALL {
            if let Some(Some(count)) = self.optional(Field::Figure(figure), Self::count) {
                figures.insert(figure, count);
            }
        }
        let month = month?;
        Some(Content::Bulletin(Bulletin { month, figures }))
    }

    /// A month that has begun.
    fn month(&mut self, field: Field) -> Option<Month> {
        let month = self.read(field, Code::DateFormat, |text| text.parse().ok())?;
        if month > Month::of(self.rules.today) {
            self.problem(Code::DateInFuture, field);
        }
        Some(month)
    }

    /// A count that may be told.
    fn count(&mut self, field: Field) -> Option<u64> {
        let count = self.read(field, Code::ValueFormat, |text| text.parse().ok())?;
        if !may_be_told(count) {
            self.problem(Code::CountTooSmall, field);
        }
        Some(count)
    }
}
