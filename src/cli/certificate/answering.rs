//! Follows the queries of a home area and answers them, over as many links as that takes.
//!
//! A query is acknowledged once its answer is durable, or a person was told that it is theirs to answer.
//! Whatever breaks before that brings it again, and the reference of the answer keeps it from being
//! answered twice; so nothing is remembered here.

use std::{future::pending, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{connect, connect_patiently},
        output::Output,
        stop::Stop,
    },
    desk::{Desk, Handled, Verdict},
};
use crate::{
    domain::{area::County, notice::Kind, problem::Sentence},
    in_order::InOrder,
    office::client::{Client, ClientError, Opening, Step, Subscription},
};

/// Who answers, and until when.
pub(super) struct Answering<'a> {
    pub(super) home: &'a Home,
    pub(super) office: &'a str,
    pub(super) consumer: &'a str,
    pub(super) area: Option<County>,
    pub(super) idle_exit: Option<Duration>,
    pub(super) desk: Arc<Desk>,
    pub(super) output: Output,
}

/// How far it has come.
#[derive(Default)]
struct Progress {
    /// When the last query came, or the consumer was first opened.
    last: Option<Instant>,
    /// Whether a person has to answer any.
    left: bool,
}

/// How a link ended.
enum Link {
    /// Nothing more is to be done.
    Done,
    /// It broke, or the node cannot do it now.
    Broken,
}

/// A query that was handled, by its position in the feed.
type Answered = Result<(u64, Handled), ClientError>;

impl Answering<'_> {
    pub(super) async fn run(&self) -> Result<Exit, Failure> {
        let mut stop = Stop::new()?;
        let mut progress = Progress::default();
        let first = tokio::select! {
            () = stop.asked() => return Ok(Exit::Done),
            first = connect_patiently(self.home, self.office, PATIENCE) => first?,
        };
        let mut client = Some(first);
        let mut pause = SHORTEST;
        loop {
            if let Some(client) = client.take() {
                match self
                    .follow(&client, &mut progress, &mut stop, &mut pause)
                    .await?
                {
                    Link::Done => break,
                    Link::Broken => {}
                }
            }
            let wait = sleep(pause);
            pause = (pause * 2).min(LONGEST);
            tokio::select! {
                () = stop.asked() => break,
                () = self.idle(&progress, true) => break,
                () = wait => match connect(self.home, self.office).await {
                    Ok(connected) => client = Some(connected),
                    Err(ClientError::Unreachable(_) | ClientError::Ended(_)) => {}
                    Err(error) => return Err(error.into()),
                },
            }
        }
        Ok(if progress.left {
            Exit::Refused
        } else {
            Exit::Done
        })
    }

    /// Answers what comes over one link. What is not acknowledged when it ends comes again over the
    /// next.
    async fn follow(
        &self,
        client: &Client,
        progress: &mut Progress,
        stop: &mut Stop,
        pause: &mut Duration,
    ) -> Result<Link, Failure> {
        let opening = Opening {
            consumer: self.consumer.to_owned(),
            home: self.area,
            kinds: vec![Kind::CertificateQuery],
            from_now: false,
            credit: WINDOW,
        };
        let mut subscription = match client.subscribe(opening).await {
            Ok(subscription) => subscription,
            Err(error) => return broken(error),
        };
        let mut under_way = InOrder::<Answered>::new();
        // Up to where the acknowledgements were sent, and are durable.
        let (mut sent, mut durable) = (0, 0);
        loop {
            let at_rest = under_way.len() == 0 && sent <= durable;
            tokio::select! {
                biased;
                () = stop.asked() => return Ok(Link::Done),
                answered = under_way.next(), if under_way.len() > 0 => {
                    let (position, handled) = match answered {
                        Ok(answered) => answered,
                        Err(error) => return broken(error),
                    };
                    progress.left |= self.print(&handled)?;
                    *pause = SHORTEST;
                    if let Err(error) = take_next(&subscription, position).await {
                        return broken(error);
                    }
                    sent = position;
                }
                step = subscription.next() => match step {
                    Ok(Step::Opened(position) | Step::Acknowledged(position)) => {
                        progress.last.get_or_insert_with(Instant::now);
                        durable = position;
                    }
                    Ok(Step::Notice(handover)) => {
                        progress.last = Some(Instant::now());
                        let (desk, client) = (Arc::clone(&self.desk), client.clone());
                        under_way.push(async move {
                            let query = &handover.notice.header;
                            let handled = desk.handle(&client, query).await?;
                            Ok((handover.position, handled))
                        });
                    }
                    Err(error) => return broken(error),
                },
                () = self.idle(progress, at_rest) => return Ok(Link::Done),
            }
        }
    }

    /// Ends when no query has come for so long as was asked for and all are answered.
    async fn idle(&self, progress: &Progress, at_rest: bool) {
        match (self.idle_exit, progress.last) {
            (Some(idle), Some(last)) if at_rest => sleep_until(last + idle).await,
            _ => pending().await,
        }
    }

    /// Prints what became of a query. True if a person has to answer it.
    fn print(&self, handled: &Handled) -> Result<bool, Failure> {
        self.output.result(&object(handled), &words(handled))?;
        Ok(match handled.verdict {
            Verdict::Answered(_) | Verdict::AnsweredBefore => false,
            Verdict::Refused { .. } | Verdict::Left(_) => true,
        })
    }
}

