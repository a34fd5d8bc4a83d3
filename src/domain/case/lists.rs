//! What a desk has to do.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{fold::Case, owed::Owed, state::State};
use crate::domain::area::County;

/// A list of cases that wait for the same kind of act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkList {
    /// Received, and no desk has taken it up (接收).
    ToTakeUp,
    /// Taken up; she is to be looked for, or facts are to be checked (核实).
    ToVerify,
    /// Taken up; the answer is owed (反馈).
    ToAnswer,
    /// An answer that is owed is late (逾期).
    Overdue,
    /// Only one side knows her (一方未建卡).
    OneSided,
    /// A correction, withdrawal or erasure came, and no desk has taken it up.
    CorrectionsWaiting,
    /// She moved on: her area of origin tells the next one.
    ToPassOn,
}

/// What a side has done about a case that does not travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Work {
    /// Nothing that changes a list.
    #[default]
    None,
    /// She is being looked for, or facts are being checked.
    Verifying,
    /// The area that she moved on to has been told.
    PassedOn,
}

impl WorkList {
    /// All of them, in the order in which a desk works.
    pub const ALL: [Self; 7] = [
        Self::ToTakeUp,
        Self::ToVerify,
        Self::ToAnswer,
        Self::Overdue,
        Self::OneSided,
        Self::CorrectionsWaiting,
        Self::ToPassOn,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ToTakeUp => "to_take_up",
            Self::ToVerify => "to_verify",
            Self::ToAnswer => "to_answer",
            Self::Overdue => "overdue",
            Self::OneSided => "one_sided",
            Self::CorrectionsWaiting => "corrections_waiting",
            Self::ToPassOn => "to_pass_on",
        }
    }
}

/// The lists of one side on which a case stands on a day.
pub fn work_lists(case: &Case, side: County, work: Work, today: Date) -> BTreeSet<WorkList> {
    let own = |owed: &&Owed| owed.by == side && owed.is_open();
    let mut lists = BTreeSet::new();
    for owed in case.owed.iter().filter(own) {
        lists.insert(if owed.waits_for_a_desk() {
            WorkList::ToTakeUp
        } else if work == Work::Verifying || case.state == State::ReconfirmationRequired {
            WorkList::ToVerify
        } else {
            WorkList::ToAnswer
        });
        if owed.is_overdue(today) {
            lists.insert(WorkList::Overdue);
        }
    }
    if case.is_one_sided() && !case.state.is_ended() {
        lists.insert(WorkList::OneSided);
    }
    let waits = |mended: &super::Mended| mended.told_to == side && mended.taken_up_at_ms.is_none();
    if case.mended.iter().any(waits) {
        lists.insert(WorkList::CorrectionsWaiting);
    }
    if let State::MovedOn(_) = case.state
        && case.origin == Some(side)
        && work != Work::PassedOn
    {
        lists.insert(WorkList::ToPassOn);
    }
    lists
}
