//! `hongyan doctor`: looks at everything and says what to do.

mod checks;
mod running;

use clap::Args;
use serde_json::json;

use super::{
    exit::{Exit, Failure},
    home::{Home, NodeArguments},
    output::{Output, OutputArguments},
};
use crate::domain::problem::Sentence;

/// Arguments of `doctor`.
#[derive(Args)]
#[command(after_help = "示例 Example:\n  hongyan doctor --node ./jinjiang")]
pub(super) struct Arguments {
    #[command(flatten)]
    node: NodeArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// What one look found.
struct Finding {
    check: &'static str,
    state: State,
    sentence: Sentence,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fine,
    /// Nothing is wrong yet.
    Soon,
    Wrong,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Soon => "warning",
            Self::Wrong => "wrong",
        }
    }
}

impl Finding {
    const fn new(check: &'static str, state: State, sentence: Sentence) -> Self {
        Self {
            check,
            state,
            sentence,
        }
    }

    /// What a failure says, as something that is wrong.
    fn of_failure(check: &'static str, failure: Failure) -> Self {
        let sentence = failure.sentence.unwrap_or(Sentence {
            zh: String::new(),
            en: String::new(),
        });
        Self::new(check, State::Wrong, sentence)
    }
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let output = Output::new(arguments.output);
    let findings = match Home::open(&arguments.node) {
        Ok(home) => {
            let mut findings = checks::all(&home);
            findings.extend(running::all(&home));
            findings
        }
        Err(failure) => vec![Finding::of_failure("configuration", failure)],
    };
    let mut exit = Exit::Done;
    for Finding {
        check,
        state,
        sentence,
    } in &findings
    {
        if *state == State::Wrong {
            exit = Exit::Refused;
        }
        if output.is_json() {
            output.object(&json!({
                "check": check,
                "status": state.name(),
                "message": {"zh": sentence.zh, "en": sentence.en},
            }))?;
        } else {
            let mark = match state {
                State::Fine => "✓",
                State::Soon => "!",
                State::Wrong => "✗",
            };
            output.line(&format!("{mark} {check}  {}", output.language.of(sentence)))?;
        }
    }
    Ok(exit)
}
