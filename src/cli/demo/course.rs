//! The course of the demonstration: half of it, the loss of a node, the rest.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::JoinError,
    time::{Instant, interval},
};

use super::{
    account::Account,
    place::{KILLED, area},
    process::Nodes,
    progress::Progress,
    show::{Show, Tasks},
    tally::{Standing, Tally},
};
use crate::{
    cli::{exit::Failure, language::both},
    domain::area::County,
};

/// How far the loss of a node has come.
enum Outage {
    /// Half of everything is to arrive first.
    Before,
    /// The second half is being published; the node is killed once it accepts some of it.
    Due { since: Instant, accepted: u64 },
    /// The node was killed at that time.
    Down(Instant),
    /// It runs again.
    Over,
}

/// The demonstration under way: watched, disturbed half-way, and brought to its end.
pub(super) struct Course<'a> {
    show: &'a Show,
    nodes: &'a mut Nodes,
    tally: Arc<Tally>,
    progress: Progress,
    gate: watch::Sender<bool>,
    outage: Outage,
    killed: County,
}

impl<'a> Course<'a> {
    pub(super) fn new(
        show: &'a Show,
        nodes: &'a mut Nodes,
        tally: &Arc<Tally>,
        progress: Progress,
        gate: watch::Sender<bool>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            show,
            nodes,
            tally: Arc::clone(tally),
            progress,
            gate,
            outage: Outage::Before,
            killed: area(KILLED)?,
        })
    }

    /// Leaves the last state of progress standing.
    pub(super) fn finish(&mut self, standing: &Standing) {
        self.progress.finish(standing);
    }

    /// Watches until everything has arrived and been answered.
    ///
    /// # Errors
    /// If an office is refused, a node ends by itself, or nothing moves any more.
    pub(super) async fn run(&mut self, tasks: &mut Tasks) -> Result<(), Failure> {
        let mut tick = interval(TICK);
        let mut moved = (0, Instant::now());
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                Some(ended) = tasks.join_next() => {
                    ended.map_err(broken)??;
                    continue;
                }
            }
            let standing = self.tally.standing();
            self.progress.show(&standing);
            self.step(&standing).await?;
            if let Some(area) = self.nodes.ended() {
                return Err(self.gone(area));
            }
            let over = standing.accounts.values().all(Account::is_over);
            if over && matches!(self.outage, Outage::Over) {
                return Ok(());
            }
            if standing.events != moved.0 {
                moved = (standing.events, Instant::now());
            } else if moved.1.elapsed() > STILL {
                return Err(self.stuck(&standing));
            }
        }
    }

    /// Takes the outage a step further.
    async fn step(&mut self, standing: &Standing) -> Result<(), Failure> {
        let accepted = standing
            .accounts
            .get(&self.killed)
            .map_or(0, |account| account.accepted);
        match self.outage {
            Outage::Before => {
                let total = standing.total();
                if total.handed.saturating_mul(2) >= total.expected {
                    self.gate.send_replace(true);
                    self.outage = Outage::Due {
                        since: Instant::now(),
                        accepted,
                    };
                }
            }
            Outage::Due {
                since,
                accepted: before,
            } => {
                if accepted > before || since.elapsed() > GRACE {
                    self.nodes.kill(self.killed)?;
                    self.outage = Outage::Down(Instant::now());
                    self.say("被强行终止（SIGKILL）", "is killed (SIGKILL), half-way");
                }
            }
            Outage::Down(since) => {
                if since.elapsed() > DOWN {
                    let show = self.show;
                    let node = self.nodes.start(&show.program, &show.stage, self.killed)?;
                    node.ready(&show.stage).await?;
                    self.outage = Outage::Over;
                    self.say("已重新启动", "runs again");
                }
            }
            Outage::Over => {}
        }
        Ok(())
    }

    fn say(&self, zh: &str, en: &str) {
        let place = self
            .show
            .cast
            .iter()
            .find(|place| place.area == self.killed);
        let label = place.map(|place| place.label(self.show.output.language));
        let label = label.unwrap_or_default();
        self.progress.say(&both(
            format!("节点 {label} {zh}"),
            format!("node {label} {en}"),
        ));
    }

    fn gone(&self, area: County) -> Failure {
        let log = self.show.stage.log(area);
        let log = log.display();
        Failure::refused(both(
            format!("节点 {area} 意外结束，日志：{log}"),
            format!("node {area} ended by itself; its log: {log}"),
        ))
    }

    fn stuck(&self, standing: &Standing) -> Failure {
        let open = standing
            .accounts
            .iter()
            .filter(|(_, account)| !account.is_over());
        let lines = open.map(|(area, account)| {
            both(
                format!(
                    "\n  {area}：应发 {}，已受理 {}，已交办 {}，已反馈 {}",
                    account.expected, account.accepted, account.handed, account.answered
                ),
                format!(
                    "\n  {area}: of {} published {}, handed over {}, answered {}",
                    account.expected, account.accepted, account.handed, account.answered
                ),
            )
        });
        let (zh, en): (Vec<_>, Vec<_>) = lines.map(|line| (line.zh, line.en)).unzip();
        let seconds = STILL.as_secs();
        Failure::refused(both(
            format!("{seconds} 秒内没有进展，尚缺：{}", zh.concat()),
            format!("nothing moved for {seconds} s; missing:{}", en.concat()),
        ))
    }
}

fn broken(error: JoinError) -> Failure {
    Failure::refused(both(format!("内部错误：{error}"), error.to_string()))
}

const TICK: Duration = Duration::from_millis(20);

/// How long the node that is to be killed may take to accept more.
const GRACE: Duration = Duration::from_secs(1);

/// How long it is down.
const DOWN: Duration = Duration::from_millis(1_500);

/// How long nothing may move.
const STILL: Duration = Duration::from_secs(120);
