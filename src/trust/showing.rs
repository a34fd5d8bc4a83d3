//! A node's word that it shows something as evidence: `hongyan evidence v1`.
//!
//! What both sides signed of a notice proves itself. The rest of a file of evidence (which notice it
//! is about, which agreement it names, that this is all there is) is the word of the node that
//! writes the file, and by this signature it stands by it: nothing in the file is nobody's word.

use super::forms::{Form, FormError, Frame, Reader, Writer, sealed};
use crate::domain::{area::County, channel::Digest};

/// What a node signs when it shows evidence (`hongyan evidence v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowingForm {
    /// From the area whose evidence it is to the area at the other end.
    pub frame: Frame,
    /// SHA-256 of what is shown.
    pub document: Digest,
    /// When it was signed: milliseconds since 1970.
    pub time_ms: i64,
}

impl Form for ShowingForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.from
    }
}

impl sealed::Body for ShowingForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan evidence v1\0"];

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        out.bytes(self.document.as_bytes());
        out.i64(self.time_ms);
        Ok(())
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        Ok(Self {
            frame,
            document: Digest::new(input.array()?),
            time_ms: input.i64()?,
        })
    }
}
