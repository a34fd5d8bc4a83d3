//! From files and pairings to a [`TrustSnapshot`], or to the one thing that is wrong.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::sign::CertifiedKey;
use rustls_pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, pem::PemObject,
};

use super::{
    authority::root_trust_domain,
    expiry::{Expiry, Subject},
    files,
    identity::{SpiffeId, TrustDomain},
    identity_error::IdentityError,
    issue::DEFAULT_VALIDITY,
    keys::{Fingerprint, PublicKey, SigningKey},
    lineage::{EarlierKey, Lineage},
    material::{KnownPeer, MaterialError, TrustSnapshot, TrustSource},
    office_authority::OfficeAuthority,
    pairing::{Pairing, RevocationPolicy},
    rotation, tls,
    verifier::{OfficeTrust, Part, PeerTrust, Roots, named_id},
};
use crate::clock::Clock;
use crate::domain::area::County;

impl TrustSnapshot {
    /// Reads everything and checks it against itself: own chain by own verifier, key by
    /// certificate, pairing by pairing.
    ///
    /// # Errors
    /// [`MaterialError`] for the first thing that is wrong. A revocation list of another trust
    /// domain that is missing or has expired is no error but a warning: it shuts out only its own
    /// peers.
    pub fn load(source: &TrustSource, clock: &Clock) -> Result<Self, MaterialError> {
        let now = clock.now();
        let mut files = Files::new(&source.dir);
        let first_area = *source.areas.first().ok_or(MaterialError::NoArea)?;

        let own_chain = files.certificates("tls/node.crt")?;
        let root_pem = files.text("tls/ca.crt")?;
        let own_root =
            tls::certificates(root_pem.as_bytes()).ok_or_else(|| MaterialError::Unparsable {
                path: files.path("tls/ca.crt"),
            })?;
        let certified = files.certified(own_chain.clone())?;
        let id = own_name(&files.path("tls/node.crt"), &own_chain, first_area)?;
        // In this order: whoever changes the key writes the list first.
        let signing = files.signing_key()?;
        let earlier = files.earlier_keys(signing.public(), &id, source.sandbox)?;

        let mut domains = BTreeMap::new();
        let pairings = match &source.own_endpoint {
            Some(endpoint) => {
                let own = own_pairing(source, &id, endpoint, root_pem, signing.public(), &earlier);
                [source.pairings.as_slice(), &[own]].concat()
            }
            None => source.pairings.clone(),
        };
        let own_domain = DomainFacts {
            roots: own_root,
            policy: source.revocation,
        };
        domains.insert(id.trust_domain().clone(), own_domain);
        check_pairings(source, &id, &mut domains)?;

        let mut expiries = Vec::new();
        let mut without_list = Vec::new();
        let mut peer_trust = PeerTrust::default();
        for (domain, facts) in &domains {
            let lists = match facts.policy {
                RevocationPolicy::ShortLived => Vec::new(),
                RevocationPolicy::Crl if domain == id.trust_domain() => files
                    .lists("tls/crl.pem")?
                    .ok_or_else(|| files::FileError::Missing {
                        path: files.path("tls/crl.pem"),
                    })?,
                RevocationPolicy::Crl => {
                    let name = format!("tls/crl-{domain}.pem");
                    files.lists(&name)?.unwrap_or_else(|| {
                        without_list.push(domain.clone());
                        Vec::new()
                    })
                }
            };
            for root in &facts.roots {
                expiries.extend(Expiry::of_certificate(Subject::Root(domain.clone()), root));
            }
            for list in &lists {
                expiries.extend(Expiry::of_list(Subject::Crl(domain.clone()), list));
            }
            let roots = Roots::of_domain(&facts.roots, facts.policy, &lists).map_err(|error| {
                MaterialError::OwnChain {
                    path: files.path("tls/ca.crt"),
                    error,
                }
            })?;
            peer_trust.domains.insert(domain.clone(), roots);
        }
        expiries.extend(
            own_chain
                .first()
                .and_then(|leaf| Expiry::of_certificate(Subject::Certificate, leaf)),
        );
        for pairing in &pairings {
            let areas: Arc<[County]> = pairing.areas.as_slice().into();
            peer_trust.peers.insert(pairing.id.clone(), areas);
        }
        for part in [Part::Server, Part::Client] {
            match peer_trust.check_node(&own_chain, part, now) {
                // An old list is the authority's to renew and shuts out peers, not offices: the
                // node runs, and warns.
                Ok(_) | Err(IdentityError::CrlExpired) => {}
                Err(error) => {
                    let path = files.path("tls/node.crt");
                    return Err(MaterialError::OwnChain { path, error });
                }
            }
        }
        let peer_trust = Arc::new(peer_trust);

        let office = OfficeSide::load(&mut files, source, &id, clock, &mut expiries)?;
        let areas: Arc<[County]> = source.areas.as_slice().into();
        let peers = pairings
            .iter()
            .map(|pairing| known_peer(pairing, &certified, &peer_trust, clock))
            .collect::<Result<HashMap<_, _>, _>>()?;
        Ok(Self {
            own_keys: Lineage::new(
                id.clone(),
                Arc::clone(&areas),
                source.sandbox,
                signing.public().clone(),
                &earlier,
            ),
            successions: rotation::shown(&earlier),
            areas,
            sandbox: source.sandbox,
            signing: Arc::new(signing),
            certificate: own_chain
                .first()
                .map_or_else(|| Fingerprint::of(&[]), |leaf| Fingerprint::of(leaf)),
            exchange_server: tls::exchange_server(&certified, &peer_trust, clock)?,
            office_server: tls::office_server(&office.certified, &office.trust, clock)?,
            peers,
            peer_trust,
            office_trust: office.trust,
            without_list,
            expiries,
            made_from: (source.clone(), files.digest()),
            made_at: now,
            id,
        })
    }
}

