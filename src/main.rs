//! The command `hongyan`: arguments to the command line, its answer to an exit code.

use std::process::ExitCode;

/// A notice is many small pieces of memory that one thread takes and another gives back: the
/// system's own allocator costs a node a quarter of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    hongyan::telemetry::keep_panics_quiet();
    hongyan::cli::main(std::env::args_os())
}
