//! What durable consumers ask of the back end: opening, handing over, acknowledging.

use super::{
    Embedded, FRESH_BYTES,
    command::Command,
    consumers::RESERVED_AHEAD,
    index, keys,
    places::{PlaceError, Places},
    state::ConsumerState,
    stretches::Stretches,
};
use crate::{
    domain::area::County,
    guard::Guard,
    store::{
        journal::{
            bytes::Take,
            record::{Acknowledged, ConsumerOpened, Position},
        },
        verb::{
            ConsumerError, ConsumerLease, ConsumerRequest, ConsumerView, Handover, InScope, NotNow,
        },
    },
};

impl Embedded {
    pub(super) async fn open_consumer_now(
        &self,
        request: ConsumerRequest,
    ) -> Result<ConsumerLease, ConsumerError> {
        let ConsumerRequest {
            home,
            name,
            kinds,
            scope,
            from_first,
            at_ms,
        } = request;
        let key = keys::consumer(home, &name);
        let known = self
            .read(move |places| {
                Ok(match places.index.get(&key)? {
                    Some(value) => Some(
                        ConsumerState::take(&mut Take(&value)).map_err(index::IndexError::from)?,
                    ),
                    None => None,
                })
            })
            .await?;
        match known {
            Some(consumer) if consumer.kinds != kinds || consumer.scope != scope => {
                return Err(ConsumerError::OtherFilter);
            }
            Some(consumer) => {
                // Whoever opens is not silent; once a day is enough to remember it.
                if at_ms.saturating_sub(consumer.seen_ms) > DAY_MS {
                    self.ask(|reply| {
                        Command::Acknowledge(
                            Acknowledged {
                                home,
                                name: name.clone(),
                                position: consumer.acknowledged,
                                ordinal: consumer.acknowledged_ordinal,
                                at_ms,
                            },
                            reply,
                        )
                    })
                    .await?;
                }
            }
            None => {
                let start = if from_first {
                    Position::START
                } else {
                    self.newest(home).await?
                };
                self.ask(|reply| {
                    Command::OpenConsumer(
                        ConsumerOpened {
                            home,
                            name: name.clone(),
                            kinds,
                            scope,
                            start,
                            at_ms,
                        },
                        reply,
                    )
                })
                .await?;
                self.consumers.made(home, &name, start);
            }
        }
        let Some((token, acknowledged)) = self.consumers.take(home, &name) else {
            return Err(NotNow::Fenced.into());
        };
        Ok(ConsumerLease {
            home,
            name,
            acknowledged,
            token,
        })
    }

    pub(super) async fn hand_over_now(
        &self,
        lease: &ConsumerLease,
        limit: usize,
        in_scope: InScope<'_>,
    ) -> Result<Vec<Handover>, ConsumerError> {
        let (home, name) = (lease.home, lease.name.as_str());
        let cursor = self.consumers.cursor(home, name, lease.token)?;
        let key = keys::consumer(home, name);
        let newest = self.wakeups.newest_in_feed(home);
        if newest > Position::START && newest <= cursor.looked {
            return Ok(Vec::new());
        }
        let is_fresh = newest <= cursor.looked.plus(FRESH_BYTES) && newest > cursor.looked;
        let (items, looked) = self
            .read_fresh(is_fresh, move |places| {
                let kinds = match places.index.get(&key)? {
                    Some(value) => {
                        ConsumerState::take(&mut Take(&value))
                            .map_err(index::IndexError::from)?
                            .kinds
                    }
                    None => Vec::new(),
                };
                places.feed(home, cursor.looked, &kinds, limit)
            })
            .await?;
        let mut handovers = Vec::new();
        let mut ordinal = cursor.ordinal;
        for item in items {
            if !in_scope(&item.notice) {
                continue;
            }
            ordinal = ordinal.saturating_add(1);
            handovers.push(Handover {
                position: item.position,
                channel: item.received.channel,
                sequence: item.received.sequence,
                facts: item.received.facts,
                received_at_ms: item.received.received_at_ms,
                redelivered: self.consumers.handed_before(cursor, item.position, ordinal),
                bytes: item.notice,
            });
        }
        let mut reserved = cursor.reserved;
        if ordinal > reserved {
            reserved = cursor.ordinal.saturating_add(RESERVED_AHEAD).max(ordinal);
            self.ask(|reply| Command::HandOut {
                home,
                name: name.to_owned(),
                ordinal: reserved,
                reply,
            })
            .await?;
        }
        let positions: Vec<_> = handovers.iter().map(|handover| handover.position).collect();
        self.consumers
            .handed(home, name, lease.token, &positions, looked, reserved)?;
        Ok(handovers)
    }

    pub(super) async fn acknowledge_now(
        &self,
        lease: &ConsumerLease,
        position: Position,
        at_ms: i64,
    ) -> Result<Position, ConsumerError> {
        let (home, name) = (lease.home, lease.name.as_str());
        if let Some((position, ordinal)) =
            self.consumers.covered(home, name, lease.token, position)?
        {
            let journaled = self.ask(|reply| {
                Command::Acknowledge(
                    Acknowledged {
                        home,
                        name: name.to_owned(),
                        position,
                        ordinal,
                        at_ms,
                    },
                    reply,
                )
            });
            if Guard::Acknowledged.holds() {
                journaled.await?;
            }
            self.consumers.acknowledged(home, name, position);
        }
        Ok(self
            .consumers
            .acknowledged_upto(home, name)
            .unwrap_or(position))
    }

    /// The newest position of a home area's feed.
    async fn newest(&self, home: County) -> Result<Position, NotNow> {
        self.read(move |places| {
            let prefix = keys::feeds(home);
            let top = keys::feed(home, Position::new(u64::MAX));
            match places.index.floor(&prefix, &top)? {
                Some((_, value)) => {
                    let feed = Stretches::decode(&value).map_err(index::IndexError::from)?;
                    Ok(Position::new(feed.end().get().saturating_sub(1)))
                }
                None => Ok(Position::START),
            }
        })
        .await
    }
}

impl Places {
    /// Every consumer, and how far it is.
    pub(super) fn consumer_views(&self) -> Result<Vec<ConsumerView>, PlaceError> {
        let mut views = Vec::new();
        for entry in self.index.from(b"C", b"C") {
            let (key, value) = entry?;
            let mut take = Take(key.get(1..).unwrap_or_default());
            let home = take.county().map_err(index::IndexError::from)?;
            let consumer =
                ConsumerState::take(&mut Take(&value)).map_err(index::IndexError::from)?;
            views.push(ConsumerView {
                home,
                name: String::from_utf8_lossy(take.0).into_owned(),
                kinds: consumer.kinds,
                acknowledged: consumer.acknowledged,
                seen_ms: consumer.seen_ms,
            });
        }
        Ok(views)
    }
}

const DAY_MS: i64 = 86_400_000;
