//! From figures to what people read: tables, objects, sheets, lists, and the monthly bulletin; and what
//! is held of one person, for her.
//!
//! A [`Report`] holds the figures of a home area as they were counted. Nothing prints one: only
//! [`Told`] can be printed, in which what is of fewer than five, and what such a number could be
//! worked out from, has been left out (`withhold.rs`). A [`List`] names cases by their ids. Neither
//! holds a name, a number, or an area finer than a county, but for the township that a report is of. A
//! [`Subject`] holds one person, and is for nobody but her.
//! All of it is stamped where it is of a sandbox.

mod bulletin;
mod html;
mod json;
mod list;
mod sheet;
mod spread;
mod subject;
mod sums;
mod table;
mod told;
mod withhold;
mod words;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use jiff::civil::Date;

use crate::domain::{
    area::{AreaCode, County},
    indicator::{ByHand, Figures},
    notice::Kind,
};

pub use self::{
    bulletin::{Bulletin, NotDrawn, Past},
    list::{Item, List},
    subject::{Basis, Done, Subject, SubjectCase, SubjectNotice, Telling, field_value, purpose},
    sums::with_sums,
    told::Told,
};

/// Which of the two sides owed an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owes {
    /// The other areas owed it to the home area: how they answered.
    They,
    /// The home area owed it to them.
    We,
}

impl Owes {
    /// Both, in the order in which they are told.
    pub const ALL: [Self; 2] = [Self::They, Self::We];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::They => "they",
            Self::We => "we",
        }
    }
}

/// The figures of one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The other area; none for all of them.
    pub peer: Option<County>,
    /// Who owed.
    pub side: Owes,
    /// The kind of the notices by which it was owed; none for all of them.
    pub kind: Option<Kind>,
    /// What was counted.
    pub figures: Figures,
}

/// The figures of a home area for some days.
#[derive(Clone, Debug)]
pub struct Report {
    /// The home area.
    pub home: County,
    /// What the report is of: the home area, or a township of it.
    pub area: AreaCode,
    /// The first of the days on which what is counted was due.
    pub from: Date,
    /// The last of them.
    pub until: Date,
    /// When it was counted: milliseconds since 1970-01-01T00:00:00Z.
    pub as_of_ms: i64,
    /// Whether the node is a sandbox.
    pub sandbox: bool,
    /// What people entered for the area. Registered cases are held against what the area told,
    /// estimated women against those who live in it.
    pub by_hand: ByHand,
    /// The cells with their sums, in the order in which they are told ([`with_sums`]).
    pub rows: Vec<Row>,
}

impl Report {
    /// What of it can be told.
    pub fn told(&self) -> Told {
        withhold::told(self)
    }
}
