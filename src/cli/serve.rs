//! `hongyan serve`: runs the node.

use std::{
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    process::Command,
};

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{
    exit::{Exit, Failure},
    home::{Home, NodeArguments},
    language::both,
    link::runtime,
    store_by_hand,
};
use crate::{
    domain::area::County,
    node::{self, NodeError, Ready},
    telemetry,
};

/// Arguments of `serve`.
#[derive(Args)]
#[command(after_help = "示例 Example:\n  hongyan serve --node ./jinjiang")]
pub(super) struct Arguments {
    #[command(flatten)]
    node: NodeArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.node)?;
    if home.is_running()? {
        let at = home.dir.path().display();
        return Err(Failure::refused(both(
            format!("{at} 已有节点在运行，请先停止它。"),
            format!("a node runs in {at} already; stop it first"),
        )));
    }
    telemetry::start()
        .map_err(|error| Failure::refused(both("日志已经启动。", error.to_string())))?;
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let stop = CancellationToken::new();
        let (terminate, interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        tokio::spawn(stop_on(terminate, interrupt, stop.clone()));
        Ok::<_, Failure>(node::run(home.dir, announce, stop).await)
    })?;
    // Reads of the disk that are still under way need not be waited for.
    runtime.shutdown_background();
    if let Err(NodeError::IndexFailed { rebuilt: false, .. }) = &ended {
        // Never twice in a row: an index that fails right after it was built tells of the disk.
        return Err(again());
    }
    ended.map_err(|error| match error {
        NodeError::Key(error) => error.into(),
        NodeError::MasterKey(error) => error.into(),
        NodeError::Store(error) => store_by_hand::failed(error),
        error => Failure::refused(both(format!("节点未能运行：{error}"), error.to_string())),
    })?;
    Ok(Exit::Done)
}

/// Begins this process anew, with the same arguments: only so is nothing left of a sled that has
/// failed, its threads, locks and files. Returns only if that cannot be done.
fn again() -> Failure {
    tracing::warn!("The node starts again by itself, to build the index anew.");
    let error = match std::env::current_exe() {
        Ok(program) => Command::new(program)
            .args(std::env::args_os().skip(1))
            .exec(),
        Err(error) => error,
    };
    Failure::refused(both(
        format!("索引损坏，节点无法自行重启：{error}；请再次启动，索引将由日志重建。"),
        format!(
            "the index failed and the node cannot start again by itself: {error}; start it, and the index is rebuilt from the journal"
        ),
    ))
}

/// The first signal drains the node, the second ends it at once.
async fn stop_on(mut terminate: Signal, mut interrupt: Signal, stop: CancellationToken) {
    for first in [true, false] {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if first {
            tracing::info!("Stopping.");
            stop.cancel();
        } else {
            std::process::exit(1);
        }
    }
}

fn announce(ready: &Ready) {
    let mut out = io::stdout().lock();
    // Whoever waits for the line and has gone is no reason to stop serving.
    drop(writeln!(out, "{}", line(ready)).and_then(|()| out.flush()));
}

/// Begins with `ready` in every language.
fn line(ready: &Ready) -> String {
    let areas: Vec<&str> = ready.areas.iter().map(County::as_str).collect();
    format!(
        "ready exchange={} office={} areas={} mode={}",
        ready.exchange,
        ready.office,
        areas.join(","),
        if ready.sandbox {
            "sandbox"
        } else {
            "production"
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_addresses_and_areas() {
        let ready = Ready {
            exchange: "127.0.0.1:7443".parse().unwrap(),
            office: "127.0.0.1:7444".parse().unwrap(),
            areas: vec!["350582".parse().unwrap(), "350583".parse().unwrap()],
            sandbox: true,
        };
        assert_eq!(
            line(&ready),
            "ready exchange=127.0.0.1:7443 office=127.0.0.1:7444 areas=350582,350583 mode=sandbox"
        );
    }
}
