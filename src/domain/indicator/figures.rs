//! What is counted.

use std::ops::AddAssign;

use super::{Indicator, Value};
use crate::domain::case::{Count, Rate};

/// Sums of one cell: of the notices by which one side came to owe the other something, for as many
/// peers, kinds and days as were added up.
///
/// A case and the journeys it saved belong to the side that was told of it first: so the one-sided
/// cases of a peer are those that it has no record of. A woman belongs to the side where she lives,
/// and counts once for each pair of areas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Take-up and answers, by the day on which they were due.
    pub owed: Count,
    /// Notices given out on the channel.
    pub sent: u64,
    /// Of these, those that the other side's node has.
    pub stored: u64,
    /// Departures and arrivals told.
    pub records: u64,
    /// Of these, those that were corrected or taken back since.
    pub records_mended: u64,
    /// Fields that these were asked to fill.
    pub fields_asked: u64,
    /// Of these, those that were filled.
    pub fields_filled: u64,
    /// Answers given.
    pub answers: u64,
    /// Of these, those that say that she was found: confirmed or corrected.
    pub answers_matched: u64,
    /// Of these, those that say that she was not.
    pub answers_not_found: u64,
    /// Cases.
    pub cases: u64,
    /// Of these, those that only one side recorded.
    pub cases_one_sided: u64,
    /// Women who live there.
    pub persons_active: u64,
    /// Of these, those who were given at least one service.
    pub persons_served: u64,
    /// Cases that were answered without the woman having to travel.
    pub trips_saved: u64,
}

/// What no node can count: a person enters it for a home area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByHand {
    /// Cases registered, told or not.
    pub registered: Option<u64>,
    /// Women who are thought to live there.
    pub estimated: Option<u64>,
}

impl AddAssign<&Self> for Figures {
    fn add_assign(&mut self, other: &Self) {
        let Self {
            owed,
            sent,
            stored,
            records,
            records_mended,
            fields_asked,
            fields_filled,
            answers,
            answers_matched,
            answers_not_found,
            cases,
            cases_one_sided,
            persons_active,
            persons_served,
            trips_saved,
        } = other;
        self.owed += owed;
        for (sum, count) in [
            (&mut self.sent, sent),
            (&mut self.stored, stored),
            (&mut self.records, records),
            (&mut self.records_mended, records_mended),
            (&mut self.fields_asked, fields_asked),
            (&mut self.fields_filled, fields_filled),
            (&mut self.answers, answers),
            (&mut self.answers_matched, answers_matched),
            (&mut self.answers_not_found, answers_not_found),
            (&mut self.cases, cases),
            (&mut self.cases_one_sided, cases_one_sided),
            (&mut self.persons_active, persons_active),
            (&mut self.persons_served, persons_served),
            (&mut self.trips_saved, trips_saved),
        ] {
            *sum = sum.saturating_add(*count);
        }
    }
}

