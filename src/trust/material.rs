//! All that a node believes at one moment, and how it comes to believe something else.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::{CertificateDer, UnixTime};
use tokio::sync::watch;

use super::{
    expiry::{Expiry, Warning, due},
    files::FileError,
    identity::{OfficeId, PeerId, SpiffeId, TrustDomain},
    identity_error::IdentityError,
    keys::{Fingerprint, KeyError, SigningKey},
    lineage::Lineage,
    pairing::{Pairing, RevocationPolicy},
    register::AuthorityError,
    rotation::EarlierKeysError,
    signature::Signed,
    verifier::{OfficeTrust, Part, PeerTrust},
};
use crate::clock::Clock;
use crate::domain::area::County;

/// Where a node's trust comes from: its directory, and what its configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustSource {
    /// The node's directory.
    pub dir: PathBuf,
    /// Its home areas; the first is in its name.
    pub areas: Vec<County>,
    /// True for a sandbox node.
    pub sandbox: bool,
    /// How its own trust domain revokes certificates.
    pub revocation: RevocationPolicy,
    /// Its peers.
    pub pairings: Vec<Pairing>,
    /// Where the node dials itself, `host:port`, if two of its home areas have an agreement; then it
    /// is a peer of its own, pinned like any other. Without one its own certificate is a stranger's.
    pub own_endpoint: Option<String>,
    /// The offices to which its configuration gives a role.
    pub offices: Vec<SpiffeId>,
    /// Host names and addresses, besides loopback, by which offices reach it.
    pub office_hosts: Vec<String>,
}

/// All that a node believes at one moment. Immutable.
pub struct TrustSnapshot {
    pub(in crate::trust) id: SpiffeId,
    pub(in crate::trust) areas: Arc<[County]>,
    pub(in crate::trust) sandbox: bool,
    pub(in crate::trust) signing: Arc<SigningKey>,
    pub(in crate::trust) own_keys: Lineage,
    pub(in crate::trust) successions: Vec<Signed>,
    pub(in crate::trust) certificate: Fingerprint,
    pub(in crate::trust) exchange_server: Arc<ServerConfig>,
    pub(in crate::trust) office_server: Arc<ServerConfig>,
    pub(in crate::trust) peers: HashMap<SpiffeId, KnownPeer>,
    pub(in crate::trust) peer_trust: Arc<PeerTrust>,
    pub(in crate::trust) office_trust: Arc<OfficeTrust>,
    pub(in crate::trust) without_list: Vec<TrustDomain>,
    pub(in crate::trust) expiries: Vec<Expiry>,
    /// What it was made from: source, digest of the files, and when.
    pub(in crate::trust) made_from: (TrustSource, Fingerprint),
    pub(in crate::trust) made_at: UnixTime,
}

/// A paired node, ready to be dialled and believed.
pub struct KnownPeer {
    pub(in crate::trust) pairing: Pairing,
    pub(in crate::trust) client: Arc<ClientConfig>,
    pub(in crate::trust) lineage: Lineage,
}

impl KnownPeer {
    /// What the pairing says.
    pub const fn pairing(&self) -> &Pairing {
        &self.pairing
    }

    /// The key with which it signs, and those before.
    pub const fn lineage(&self) -> &Lineage {
        &self.lineage
    }
}

impl TrustSnapshot {
    /// The node's own name.
    pub const fn id(&self) -> &SpiffeId {
        &self.id
    }

    /// Its home areas.
    pub fn areas(&self) -> &[County] {
        &self.areas
    }

    /// True for a sandbox node.
    pub const fn is_sandbox(&self) -> bool {
        self.sandbox
    }

    /// The key with which it signs.
    pub const fn signing_key(&self) -> &Arc<SigningKey> {
        &self.signing
    }

    /// Its own keys as others pin them: recognise its own word.
    pub const fn own_keys(&self) -> &Lineage {
        &self.own_keys
    }

    /// The statements of its own successions, the oldest first: what it shows to every peer.
    pub fn successions(&self) -> &[Signed] {
        &self.successions
    }

    /// Fingerprint of its own certificate.
    pub const fn certificate(&self) -> Fingerprint {
        self.certificate
    }

    /// Its peers, in no order; itself among them where two home areas exchange with each other.
    pub fn peers(&self) -> impl Iterator<Item = &KnownPeer> {
        self.peers.values()
    }

    /// The peer of that name.
    pub fn peer(&self, id: &SpiffeId) -> Option<&KnownPeer> {
        self.peers.get(id)
    }

    /// The peer that speaks for that area; for a home area the node itself.
    pub fn peer_for(&self, area: County) -> Option<&KnownPeer> {
        self.peers().find(|peer| peer.pairing.areas.contains(&area))
    }

    /// The keys of that peer; none if its pairing was taken back meanwhile.
    pub fn lineage(&self, peer: &SpiffeId) -> Option<&Lineage> {
        self.peer(peer).map(KnownPeer::lineage)
    }

