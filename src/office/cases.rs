//! Cases and figures, as far as an office may see them.

use bytes::Bytes;
use jiff::{ToSpan, civil::Date};

use super::{
    Office,
    authority::{Authority, COUNTERS, READERS},
    problem::Fault,
    scope,
};
use crate::{
    cases::{CaseView, CasesError, Doing, Figured, ListAsked, ListName, Page, PageToken},
    domain::{
        area::{AreaCode, County},
        audit::Reason,
        case::Comparison,
        month::Month,
        notice::NoticeId,
        problem::Code,
        work::{Act, ActKind},
    },
    store::{NotNow, Position, Side},
    trust::identity::OfficeId,
};

/// Which cases an office asks for.
pub(super) struct CasesAsked {
    pub(super) home: Option<County>,
    pub(super) list: ListName,
    pub(super) area: Option<AreaCode>,
    pub(super) peer: Option<County>,
    /// 0 for the usual.
    pub(super) page_size: u32,
    pub(super) after: Option<PageToken>,
}

/// A page of cases, and the day on which it is read.
pub(super) struct CasesSeen {
    pub(super) page: Page,
    pub(super) today: Date,
}

/// A case with its notices.
pub(super) struct CaseSeen {
    pub(super) case: CaseView,
    pub(super) today: Date,
    /// Whether the caller may see what its notices say.
    pub(super) full: bool,
    /// The bytes of its notices; empty for one that the node holds no more.
    pub(super) notices: Vec<Bytes>,
    /// What goes with what was done, place for place; empty where the caller may not see it.
    pub(super) details: Vec<Option<Act>>,
}

/// What is counted up to a day.
pub(super) struct FiguresSeen {
    pub(super) home: County,
    pub(super) until: Date,
    pub(super) figures: Vec<Figured>,
}

impl From<CasesError> for Fault {
    fn from(error: CasesError) -> Self {
        if let CasesError::Shelf(error) = &error {
            tracing::error!(%error, "Cases could not be read.");
        }
        Self::CasesNotReady
    }
}

impl Office {
    /// A page of a list.
    pub(super) async fn list_cases(
        &self,
        caller: &OfficeId,
        asked: CasesAsked,
    ) -> Result<CasesSeen, Fault> {
        let CasesAsked {
            home,
            list,
            area,
            peer,
            page_size,
            after,
        } = asked;
        let authority = self.authority(caller)?;
        authority.require(READERS)?;
        let home = authority.home(home)?;
        let limit = match usize::try_from(page_size) {
            Ok(0) => USUAL_PAGE,
            Ok(size) if size <= MOST_PAGE => size,
            Ok(_) | Err(_) => return Err(Fault::Argument("page_size", Code::ValueFormat)),
        };
        let today = self.today();
        let asked = ListAsked {
            home,
            list,
            areas: areas(&authority, home, area)?,
            peer,
            today,
            after,
            limit,
        };
        Ok(CasesSeen {
            page: self.parts.cases.list(asked).await?,
            today,
        })
    }

    /// How many cases stand on each list of work.
    pub(super) async fn count_cases(
        &self,
        caller: &OfficeId,
        home: Option<County>,
        area: Option<AreaCode>,
    ) -> Result<Vec<(ListName, usize)>, Fault> {
        let authority = self.authority(caller)?;
        authority.require(READERS)?;
        let home = authority.home(home)?;
        let areas = areas(&authority, home, area)?;
        Ok(self.parts.cases.counts(home, &areas, self.today()).await?)
    }

    /// One case. What an office may not know of does not exist; what it may know of only is shown in
    /// full for a reason.
    pub(super) async fn get_case(
        &self,
        caller: &OfficeId,
        id: NoticeId,
        reason: Option<&Reason>,
    ) -> Result<CaseSeen, Fault> {
        let authority = self.authority(caller)?;
        authority.require(READERS)?;
        let found = self.case_of(&authority, id).await?;
        let (case, full) = found.ok_or(Fault::UnknownCase)?;
        let full = full || reason.is_some();
        let mut notices = Vec::new();
        let side = Side {
            home: case.home,
            other: case.other,
        };
        for entry in &case.history {
            let view = self.parts.store.notice_of_pair(side, entry.notice).await?;
            notices.push(view.and_then(|view| view.bytes).unwrap_or_default());
        }
        let details = if full {
            self.details(&case).await?
        } else {
            Vec::new()
        };
        Ok(CaseSeen {
            case,
            today: self.today(),
            full,
            notices,
            details,
        })
    }

