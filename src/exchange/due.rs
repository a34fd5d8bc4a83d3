//! Whether both sides come to the same: what was due in a month, notice by notice.

use std::time::Duration;

use tokio::time::timeout;
use tonic::{Code, Request};

use super::{
    Exchange,
    failure::SessionError,
    inbound::own_channel,
    link::OpenLink,
    misdeed::At,
    status::CallError,
    wire::{self, DueAsked, ExchangeClient, ListDueRequest, ListDueResponse, NotOfItsForm},
};
use crate::{
    cases::{CasesError, DuePage, PageToken},
    domain::{
        area::County,
        case::{Comparison, DueItem, compare_due},
        channel::Channel,
        month::Month,
    },
    trust::identity::PeerId,
};

/// Why two sides could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// No paired node speaks for that area.
    #[error("no paired node speaks for that area; pair with it first")]
    NotPaired,
    /// The peer cannot be reached, or the call failed.
    #[error(transparent)]
    Call(#[from] SessionError),
    /// The peer is of a version that does not compare.
    #[error("the peer's node is of a version that cannot compare; let it be brought up to date")]
    NotKnownThere,
    /// What is counted here cannot be told.
    #[error(transparent)]
    Cases(#[from] CasesError),
}

impl CompareError {
    /// True if the peer may answer the same when it is asked again.
    pub const fn is_of_the_way(&self) -> bool {
        match self {
            Self::Call(error) => error.breaks_link(),
            Self::NotPaired | Self::NotKnownThere | Self::Cases(_) => false,
        }
    }
}

impl Exchange {
    /// Asks the peer that speaks for an area what was due between it and a home area in a month, and
    /// lays that beside what is known here.
    ///
    /// # Errors
    /// [`CompareError`].
    pub async fn compare_due(
        &self,
        home: County,
        area: County,
        month: Month,
    ) -> Result<Comparison, CompareError> {
        let trust = self.trust();
        let peer = trust.peer_for(area).ok_or(CompareError::NotPaired)?;
        let peer = peer.pairing().id.clone();
        let link = match self.0.links.open(&peer).await {
            Ok(link) => link,
            Err(error) => {
                let error = SessionError::from(error);
                self.0.links.note_error(&peer, &error);
                return Err(error.into());
            }
        };
        let asked = DueAsked {
            channel: Channel {
                from: home,
                to: area,
            },
            sandbox: trust.is_sandbox(),
            month,
            after: None,
        };
        let there = match self.due_there(&link, asked).await {
            Ok(there) => there,
            Err(CompareError::Call(error)) => {
                self.0.links.note_misdeed(&peer, At::Due, error.misdeed());
                return Err(error.on(&link).into());
            }
            Err(error) => return Err(error),
        };
        self.0.links.heard(&peer);
        self.0.links.note_misdeed(&peer, At::Due, None);
        let here = self.due_here(home, area, month).await?;
        Ok(compare_due(home, area, here, there))
    }

    async fn due_here(
        &self,
        home: County,
        other: County,
        month: Month,
    ) -> Result<Vec<DueItem>, CasesError> {
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let DuePage { items: page, next } =
                self.0.cases.due_in(home, other, month, after).await?;
            items.extend(page);
            if next.is_none() {
                return Ok(items);
            }
            after = next;
        }
    }

    async fn due_there(
        &self,
        link: &OpenLink,
        mut asked: DueAsked,
    ) -> Result<Vec<DueItem>, CompareError> {
        let mut client = ExchangeClient::new(link.channel.clone());
        let mut items = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut request = Request::new(wire::due_request(asked));
            request.set_timeout(WITHIN);
            let answered = match timeout(WITHIN, client.list_due(request)).await {
                Ok(Ok(answered)) => answered.into_inner(),
                Ok(Err(status)) if status.code() == Code::Unimplemented => {
                    return Err(CompareError::NotKnownThere);
                }
                Ok(Err(status)) => return Err(SessionError::from(status).into()),
                Err(_) => return Err(SessionError::Silent.into()),
            };
            let read = wire::due_response_in(answered).map_err(SessionError::from);
            let DuePage { items: page, next } = read?;
            fits(&asked, &page, next).map_err(SessionError::from)?;
            items.extend(page);
            if next.is_none() {
                return Ok(items);
            }
            asked.after = next;
        }
        Err(SessionError::from(NotOfItsForm("more than was ever due")).into())
    }

    /// What was due between a caller and an area of this node, as it is known here.
    pub(super) async fn answer_due(
        &self,
        caller: &PeerId,
        message: ListDueRequest,
    ) -> Result<ListDueResponse, CallError> {
        let DueAsked {
            channel,
            sandbox,
            month,
            after,
        } = wire::due_request_in(message)?;
        own_channel(self, caller, channel, sandbox)?;
        let Channel { from, to } = channel;
        let page = self.0.cases.due_in(to, from, month, after).await;
        Ok(wire::due_response(page.map_err(|error| {
            if let CasesError::Shelf(error) = &error {
                tracing::error!(%error, "Cases could not be read.");
            }
            CallError::CasesNotReady
        })?))
    }
}

