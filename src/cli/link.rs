//! The way to the running node.

use std::{future::Future, num::NonZero, thread, time::Duration};

use clap::Args;
use tokio::{
    runtime::{Builder, Runtime},
    time::{Instant, sleep},
};

use super::{
    exit::Failure,
    home::{Home, NodeArguments},
    language::both,
};
use crate::{
    domain::problem::Text,
    office::client::{Client, ClientError},
};

/// Which node, and as whom.
#[derive(Args, Clone, Debug)]
pub(super) struct LinkArguments {
    #[command(flatten)]
    pub(super) node: NodeArguments,
    /// 以哪个办公室的证书连接（office/NAME.crt）。 As which office to connect
    #[arg(long = "as", value_name = "NAME", default_value = OPERATOR)]
    pub(super) office: String,
}

/// Runs a future to its end; what it left behind is not waited for.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}

/// Makes a runtime. It leaves one core to the thread that writes the journal.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    Ok(Builder::new_multi_thread()
        .worker_threads(cores.saturating_sub(1).max(1))
        .enable_all()
        .build()?)
}

/// Connects once.
pub(super) async fn connect(home: &Home, office: &str) -> Result<Client, ClientError> {
    Client::connect(&home.dir, &home.config, office, &home.clock, WITHIN).await
}

/// Connects, and keeps trying while nobody answers, up to that time.
pub(super) async fn connect_patiently(
    home: &Home,
    office: &str,
    patience: Duration,
) -> Result<Client, ClientError> {
    let end = Instant::now() + patience;
    loop {
        match connect(home, office).await {
            Err(ClientError::Unreachable(_) | ClientError::Ended(_)) if Instant::now() < end => {
                sleep(BETWEEN).await;
            }
            done => return done,
        }
    }
}

/// Makes a running node use what was just written; does nothing where none runs.
///
/// # Errors
/// If it runs and cannot be reached, does not take what was written, or does not say whether it did:
/// the files are in place.
pub(super) fn reload_if_running(home: &Home) -> Result<(), Failure> {
    if !home.is_running()? {
        return Ok(());
    }
    block_on(async {
        let client = connect_patiently(home, OPERATOR, PATIENCE).await;
        let client = client.map_err(|error| written(UNUSED, error))?;
        taken_up(client.reload().await)
    })
}

/// What became of what was written, by the answer to a reload.
fn taken_up<T>(answer: Result<T, ClientError>) -> Result<(), Failure> {
    match answer {
        Ok(_) => Ok(()),
        Err(error @ ClientError::Refused(_)) => Err(written(UNUSED, error)),
        // It may have read them, and cut this link by what they say.
        Err(error) => Err(written(UNKNOWN, error)),
    }
}

/// The files are in place; whether the running node uses them, and why.
fn written(Text { zh, en }: Text, error: ClientError) -> Failure {
    let Failure { exit, sentence } = error.into();
    let why = sentence.unwrap_or_else(|| both("", ""));
    Failure {
        exit,
        sentence: Some(both(
            format!("文件已写好，但{zh}：{}", why.zh),
            format!("the files are in place, but {en}: {}", why.en),
        )),
    }
}

const UNUSED: Text = Text {
    zh: "运行中的节点尚未启用",
    en: "the running node does not use them yet",
};

const UNKNOWN: Text = Text {
    zh: "运行中的节点是否已启用不得而知（可用 hongyan doctor 查看）",
    en: "whether the running node uses them is unknown (hongyan doctor tells)",
};

/// The office whose certificate `init` makes.
pub(super) const OPERATOR: &str = "operator";

const WITHIN: Duration = Duration::from_secs(10);
const BETWEEN: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::client::Refusal;

    #[test]
    fn a_reload_without_an_answer_is_not_taken_for_a_refused_one() {
        let told = |error| {
            let failure = taken_up::<()>(Err(error)).unwrap_err();
            failure.sentence.unwrap().en
        };
        let refused = Refusal {
            code: "not_reloaded".to_owned(),
            fields: Vec::new(),
            message: "node.toml, line 3".to_owned(),
            message_zh: String::new(),
        };
        let refused = told(ClientError::Refused(refused));
        assert!(refused.contains("does not use them yet"), "{refused}");
        let cut = told(ClientError::Unreachable("broken pipe".to_owned()));
        assert!(cut.contains("is unknown"), "{cut}");
        assert!(taken_up(Ok(())).is_ok());
    }
}
