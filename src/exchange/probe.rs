//! How the two nodes stand to each other.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::Request;

use super::{
    Exchange, VERSIONS,
    failure::SessionError,
    link::OpenLink,
    status::CallError,
    wire::{self, ExchangeClient, ProbeResponse, Standing},
};
use crate::{
    domain::{
        agreement::AgreementVersion,
        area::County,
        channel::{Channel, Digest, Sequence},
    },
    store::{Direction, NotNow, Side},
    trust::identity::{PeerId, SpiffeId},
};

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The peer.
    pub peer: SpiffeId,
    /// How long the answer took.
    pub round_trip: Duration,
    /// Peer's clock less ours in milliseconds, half of the round trip taken off.
    pub clock_difference_ms: i64,
    /// Last second of the peer's certificate, in milliseconds since 1970.
    pub certificate_until_ms: i64,
    /// Protocol versions of the peer.
    pub versions: Vec<u32>,
    /// The agreements that either side holds with the other.
    pub agreements: Vec<AgreementComparison>,
    /// The channels between the two.
    pub channels: Vec<ChannelComparison>,
}

/// An agreement as both sides hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementComparison {
    /// Which version.
    pub version: AgreementVersion,
    /// Held here.
    pub here: bool,
    /// Held there.
    pub there: bool,
    /// Both hold the same text.
    pub equal: bool,
}

/// A channel as both sides hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelComparison {
    /// The channel.
    pub channel: Channel,
    /// Highest sequence here.
    pub here: Sequence,
    /// Highest sequence there.
    pub there: Sequence,
    /// False if, where both can tell, the heads differ.
    pub heads_agree: bool,
}

/// The agreement digests that each peer last told of, and when they last changed.
#[derive(Default)]
pub(super) struct KnownDigests(Mutex<HashMap<County, Told>>);

/// Agreements with their digests, and when they were last found changed.
type Told = (Vec<(AgreementVersion, Digest)>, Instant);

impl KnownDigests {
    /// When the agreements of the receiver of a channel were last found changed.
    pub(super) fn changed_at(&self, channel: Channel) -> Option<Instant> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&channel.to)
            .map(|(_, changed)| *changed)
    }

    fn told(&self, areas: &[County], agreements: &[(AgreementVersion, Digest)], now: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for area in areas {
            match known.get_mut(area) {
                Some((before, _)) if before.as_slice() == agreements => {}
                Some(entry) => *entry = (agreements.to_vec(), now),
                None => {
                    known.insert(*area, (agreements.to_vec(), now));
                }
            }
        }
    }
}

impl Exchange {
    /// Asks a peer how the two stand to each other.
    ///
    /// # Errors
    /// Why it cannot be reached, or what it answered instead, for people.
    pub async fn probe(&self, area: County) -> Result<Probed, ProbeError> {
        let trust = self.trust();
        let peer = trust.peer_for(area).ok_or(ProbeError::NotPaired)?;
        let (peer, areas) = (peer.pairing().id.clone(), peer.pairing().areas.clone());
        let link = match self.0.links.open(&peer).await {
            Ok(link) => link,
            Err(error) => {
                let error = SessionError::from(error);
                self.0.links.note_error(&peer, &error);
                return Err(error.into());
            }
        };
        let said = self.standing(&areas, Direction::In).await?;
        let mut request = Request::new(wire::probe_request(said, trust.is_sandbox()));
        request.set_timeout(PROBE_WITHIN);
        let begun = self.0.clock.monotonic();
        let mut client = ExchangeClient::new(link.channel.clone());
        let answered = match timeout(PROBE_WITHIN, client.probe(request)).await {
            Ok(Ok(answered)) => answered.into_inner(),
            Ok(Err(status)) => return Err(self.unanswered(&peer, &link, status.into()).await),
            Err(_) => return Err(self.unanswered(&peer, &link, SessionError::Silent).await),
        };
        let round_trip = begun.elapsed();
        // What was said may have grown meanwhile: compare with what is held now.
        let ours = self.standing(&areas, Direction::Out).await?;
        let mut theirs = wire::probe_response_in(answered).map_err(SessionError::from)?;
        self.0.links.heard(&peer);
        let successions = std::mem::take(&mut theirs.successions);
        let followed = self.follow(&peer, successions).await;
        followed.map_err(SessionError::from)?;
        self.doubt_what_differs(&theirs).await?;
        self.0
            .digests
            .told(&areas, &theirs.agreements, self.0.clock.monotonic());
        let half = i64::try_from(round_trip.as_millis() / 2).unwrap_or(i64::MAX);
        let now_ms = self.0.clock.now_ms();
        let difference = theirs.clock_ms.saturating_sub(now_ms.saturating_sub(half));
        Ok(Probed {
            certificate_until_ms: self.0.links.certificate_until_ms(&peer),
            peer,
            round_trip,
            clock_difference_ms: difference,
            versions: theirs.versions.clone(),
            agreements: compare_agreements(&ours, &theirs),
            channels: self.compare_channels(&ours, &theirs).await?,
        })
    }

