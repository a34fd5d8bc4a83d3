//! The seam: what every back end does, cut at the verb.
//!
//! Each verb is one transaction and may be repeated after an unknown commit. The laws that every
//! back end keeps are functions in `conformance`.

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use tokio::sync::watch;

use super::{
    journal::audited::Audited,
    journal::record::{Direction, Position, Side, StopReason},
    vault::VaultError,
    verb::{
        Accepted, Adopted, Archiving, Arriving, AuditPart, Batch, ChannelView, ConsentKey,
        ConsentWord, ConsumerError, ConsumerLease, ConsumerRequest, ConsumerView, Erasing, Erasure,
        Handover, HeldPlaces, Holdings, InScope, KeptAct, Lease, LocalAct, NotNow, NoticeFilter,
        NoticeView, Outgoing, Page, PublishError, Received, Settled, Settlement, Shown, ToErase,
        Told, Trouble, WaitingPage,
    },
    withdrawn::Withdrawn,
};
use crate::{
    domain::{
        area::County,
        audit::Entry,
        channel::{Channel, Digest, Sequence},
        consent::{Kept, Registered},
        journal::JournalHead,
        notice::NoticeId,
        problem::Code,
        receipt::VoidReason,
    },
    trust::{master_key::MasterKeys, reference::ReferenceKey},
};

/// The future of a verb.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a back end does. *Before* says what the caller must have seen to, *After* what holds.
pub(crate) trait Backend: Send + Sync {
    /// *Before*: each item is permitted. *After*: each accepted item is durable, numbered and
    /// queued. *Fails*: item by item; `Unknown` where nobody can say.
    /// With at least one accepted, `act` is as durable as they are, in that home area; the back end
    /// fills in how many of the items came to what, and of a single one its id.
    fn publish_on_record(
        &self,
        items: Vec<Outgoing>,
        act: Option<(County, Entry)>,
    ) -> Pending<'_, Vec<Result<Accepted, PublishError>>>;

