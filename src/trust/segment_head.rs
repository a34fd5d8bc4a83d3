//! A node's word that its journal had a head: `hongyan journal head v1`.
//!
//! Parcels and receipts name the head of their signer's journal to one peer each, when something
//! goes that way. This one is signed for whoever may look at the journal one day, at the beginning
//! of each segment and of each home area.

use super::forms::{Form, FormError, Frame, Reader, Writer, sealed};
use crate::domain::{
    area::County,
    channel::{Channel, Digest},
    journal::JournalHead,
};

/// What a node signs of its own journal (`hongyan journal head v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeadForm {
    /// From the home area to the same.
    pub frame: Frame,
    /// The head at the beginning of the segment; its position is the segment's.
    pub journal: JournalHead,
    /// When it was signed: milliseconds since 1970.
    pub time_ms: i64,
}

impl SegmentHeadForm {
    /// That the journal of that home area had that head.
    pub const fn new(home: County, sandbox: bool, journal: JournalHead, time_ms: i64) -> Self {
        Self {
            frame: Frame {
                channel: Channel {
                    from: home,
                    to: home,
                },
                sandbox,
            },
            journal,
            time_ms,
        }
    }
}

impl Form for SegmentHeadForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.from
    }
}

impl sealed::Body for SegmentHeadForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan journal head v1\0"];

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        check(self)?;
        out.u64(self.journal.position);
        out.bytes(self.journal.head.as_bytes());
        out.i64(self.time_ms);
        Ok(())
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        let form = Self {
            frame,
            journal: JournalHead {
                position: input.u64()?,
                head: Digest::new(input.array()?),
            },
            time_ms: input.i64()?,
        };
        check(&form)?;
        Ok(form)
    }
}

fn check(form: &SegmentHeadForm) -> Result<(), FormError> {
    let Channel { from, to } = form.frame.channel;
    if from == to {
        Ok(())
    } else {
        Err(FormError::NotCanonical)
    }
}