    /// A probe came to nothing: the link is given up.
    async fn unanswered(
        &self,
        peer: &SpiffeId,
        link: &OpenLink,
        error: SessionError,
    ) -> ProbeError {
        let error = error.on(link);
        self.0.links.note_error(peer, &error);
        self.0.links.failed(peer, link).await;
        error.into()
    }

    /// Answers a peer's probe; speaks only of the caller's own pairs.
    pub(super) async fn answer_probe(
        &self,
        caller: &PeerId,
        mut theirs: Standing,
    ) -> Result<ProbeResponse, CallError> {
        let successions = std::mem::take(&mut theirs.successions);
        self.follow(caller.id(), successions).await?;
        self.0
            .digests
            .told(caller.areas(), &theirs.agreements, self.0.clock.monotonic());
        self.doubt_what_differs(&theirs).await?;
        let ours = self.standing(caller.areas(), Direction::In).await?;
        Ok(wire::probe_response(ours, self.trust().is_sandbox()))
    }

    /// How this node stands to the areas of one peer. Where the peer is this node itself,
    /// `seen_from` says from which end a channel is seen: who is asked tells what came in, who asks
    /// compares it with what went out.
    async fn standing(&self, areas: &[County], seen_from: Direction) -> Result<Standing, NotNow> {
        let trust = self.trust();
        let ours = trust.areas();
        let mut agreements: Vec<_> = self
            .agreements()
            .iter()
            .filter(|agreement| {
                let id = agreement.version.id;
                ours.iter().any(|from| {
                    let mut theirs = areas.iter();
                    theirs.any(|to| {
                        id.meets(Channel {
                            from: *from,
                            to: *to,
                        })
                    })
                })
            })
            .map(|agreement| (agreement.version, agreement.digest()))
            .collect();
        agreements.sort_by_key(|(version, _)| *version);
        let mut channels = Vec::new();
        for view in self.0.store.channels().await? {
            if is_told(areas, view.channel, view.direction, seen_from) {
                channels.push((view.channel, view.last, view.head));
            }
        }
        Ok(Standing {
            versions: VERSIONS.to_vec(),
            clock_ms: self.0.clock.now_ms(),
            agreements,
            channels,
            successions: self.trust().successions().to_vec(),
        })
    }

    /// Has a stream opened for every channel out of which the peer holds less than it receipted, or
    /// more than was given.
    async fn doubt_what_differs(&self, theirs: &Standing) -> Result<(), NotNow> {
        for view in self.0.store.channels().await? {
            let peer_of = self.trust().peer_for(view.channel.to).is_some();
            if view.direction != Direction::Out || view.stop.is_some() || !peer_of {
                continue;
            }
            let there = theirs
                .channels
                .iter()
                .find(|(channel, ..)| *channel == view.channel)
                .map(|(_, sequence, _)| *sequence);
            // Nothing there at all may also mean that the probe was of another peer.
            let differs = there.is_some_and(|there| there < view.settled || there > view.last);
            if differs {
                self.0.couriers.doubt(view.channel);
                self.0.couriers.ring();
            }
        }
        Ok(())
    }

    async fn compare_channels(
        &self,
        ours: &Standing,
        theirs: &Standing,
    ) -> Result<Vec<ChannelComparison>, NotNow> {
        let mut both: BTreeMap<Channel, [Option<(Sequence, Digest)>; 2]> = BTreeMap::new();
        for (channel, sequence, head) in &ours.channels {
            both.entry(*channel).or_default()[0] = Some((*sequence, *head));
        }
        for (channel, sequence, head) in &theirs.channels {
            both.entry(*channel).or_default()[1] = Some((*sequence, *head));
        }
        let mut comparisons = Vec::new();
        for (channel, [here, there]) in both {
            let direction = if self.trust().areas().contains(&channel.from) {
                Direction::Out
            } else {
                Direction::In
            };
            let heads_agree = match (here, there, self.origin(channel)) {
                (Some((here, _)), Some((there, head)), Some(origin)) if there <= here => {
                    let own = self
                        .0
                        .store
                        .head_at(channel, direction, there, origin)
                        .await?;
                    own == Some(head)
                }
                _ => true,
            };
            comparisons.push(ChannelComparison {
                channel,
                here: here.map_or(Sequence::ZERO, |(sequence, _)| sequence),
                there: there.map_or(Sequence::ZERO, |(sequence, _)| sequence),
                heads_agree,
            });
        }
        Ok(comparisons)
    }

