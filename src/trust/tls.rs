//! The configurations of rustls: TLS 1.3 only, both ends show certificates, nothing is resumed.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature},
    server::{
        NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};

use super::{
    identity::SpiffeId,
    identity_error::IdentityError,
    verifier::{NodeOfOffices, OfficeTrust, Part, PeerTrust, Roots},
};
use crate::clock::Clock;

/// The protocol that both listeners speak inside TLS.
pub const ALPN: &[u8] = b"h2";

/// The crypto of the node: aws-lc-rs with the suites of TLS 1.3. Never the process default.
pub fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let mut provider = aws_lc_rs::default_provider();
        provider
            .cipher_suites
            .retain(|suite| suite.tls13().is_some());
        Arc::new(provider)
    });
    &PROVIDER
}

/// A chain and the key of its leaf, matched.
pub(in crate::trust) fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, rustls::Error> {
    CertifiedKey::from_der(chain, key, provider()).map(Arc::new)
}

/// The exchange listener.
pub(in crate::trust) fn exchange_server(
    own: &Arc<CertifiedKey>,
    trust: &Arc<PeerTrust>,
    clock: &Clock,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    server(own, Judge::Peers(Arc::clone(trust)), clock)
}

/// The office listener.
pub(in crate::trust) fn office_server(
    own: &Arc<CertifiedKey>,
    trust: &Arc<OfficeTrust>,
    clock: &Clock,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    server(own, Judge::Offices(Arc::clone(trust)), clock)
}

/// Dialling one peer.
pub(in crate::trust) fn exchange_client(
    own: &Arc<CertifiedKey>,
    trust: &Arc<PeerTrust>,
    expected: SpiffeId,
    clock: &Clock,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    client(own, Judge::Peer(Arc::clone(trust), expected), clock)
}

/// An office dialling its node: the command line, with `office/ca.crt` and `office/operator.*`.
///
/// # Errors
/// [`rustls::Error`] if a PEM cannot be read or the key is not that of the certificate.
pub fn office_client(
    root_pem: &[u8],
    certificate_pem: &[u8],
    key_pem: &[u8],
    node: SpiffeId,
    clock: &Clock,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let unparsable = || IdentityError::Unparsable.to_tls();
    let roots = certificates(root_pem).ok_or_else(unparsable)?;
    let chain = certificates(certificate_pem).ok_or_else(unparsable)?;
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|_| unparsable())?;
    let roots = Roots::of_offices(&roots, &[]).map_err(IdentityError::to_tls)?;
    let judge = Judge::Node(Arc::new(NodeOfOffices { roots, node }));
    client(&certified(chain, key)?, judge, clock)
}

/// The certificates of a PEM, at least one.
pub(in crate::trust) fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|certificates| !certificates.is_empty())
}

fn server(
    own: &Arc<CertifiedKey>,
    judge: Judge,
    clock: &Clock,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config =
        ServerConfig::builder_with_details(Arc::clone(provider()), Arc::new(clock.clone()))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(judge))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(own))));
    // A resumed session would skip the look at the revocation list.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

fn client(
    own: &Arc<CertifiedKey>,
    judge: Judge,
    clock: &Clock,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut config =
        ClientConfig::builder_with_details(Arc::clone(provider()), Arc::new(clock.clone()))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(judge))
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(own))));
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.enable_sni = false;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

/// Who is let through, as rustls asks it.
enum Judge {
    /// A node that accepts: any paired one.
    Peers(Arc<PeerTrust>),
    /// A node that dials: this one.
    Peer(Arc<PeerTrust>, SpiffeId),
    /// A node that accepts its offices.
    Offices(Arc<OfficeTrust>),
    /// An office that dials its node.
    Node(Arc<NodeOfOffices>),
}

impl Judge {
    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        part: Part,
        now: UnixTime,
    ) -> Result<(), IdentityError> {
        let chain: Vec<CertificateDer<'_>> = std::iter::once(end_entity)
            .chain(intermediates)
            .cloned()
            .collect();
        match (self, part) {
            (Self::Peers(trust), Part::Client) => trust.identify(&chain, part, now).map(drop),
            (Self::Peer(trust, expected), Part::Server) => {
                if trust.identify(&chain, part, now)?.id() == expected {
                    Ok(())
                } else {
                    Err(IdentityError::OtherPeer)
                }
            }
            (Self::Offices(trust), Part::Client) => trust.identify(&chain, now).map(drop),
            (Self::Node(trust), Part::Server) => trust.check(&chain, now),
            // Each is built into the one kind of configuration that it is for.
            (Self::Peers(_) | Self::Offices(_), Part::Server)
            | (Self::Peer(..) | Self::Node(_), Part::Client) => Err(IdentityError::WrongUsage),
        }
    }
}

impl ClientCertVerifier for Judge {
    /// No hints: whose certificates we take is no one's business.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.judge(end_entity, intermediates, Part::Client, now)
            .map(|()| ClientCertVerified::assertion())
            .map_err(IdentityError::to_tls)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(IdentityError::BadSignature.to_tls())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl ServerCertVerifier for Judge {
    /// The name is ours to ignore: who answers is told by the SPIFFE id alone.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge(end_entity, intermediates, Part::Server, now)
            .map(|()| ServerCertVerified::assertion())
            .map_err(IdentityError::to_tls)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        ClientCertVerifier::verify_tls12_signature(self, message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        ClientCertVerifier::verify_tls13_signature(self, message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ClientCertVerifier::supported_verify_schemes(self)
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Judge")
    }
}
