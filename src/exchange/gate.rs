//! One arriving place to a verdict: the receiver checks again and trusts nothing.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Exchange, wire::WirePlace};
use crate::{
    agreement::{self, Expected},
    domain::{
        channel::{Channel, Sequence},
        field::Field,
        notice::{Kind, NoticeId, Spoken, Way},
        problem::Code,
        refusal::{Pause, Refusal},
    },
    envelope::{self, Header},
    store::{Direction, Facts, InContent, InPlace, NotNow, Side, Verdict},
    trust::chain::notice_digest,
};

/// Judges the places of one parcel in order.
pub(super) struct Gate<'a> {
    exchange: &'a Exchange,
    expected: Expected,
    /// Notices of parcels that are on their way to the journal: the store does not know them yet.
    under_way: &'a VecDeque<Vec<Met>>,
    /// Notices of this parcel.
    seen: Vec<Met>,
}

/// A notice that came on the channel.
#[derive(Clone, Copy)]
pub(super) struct Met {
    id: NoticeId,
    kind: Kind,
}

impl<'a> Gate<'a> {
    pub(super) fn new(
        exchange: &'a Exchange,
        channel: Channel,
        sandbox: bool,
        under_way: &'a VecDeque<Vec<Met>>,
    ) -> Self {
        Self {
            exchange,
            expected: Expected {
                channel,
                sandbox,
                today: exchange.today(),
            },
            under_way,
            seen: Vec::new(),
        }
    }

    /// The notices that it met.
    pub(super) fn into_seen(self) -> Vec<Met> {
        self.seen
    }

    /// What stands at one place, and what may become of it.
    pub(super) async fn place(&mut self, place: WirePlace) -> Result<InPlace, NotNow> {
        Ok(match place {
            WirePlace::Void { digest, reason } => InPlace {
                digest,
                content: InContent::Void(reason),
            },
            WirePlace::Notice(bytes) => {
                let digest = notice_digest(&bytes);
                let content = match envelope::decode(&bytes) {
                    Ok(incoming) => self.notice(incoming, bytes, digest).await?,
                    Err(error) => InContent::Unreadable {
                        bytes,
                        refusal: error.refusal(),
                    },
                };
                InPlace { digest, content }
            }
        })
    }

    async fn notice(
        &mut self,
        incoming: envelope::Incoming,
        bytes: Bytes,
        digest: crate::domain::channel::Digest,
    ) -> Result<InContent, NotNow> {
        let facts = facts_of(&incoming.header, digest);
        let header = incoming.header.clone();
        let corrects = incoming.content.corrects();
        let judged =
            agreement::judge_incoming(incoming, &self.expected, &self.exchange.agreements());
        let verdict = match judged {
            agreement::Verdict::Final(refusal) => Verdict::Refuse(refusal),
            agreement::Verdict::Pause(pause) => Verdict::Pause(pause),
            agreement::Verdict::Permitted(permitted) => {
                match self.named(&header, corrects).await? {
                    Some(verdict) => verdict,
                    None => Verdict::Take(permitted.map(|_, _| ())),
                }
            }
        };
        let (id, kind) = (facts.id, facts.kind);
        self.seen.push(Met { id, kind });
        Ok(InContent::Notice {
            facts,
            bytes,
            verdict,
        })
    }

    /// What stands against a notice in what it names: that no such notice is known, or that it may
    /// not speak of that one.
    async fn named(
        &self,
        header: &Header,
        corrects: Option<Kind>,
    ) -> Result<Option<Verdict>, NotNow> {
        let side = Side::of(self.expected.channel, Direction::In);
        let store = &self.exchange.0.store;
        for id in header.answers.into_iter().chain(header.case_id) {
            if self.met(id).is_none() && !store.knows(side, id).await? {
                return self.unknown(header).await.map(Some);
            }
        }
        // Most that names a notice is feedback, and like a note it does nothing to it: that it is
        // known will do, and asks less of the store.
        let harmless = matches!(header.kind, Kind::Feedback | Kind::Message);
        let Some(id) = header.answers.filter(|_| !harmless) else {
            return Ok(None);
        };
        // The store comes first: a peer that sends an id of this node's as its own, to be refused
        // once the parcel is written, has no say over the notice behind it.
        let spoken = match store.notice_of_pair(side, id).await? {
            Some(view) => Some(Spoken {
                kind: view.facts.kind,
                way: match view.direction {
                    Direction::In => Way::Along,
                    Direction::Out => Way::Against,
                },
            }),
            None => self.met(id).map(|kind| Spoken {
                kind,
                way: Way::Along,
            }),
        };
        // What was refused here, or taken over from the peer, is known by its id alone.
        let unfit = spoken.and_then(|spoken| spoken.fits(header.kind, corrects).err());
        Ok(unfit.map(Verdict::Refuse))
    }

    /// The kind of a notice that came on this channel and may not be stored yet.
    fn met(&self, id: NoticeId) -> Option<Kind> {
        let under_way = self.under_way.iter().flatten();
        let mut all = under_way.chain(&self.seen);
        all.find(|met| met.id == id).map(|met| met.kind)
    }

    /// What is said of an id that nobody here knows.
    async fn unknown(&self, header: &Header) -> Result<Verdict, NotNow> {
        let answers = self.expected.channel.opposite();
        let out = self.exchange.0.store.channel(answers, Direction::Out);
        let given = out.await?.map_or(Sequence::ZERO, |out| out.last);
        // The peer may speak of what this node lost: then it is this node that was set back.
        Ok(if header.opposite_sequence > given {
            let refusal = Refusal::of(Code::SetBack, Field::Answers);
            Verdict::Pause(Pause::Operator(refusal))
        } else {
            Verdict::Refuse(Refusal::of(Code::UnknownNotice, Field::Answers))
        })
    }
}

/// What the store keeps of a notice besides its bytes.
fn facts_of(header: &Header, digest: crate::domain::channel::Digest) -> Facts {
    Facts {
        id: header.id,
        kind: header.kind,
        case_id: header.case(),
        answers: header.answers,
        agreement: header.agreement,
        published_at_ms: header.published_at_ms,
        deadline_ms: header.deadline_ms,
        digest,
    }
}