impl Figures {
    /// The value of an indicator.
    ///
    /// | indicator | is |
    /// |---|---|
    /// | submission | `records / registered` |
    /// | ingestion | `stored / sent` |
    /// | take-up | `taken_up_in_time / to_take_up` |
    /// | feedback | `answered / to_answer` |
    /// | feedback in time | `answered_in_time / to_answer` |
    /// | response time | median and p90 of `response`, of those answered |
    /// | accuracy | `(records - records_mended) / records` |
    /// | collection | `persons_active / estimated` |
    /// | completeness | `fields_filled / fields_asked` |
    /// | match | `answers_matched / answers` |
    /// | not found | `answers_not_found / answers` |
    /// | one-sided | `cases_one_sided / cases` |
    /// | service reach | `persons_served / persons_active` |
    /// | trips saved | `trips_saved` |
    pub fn value(&self, indicator: Indicator, by_hand: ByHand) -> Value {
        let owed = &self.owed;
        let of = |part, whole| Value::of(Rate { part, whole });
        match indicator {
            Indicator::SubmissionRate => match by_hand.registered {
                Some(registered) => of(self.records, registered),
                None => Value::NotKnown,
            },
            Indicator::IngestionRate => of(self.stored, self.sent),
            Indicator::TakeUpRate => of(owed.taken_up_in_time, owed.to_take_up),
            Indicator::FeedbackRate => of(owed.answered, owed.to_answer),
            Indicator::OnTimeFeedbackRate => of(owed.answered_in_time, owed.to_answer),
            Indicator::ResponseTime => Value::days(&owed.response),
            Indicator::AccuracyRate => {
                let right = self.records.saturating_sub(self.records_mended);
                of(right, self.records)
            }
            Indicator::CollectionRate => match by_hand.estimated {
                Some(estimated) => of(self.persons_active, estimated),
                None => Value::NotKnown,
            },
            Indicator::Completeness => match Value::of_so_many(self.records) {
                Some(value) => value,
                None => of(self.fields_filled, self.fields_asked),
            },
            Indicator::MatchRate => of(self.answers_matched, self.answers),
            Indicator::NotFoundRate => of(self.answers_not_found, self.answers),
            Indicator::OneSidedRate => of(self.cases_one_sided, self.cases),
            Indicator::ServiceReach => of(self.persons_served, self.persons_active),
            Indicator::TripsSaved => Value::count(self.trips_saved),
        }
    }

