//! The judgement of a draft: every rule of §11 of the field's page that one draft alone can break,
//! and what each rule is silent about because another has spoken.

use jiff::civil::Date;

use super::{
    ADDRESSING, Asked, Draft, Gate, RawDraft, Reference, Rules,
    fields::{belongs, is_prose, max_chars},
};
use crate::domain::{
    area::{AreaCode, County},
    calendar::parse_day,
    field::Field,
    forbidden::is_forbidden,
    notice::{
        Care, Certificate, Consent, Content, Feedback, Kind, MaritalStatus, Message, Movement,
        NoticeId, Outcome, Person,
    },
    problem::{Code, Problem},
    resident::{NotAResidentNumber, ResidentNumber},
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
struct Ends {
    from: Option<County>,
    from_follows: bool,
    /// Outer `None`: wrong or missing; inner: left to the notice that is answered.
    to: Option<Option<County>>,
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
        let (content, ends, answers) = match kind? {
            Kind::Departure => {
                let (movement, ends) = self.movement(Field::OriginArea, Field::DestinationArea);
                (movement.map(Content::Departure), ends, Some(None))
            }
            Kind::Arrival => {
                let (movement, ends) = self.movement(Field::DestinationArea, Field::OriginArea);
                (movement.map(Content::Arrival), ends, Some(None))
            }
            Kind::Feedback => {
                let answers = self.required(Field::Answers, Self::id).map(Some);
                let feedback = self.feedback();
                (feedback.map(Content::Feedback), self.ends(), answers)
            }
            Kind::Message => {
                let answers = self.required(Field::Answers, Self::id).map(Some);
                let text = self.required(Field::Text, Self::text);
                let message = text.map(|text| Content::Message(Message { text }));
                (message, self.ends(), answers)
            }
        };
        let parts = (reference, consent, content, answers, ends.from, ends.to);
        let draft = match parts {
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
                from_follows: ends.from_follows,
                to,
                answers,
                consent,
                content,
            }),
            _ => None,
        };
        if let (Some(from), Some(to), false) = (ends.from, ends.to, ends.from_follows) {
            let asked = Asked {
                kind: kind?,
                from,
                to,
                movement: ends.movement,
                answers: answers.flatten(),
                fields: &self.filled(kind?, draft.as_ref()),
                consent: self.has_consent(),
            };
            self.ask(&asked, gate);
        }
        draft
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

    /// A field that must be filled.
    fn required<T>(
        &mut self,
        field: Field,
        read: impl Fn(&mut Self, Field) -> Option<T>,
    ) -> Option<T> {
        if self.raw.get(field).is_none() {
            self.problem(Code::MissingField, field);
            return None;
        }
        read(self, field)
    }

    /// A field that may be empty: the outer `None` is for one that is filled and wrong.
    fn optional<T>(
        &mut self,
        field: Field,
        read: impl Fn(&mut Self, Field) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.raw.get(field) {
            None => Some(None),
            Some(_) => read(self, field).map(Some),
        }
    }

    /// A value by a reader that knows one reason to refuse it.
    fn read<T>(&mut self, field: Field, code: Code, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.raw.get(field).and_then(read);
        if value.is_none() {
            self.problem(code, field);
        }
        value
    }

    fn text(&mut self, field: Field) -> Option<String> {
        // What is wrong with a text, `texts` has said.
        self.raw.get(field).map(str::to_owned)
    }

    fn date(&mut self, field: Field) -> Option<Date> {
        self.read(field, Code::DateFormat, parse_day)
    }

    fn past_date(&mut self, field: Field) -> Option<Date> {
        let date = self.date(field)?;
        if date > self.rules.today {
            self.problem(Code::DateInFuture, field);
        }
        Some(date)
    }

    fn id(&mut self, field: Field) -> Option<NoticeId> {
        self.read(field, Code::ValueFormat, |text| text.parse().ok())
    }

    /// An area whose county the table knows.
    fn area(&mut self, field: Field) -> Option<AreaCode> {
        self.read(field, Code::AreaUnknown, |text| {
            text.parse()
                .ok()
                .filter(|area: &AreaCode| area.county().entry().is_some())
        })
    }

    fn phone(&mut self, field: Field) -> Option<String> {
        self.read(field, Code::ValueFormat, |text| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            (digits && (5..=20).contains(&text.len())).then(|| text.to_owned())
        })
    }

    fn method_class(&mut self, field: Field) -> Option<String> {
        self.read(field, Code::ValueFormat, |text| {
            let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            (plain && text.len() == 3).then(|| text.to_owned())
        })
    }

    fn reference(&mut self) -> Option<Option<Reference>> {
        let Some(text) = self.raw.get(Field::Reference) else {
            return Some(None);
        };
        // Why it is none, `texts` has said.
        text.parse().ok().map(Some)
    }

    fn kind(&mut self) -> Option<Kind> {
        self.required(Field::Kind, |judging, field| {
            judging.read(field, Code::ValueFormat, |text| text.parse().ok())
        })
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

    fn movement(&mut self, own: Field, other: Field) -> (Option<Movement>, Ends) {
        let name = self.required(Field::Name, Self::text);
        let event_date = self.required(Field::EventDate, Self::past_date);
        let number = self.required(Field::ResidentId, Self::resident_id);
        if let Some((number, _)) = &number {
            self.scope(number, event_date);
        }
        let marital_status = self.required(Field::MaritalStatus, Self::marital_status);
        let phone = self.optional(Field::Phone, Self::phone);
        let own_area = self.required(own, Self::area);
        let other_area = self.required(other, Self::area);
        let ends = self.movement_ends(own, own_area, other, other_area);
        let managing_area = self.optional(Field::ManagingArea, Self::area);
        let address = self.optional(Field::DestinationAddress, Self::text);
        let expected_until = self.optional(Field::ExpectedUntil, Self::date);
        let certificate = self.certificate();
        let care = self.care();
        let (origin_area, destination_area) = if own == Field::OriginArea {
            (own_area, other_area)
        } else {
            (other_area, own_area)
        };
        let movement = || {
            let (resident_id, resident_id_verified) = number?;
            Some(Movement {
                subject: Person {
                    name: name?,
                    resident_id,
                    resident_id_verified,
                    marital_status: marital_status?,
                    phone: phone?,
                },
                origin_area: origin_area?,
                destination_area: destination_area?,
                managing_area: managing_area?,
                destination_address: address?,
                event_date: event_date?,
                expected_until: expected_until?,
                certificate: certificate?,
                care: care?,
            })
        };
        (movement(), ends)
    }

    /// A readable number, with the reason why its check digit does not count. A number that fails
    /// only its check digit is a problem, yet readable: what follows from it is judged.
    fn resident_id(&mut self, field: Field) -> Option<(ResidentNumber, Option<String>)> {
        let text = self.raw.get(field).unwrap_or_default();
        if has_lost_digits(text) {
            self.problem(Code::ResidentIdPrecisionLost, field);
            return None;
        }
        let number = match ResidentNumber::readable(text) {
            Ok(number) if number.birth_date() <= self.rules.today => number,
            Err(NotAResidentNumber::Format) => {
                self.problem(Code::ResidentIdFormat, field);
                return None;
            }
            Ok(_) | Err(NotAResidentNumber::BirthDate | NotAResidentNumber::CheckDigit) => {
                self.problem(Code::ResidentIdBirthDate, field);
                return None;
            }
        };
        if number.check_digit_holds() {
            return Some((number, None));
        }
        let verified = self.raw.get(Field::ResidentIdVerified);
        if verified.is_none() {
            self.problem(Code::ResidentIdCheckDigit, field);
        }
        Some((number, verified.map(str::to_owned)))
    }

    /// Whether the person is one whom this system serves.
    fn scope(&mut self, number: &ResidentNumber, event_date: Option<Date>) {
        if number.is_unassigned() && !self.rules.sandbox {
            self.problem(Code::ResidentIdUnassigned, Field::ResidentId);
        }
        if !number.is_female() {
            self.problem(Code::OutOfScopeSex, Field::ResidentId);
        }
        if let Some(day) = event_date
            && !AGES.contains(&number.age_at(day))
        {
            self.problem(Code::OutOfScopeAge, Field::ResidentId);
        }
    }

    fn marital_status(&mut self, field: Field) -> Option<MaritalStatus> {
        self.read(field, Code::OutOfScopeMaritalStatus, |text| {
            [
                MaritalStatus::Married,
                MaritalStatus::FirstMarriage,
                MaritalStatus::Remarried,
                MaritalStatus::RemarriedToFormer,
            ]
            .into_iter()
            .find(|status| status.code() == text)
        })
    }

    /// Sender and receiver follow from the addresses; where they are also given, they must agree.
    fn movement_ends(
        &mut self,
        own: Field,
        own_area: Option<AreaCode>,
        other: Field,
        other_area: Option<AreaCode>,
    ) -> Ends {
        let from = own_area.map(AreaCode::county);
        let to = other_area.map(AreaCode::county);
        let ours = from.is_some_and(|from| self.rules.home_areas.contains(&from));
        if from.is_some() && !ours {
            self.problem(Code::AreaNotOurs, own);
        }
        let same = from.is_some() && from == to;
        if same {
            self.problem(Code::SameArea, other);
        }
        let from_agrees = self.agrees(Field::FromArea, from);
        let to_agrees = self.agrees(Field::ToArea, to);
        Ends {
            from: from.filter(|_| ours && from_agrees),
            from_follows: false,
            to: to.filter(|_| !same && to_agrees).map(Some),
            movement: own_area.zip(other_area),
        }
    }

    /// Whether an area that is given beside the addresses is the one that follows from them.
    fn agrees(&mut self, field: Field, expected: Option<County>) -> bool {
        match self.optional(field, Self::area) {
            None => false,
            Some(None) => true,
            Some(Some(given)) => {
                let agrees = expected.is_none_or(|expected| given.county() == expected);
                if !agrees {
                    self.problem(Code::ValueFormat, field);
                }
                agrees
            }
        }
    }

    /// Sender and receiver of an answer or a note.
    fn ends(&mut self) -> Ends {
        let from = match self.optional(Field::FromArea, Self::area) {
            None => None,
            Some(None) => self.rules.home_areas.first().copied(),
            Some(Some(area)) if self.rules.home_areas.contains(&area.county()) => {
                Some(area.county())
            }
            Some(Some(_)) => {
                self.problem(Code::AreaNotOurs, Field::FromArea);
                None
            }
        };
        let to = self.optional(Field::ToArea, Self::area);
        let to = to.map(|area| area.map(AreaCode::county));
        let from_follows =
            self.raw.get(Field::FromArea).is_none() && self.rules.home_areas.len() > 1;
        let same = !from_follows && from.is_some() && to.flatten() == from;
        if same {
            self.problem(Code::SameArea, Field::ToArea);
        }
        Ends {
            from,
            from_follows,
            to: to.filter(|_| !same),
            movement: None,
        }
    }

    fn certificate(&mut self) -> Option<Certificate> {
        let number = self.optional(Field::CertificateNumber, Self::text);
        let status = self.optional(Field::CertificateStatus, Self::text);
        let valid_until = self.optional(Field::ValidUntil, Self::date);
        Some(Certificate {
            number: number?,
            status: status?,
            valid_until: valid_until?,
        })
    }

    fn care(&mut self) -> Option<Care> {
        let expected_delivery_date = self.optional(Field::ExpectedDeliveryDate, Self::date);
        let last_check_on = self.optional(Field::LastCheckOn, Self::date);
        let next_check_on = self.optional(Field::NextCheckOn, Self::date);
        let provider = self.optional(Field::Provider, Self::text);
        let method_class = self.optional(Field::MethodClass, Self::method_class);
        let next_supply_on = self.optional(Field::NextSupplyOn, Self::date);
        let vaccination_due_on = self.optional(Field::VaccinationDueOn, Self::date);
        Some(Care {
            expected_delivery_date: expected_delivery_date?,
            last_check_on: last_check_on?,
            next_check_on: next_check_on?,
            provider: provider?,
            method_class: method_class?,
            next_supply_on: next_supply_on?,
            vaccination_due_on: vaccination_due_on?,
        })
    }

    fn feedback(&mut self) -> Option<Feedback> {
        let outcome = self.required(Field::Outcome, Self::outcome);
        let event_date = self.required(Field::EventDate, Self::past_date);
        let note = self.optional(Field::Note, Self::text);
        Some(Feedback {
            outcome: outcome?,
            event_date: event_date?,
            note: note?,
        })
    }

    fn outcome(&mut self, field: Field) -> Option<Outcome> {
        let name = self.raw.get(field).unwrap_or_default();
        let detail = match name {
            "moved_on" => Some(Field::MovedToArea),
            "duplicate_of" => Some(Field::DuplicateOf),
            _ => None,
        };
        // A detail that does not go with the outcome says that one of the two is wrong.
        for stray in [Field::MovedToArea, Field::DuplicateOf] {
            if detail != Some(stray) && self.raw.get(stray).is_some() {
                self.problem(Code::ValueFormat, stray);
            }
        }
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
}

/// Whether a number went through a spreadsheet's floating point: `9.90203E+17`.
fn has_lost_digits(text: &str) -> bool {
    text.split_once('E').is_some_and(|(mantissa, exponent)| {
        mantissa.parse::<f64>().is_ok() && exponent.parse::<i32>().is_ok()
    })
}

/// The ages within scope, at the day of the event.
const AGES: std::ops::RangeInclusive<i16> = 15..=49;
