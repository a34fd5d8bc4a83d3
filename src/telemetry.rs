//! What a node says about its work: JSON lines on standard error, so that no value can forge one.

use std::io;

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// Begins to log to standard error. `HONGYAN_LOG` says how much, in the syntax of `tracing`'s
/// filters, for example `hongyan=debug,info`; `info` unless told otherwise. Directives that cannot
/// be read are left out.
///
/// # Errors
/// If something in this process logs already.
pub fn start() -> Result<(), AlreadyStarted> {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .with_env_var("HONGYAN_LOG")
        .from_env_lossy();
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .try_init()
        .map_err(|_| AlreadyStarted)
}

/// Something in this process logs already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("logging was started already")]
pub struct AlreadyStarted;
