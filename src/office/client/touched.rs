//! Whose data were exchanged in a time.

use tonic::Streaming;

use super::{
    Client,
    cases::read,
    error::ClientError,
    states::{county, id},
};
use crate::{
    domain::{
        area::County,
        notice::{Kind, NoticeId},
    },
    proto::office::v1 as wire,
};

/// Whose data are asked after.
#[derive(Clone, Copy, Debug)]
pub struct TouchedAsked {
    /// Home area; `None` for the office's own.
    pub home: Option<County>,
    /// Only what that other area has or may have; `None` for everything that is here.
    pub peer: Option<County>,
    /// Exchanged at that time or later: milliseconds since 1970-01-01T00:00:00Z.
    pub from_ms: i64,
    /// And before that time, likewise.
    pub until_ms: i64,
}

/// The cases that are meant, one after the other. Holds no personal value.
pub struct Touching(Streaming<wire::ListTouchedResponse>);

/// What the node says of them.
#[derive(Clone, Debug)]
pub enum Touched {
    /// One of them.
    Case(TouchedCase),
    /// All of them: the last.
    Totals(TouchedTotals),
}

/// A case and what was exchanged of it.
#[derive(Clone, Debug)]
pub struct TouchedCase {
    /// Its id.
    pub case: NoticeId,
    /// The other area.
    pub peer: County,
    /// Notices published here.
    pub sent: u64,
    /// Notices that came in.
    pub received: u64,
    /// When the first of them was published or stored here: milliseconds since 1970-01-01T00:00:00Z.
    pub first_at_ms: i64,
    /// When the last was, likewise.
    pub last_at_ms: i64,
    /// Their kinds.
    pub kinds: Vec<Kind>,
    /// The groups of the fields that they fill, by name.
    pub field_groups: Vec<String>,
}

/// How much it is.
#[derive(Clone, Copy, Debug)]
pub struct TouchedTotals {
    /// Notices.
    pub notices: u64,
    /// Cases.
    pub cases: u64,
    /// People, as far as their numbers are known at the node.
    pub people: u64,
}

impl Client {
    /// Asks whose data were exchanged in a time.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn touched(&self, asked: TouchedAsked) -> Result<Touching, ClientError> {
        let TouchedAsked {
            home,
            peer,
            from_ms,
            until_ms,
        } = asked;
        let text = |area: Option<County>| area.map(|area| area.to_string()).unwrap_or_default();
        let request = wire::ListTouchedRequest {
            home_area: text(home),
            peer_area: text(peer),
            from_ms,
            until_ms,
        };
        let answers = self.ask(self.inner.clone().list_touched(request)).await?;
        Ok(Touching(answers))
    }
}

impl Touching {
    /// What comes next; none behind the totals.
    ///
    /// # Errors
    /// [`ClientError`]; what came before is then not all.
    pub async fn next(&mut self) -> Result<Option<Touched>, ClientError> {
        use wire::list_touched_response::Step;
        let Some(wire::ListTouchedResponse { step }) = self.0.message().await? else {
            return Ok(None);
        };
        Ok(Some(match step.ok_or(ClientError::Unreadable)? {
            Step::Case(case) => Touched::Case(case.try_into()?),
            Step::Totals(wire::TouchedTotals {
                notices,
                cases,
                people,
            }) => Touched::Totals(TouchedTotals {
                notices,
                cases,
                people,
            }),
        }))
    }
}

impl TryFrom<wire::TouchedCase> for TouchedCase {
    type Error = ClientError;

    fn try_from(case: wire::TouchedCase) -> Result<Self, ClientError> {
        let wire::TouchedCase {
            case_id,
            peer_area,
            sent,
            received,
            first_at_ms,
            last_at_ms,
            kinds,
            field_groups,
        } = case;
        Ok(Self {
            case: id(&case_id)?,
            peer: county(&peer_area)?,
            sent,
            received,
            first_at_ms,
            last_at_ms,
            kinds: kinds
                .iter()
                .map(|kind| read(kind))
                .collect::<Result<_, _>>()?,
            field_groups,
        })
    }
}