    /// Sums of what is counted, up to yesterday: what is due today may still come in time.
    pub(super) async fn get_figures(
        &self,
        caller: &OfficeId,
        home: Option<County>,
        area: Option<AreaCode>,
        from: Date,
        until: Date,
    ) -> Result<FiguresSeen, Fault> {
        let authority = self.authority(caller)?;
        authority.require(READERS)?;
        let home = authority.home(home)?;
        // Sums tell of nobody: a clerk may see those of the county.
        let area = area.unwrap_or_else(|| home.into());
        if area.county() != home || area.shortest().as_str().len() > TOWNSHIP {
            return Err(Fault::Argument("area", Code::AreaOutsideScope));
        }
        let yesterday = self.today().saturating_sub(1.day());
        let until = until.min(yesterday);
        Ok(FiguresSeen {
            home,
            until,
            figures: self.parts.cases.figures(home, area, from, until).await?,
        })
    }

    /// What was due between a home area and another in a month, as both sides have it.
    pub(super) async fn compare_due(
        &self,
        caller: &OfficeId,
        home: Option<County>,
        area: County,
        month: Month,
    ) -> Result<(County, Comparison), Fault> {
        let authority = self.authority(caller)?;
        authority.require(COUNTERS)?;
        let home = authority.home(home)?;
        let compared = self
            .operate(caller, COUNTERS, move |operations| async move {
                operations.compare_due(home, area, month).await
            })
            .await?;
        Ok((home, compared))
    }

    /// A case to which a notice belongs, and whether the office may see what its notices say; none
    /// if it may not know of it. Of two home areas between which it lies, the one that the office
    /// acts for; of two such, the one that received its first notice.
    pub(super) async fn case_of(
        &self,
        authority: &Authority,
        id: NoticeId,
    ) -> Result<Option<(CaseView, bool)>, Fault> {
        let mut known = None;
        for view in self.parts.store.notices(id).await?.into_iter().rev() {
            let Side { home, other } = view.side();
            let case = self.parts.cases.case(home, other, id, self.today()).await?;
            let Some(case) = case else { continue };
            if self.may_work_on(authority, &case).await? {
                return Ok(Some((case, true)));
            }
            if authority.sees_all_states() {
                known.get_or_insert(case);
            }
        }
        Ok(known.map(|case| (case, false)))
    }

    /// Whether a case lies in the areas of an office, or was handed on to one of them.
    async fn may_work_on(&self, authority: &Authority, case: &CaseView) -> Result<bool, Fault> {
        let scope = authority.scope(case.home);
        if scope.is_whole(case.home) || scope.is_empty() {
            return Ok(!scope.is_empty());
        }
        let mut done = case.done.iter().rev();
        if let Some(doing) = done.find(|doing| doing.kind == ActKind::Forwarded)
            && let Some(Act::Forwarded { to }) = self.act(case.home, doing).await?
            && scope.covers(to.area())
        {
            return Ok(true);
        }
        let side = Side {
            home: case.home,
            other: case.other,
        };
        let view = self.parts.store.notice_of_pair(side, case.id).await?;
        match view {
            Some(view) => Ok(scope::covers_view(&self.parts.store, &scope, &view).await?),
            None => Ok(false),
        }
    }

    /// What goes with what was done about a case: place for place.
    pub(super) async fn details(&self, case: &CaseView) -> Result<Vec<Option<Act>>, NotNow> {
        let mut details = Vec::new();
        for doing in &case.done {
            details.push(self.act(case.home, doing).await?);
        }
        Ok(details)
    }

    /// What was done, with what goes with it.
    pub(super) async fn act(&self, home: County, doing: &Doing) -> Result<Option<Act>, NotNow> {
        let before = Position::new(doing.position.get().saturating_sub(1));
        let kept = self.parts.store.worked(home, before, 1).await?;
        let kept = kept
            .into_iter()
            .find(|kept| kept.position == doing.position);
        Ok(kept.map(|kept| kept.worked.act))
    }
}

/// Where an office looks: in all of its areas, or in one within them.
fn areas(
    authority: &Authority,
    home: County,
    area: Option<AreaCode>,
) -> Result<Vec<AreaCode>, Fault> {
    let scope = authority.scope(home);
    let all = authority.sees_all_states() || scope.is_whole(home);
    match area {
        Some(area) if area.county() == home && (all || scope.covers(area)) => Ok(vec![area]),
        Some(_) => Err(Fault::OutsideScope),
        None if all => Ok(vec![home.into()]),
        None => Ok(scope.areas().to_vec()),
    }
}

/// Digits of a township: of finer areas nothing is summed up.
const TOWNSHIP: usize = 9;
const USUAL_PAGE: usize = 100;
const MOST_PAGE: usize = 1_000;
