//! For how long a case is kept.
//!
//! What is sealed under one key goes at once, so a case is kept until none of its notices has to be
//! kept any more. One that goes on, that somebody waits in or that is held is kept whatever the time,
//! and so is one of which nobody can say for how long it is to be kept.

use jiff::{ToSpan as _, civil::Date};

use super::{
    agreement::AgreementVersion,
    calendar::Days,
    notice::{Kind, NoticeId},
};

/// A notice of a case, as far as keeping it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The notice.
    pub notice: NoticeId,
    /// Its kind.
    pub kind: Kind,
    /// The day on which it was published.
    pub published: Date,
    /// The agreement under which it travels.
    pub agreement: AgreementVersion,
    /// For how long that has it kept; none if it is not known here.
    pub keep_for: Option<Days>,
}

/// What stands against purging a case, whatever its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Nothing: it has ended, nobody waits, and nothing is under way.
    Ended,
    /// It goes on.
    GoesOn,
    /// It is held.
    Held,
}

/// For how long a case is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// As long as it goes on.
    GoesOn,
    /// As long as it is held.
    Held,
    /// For as long as nobody can say: this node does not hold the agreement of that version.
    Unknown(AgreementVersion),
    /// It is purged from that day on, for the sake of the notice that is kept longest.
    Until(Date, Term),
}

/// For how long a case of these notices is kept. One that says nothing goes on.
pub fn keeping(stands: Stands, terms: &[Term]) -> Keeping {
    match stands {
        Stands::GoesOn => return Keeping::GoesOn,
        Stands::Held => return Keeping::Held,
        Stands::Ended => {}
    }
    let mut longest: Option<(Date, Term)> = None;
    for term in terms {
        let Some(day) = term
            .keep_for
            .and_then(|days| purged_on(term.published, days))
        else {
            return Keeping::Unknown(term.agreement);
        };
        if longest.is_none_or(|(until, _)| until < day) {
            longest = Some((day, *term));
        }
    }
    longest.map_or(Keeping::GoesOn, |(day, term)| Keeping::Until(day, term))
}

/// The first day on which a notice is kept no more; none beyond the calendar.
fn purged_on(published: Date, keep_for: Days) -> Option<Date> {
    let days = i32::from(keep_for.count).saturating_add(1);
    published.checked_add(days.days()).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn term(counter: u64, published: Date, keep_for: Option<u16>) -> Term {
        Term {
            notice: NoticeId::new([1; 8], counter),
            kind: Kind::Departure,
            published,
            agreement: "350582-530111/1".parse().unwrap(),
            keep_for: keep_for.map(Days::calendar),
        }
    }

    #[test]
    fn a_case_is_kept_as_long_as_any_of_its_notices_is() {
        let first = term(1, date(2026, 10, 1), Some(30));
        let last = term(2, date(2026, 10, 20), Some(1));
        assert_eq!(
            keeping(Stands::Ended, &[first, last]),
            Keeping::Until(date(2026, 11, 1), first)
        );
        let longer = term(2, date(2026, 10, 20), Some(12));
        assert_eq!(
            keeping(Stands::Ended, &[first, longer]),
            Keeping::Until(date(2026, 11, 2), longer)
        );
    }

    #[test]
    fn what_goes_on_is_held_or_is_unknown_is_never_purged() {
        let known = term(1, date(2020, 1, 1), Some(1));
        let unknown = term(2, date(2020, 1, 1), None);
        assert_eq!(keeping(Stands::GoesOn, &[known]), Keeping::GoesOn);
        assert_eq!(keeping(Stands::Held, &[known]), Keeping::Held);
        assert_eq!(
            keeping(Stands::Ended, &[known, unknown]),
            Keeping::Unknown(unknown.agreement)
        );
        assert_eq!(keeping(Stands::Ended, &[]), Keeping::GoesOn);
    }

    proptest! {
        #[test]
        fn nothing_is_purged_while_a_notice_is_kept_and_all_is_once_none_is(
            notices in prop::collection::vec((0_i32..4_000, 1_u16..3_650), 1..8),
            today in 0_i32..9_000,
        ) {
            let begin = date(2026, 1, 1);
            let day = |days: i32| begin.saturating_add(days.days());
            let terms: Vec<Term> = (1..)
                .zip(&notices)
                .map(|(counter, (at, keep))| term(counter, day(*at), Some(*keep)))
                .collect();
            let Keeping::Until(until, _) = keeping(Stands::Ended, &terms) else {
                panic!("it has ended");
            };
            let kept = |(at, keep): &(i32, u16)| today <= at + i32::from(*keep);
            prop_assert_eq!(day(today) < until, notices.iter().any(kept));
        }
    }
}
