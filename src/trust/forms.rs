//! The canonical signed forms: one layout for one meaning, so a signature over one can never be
//! read as a signature over another.
//!
//! Every form is its context (a name for the kind of object, and a zero byte), a header and a
//! body. Integers are big-endian, nothing is optional, nothing may follow.
//!
//! ```text
//! header      algorithm u8 = 1 (ECDSA P-256, SHA-256, ASN.1 DER), key id 32,
//!             trust domain of the signer (u16 length, bytes), from area 6, to area 6, sandbox u8
//! parcel      first u64, count u32, head before 32, head behind 32, time ms i64,
//!             voids u32, of each: offset u32 (rising, below count), reason u8,
//!             head of the sender's journal: position u64, head 32
//! receipt     first u64, count u32, outcomes (see `outcomes`), head behind the last 32,
//!             highest held u64, digest of the parcel's form 32, time ms i64,
//!             head of the receiver's journal: position u64, head 32
//! resend      held u64, head there 32, receipted sequence that is disowned u64, time ms i64,
//!             nonce 16
//! invitation  digest of the document 32
//! answer      digest of the invitation's document 32, digest of the answer's document 32
//! succession  number u64, successor's SubjectPublicKeyInfo 91, time ms i64 (see `succession`)
//! statement   length u32, the canonical bytes of a statement on an agreement (see `statement`)
//! journal     position u64, head 32, time ms i64 (see `segment_head`)
//! audit       first u64, digest before it 32, last u64, its digest 32, time ms i64 (see `audit_head`)
//! certification  signing key's SubjectPublicKeyInfo 91 (see `certification`)
//! erasure     id 16, case 16, reason u8, time ms i64, notices u32, of each: id 16, digest 32,
//!             confirmations u32, of each: id 16, time ms i64, held in backups until ms i64, time ms i64
//!             (see `erasure_statement`)
//! evidence    digest of what is shown 32, time ms i64 (see `showing`)
//! ```
//! Parcels and receipts are of a second edition (`v2`): the first ended before the head of the
//! journal. What was signed so and kept is still read, and nothing new is signed or taken so.

use super::{
    identity::TrustDomain,
    keys::KeyId,
    outcomes::{read_outcomes, write_outcomes},
};
use crate::domain::{
    area::County,
    channel::{Channel, Digest, Sequence},
    journal::JournalHead,
    receipt::{Outcome, VoidReason},
};

/// A kind of object that can be signed.
pub trait Form: Sized + sealed::Body {
    /// Where it belongs.
    fn frame(&self) -> Frame;

    /// The area for which it is signed: its signer has to speak for it.
    fn signed_for(&self) -> County;
}

/// The channel that a form belongs to. In the forms of a pairing, from the area that signs to the
/// other; in what a node says of itself, from its own area to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The channel.
    pub channel: Channel,
    /// True between sandbox nodes.
    pub sandbox: bool,
}

/// Who signed a form, and with which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The key.
    pub key: KeyId,
    /// The signer's trust domain.
    pub signer: TrustDomain,
}

/// What the sender signs of a parcel (`hongyan parcel v2`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelForm {
    /// The channel.
    pub frame: Frame,
    /// Sequence of the first place.
    pub first: Sequence,
    /// How many places, 1 to [`MAX_ITEMS`].
    pub count: u32,
    /// Head before the first place.
    pub previous: Digest,
    /// Head behind the last.
    pub head: Digest,
    /// When it was signed: milliseconds since 1970.
    pub time_ms: i64,
    /// The places that are void: offset from the first, rising, and why.
    pub voids: Vec<(u32, VoidReason)>,
    /// Head of the sender's own journal, of the area that sends, when it signed; none in what was
    /// signed in the first edition.
    pub journal: Option<JournalHead>,
}

