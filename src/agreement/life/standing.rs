//! All that both sides have said of one agreement.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::statement::{Says, Statement, What};
use crate::{
    agreement::side::Side,
    domain::{
        agreement::{AgreementId, AgreementVersion},
        channel::Digest,
    },
};

/// All that both sides have said of one agreement, in all its versions.
///
/// Whether a statement is taken depends on what the same side said before, and on nothing that the
/// other said: so two nodes that heard the same statements hold the same, in whatever order the
/// two sides' statements reached them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    id: AgreementId,
    /// The versions that both signed when they paired, before any statement.
    paired: BTreeMap<u32, (Digest, Date)>,
    a: Vec<Statement>,
    b: Vec<Statement>,
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It counts from now on.
    New,
    /// It was held already.
    Repeated,
}

/// Why a statement is not taken. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// It speaks of another agreement.
    #[error("the statement speaks of another agreement")]
    OtherAgreement,
    /// Statements before it have not arrived.
    #[error("statement {expected} of this side has not arrived; ask for it first")]
    Gap {
        /// The number that must come next.
        expected: u64,
    },
    /// The side has said something else under the same number.
    #[error(
        "this side has said something else under the same number; nothing of it may be trusted"
    )]
    Conflict,
    /// It would change what has been.
    #[error("a suspension or an end begins on the day of the statement or later")]
    Backdated,
    /// A suspension of nothing.
    #[error("a suspension must name a kind, or all")]
    Nothing,
    /// The side has said yes to that version before.
    #[error("this side has said yes to this version already; another text needs another version")]
    YesTwice,
    /// The side has suspended nothing of the version.
    #[error("this side has suspended nothing of this version")]
    NotSuspended,
    /// The side has ended the version.
    #[error("this side has ended this version; what comes next is a new one")]
    AfterTheEnd,
}

impl Standing {
    /// Nothing said yet.
    pub const fn new(id: AgreementId) -> Self {
        Self {
            id,
            paired: BTreeMap::new(),
            a: Vec::new(),
            b: Vec::new(),
        }
    }

    /// The agreement.
    pub const fn id(&self) -> AgreementId {
        self.id
    }

    /// Notes that both signed that version when they paired, on that day: it needs no statements.
    /// Pairing again replaces it.
    pub fn signed_in_pairing(&mut self, version: u32, digest: Digest, on: Date) {
        self.paired.insert(version, (digest, on));
    }

    /// The number of the next statement of that side.
    pub fn next_number(&self, side: Side) -> u64 {
        (self.said(side).len() as u64).saturating_add(1)
    }

    /// What that side has said, in order.
    pub fn said(&self, side: Side) -> &[Statement] {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    /// Takes a statement that its side was found to have signed.
    ///
    /// # Errors
    /// If it does not follow on what the same side said before.
    pub fn add(&mut self, statement: Statement) -> Result<Added, NotAdded> {
        if statement.agreement.id != self.id {
            return Err(NotAdded::OtherAgreement);
        }
        let said = self.said(statement.side);
        let held = said.iter().find(|held| held.number == statement.number);
        match held {
            Some(held) if *held == statement => return Ok(Added::Repeated),
            Some(_) => return Err(NotAdded::Conflict),
            None => {}
        }
        let expected = self.next_number(statement.side);
        if statement.number != expected {
            return Err(NotAdded::Gap { expected });
        }
        let paired = self.paired.contains_key(&statement.agreement.version);
        follows(&statement, said, paired)?;
        match statement.side {
            Side::A => self.a.push(statement),
            Side::B => self.b.push(statement),
        }
        Ok(Added::New)
    }

    /// The day on which a side said yes to that text, if it did.
    pub(super) fn yes(
        &self,
        side: Side,
        version: AgreementVersion,
        digest: Digest,
    ) -> Option<Date> {
        let paired = self.paired.get(&version.version);
        let paired = paired.filter(|(signed, _)| *signed == digest);
        let mut said = self.about(side, version, digest);
        let said = said.find(|held| matches!(held.says, Says::Propose | Says::Accept));
        paired
            .map(|(_, on)| *on)
            .or_else(|| said.map(|held| held.on))
    }

    /// What a side has suspended of that text and not resumed, with the first day of each.
    pub(super) fn suspended(
        &self,
        side: Side,
        version: AgreementVersion,
        digest: Digest,
    ) -> Vec<(What, Date)> {
        let mut suspended = Vec::new();
        for held in self.about(side, version, digest) {
            match &held.says {
                Says::Suspend { what, from, .. } => suspended.push((what.clone(), *from)),
                Says::Resume => suspended.clear(),
                Says::Propose | Says::Accept | Says::End { .. } => {}
            }
        }
        suspended
    }

    /// The first day on which that text is ended by a side, if it is.
    pub(super) fn ended(
        &self,
        side: Side,
        version: AgreementVersion,
        digest: Digest,
    ) -> Option<Date> {
        self.about(side, version, digest)
            .find_map(|held| match held.says {
                Says::End { from, .. } => Some(from),
                Says::Propose | Says::Accept | Says::Suspend { .. } | Says::Resume => None,
            })
    }

    fn about(
        &self,
        side: Side,
        version: AgreementVersion,
        digest: Digest,
    ) -> impl Iterator<Item = &Statement> {
        let said = self.said(side).iter();
        said.filter(move |held| held.agreement == version && held.digest == digest)
    }
}

/// Whether a statement may follow on what its side said before. Pairing anew may put another text
/// under the number of one that was signed in pairing: a side says yes to each text once.
fn follows(statement: &Statement, said: &[Statement], paired: bool) -> Result<(), NotAdded> {
    let Statement {
        agreement,
        digest,
        on,
        says,
        ..
    } = statement;
    let of_version = || said.iter().filter(|held| held.agreement == *agreement);
    let of_text = || of_version().filter(|held| held.digest == *digest);
    if of_text().any(|held| matches!(held.says, Says::End { .. })) {
        return Err(NotAdded::AfterTheEnd);
    }
    match says {
        Says::Propose | Says::Accept => {
            let yes = |held: &Statement| matches!(held.says, Says::Propose | Says::Accept);
            let twice = if paired {
                of_text().any(yes)
            } else {
                of_version().any(yes)
            };
            if twice {
                return Err(NotAdded::YesTwice);
            }
        }
        Says::Suspend { what, from, .. } => {
            if from < on {
                return Err(NotAdded::Backdated);
            }
            if matches!(what, What::Kinds(kinds) if kinds.is_empty()) {
                return Err(NotAdded::Nothing);
            }
        }
        Says::Resume => {
            let last =
                of_text().rfind(|held| matches!(held.says, Says::Suspend { .. } | Says::Resume));
            if !last.is_some_and(|held| matches!(held.says, Says::Suspend { .. })) {
                return Err(NotAdded::NotSuspended);
            }
        }
        Says::End { from, .. } => {
            if from < on {
                return Err(NotAdded::Backdated);
            }
        }
    }
    Ok(())
}
