//! Callers who may be anyone: a TLS client that trusts whomever it meets.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::{
    fs,
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, TcpStream},
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, HandshakeKind, ServerConfig,
    ServerConnection, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};

use crate::{frames::preface, harness::County};

/// Who someone says they are: a chain, the leaf first, and a key that may be that of the leaf.
pub struct Caller {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

impl Caller {
    pub fn of(certificate: &Path, key: &Path) -> Self {
        let pem = fs::read(certificate).unwrap();
        Self {
            chain: CertificateDer::pem_slice_iter(&pem)
                .map(Result::unwrap)
                .collect(),
            key: PrivateKeyDer::from_pem_slice(&fs::read(key).unwrap()).unwrap(),
        }
    }

    /// What it shows, whether it fits together or not.
    fn shown(&self) -> SingleCertAndKey {
        let provider = aws_lc_rs::default_provider();
        let key = provider.key_provider.load_private_key(self.key.clone_key());
        CertifiedKey::new(self.chain.clone(), key.unwrap()).into()
    }
}

impl County {
    /// This node, as its peers know it.
    pub fn caller(&self) -> Caller {
        let tls = self.dir.join("tls");
        Caller::of(&tls.join("node.crt"), &tls.join("node.key"))
    }

    /// The office that it was made with.
    pub fn operator(&self) -> Caller {
        let office = self.dir.join("office");
        Caller::of(&office.join("operator.crt"), &office.join("operator.key"))
    }
}

/// What a listener makes of a caller.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It speaks HTTP/2.
    Admitted,
    /// It ends the connection before.
    Refused(String),
}

#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

pub type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A client that trusts whomever it meets and offers those protocols.
pub fn client(caller: Option<&Caller>, protocols: &[&[u8]]) -> ClientConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider)));
    let mut config = match caller {
        Some(caller) => builder.with_client_cert_resolver(Arc::new(caller.shown())),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config
}

/// What both listeners speak.
pub const HTTP2: &[u8] = b"h2";

/// Connects, to begin a handshake.
pub fn connect(port: u16, config: Arc<ClientConfig>) -> std::io::Result<Stream> {
    let tcp = TcpStream::connect(("127.0.0.1", port))?;
    tcp.set_read_timeout(Some(Duration::from_secs(15)))?;
    let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST).into());
    let session = ClientConnection::new(config, name).unwrap();
    Ok(StreamOwned::new(session, tcp))
}

fn dial(port: u16, config: Arc<ClientConfig>) -> std::io::Result<Stream> {
    let mut stream = connect(port, config)?;
    stream.write_all(&preface(WINDOW))?;
    stream.flush()?;
    Ok(stream)
}

/// What HTTP/2 takes of an answer unless told otherwise.
const WINDOW: u32 = 65_535;

/// The bytes by which a handshake begins.
pub fn hello() -> Vec<u8> {
    let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST).into());
    let mut session = ClientConnection::new(Arc::new(client(None, &[HTTP2])), name).unwrap();
    let mut bytes = Vec::new();
    session.write_tls(&mut bytes).unwrap();
    bytes
}

/// Says what HTTP/2 begins with, and looks whether the other end does.
pub fn knock(port: u16, caller: Option<&Caller>) -> Answer {
    knock_with(port, &Arc::new(client(caller, &[HTTP2]))).0
}

/// As [`knock`], and says how the handshake went, if it went well.
pub fn knock_with(port: u16, config: &Arc<ClientConfig>) -> (Answer, Option<HandshakeKind>) {
    let mut kind = None;
    let met = dial(port, Arc::clone(config)).and_then(|mut stream| {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        kind = stream.conn.handshake_kind();
        Ok(head)
    });
    let answer = match met {
        // A SETTINGS frame.
        Ok(head) if head.get(3) == Some(&4) => Answer::Admitted,
        Ok(head) => Answer::Refused(format!("{head:?}")),
        Err(error) => {
            let waited = std::io::ErrorKind::WouldBlock;
            assert_ne!(error.kind(), waited, "neither admitted nor refused");
            Answer::Refused(error.to_string())
        }
    };
    (answer, kind)
}

/// A server that takes whoever dials and speaks those protocols.
pub fn server(as_whom: &Caller, protocols: &[&[u8]]) -> ServerConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(as_whom.shown()));
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config
}

/// Answers one who dials, as that; tells whether anything was said to it after the handshake.
pub fn lure(tcp: TcpStream, as_whom: &Caller, protocols: &[&[u8]]) -> Answer {
    tcp.set_nonblocking(false).unwrap();
    let config = server(as_whom, protocols);
    tcp.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    let session = ServerConnection::new(Arc::new(config)).unwrap();
    match StreamOwned::new(session, tcp).read(&mut [0; 24]) {
        Ok(1..) => Answer::Admitted,
        Ok(0) => Answer::Refused("ended".to_owned()),
        Err(error) => Answer::Refused(error.to_string()),
    }
}

/// Holds a connection open until the other end ends it.
pub fn hold(port: u16, caller: &Caller) -> JoinHandle<()> {
    let mut stream = dial(port, Arc::new(client(Some(caller), &[HTTP2]))).unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).unwrap();
    stream.sock.set_read_timeout(None).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while matches!(stream.read(&mut buffer), Ok(1..)) {}
    })
}
