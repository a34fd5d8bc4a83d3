//! The lists of cases, as they are named and read.

use clap::{Args, ValueEnum};

use super::super::exit::Failure;
use crate::{
    domain::{
        area::{AreaCode, County},
        case::WorkList,
        problem::Text,
    },
    office::client::{CaseList, CaseListing, CaseOnList, Client},
};

/// A list by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum List {
    /// 待接收。 Received, and not taken up
    ToTakeUp,
    /// 待核实。 To be looked for
    ToVerify,
    /// 待反馈。 The answer is owed
    ToAnswer,
    /// 已逾期。 The answer is late
    Overdue,
    /// 一方未建卡。 Only one side knows her
    OneSided,
    /// 更正撤回待接收。 Corrections, withdrawals and erasures not taken up
    CorrectionsWaiting,
    /// 再流出待转告。 The next area is to be told
    ToPassOn,
    /// 待对方反馈。 The other side owes the answer
    Awaited,
    /// 疑似同一人。 Perhaps the same woman
    NearMatches,
    /// 全部个案。 Every case
    All,
}

impl From<List> for CaseList {
    fn from(list: List) -> Self {
        match list {
            List::ToTakeUp => Self::Work(WorkList::ToTakeUp),
            List::ToVerify => Self::Work(WorkList::ToVerify),
            List::ToAnswer => Self::Work(WorkList::ToAnswer),
            List::Overdue => Self::Work(WorkList::Overdue),
            List::OneSided => Self::Work(WorkList::OneSided),
            List::CorrectionsWaiting => Self::Work(WorkList::CorrectionsWaiting),
            List::ToPassOn => Self::Work(WorkList::ToPassOn),
            List::Awaited => Self::Awaited,
            List::NearMatches => Self::NearMatches,
            List::All => Self::All,
        }
    }
}

/// How people call a list.
pub(super) const fn words(list: CaseList) -> Text {
    let (zh, en) = match list {
        CaseList::Work(WorkList::ToTakeUp) => ("待接收", "to take up"),
        CaseList::Work(WorkList::ToVerify) => ("待核实", "to verify"),
        CaseList::Work(WorkList::ToAnswer) => ("待反馈", "to answer"),
        CaseList::Work(WorkList::Overdue) => ("已逾期", "overdue"),
        CaseList::Work(WorkList::OneSided) => ("一方未建卡", "one-sided"),
        CaseList::Work(WorkList::CorrectionsWaiting) => ("更正撤回待接收", "corrections waiting"),
        CaseList::Work(WorkList::ToPassOn) => ("再流出待转告", "to pass on"),
        CaseList::Awaited => ("待对方反馈", "awaited from the other side"),
        CaseList::NearMatches => ("疑似同一人", "near matches"),
        CaseList::All => ("全部个案", "all cases"),
    };
    Text { zh, en }
}

/// Whether the day under which a case stands on a list is one by which something is due; else it is
/// that on which the case was opened.
pub(super) const fn is_by_due_day(list: CaseList) -> bool {
    match list {
        CaseList::Work(
            WorkList::ToTakeUp | WorkList::ToVerify | WorkList::ToAnswer | WorkList::Overdue,
        )
        | CaseList::Awaited => true,
        CaseList::Work(WorkList::OneSided | WorkList::CorrectionsWaiting | WorkList::ToPassOn)
        | CaseList::NearMatches
        | CaseList::All => false,
    }
}

/// Where to look.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct WithinArguments {
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    pub(super) home: Option<County>,
    /// 只要该乡镇街道或村居的（9或12位）。 Only those of that township or village
    #[arg(long, value_name = "CODE")]
    pub(super) area: Option<AreaCode>,
    /// 只要与该区县之间的。 Only those with that other area
    #[arg(long, value_name = "AREA", requires = "list")]
    pub(super) peer: Option<County>,
}

impl WithinArguments {
    pub(super) fn listing(self, list: CaseList) -> CaseListing {
        let Self { home, area, peer } = self;
        CaseListing {
            home,
            list,
            area,
            peer,
        }
    }
}

/// A list up to so many cases, and whether it goes on.
pub(in crate::cli) async fn read(
    client: &Client,
    listing: &CaseListing,
    limit: u64,
) -> Result<(Vec<CaseOnList>, bool), Failure> {
    let mut cases = Vec::new();
    let mut token = String::new();
    loop {
        let left = limit.saturating_sub(cases.len() as u64);
        let size = u32::try_from(left).map_or(PAGE, |left| left.min(PAGE));
        let (page, next) = client.cases(listing, size, token).await?;
        cases.extend(page);
        if next.is_empty() || cases.len() as u64 >= limit {
            return Ok((cases, !next.is_empty()));
        }
        token = next;
    }
}

/// Cases fetched at once.
const PAGE: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_on_the_command_line_are_the_stable_ones() {
        for list in List::value_variants() {
            let value = list.to_possible_value().unwrap();
            assert_eq!(
                value.get_name().replace('-', "_"),
                CaseList::from(*list).name()
            );
        }
    }
}
