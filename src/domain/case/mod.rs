//! The conversation between two areas about one woman's move, from the first notice to its end.
//!
//! A case is no record that somebody keeps: it *follows* from the notices of its pair of areas
//! ([`fold()`]), so both nodes come to the same without a word about it. What a node reads of each
//! notice is a [`Fact`]; facts are put into one order that both nodes know ([`in_order`]) and go
//! through one pure [`State::step`] after the other. Nothing of the person is in here but keyed
//! digests ([`PersonKey`]), and no clock: what is overdue is asked of a [`Case`] with a day.
//!
//! What an office does with a case before it answers (who took it up, whether it is being
//! verified) is its own side's and lies elsewhere; of that only the notice `taken_up` travels.

mod comparison;
mod count;
mod fact;
mod fold;
mod lists;
mod order;
mod owed;
mod state;

pub use comparison::{
    BothSums, Comparison, Difference, DiffersIn, DueItem, DueStanding, DueSum, compare_due,
};
pub use count::{Count, Rate, Response};
pub use fact::{Due, Fact, Move, PersonKey, Role, Says};
pub use fold::{Case, Change, Mended, fold};
pub use lists::{Work, WorkList, work_lists};
pub use order::in_order;
pub use owed::{Answer, Owed, Standing};
pub use state::{Event, State};

pub use super::notice::CloseReason;

#[cfg(test)]
mod histories;
#[cfg(test)]
mod properties;
