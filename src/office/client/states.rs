//! What the node says about notices, channels and peers.

use super::{agreements::AgreementComparison, error::ClientError};
use crate::{
    domain::{
        agreement::AgreementVersion,
        area::County,
        channel::{Channel, Digest},
        field::Field,
        notice::{Kind, NoticeId},
    },
    envelope::{self, Incoming},
    proto::office::v1 as wire,
    trust::identity::SpiffeId,
};

/// Which way something goes, seen from the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Published here.
    Out,
    /// Received here.
    In,
}

impl Way {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }

    pub(super) const fn to_wire(self) -> wire::Direction {
        match self {
            Self::Out => wire::Direction::Out,
            Self::In => wire::Direction::In,
        }
    }

    fn from_wire(number: i32) -> Result<Self, ClientError> {
        match wire::Direction::try_from(number) {
            Ok(wire::Direction::Out) => Ok(Self::Out),
            Ok(wire::Direction::In) => Ok(Self::In),
            Ok(wire::Direction::Unspecified) | Err(_) => Err(ClientError::Unreadable),
        }
    }
}

/// Which notices are wanted.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Home area; `None` for the office's own.
    pub home: Option<County>,
    /// Which way; `None` for both.
    pub way: Option<Way>,
    /// Kinds; empty for all.
    pub kinds: Vec<Kind>,
    /// Delivery states by name; empty for all.
    pub states: Vec<String>,
}

/// A notice's facts that are no personal values, and where it stands.
#[derive(Clone, Debug)]
pub struct NoticeState {
    /// Its id.
    pub id: NoticeId,
    /// Id of its case.
    pub case: NoticeId,
    /// Which way it goes.
    pub way: Way,
    /// Its kind.
    pub kind: Kind,
    /// Its channel.
    pub channel: Channel,
    /// Sequence on its channel.
    pub sequence: u64,
    /// Delivery by its stable name.
    pub delivery: String,
    /// Whether its end was decided here and the peer has not confirmed it.
    pub unconfirmed: bool,
    /// With refused: the stable code; on hold: why.
    pub code: Option<String>,
    /// With refused: the field.
    pub field: Option<String>,
    /// Whether it waits for an agreement.
    pub on_hold: bool,
    /// When it was accepted or stored: milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Its business deadline: milliseconds since 1970-01-01T00:00:00Z.
    pub deadline_ms: i64,
    /// Agreement under which it travels.
    pub agreement: Option<AgreementVersion>,
    /// Size of its bytes.
    pub size_bytes: u32,
    /// Whether it is a trial one.
    pub sandbox: bool,
    /// The office's reference, for a notice published here.
    pub reference: Option<String>,
    /// Whether its content was erased.
    pub erased: bool,
}

/// One record of a notice. Has no `Debug`: it holds a person.
pub struct Shown {
    /// Where it stands.
    pub state: NoticeState,
    /// What it says.
    pub content: Says,
    /// The correction of it that counts.
    pub corrected_by: Option<NoticeId>,
}

/// What a notice says. Has no `Debug`: it holds a person.
pub enum Says {
    /// In full.
    Full(Box<Incoming>),
    /// What is left of its values, for a caller who may not see them.
    Masked(Vec<(Field, String)>),
}

impl Says {
    pub(super) fn masked(fields: Vec<wire::MaskedField>) -> Result<Self, ClientError> {
        let field = |field: wire::MaskedField| {
            let wire::MaskedField { name, value } = field;
            let field = Field::from_name(&name).ok_or(ClientError::Unreadable)?;
            Ok((field, value))
        };
        let fields = fields.into_iter().map(field);
        Ok(Self::Masked(fields.collect::<Result<_, ClientError>>()?))
    }
}

impl TryFrom<wire::NoticeRecord> for Shown {
    type Error = ClientError;

    fn try_from(record: wire::NoticeRecord) -> Result<Self, ClientError> {
        let wire::NoticeRecord {
            state,
            notice,
            corrected_by,
            masked,
        } = record;
        let content = if notice.is_empty() {
            Says::masked(masked)?
        } else {
            let notice = envelope::decode(&notice).map_err(|_| ClientError::Unreadable)?;
            Says::Full(Box::new(notice))
        };
        Ok(Self {
            state: state.ok_or(ClientError::Unreadable)?.try_into()?,
            content,
            corrected_by: (!corrected_by.is_empty())
                .then(|| id(&corrected_by))
                .transpose()?,
        })
    }
}

