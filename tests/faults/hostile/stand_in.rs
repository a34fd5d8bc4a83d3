//! Whoever listens in a county's place, with its certificate.

use std::{
    future::Future,
    sync::{Arc, mpsc::sync_channel},
    thread,
};

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tonic::codegen::http::Request;

use crate::{
    harness::County,
    knock::{HTTP2, server},
};

/// Answers everyone who dials the county, a call at a time, as long as the process runs.
pub(super) fn stand_in<S, F>(county: &County, serve: S)
where
    S: Fn(Request<RecvStream>, SendResponse<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<(), h2::Error>> + Send + 'static,
{
    let config = Arc::new(server(&county.caller(), &[HTTP2]));
    let (listen, (told, hears)) = (county.exchange, sync_channel(1));
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", listen)).await.unwrap();
            told.send(()).unwrap();
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                tokio::spawn(converse(tcp, Arc::clone(&config), serve.clone()));
            }
        });
    });
    hears.recv().unwrap();
}

/// Serves one connection to its end, whatever ends it.
async fn converse<S, F>(tcp: TcpStream, config: Arc<ServerConfig>, serve: S)
where
    S: Fn(Request<RecvStream>, SendResponse<Bytes>) -> F,
    F: Future<Output = Result<(), h2::Error>> + Send + 'static,
{
    let Ok(tls) = TlsAcceptor::from(config).accept(tcp).await else {
        return;
    };
    let Ok(mut connection) = h2::server::handshake(tls).await else {
        return;
    };
    while let Some(Ok((request, response))) = connection.accept().await {
        tokio::spawn(serve(request, response));
    }
}