/// Acknowledges a query, and everything before it, and lets another come.
async fn take_next(subscription: &Subscription, position: u64) -> Result<(), ClientError> {
    subscription.acknowledge(position).await?;
    subscription.grant(1).await
}

/// What the node cannot do now it can do over another link; what it refuses it refuses there too.
fn broken(error: ClientError) -> Result<Link, Failure> {
    match error {
        ClientError::Unreachable(_) | ClientError::Ended(_) => Ok(Link::Broken),
        error => Err(error.into()),
    }
}

fn object(handled: &Handled) -> Value {
    let Handled {
        query,
        from,
        verdict,
    } = handled;
    let mut object = match verdict {
        Verdict::Answered(id) => json!({"status": "answered", "notice_id": id.to_string()}),
        Verdict::AnsweredBefore => json!({"status": "repeated"}),
        Verdict::Refused {
            code,
            words: Sentence { zh, en },
        } => json!({"status": "refused", "code": code, "message": {"zh": zh, "en": en}}),
        Verdict::Left(Sentence { zh, en }) => {
            json!({"status": "left", "message": {"zh": zh, "en": en}})
        }
    };
    if let Some(object) = object.as_object_mut() {
        object.insert("query".to_owned(), json!(query.to_string()));
        object.insert("from_area".to_owned(), json!(from.as_str()));
    }
    object
}

fn words(handled: &Handled) -> Sentence {
    let Handled {
        query,
        from,
        verdict,
    } = handled;
    let (zh, en) = match verdict {
        Verdict::Answered(id) => (
            format!("已答复，通报编号 {id}"),
            format!("answered, notice {id}"),
        ),
        Verdict::AnsweredBefore => ("此前已答复".to_owned(), "answered before".to_owned()),
        Verdict::Refused { words, .. } => (
            format!("答复被拒绝，请人工处理：{}", words.zh),
            format!("the answer is refused, answer it by hand: {}", words.en),
        ),
        Verdict::Left(why) => (
            format!("未答复，请人工处理：{}", why.zh),
            format!("not answered, answer it by hand: {}", why.en),
        ),
    };
    let from = from.label();
    both(
        format!("{from} 查验 {query}：{zh}"),
        format!("{from} query {query}: {en}"),
    )
}

/// How long the node is waited for at the start.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two tries to reach the node again.
const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(5);

/// Queries that may be under way. Only when so many of one area wait for their turn do the others' wait
/// for them.
const WINDOW: u32 = 1_024;
