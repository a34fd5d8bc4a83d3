//! Who signs statements on agreements: this node, and the nodes that it is paired with.

use std::sync::Arc;

use crate::{
    config::{ConfigError, NodeConfig, NodeDir},
    domain::{agreement::AgreementId, area::County, channel::Channel},
    pairing::{LoadError, load_all},
    trust::{
        files::{self, FileError},
        forms::Frame,
        identity::SpiffeId,
        keys::{KeyError, SigningKey},
        lineage::Lineage,
        rotation::{OwnKeys, RotateError},
        signature::{SignatureError, Signed},
        statement::StatementForm,
    },
};

use super::Unsaid;

/// This node and its peers, as its directory knows them.
pub(super) struct Signers {
    pub(super) own: Signer,
    signing: SigningKey,
    peers: Vec<Signer>,
    pub(super) sandbox: bool,
}

/// A node that signs.
pub(super) struct Signer {
    pub(super) id: SpiffeId,
    pub(super) areas: Vec<County>,
    pub(super) keys: Lineage,
}

/// Why it is not known who signs.
#[derive(Debug, thiserror::Error)]
pub enum SignersError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The pin of a peer.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// This node's own keys.
    #[error(transparent)]
    Own(#[from] RotateError),
    /// A pairing.
    #[error(transparent)]
    Peers(#[from] LoadError),
}

impl Signers {
    pub(super) fn load(dir: &NodeDir) -> Result<Self, SignersError> {
        let text = files::read_public(&dir.config())?;
        let config = NodeConfig::parse(&String::from_utf8_lossy(&text))?;
        let sandbox = config.mode.is_sandbox();
        let OwnKeys { signing, earlier } = OwnKeys::load(dir.path(), &config.id, sandbox)?;
        let areas: Arc<[County]> = config.areas.as_slice().into();
        let keys = Lineage::new(
            config.id.clone(),
            areas,
            sandbox,
            signing.public().clone(),
            &earlier,
        );
        let peers = load_all(dir)?
            .into_iter()
            .map(|file| {
                Ok(Signer {
                    keys: file.pairing.lineage()?,
                    id: file.pairing.id,
                    areas: file.pairing.areas,
                })
            })
            .collect::<Result<_, KeyError>>()?;
        Ok(Self {
            own: Signer {
                id: config.id,
                areas: config.areas,
                keys,
            },
            signing,
            peers,
            sandbox,
        })
    }

    /// The paired node of that name.
    pub(super) fn peer(&self, id: &SpiffeId) -> Option<&Signer> {
        self.peers.iter().find(|peer| peer.id == *id)
    }

    /// The paired node that speaks for that area.
    pub(super) fn peer_for(&self, area: County) -> Option<&Signer> {
        self.peers.iter().find(|peer| peer.areas.contains(&area))
    }

    /// The node whose name has that area: this one, or a paired one.
    pub(super) fn named(&self, area: County) -> Option<&Signer> {
        let mut all = std::iter::once(&self.own).chain(&self.peers);
        all.find(|signer| signer.id.area() == area)
    }

    /// The one node on the other side of an agreement: only between two nodes is it clear who says
    /// what, and in which order.
    ///
    /// # Errors
    /// [`Unsaid::NotBetween`], [`Unsaid::OwnAreas`], [`Unsaid::Shared`].
    pub(super) fn partner(&self, id: AgreementId) -> Result<&Signer, Unsaid> {
        let mut partners = self.peers.iter().filter(|peer| self.own.shares(peer, id));
        match (partners.next(), partners.next()) {
            (Some(partner), None) => Ok(partner),
            (Some(_), Some(_)) => Err(Unsaid::Shared),
            (None, _) if self.own.shares(&self.own, id) => Err(Unsaid::OwnAreas),
            (None, _) => Err(Unsaid::NotBetween),
        }
    }

    /// How a statement of one to the other is framed.
    pub(super) fn frame(&self, from: &Signer, to: &Signer) -> Frame {
        Frame {
            channel: Channel {
                from: from.id.area(),
                to: to.id.area(),
            },
            sandbox: self.sandbox,
        }
    }

    /// Signs a statement of this node's to that peer.
    pub(super) fn sign(&self, to: &Signer, statement: Vec<u8>) -> Result<Signed, SignatureError> {
        let form = StatementForm {
            frame: self.frame(&self.own, to),
            statement,
        };
        self.signing.sign(self.own.id.trust_domain(), &form)
    }

    /// A statement of this node's own as the peer believes it: signed with the key in use.
    pub(super) fn renewed(&self, to: &Signer, signed: &Signed) -> Result<Signed, SignatureError> {
        if self
            .own
            .keys
            .verify::<StatementForm>(signed.clone())
            .is_ok()
        {
            return Ok(signed.clone());
        }
        let kept = self.own.keys.recognise::<StatementForm>(signed.clone())?;
        self.sign(to, kept.into_inner().statement)
    }
}

impl Signer {
    /// Whether an agreement of that id may be between the two.
    fn shares(&self, other: &Self, id: AgreementId) -> bool {
        self.areas.iter().any(|from| {
            let mut others = other.areas.iter();
            others.any(|to| {
                id.meets(Channel {
                    from: *from,
                    to: *to,
                })
            })
        })
    }
}
