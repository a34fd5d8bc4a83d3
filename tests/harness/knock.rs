//! Callers who keep no rule: a TLS client that trusts whomever it meets, and HTTP/2 by hand.

#![allow(
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
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};

/// Who knocks.
pub struct Caller {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
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

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn config(caller: Option<&Caller>) -> ClientConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider)));
    let mut config = match caller {
        Some(caller) => builder
            .with_client_auth_cert(caller.chain.clone(), caller.key.clone_key())
            .unwrap(),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

fn dial(port: u16, caller: Option<&Caller>) -> std::io::Result<Stream> {
    let tcp = TcpStream::connect(("127.0.0.1", port))?;
    tcp.set_read_timeout(Some(Duration::from_secs(15)))?;
    let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST).into());
    let session = ClientConnection::new(Arc::new(config(caller)), name).unwrap();
    let mut stream = StreamOwned::new(session, tcp);
    stream.write_all(PREFACE)?;
    stream.write_all(&frame(4, 0, 0, &[]))?;
    stream.flush()?;
    Ok(stream)
}

/// Says what HTTP/2 begins with, and looks whether the other end does.
pub fn knock(port: u16, caller: Option<&Caller>) -> Answer {
    let met = dial(port, caller).and_then(|mut stream| {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        Ok(head)
    });
    match met {
        // A SETTINGS frame.
        Ok(head) if head.get(3) == Some(&4) => Answer::Admitted,
        Ok(head) => Answer::Refused(format!("{head:?}")),
        Err(error) => {
            let waited = std::io::ErrorKind::WouldBlock;
            assert_ne!(error.kind(), waited, "neither admitted nor refused");
            Answer::Refused(error.to_string())
        }
    }
}

/// Holds a connection open until the other end ends it.
pub fn hold(port: u16, caller: &Caller) -> JoinHandle<()> {
    let mut stream = dial(port, Some(caller)).unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).unwrap();
    stream.sock.set_read_timeout(None).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while matches!(stream.read(&mut buffer), Ok(1..)) {}
    })
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let mut bytes = length.get(1..).unwrap().to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(body);
    bytes
}

/// The headers of a gRPC call, in literals.
fn headers(path: &str) -> Vec<u8> {
    // :method POST, :scheme https, :path
    let mut bytes = vec![0x83, 0x87, 0x04, u8::try_from(path.len()).unwrap()];
    bytes.extend(path.bytes());
    // content-type, te
    bytes.extend([0x0f, 0x10, 16]);
    bytes.extend(b"application/grpc");
    bytes.extend([0x00, 2]);
    bytes.extend(b"te");
    bytes.push(8);
    bytes.extend(b"trailers");
    bytes
}

/// Opens streams without end, whatever the other end allows; returns the connection, still open
/// unless the other end has ended it.
pub fn flood(port: u16, caller: &Caller, path: &str, count: u32) -> impl Drop + use<> {
    let mut stream = dial(port, Some(caller)).unwrap();
    let call = headers(path);
    let mut sink = vec![0; 1 << 20];
    for number in 0..count {
        if stream
            .write_all(&frame(1, 4, number * 2 + 1, &call))
            .is_err()
        {
            break;
        }
        if number % 100 == 99 {
            // What it answers is taken, so that it has no excuse to wait.
            stream.sock.set_nonblocking(true).unwrap();
            while matches!(stream.read(&mut sink), Ok(1..)) {}
            stream.sock.set_nonblocking(false).unwrap();
        }
    }
    Held(stream)
}

struct Held(#[expect(dead_code, reason = "held open")] Stream);

impl Drop for Held {
    fn drop(&mut self) {}
}

/// Sends one gRPC message of that many bytes; returns the status and its message.
pub fn send_message(port: u16, caller: &Caller, path: &str, bytes: usize) -> (String, String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let tcp = tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .unwrap();
        let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST).into());
        let tls = tokio_rustls::TlsConnector::from(Arc::new(config(Some(caller))))
            .connect(name, tcp)
            .await
            .unwrap();
        let (client, connection) = h2::client::handshake(tls).await.unwrap();
        let driver = tokio::spawn(connection);
        let request = tonic::codegen::http::Request::post(format!("https://node{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let mut client = client.ready().await.unwrap();
        let (response, mut body) = client.send_request(request, false).unwrap();
        let mut message = vec![0];
        message.extend(u32::try_from(bytes).unwrap().to_be_bytes());
        message.resize(bytes + 5, 0);
        body.send_data(message.into(), true).unwrap();
        let response = response.await.unwrap();
        let mut trailers = response.headers().clone();
        let mut data = response.into_body();
        if trailers.get("grpc-status").is_none() {
            while let Some(chunk) = data.data().await {
                let length = chunk.unwrap().len();
                data.flow_control().release_capacity(length).unwrap();
            }
            trailers = data.trailers().await.unwrap().unwrap();
        }
        driver.abort();
        let text = |name: &str| {
            trailers
                .get(name)
                .map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
        };
        (text("grpc-status"), text("grpc-message"))
    })
}

/// Connections from that address that say nothing.
pub fn idle(from: [u8; 4], ports: &[u16], each: usize) -> Vec<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut open = Vec::new();
        for port in ports {
            for _ in 0..each {
                let socket = tokio::net::TcpSocket::new_v4().unwrap();
                socket.bind((from, 0).into()).unwrap();
                let to = ([127, 0, 0, 1], *port).into();
                if let Ok(stream) = socket.connect(to).await {
                    open.push(stream.into_std().unwrap());
                }
            }
        }
        open
    })
}
