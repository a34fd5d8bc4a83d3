//! What is where: notices and channels.

use super::{
    Office,
    authority::{Authority, READERS},
    operations::{CourierState, CourierView, Hindrance},
    problem::Fault,
    scope,
};
use crate::{
    domain::{
        area::County,
        audit::Reason,
        delivery::{Confirmation, Delivery},
        notice::{Kind, NoticeId},
        problem::Code,
        refusal::Refusal,
    },
    store::{ChannelView, Direction, NotNow, NoticeFilter, NoticeView, Position},
    trust::identity::OfficeId,
};

/// A notice as an office may see it.
pub(super) struct NoticeSeen {
    pub(super) view: NoticeView,
    /// With its bytes and its reference.
    pub(super) full: bool,
    pub(super) sandbox: bool,
}

/// A notice as one home area has it.
pub(super) struct RecordSeen {
    pub(super) notice: NoticeSeen,
    /// The correction of it that counts.
    pub(super) corrected_by: Option<NoticeId>,
}

/// The records of one notice that an office may see: two, the sending side's first, where it went
/// from one home area to another and the office may know of both.
pub(super) struct NoticeRecords {
    pub(super) first: RecordSeen,
    pub(super) further: Vec<RecordSeen>,
}

/// Which notices are asked for.
pub(super) struct NoticesAsked {
    pub(super) home: Option<County>,
    pub(super) direction: Option<Direction>,
    pub(super) kinds: Vec<Kind>,
    pub(super) states: Vec<String>,
    /// 0 for the usual.
    pub(super) page_size: u32,
    /// Where the page begins; none for the newest.
    pub(super) before: Option<Position>,
}

/// A page of notices, newest first.
pub(super) struct NoticesSeen {
    pub(super) notices: Vec<NoticeSeen>,
    /// Where the next page begins; none at the end.
    pub(super) next: Option<Position>,
}

/// A channel and how far it has come.
pub(super) struct ChannelSeen {
    pub(super) view: ChannelView,
    pub(super) oldest_unanswered_seconds: u64,
    pub(super) on_hold: u64,
    pub(super) courier: CourierView,
}

impl Office {
    /// One notice, as each home area has it that the office may see. What it may not know of does
    /// not exist; what it may know of only is shown in full for a reason.
    pub(super) async fn get_notice(
        &self,
        caller: &OfficeId,
        id: NoticeId,
        reason: Option<&Reason>,
    ) -> Result<NoticeRecords, Fault> {
        let authority = self.authority(caller)?;
        authority.require(READERS)?;
        let mut records = Vec::new();
        for view in self.parts.store.notices(id).await? {
            let side = view.side();
            let Some(mut notice) = self.seen(&authority, view).await? else {
                continue;
            };
            notice.full |= reason.is_some();
            let correction = self.parts.store.correction(side, id).await?;
            records.push(RecordSeen {
                notice,
                corrected_by: correction.map(|correction| correction.facts.id),
            });
        }
        let mut records = records.into_iter();
        Ok(NoticeRecords {
            first: records.next().ok_or(Fault::UnknownNotice)?,
            further: records.collect(),
        })
    }

    /// A page of the notices that the office may know of. It may hold fewer than asked for and yet
    /// not be the last.
    pub(super) async fn list_notices(
        &self,
        caller: &OfficeId,
        asked: NoticesAsked,
    ) -> Result<NoticesSeen, Fault> {
        let NoticesAsked {
            home,
            direction,
            kinds,
            states,
            page_size,
            before,
        } = asked;
        let authority = self.authority(caller)?;
        authority.require(READERS)?;
        let home = authority.home(home)?;
        if !states.iter().all(|state| is_state(state)) {
            return Err(Fault::Argument("states", Code::ValueFormat));
        }
        let size = match usize::try_from(page_size) {
            Ok(0) => USUAL_PAGE,
            Ok(size) if size <= MOST_PAGE => size,
            Ok(_) | Err(_) => return Err(Fault::Argument("page_size", Code::ValueFormat)),
        };
        let filter = NoticeFilter {
            direction,
            kinds,
            states,
        };
        let mut notices = Vec::new();
        let mut next = Some(before.unwrap_or(Position::new(u64::MAX)));
        // A clerk's notices may be few among many: some looks, then the client asks on.
        for _ in 0..MOST_LOOKS {
            let Some(before) = next else { break };
            let missing = size.saturating_sub(notices.len());
            if missing == 0 {
                break;
            }
            let page = self
                .parts
                .store
                .page(home, filter.clone(), before, missing)
                .await?;
            for view in page.notices {
                notices.extend(self.seen(&authority, view).await?);
            }
            next = page.next;
        }
        Ok(NoticesSeen { notices, next })
    }

    /// All channels.
    pub(super) async fn list_channels(&self, caller: &OfficeId) -> Result<Vec<ChannelSeen>, Fault> {
        self.authority(caller)?.require(READERS)?;
        let mut seen = Vec::new();
        for view in self.parts.store.channels().await? {
            let (age, on_hold) = match view.direction {
                Direction::Out => (
                    self.oldest_unanswered_seconds(&view).await?,
                    self.parts.store.on_hold(view.channel).await?,
                ),
                Direction::In => (0, 0),
            };
            seen.push(ChannelSeen {
                courier: self.courier(&view),
                oldest_unanswered_seconds: age,
                on_hold,
                view,
            });
        }
        Ok(seen)
    }

    /// Age of the oldest notice of a channel out that has no answer; 0 for none.
    pub(super) async fn oldest_unanswered_seconds(
        &self,
        view: &ChannelView,
    ) -> Result<u64, NotNow> {
        let store = &self.parts.store;
        let waiting = store.waiting(view.channel, view.settled, 1).await?;
        let now = self.parts.clock.now_ms();
        Ok(waiting.notices.first().map_or(0, |oldest| {
            let age = now.saturating_sub(oldest.accepted_at_ms);
            // Whole seconds, begun ones counted: 0 stands for none.
            u64::try_from(age).unwrap_or(0) / 1_000 + 1
        }))
    }

    /// A channel that the journal says is stopped is stopped, whatever its courier does.
    fn courier(&self, view: &ChannelView) -> CourierView {
        match (view.stop, view.direction) {
            (Some((reason, found)), _) => CourierView {
                state: CourierState::Stopped,
                hindrance: Some(Hindrance::of_view(view, reason, found)),
            },
            (None, Direction::Out) => self.parts.operations.courier(view.channel),
            (None, Direction::In) => CourierView {
                state: CourierState::Idle,
                hindrance: None,
            },
        }
    }

    /// What the office may see of a notice; none if it may not know of it.
    async fn seen(
        &self,
        authority: &Authority,
        view: NoticeView,
    ) -> Result<Option<NoticeSeen>, NotNow> {
        let scope = authority.scope(view.side().home);
        let full = scope::covers_view(&self.parts.store, &scope, &view).await?;
        let seen = full || authority.sees_all_states();
        Ok(seen.then(|| NoticeSeen {
            view,
            full,
            sandbox: self.config().mode.is_sandbox(),
        }))
    }
}

fn is_state(name: &str) -> bool {
    [
        Delivery::Queued,
        Delivery::InFlight,
        Delivery::Stored,
        Delivery::Refused(Refusal::whole(Code::Malformed)),
        Delivery::Expired(Confirmation::Confirmed),
        Delivery::Withdrawn(Confirmation::Confirmed),
    ]
    .iter()
    .any(|state| state.name() == name)
}

const USUAL_PAGE: usize = 100;

const MOST_PAGE: usize = 1_000;

const MOST_LOOKS: usize = 16;
