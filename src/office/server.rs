//! The listener of the service, with its bounds.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use super::{Office, OfficeParts, wire};
use crate::{
    config::Limits,
    proto::FILE_DESCRIPTOR_SET,
    trust::{calls::CallsPerCaller, identity::OfficeId, listener::Incoming},
};

/// Why the service does not run, or runs no longer.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The descriptors that were built in cannot be read.
    #[error("the reflection service cannot be made: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// HTTP/2 cannot be served.
    #[error("the office listener failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves the offices, with health and reflection, until `stop`; then ends the long calls, which
/// say that the node is stopping, and waits a while for the short ones. Connections that are still
/// open after that are the caller's to cut.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    parts: OfficeParts,
    incoming: Incoming<OfficeId>,
    limits: &Limits,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let office = Arc::new(Office::new(parts, stop.clone()));
    let reminding = Arc::clone(&office);
    let service = wire::service(office, limits.message_bytes);
    let (mut health, health_service) = tonic_health::server::health_reporter();
    health
        .set_service_status(wire::NAME, tonic_health::ServingStatus::Serving)
        .await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let stopped = stop.clone();
    let serving = Server::builder()
        .accept_http1(false)
        .concurrency_limit_per_connection(CALLS_PER_CONNECTION)
        .load_shed(true)
        .timeout(CALL_TIMEOUT)
        .max_concurrent_streams(limits.streams)
        .max_connection_age(CONNECTION_AGE)
        .max_connection_age_grace(CONNECTION_AGE_GRACE)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_header_list_size(HEADER_BYTES)
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(PENDING_RESETS))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .layer(CallsPerCaller::<OfficeId>::new(limits.streams as usize))
        .add_service(service)
        .add_service(health_service)
        .add_service(reflection)
        .serve_with_incoming_shutdown(incoming, async move { stopped.cancelled().await });
    let overdue = async {
        stop.cancelled().await;
        // Whoever watches is told, and its watch ends: it would else be waited for.
        for name in ["", wire::NAME] {
            health
                .set_service_status(name, tonic_health::ServingStatus::NotServing)
                .await;
            health.clear_service_status(name).await;
        }
        tokio::time::sleep(DRAIN).await;
    };
    let moving = async {
        tokio::join!(
            reminding.remind(stop.clone()),
            reminding.see_to_erasures(stop.clone()),
            reminding.keep(stop.clone())
        );
        // The listener ends in its own time.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        served = serving => Ok(served?),
        () = overdue => Ok(()),
        () = moving => Ok(()),
    }
}

/// Calls that one connection may have under way before their first answer.
const CALLS_PER_CONNECTION: usize = 256;

/// For what answers once; reloading and probing take longest.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

const CONNECTION_AGE: Duration = Duration::from_secs(12 * 3_600);

const CONNECTION_AGE_GRACE: Duration = Duration::from_secs(300);

const KEEPALIVE: Duration = Duration::from_secs(20);

const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

const HEADER_BYTES: u32 = 16 << 10;

/// Streams that a client may have reset and the node not yet let go: more is an attack.
const PENDING_RESETS: usize = 64;

const STREAM_WINDOW: u32 = 1 << 20;

const CONNECTION_WINDOW: u32 = 4 << 20;

/// How long short calls may take to end once the node stops.
const DRAIN: Duration = Duration::from_secs(20);
