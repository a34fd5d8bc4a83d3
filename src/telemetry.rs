//! What a node says about its work: JSON lines on standard error, so that no value can forge one.

use std::{
    env,
    io::{self, Write as _},
    panic, thread,
};

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

/// From now on whatever panics in this process tells where, and what it says only where that stands
/// in the program: a message that was put together may hold the value of which it complains.
pub fn keep_panics_quiet() {
    panic::set_hook(Box::new(|told| {
        let place = told.location().map(ToString::to_string).unwrap_or_default();
        let words = told.payload().downcast_ref::<&'static str>();
        let words = words.copied().unwrap_or(KEPT_BACK);
        let current = thread::current();
        let thread = current.name().unwrap_or_default();
        if tracing::dispatcher::has_been_set() {
            tracing::error!(thread, place, words, "A thread panicked.");
        } else {
            // Nobody listens any more.
            let told = writeln!(
                io::stderr(),
                "thread '{thread}' panicked at {place}: {words}"
            );
            told.unwrap_or_default();
        }
    }));
}

const KEPT_BACK: &str = "what it says is kept back: it may hold personal values";

/// Something in this process logs already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("logging was started already")]
pub struct AlreadyStarted;