/// What the receiver signs in answer (`hongyan receipt v2`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptForm {
    /// The channel of what it answers.
    pub frame: Frame,
    /// First place answered.
    pub first: Sequence,
    /// The final outcomes from there on; may be empty.
    pub outcomes: Vec<Outcome>,
    /// Head behind the last place answered.
    pub head: Digest,
    /// Highest place that the receiver holds.
    pub held: Sequence,
    /// [`Signed::digest`](super::signature::Signed::digest) of the parcel that it answers.
    pub answers: Digest,
    /// When it was signed: milliseconds since 1970.
    pub time_ms: i64,
    /// Head of the receiver's own journal, of the area that receives, when it signed; none in what
    /// was signed in the first edition.
    pub journal: Option<JournalHead>,
}

/// A receiver's word that its store was set back and that it asks for what it had receipted once
/// more (`hongyan resend v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResendForm {
    /// The channel.
    pub frame: Frame,
    /// Highest place that it still holds.
    pub held: Sequence,
    /// Head there.
    pub head: Digest,
    /// The receipted place up to which it no longer stands by its receipts.
    pub disowned: Sequence,
    /// When it was signed: milliseconds since 1970.
    pub time_ms: i64,
    /// Drawn at random, so that no statement is like another.
    pub nonce: [u8; 16],
}

/// A node's word that an invitation is its own (`hongyan invitation v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationForm {
    /// From the inviting area to the invited.
    pub frame: Frame,
    /// Digest of the document's bytes.
    pub document: Digest,
}

/// A node's word that it takes an invitation (`hongyan invitation answer v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationAnswerForm {
    /// From the invited area to the inviting.
    pub frame: Frame,
    /// Digest of the invitation's bytes.
    pub invitation: Digest,
    /// Digest of the answer's bytes.
    pub document: Digest,
}

/// Most places that one form speaks of.
pub const MAX_ITEMS: u32 = 4_096;

/// Bytes that are no canonical form of the kind expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Names an algorithm that this version does not know.
    #[error("signed with an algorithm that is not known here")]
    Algorithm,
    /// A value outside its range, or written in another than the canonical way.
    #[error("not canonical")]
    NotCanonical,
    /// Another kind of object.
    #[error("another kind of object")]
    OtherContext,
    /// More places than one form may speak of.
    #[error("speaks of more than {MAX_ITEMS} places")]
    TooMany,
    /// Goes on after its end.
    #[error("goes on after its end")]
    TrailingBytes,
    /// Ends too early.
    #[error("ends too early")]
    Truncated,
    /// A code or field that this version does not know.
    #[error("names a code or field that is not known here")]
    UnknownName,
}

pub(in crate::trust) fn write<F: Form>(header: &Header, form: &F) -> Result<Vec<u8>, FormError> {
    let mut out = Writer(Vec::with_capacity(320));
    out.bytes(form.context());
    out.u8(ALGORITHM);
    out.bytes(header.key.as_bytes());
    let signer = header.signer.as_str();
    out.u16(u16::try_from(signer.len()).map_err(|_| FormError::NotCanonical)?);
    out.bytes(signer.as_bytes());
    let Frame { channel, sandbox } = form.frame();
    out.bytes(channel.from.as_bytes());
    out.bytes(channel.to.as_bytes());
    out.u8(u8::from(sandbox));
    form.write(&mut out)?;
    Ok(out.0)
}

pub(in crate::trust) fn read<F: Form>(bytes: &[u8]) -> Result<(Header, F), FormError> {
    let mut contexts = F::CONTEXTS.iter();
    let (context, rest) = contexts
        .find_map(|context| Some((*context, bytes.strip_prefix(*context)?)))
        .ok_or(FormError::OtherContext)?;
    let mut input = Reader(rest);
    if input.u8()? != ALGORITHM {
        return Err(FormError::Algorithm);
    }
    let key = KeyId::from_bytes(input.array()?);
    let length = input.u16()?;
    let signer = input
        .text(length.into())?
        .parse()
        .map_err(|_| FormError::NotCanonical)?;
    let frame = Frame {
        channel: Channel {
            from: input.county()?,
            to: input.county()?,
        },
        sandbox: input.bool()?,
    };
    let form = F::read(frame, &mut input)?;
    if !input.0.is_empty() {
        return Err(FormError::TrailingBytes);
    }
    // What its own edition has and it has not.
    if form.context() != context {
        return Err(FormError::Truncated);
    }
    Ok((Header { key, signer }, form))
}

