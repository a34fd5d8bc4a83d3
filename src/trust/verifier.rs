//! Our own judgement of a certificate chain, used in both directions.
//!
//! The verifiers that rustls brings do not fit: the server side wants a DNS name, the helper
//! without one looks at no revocation list, the usage of a key is not checked, and a root counts
//! for everyone. Here a chain passes only if its leaf names exactly one SPIFFE id, the path leads
//! to a root pinned for that id's trust domain, nothing on it is revoked by a current list (or it
//! lives too short to need one), it is made for this use, and the name is one that this node deals
//! with. The name is asked last, so that a stranger cannot learn who is paired with whom.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RevocationOptionsBuilder,
};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName};

use super::{
    identity::{OfficeId, PeerId, SpiffeId, TrustDomain},
    identity_error::IdentityError,
    keys::PublicKey,
    pairing::RevocationPolicy,
    tls::provider,
};
use crate::{domain::area::County, guard::Guard};

/// The part that a certificate plays in a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It dialled.
    Client,
    /// It was dialled.
    Server,
}

/// The roots of one authority, and how it takes certificates back.
#[derive(Debug)]
pub(in crate::trust) struct Roots {
    anchors: Vec<TrustAnchor<'static>>,
    revocation: Revocation,
}

#[derive(Debug)]
enum Revocation {
    /// Lists are required; without one nothing passes.
    Required(Vec<CertRevocationList<'static>>),
    /// Lists are looked at where there are any: an office's roles are in the configuration, and
    /// taking them away shuts it out as well.
    IfAny(Vec<CertRevocationList<'static>>),
    ShortLived,
}

impl Roots {
    /// The roots of a trust domain under its policy.
    pub(in crate::trust) fn of_domain(
        roots: &[CertificateDer<'_>],
        policy: RevocationPolicy,
        lists: &[CertificateRevocationListDer<'_>],
    ) -> Result<Self, IdentityError> {
        Ok(Self {
            anchors: anchors(roots)?,
            revocation: match policy {
                RevocationPolicy::Crl => Revocation::Required(parse_lists(lists)?),
                RevocationPolicy::ShortLived => Revocation::ShortLived,
            },
        })
    }

    /// The root of a node's offices.
    pub(in crate::trust) fn of_offices(
        roots: &[CertificateDer<'_>],
        lists: &[CertificateRevocationListDer<'_>],
    ) -> Result<Self, IdentityError> {
        Ok(Self {
            anchors: anchors(roots)?,
            revocation: Revocation::IfAny(parse_lists(lists)?),
        })
    }

    fn check(
        &self,
        leaf: &Leaf<'_>,
        intermediates: &[CertificateDer<'_>],
        part: Part,
        now: UnixTime,
    ) -> Result<(), IdentityError> {
        let lists: Vec<&CertRevocationList<'_>> = match &self.revocation {
            Revocation::Required(lists) if lists.is_empty() => {
                return Err(IdentityError::CrlMissing);
            }
            Revocation::Required(lists) | Revocation::IfAny(lists) => lists.iter().collect(),
            Revocation::ShortLived => Vec::new(),
        };
        let lists = if Guard::Revocation.holds() {
            lists
        } else {
            Vec::new()
        };
        let now = if Guard::Expiry.holds() {
            now
        } else {
            leaf.first_moment()
        };
        // With no list the builder refuses, and none is then to be looked at. By default it checks
        // the whole chain and denies what no list speaks of.
        let revocation = RevocationOptionsBuilder::new(&lists).ok().map(|options| {
            options
                .with_expiration_policy(ExpirationPolicy::Enforce)
                .build()
        });
        // An intermediate without an extended usage may issue for any; that the leaf has one is
        // checked below, which webpki does not.
        let usage = match part {
            Part::Client => KeyUsage::client_auth(),
            Part::Server => KeyUsage::server_auth(),
        };
        let path = leaf
            .end_entity
            .verify_for_usage(
                provider().signature_verification_algorithms.all,
                &self.anchors,
                intermediates,
                now,
                usage,
                revocation,
                None,
            )
            .map_err(|error| IdentityError::of_path(&error))?;
        for authority in path.intermediate_certificates() {
            check_signer(&authority.der())?;
        }
        leaf.check_usage(part)?;
        match self.revocation {
            Revocation::ShortLived => leaf.check_lifetime(),
            Revocation::Required(_) | Revocation::IfAny(_) => Ok(()),
        }
    }
}

/// All that a node knows of other nodes' certificates.
#[derive(Debug, Default)]
pub(in crate::trust) struct PeerTrust {
    pub(in crate::trust) domains: HashMap<TrustDomain, Roots>,
    pub(in crate::trust) peers: HashMap<SpiffeId, Arc<[County]>>,
}

impl PeerTrust {
    /// Who shows this chain, if it is a paired node.
    pub(in crate::trust) fn identify(
        &self,
        chain: &[CertificateDer<'_>],
        part: Part,
        now: UnixTime,
    ) -> Result<PeerId, IdentityError> {
        let id = self.check_node(chain, part, now)?;
        match self.peers.get(&id) {
            Some(areas) => Ok(PeerId::proven(id, Arc::clone(areas))),
            None => Err(IdentityError::NotPaired),
        }
    }

    /// The name in a chain that passes everything but the question whether it is paired.
    pub(in crate::trust) fn check_node(
        &self,
        chain: &[CertificateDer<'_>],
        part: Part,
        now: UnixTime,
    ) -> Result<SpiffeId, IdentityError> {
        let (first, intermediates) = chain.split_first().ok_or(IdentityError::Unparsable)?;
        let leaf = Leaf::read(first)?;
        let id = leaf.id.clone().ok_or(IdentityError::NotANode)?;
        if !id.is_node() {
            return Err(IdentityError::NotANode);
        }
        let roots = self
            .domains
            .get(id.trust_domain())
            .ok_or(IdentityError::UnknownTrustDomain)?;
        roots.check(&leaf, intermediates, part, now)?;
        Ok(id)
    }
}

/// All that a node knows of its offices' certificates.
#[derive(Debug)]
pub(in crate::trust) struct OfficeTrust {
    pub(in crate::trust) roots: Roots,
    pub(in crate::trust) node: SpiffeId,
    pub(in crate::trust) offices: HashSet<SpiffeId>,
}

impl OfficeTrust {
    /// Who shows this chain, if it is an office of this node that the configuration lists.
    pub(in crate::trust) fn identify(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<OfficeId, IdentityError> {
        let (first, intermediates) = chain.split_first().ok_or(IdentityError::Unparsable)?;
        let leaf = Leaf::read(first)?;
        let id = leaf.id.clone().ok_or(IdentityError::NotAnOffice)?;
        if id.is_node() || id.home() != self.node {
            return Err(IdentityError::NotAnOffice);
        }
        self.roots.check(&leaf, intermediates, Part::Client, now)?;
        if self.offices.contains(&id) {
            Ok(OfficeId::proven(id))
        } else {
            Err(IdentityError::NotListed)
        }
    }
}

/// What an office's client knows of the node that it dials.
#[derive(Debug)]
pub(in crate::trust) struct NodeOfOffices {
    pub(in crate::trust) roots: Roots,
    pub(in crate::trust) node: SpiffeId,
}

impl NodeOfOffices {
    pub(in crate::trust) fn check(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), IdentityError> {
        let (first, intermediates) = chain.split_first().ok_or(IdentityError::Unparsable)?;
        let leaf = Leaf::read(first)?;
        self.roots.check(&leaf, intermediates, Part::Server, now)?;
        if leaf.id.as_ref() == Some(&self.node) {
            Ok(())
        } else {
            Err(IdentityError::OtherPeer)
        }
    }
}

/// The SPIFFE id that a certificate names. Proves nothing: for showing, and for one's own.
///
/// # Errors
/// [`IdentityError::Unparsable`], [`IdentityError::NoSpiffeId`],
/// [`IdentityError::SeveralSpiffeIds`]; [`IdentityError::NotANode`] if the URI is neither a node's
/// nor an office's.
pub fn named_id(certificate: &CertificateDer<'_>) -> Result<SpiffeId, IdentityError> {
    Leaf::read(certificate)?.id.ok_or(IdentityError::NotANode)
}

/// The node that a certificate names and the key in it, if it leads to that root at that time, or,
/// if it was issued later, at its first moment. No list is looked at.
pub(in crate::trust) fn holder(
    chain: &[CertificateDer<'_>],
    root: &CertificateDer<'_>,
    at: UnixTime,
) -> Option<(SpiffeId, PublicKey)> {
    let (first, intermediates) = chain.split_first()?;
    let leaf = Leaf::read(first).ok()?;
    let id = leaf.id.clone().filter(SpiffeId::is_node)?;
    let anchors = anchors(std::slice::from_ref(root)).ok()?;
    let path = leaf.end_entity.verify_for_usage(
        provider().signature_verification_algorithms.all,
        &anchors,
        intermediates,
        at.max(leaf.first_moment()),
        KeyUsage::client_auth(),
        None,
        None,
    );
    for authority in path.ok()?.intermediate_certificates() {
        check_signer(&authority.der()).ok()?;
    }
    leaf.check_usage(Part::Client).ok()?;
    let key = PublicKey::from_spki(leaf.certificate.public_key().raw).ok()?;
    Some((id, key))
}

struct Leaf<'a> {
    end_entity: EndEntityCert<'a>,
    certificate: X509Certificate<'a>,
    /// None if the one URI is neither a node's nor an office's.
    id: Option<SpiffeId>,
}

impl<'a> Leaf<'a> {
    fn read(der: &'a CertificateDer<'a>) -> Result<Self, IdentityError> {
        let end_entity = EndEntityCert::try_from(der).map_err(|_| IdentityError::Unparsable)?;
        let (rest, certificate) =
            x509_parser::parse_x509_certificate(der).map_err(|_| IdentityError::Unparsable)?;
        if !rest.is_empty() {
            return Err(IdentityError::Unparsable);
        }
        let names = certificate
            .subject_alternative_name()
            .map_err(|_| IdentityError::Unparsable)?;
        let mut uris = names
            .iter()
            .flat_map(|names| &names.value.general_names)
            .filter_map(|name| match name {
                GeneralName::URI(uri) => Some(Ok(*uri)),
                // What cannot be read might be a second URI.
                GeneralName::Invalid(..) => Some(Err(IdentityError::Unparsable)),
                _ => None,
            });
        let uri = uris.next().ok_or(IdentityError::NoSpiffeId)??;
        match uris.next() {
            Some(Ok(_)) => return Err(IdentityError::SeveralSpiffeIds),
            Some(Err(error)) => return Err(error),
            None => {}
        }
        Ok(Self {
            id: uri.parse().ok(),
            end_entity,
            certificate,
        })
    }

    fn check_usage(&self, part: Part) -> Result<(), IdentityError> {
        let key_usage = self
            .certificate
            .key_usage()
            .map_err(|_| IdentityError::Unparsable)?
            .ok_or(IdentityError::WrongUsage)?
            .value;
        let extended = self
            .certificate
            .extended_key_usage()
            .map_err(|_| IdentityError::Unparsable)?
            .ok_or(IdentityError::WrongUsage)?
            .value;
        let named = match part {
            Part::Client => extended.client_auth,
            Part::Server => extended.server_auth,
        };
        let signs_only =
            key_usage.digital_signature() && !key_usage.key_cert_sign() && !key_usage.crl_sign();
        if named && signs_only {
            Ok(())
        } else {
            Err(IdentityError::WrongUsage)
        }
    }

    fn first_moment(&self) -> UnixTime {
        let seconds = self.certificate.validity().not_before.timestamp();
        UnixTime::since_unix_epoch(Duration::from_secs(seconds.unsigned_abs()))
    }

    fn check_lifetime(&self) -> Result<(), IdentityError> {
        let validity = self.certificate.validity();
        let life = validity
            .not_after
            .timestamp()
            .saturating_sub(validity.not_before.timestamp());
        if life <= MAX_SHORT_LIFE {
            Ok(())
        } else {
            Err(IdentityError::LivesTooLong)
        }
    }
}

/// Whoever signs for the root may sign: webpki looks only whether it is an authority.
fn check_signer(authority: &CertificateDer<'_>) -> Result<(), IdentityError> {
    let (_, authority) =
        x509_parser::parse_x509_certificate(authority).map_err(|_| IdentityError::Unparsable)?;
    let usage = authority
        .key_usage()
        .map_err(|_| IdentityError::Unparsable)?;
    match usage {
        Some(usage) if usage.value.key_cert_sign() => Ok(()),
        Some(_) | None => Err(IdentityError::WrongUsage),
    }
}

fn anchors(roots: &[CertificateDer<'_>]) -> Result<Vec<TrustAnchor<'static>>, IdentityError> {
    roots
        .iter()
        .map(|root| {
            webpki::anchor_from_trusted_cert(root)
                .map(|anchor| anchor.to_owned())
                .map_err(|_| IdentityError::Unparsable)
        })
        .collect()
}

fn parse_lists(
    lists: &[CertificateRevocationListDer<'_>],
) -> Result<Vec<CertRevocationList<'static>>, IdentityError> {
    lists
        .iter()
        .map(|list| {
            OwnedCertRevocationList::from_der(list)
                .map(CertRevocationList::Owned)
                .map_err(|_| IdentityError::CrlMissing)
        })
        .collect()
}

/// 24 hours in seconds.
const MAX_SHORT_LIFE: i64 = 86_400;
