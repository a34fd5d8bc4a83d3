//! Evidence of one notice: what the store keeps, what the directory keeps, and the node's signature.

use std::error::Error;

use tokio::task::spawn_blocking;

use super::{
    directory::Directory,
    operations::{Node, in_words},
};
use crate::{
    agreement::Agreement,
    config::NodeDir,
    domain::{agreement::AgreementVersion, area::County},
    evidence::{End, SealError, Showing, ShownAgreement, ShownKey, ShownNode, ShownParcel},
    exchange::{Signatures, SignaturesError},
    office::{EvidenceAsked, OperationError},
    pairing::{
        AgreementsError, LoadError, SignedFiles,
        life::{Proven, proofs},
        load_all, signed_between,
    },
    store::Direction,
    trust::{
        files::FileError,
        identity::SpiffeId,
        keys::{KeyError, PublicKey, SigningKey},
        lineage::EarlierKey,
        rotation::{OwnKeys, RotateError},
        signature::Signed,
    },
};

/// What the directory keeps of two nodes and of an agreement between them.
struct Papers {
    own: ShownNode,
    signing: SigningKey,
    peer: ShownNode,
    pairings: Vec<SignedFiles>,
    agreement: ShownAgreement,
}

/// Why the directory does not tell.
#[derive(Debug, thiserror::Error)]
enum PapersError {
    #[error(transparent)]
    Agreements(#[from] AgreementsError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("no paired node speaks for that area; pair with it first")]
    NotPaired,
    #[error(transparent)]
    Own(#[from] RotateError),
    #[error(transparent)]
    Pairings(#[from] LoadError),
}

impl Node {
    /// Writes the evidence of one notice. What is not there is left out, and said so by whoever
    /// verifies it.
    pub(super) async fn evidence(&self, asked: EvidenceAsked) -> Result<String, OperationError> {
        let EvidenceAsked {
            channel,
            direction,
            sequence,
            id,
            digest,
            agreement,
            content,
        } = asked;
        let signatures = self
            .exchange
            .signatures(channel, direction, sequence)
            .await
            .map_err(|error| match error {
                SignaturesError::Store(error) => error.into(),
                SignaturesError::NotPaired => OperationError::UnknownPeer,
                SignaturesError::Signature(_) | SignaturesError::Unreadable => not_made(&error),
            })?;
        let other = match direction {
            Direction::Out => channel.to,
            Direction::In => channel.from,
        };
        let directory = std::sync::Arc::clone(&self.directory);
        let papers = spawn_blocking(move || directory.papers(other, agreement)).await;
        let papers = papers.map_err(|error| not_made(&error))?;
        let Papers {
            own,
            signing,
            peer,
            pairings,
            agreement,
        } = papers.map_err(|error| match error {
            PapersError::NotPaired => OperationError::UnknownPeer,
            error => not_made(&error),
        })?;
        let (end, sender, receiver) = match direction {
            Direction::Out => (End::Sender, own, peer),
            Direction::In => (End::Receiver, peer, own),
        };
        let Signatures { parcel, receipt } = signatures;
        let showing = Showing {
            channel,
            sandbox: self.trust.current().is_sandbox(),
            sequence,
            end,
            id,
            digest,
            content,
            agreement,
            parcel: parcel.map(|(signed, digests)| ShownParcel { signed, digests }),
            receipt,
            sender,
            receiver,
            pairings,
        };
        let sealed: Result<String, SealError> = showing.seal(&signing, self.clock.now_ms());
        sealed.map_err(|error| not_made(&error))
    }
}

impl Directory {
    /// What is kept of the node that speaks for an area, of this node, and of an agreement. Reads
    /// files: not on a thread that serves others.
    fn papers(&self, other: County, version: AgreementVersion) -> Result<Papers, PapersError> {
        let (dir, config) = (self.dir(), self.current.config.borrow().clone());
        let sandbox = config.mode.is_sandbox();
        let OwnKeys { signing, earlier } = OwnKeys::load(dir.path(), &config.id, sandbox)?;
        let own = shown(&config.id, &earlier, signing.public());
        let peer = if config.areas.contains(&other) {
            own.clone()
        } else {
            let mut pairings = load_all(dir)?.into_iter().map(|file| file.pairing);
            let pairing = pairings.find(|pairing| pairing.areas.contains(&other));
            let pairing = pairing.ok_or(PapersError::NotPaired)?;
            let current = PublicKey::from_spki(&pairing.signing_key_spki)?;
            shown(&pairing.id, &pairing.earlier_keys, &current)
        };
        let held = self.current.agreements.borrow().clone();
        let held = held.iter().find(|held| held.version == version);
        let statements = held.map_or_else(
            || Ok(Vec::new()),
            |held| statements(dir, held, [&own.id, &peer.id]),
        )?;
        let canonical = held.filter(|_| !statements.is_empty());
        Ok(Papers {
            pairings: signed_between(dir, [&own.id, &peer.id])?,
            agreement: ShownAgreement {
                version,
                canonical: canonical.map(|held| held.canonical()),
                statements,
            },
            own,
            signing,
            peer,
        })
    }
}

/// What the two have said of a version.
fn statements(
    dir: &NodeDir,
    agreement: &Agreement,
    nodes: [&SpiffeId; 2],
) -> Result<Vec<Signed>, AgreementsError> {
    let proofs = proofs(dir, agreement.version, agreement.digest())?;
    let proofs = proofs.into_iter().filter(|proof| {
        proof.what == Proven::Statement && nodes.iter().any(|id| id.area() == proof.by)
    });
    Ok(proofs.map(|proof| proof.signed).collect())
}

fn shown(id: &SpiffeId, earlier: &[EarlierKey], current: &PublicKey) -> ShownNode {
    let keys = earlier.iter().map(|key| ShownKey {
        public: key.public.clone(),
        succession: key.statement.clone(),
    });
    let current = ShownKey {
        public: current.clone(),
        succession: None,
    };
    ShownNode {
        id: id.clone(),
        keys: keys.chain([current]).collect(),
    }
}

fn not_made(error: &dyn Error) -> OperationError {
    OperationError::Declined {
        code: "evidence_not_made",
        words: in_words("证据未能生成", error),
    }
}
