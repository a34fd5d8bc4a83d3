//! The store as its callers see it: verbs that take proofs.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use tokio::sync::watch;

use super::{
    backend::Backend,
    embedded::{
        Embedded, EmbeddedLimits,
        open::{OpenError, OpenReport},
    },
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
    agreement::Permitted,
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
    trust::{
        forms::{ParcelForm, ReceiptForm, ResendForm},
        master_key::MasterKeys,
        reference::ReferenceKey,
        signature::Verified,
    },
};

/// What a node must not forget. Cheap to clone. What each verb promises is said at the back end's
/// trait; a dropped future of a verb does not undo what was begun.
#[derive(Clone)]
pub struct Store {
    backend: Arc<dyn Backend>,
}

impl Store {
    /// Opens journal, index and keys in a data directory and recovers them. `epoch` is drawn at
    /// random at each start.
    ///
    /// # Errors
    /// [`OpenError`]: another process has it, the disk fails, the journal is damaged, the index
    /// knows more than the journal, or the master keys do not open what it holds.
    pub fn open_embedded(
        data: &Path,
        limits: EmbeddedLimits,
        epoch: [u8; 8],
        masters: MasterKeys,
    ) -> Result<(Self, OpenReport), OpenError> {
        let (embedded, report) = Embedded::open(data, limits, epoch, masters)?;
        let store = Self {
            backend: Arc::new(embedded),
        };
        Ok((store, report))
    }

    /// Publishes notices that an agreement lets travel; an answer for each, in order, once it is
    /// durable.
    pub async fn publish(
        &self,
        items: Vec<Permitted<Outgoing>>,
    ) -> Vec<Result<Accepted, PublishError>> {
        let items = items.into_iter().map(|item| item.into_parts().0).collect();
        self.backend.publish(items).await
    }

    /// As [`Store::publish`], with the act that it is: recorded in the group of what is accepted, in
    /// the home area of the first item. How many came to what is filled in, and of a single one its id.
    pub async fn publish_on_record(
        &self,
        items: Vec<Permitted<Outgoing>>,
        act: Entry,
    ) -> Vec<Result<Accepted, PublishError>> {
        let items = items.into_iter().map(|item| item.into_parts().0);
        let items: Vec<Outgoing> = items.collect();
        let act = items.first().map(|first| (first.channel.from, act));
        self.backend.publish_on_record(items, act).await
    }

    /// Records what was done, in a home area; done when it is durable.
    ///
    /// # Errors
    /// [`NotNow`]; while the disk is low only what runs the node is taken.
    pub async fn audit(&self, home: County, acts: Vec<Entry>) -> Result<(), NotNow> {
        self.backend.audit(home, acts).await
    }

    /// Records what was done, with the next group that is written.
    ///
    /// # Errors
    /// As [`Store::audit`].
    pub async fn audit_along(&self, home: County, acts: Vec<Entry>) -> Result<(), NotNow> {
        self.backend.audit_along(home, acts).await
    }

