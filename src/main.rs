//! The command `hongyan`: arguments to the command line, its answer to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    hongyan::cli::main(std::env::args_os())
}