/// The listener's side of the node's own offices.
struct OfficeSide {
    certified: Arc<CertifiedKey>,
    trust: Arc<OfficeTrust>,
}

impl OfficeSide {
    fn load(
        files: &mut Files,
        source: &TrustSource,
        node: &SpiffeId,
        clock: &Clock,
        expiries: &mut Vec<Expiry>,
    ) -> Result<Self, MaterialError> {
        let roots = files.certificates("office/ca.crt")?;
        let lists = files.lists("office/crl.pem")?.unwrap_or_default();
        for root in &roots {
            expiries.extend(Expiry::of_certificate(Subject::OfficeRoot, root));
        }
        for list in &lists {
            expiries.extend(Expiry::of_list(Subject::OfficeCrl, list));
        }
        let authority = OfficeAuthority::open(&files.path("office"))?;
        let server = authority.server(node, &source.office_hosts, DEFAULT_VALIDITY, clock.now())?;
        let path = files.path("office/ca.crt");
        let unparsable = || MaterialError::Unparsable { path: path.clone() };
        let chain = tls::certificates(server.certificate_pem.as_bytes()).ok_or_else(unparsable)?;
        let key =
            PrivateKeyDer::from_pem_slice(server.key_pem.as_bytes()).map_err(|_| unparsable())?;
        let trust = OfficeTrust {
            roots: Roots::of_offices(&roots, &lists).map_err(|_| unparsable())?,
            node: node.clone(),
            offices: source.offices.iter().cloned().collect(),
        };
        Ok(Self {
            certified: tls::certified(chain, key)?,
            trust: Arc::new(trust),
        })
    }
}

struct DomainFacts {
    roots: Vec<CertificateDer<'static>>,
    policy: RevocationPolicy,
}

fn own_name(
    path: &Path,
    chain: &[CertificateDer<'static>],
    area: County,
) -> Result<SpiffeId, MaterialError> {
    let own_chain = |error| MaterialError::OwnChain {
        path: path.to_owned(),
        error,
    };
    let leaf = chain
        .first()
        .ok_or_else(|| own_chain(IdentityError::Unparsable))?;
    let found = named_id(leaf).map_err(own_chain)?;
    if !found.is_node() {
        return Err(own_chain(IdentityError::NotANode));
    }
    let expected = SpiffeId::node(found.trust_domain().clone(), area);
    if found == expected {
        Ok(found)
    } else {
        Err(MaterialError::OtherName { found, expected })
    }
}

/// What the node pins of itself. It differs from what a peer pins only in the address.
fn own_pairing(
    source: &TrustSource,
    id: &SpiffeId,
    endpoint: &str,
    root_pem: String,
    key: &PublicKey,
    earlier: &[EarlierKey],
) -> Pairing {
    Pairing {
        id: id.clone(),
        areas: source.areas.clone(),
        endpoint: endpoint.to_owned(),
        root_pem,
        signing_key_spki: key.spki().to_vec(),
        earlier_keys: earlier.to_vec(),
        revocation: source.revocation,
        sandbox: source.sandbox,
    }
}

/// No area, name or trust domain may mean two things.
fn check_pairings(
    source: &TrustSource,
    own: &SpiffeId,
    domains: &mut BTreeMap<TrustDomain, DomainFacts>,
) -> Result<(), MaterialError> {
    let mut names = HashSet::from([own.clone()]);
    let mut areas = HashSet::new();
    for pairing in &source.pairings {
        let peer = || pairing.id.clone();
        if !pairing.id.is_node() {
            return Err(MaterialError::NotANode { peer: peer() });
        }
        if pairing.sandbox != source.sandbox {
            return Err(MaterialError::SandboxMismatch { peer: peer() });
        }
        if !pairing.areas.contains(&pairing.id.area()) {
            return Err(MaterialError::AreaNotListed { peer: peer() });
        }
        for area in &pairing.areas {
            let (peer, area) = (peer(), *area);
            if source.areas.contains(&area) {
                return Err(MaterialError::OwnArea { peer, area });
            }
            if !areas.insert(area) {
                return Err(MaterialError::AreaTaken { peer, area });
            }
        }
        if !names.insert(peer()) {
            return Err(MaterialError::PairedTwice { peer: peer() });
        }
        let roots = peer_roots(pairing)?;
        let facts = DomainFacts {
            roots,
            policy: pairing.revocation,
        };
        let known = match domains.get(pairing.id.trust_domain()) {
            None => {
                domains.insert(pairing.id.trust_domain().clone(), facts);
                continue;
            }
            Some(known) => known,
        };
        if !same_roots(&known.roots, &facts.roots) {
            return Err(MaterialError::OtherRoot { peer: peer() });
        }
        if known.policy != facts.policy {
            return Err(MaterialError::OtherPolicy { peer: peer() });
        }
    }
    Ok(())
}

fn peer_roots(pairing: &Pairing) -> Result<Vec<CertificateDer<'static>>, MaterialError> {
    let refused = || MaterialError::PeerRoot {
        peer: pairing.id.clone(),
    };
    let roots = tls::certificates(pairing.root_pem.as_bytes()).ok_or_else(refused)?;
    // A root that names a trust domain must name the one that it is pinned for.
    let foreign = |root: &CertificateDer<'_>| {
        root_trust_domain(root).is_some_and(|domain| domain != *pairing.id.trust_domain())
    };
    if roots.iter().any(foreign)
        || Roots::of_domain(&roots, RevocationPolicy::ShortLived, &[]).is_err()
    {
        return Err(refused());
    }
    Ok(roots)
}

