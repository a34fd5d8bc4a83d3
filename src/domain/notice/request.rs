//! What one area asks another to check, and what it answers of a certificate.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Certificate, Person};

/// Asks the other area to check facts about a person.
#[derive(Clone, PartialEq, Eq)]
pub struct VerificationRequest {
    /// The person.
    pub subject: Person,
    /// What is to be checked; never nothing.
    pub facts: BTreeSet<Fact>,
    /// Day on which the question came up.
    pub event_date: Date,
}

/// What can be asked to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// She lives in the receiving area.
    LivesHere,
    /// She is registered there.
    RegisteredHere,
    /// Her marital status is as told.
    MaritalStatus,
    /// Her telephone number is as told.
    Phone,
    /// Her entitlement certificate is of that area.
    Certificate,
}

impl Fact {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 5] = [
        Self::LivesHere,
        Self::RegisteredHere,
        Self::MaritalStatus,
        Self::Phone,
        Self::Certificate,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LivesHere => "lives_here",
            Self::RegisteredHere => "registered_here",
            Self::MaritalStatus => "marital_status",
            Self::Phone => "phone",
            Self::Certificate => "certificate",
        }
    }

    /// The fact of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fact| fact.name() == name)
    }
}

/// Asks whether the entitlement certificate of the person of the case holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateQuery {
    /// Day of the question.
    pub event_date: Date,
}

/// Whether it holds: number, status and last day, and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateResult {
    /// Day on which it was looked up.
    pub event_date: Date,
    /// The certificate; its status is told.
    pub certificate: Certificate,
}
