//! Asking a person.

use std::io;

use super::{
    exit::Failure,
    language::{Language, both},
    output::can_ask,
};
use crate::domain::problem::Sentence;

/// Asks on the terminal unless the answer was given beforehand. True for a yes.
///
/// # Errors
/// A fault of usage where nobody can be asked.
pub(super) fn confirmed(question: &Sentence, yes: bool) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !can_ask() {
        return Err(Failure::usage(both(
            "没有终端可供确认；核对无误后请加 --yes。",
            "there is no terminal to ask on; once you have checked it, add --yes",
        )));
    }
    let language = Language::of_process();
    eprint!("{} [y/N] ", language.of(question));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    let answer = answer.trim().to_lowercase();
    Ok(matches!(answer.as_str(), "y" | "yes" | "是" | "好"))
}

/// What is said where a person said no.
pub(super) fn declined() -> Failure {
    Failure::refused(both(
        "已取消，没有任何改动。",
        "declined; nothing was changed",
    ))
}
