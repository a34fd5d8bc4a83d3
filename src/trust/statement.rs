//! The word of one side on an agreement: `hongyan signed statement v1`.
//!
//! What it says is laid out by `agreement`, in canonical bytes with a context of their own, which
//! are carried here as they are: this form adds who signs, between which two nodes, and whether in
//! the sandbox.

use super::forms::{Form, FormError, Frame, Reader, Writer, sealed};
use crate::domain::area::County;

/// What a node signs when it says something of an agreement (`hongyan signed statement v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementForm {
    /// From the area in the name of the node that signs to that in the name of the other.
    pub frame: Frame,
    /// The canonical bytes of the statement, 1 to [`MAX_STATEMENT`].
    pub statement: Vec<u8>,
}

/// Most bytes of one statement.
pub const MAX_STATEMENT: usize = 4_096;

impl Form for StatementForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.from
    }
}

impl sealed::Body for StatementForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan signed statement v1\0"];

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        check(self)?;
        out.u32(u32::try_from(self.statement.len()).map_err(|_| FormError::TooMany)?);
        out.bytes(&self.statement);
        Ok(())
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        let length = usize::try_from(input.u32()?).map_err(|_| FormError::TooMany)?;
        let form = Self {
            frame,
            statement: input.take(length)?.to_vec(),
        };
        check(&form)?;
        Ok(form)
    }
}

fn check(form: &StatementForm) -> Result<(), FormError> {
    match form.statement.len() {
        0 => Err(FormError::NotCanonical),
        1..=MAX_STATEMENT => Ok(()),
        _ => Err(FormError::TooMany),
    }
}