    /// Acts on record in a home area, each with its position, `limit` at most; empty at the end.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn audited(
        &self,
        home: County,
        part: AuditPart,
        limit: usize,
    ) -> Result<Vec<(Position, Audited)>, NotNow> {
        self.backend.audited(home, part, limit).await
    }

    /// Keeps what desks of a home area did about notices; where each stands, in order, once it is
    /// durable. An act that the newest about its notice says already, by the same office, has that
    /// one's position.
    pub async fn work(&self, home: County, acts: Vec<LocalAct>) -> Vec<Result<Position, NotNow>> {
        self.backend.work(home, acts).await
    }

    /// Destroys the keys of a case, of which so many notices are known, unless it is held.
    ///
    /// # Errors
    /// [`NotNow`]; it may be said again.
    pub async fn erase(&self, what: ToErase) -> Result<Erasing, NotNow> {
        self.backend.erase(what).await
    }

    /// Moves the oldest segment of the journal to the archive, if nobody needs what is in it at hand
    /// and all of it is older than that moment, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`NotNow`]; nothing was moved, and it may be said again.
    pub async fn archive(&self, before_ms: i64) -> Result<Archiving, NotNow> {
        self.backend.archive(before_ms).await
    }

    /// Erasures of a home area, each with its position, behind that of `after`, `limit` at most.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn erasures(
        &self,
        home: County,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Erasure)>, NotNow> {
        self.backend.erasures(home, after, limit).await
    }

    /// The notices that ask for the erasure of a notice, whatever became of them, in the order in which
    /// they were told.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn askings(&self, side: Side, erased: NoticeId) -> Result<Vec<NoticeView>, NotNow> {
        self.backend.askings(side, erased).await
    }

    /// Keeps what is said of a consent; done when it is durable. From then on nothing sensitive is to
    /// leave under one that is withdrawn: see [`Store::withdrawn`].
    ///
    /// # Errors
    /// [`NotNow`]; a withdrawal is taken also while the disk is low.
    pub async fn consent(
        &self,
        home: County,
        key: ConsentKey,
        word: ConsentWord,
        at_ms: i64,
    ) -> Result<Kept, NotNow> {
        self.backend.consent(home, key, word, at_ms).await
    }

    /// A consent as it stands; none if there is none.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn consent_of(
        &self,
        home: County,
        key: ConsentKey,
    ) -> Result<Option<Registered>, NotNow> {
        self.backend.consent_of(home, key).await
    }

    /// Consents of a home area behind one of them, in the order of their keys, `limit` at most.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn consents(
        &self,
        home: County,
        after: Option<ConsentKey>,
        limit: usize,
    ) -> Result<Vec<(ConsentKey, Registered)>, NotNow> {
        self.backend.consents(home, after, limit).await
    }

    /// Which consents are withdrawn. Waits for nobody.
    pub fn withdrawn(&self) -> Withdrawn {
        self.backend.withdrawn()
    }

    /// Takes the right to move a channel out; fences the older holder.
    pub async fn lease(&self, channel: Channel) -> Lease {
        self.backend.lease(channel).await
    }

    /// The next places behind `after`, bounded by count and bytes; none if there is nothing.
    ///
    /// # Errors
    /// [`NotNow::Fenced`] for an older lease, [`NotNow::Unreadable`] for damage.
    pub async fn claim(
        &self,
        lease: Lease,
        origin: Digest,
        after: Sequence,
        max_places: usize,
        max_bytes: usize,
    ) -> Result<Option<Batch>, NotNow> {
        self.backend
            .claim(lease, origin, after, max_places, max_bytes)
            .await
    }

    /// What was sent under the lease and has no answer counts as queued again.
    pub async fn link_failed(&self, lease: Lease) {
        self.backend.link_failed(lease).await;
    }

    /// Settles what a receipt answers.
    ///
    /// # Errors
    /// [`NotNow`]; the settlement may be repeated.
    pub async fn settle(
        &self,
        lease: Lease,
        _proof: &Verified<ReceiptForm>,
        settlement: Settlement,
    ) -> Result<Settled, NotNow> {
        self.backend.settle(lease, settlement).await
    }

    /// Turns an unanswered place into a void; false if it had its answer or had ended before.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn end(
        &self,
        channel: Channel,
        sequence: Sequence,
        reason: VoidReason,
        code: Option<Code>,
        at_ms: i64,
    ) -> Result<bool, NotNow> {
        self.backend
            .end(channel, sequence, reason, code, at_ms)
            .await
    }

    /// Sends again, behind the others, what waits for an agreement; says how many.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn release(&self, channel: Channel) -> Result<u64, NotNow> {
        self.backend.release(channel).await
    }

    /// Takes a parcel whose signature is verified, or the prefix of it that has final outcomes.
    ///
    /// # Errors
    /// [`NotNow`]; nothing was answered, and the parcel may be repeated.
    pub async fn receive(
        &self,
        _proof: &Verified<ParcelForm>,
        arriving: Arriving,
    ) -> Result<Received, NotNow> {
        self.backend.receive(arriving).await
    }

    /// Stops a channel, or lets it go on.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn set_stop(
        &self,
        channel: Channel,
        direction: Direction,
        stop: Option<(StopReason, Sequence)>,
        at_ms: i64,
    ) -> Result<(), NotNow> {
        self.backend.set_stop(channel, direction, stop, at_ms).await
    }

    /// Takes over what the peer proves with this node's own signature.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn adopt_out(
        &self,
        _own_word: &Verified<ParcelForm>,
        holdings: Holdings,
    ) -> Result<Adopted, NotNow> {
        self.backend.adopt_out(holdings).await
    }

    /// Records the operator's decision to ask for lost notices once more.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn adopt_in(
        &self,
        channel: Channel,
        own_word: &Verified<ResendForm>,
        statement: Bytes,
        at_ms: i64,
    ) -> Result<(), NotNow> {
        let disowned = own_word.as_ref().disowned;
        self.backend
            .adopt_in(channel, disowned, statement, at_ms)
            .await
    }

    /// Opens a consumer, making it if it is new; fences the older subscriber of the name.
    ///
    /// # Errors
    /// [`ConsumerError::OtherFilter`] if it was made with another filter or scope.
    pub async fn open_consumer(
        &self,
        request: ConsumerRequest,
    ) -> Result<ConsumerLease, ConsumerError> {
        self.backend.open_consumer(request).await
    }

    /// The next notices of a consumer; empty if there is nothing.
    ///
    /// # Errors
    /// [`ConsumerError::NotNow`] with [`NotNow::Fenced`] for an older subscriber.
    pub async fn hand_over(
        &self,
        lease: &ConsumerLease,
        limit: usize,
        in_scope: InScope<'_>,
    ) -> Result<Vec<Handover>, ConsumerError> {
        self.backend.hand_over(lease, limit, in_scope).await
    }

    /// Acknowledges everything up to a position; returns how far the consumer is, durably.
    ///
    /// # Errors
    /// [`ConsumerError::BeyondHandout`] above what was handed out.
    pub async fn acknowledge(
        &self,
        lease: &ConsumerLease,
        position: Position,
        at_ms: i64,
    ) -> Result<Position, ConsumerError> {
        self.backend.acknowledge(lease, position, at_ms).await
    }

    /// Removes a consumer that was silent too long.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn remove_consumer(&self, home: County, name: String) -> Result<(), NotNow> {
        self.backend.remove_consumer(home, name).await
    }

    /// Forgets references of more than 400 days before `at_ms`, a time in milliseconds since 1970;
    /// says how many left.
    ///
    /// # Errors
    /// [`NotNow`]; after [`NotNow::Unknown`] the next call tells again.
    pub async fn forget_references(&self, at_ms: i64) -> Result<u64, NotNow> {
        self.backend.forget_references(at_ms).await
    }

    /// The consumers of every home area.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn consumers(&self) -> Result<Vec<ConsumerView>, NotNow> {
        self.backend.consumers().await
    }

    /// One channel; none before its first notice.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn channel(
        &self,
        channel: Channel,
        direction: Direction,
    ) -> Result<Option<ChannelView>, NotNow> {
        self.backend.channel(channel, direction).await
    }

    /// All channels.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn channels(&self) -> Result<Vec<ChannelView>, NotNow> {
        self.backend.channels().await
    }

    /// Head of a channel's chain at a place; none if the channel does not reach it.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn head_at(
        &self,
        channel: Channel,
        direction: Direction,
        sequence: Sequence,
        origin: Digest,
    ) -> Result<Option<Digest>, NotNow> {
        self.backend
            .head_at(channel, direction, sequence, origin)
            .await
    }

    /// What can be shown of a channel when a stream opens.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn shown(&self, channel: Channel, direction: Direction) -> Result<Shown, NotNow> {
        self.backend.shown(channel, direction).await
    }

    /// Places of a channel in, as they were answered, from behind `after`.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn held_places(
        &self,
        channel: Channel,
        after: Sequence,
        limit: usize,
    ) -> Result<HeldPlaces, NotNow> {
        self.backend.held_places(channel, after, limit).await
    }

    /// Unanswered notices of a channel out behind `after`: sequence, when accepted, deadline.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn waiting(
        &self,
        channel: Channel,
        after: Sequence,
        limit: usize,
    ) -> Result<WaitingPage, NotNow> {
        self.backend.waiting(channel, after, limit).await
    }

    /// A notice as one side of a pair of areas holds it, published or received there.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn notice_of_pair(
        &self,
        side: Side,
        id: NoticeId,
    ) -> Result<Option<NoticeView>, NotNow> {
        self.backend.notice_of_pair(side, id).await
    }

    /// Whether one side of a pair of areas has had an id, if only from what was taken over from the
    /// peer.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn knows(&self, side: Side, id: NoticeId) -> Result<bool, NotNow> {
        self.backend.knows(side, id).await
    }

    /// Every record that this node has of an id, whatever the side, those published here first: two
    /// where a notice went from one home area to another.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn notices(&self, id: NoticeId) -> Result<Vec<NoticeView>, NotNow> {
        self.backend.notices(id).await
    }

    /// The correction of a notice that counts: of those that were not refused, have not expired and
    /// were not withdrawn, the last on the channel.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn correction(
        &self,
        side: Side,
        corrected: NoticeId,
    ) -> Result<Option<NoticeView>, NotNow> {
        self.backend.correction(side, corrected).await
    }

    /// Notices of a home area, newest first, from before a position.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn page(
        &self,
        home: County,
        filter: NoticeFilter,
        before: Position,
        limit: usize,
    ) -> Result<Page, NotNow> {
        self.backend.page(home, filter, before, limit).await
    }

    /// The notices at the `limit` places of a channel behind `after`.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn told(
        &self,
        channel: Channel,
        direction: Direction,
        after: Sequence,
        limit: usize,
    ) -> Result<Told, NotNow> {
        self.backend.told(channel, direction, after, limit).await
    }

    /// What desks of a home area did, behind `after` and in order, `limit` acts at most; empty at
    /// the end.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn worked(
        &self,
        home: County,
        after: Position,
        limit: usize,
    ) -> Result<Vec<KeptAct>, NotNow> {
        self.backend.worked(home, after, limit).await
    }

    /// How many notices of a channel wait for an agreement.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn on_hold(&self, channel: Channel) -> Result<u64, NotNow> {
        self.backend.on_hold(channel).await
    }

    /// What is kept of both sides' signatures over a place of a channel; none where nothing is.
    /// Reads through the journal: for a person who asks, not for every notice.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn evidence(
        &self,
        channel: Channel,
        direction: Direction,
        sequence: Sequence,
    ) -> Result<Option<Bytes>, NotNow> {
        self.backend.evidence(channel, direction, sequence).await
    }

    /// The key of the keyed hashes under which offices, references and people are looked up.
    pub fn index_key(&self) -> Arc<ReferenceKey> {
        self.backend.index_key()
    }

    /// Wraps everything by the first of these master keys while the store is used, and says how much
    /// was wrapped by another. What is new is wrapped by it from the beginning on. Blocks.
    ///
    /// # Errors
    /// [`VaultError`]: said again it goes on where it ended.
    pub fn wrap_by(&self, masters: MasterKeys) -> Result<u64, VaultError> {
        self.backend.wrap_by(masters)
    }

    /// The head of a home area's journal as of the last commit. Waits for nobody.
    pub fn journal_head(&self, home: County) -> JournalHead {
        self.backend.journal_head(home)
    }

    /// Rings when a new segment of the journal begins; shows its first position.
    pub fn segment_bell(&self) -> watch::Receiver<Position> {
        self.backend.segment_bell()
    }

    /// Rings when a channel out changes; shows its highest sequence.
    pub fn channel_bell(&self, channel: Channel) -> watch::Receiver<Sequence> {
        self.backend.channel_bell(channel)
    }

    /// Rings when something new is in a feed; shows its newest position.
    pub fn feed_bell(&self, home: County) -> watch::Receiver<Position> {
        self.backend.feed_bell(home)
    }

    /// Rings when a channel out gets its first notice.
    pub fn new_channel_bell(&self) -> watch::Receiver<u64> {
        self.backend.new_channel_bell()
    }

    /// How many commits there were since the store was opened; rises with each, once what it
    /// changed can be read.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.backend.commits()
    }

    /// Why no new work is taken; none while it is.
    pub fn poisoned(&self) -> watch::Receiver<Option<Trouble>> {
        self.backend.poisoned()
    }

    /// Finishes what was begun and stops the writer.
    pub async fn stop(&self) {
        self.backend.stop().await;
    }
}