    /// Probes every peer at the start, when trust or agreements change, and now and then.
    pub(super) async fn probe_all(self, stop: CancellationToken) {
        let mut trust = self.0.trust.clone();
        let mut agreements = self.0.agreements.clone();
        loop {
            trust.mark_unchanged();
            agreements.mark_unchanged();
            let peers: Vec<_> = self
                .trust()
                .peers()
                .filter_map(|peer| peer.pairing().areas.first().copied())
                .collect();
            for area in peers {
                let probed = tokio::select! {
                    probed = self.probe(area) => probed,
                    () = stop.cancelled() => return,
                };
                match probed {
                    Ok(probed) => {
                        warn_of_differences(&probed);
                        self.agree_after(&probed.peer, area, &stop).await;
                    }
                    Err(error) => tracing::info!(%area, %error, "A peer does not answer."),
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = trust.changed() => {}
                _ = agreements.changed() => {}
                () = tokio::time::sleep(PROBE_EVERY) => {}
            }
        }
    }
}

/// Whether one end of a channel is part of how this node stands to those areas of a peer. Between
/// two home areas both ends are here, and only the one that it is seen from counts.
fn is_told(areas: &[County], channel: Channel, direction: Direction, seen_from: Direction) -> bool {
    let Side { home, other } = Side::of(channel, direction);
    areas.contains(&other) && (direction == seen_from || !areas.contains(&home))
}

fn warn_of_differences(probed: &Probed) {
    let peer = &probed.peer;
    for agreement in probed.agreements.iter().filter(|found| !found.equal) {
        let version = agreement.version;
        tracing::warn!(%peer, %version, here = agreement.here, there = agreement.there, "An agreement differs; compare it with the peer before notices fail.");
    }
    if probed.clock_difference_ms.abs() > CLOCK_WARNING_MS {
        tracing::warn!(%peer, difference_ms = probed.clock_difference_ms, "The clocks differ.");
    }
    for channel in probed.channels.iter().filter(|found| !found.heads_agree) {
        tracing::error!(%peer, channel = %channel.channel, "The histories of a channel differ.");
    }
}

fn compare_agreements(ours: &Standing, theirs: &Standing) -> Vec<AgreementComparison> {
    let mut both: BTreeMap<AgreementVersion, [Option<Digest>; 2]> = BTreeMap::new();
    for (version, digest) in &ours.agreements {
        both.entry(*version).or_default()[0] = Some(*digest);
    }
    for (version, digest) in &theirs.agreements {
        both.entry(*version).or_default()[1] = Some(*digest);
    }
    both.into_iter()
        .map(|(version, [here, there])| AgreementComparison {
            version,
            here: here.is_some(),
            there: there.is_some(),
            equal: here == there,
        })
        .collect()
}

/// Why a probe failed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No paired node speaks for that area.
    #[error("no paired node speaks for that area; pair with it first")]
    NotPaired,
    /// It cannot be reached, or the call failed.
    #[error(transparent)]
    Call(#[from] SessionError),
    /// The store cannot.
    #[error(transparent)]
    Store(#[from] NotNow),
}

const PROBE_WITHIN: Duration = Duration::from_secs(15);
const PROBE_EVERY: Duration = Duration::from_secs(600);
const CLOCK_WARNING_MS: i64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_between_home_areas_is_seen_from_one_end() {
        let [a, b, stranger] = ["350582", "350583", "530111"].map(|area| area.parse().unwrap());
        let told = |areas: &[County], from, to, direction, seen_from| {
            is_told(areas, Channel { from, to }, direction, seen_from)
        };
        for seen_from in [Direction::Out, Direction::In] {
            for direction in [Direction::Out, Direction::In] {
                let own = told(&[a, b], a, b, direction, seen_from);
                assert_eq!(own, direction == seen_from);
                assert!(!told(&[stranger], a, b, direction, seen_from));
            }
            assert!(told(&[stranger], a, stranger, Direction::Out, seen_from));
            assert!(told(&[stranger], stranger, b, Direction::In, seen_from));
            assert!(!told(&[a, b], a, stranger, Direction::Out, seen_from));
        }
    }
}
