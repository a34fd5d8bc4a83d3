//! Where a notice goes, as finely as it says so itself.

use crate::domain::{
    area::AreaCode,
    channel::Channel,
    notice::{Content, Movement},
};

/// Where a notice goes from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// It tells of a movement: the sending side's own area in it, and the receiving side's. Of a
    /// departure that is from origin to destination, of an arrival from destination to origin.
    Movement {
        /// The sending side's area.
        from: AreaCode,
        /// The receiving side's.
        to: AreaCode,
    },
    /// It speaks of another notice, and says of itself only between which counties.
    Answer(Channel),
}

impl Route {
    /// That of a notice with that content on that channel.
    pub fn of(content: &Content, channel: Channel) -> Self {
        match content {
            Content::Departure(Movement {
                origin_area,
                destination_area,
                ..
            }) => Self::Movement {
                from: *origin_area,
                to: *destination_area,
            },
            Content::Arrival(Movement {
                origin_area,
                destination_area,
                ..
            }) => Self::Movement {
                from: *destination_area,
                to: *origin_area,
            },
            Content::Feedback(_) | Content::Message(_) => Self::Answer(channel),
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
