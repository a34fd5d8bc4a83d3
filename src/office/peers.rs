//! Peers: who they are, how the links stand, and what an operator asks of them.

use std::{future::Future, sync::Arc};

use super::{
    Office,
    authority::{OPERATORS, READERS},
    operations::{
        AdoptedView, AgreedView, LinkView, MisbehaviourView, OperationError, Operations, ProbeView,
        ReloadView,
    },
    problem::Fault,
};
use crate::{
    config::Role,
    domain::{area::County, channel::Channel},
    pairing::life::Act,
    store::{ChannelView, Direction},
    trust::{
        identity::OfficeId,
        keys::{Fingerprint, KeyId},
        pairing::Pairing,
    },
};

/// A paired node and how the link to it stands.
pub(super) struct PeerSeen {
    pub(super) pairing: Pairing,
    pub(super) signing_key: KeyId,
    pub(super) link: Option<LinkView>,
    pub(super) oldest_unanswered_seconds: u64,
    pub(super) pairing_digest: Fingerprint,
}

/// What a probe found, and what this node knows of the peer besides.
pub(super) struct PeerProbed {
    pub(super) found: ProbeView,
    /// The channels out to it, with the age of the oldest unanswered notice in seconds; 0 for none.
    pub(super) waiting: Vec<(Channel, u64)>,
    pub(super) misbehaviour: Option<MisbehaviourView>,
}

impl Office {
    /// All peers, by name.
    pub(super) async fn list_peers(&self, caller: &OfficeId) -> Result<Vec<PeerSeen>, Fault> {
        self.authority(caller)?.require(READERS)?;
        let trust = Arc::clone(&self.parts.trust.borrow());
        let links = self.parts.operations.links();
        let channels = self.parts.store.channels().await?;
        let mut peers = Vec::new();
        for peer in trust.peers() {
            let pairing = peer.pairing();
            peers.push(PeerSeen {
                signing_key: peer.lineage().current().id(),
                link: links
                    .iter()
                    .find(|link| link.identity == pairing.id)
                    .cloned(),
                oldest_unanswered_seconds: self.oldest_of(pairing, &channels).await?,
                pairing_digest: pairing.digest(),
                pairing: pairing.clone(),
            });
        }
        peers.sort_by(|a, b| a.pairing.id.cmp(&b.pairing.id));
        Ok(peers)
    }

    async fn oldest_of(&self, pairing: &Pairing, channels: &[ChannelView]) -> Result<u64, Fault> {
        let mut oldest = 0;
        for view in channels {
            if view.direction == Direction::Out && pairing.areas.contains(&view.channel.to) {
                oldest = oldest.max(self.oldest_unanswered_seconds(view).await?);
            }
        }
        Ok(oldest)
    }

    /// Asks a peer how the two stand.
    pub(super) async fn probe_peer(
        &self,
        caller: &OfficeId,
        area: County,
    ) -> Result<PeerProbed, Fault> {
        let found = self
            .operate(caller, OPERATORS, |operations| async move {
                operations.probe(area).await
            })
            .await?;
        let trust = Arc::clone(&self.parts.trust.borrow());
        let mut waiting = Vec::new();
        let mut misbehaviour = None;
        if let Some(peer) = trust.peer_for(area) {
            let pairing = peer.pairing();
            for view in self.parts.store.channels().await? {
                if view.direction == Direction::Out && pairing.areas.contains(&view.channel.to) {
                    waiting.push((view.channel, self.oldest_unanswered_seconds(&view).await?));
                }
            }
            let links = self.parts.operations.links();
            let mut links = links.into_iter();
            let link = links.find(|link| link.identity == pairing.id);
            misbehaviour = link.and_then(|link| link.misbehaviour);
        }
        Ok(PeerProbed {
            found,
            waiting,
            misbehaviour,
        })
    }

    /// Brings histories together, as a person has decided.
    pub(super) async fn adopt_channel(
        &self,
        caller: &OfficeId,
        area: County,
    ) -> Result<Vec<AdoptedView>, Fault> {
        tracing::warn!(office = %caller, %area, "An operator has histories brought together.");
        self.operate(caller, OPERATORS, |operations| async move {
            operations.adopt(area).await
        })
        .await
    }

    /// Says something of an agreement, as a person has decided.
    pub(super) async fn agree(&self, caller: &OfficeId, act: Act) -> Result<AgreedView, Fault> {
        tracing::info!(office = %caller, "An operator says something of an agreement.");
        self.operate(caller, OPERATORS, |operations| async move {
            operations.agree(act).await
        })
        .await
    }

    /// Reads the node's directory anew.
    pub(super) async fn reload(&self, caller: &OfficeId) -> Result<ReloadView, Fault> {
        self.operate(caller, OPERATORS, |operations| async move {
            operations.reload().await
        })
        .await
    }

    /// Runs an operation of those with one of the roles to its end, whether or not the caller waits
    /// for it.
    pub(super) async fn operate<T, F>(
        &self,
        caller: &OfficeId,
        roles: &'static [Role],
        operation: impl FnOnce(Arc<dyn Operations>) -> F,
    ) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, OperationError>> + Send + 'static,
    {
        self.authority(caller)?.require(roles)?;
        let task = tokio::spawn(operation(Arc::clone(&self.parts.operations)));
        Ok(task.await.map_err(|_| Fault::Defect)??)
    }
}
