//! The field, pure: no input or output, no clock, no randomness, no logging.
//!
//! Every identifier is a type of its own, parsed once. What an office says becomes a [`draft::Draft`]
//! in one fallible constructor that reports everything that is wrong with it at once.

pub mod agreement;
pub mod area;
pub mod audit;
pub mod calendar;
pub mod case;
pub mod channel;
pub mod cleaning;
pub mod consent;
pub mod delivery;
pub mod draft;
pub mod erasure;
pub mod field;
pub mod forbidden;
pub mod indicator;
pub mod journal;
pub mod language;
pub mod masking;
pub mod month;
pub mod notice;
pub mod outcome;
pub mod pace;
pub mod problem;
pub mod receipt;
pub mod refusal;
pub mod reminders;
pub mod resident;
pub mod retention;
pub mod territory;
pub mod urgency;
pub mod work;
pub mod workdays;
