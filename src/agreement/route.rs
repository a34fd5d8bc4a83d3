//! Where a notice goes, as finely as it says so itself.

use crate::domain::{
    area::AreaCode,
    channel::Channel,
    notice::{Content, Kind},
};

/// Where a notice goes from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// It tells of a movement: the sending side's own area in it, and the receiving side's. Of a
    /// departure that is from origin to destination, of an arrival from destination to origin, of a
    /// correction as of what it mends.
    Movement {
        /// The sending side's area.
        from: AreaCode,
        /// The receiving side's.
        to: AreaCode,
    },
    /// It names no address: it speaks of another notice, or of nobody, and says of itself only
    /// between which counties.
    Answer(Channel),
}

impl Route {
    /// That of a notice with that content on that channel.
    pub fn of(content: &Content, channel: Channel) -> Self {
        match content.movement() {
            Some((kind, movement)) => {
                let (origin, destination) = (movement.origin_area, movement.destination_area);
                let (from, to) = match kind {
                    Kind::Arrival => (destination, origin),
                    _ => (origin, destination),
                };
                Self::Movement { from, to }
            }
            None => Self::Answer(channel),
        }
    }

    /// The channel that it travels.
    pub fn channel(self) -> Channel {
        match self {
            Self::Movement { from, to } => Channel {
                from: from.county(),
                to: to.county(),
            },
            Self::Answer(channel) => channel,
        }
    }
}
