//! One arriving place to a verdict: the receiver checks again and trusts nothing.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Exchange, wire::WirePlace};
use crate::{
    agreement::{self, Expected},
    domain::{
        channel::{Channel, Sequence},
        field::Field,
        notice::NoticeId,
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
    /// Ids of parcels that are on their way to the journal: the store does not know them yet.
    under_way: &'a VecDeque<Vec<NoticeId>>,
    /// Ids of this parcel.
    seen: Vec<NoticeId>,
}

impl<'a> Gate<'a> {
    pub(super) fn new(
        exchange: &'a Exchange,
        channel: Channel,
        sandbox: bool,
        under_way: &'a VecDeque<Vec<NoticeId>>,
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

    /// The ids that it met.
    pub(super) fn into_seen(self) -> Vec<NoticeId> {
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
        let judged =
            agreement::judge_incoming(incoming, &self.expected, &self.exchange.agreements());
        let verdict = match judged {
            agreement::Verdict::Final(refusal) => Verdict::Refuse(refusal),
            agreement::Verdict::Pause(pause) => Verdict::Pause(pause),
            agreement::Verdict::Permitted(permitted) => match self.unknown(&header).await? {
                Some(verdict) => verdict,
                None => Verdict::Take(permitted.map(|_, _| ())),
            },
        };
        self.seen.push(facts.id);
        Ok(InContent::Notice {
            facts,
            bytes,
            verdict,
        })
    }

    /// What stands against a notice that speaks of another one.
    async fn unknown(&self, header: &Header) -> Result<Option<Verdict>, NotNow> {
        let channel = self.expected.channel;
        let side = Side::of(channel, Direction::In);
        let store = &self.exchange.0.store;
        let named = header.answers.into_iter().chain(header.case_id);
        for id in named {
            let under_way = self.under_way.iter().any(|parcel| parcel.contains(&id));
            if under_way || self.seen.contains(&id) || store.knows(side, id).await? {
                continue;
            }
            // The peer may speak of what this node lost: then it is this node that was set back.
            let given = store
                .channel(channel.opposite(), Direction::Out)
                .await?
                .map_or(Sequence::ZERO, |out| out.last);
            if header.opposite_sequence > given {
                return Ok(Some(Verdict::Pause(Pause::Operator(Refusal::of(
                    Code::SetBack,
                    Field::Answers,
                )))));
            }
            return Ok(Some(Verdict::Refuse(Refusal::of(
                Code::UnknownNotice,
                Field::Answers,
            ))));
        }
        Ok(None)
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
