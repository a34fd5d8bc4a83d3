//! What is kept of a parcel and of a receipt, so that either side can show it later.

use bytes::{Buf, BufMut, Bytes};

use crate::{domain::channel::Digest, trust::signature::Signed};

/// A parcel's signed form and the digests of all its places.
pub(super) struct ParcelEvidence {
    pub(super) signed: Signed,
    pub(super) digests: Vec<Digest>,
}

/// A parcel of ours, and the receipt that answers it.
pub(super) struct ReceiptEvidence {
    pub(super) parcel: ParcelEvidence,
    pub(super) receipt: Signed,
}

impl ParcelEvidence {
    pub(super) fn encode(&self) -> Bytes {
        let mut bytes = Vec::new();
        self.put(&mut bytes);
        bytes.into()
    }

    /// Reads evidence back; none if there is none, or it is not of this form.
    pub(super) fn decode(mut bytes: Bytes) -> Option<Self> {
        Self::take(&mut bytes)
    }

    fn put(&self, bytes: &mut Vec<u8>) {
        put_signed(bytes, &self.signed);
        bytes.put_u32(u32::try_from(self.digests.len()).unwrap_or(u32::MAX));
        for digest in &self.digests {
            bytes.put_slice(digest.as_bytes());
        }
    }

    fn take(bytes: &mut Bytes) -> Option<Self> {
        let signed = take_signed(bytes)?;
        let count = bytes.try_get_u32().ok()?;
        let mut digests = Vec::new();
        for _ in 0..count {
            digests.push(Digest::try_from(take(bytes, 32)?.as_ref()).ok()?);
        }
        Some(Self { signed, digests })
    }
}

impl ReceiptEvidence {
    pub(super) fn encode(&self) -> Bytes {
        let mut bytes = Vec::new();
        self.parcel.put(&mut bytes);
        put_signed(&mut bytes, &self.receipt);
        bytes.into()
    }

    /// Reads evidence back; none if there is none, or it is not of this form.
    pub(super) fn decode(mut bytes: Bytes) -> Option<Self> {
        let parcel = ParcelEvidence::take(&mut bytes)?;
        let receipt = take_signed(&mut bytes)?;
        Some(Self { parcel, receipt })
    }
}

/// A signed statement as the store keeps it.
pub(super) fn encode_signed(signed: &Signed) -> Bytes {
    let mut bytes = Vec::new();
    put_signed(&mut bytes, signed);
    bytes.into()
}

/// Reads a signed statement back.
pub(super) fn decode_signed(mut bytes: Bytes) -> Option<Signed> {
    take_signed(&mut bytes)
}

fn put_signed(bytes: &mut Vec<u8>, signed: &Signed) {
    for part in [signed.form(), signed.signature()] {
        bytes.put_u32(u32::try_from(part.len()).unwrap_or(u32::MAX));
        bytes.put_slice(part);
    }
}

fn take_signed(bytes: &mut Bytes) -> Option<Signed> {
    let form_len = bytes.try_get_u32().ok()?;
    let form = take(bytes, form_len as usize)?;
    let signature_len = bytes.try_get_u32().ok()?;
    let signature = take(bytes, signature_len as usize)?;
    Some(Signed::received(form, signature))
}

fn take(bytes: &mut Bytes, len: usize) -> Option<Bytes> {
    (bytes.len() >= len).then(|| bytes.split_to(len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(text: &'static [u8]) -> Signed {
        Signed::received(Bytes::from_static(text), Bytes::from_static(b"signature"))
    }

    #[test]
    fn evidence_round_trips_and_nothing_else_is_taken_for_it() {
        let evidence = ReceiptEvidence {
            parcel: ParcelEvidence {
                signed: signed(b"parcel"),
                digests: vec![Digest::new([1; 32]), Digest::new([2; 32])],
            },
            receipt: signed(b"receipt"),
        };
        let bytes = evidence.encode();
        let again = ReceiptEvidence::decode(bytes.clone()).unwrap();
        assert_eq!(again.receipt, evidence.receipt);
        assert_eq!(again.parcel.digests, evidence.parcel.digests);
        for cut in 0..bytes.len() {
            assert!(
                ReceiptEvidence::decode(bytes.slice(..cut)).is_none(),
                "{cut}"
            );
        }
    }
}
