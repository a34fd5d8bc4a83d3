//! What the writer can be asked to do.

use tokio::sync::oneshot;

use crate::{
    domain::{
        area::County,
        audit::Entry,
        channel::{Channel, Sequence},
        consent::Kept,
        notice::Kind,
        problem::Code,
        receipt::VoidReason,
    },
    store::{
        journal::record::{Acknowledged, ConsumerOpened, Direction, Position, StopReason, Worked},
        verb::{
            Accepted, Adopted, Arriving, ConsentKey, ConsentWord, Erasing, Holdings, InContent,
            Lease, NotNow, Outgoing, PublishError, Received, Settled, Settlement, ToErase,
        },
    },
};

/// Where the answer goes, once the group is durable.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, NotNow>>;

/// What the writer can be asked to do.
pub(crate) enum Command {
    Publish {
        items: Vec<Outgoing>,
        /// What is to be recorded of it, and in which home area.
        act: Option<(County, Entry)>,
        reply: oneshot::Sender<Vec<Result<Accepted, PublishError>>>,
    },
    Work {
        acts: Vec<Worked>,
        reply: oneshot::Sender<Vec<Result<Position, NotNow>>>,
    },
    Consent {
        home: County,
        key: ConsentKey,
        word: ConsentWord,
        at_ms: i64,
        reply: Reply<Kept>,
    },
    Audit {
        home: County,
        acts: Vec<Entry>,
        reply: Reply<()>,
    },
    Erase(ToErase, Reply<Erasing>),
    Receive(Arriving, Reply<Received>),
    Settle(Lease, Settlement, Reply<Settled>),
    End {
        channel: Channel,
        sequence: Sequence,
        reason: VoidReason,
        code: Option<Code>,
        at_ms: i64,
        reply: Reply<bool>,
    },
    Release(Channel, Reply<u64>),
    SetStop {
        channel: Channel,
        direction: Direction,
        stop: Option<(StopReason, Sequence)>,
        at_ms: i64,
        reply: Reply<()>,
    },
    AdoptOut(Holdings, Reply<Adopted>),
    AdoptIn {
        channel: Channel,
        disowned: Sequence,
        statement: bytes::Bytes,
        at_ms: i64,
        reply: Reply<()>,
    },
    OpenConsumer(ConsumerOpened, Reply<()>),
    HandOut {
        home: County,
        name: String,
        ordinal: u64,
        reply: Reply<()>,
    },
    Acknowledge(Acknowledged, Reply<()>),
    RemoveConsumer(County, String, Reply<()>),
    /// References of before that day are forgotten.
    Forget(u32, Reply<u64>),
    /// What waits for a group to go with has waited long enough.
    WriteWhatIsThere,
    /// Syncs what is waiting and ends the thread.
    Stop,
}

impl Command {
    /// Whether it is a group of its own: an adoption rewrites runs, and what goes with an erasure is
    /// never sealed under the keys that it destroys.
    pub(crate) fn stands_alone(&self) -> bool {
        match self {
            Self::AdoptOut(..) | Self::Erase(..) => true,
            Self::Receive(arriving, _) => arriving.places.iter().any(|place| {
                matches!(&place.content, InContent::Notice { facts, .. } if facts.kind == Kind::Erasure)
            }),
            _ => false,
        }
    }
}
