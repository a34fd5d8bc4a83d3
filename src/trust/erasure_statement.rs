//! A node's word that a case was erased: `hongyan erasure v1`.
//!
//! It names ids and digests: whoever has the bytes of a notice sees that it is the one that was erased,
//! and nobody else learns anything of it.

use super::forms::{Form, FormError, Frame, MAX_ITEMS, Reader, Writer, sealed};
use crate::domain::{area::County, channel::Digest, erasure::ErasureReason, notice::NoticeId};

/// What a node signs of an erasure (`hongyan erasure v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureForm {
    /// From the home area to the other.
    pub frame: Frame,
    /// The erasure's own id.
    pub erasure: NoticeId,
    /// The case.
    pub case: NoticeId,
    /// Why.
    pub reason: ErasureReason,
    /// When its keys were destroyed: milliseconds since 1970.
    pub erased_at_ms: i64,
    /// The notices whose content nobody can read any more, in rising order of their ids, each with the
    /// digest of its bytes.
    pub notices: Vec<(NoticeId, Digest)>,
    /// Of these, those whose receiver confirmed the same, in that order, and when.
    pub confirmed: Vec<(NoticeId, i64)>,
    /// Until when a backup is kept that holds the keys still; 0 where none does.
    pub pending_until_ms: i64,
    /// When it was signed: milliseconds since 1970.
    pub time_ms: i64,
}

impl Form for ErasureForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.from
    }
}

impl sealed::Body for ErasureForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan erasure v1\0"];

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        check(self)?;
        let count = |len: usize| u32::try_from(len).map_err(|_| FormError::TooMany);
        out.bytes(self.erasure.as_bytes());
        out.bytes(self.case.as_bytes());
        out.u8(self.reason.number());
        out.i64(self.erased_at_ms);
        out.u32(count(self.notices.len())?);
        for (id, digest) in &self.notices {
            out.bytes(id.as_bytes());
            out.bytes(digest.as_bytes());
        }
        out.u32(count(self.confirmed.len())?);
        for (id, at_ms) in &self.confirmed {
            out.bytes(id.as_bytes());
            out.i64(*at_ms);
        }
        out.i64(self.pending_until_ms);
        out.i64(self.time_ms);
        Ok(())
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        let (erasure, case) = (id(input)?, id(input)?);
        let reason = ErasureReason::from_number(input.u8()?).ok_or(FormError::UnknownName)?;
        let erased_at_ms = input.i64()?;
        let mut notices = Vec::new();
        for _ in 0..count(input)? {
            notices.push((id(input)?, Digest::new(input.array()?)));
        }
        let mut confirmed = Vec::new();
        for _ in 0..count(input)? {
            confirmed.push((id(input)?, input.i64()?));
        }
        let form = Self {
            frame,
            erasure,
            case,
            reason,
            erased_at_ms,
            notices,
            confirmed,
            pending_until_ms: input.i64()?,
            time_ms: input.i64()?,
        };
        check(&form)?;
        Ok(form)
    }
}

fn id(input: &mut Reader<'_>) -> Result<NoticeId, FormError> {
    let bytes: [u8; 16] = input.array()?;
    NoticeId::try_from(bytes.as_slice()).map_err(|_| FormError::NotCanonical)
}

fn count(input: &mut Reader<'_>) -> Result<u32, FormError> {
    match input.u32()? {
        count if count <= MAX_ITEMS => Ok(count),
        _ => Err(FormError::TooMany),
    }
}

fn check(form: &ErasureForm) -> Result<(), FormError> {
    let most = MAX_ITEMS as usize;
    if form.notices.len() > most || form.confirmed.len() > most {
        return Err(FormError::TooMany);
    }
    let rising = form.notices.is_sorted_by(|a, b| a.0 < b.0)
        && form.confirmed.is_sorted_by(|a, b| a.0 < b.0);
    let among = form
        .confirmed
        .iter()
        .all(|(id, _)| form.notices.iter().any(|(known, _)| known == id));
    if rising && among {
        Ok(())
    } else {
        Err(FormError::NotCanonical)
    }
}
