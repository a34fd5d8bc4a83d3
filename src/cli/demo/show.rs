//! The demonstration itself, from the first certificate to the last answer.

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::sleep,
};

use super::{
    course::Course,
    office::Office,
    place::Place,
    process::Nodes,
    progress::Progress,
    publisher::Publisher,
    rows::{feed, rows},
    stage::Stage,
    stored::{Watcher, listed},
    subscriber::Subscriber,
    tally::Tally,
};
use crate::{
    cli::{
        exit::Failure,
        home::{Home, NodeArguments},
        language::both,
        output::Output,
    },
    domain::{area::County, draft::Draft},
};

/// What is shown, and where.
pub(super) struct Show {
    /// This program, which the children run.
    pub(super) program: PathBuf,
    /// The directory.
    pub(super) stage: Stage,
    /// Who takes part.
    pub(super) cast: [Place; 5],
    /// Notices to generate.
    pub(super) notices: u32,
    /// Where the end is printed.
    pub(super) output: Output,
    /// Whether the nodes stay up at the end.
    pub(super) stays: bool,
}

/// What plays the offices.
pub(super) type Tasks = JoinSet<Result<(), Failure>>;

impl Show {
    /// Runs it; whether every accepted notice arrived once.
    ///
    /// # Errors
    /// If it cannot be set up, or nothing moves any more.
    pub(super) async fn run(&self, nodes: &mut Nodes) -> Result<bool, Failure> {
        let progress = Progress::new(self.output.language);
        progress.say(&both(
            "正在建立证书机构和五个测试节点……",
            "making an authority and five sandbox nodes",
        ));
        self.set_up().await?;
        let mut starting = Vec::new();
        for place in &self.cast {
            starting.push(nodes.start(&self.program, &self.stage, place.area)?);
        }
        for node in starting {
            node.ready(&self.stage).await?;
        }
        progress.say(&both(
            "五个节点已启动，经双向TLS互联；开始发布。",
            "five nodes are up, joined by mutual TLS; publishing begins",
        ));
        let tally = Arc::new(Tally::default());
        let (gate, opened) = watch::channel(false);
        let offices = self.offices()?;
        let mut tasks = Tasks::new();
        for (place, office) in self.cast.iter().zip(&offices) {
            let rows = rows(&office.home, &self.cast, place, self.notices, &tally)?;
            let (sender, drafts) = mpsc::channel(AHEAD);
            let feeding = feed(rows, sender.clone(), opened.clone());
            tasks.spawn(async move {
                feeding.await;
                Ok(())
            });
            self.spawn(office, sender, drafts, &tally, &mut tasks)?;
        }
        let mut course = Course::new(self, nodes, &tally, progress, gate)?;
        course.run(&mut tasks).await?;
        // A second delivery would come late.
        sleep(QUIET).await;
        let standing = tally.closed();
        course.finish(&standing);
        tasks.shutdown().await;
        let mut stored: BTreeMap<County, u64> = BTreeMap::new();
        for office in &offices {
            let client = office.reach().await?;
            for (from, count) in listed(&client).await? {
                let sum = stored.entry(from).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        self.print(&standing, &stored)?;
        let total = standing.total();
        Ok(total.lost == 0 && total.doubled == 0)
    }

    fn offices(&self) -> Result<Vec<Office>, Failure> {
        let open = |place: &Place| {
            let node = self.stage.node(place.area);
            let home = Arc::new(Home::open(&NodeArguments { node })?);
            Ok(Office { home })
        };
        self.cast.iter().map(open).collect()
    }

    fn spawn(
        &self,
        office: &Office,
        answers: mpsc::Sender<Draft>,
        drafts: mpsc::Receiver<Draft>,
        tally: &Arc<Tally>,
        tasks: &mut Tasks,
    ) -> Result<(), Failure> {
        let publisher = Publisher {
            office: office.clone(),
            drafts,
            tally: Arc::clone(tally),
        };
        let subscriber = Subscriber {
            office: office.clone(),
            answers,
            tally: Arc::clone(tally),
            today: office.home.today()?,
            answered: HashSet::new(),
        };
        let watcher = Watcher {
            office: office.clone(),
            tally: Arc::clone(tally),
        };
        tasks.spawn(publisher.run());
        tasks.spawn(subscriber.run());
        tasks.spawn(watcher.run());
        Ok(())
    }
}

/// Drafts on their way to a publisher.
const AHEAD: usize = 256;

/// How long a second delivery is waited for.
const QUIET: Duration = Duration::from_secs(1);
