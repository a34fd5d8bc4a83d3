//! A movement and the person in it, with where it goes.

use jiff::civil::Date;

use super::{Ends, Judging};
use crate::domain::{
    area::{AreaCode, County},
    field::Field,
    notice::{Care, Certificate, MaritalStatus, Movement, Person},
    problem::Code,
    resident::{NotAResidentNumber, ResidentNumber},
};

impl Judging<'_> {
    /// A movement of which that is the sending side's own area, and that the receiving side's.
    pub(super) fn movement(&mut self, own: Field, other: Field) -> (Option<Movement>, Ends) {
        let event_date = self.required(Field::EventDate, Self::past_date);
        let subject = self.person(event_date);
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
            Some(Movement {
                subject: subject?,
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

    /// The person, who is within scope on that day.
    pub(super) fn person(&mut self, event_date: Option<Date>) -> Option<Person> {
        let name = self.required(Field::Name, Self::text);
        let number = self.required(Field::ResidentId, Self::resident_id);
        if let Some((number, _)) = &number {
            self.scope(number, event_date);
        }
        let marital_status = self.required(Field::MaritalStatus, Self::marital_status);
        let phone = self.optional(Field::Phone, Self::phone);
        let (resident_id, resident_id_verified) = number?;
        Some(Person {
            name: name?,
            resident_id,
            resident_id_verified,
            marital_status: marital_status?,
            phone: phone?,
        })
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
            corrects: None,
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

    pub(super) fn certificate(&mut self) -> Option<Certificate> {
        let number = self.optional(Field::CertificateNumber, Self::text);
        let status = self.optional(Field::CertificateStatus, Self::text);
        let valid_until = self.optional(Field::ValidUntil, Self::date);
        Some(Certificate {
            number: number?,
            status: status?,
            valid_until: valid_until?,
        })
    }

    pub(super) fn care(&mut self) -> Option<Care> {
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
}

/// Whether a number went through a spreadsheet's floating point: `9.90203E+17`.
fn has_lost_digits(text: &str) -> bool {
    text.split_once('E').is_some_and(|(mantissa, exponent)| {
        mantissa.parse::<f64>().is_ok() && exponent.parse::<i32>().is_ok()
    })
}

/// The ages within scope, at the day of the event.
const AGES: std::ops::RangeInclusive<i16> = 15..=49;
