//! The canonical bytes of an agreement, which its digest covers. They say what the agreement lets
//! through, each thing in one order, so they depend on no white space, comment or order of the
//! text.

use aws_lc_rs::digest::{SHA256, digest as sha};

use super::{grants::KindTerms, terms::Agreement};
use crate::domain::channel::{Channel, Digest};

/// SHA-256 of the canonical bytes.
pub(super) fn digest(agreement: &Agreement) -> Digest {
    Digest::try_from(sha(&SHA256, &bytes(agreement)).as_ref()).unwrap_or_default()
}

/// A context, then every part; texts with their length before them, numbers big-endian.
fn bytes(agreement: &Agreement) -> Vec<u8> {
    let mut out = b"hongyan agreement v1\0".to_vec();
    text(&mut out, &agreement.version.id.to_string());
    number(&mut out, agreement.version.version);
    out.push(u8::from(agreement.sandbox));
    text(&mut out, &agreement.purpose);
    text(&mut out, &agreement.legal_basis);
    text(&mut out, &agreement.valid_from.to_string());
    text(&mut out, &agreement.valid_until.to_string());
    number(&mut out, count(agreement.grants.len()));
    for ((Channel { from, to }, kind), terms) in &agreement.grants {
        let KindTerms {
            fields,
            deadline_days,
        } = terms;
        text(&mut out, from.as_str());
        text(&mut out, to.as_str());
        text(&mut out, kind.name());
        number(&mut out, u32::from(*deadline_days));
        number(&mut out, count(fields.len()));
        let mut names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
        names.sort_unstable();
        for name in names {
            text(&mut out, name);
        }
    }
    out
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, count(text.len()));
    out.extend_from_slice(text.as_bytes());
}

fn number(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_be_bytes());
}

/// No text of an agreement comes near the bound.
fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
