//! What tells one invitation from every other.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;

/// 16 random bytes, shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce([u8; 16]);

impl Nonce {
    /// The nonce of bytes that were drawn at random.
    pub const fn new(drawn: [u8; 16]) -> Self {
        Self(drawn)
    }
}

impl FromStr for Nonce {
    type Err = NotANonce;

    fn from_str(text: &str) -> Result<Self, NotANonce> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NotANonce)?;
        bytes.try_into().map(Self).map_err(|_| NotANonce)
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&HEXLOWER.encode(&self.0))
    }
}

/// Not a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a nonce has 32 hexadecimal digits in lower case")]
pub struct NotANonce;
