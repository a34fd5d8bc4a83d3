//! What a side says of an agreement. Contents only: `trust` signs them.
//!
//! ```text
//! statement  "hongyan agreement statement v1" 0, side u8 (1 a, 2 b), number u64, id, version u32,
//!            digest 32, made on, what it says u8:
//!            1 propose, 2 accept, 4 resume: nothing more
//!            3 suspend: 0 u8 for all, else 1 and how many u32 (rising), of each: side that
//!              sends u8, number of the kind u8; then from, reason
//!            5 end: from, reason
//! ```
//! Texts, days and integers as in the canonical bytes of an agreement.

use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::civil::Date;

use crate::{
    agreement::{attachments::is_line, canonical::Canonical, side::Side},
    domain::{agreement::AgreementVersion, calendar, channel::Digest, notice::Kind},
};

/// What one side says of one version of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The side that says it.
    pub side: Side,
    /// Its number among what that side says of this agreement: 1, 2, 3 … without gaps, over all
    /// versions.
    pub number: u64,
    /// The version that it speaks of.
    pub agreement: AgreementVersion,
    /// Digest of that version.
    pub digest: Digest,
    /// The day on which it was made, in Asia/Shanghai.
    pub on: Date,
    /// What it says.
    pub says: Says,
}

/// What a statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// Yes to a version that the other side has not spoken of.
    Propose,
    /// Yes to what the other side proposed.
    Accept,
    /// From that day on nothing of that may travel, until the same side resumes. Adds up.
    Suspend {
        /// Of what.
        what: What,
        /// The first day, not before the statement's own.
        from: Date,
        /// Why, for the other side's people.
        reason: Reason,
    },
    /// Takes back all that this side has suspended of the version.
    Resume,
    /// From that day on the version is in force no more.
    End {
        /// The first day, not before the statement's own.
        from: Date,
        /// Why, for the other side's people.
        reason: Reason,
    },
}

/// What of an agreement is suspended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// All of it.
    All,
    /// These kinds, each from that side; never none.
    Kinds(BTreeSet<(Side, Kind)>),
}

impl What {
    /// True if that kind is suspended from that side. A correction is with either of the kinds
    /// that it may mend: which of them it does, only its content tells, and what waits in a queue
    /// is told by its kind.
    pub fn holds(&self, from: Side, kind: Kind) -> bool {
        let Self::Kinds(kinds) = self else {
            return true;
        };
        let suspends = |kind| kinds.contains(&(from, kind));
        let mended = [Kind::Departure, Kind::Arrival];
        suspends(kind) || kind == Kind::Correction && mended.into_iter().any(suspends)
    }
}

/// Why a side suspends or ends an agreement: one line of 1 to 200 characters, about the agreement,
/// never about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reason {
    type Err = NotAStatement;

    fn from_str(text: &str) -> Result<Self, NotAStatement> {
        if is_line(text, MAX_REASON) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAStatement::Reason)
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Not a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAStatement {
    /// Bytes that are no canonical statement.
    #[error("these bytes are no statement on an agreement")]
    Form,
    /// A reason that cannot be shown.
    #[error("the reason must be one line of 1 to 200 characters")]
    Reason,
}

impl Statement {
    /// Its canonical bytes: what a signature covers, together with the common header of signed
    /// forms (algorithm, key, trust domain).
    pub fn bytes(&self) -> Vec<u8> {
        let Self {
            side,
            number,
            agreement,
            digest,
            on,
            says,
        } = self;
        let mut out = Canonical::new(CONTEXT);
        out.u8(side.number());
        out.u64(*number);
        out.text(&agreement.id.to_string());
        out.u32(agreement.version);
        out.raw(digest.as_bytes());
        out.day(*on);
        match says {
            Says::Propose => out.u8(1),
            Says::Accept => out.u8(2),
            Says::Suspend { what, from, reason } => {
                out.u8(3);
                match what {
                    What::All => out.u8(0),
                    What::Kinds(kinds) => {
                        out.u8(1);
                        out.count(kinds.len());
                        for (side, kind) in kinds {
                            out.u8(side.number());
                            out.u8(kind.number());
                        }
                    }
                }
                out.day(*from);
                out.text(reason.as_str());
            }
            Says::Resume => out.u8(4),
            Says::End { from, reason } => {
                out.u8(5);
                out.day(*from);
                out.text(reason.as_str());
            }
        }
        out.finish()
    }

    /// Reads a statement from its canonical bytes.
    ///
    /// # Errors
    /// If these are not exactly the bytes of a statement.
    pub fn read(bytes: &[u8]) -> Result<Self, NotAStatement> {
        let mut input = Input(bytes.strip_prefix(CONTEXT).ok_or(NotAStatement::Form)?);
        let statement = Self {
            side: input.side()?,
            number: u64::from_be_bytes(input.array()?),
            agreement: AgreementVersion {
                id: input.text()?.parse().map_err(|_| NotAStatement::Form)?,
                version: u32::from_be_bytes(input.array()?),
            },
            digest: Digest::new(input.array()?),
            on: input.day()?,
            says: input.says()?,
        };
        // One meaning has one form: also what this reader would let pass is none.
        if input.0.is_empty() && statement.bytes() == bytes {
            Ok(statement)
        } else {
            Err(NotAStatement::Form)
        }
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], NotAStatement> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(NotAStatement::Form)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], NotAStatement> {
        self.take(N)?.try_into().map_err(|_| NotAStatement::Form)
    }

    fn text(&mut self) -> Result<&'a str, NotAStatement> {
        let length = u32::from_be_bytes(self.array()?);
        let length = usize::try_from(length).map_err(|_| NotAStatement::Form)?;
        str::from_utf8(self.take(length)?).map_err(|_| NotAStatement::Form)
    }

    fn day(&mut self) -> Result<Date, NotAStatement> {
        calendar::parse_day(self.text()?).ok_or(NotAStatement::Form)
    }

    fn side(&mut self) -> Result<Side, NotAStatement> {
        let [number] = self.array()?;
        let mut sides = Side::ALL.into_iter();
        sides
            .find(|side| side.number() == number)
            .ok_or(NotAStatement::Form)
    }

    fn what(&mut self) -> Result<What, NotAStatement> {
        if self.array()? == [0] {
            return Ok(What::All);
        }
        let count = u32::from_be_bytes(self.array()?);
        let kinds = (0..count)
            .map(|_| {
                let side = self.side()?;
                let [number] = self.array()?;
                Ok((side, Kind::from_number(number).ok_or(NotAStatement::Form)?))
            })
            .collect::<Result<BTreeSet<_>, NotAStatement>>()?;
        if kinds.is_empty() {
            return Err(NotAStatement::Form);
        }
        Ok(What::Kinds(kinds))
    }

    fn says(&mut self) -> Result<Says, NotAStatement> {
        match self.array()? {
            [1] => Ok(Says::Propose),
            [2] => Ok(Says::Accept),
            [3] => Ok(Says::Suspend {
                what: self.what()?,
                from: self.day()?,
                reason: self.text()?.parse()?,
            }),
            [4] => Ok(Says::Resume),
            [5] => Ok(Says::End {
                from: self.day()?,
                reason: self.text()?.parse()?,
            }),
            _ => Err(NotAStatement::Form),
        }
    }
}

const CONTEXT: &[u8] = b"hongyan agreement statement v1\0";

const MAX_REASON: usize = 200;
