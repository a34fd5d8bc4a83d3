//! What a person at this node says of an agreement.

use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::{Timestamp, civil::Date};

use super::{
    Signers, SignersError, Unsaid,
    book::{self, Book, Books, Text},
};
use crate::{
    agreement::{
        self, Agreement, Agreements, Opening, Side, TemplateError, TermsError,
        life::{Reason, Says, State, Statement, What},
    },
    config::NodeDir,
    domain::{
        agreement::{AgreementId, AgreementVersion, NotAnAgreement},
        area::County,
        calendar,
        notice::Kind,
    },
    pairing::{AgreementsError, PairingError, invitation::opening},
    trust::{
        files::{self, FileError},
        signature::SignatureError,
    },
};

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Proposes an agreement that is not held yet.
    Propose {
        /// A template, or a whole text.
        text: String,
        /// An area of the peer: the other side, where the text is a template.
        to: County,
    },
    /// Proposes the next version of one that is held.
    Amend {
        /// Which.
        id: AgreementId,
        /// A template, or a whole text; its version is set to the next.
        text: String,
    },
    /// Says yes to what the other side proposed.
    Accept(AgreementVersion),
    /// From today on nothing of that may travel.
    Suspend {
        /// Of which.
        which: Which,
        /// Only this kind; every one if none is named.
        kind: Option<Kind>,
        /// Only this way; both if none is named.
        way: Option<Way>,
        /// Why, for the other side's people.
        reason: Reason,
    },
    /// Takes back all that this side has suspended.
    Resume(Which),
    /// Ends it, or takes a proposal back.
    End {
        /// Which.
        which: Which,
        /// The first day on which it is in force no more; today or later.
        from: Date,
        /// Why, for the other side's people.
        reason: Reason,
    },
}

/// An agreement, and of its versions that one; else the one that it concerns most: in force, else
/// agreed on, else proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Which {
    /// The agreement.
    pub id: AgreementId,
    /// The version.
    pub version: Option<u32>,
}

impl FromStr for Which {
    type Err = NotAnAgreement;

    fn from_str(text: &str) -> Result<Self, NotAnAgreement> {
        if let Ok(id) = text.parse() {
            return Ok(Self { id, version: None });
        }
        let AgreementVersion { id, version } = text.parse()?;
        let version = Some(version);
        Ok(Self { id, version })
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { id, version: None } => id.fmt(f),
            Self {
                id,
                version: Some(version),
            } => AgreementVersion { id, version }.fmt(f),
        }
    }
}

/// Which way notices go, seen from this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Received here.
    In,
    /// Published here.
    Out,
}

/// What became of it: signed, and on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The version that it was said of.
    pub version: AgreementVersion,
    /// An area of the peer.
    pub peer: County,
    /// Where the version stands now.
    pub state: State,
}