impl Form for ParcelForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.from
    }
}

impl sealed::Body for ParcelForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan parcel v2\0", b"hongyan parcel v1\0"];

    fn context(&self) -> &'static [u8] {
        edition::<Self>(self.journal)
    }

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        check_parcel(self)?;
        out.u64(self.first.get());
        out.u32(self.count);
        out.bytes(self.previous.as_bytes());
        out.bytes(self.head.as_bytes());
        out.i64(self.time_ms);
        out.u32(u32::try_from(self.voids.len()).map_err(|_| FormError::TooMany)?);
        for (offset, reason) in &self.voids {
            out.u32(*offset);
            out.u8(reason.number());
        }
        write_journal(self.journal, out);
        Ok(())
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        let first = Sequence::new(input.u64()?);
        let count = input.u32()?;
        let previous = input.digest()?;
        let head = input.digest()?;
        let time_ms = input.i64()?;
        let voids = input.u32()?;
        if voids > MAX_ITEMS {
            return Err(FormError::TooMany);
        }
        let voids = (0..voids)
            .map(|_| {
                let offset = input.u32()?;
                let reason = VoidReason::from_number(input.u8()?).ok_or(FormError::NotCanonical)?;
                Ok((offset, reason))
            })
            .collect::<Result<_, _>>()?;
        let form = Self {
            frame,
            first,
            count,
            previous,
            head,
            time_ms,
            voids,
            journal: read_journal(input)?,
        };
        check_parcel(&form)?;
        Ok(form)
    }
}

fn check_parcel(form: &ParcelForm) -> Result<(), FormError> {
    if form.count > MAX_ITEMS {
        return Err(FormError::TooMany);
    }
    let rising = form
        .voids
        .iter()
        .zip(form.voids.iter().skip(1))
        .all(|((earlier, _), (later, _))| earlier < later);
    let within = form
        .voids
        .last()
        .is_none_or(|(offset, _)| *offset < form.count);
    let numbered = form.first > Sequence::ZERO
        && form
            .first
            .get()
            .checked_add(u64::from(form.count))
            .is_some();
    if form.count == 0 || !rising || !within || !numbered {
        return Err(FormError::NotCanonical);
    }
    Ok(())
}

impl Form for ReceiptForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.to
    }
}

impl sealed::Body for ReceiptForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan receipt v2\0", b"hongyan receipt v1\0"];

    fn context(&self) -> &'static [u8] {
        edition::<Self>(self.journal)
    }

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        out.u64(self.first.get());
        write_outcomes(&self.outcomes, out)?;
        out.bytes(self.head.as_bytes());
        out.u64(self.held.get());
        out.bytes(self.answers.as_bytes());
        out.i64(self.time_ms);
        write_journal(self.journal, out);
        check_receipt(self)
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        let form = Self {
            frame,
            first: Sequence::new(input.u64()?),
            outcomes: read_outcomes(input)?,
            head: input.digest()?,
            held: Sequence::new(input.u64()?),
            answers: input.digest()?,
            time_ms: input.i64()?,
            journal: read_journal(input)?,
        };
        check_receipt(&form)?;
        Ok(form)
    }
}

fn check_receipt(form: &ReceiptForm) -> Result<(), FormError> {
    let last = form
        .first
        .get()
        .checked_sub(1)
        .and_then(|before| before.checked_add(form.outcomes.len() as u64));
    match last {
        // Whoever answers for a place holds it.
        Some(last) if last <= form.held.get() => Ok(()),
        _ => Err(FormError::NotCanonical),
    }
}

/// The context of a form that has the head of a journal, or was signed before there was one.
fn edition<F: sealed::Body>(journal: Option<JournalHead>) -> &'static [u8] {
    let edition = F::CONTEXTS.get(usize::from(journal.is_none()));
    edition.copied().unwrap_or_default()
}

fn write_journal(journal: Option<JournalHead>, out: &mut Writer) {
    if let Some(JournalHead { position, head }) = journal {
        out.u64(position);
        out.bytes(head.as_bytes());
    }
}