    /// Judges a chain that a node showed.
    ///
    /// # Errors
    /// [`IdentityError`] if it proves no paired node.
    pub fn identify_peer(
        &self,
        chain: &[CertificateDer<'_>],
        part: Part,
        now: UnixTime,
    ) -> Result<PeerId, IdentityError> {
        self.peer_trust.identify(chain, part, now)
    }

    /// Judges a chain that an office showed.
    ///
    /// # Errors
    /// [`IdentityError`] if it proves no office that the configuration lists.
    pub fn identify_office(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<OfficeId, IdentityError> {
        self.office_trust.identify(chain, now)
    }

    /// What expires within 14, 7 or 2 days or has expired, and which lists are missing.
    pub fn warnings(&self, now: UnixTime) -> Vec<Warning> {
        let missing = self.without_list.iter().cloned().map(Warning::CrlMissing);
        missing.chain(due(&self.expiries, now)).collect()
    }
}

/// What keeps a node from believing what it was given.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// A pairing does not list the area in its own peer's name.
    #[error("{peer}: the pairing does not list the area in the peer's name")]
    AreaNotListed {
        /// Whose pairing.
        peer: SpiffeId,
    },
    /// An area that two peers claim.
    #[error("{peer}: area {area} is another peer's")]
    AreaTaken {
        /// Whose pairing.
        peer: SpiffeId,
        /// Which.
        area: County,
    },
    /// The list of the node's own earlier keys.
    #[error("{}: {error}", path.display())]
    EarlierKeys {
        /// The list.
        path: PathBuf,
        /// Why.
        error: EarlierKeysError,
    },
    /// The own chain does not pass the own verifier.
    #[error("{} would be refused by every peer: {error}", path.display())]
    OwnChain {
        /// The certificate.
        path: PathBuf,
        /// Why.
        error: IdentityError,
    },
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key.
    #[error("{}: {error}", path.display())]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        error: KeyError,
    },
    /// The private key is not that of the certificate.
    #[error("{} is not the key of tls/node.crt", path.display())]
    KeyMismatch {
        /// The key.
        path: PathBuf,
    },
    /// No home area is configured.
    #[error("no home area is configured")]
    NoArea,
    /// A pairing names no node.
    #[error("{peer} is no node")]
    NotANode {
        /// What it names.
        peer: SpiffeId,
    },
    /// The office authority.
    #[error("office/: {0}")]
    Office(#[from] AuthorityError),
    /// The certificate names another node than before, or than the configuration.
    #[error("tls/node.crt names {found}, expected {expected}; start the node anew to change it")]
    OtherName {
        /// The name in it.
        found: SpiffeId,
        /// The name wanted.
        expected: SpiffeId,
    },
    /// Pairings of one trust domain that differ in policy.
    #[error("{peer}: its trust domain is known with another revocation policy")]
    OtherPolicy {
        /// Whose pairing.
        peer: SpiffeId,
    },
    /// Pairings of one trust domain that differ in roots.
    #[error("{peer}: its trust domain is known with another root")]
    OtherRoot {
        /// Whose pairing.
        peer: SpiffeId,
    },
    /// A pairing that claims a home area of this node: with itself it is never paired by a file.
    #[error("{peer}: area {area} is this node's own")]
    OwnArea {
        /// Whose pairing.
        peer: SpiffeId,
        /// Which.
        area: County,
    },
    /// Two pairings with one peer.
    #[error("{peer} is paired twice")]
    PairedTwice {
        /// Whose.
        peer: SpiffeId,
    },
    /// A pairing with a root that is none.
    #[error("{peer}: the root in the pairing is no certificate, or that of another trust domain")]
    PeerRoot {
        /// Whose pairing.
        peer: SpiffeId,
    },
    /// A pairing with a signing key that is none.
    #[error("{peer}: the signing key in the pairing is no P-256 key")]
    PeerSigningKey {
        /// Whose pairing.
        peer: SpiffeId,
    },
    /// Sandbox and production are never paired.
    #[error("{peer}: one of the two is a sandbox node and the other is not")]
    SandboxMismatch {
        /// Whose pairing.
        peer: SpiffeId,
    },
    /// rustls refuses.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// A PEM file that holds nothing of the kind.
    #[error("{} cannot be read as PEM", path.display())]
    Unparsable {
        /// Which.
        path: PathBuf,
    },
}

/// What a reload did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// A new snapshot is out; live connections are judged by it.
    Published,
    /// Nothing had changed.
    Unchanged,
}

/// Publishes the snapshot that holds.
pub struct TrustStore {
    sender: watch::Sender<Arc<TrustSnapshot>>,
    clock: Clock,
    turns: Mutex<()>,
}

impl TrustStore {
    /// Loads the first snapshot. Reads files: not on a thread that serves others.
    ///
    /// # Errors
    /// [`MaterialError`]; the node cannot start.
    pub fn open(source: &TrustSource, clock: Clock) -> Result<Self, MaterialError> {
        let snapshot = TrustSnapshot::load(source, &clock)?;
        let (sender, _) = watch::channel(Arc::new(snapshot));
        Ok(Self {
            sender,
            clock,
            turns: Mutex::new(()),
        })
    }

    /// Follows the snapshots.
    pub fn subscribe(&self) -> watch::Receiver<Arc<TrustSnapshot>> {
        self.sender.subscribe()
    }

    /// The one that holds now.
    pub fn current(&self) -> Arc<TrustSnapshot> {
        Arc::clone(&self.sender.borrow())
    }

    /// Reads everything anew and publishes it if it passes and differs. Cheap enough for every
    /// minute. Reads files: not on a thread that serves others.
    ///
    /// # Errors
    /// [`MaterialError`]; what held goes on to hold.
    pub fn reload(&self, source: &TrustSource) -> Result<Reload, MaterialError> {
        let _turn = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.current();
        let new = TrustSnapshot::load(source, &self.clock)?;
        if new.id != old.id {
            return Err(MaterialError::OtherName {
                found: new.id,
                expected: old.id.clone(),
            });
        }
        // The certificate of the office listener is made at each load and lives in memory only:
        // it is renewed long before its end by publishing even what has not changed.
        let ageing = new.made_at.as_secs().saturating_sub(old.made_at.as_secs()) > RENEW_AFTER;
        if new.made_from == old.made_from && !ageing {
            return Ok(Reload::Unchanged);
        }
        self.sender.send_replace(Arc::new(new));
        Ok(Reload::Published)
    }
}

/// A month in seconds, of the year that the certificate of the office listener lives.
const RENEW_AFTER: u64 = 30 * 86_400;