/// A part must be of what was asked for, and lead on.
fn fits(asked: &DueAsked, items: &[DueItem], next: Option<PageToken>) -> Result<(), NotOfItsForm> {
    let Channel { from, to } = asked.channel;
    let is_asked =
        |item: &DueItem| (item.by == from || item.by == to) && Month::of(item.due) == asked.month;
    if !items.iter().all(is_asked) {
        return Err(NotOfItsForm("what was not asked for"));
    }
    if next.is_some() && next <= asked.after {
        return Err(NotOfItsForm("a part that leads nowhere"));
    }
    Ok(())
}

const WITHIN: Duration = Duration::from_secs(15);
/// Parts of a month that are asked for: what two counties tell each other in a month goes into a few.
const MOST_PAGES: usize = 400;

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::*;
    use crate::domain::{
        case::DueStanding,
        notice::{Kind, NoticeId},
    };

    fn asked(after: Option<PageToken>) -> DueAsked {
        DueAsked {
            channel: Channel {
                from: "350582".parse().unwrap(),
                to: "530111".parse().unwrap(),
            },
            sandbox: true,
            month: "2026-10".parse().unwrap(),
            after,
        }
    }

    fn item(by: &str, due: Date) -> DueItem {
        DueItem {
            notice: NoticeId::new([1; 8], 1),
            case: NoticeId::new([1; 8], 1),
            by: by.parse().unwrap(),
            kind: Kind::Departure,
            due,
            standing: DueStanding::Answered { at_ms: 17 },
            state: "active",
            under_way: true,
        }
    }

    fn place(day: i8, case: u64) -> Option<PageToken> {
        Some(PageToken {
            day: Some(date(2026, 10, day)),
            case: NoticeId::new([1; 8], case),
        })
    }

    #[test]
    fn only_what_was_asked_for_is_taken() {
        let october = date(2026, 10, 12);
        for by in ["350582", "530111"] {
            assert_eq!(fits(&asked(None), &[item(by, october)], None), Ok(()));
        }
        for strange in [item("110105", october), item("350582", date(2026, 11, 1))] {
            let items = [item("350582", october), strange];
            assert!(fits(&asked(None), &items, None).is_err());
        }
    }

    #[test]
    fn a_part_leads_on() {
        let after = place(12, 2);
        for (next, fine) in [
            (None, true),
            (place(12, 3), true),
            (place(13, 1), true),
            (place(12, 2), false),
            (place(11, 9), false),
        ] {
            assert_eq!(fits(&asked(after), &[], next).is_ok(), fine, "{next:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let asked = asked(place(12, 2));
        let read = wire::due_request_in(wire::due_request(asked)).unwrap();
        assert_eq!(
            (read.channel, read.month, read.after),
            (asked.channel, asked.month, asked.after)
        );
        let page = DuePage {
            items: vec![item("530111", date(2026, 10, 12))],
            next: place(12, 2),
        };
        let read = wire::due_response_in(wire::due_response(page.clone()));
        assert_eq!(read, Ok(page));
    }
}