/// None at the end of a form: whether its edition ends there, is looked at once it is read.
fn read_journal(input: &mut Reader<'_>) -> Result<Option<JournalHead>, FormError> {
    if input.0.is_empty() {
        return Ok(None);
    }
    Ok(Some(JournalHead {
        position: input.u64()?,
        head: input.digest()?,
    }))
}

impl Form for ResendForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.to
    }
}

impl sealed::Body for ResendForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan resend v1\0"];

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        out.u64(self.held.get());
        out.bytes(self.head.as_bytes());
        out.u64(self.disowned.get());
        out.i64(self.time_ms);
        out.bytes(&self.nonce);
        Ok(())
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        Ok(Self {
            frame,
            held: Sequence::new(input.u64()?),
            head: input.digest()?,
            disowned: Sequence::new(input.u64()?),
            time_ms: input.i64()?,
            nonce: input.array()?,
        })
    }
}

impl Form for InvitationForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.from
    }
}

impl sealed::Body for InvitationForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan invitation v1\0"];

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        out.bytes(self.document.as_bytes());
        Ok(())
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        Ok(Self {
            frame,
            document: input.digest()?,
        })
    }
}

impl Form for InvitationAnswerForm {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn signed_for(&self) -> County {
        self.frame.channel.from
    }
}

impl sealed::Body for InvitationAnswerForm {
    const CONTEXTS: &'static [&'static [u8]] = &[b"hongyan invitation answer v1\0"];

    fn write(&self, out: &mut Writer) -> Result<(), FormError> {
        out.bytes(self.invitation.as_bytes());
        out.bytes(self.document.as_bytes());
        Ok(())
    }

    fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError> {
        Ok(Self {
            frame,
            invitation: input.digest()?,
            document: input.digest()?,
        })
    }
}

/// Only this room says how a kind of object is laid out.
pub(in crate::trust) mod sealed {
    use super::{FormError, Frame, Reader, Writer};

    pub trait Body: Sized {
        /// What a form of each edition begins with, the newest first.
        const CONTEXTS: &'static [&'static [u8]];

        /// What this one begins with.
        fn context(&self) -> &'static [u8] {
            Self::CONTEXTS.first().copied().unwrap_or_default()
        }

        fn write(&self, out: &mut Writer) -> Result<(), FormError>;
        fn read(frame: Frame, input: &mut Reader<'_>) -> Result<Self, FormError>;
    }
}

/// Appends canonical values.
pub struct Writer(Vec<u8>);

impl Writer {
    pub(in crate::trust) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(in crate::trust) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(in crate::trust) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    pub(in crate::trust) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    pub(in crate::trust) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }

    pub(in crate::trust) fn i64(&mut self, value: i64) {
        self.bytes(&value.to_be_bytes());
    }
}

/// Takes canonical values from the front.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::trust) fn take(&mut self, count: usize) -> Result<&'a [u8], FormError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(FormError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(in crate::trust) fn array<const N: usize>(&mut self) -> Result<[u8; N], FormError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(FormError::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(in crate::trust) fn text(&mut self, count: usize) -> Result<&'a str, FormError> {
        str::from_utf8(self.take(count)?).map_err(|_| FormError::NotCanonical)
    }

    pub(in crate::trust) fn u8(&mut self) -> Result<u8, FormError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(in crate::trust) fn u32(&mut self) -> Result<u32, FormError> {
        self.array().map(u32::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, FormError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(in crate::trust) fn u64(&mut self) -> Result<u64, FormError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(in crate::trust) fn i64(&mut self) -> Result<i64, FormError> {
        self.array().map(i64::from_be_bytes)
    }

    fn bool(&mut self) -> Result<bool, FormError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(FormError::NotCanonical),
        }
    }

    fn digest(&mut self) -> Result<Digest, FormError> {
        self.array().map(Digest::new)
    }

    fn county(&mut self) -> Result<County, FormError> {
        self.array::<6>()?
            .try_into()
            .map_err(|_| FormError::NotCanonical)
    }
}

const ALGORITHM: u8 = 1;

#[cfg(test)]
#[path = "forms_tests.rs"]
mod tests;
