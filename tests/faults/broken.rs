//! A node that lacks one of its guards, for the fault harness: `hongyan-broken GUARD ARGUMENTS`.
//!
//! Built only with the feature `broken`; never shipped.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next();
    let guard = words.next().unwrap_or_default();
    if !hongyan::guard::leave_out(&guard.to_string_lossy()) {
        eprintln!("usage: hongyan-broken GUARD ARGUMENTS: there is no guard {guard:?}");
        return ExitCode::from(2);
    }
    hongyan::telemetry::keep_panics_quiet();
    hongyan::cli::main(program.into_iter().chain(words))
}
