//! `hongyan serve`: runs the node.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
};

use clap::Args;

use super::{
    exit::{Exit, Failure},
    home::{Home, NodeArguments},
    language::both,
};
use crate::{config::NodeDir, domain::area::County, telemetry};

/// Arguments of `serve`.
#[derive(Args)]
#[command(after_help = "示例 Example:\n  hongyan serve --node ./jinjiang")]
pub(super) struct Arguments {
    #[command(flatten)]
    node: NodeArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.node)?;
    telemetry::start()
        .map_err(|error| Failure::refused(both("日志已经启动。", error.to_string())))?;
    run_node(home.dir, |ready| {
        let mut out = io::stdout().lock();
        // Whoever waits for the line and has gone is no reason to stop serving.
        drop(writeln!(out, "{}", ready.line()).and_then(|()| out.flush()));
    })?;
    Ok(Exit::Done)
}

/// Both listeners are up.
struct Ready<'a> {
    exchange: SocketAddr,
    office: SocketAddr,
    areas: &'a [County],
}

impl Ready<'_> {
    /// Begins with `ready` in every language.
    fn line(&self) -> String {
        let areas: Vec<&str> = self.areas.iter().map(County::as_str).collect();
        format!(
            "ready exchange={} office={} areas={}",
            self.exchange,
            self.office,
            areas.join(",")
        )
    }
}

// SEAM: `crate::node` comes in here.
fn run_node(_dir: NodeDir, _ready: impl FnOnce(&Ready<'_>)) -> Result<(), Failure> {
    Err(Failure::refused(both(
        "节点尚未接入。",
        "the node is not linked yet",
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_addresses_and_areas() {
        let areas = ["350582", "350583"].map(|area| area.parse().unwrap());
        let ready = Ready {
            exchange: "127.0.0.1:7443".parse().unwrap(),
            office: "127.0.0.1:7444".parse().unwrap(),
            areas: &areas,
        };
        assert_eq!(
            ready.line(),
            "ready exchange=127.0.0.1:7443 office=127.0.0.1:7444 areas=350582,350583"
        );
    }
}