fn same_roots(left: &[CertificateDer<'_>], right: &[CertificateDer<'_>]) -> bool {
    let set = |roots: &[CertificateDer<'_>]| -> HashSet<Fingerprint> {
        roots.iter().map(|root| Fingerprint::of(root)).collect()
    };
    set(left) == set(right)
}

fn known_peer(
    pairing: &Pairing,
    own: &Arc<CertifiedKey>,
    trust: &Arc<PeerTrust>,
    clock: &Clock,
) -> Result<(SpiffeId, KnownPeer), MaterialError> {
    let id = &pairing.id;
    let lineage = pairing
        .lineage()
        .map_err(|_| MaterialError::PeerSigningKey { peer: id.clone() })?;
    let known = KnownPeer {
        client: tls::exchange_client(own, trust, id.clone(), clock)?,
        lineage,
        pairing: pairing.clone(),
    };
    Ok((id.clone(), known))
}

/// The files of the node's directory, and a digest of all that was read of them.
struct Files {
    dir: PathBuf,
    read: Vec<Fingerprint>,
}

impl Files {
    fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            read: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn text(&mut self, name: &str) -> Result<String, MaterialError> {
        let bytes = files::read_public(&self.path(name))?;
        self.note(&bytes);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn certificates(&mut self, name: &str) -> Result<Vec<CertificateDer<'static>>, MaterialError> {
        let text = self.text(name)?;
        let path = self.path(name);
        tls::certificates(text.as_bytes()).ok_or(MaterialError::Unparsable { path })
    }

    fn lists(
        &mut self,
        name: &str,
    ) -> Result<Option<Vec<CertificateRevocationListDer<'static>>>, MaterialError> {
        let path = self.path(name);
        let bytes = files::read_if_present(&path)?;
        self.note(bytes.as_deref().unwrap_or_default());
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let lists = CertificateRevocationListDer::pem_slice_iter(&bytes)
            .collect::<Result<Vec<_>, _>>()
            .ok()
            .filter(|lists| {
                !lists.is_empty() && Roots::of_domain(&[], RevocationPolicy::Crl, lists).is_ok()
            });
        lists.map(Some).ok_or(MaterialError::Unparsable { path })
    }

    fn certified(
        &mut self,
        chain: Vec<CertificateDer<'static>>,
    ) -> Result<Arc<CertifiedKey>, MaterialError> {
        let path = self.path("tls/node.key");
        let bytes = files::read_secret(&path)?;
        self.note(&bytes);
        let key = PrivateKeyDer::from_pem_slice(&bytes)
            .map_err(|_| MaterialError::Unparsable { path: path.clone() })?;
        tls::certified(chain, key).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => MaterialError::KeyMismatch { path },
            error => MaterialError::Tls(error),
        })
    }

    fn signing_key(&mut self) -> Result<SigningKey, MaterialError> {
        let path = self.path("keys/signing.key");
        let bytes = files::read_secret(&path)?;
        self.note(&bytes);
        SigningKey::from_pem(&bytes).map_err(|error| MaterialError::Key { path, error })
    }

    fn earlier_keys(
        &mut self,
        current: &PublicKey,
        node: &SpiffeId,
        sandbox: bool,
    ) -> Result<Vec<EarlierKey>, MaterialError> {
        let path = self.path(rotation::EARLIER);
        let Some(bytes) = files::read_if_present(&path)? else {
            return Ok(Vec::new());
        };
        self.note(&bytes);
        rotation::earlier_keys(&bytes, current, node, sandbox)
            .map_err(|error| MaterialError::EarlierKeys { path, error })
    }

    fn note(&mut self, bytes: &[u8]) {
        self.read.push(Fingerprint::of(bytes));
    }

    fn digest(&self) -> Fingerprint {
        let read: Vec<u8> = self
            .read
            .iter()
            .flat_map(|digest| digest.as_bytes())
            .copied()
            .collect();
        Fingerprint::of(&read)
    }
}
