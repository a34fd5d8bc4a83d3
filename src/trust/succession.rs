//! The word by which a node gives up its signing key for the next: `hongyan succession v1`.
//!
//! A key is the node's, not a pair's, and so is its succession: one statement, the same for every
//! peer, framed from the area of the node's name to itself, as an open invitation is. A statement
//! for each pair would have to be made while the old private key is there, and could not be made
//! later for whoever pinned that key without being known: the one who answers an invitation that
//! was given away before the change, or a peer restored from an old copy of its directory. One
//! statement for all lets the old key be destroyed at once, and binds the node: it cannot name
//! another successor to each of its peers without contradicting its own signature. That the
//! statement names no reader costs nothing, since a peer takes it only from the node itself, proven
//! by its certificate, and only under the key that it has pinned for that node.

use super::{
    forms::{Form, FormError, Frame, Reader, Writer, sealed},
    identity::SpiffeId,
    keys::{PublicKey, SPKI_BYTES},
};
use crate::domain::{area::County, channel::Channel};

/// What a node signs with its old key when it changes to another (`hongyan succession v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuccessionForm {
    /// From the area of the node's name to the same.
    pub frame: Frame,
    /// Which change of key of this node it is: the first is 1, each next one more.
    pub number: u64,
    /// The key that follows.
    pub successor: PublicKey,
    /// When it was signed: milliseconds since 1970.
    pub time_ms: i64,
}

impl SuccessionForm {
    /// That a node changes to another key, for the `number`th time.
    pub const fn new(
        node: &SpiffeId,
        sandbox: bool,
        number: u64,
        successor: PublicKey,
        time_ms: i64,
    ) -> Self {
        let area = node.area();
        Self {
            frame: Frame {
                channel: Channel {
                    from: area,
                    to: area,
                },
                sandbox,
            },
            number,
            successor,
            time_ms,
        }
    }
}

impl Form for SuccessionForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.from
    }
}

impl sealed::Body for SuccessionForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan succession v1\0"];

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        check(self)?;
        out.u64(self.number);
        out.bytes(self.successor.spki());
        out.i64(self.time_ms);
        Ok(())
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        let number = input.u64()?;
        let spki = input.take(SPKI_BYTES)?;
        let form = Self {
            frame,
            number,
            successor: PublicKey::from_spki(spki).map_err(|_| FormError::NotCanonical)?,
            time_ms: input.i64()?,
        };
        check(&form)?;
        Ok(form)
    }
}

fn check(form: &SuccessionForm) -> Result<(), FormError> {
    let Channel { from, to } = form.frame.channel;
    if from == to && form.number > 0 {
        Ok(())
    } else {
        Err(FormError::NotCanonical)
    }
}
