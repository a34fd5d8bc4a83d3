//! What a node says about its work: JSON lines on standard error, so that no value can forge one.

use std::{env, io};

use tracing_subscriber::{
    Layer as _, filter::LevelFilter, filter::Targets, fmt, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// Begins to log to standard error. `HONGYAN_LOG` says how much: a level, or levels by target, for
/// example `hongyan=debug,info`; `info` where it is not set or cannot be read.
///
/// # Errors
/// If something in this process logs already.
pub fn start() -> Result<(), AlreadyStarted> {
    let filter = env::var("HONGYAN_LOG")
        .ok()
        .and_then(|directives| directives.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = fmt::layer().json().with_writer(io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|_| AlreadyStarted)
}

/// Something in this process logs already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("logging was started already")]
pub struct AlreadyStarted;
