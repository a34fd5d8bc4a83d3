//! Whether an answer is urgent: she is expecting, has a newborn child, or care is due.
//!
//! The rule (ours, from the care fields that travel), looked at on the day of publication:
//!
//! | urgent by | when |
//! |---|---|
//! | expecting | `expected_delivery_date` is that day or later |
//! | newborn | `expected_delivery_date` lies 1 to 42 days back |
//! | care due | `next_check_on`, `next_supply_on` or `vaccination_due_on` is at most 7 days ahead, or past |
//!
//! 42 days: the puerperium, at whose end mother and child are seen once more (产后42天健康检查,
//! 《孕产期保健工作规范》, 卫妇社发〔2011〕56号). The day of birth does not travel; the expected one
//! stands for it. 7 days: the time for an urgent answer that agreements have unless they say
//! otherwise; what falls due before such an answer cannot wait for an ordinary one. A day of care
//! that is past is care that was missed, however long ago.
//!
//! Care travels only where an agreement lists the field and she has consented; where it does not,
//! nothing is urgent.

use jiff::{ToSpan, civil::Date};

use super::notice::{Care, Content};

/// How soon an answer is due. Why it is urgent is a fact of her care, so it is kept nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Within the ordinary time.
    Ordinary,
    /// Within the shorter one.
    Urgent,
}

impl Urgency {
    /// That of what a notice says, published on that day in Asia/Shanghai. Only a movement can be
    /// urgent, told or corrected.
    pub fn of(content: &Content, published: Date) -> Self {
        match content {
            Content::Departure(movement) | Content::Arrival(movement) => {
                Self::of_care(&movement.care, published)
            }
            Content::Correction(correction) => Self::of_care(&correction.movement.care, published),
            Content::Feedback(_)
            | Content::Message(_)
            | Content::VerificationRequest(_)
            | Content::ServiceRecord(_)
            | Content::ContinuityRequest(_)
            | Content::ContinuityTransfer(_)
            | Content::CertificateQuery(_)
            | Content::CertificateResult(_)
            | Content::Return(_)
            | Content::Withdrawal(_)
            | Content::Erasure(_)
            | Content::TakenUp
            | Content::Reminder(_)
            | Content::Bulletin(_) => Self::Ordinary,
        }
    }

    /// That of a movement with such care, published on that day in Asia/Shanghai.
    pub fn of_care(care: &Care, published: Date) -> Self {
        let Care {
            expected_delivery_date,
            last_check_on: _,
            next_check_on,
            provider: _,
            method_class: _,
            next_supply_on,
            vaccination_due_on,
        } = care;
        let expecting_or_newborn =
            expected_delivery_date.is_some_and(|day| published <= newborn_until(day));
        let due_by = published.saturating_add(CARE_DUE_DAYS.days());
        let care_due = [next_check_on, next_supply_on, vaccination_due_on]
            .into_iter()
            .flatten()
            .any(|day| *day <= due_by);
        if expecting_or_newborn || care_due {
            Self::Urgent
        } else {
            Self::Ordinary
        }
    }
}

/// The last day on which the child of a delivery expected on that day counts as newborn.
fn newborn_until(expected: Date) -> Date {
    expected.saturating_add(NEWBORN_DAYS.days())
}

const NEWBORN_DAYS: i64 = 42;
const CARE_DUE_DAYS: i64 = 7;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notice::{Feedback, Message, Outcome};

    const PUBLISHED: &str = "2026-11-22";

    fn day(text: &str) -> Option<Date> {
        Some(text.parse().unwrap())
    }

    fn of(care: &Care) -> Urgency {
        Urgency::of_care(care, PUBLISHED.parse().unwrap())
    }

    #[test]
    fn she_is_expecting_up_to_the_day_and_the_child_newborn_for_42_days_after() {
        for (expected, urgency) in [
            ("2027-07-30", Urgency::Urgent),
            ("2026-11-23", Urgency::Urgent),
            ("2026-11-22", Urgency::Urgent),
            ("2026-11-21", Urgency::Urgent),
            ("2026-10-11", Urgency::Urgent),
            ("2026-10-10", Urgency::Ordinary),
            ("2025-11-22", Urgency::Ordinary),
        ] {
            let care = Care {
                expected_delivery_date: day(expected),
                ..Care::default()
            };
            assert_eq!(of(&care), urgency, "{expected}");
        }
    }

    #[test]
    fn care_is_due_a_week_ahead_and_ever_after() {
        type Set = fn(&mut Care, Option<Date>);
        let fields: [Set; 3] = [
            |care, day| care.next_check_on = day,
            |care, day| care.next_supply_on = day,
            |care, day| care.vaccination_due_on = day,
        ];
        for set in fields {
            for (due, urgency) in [
                ("2026-11-30", Urgency::Ordinary),
                ("2026-11-29", Urgency::Urgent),
                ("2026-11-22", Urgency::Urgent),
                ("2024-01-01", Urgency::Urgent),
            ] {
                let mut care = Care::default();
                set(&mut care, day(due));
                assert_eq!(of(&care), urgency, "{due}");
            }
        }
    }

    #[test]
    fn what_was_done_and_by_whom_makes_nothing_urgent() {
        let care = Care {
            last_check_on: day(PUBLISHED),
            provider: Some("测试卫生院".to_owned()),
            method_class: Some("700".to_owned()),
            ..Care::default()
        };
        assert_eq!(of(&care), Urgency::Ordinary);
        assert_eq!(of(&Care::default()), Urgency::Ordinary);
    }

    #[test]
    fn what_is_no_movement_is_not_urgent() {
        let published = PUBLISHED.parse().unwrap();
        let feedback = Content::Feedback(Feedback {
            outcome: Outcome::Confirmed,
            event_date: published,
            note: None,
        });
        let message = Content::Message(Message {
            text: "测试".to_owned(),
        });
        for content in [feedback, message] {
            assert_eq!(Urgency::of(&content, published), Urgency::Ordinary);
        }
    }

    #[test]
    fn days_at_the_ends_of_the_calendar_are_judged_too() {
        for (day, published, urgency) in [
            (Date::MAX, Date::MIN, Urgency::Ordinary),
            (Date::MIN, Date::MAX, Urgency::Urgent),
            (Date::MAX, Date::MAX, Urgency::Urgent),
        ] {
            let care = Care {
                next_check_on: Some(day),
                ..Care::default()
            };
            assert_eq!(Urgency::of_care(&care, published), urgency);
        }
        let care = Care {
            expected_delivery_date: Some(Date::MAX),
            ..Care::default()
        };
        assert_eq!(Urgency::of_care(&care, Date::MAX), Urgency::Urgent);
    }
}