/// How far a channel has come.
#[derive(Clone, Debug)]
pub struct ChannelState {
    /// The channel.
    pub channel: Channel,
    /// Which way it goes.
    pub way: Way,
    /// Highest sequence given or held.
    pub last_sequence: u64,
    /// Highest sequence with a receipt.
    pub answered_sequence: u64,
    /// Age of the oldest unanswered notice in seconds; 0 for none.
    pub oldest_unanswered_seconds: u64,
    /// Its state by its stable name.
    pub state: String,
    /// With paused or stopped: the stable code.
    pub code: Option<String>,
    /// With paused or stopped: what to do, in Chinese and English.
    pub remedy: Option<(String, String)>,
    /// Notices that wait for an agreement.
    pub on_hold: u64,
    /// Head of the chain.
    pub head: Option<Digest>,
}

/// A paired node.
#[derive(Clone, Debug)]
pub struct PeerState {
    /// Its name.
    pub id: SpiffeId,
    /// The areas that it speaks for.
    pub areas: Vec<County>,
    /// Address that this node dials.
    pub endpoint: String,
    /// Fingerprint of its signing key.
    pub signing_key: String,
    /// When it was last heard since the start: milliseconds since 1970-01-01T00:00:00Z.
    pub last_contact_ms: Option<i64>,
    /// Code of the last failure of the link.
    pub last_error: Option<String>,
    /// Age of the oldest unanswered notice in seconds; 0 for none.
    pub oldest_unanswered_seconds: u64,
    /// Digest of the pairing as the node uses it.
    pub pairing: Option<Digest>,
    /// What it did that no peer should do, as a stable code, and when in milliseconds since
    /// 1970-01-01T00:00:00Z.
    pub misbehaviour: Option<(String, i64)>,
}

/// What a probe found.
#[derive(Clone, Debug)]
pub struct Probe {
    /// `None` if the peer answered, else why not, as a stable code.
    pub failure: Option<String>,
    /// Round trip in microseconds.
    pub round_trip_us: u64,
    /// Peer's clock less this node's, in milliseconds.
    pub clock_difference_ms: i64,
    /// Protocol versions of the peer.
    pub versions: Vec<u32>,
    /// Protocol versions of the node.
    pub versions_here: Vec<u32>,
    /// Last second of the peer's certificate: milliseconds since 1970-01-01T00:00:00Z.
    pub certificate_until_ms: i64,
    /// Agreements held by either side.
    pub agreements: Vec<AgreementComparison>,
    /// Channels between the two.
    pub channels: Vec<ChannelComparison>,
    /// The channels out to the peer, with the age of the oldest unanswered notice in seconds; 0 for
    /// none.
    pub waiting: Vec<(Channel, u64)>,
    /// As of [`PeerState`].
    pub misbehaviour: Option<(String, i64)>,
}

/// A channel as both sides hold it.
#[derive(Clone, Debug)]
pub struct ChannelComparison {
    /// The channel.
    pub channel: Channel,
    /// Highest sequence here.
    pub here: u64,
    /// Highest sequence there.
    pub there: u64,
    /// False if the heads are known to differ.
    pub heads_agree: bool,
}

/// A stopped channel brought together.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// The channel.
    pub channel: Channel,
    /// Sequences taken over from the peer.
    pub taken_over: u64,
    /// Own unanswered notices numbered anew behind them.
    pub renumbered: u64,
    /// Whether the peer is asked to send once more.
    pub resend_asked: bool,
}

/// What is in use after a reload.
#[derive(Clone, Copy, Debug)]
pub struct Reloaded {
    /// Peers.
    pub peers: u32,
    /// Agreements.
    pub agreements: u32,
}

impl TryFrom<wire::NoticeState> for NoticeState {
    type Error = ClientError;

    fn try_from(state: wire::NoticeState) -> Result<Self, ClientError> {
        let wire::NoticeState {
            notice_id,
            case_id,
            direction,
            kind,
            from_area,
            to_area,
            sequence,
            delivery,
            unconfirmed,
            code,
            field,
            on_hold,
            at_ms,
            deadline_ms,
            agreement,
            size_bytes,
            sandbox,
            reference,
            erased,
        } = state;
        let agreement = agreement.map(|agreement| {
            let name = format!("{}/{}", agreement.id, agreement.version);
            name.parse().map_err(|_| ClientError::Unreadable)
        });
        Ok(Self {
            id: id(&notice_id)?,
            case: id(&case_id)?,
            way: Way::from_wire(direction)?,
            kind: kind.parse().map_err(|_| ClientError::Unreadable)?,
            channel: channel(&from_area, &to_area)?,
            sequence,
            delivery,
            unconfirmed,
            code: filled(code),
            field: filled(field),
            on_hold,
            at_ms,
            deadline_ms,
            agreement: agreement.transpose()?,
            size_bytes,
            sandbox,
            reference: filled(reference),
            erased,
        })
    }
}

