//! A node's word on an excerpt of what is on record: `hongyan audit head v1`.
//!
//! The acts of a home area are numbered and chained among themselves. Whoever is handed some of them
//! sees that nothing between the first and the last was changed, left out or put in; that these are the
//! node's own is said by this signature.

use super::forms::{Form, FormError, Frame, Reader, Writer, sealed};
use crate::domain::{
    area::County,
    channel::{Channel, Digest},
};

/// What a node signs of acts that it hands out (`hongyan audit head v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHeadForm {
    /// From the home area to the same.
    pub frame: Frame,
    /// Number of the first act.
    pub first: u64,
    /// Digest of the act before it.
    pub previous: Digest,
    /// Number of the last act; the one before the first where there is none.
    pub last: u64,
    /// Digest of the last act.
    pub head: Digest,
    /// When it was signed: milliseconds since 1970.
    pub time_ms: i64,
}

impl AuditHeadForm {
    /// Of no act yet, behind the last of a home area that has that digest.
    pub const fn begin(home: County, sandbox: bool, last: u64, head: Digest) -> Self {
        Self {
            frame: Frame {
                channel: Channel {
                    from: home,
                    to: home,
                },
                sandbox,
            },
            first: last.saturating_add(1),
            previous: head,
            last,
            head,
            time_ms: 0,
        }
    }

    /// With the next act, which has that digest.
    pub const fn add(&mut self, digest: Digest) {
        self.last = self.last.saturating_add(1);
        self.head = digest;
    }
}

impl Form for AuditHeadForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.from
    }
}

impl sealed::Body for AuditHeadForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan audit head v1\0"];

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        check(self)?;
        out.u64(self.first);
        out.bytes(self.previous.as_bytes());
        out.u64(self.last);
        out.bytes(self.head.as_bytes());
        out.i64(self.time_ms);
        Ok(())
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        let form = Self {
            frame,
            first: input.u64()?,
            previous: Digest::new(input.array()?),
            last: input.u64()?,
            head: Digest::new(input.array()?),
            time_ms: input.i64()?,
        };
        check(&form)?;
        Ok(form)
    }
}

fn check(form: &AuditHeadForm) -> Result<(), FormError> {
    let Channel { from, to } = form.frame.channel;
    let none = form.last.checked_add(1) == Some(form.first);
    let whole = if none {
        form.previous == form.head
    } else {
        form.first > 0 && form.first <= form.last
    };
    if from == to && whole {
        Ok(())
    } else {
        Err(FormError::NotCanonical)
    }
}
