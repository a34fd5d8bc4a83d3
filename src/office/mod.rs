//! The office API: what a node offers to the offices of its own area.

pub mod client;