impl TryFrom<wire::ChannelState> for ChannelState {
    type Error = ClientError;

    fn try_from(state: wire::ChannelState) -> Result<Self, ClientError> {
        let wire::ChannelState {
            from_area,
            to_area,
            direction,
            last_sequence,
            answered_sequence,
            oldest_unanswered_seconds,
            state,
            code,
            message_zh,
            message_en,
            on_hold,
            head,
        } = state;
        Ok(Self {
            channel: channel(&from_area, &to_area)?,
            way: Way::from_wire(direction)?,
            last_sequence,
            answered_sequence,
            oldest_unanswered_seconds,
            state,
            code: filled(code),
            remedy: (!message_zh.is_empty() || !message_en.is_empty())
                .then_some((message_zh, message_en)),
            on_hold,
            head: digest(&head)?,
        })
    }
}

impl TryFrom<wire::PeerState> for PeerState {
    type Error = ClientError;

    fn try_from(state: wire::PeerState) -> Result<Self, ClientError> {
        let wire::PeerState {
            identity,
            areas,
            endpoint,
            signing_key,
            last_contact_ms,
            last_error,
            oldest_unanswered_seconds,
            pairing_digest,
            misbehaviour,
            misbehaved_at_ms,
        } = state;
        Ok(Self {
            id: identity.parse().map_err(|_| ClientError::Unreadable)?,
            areas: areas
                .iter()
                .map(|area| county(area))
                .collect::<Result<_, _>>()?,
            endpoint,
            signing_key,
            last_contact_ms: Some(last_contact_ms).filter(|at| *at != 0),
            last_error: filled(last_error),
            oldest_unanswered_seconds,
            pairing: digest(&pairing_digest)?,
            misbehaviour: filled(misbehaviour).map(|code| (code, misbehaved_at_ms)),
        })
    }
}

impl TryFrom<wire::ProbePeerResponse> for Probe {
    type Error = ClientError;

    fn try_from(probe: wire::ProbePeerResponse) -> Result<Self, ClientError> {
        let wire::ProbePeerResponse {
            reachable,
            error,
            round_trip_us,
            clock_difference_ms,
            versions,
            certificate_until_ms,
            agreements,
            channels,
            waiting,
            misbehaviour,
            misbehaved_at_ms,
            versions_here,
        } = probe;
        let waiting = waiting.into_iter().map(|waiting| {
            let wire::ChannelWaiting {
                from_area,
                to_area,
                oldest_unanswered_seconds,
            } = waiting;
            Ok((channel(&from_area, &to_area)?, oldest_unanswered_seconds))
        });
        let channels = channels.into_iter().map(|compared| {
            let wire::ChannelComparison {
                from_area,
                to_area,
                sequence_here,
                sequence_there,
                heads_agree,
            } = compared;
            Ok(ChannelComparison {
                channel: channel(&from_area, &to_area)?,
                here: sequence_here,
                there: sequence_there,
                heads_agree,
            })
        });
        Ok(Self {
            failure: (!reachable).then_some(error),
            round_trip_us,
            clock_difference_ms,
            versions,
            versions_here,
            certificate_until_ms,
            agreements: agreements
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
            channels: channels.collect::<Result<_, ClientError>>()?,
            waiting: waiting.collect::<Result<_, ClientError>>()?,
            misbehaviour: filled(misbehaviour).map(|code| (code, misbehaved_at_ms)),
        })
    }
}

impl TryFrom<wire::AdoptedChannel> for Adopted {
    type Error = ClientError;

    fn try_from(adopted: wire::AdoptedChannel) -> Result<Self, ClientError> {
        let wire::AdoptedChannel {
            from_area,
            to_area,
            taken_over,
            renumbered,
            resend_asked,
        } = adopted;
        Ok(Self {
            channel: channel(&from_area, &to_area)?,
            taken_over,
            renumbered,
            resend_asked,
        })
    }
}

pub(super) fn id(bytes: &[u8]) -> Result<NoticeId, ClientError> {
    bytes.try_into().map_err(|_| ClientError::Unreadable)
}

pub(super) fn county(text: &str) -> Result<County, ClientError> {
    text.parse().map_err(|_| ClientError::Unreadable)
}

fn channel(from: &str, to: &str) -> Result<Channel, ClientError> {
    Ok(Channel {
        from: county(from)?,
        to: county(to)?,
    })
}

fn digest(bytes: &[u8]) -> Result<Option<Digest>, ClientError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    bytes
        .try_into()
        .map(Some)
        .map_err(|_| ClientError::Unreadable)
}

pub(super) fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