    /// Of how many the value of an indicator is, of which it may not be told if they are too few: its n;
    /// for a count the count itself. Of fields it is the notices that have them, since each has about
    /// as many.
    pub fn basis(&self, indicator: Indicator, by_hand: ByHand) -> u64 {
        match indicator {
            Indicator::SubmissionRate => by_hand.registered.unwrap_or(0),
            Indicator::IngestionRate => self.sent,
            Indicator::TakeUpRate => self.owed.to_take_up,
            Indicator::FeedbackRate | Indicator::OnTimeFeedbackRate => self.owed.to_answer,
            Indicator::ResponseTime => self.owed.response.total(),
            Indicator::CollectionRate => by_hand.estimated.unwrap_or(0),
            Indicator::AccuracyRate | Indicator::Completeness => self.records,
            Indicator::MatchRate | Indicator::NotFoundRate => self.answers,
            Indicator::OneSidedRate => self.cases,
            Indicator::ServiceReach => self.persons_active,
            Indicator::TripsSaved => self.trips_saved,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{Reference, Unit},
        *,
    };
    use crate::domain::case::Response;

    /// Figures of which every one is another, so that none can stand for its neighbour.
    fn figures() -> Figures {
        let mut response = Response::default();
        for days in [1, 2, 3, 4, 5, 6, 7, 30] {
            response += &Response::of(days);
        }
        Figures {
            owed: Count {
                to_take_up: 10,
                taken_up_in_time: 3,
                to_answer: 20,
                answered: 8,
                answered_in_time: 7,
                response,
            },
            sent: 40,
            stored: 38,
            records: 50,
            records_mended: 1,
            fields_asked: 1_000,
            fields_filled: 877,
            answers: 80,
            answers_matched: 60,
            answers_not_found: 10,
            cases: 200,
            cases_one_sided: 14,
            persons_active: 160,
            persons_served: 140,
            trips_saved: 11,
        }
    }

    #[test]
    fn every_indicator_is_reckoned_by_its_formula() {
        let by_hand = ByHand {
            registered: Some(64),
            estimated: Some(320),
        };
        let rate = |part, whole| Value::Rate(Rate { part, whole });
        let expected = [
            rate(50, 64),
            rate(38, 40),
            rate(3, 10),
            rate(8, 20),
            rate(7, 20),
            Value::Days {
                median: 4,
                p90: 30,
                n: 8,
            },
            rate(49, 50),
            rate(160, 320),
            rate(877, 1_000),
            rate(60, 80),
            rate(10, 80),
            rate(14, 200),
            rate(140, 160),
            Value::Count(11),
        ];
        let figures = figures();
        for (indicator, expected) in Indicator::ALL.into_iter().zip(expected) {
            let value = figures.value(indicator, by_hand);
            assert_eq!(value, expected, "{}", indicator.name());
            let of = |value: Value| match (value, indicator.unit()) {
                (Value::Rate(rate), Unit::Rate) => rate.whole,
                (Value::Days { n, .. }, Unit::WorkingDays) => n,
                (Value::Count(count), Unit::Count) => count,
                (value, unit) => panic!("{value:?} in {unit:?}"),
            };
            let basis = match indicator {
                Indicator::Completeness => 50,
                _ => of(value),
            };
            assert_eq!(figures.basis(indicator, by_hand), basis);
        }
    }

    #[test]
    fn what_only_people_know_is_not_known_without_them() {
        for indicator in [Indicator::SubmissionRate, Indicator::CollectionRate] {
            let of = |number| ByHand {
                registered: number,
                estimated: number,
            };
            let value = |number| figures().value(indicator, of(number));
            assert_eq!(value(None), Value::NotKnown);
            // Fewer than are known are no estimate.
            assert_eq!(value(Some(49)), Value::NotKnown);
            assert!(matches!(value(Some(200)), Value::Rate(_)));
        }
    }

    #[test]
    fn of_nothing_and_of_few_nothing_is_told() {
        for indicator in Indicator::ALL {
            let value = Figures::default().value(indicator, ByHand::default());
            let expected = match (indicator, indicator.unit()) {
                (Indicator::SubmissionRate | Indicator::CollectionRate, _) => Value::NotKnown,
                (_, Unit::Count) => Value::Count(0),
                (_, Unit::Rate | Unit::WorkingDays) => Value::Nothing,
            };
            assert_eq!(value, expected, "{}", indicator.name());
        }
        let few = Figures {
            sent: 4,
            stored: 4,
            trips_saved: 4,
            records: 4,
            fields_asked: 48,
            fields_filled: 48,
            ..Figures::default()
        };
        for indicator in [
            Indicator::IngestionRate,
            Indicator::Completeness,
            Indicator::TripsSaved,
        ] {
            assert_eq!(few.value(indicator, ByHand::default()), Value::Fewer);
        }
    }

    #[test]
    fn a_reference_is_reached_or_not_where_there_is_a_value() {
        let rate = |part| Value::Rate(Rate { part, whole: 1_000 });
        assert_eq!(rate(950).reaches(Reference::AtLeast(950)), Some(true));
        assert_eq!(rate(949).reaches(Reference::AtLeast(950)), Some(false));
        let days = |median, p90| Value::Days { median, p90, n: 9 };
        let within = Reference::Within { median: 7, p90: 15 };
        assert_eq!(days(7, 15).reaches(within), Some(true));
        assert_eq!(days(8, 15).reaches(within), Some(false));
        assert_eq!(days(7, 16).reaches(within), Some(false));
        for none in [Value::Nothing, Value::Fewer, Value::NotKnown, days(1, 1)] {
            assert_eq!(none.reaches(Reference::AtLeast(0)), None);
        }
    }

    proptest! {
        #[test]
        fn sums_do_not_depend_on_the_order(numbers in proptest::collection::vec(0_u64..1_000, 3)) {
            let each: Vec<Figures> = numbers
                .iter()
                .map(|number| Figures { sent: *number, cases: number / 2, ..figures() })
                .collect();
            let sum = |figures: &mut dyn Iterator<Item = &Figures>| {
                figures.fold(Figures::default(), |mut sum, figures| {
                    sum += figures;
                    sum
                })
            };
            let forth = sum(&mut each.iter());
            prop_assert_eq!(&forth, &sum(&mut each.iter().rev()));
            prop_assert_eq!(forth.sent, numbers.iter().sum::<u64>());
            prop_assert_eq!(forth.trips_saved, 33);
            prop_assert_eq!(forth.owed.response.total(), 24);
        }
    }
}