    /// [`Backend::publish_on_record`] of what nobody is to be told of.
    fn publish(&self, items: Vec<Outgoing>) -> Pending<'_, Vec<Result<Accepted, PublishError>>> {
        self.publish_on_record(items, None)
    }

    /// *After*: the acts are durable, in the order given, behind all earlier ones of the home area,
    /// each with the number behind theirs and the digest of the one before it. While the disk is low
    /// only what runs the node is taken.
    fn audit(&self, home: County, acts: Vec<Entry>) -> Pending<'_, Result<(), NotNow>>;

    /// As [`Backend::audit`], for what nobody waits for: it goes with the next group.
    fn audit_along(&self, home: County, acts: Vec<Entry>) -> Pending<'_, Result<(), NotNow>>;

    /// The acts on record of a home area, `limit` at most, as that part of them asks; empty at its end.
    fn audited(
        &self,
        home: County,
        part: AuditPart,
        limit: usize,
    ) -> Pending<'_, Result<Vec<(Position, Audited)>, NotNow>>;

    /// *Before*: the office may, and the side of each act knows its notice. *After*: each act is
    /// durable, behind all earlier ones of the home area, in the order given. An act that says what
    /// the newest about its notice says, by the same office, whatever its time, is that one said
    /// again: it adds nothing and has its position. Once another act about the notice stands
    /// between, it is one of its own. *Fails*: item by item; `Unknown` where nobody can say.
    fn work(&self, home: County, acts: Vec<LocalAct>)
    -> Pending<'_, Vec<Result<Position, NotNow>>>;

    /// *Before*: whoever asks may. *After*: what the notices said, and the acts about them, can be read
    /// by nobody, also after a restore from a copy of before with the list of erasures of now; their
    /// ids, digests, sizes and chains stay. What of them had no answer yet has ended as withdrawn. The
    /// id of the erasure; where nothing of it was left, said again it changes nothing, but that what went
    /// because its time was over is put down once as erased for another reason. Where the newest
    /// of the acts `held` and `released` about the case or one of its notices is `held`, nothing is
    /// changed at all.
    fn erase(&self, what: ToErase) -> Pending<'_, Result<Erasing, NotNow>>;

    /// Moves the oldest segment of the journal to the archive, if nobody needs what is in it at hand and
    /// all of it is older than that moment, in milliseconds since 1970. What is asked for later is read
    /// in the archive; [`NotNow::Archived`] if its file is missing. Said by one at a time.
    fn archive(&self, before_ms: i64) -> Pending<'_, Result<Archiving, NotNow>>;

    /// The erasures of a home area behind `after`, in the order of their positions, `limit` at most;
    /// those that the other side asked for are among them.
    fn erasures(
        &self,
        home: County,
        after: Position,
        limit: usize,
    ) -> Pending<'_, Result<Vec<(Position, Erasure)>, NotNow>>;
    /// *After*: what is said of a consent is durable, and of a withdrawal [`Backend::withdrawn`] tells.
    /// Said again it is repeated; a reference is given once.
    fn consent(
        &self,
        home: County,
        key: ConsentKey,
        word: ConsentWord,
        at_ms: i64,
    ) -> Pending<'_, Result<Kept, NotNow>>;

    /// A consent as it stands; none if there is none, or it was erased.
    fn consent_of(
        &self,
        home: County,
        key: ConsentKey,
    ) -> Pending<'_, Result<Option<Registered>, NotNow>>;

    /// Consents of a home area behind one of them, in the order of their keys, `limit` at most.
    fn consents(
        &self,
        home: County,
        after: Option<ConsentKey>,
        limit: usize,
    ) -> Pending<'_, Result<Vec<(ConsentKey, Registered)>, NotNow>>;

    /// Which consents are withdrawn.
    fn withdrawn(&self) -> Withdrawn;

    /// *After*: the caller alone may claim and settle on the channel; the older holder is fenced.
    fn lease(&self, channel: Channel) -> Pending<'_, Lease>;

    /// *Before*: `after` is settled or claimed. *After*: nothing changed but that the places count
    /// as sent. None: there is nothing behind `after`.
    fn claim(
        &self,
        lease: Lease,
        origin: Digest,
        after: Sequence,
        max_places: usize,
        max_bytes: usize,
    ) -> Pending<'_, Result<Option<Batch>, NotNow>>;

    /// *After*: what the lease's holder sent and has no answer to counts as queued again.
    fn link_failed(&self, lease: Lease) -> Pending<'_, ()>;

    /// *Before*: the receipt's signature is verified. *After*: its outcomes are durable and final.
    fn settle(&self, lease: Lease, settlement: Settlement) -> Pending<'_, Result<Settled, NotNow>>;

    /// *After*: the place goes out as a void. False: it had its answer, or had ended before.
    fn end(
        &self,
        channel: Channel,
        sequence: Sequence,
        reason: VoidReason,
        code: Option<Code>,
        at_ms: i64,
    ) -> Pending<'_, Result<bool, NotNow>>;

    /// *After*: what waited for an agreement has new places behind the others. Says how many.
    fn release(&self, channel: Channel) -> Pending<'_, Result<u64, NotNow>>;

    /// *Before*: the parcel's signature is verified and each place judged. *After*: the outcomes
    /// of the prefix are durable; what is stored is in the feed, once. What brings nothing beyond
    /// the allowance waits: it ends the prefix with `RetryLater`. A stop that a parcel proves
    /// wrong, because it fits behind what is held, is lifted.
    fn receive(&self, arriving: Arriving) -> Pending<'_, Result<Received, NotNow>>;

    /// *After*: the channel stands still, or goes on. Said again it changes nothing, also with
    /// another sequence, unless that is the one that this node has receipted.
    fn set_stop(
        &self,
        channel: Channel,
        direction: Direction,
        stop: Option<(StopReason, Sequence)>,
        at_ms: i64,
    ) -> Pending<'_, Result<(), NotNow>>;

    /// *Before*: the holdings are proven by this node's own signature. *After*: they stand in the
    /// channel, and own unanswered notices behind them.
    fn adopt_out(&self, holdings: Holdings) -> Pending<'_, Result<Adopted, NotNow>>;

    /// *After*: the peer is shown `statement` until the disowned places came again.
    fn adopt_in(
        &self,
        channel: Channel,
        disowned: Sequence,
        statement: Bytes,
        at_ms: i64,
    ) -> Pending<'_, Result<(), NotNow>>;

    /// *After*: the caller alone is handed the consumer's notices; it was made if it was new.
    fn open_consumer(
        &self,
        request: ConsumerRequest,
    ) -> Pending<'_, Result<ConsumerLease, ConsumerError>>;

    /// *After*: that the notices may have been handed out is durable. Empty: nothing is there.
    fn hand_over<'a>(
        &'a self,
        lease: &'a ConsumerLease,
        limit: usize,
        in_scope: InScope<'a>,
    ) -> Pending<'a, Result<Vec<Handover>, ConsumerError>>;

    /// *After*: everything up to the position is acknowledged, durably. Returns how far it is.
    fn acknowledge<'a>(
        &'a self,
        lease: &'a ConsumerLease,
        position: Position,
        at_ms: i64,
    ) -> Pending<'a, Result<Position, ConsumerError>>;

    /// *After*: the consumer is gone.
    fn remove_consumer(&self, home: County, name: String) -> Pending<'_, Result<(), NotNow>>;

    /// *After*: references of more than 400 days before are forgotten, also by a store that is
    /// built anew. Says how many went now.
    fn forget_references(&self, at_ms: i64) -> Pending<'_, Result<u64, NotNow>>;

    /// The consumers of every home area.
    fn consumers(&self) -> Pending<'_, Result<Vec<ConsumerView>, NotNow>>;

    /// One channel; none before its first notice.
    fn channel(
        &self,
        channel: Channel,
        direction: Direction,
    ) -> Pending<'_, Result<Option<ChannelView>, NotNow>>;

    /// All channels.
    fn channels(&self) -> Pending<'_, Result<Vec<ChannelView>, NotNow>>;

    /// Head of a channel's chain at a place; none if the channel does not reach it.
    fn head_at(
        &self,
        channel: Channel,
        direction: Direction,
        sequence: Sequence,
        origin: Digest,
    ) -> Pending<'_, Result<Option<Digest>, NotNow>>;

    /// What can be shown of a channel when a stream opens.
    fn shown(&self, channel: Channel, direction: Direction) -> Pending<'_, Result<Shown, NotNow>>;

    /// Places of a channel in, as they were answered, from behind `after`.
    fn held_places(
        &self,
        channel: Channel,
        after: Sequence,
        limit: usize,
    ) -> Pending<'_, Result<HeldPlaces, NotNow>>;

    /// Unanswered notices of a channel out behind `after`, that have not ended.
    fn waiting(
        &self,
        channel: Channel,
        after: Sequence,
        limit: usize,
    ) -> Pending<'_, Result<WaitingPage, NotNow>>;

    /// A notice as one side of a pair of areas holds it, published or received there.
    fn notice_of_pair(
        &self,
        side: Side,
        id: NoticeId,
    ) -> Pending<'_, Result<Option<NoticeView>, NotNow>>;

    /// Whether one side of a pair of areas has had an id, if only from what was taken over from the
    /// peer.
    fn knows(&self, side: Side, id: NoticeId) -> Pending<'_, Result<bool, NotNow>>;

    /// Every record that this node has of an id, whatever the side, those published here first: two
    /// where a notice went from one home area to another.
    fn notices(&self, id: NoticeId) -> Pending<'_, Result<Vec<NoticeView>, NotNow>>;

    /// The correction of a notice that counts: of those that have not ended, the last on the channel.
    fn correction(
        &self,
        side: Side,
        corrected: NoticeId,
    ) -> Pending<'_, Result<Option<NoticeView>, NotNow>>;

    /// The notices that ask for the erasure of a notice, ended ones too, in the order of their places.
    fn askings(&self, side: Side, erased: NoticeId)
    -> Pending<'_, Result<Vec<NoticeView>, NotNow>>;

    /// Notices of a home area, newest first, from before a position.
    fn page(
        &self,
        home: County,
        filter: NoticeFilter,
        before: Position,
        limit: usize,
    ) -> Pending<'_, Result<Page, NotNow>>;

    /// The notices at the `limit` places of a channel behind `after`.
    fn told(
        &self,
        channel: Channel,
        direction: Direction,
        after: Sequence,
        limit: usize,
    ) -> Pending<'_, Result<Told, NotNow>>;

    /// What desks of a home area did, behind `after`, in the order of its positions, `limit` acts at
    /// most; empty at the end. The next page is behind the last position of this one.
    fn worked(
        &self,
        home: County,
        after: Position,
        limit: usize,
    ) -> Pending<'_, Result<Vec<KeptAct>, NotNow>>;

    /// How many notices of a channel wait for an agreement.
    fn on_hold(&self, channel: Channel) -> Pending<'_, Result<u64, NotNow>>;

    /// What is kept of both sides' signatures over a place of a channel, as `settle` and `receive`
    /// were given it; none where nothing is kept.
    fn evidence(
        &self,
        channel: Channel,
        direction: Direction,
        sequence: Sequence,
    ) -> Pending<'_, Result<Option<Bytes>, NotNow>>;

    /// The key of keyed hashes: the same as long as the store lives.
    fn index_key(&self) -> Arc<ReferenceKey>;

    /// *After*: nothing is wrapped but by the first of these master keys. Blocks, and keeps nobody
    /// waiting. Says how much was wrapped by another.
    fn wrap_by(&self, masters: MasterKeys) -> Result<u64, VaultError>;

    /// The head of a home area's chain as of the last commit, its own included for whoever was
    /// answered. Waits for nobody.
    fn journal_head(&self, home: County) -> JournalHead;

    /// Where the newest part of the journal begins that is closed for good once the next begins; rings
    /// when it does.
    fn segment_bell(&self) -> watch::Receiver<Position>;

    /// The highest sequence of a channel out, as it rises.
    fn channel_bell(&self, channel: Channel) -> watch::Receiver<Sequence>;

    /// The newest position of a feed, as it rises.
    fn feed_bell(&self, home: County) -> watch::Receiver<Position>;

    /// Rings when a channel out gets its first notice.
    fn new_channel_bell(&self) -> watch::Receiver<u64>;

    /// How many commits there were since the store was opened; rises with each, once what it
    /// changed can be read.
    fn commits(&self) -> watch::Receiver<u64>;

    /// Why no new work is taken; none while it is.
    fn poisoned(&self) -> watch::Receiver<Option<Trouble>>;

    /// Finishes what was begun and stops the writer.
    fn stop(&self) -> Pending<'_, ()>;
}