/// Why nothing was said. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SayError {
    /// The agreements on disk.
    #[error(transparent)]
    Agreements(#[from] AgreementsError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The time.
    #[error(transparent)]
    Pairing(#[from] PairingError),
    /// The text is no template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The text is no agreement.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// It cannot be said.
    #[error(transparent)]
    Unsaid(#[from] Unsaid),
    /// It could not be signed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl From<SignersError> for SayError {
    fn from(error: SignersError) -> Self {
        Self::Agreements(error.into())
    }
}

/// Says something for this node's side: numbers it, signs it with the node's key and puts it on
/// disk, whole and synced. Blocks.
///
/// # Errors
/// [`SayError`].
pub fn say(dir: &NodeDir, act: Act, now: Timestamp) -> Result<Said, SayError> {
    let clock = || PairingError::Value("created");
    let today = calendar::day_of(now.as_millisecond()).ok_or_else(clock)?;
    files::make_dir(&dir.agreements())?;
    let _turn = files::lock(&dir.agreements())?;
    let signers = Signers::load(dir)?;
    let speaker = Speaker {
        dir,
        signers: &signers,
        now,
        today,
    };
    let (book, version, says) = match act {
        Act::Propose { text, to } => speaker.propose(text, to)?,
        Act::Amend { id, text } => speaker.amend(id, &text)?,
        Act::Accept(version) => speaker.accept(version)?,
        Act::Suspend {
            which,
            kind,
            way,
            reason,
        } => {
            let (book, version) = speaker.concerned(which)?;
            let what = speaker.what(&book, version, kind, way)?;
            let from = today;
            (book, version, Says::Suspend { what, from, reason })
        }
        Act::Resume(which) => {
            let book = speaker.book(which.id)?;
            let version = match which.version {
                Some(version) => version,
                None => speaker.suspended(&book)?,
            };
            (book, version, Says::Resume)
        }
        Act::End {
            which,
            from,
            reason,
        } => {
            let (book, version) = speaker.concerned(which)?;
            (book, version, Says::End { from, reason })
        }
    };
    speaker.sign(book, version, says)
}

/// Signs, for the side that invited, the text to which the other side has signed its answer: an
/// invitation may leave open who answers it. To repeat it changes nothing; so does an agreement that
/// several nodes share, or of which this side has said otherwise since. Blocks.
///
/// # Errors
/// [`SayError`], for files and signatures.
pub fn countersign(
    dir: &NodeDir,
    version: AgreementVersion,
    now: Timestamp,
) -> Result<(), SayError> {
    let clock = || PairingError::Value("created");
    let today = calendar::day_of(now.as_millisecond()).ok_or_else(clock)?;
    let _turn = files::lock(&dir.agreements())?;
    let signers = Signers::load(dir)?;
    let speaker = Speaker {
        dir,
        signers: &signers,
        now,
        today,
    };
    let signed = speaker
        .book(version.id)
        .and_then(|book| speaker.sign(book, version.version, Says::Accept));
    match signed {
        Ok(_) | Err(SayError::Unsaid(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// This node, when a person says something through it.
struct Speaker<'a> {
    dir: &'a NodeDir,
    signers: &'a Signers,
    now: Timestamp,
    today: Date,
}

impl Speaker<'_> {
    fn propose(&self, text: String, to: County) -> Result<(Book, u32, Says), SayError> {
        let own = &self.signers.own;
        if own.areas.contains(&to) {
            return Err(Unsaid::OwnAreas.into());
        }
        let peer = self.signers.peer_for(to).ok_or(Unsaid::NoPeer)?;
        let text = if is_whole(&text) {
            text
        } else {
            let own = own.id.area();
            let open = agreement::open(&text, &self.opening(own)?)?;
            agreement::close(&open, own.into(), to.into())?
        };
        let agreement = Agreement::parse(&text)?;
        let id = agreement.version.id;
        if self.signers.partner(id)?.id != peer.id {
            return Err(Unsaid::NotBetween.into());
        }
        let book = self.read(id)?;
        if book.highest() > 0 {
            return Err(Unsaid::AgreementHeld.into());
        }
        self.with(book, agreement, text)
    }

    fn amend(&self, id: AgreementId, text: &str) -> Result<(Book, u32, Says), SayError> {
        let book = self.book(id)?;
        let next = book.highest().checked_add(1).ok_or(Unsaid::VersionGap)?;
        let held = book.texts.values().next_back();
        let held = &held.ok_or(Unsaid::UnknownAgreement)?.agreement;
        let text = if is_whole(text) {
            text.to_owned()
        } else {
            let opening = Opening {
                a: held.a,
                ..self.opening(self.signers.own.id.area())?
            };
            agreement::close(&agreement::open(text, &opening)?, held.a, held.b)?
        };
        let text = numbered(&text, next);
        let agreement = Agreement::parse(&text)?;
        if agreement.version != (AgreementVersion { id, version: next }) {
            return Err(Unsaid::TextDiffers.into());
        }
        self.with(book, agreement, text)
    }

    /// A book with one text more, which this side proposes.
    fn with(
        &self,
        mut book: Book,
        agreement: Agreement,
        text: String,
    ) -> Result<(Book, u32, Says), SayError> {
        if agreement.sandbox != self.signers.sandbox || text.len() > MAX_TEXT {
            return Err(Unsaid::TextDiffers.into());
        }
        let version = agreement.version.version;
        if version != book.highest().saturating_add(1) {
            return Err(Unsaid::VersionGap.into());
        }
        let partner = self.signers.partner(book.id)?;
        let side = book::side_in(&agreement, &self.signers.own, partner);
        let held = book.side(&self.signers.own, partner);
        if side.is_none() || held.is_some_and(|held| Some(held) != side) {
            return Err(Unsaid::TextDiffers.into());
        }
        let text = Text {
            agreement,
            text,
            paired: false,
        };
        book.texts.insert(version, text);
        Ok((book, version, Says::Propose))
    }

    fn accept(&self, version: AgreementVersion) -> Result<(Book, u32, Says), SayError> {
        let book = self.book(version.id)?;
        let version = version.version;
        if !book.texts.contains_key(&version) {
            return Err(Unsaid::UnknownAgreement.into());
        }
        let side = self.side(&book)?;
        if book.yes(side, version) {
            return Err(Unsaid::AlreadyAgreed.into());
        }
        if !book.yes(side.other(), version) {
            return Err(Unsaid::NotProposed.into());
        }
        Ok((book, version, Says::Accept))
    }

    /// The version that is meant, and the book in which it stands.
    fn concerned(&self, which: Which) -> Result<(Book, u32), SayError> {
        let book = self.book(which.id)?;
        if let Some(version) = which.version {
            return match book.texts.contains_key(&version) {
                true => Ok((book, version)),
                false => Err(Unsaid::UnknownAgreement.into()),
            };
        }
        let concern = |version: u32| match self.state(&book, version) {
            Some(State::InForce | State::Suspended) => Some(3),
            Some(State::Accepted) => Some(2),
            Some(State::Proposed) => Some(1),
            Some(State::Draft | State::Ended | State::Expired | State::Superseded) | None => None,
        };
        let versions = book.texts.keys().copied();
        let most = versions.filter_map(|version| Some((concern(version)?, version)));
        let (_, version) = most.max().ok_or(Unsaid::UnknownAgreement)?;
        Ok((book, version))
    }

    /// The newest version of which this side has suspended anything.
    fn suspended(&self, book: &Book) -> Result<u32, SayError> {
        let said = book.standing.said(self.side(book)?);
        let suspended = |version: &u32| {
            let mut of_version = said.iter().filter(|it| it.agreement.version == *version);
            let last =
                of_version.rfind(|it| matches!(it.says, Says::Suspend { .. } | Says::Resume));
            last.is_some_and(|last| last.says != Says::Resume)
        };
        let newest = book.texts.keys().rev().copied().find(suspended);
        Ok(newest.ok_or(Unsaid::NotSuspended)?)
    }

    fn what(
        &self,
        book: &Book,
        version: u32,
        kind: Option<Kind>,
        way: Option<Way>,
    ) -> Result<What, SayError> {
        if (kind, way) == (None, None) {
            return Ok(What::All);
        }
        let own = self.side(book)?;
        let text = book.texts.get(&version).ok_or(Unsaid::UnknownAgreement)?;
        let from = |side: &Side| match way {
            None => true,
            Some(Way::Out) => *side == own,
            Some(Way::In) => *side == own.other(),
        };
        let kinds: BTreeSet<(Side, Kind)> = Side::ALL
            .into_iter()
            .filter(from)
            .flat_map(|side| Kind::ALL.map(|kind| (side, kind)))
            .filter(|(_, it)| kind.is_none_or(|kind| kind == *it))
            .filter(|(side, it)| text.agreement.terms(*side, *it).is_some())
            .collect();
        if kinds.is_empty() {
            return Err(Unsaid::SuspendsNothing.into());
        }
        Ok(What::Kinds(kinds))
    }

    /// Signs what is said of a version of that book, and puts all of it on disk.
    fn sign(&self, mut book: Book, version: u32, says: Says) -> Result<Said, SayError> {
        let partner = self.signers.partner(book.id)?;
        let side = self.side(&book)?;
        let text = book.texts.get(&version).ok_or(Unsaid::UnknownAgreement)?;
        if book.said(side).len() >= MAX_STATEMENTS {
            return Err(Unsaid::TooManyStatements.into());
        }
        let statement = Statement {
            side,
            number: book.standing.next_number(side),
            agreement: text.agreement.version,
            digest: text.agreement.digest(),
            on: self.today,
            says,
        };
        let signed = self.signers.sign(partner, statement.bytes())?;
        let agreement = statement.agreement;
        let said = book::Said {
            by: self.signers.own.id.area(),
            signed,
        };
        book.add(statement, said)?;
        book.write(self.dir)?;
        Ok(Said {
            version: agreement,
            peer: partner.id.area(),
            state: self.state(&book, version).unwrap_or(State::Draft),
        })
    }

    fn side(&self, book: &Book) -> Result<Side, SayError> {
        let partner = self.signers.partner(book.id)?;
        let side = book.side(&self.signers.own, partner);
        Ok(side.ok_or(Unsaid::UnknownAgreement)?)
    }

    /// What is held of an agreement with one peer.
    fn book(&self, id: AgreementId) -> Result<Book, SayError> {
        let book = self.read(id)?;
        if book.texts.is_empty() {
            return Err(Unsaid::UnknownAgreement.into());
        }
        self.signers.partner(id)?;
        Ok(book)
    }

    fn read(&self, id: AgreementId) -> Result<Book, SayError> {
        let books = Books::load(self.dir, |held| held == id)?;
        Ok(books.into_book(id))
    }

    fn state(&self, book: &Book, version: u32) -> Option<State> {
        let texts = book.texts.values().map(|text| text.agreement.clone());
        let id = book.id;
        Agreements::new(texts, [book.standing.clone()])
            .ok()?
            .state(AgreementVersion { id, version }, self.today)
    }

    fn opening(&self, a: County) -> Result<Opening, PairingError> {
        opening(a, self.signers.sandbox, self.now)
    }
}

/// Whether a text names its sides itself, as a template does not.
fn is_whole(text: &str) -> bool {
    text.lines().any(|line| line.trim() == "[parties]")
}

/// The text with that version in the place of its own.
fn numbered(text: &str, version: u32) -> String {
    let mut head = true;
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        head &= !line.trim_start().starts_with('[');
        let key = line.split('=').next().unwrap_or_default().trim();
        if head && key == "version" {
            out.push_str(&format!("version = {version}"));
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// Most bytes of one text.
pub(super) const MAX_TEXT: usize = 64 << 10;
/// Most statements of one side on one agreement.
pub(super) const MAX_STATEMENTS: usize = 1_000;
