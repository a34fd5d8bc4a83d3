//! How the two nodes stand to each other.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::Request;

use super::{
    Exchange, VERSIONS,
    agreed::{AgreementComparison, is_between},
    failure::SessionError,
    link::OpenLink,
    misdeed::At,
    status::CallError,
    wire::{self, ExchangeClient, ProbeResponse, Standing},
};
use crate::{
    domain::{
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
        let theirs = match self.heard(&peer, &areas, answered).await {
            Ok(theirs) => theirs,
            Err(error) => {
                self.0.links.note_error(&peer, &error);
                self.0.links.note_misdeed(&peer, At::Probe, error.misdeed());
                return Err(error.into());
            }
        };
        self.doubt_what_differs(&areas, &theirs).await?;
        let shown = self.show_each_other(&areas, &link, &ours, &theirs).await;
        // Without its texts the peer is compared by digests.
        if let Err(error) = &shown {
            tracing::info!(%peer, %error, "A peer does not show its agreements.");
        }
        let misdeed = shown.err().and_then(|error| error.misdeed());
        self.0.links.note_misdeed(&peer, At::Probe, misdeed);
        let half = i64::try_from(round_trip.as_millis() / 2).unwrap_or(i64::MAX);
        let now_ms = self.0.clock.now_ms();
        let difference = theirs.clock_ms.saturating_sub(now_ms.saturating_sub(half));
        Ok(Probed {
            certificate_until_ms: self.0.links.certificate_until_ms(&peer),
            peer,
            round_trip,
            clock_difference_ms: difference,
            versions: theirs.versions.clone(),
            agreements: self
                .last_told(area)
                .map_or_else(Vec::new, |told| told.agreements),
            channels: self.compare_channels(&ours, &theirs).await?,
        })
    }

    /// Reads what a peer answered to a probe, and takes up what it says of itself.
    async fn heard(
        &self,
        peer: &SpiffeId,
        areas: &[County],
        answered: ProbeResponse,
    ) -> Result<Standing, SessionError> {
        let mut theirs = wire::probe_response_in(answered)?;
        self.0.links.heard(peer);
        let successions = std::mem::take(&mut theirs.successions);
        self.follow(peer, successions).await?;
        self.told(areas, &mut theirs);
        Ok(theirs)
    }

    /// Keeps in mind what a peer tells of agreements. What it tells of others than the two is left
    /// out: one of them may have lost an area of late.
    fn told(&self, areas: &[County], theirs: &mut Standing) {
        let trust = self.trust();
        let ours = trust.areas();
        theirs
            .agreements
            .retain(|(version, _)| is_between(version.id, ours, areas));
        theirs.channels.retain(|(channel, ..)| {
            let of_both = |ours: &[County], theirs: &[County]| {
                ours.contains(&channel.from) && theirs.contains(&channel.to)
            };
            of_both(ours, areas) || of_both(areas, ours)
        });
        let now = self.0.clock.monotonic();
        let at_ms = self.0.clock.now_ms();
        self.0.told.told(areas, &theirs.agreements, now, at_ms);
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
        self.told(caller.areas(), &mut theirs);
        self.doubt_what_differs(caller.areas(), &theirs).await?;
        let ours = self.standing(caller.areas(), Direction::In).await?;
        Ok(wire::probe_response(ours, self.trust().is_sandbox()))
    }

    /// How this node stands to the areas of one peer. Where the peer is this node itself,
    /// `seen_from` says from which end a channel is seen: who is asked tells what came in, who asks
    /// compares it with what went out.
    async fn standing(&self, areas: &[County], seen_from: Direction) -> Result<Standing, NotNow> {
        let mut channels = Vec::new();
        for view in self.0.store.channels().await? {
            if is_told(areas, view.channel, view.direction, seen_from) {
                channels.push((view.channel, view.last, view.head));
            }
        }
        Ok(Standing {
            versions: VERSIONS.to_vec(),
            clock_ms: self.0.clock.now_ms(),
            agreements: self.digests_with(areas),
            channels,
            successions: self.trust().successions().to_vec(),
        })
    }

    /// Has a stream opened for every channel to those areas of a peer out of which it holds less than
    /// it receipted, or more than was given: either side was set back, be it to before the first
    /// notice of that channel.
    async fn doubt_what_differs(&self, areas: &[County], theirs: &Standing) -> Result<(), NotNow> {
        let views = self.0.store.channels().await?;
        let outs = views.iter().filter(|view| view.direction == Direction::Out);
        let mut doubted = Vec::new();
        for view in outs.clone().filter(|view| areas.contains(&view.channel.to)) {
            let mut told = theirs.channels.iter();
            let there = told.find(|(channel, ..)| *channel == view.channel);
            let there = there.map_or(Sequence::ZERO, |(_, sequence, _)| *sequence);
            if view.stop.is_none() && (there < view.settled || there > view.last) {
                doubted.push(view.channel);
            }
        }
        let trust = self.trust();
        let unknown = theirs.channels.iter().filter(|(channel, sequence, _)| {
            *sequence > Sequence::ZERO
                && trust.areas().contains(&channel.from)
                && areas.contains(&channel.to)
                && !outs.clone().any(|view| view.channel == *channel)
        });
        doubted.extend(unknown.map(|(channel, ..)| *channel));
        for channel in &doubted {
            self.0.couriers.doubt(*channel);
        }
        if !doubted.is_empty() {
            self.0.couriers.ring();
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
