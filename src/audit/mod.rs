//! What is on record, handed out as one file that proves itself; and what is done by hand while no
//! node runs, until one takes it on record.
//!
//! A file is lines of JSON, or a sheet in CSV: an opening, an act a line, and a closing that holds what
//! the node signed. Each line holds the bytes of its act beside their reading, and is written in one
//! way only, so whoever reads it makes it anew and compares. The acts are chained among themselves, and
//! the signature is over the two ends of the chain: nothing can be changed, left out, put in or cut off
//! without being found where it was done. `deploy/audit.md` lays the file out.

pub mod by_hand;
mod row;
mod verify;
mod write;

pub use self::{
    row::Layout,
    verify::{Excerpt, ExcerptFault, ExcerptWrong, verify},
    write::ExcerptWriter,
};

#[cfg(test)]
mod tests;
