//! The nodes as child processes, which never outlive this one.

use std::{
    fs::OpenOptions,
    io,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::ChildStdout as AsyncStdout,
    time::{Instant, timeout},
};

use super::stage::Stage;
use crate::{
    cli::{exit::Failure, language::both},
    domain::area::County,
};

/// The running nodes; they end when this goes.
#[derive(Default)]
pub(super) struct Nodes(Vec<(County, Child)>);

/// A node that was started and has not said yet that it is ready.
pub(super) struct Starting {
    area: County,
    said: ChildStdout,
}

impl Nodes {
    /// Starts a node, which logs into its directory.
    pub(super) fn start(
        &mut self,
        program: &Path,
        stage: &Stage,
        area: County,
    ) -> Result<Starting, Failure> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(stage.log(area))
            .map_err(|error| not_started(area, stage, &error.to_string()))?;
        let mut child = Command::new(program)
            .args(["serve", "--node"])
            .arg(stage.node(area))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C is for this process, which then ends its children.
            .process_group(0)
            .spawn()
            .map_err(|error| not_started(area, stage, &error.to_string()))?;
        let said = child.stdout.take();
        self.0.push((area, child));
        let said = said.ok_or_else(|| not_started(area, stage, ""))?;
        Ok(Starting { area, said })
    }

    /// `kill -9`; waits for the end.
    pub(super) fn kill(&mut self, area: County) -> io::Result<()> {
        let place = self.0.iter().position(|(other, _)| *other == area);
        if let Some(place) = place {
            let (_, mut child) = self.0.swap_remove(place);
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// One that has ended by itself.
    pub(super) fn ended(&mut self) -> Option<County> {
        let ended = |(area, child): &mut (County, Child)| match child.try_wait() {
            Ok(None) => None,
            Ok(Some(_)) | Err(_) => Some(*area),
        };
        self.0.iter_mut().find_map(ended)
    }

    /// Asks all to end, waits, and kills what has not ended by then.
    pub(super) fn end(&mut self) {
        for (_, child) in &self.0 {
            if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                // It may have ended by itself.
                kill_process(pid, Signal::TERM).ok();
            }
        }
        let end = Instant::now() + DRAIN;
        while !self.0.is_empty() {
            self.0
                .retain_mut(|(_, child)| matches!(child.try_wait(), Ok(None)));
            if Instant::now() >= end {
                break;
            }
            thread::sleep(BETWEEN);
        }
        for (_, mut child) in self.0.drain(..) {
            // Nothing is left to be done about one that cannot be killed.
            drop(child.kill().and_then(|()| child.wait()));
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.end();
    }
}

impl Starting {
    /// Waits until the node is ready.
    pub(super) async fn ready(self, stage: &Stage) -> Result<(), Failure> {
        let Self { area, said } = self;
        let said = AsyncStdout::from_std(said)
            .map_err(|error| not_started(area, stage, &error.to_string()))?;
        let mut line = String::new();
        let mut said = BufReader::new(said);
        match timeout(START, said.read_line(&mut line)).await {
            Ok(Ok(_)) if line.starts_with("ready") => Ok(()),
            Ok(Ok(_)) => Err(not_started(area, stage, "")),
            Ok(Err(error)) => Err(not_started(area, stage, &error.to_string())),
            Err(_) => Err(not_started(area, stage, "no `ready`")),
        }
    }
}

fn not_started(area: County, stage: &Stage, why: &str) -> Failure {
    let log = stage.log(area);
    let log = log.display();
    Failure::refused(both(
        format!("节点 {area} 未能启动。{why} 日志：{log}"),
        format!("node {area} did not start. {why} Its log: {log}"),
    ))
}

/// How long a node may take to be ready.
const START: Duration = Duration::from_secs(60);

/// How long nodes may take to end before they are killed.
const DRAIN: Duration = Duration::from_secs(15);
const BETWEEN: Duration = Duration::from_millis(20);
