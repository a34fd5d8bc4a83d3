//! What two areas have both signed, and what it lets through.
//!
//! Pure: an [`Agreement`] is parsed from its text, [`Agreements`] hold those in use with what both
//! sides have said of them since ([`life`]), and [`decide()`] says which of them lets a notice
//! travel, or everything that stands against it. What passed is a [`Permitted`], which nothing
//! outside this module can make.
//!
//! An agreement is between two administrative units of any level, while channels join counties: a
//! node uses that of a city for every county of it. Which of several governs a notice,
//! [`Agreements`] says.
//!
//! A sender is judged by the version that governs the notice's route today; a receiver judges by
//! the version that the notice names, as it stood on the day of publication, so that both come to
//! the same answer whenever and however often it is asked. Only a suspension counts by today: what
//! is under way when it begins waits until it is lifted.

mod attachments;
mod canonical;
mod deadline;
mod decide;
mod differences;
mod error;
mod grants;
mod held;
pub mod life;
mod permit;
mod route;
mod side;
mod template;
mod terms;
mod words;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod samples;

pub use attachments::{Desk, ImpactAssessment};
pub use deadline::Deadline;
pub use decide::{Against, Request, decide};
pub use differences::{Difference, diff};
pub use error::TermsError;
pub use grants::{AnswerTimes, KindTerms, Times};
pub use held::{Agreements, EndsSoon, TwoTexts};
pub use permit::{
    Expected, Grant, Permitted, Sending, Verdict, judge_incoming, permit_draft, problems,
};
pub use route::Route;
pub use side::Side;
pub use template::{DEFAULT, Opening, TEMPLATES, TemplateError, close, open};
pub use terms::Agreement;
pub use words::{kind_words, plain_words, purpose_words};
