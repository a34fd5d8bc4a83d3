//! What two areas have both signed, and what it lets through.
//!
//! Pure: an [`Agreement`] is parsed from its text, [`Agreements`] hold those in use, and
//! [`decide()`] says which of them lets a notice travel, or everything that stands against it.
//! What passed is a [`Permitted`], which nothing outside this module can make.
//!
//! A sender is judged by the newest version in force today; a receiver judges by the version that
//! the notice names, on the day it was published, so that both come to the same answer whenever
//! and however often it is asked.

mod canonical;
mod decide;
mod grants;
mod held;
mod permit;
mod template;
mod terms;
mod words;

#[cfg(test)]
pub(crate) mod samples;

pub use decide::{Request, decide};
pub use grants::KindTerms;
pub use held::{Agreements, TwoTexts};
pub use permit::{
    Expected, Grant, Permitted, Sending, Verdict, judge_incoming, permit_draft, problems,
};
pub use template::{DEFAULT, Opening, TemplateError, close, open};
pub use terms::{Agreement, TermsError};
pub use words::plain_words;
