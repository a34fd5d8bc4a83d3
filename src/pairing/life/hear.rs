//! What the peer has signed of the agreements between the two, and what it is shown.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{Context, SHA256};
use jiff::civil::Date;

use super::{
    Signer, Signers, Unsaid,
    book::{self, Book, Books, Text},
    say::{MAX_STATEMENTS, MAX_TEXT},
};
use crate::{
    agreement::{
        Agreement, Side,
        life::{Added, Says, Statement},
    },
    config::NodeDir,
    domain::{agreement::AgreementId, channel::Digest},
    pairing::AgreementsError,
    trust::{
        files::{self, FileError},
        identity::SpiffeId,
        signature::{SignatureError, Signed},
        statement::StatementForm,
    },
};

/// What a node holds of one agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The agreement.
    pub id: AgreementId,
    /// What side a said.
    pub a: Words,
    /// What side b said.
    pub b: Words,
}

/// What is held of what one side said: a side that tells two nodes two things is found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The highest number; 0 for none.
    pub count: u64,
    /// SHA-256 over the canonical bytes of all up to it, each behind its length (u64, big endian).
    pub digest: Digest,
}

impl Words {
    /// The first of those statements, so many of them; all there are if fewer.
    fn first(said: &[Statement], count: usize) -> Self {
        let mut sum = Context::new(&SHA256);
        for statement in said.iter().take(count) {
            let bytes = statement.bytes();
            sum.update(&(bytes.len() as u64).to_be_bytes());
            sum.update(&bytes);
        }
        Self {
            count: said.len().min(count) as u64,
            digest: Digest::try_from(sum.finish().as_ref()).unwrap_or_default(),
        }
    }
}

impl Holding {
    const fn of(self, side: Side) -> Words {
        match side {
            Side::A => self.a,
            Side::B => self.b,
        }
    }
}

/// A statement as it is handed over. Nothing of it is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// The agreement.
    pub id: AgreementId,
    /// The statement.
    pub signed: Signed,
    /// With a yes: the text of the version, unless both signed it when they paired.
    pub text: Option<String>,
}

/// What a peer is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// What is held here of each agreement between the two.
    pub held: Vec<Holding>,
    /// What the peer lacks of it, in order, as far as it goes into one message.
    pub lacking: Vec<Handed>,
}

/// What became of what a peer handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// How many statements were new.
    pub news: usize,
    /// What was not taken: of each agreement the first, and with it all behind it.
    pub refused: Vec<NotHeard>,
}

/// Why of an agreement something was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHeard {
    /// The agreement.
    pub id: AgreementId,
    /// Why.
    pub why: Unsaid,
}

/// What this node holds of the agreements with a peer, and what of it the peer lacks by what it says
/// it holds; nothing of the latter where it has not said. Blocks.
///
/// # Errors
/// [`AgreementsError`]. A peer that is not paired any more is shown nothing.
pub fn show(
    dir: &NodeDir,
    peer: &SpiffeId,
    theirs: Option<&[Holding]>,
) -> Result<Shown, AgreementsError> {
    let signers = Signers::load(dir)?;
    let Some(peer) = signers.peer(peer) else {
        return Ok(Shown::default());
    };
    let ours = |id| {
        signers
            .partner(id)
            .is_ok_and(|partner| partner.id == peer.id)
    };
    let books = Books::load(dir, ours)?;
    Ok(Shown {
        held: books.iter().map(held).collect(),
        lacking: theirs.map_or_else(Vec::new, |theirs| lacking(&books, &signers, peer, theirs)),
    })
}

fn held(book: &Book) -> Holding {
    let all = |side| Words::first(book.standing.said(side), usize::MAX);
    Holding {
        id: book.id,
        a: all(Side::A),
        b: all(Side::B),
    }
}

/// What is held beyond what the peer says it holds, as far as it goes into one message.
fn lacking(books: &Books, signers: &Signers, peer: &Signer, theirs: &[Holding]) -> Vec<Handed> {
    let mut lacking = Vec::new();
    let mut bytes = 0_usize;
    for (book, side) in books
        .iter()
        .flat_map(|book| Side::ALL.map(|side| (book, side)))
    {
        let said = book.standing.said(side);
        let known = theirs.iter().find(|it| it.id == book.id);
        let known = known.map_or_else(Words::default, |it| it.of(side));
        let count = usize::try_from(known.count).unwrap_or(usize::MAX);
        // Where both were told something else, all of it is shown: the peer names what differs.
        let both = said.len().min(count);
        let alike = count > both || Words::first(said, both) == known || count == 0;
        let from = if alike { both } else { 0 };
        for (statement, said) in said.iter().zip(book.said(side)).skip(from) {
            // The peer believes what is new to it only under the key in use.
            let signed = if said.by == signers.own.id.area() {
                signers.renewed(peer, &said.signed)
            } else {
                Ok(said.signed.clone())
            };
            let Ok(signed) = signed else {
                break;
            };
            let text = text_with(book, statement);
            let length = text.as_ref().map_or(0, String::len);
            bytes = bytes
                .saturating_add(length)
                .saturating_add(signed.form().len());
            if bytes > MESSAGE_BYTES || lacking.len() >= MESSAGE_STATEMENTS {
                return lacking;
            }
            let id = book.id;
            lacking.push(Handed { id, signed, text });
        }
    }
    lacking
}

/// The text that goes with a statement.
fn text_with(book: &Book, statement: &Statement) -> Option<String> {
    let yes = matches!(statement.says, Says::Propose | Says::Accept);
    let text = book.texts.get(&statement.agreement.version)?;
    let goes = yes && !text.paired && text.agreement.digest() == statement.digest;
    goes.then(|| text.text.clone())
}

/// Takes what a peer hands over, each statement only with a signature of the side for which it
/// speaks, and puts it on disk before it counts. What does not stand changes nothing. Blocks.
///
/// # Errors
/// [`AgreementsError`]; then nothing was taken.
pub fn hear(
    dir: &NodeDir,
    peer: &SpiffeId,
    handed: Vec<Handed>,
    today: Date,
) -> Result<Heard, AgreementsError> {
    if handed.is_empty() {
        return Ok(Heard::default());
    }
    files::make_dir(&dir.agreements())?;
    let _turn = files::lock(&dir.agreements())?;
    let signers = Signers::load(dir)?;
    let mut heard = Heard::default();
    let Some(peer) = signers.peer(peer) else {
        return Ok(heard);
    };
    let ours = |id| {
        signers
            .partner(id)
            .is_ok_and(|partner| partner.id == peer.id)
    };
    let mut listener = Listener {
        books: Books::load(dir, ours)?,
        signers: &signers,
        peer,
        today,
    };
    let mut changed = BTreeSet::new();
    for handed in handed {
        let id = handed.id;
        if heard.refused.iter().any(|refused| refused.id == id) {
            continue;
        }
        match listener.take(handed) {
            Ok(Added::New) => {
                heard.news = heard.news.saturating_add(1);
                changed.insert(id);
            }
            Ok(Added::Repeated) => {}
            Err(why) => heard.refused.push(NotHeard { id, why }),
        }
    }
    write(dir, &mut listener.books, &changed)?;
    Ok(heard)
}

fn write(
    dir: &NodeDir,
    books: &mut Books,
    changed: &BTreeSet<AgreementId>,
) -> Result<(), FileError> {
    for id in changed {
        books.book(*id).write(dir)?;
    }
    Ok(())
}

/// This node, when it listens to a peer.
struct Listener<'a> {
    books: Books,
    signers: &'a Signers,
    peer: &'a Signer,
    today: Date,
}

impl<'a> Listener<'a> {
    fn take(&mut self, handed: Handed) -> Result<Added, Unsaid> {
        let Handed { id, signed, text } = handed;
        if self.signers.partner(id)?.id != self.peer.id {
            return Err(Unsaid::NotBetween);
        }
        let (form, by, fresh) = self.signer_of(&signed)?;
        let statement = Statement::read(&form.statement).map_err(|_| Unsaid::Malformed)?;
        if statement.agreement.id != id {
            return Err(Unsaid::NotBetween);
        }
        let tomorrow = self.today.tomorrow().unwrap_or(self.today);
        if statement.on > tomorrow {
            return Err(Unsaid::FromTheFuture);
        }
        let text = self.text(&statement, text)?;
        let (peer, waiting) = (self.peer, self.waiting());
        let own: &'a Signer = &self.signers.own;
        let other = if by.id == peer.id { own } else { peer };
        let book = self.books.book(id);
        let side = match &text {
            Some(text) => book::side_in(&text.agreement, by, other),
            None => book.side(by, other),
        };
        let held = book.side(by, other);
        if side != Some(statement.side) || held.is_some_and(|held| held != statement.side) {
            return Err(Unsaid::OtherSide);
        }
        let new = statement.number >= book.standing.next_number(statement.side);
        if new {
            if !fresh {
                return Err(Unsaid::KeySuperseded);
            }
            if book.said(statement.side).len() >= MAX_STATEMENTS {
                return Err(Unsaid::TooManyStatements);
            }
            if statement.agreement.version > book.highest().saturating_add(MOST_AHEAD) {
                return Err(Unsaid::VersionGap);
            }
            if text.is_some() && by.id == peer.id && waiting >= MAX_PROPOSALS {
                return Err(Unsaid::TooManyProposals);
            }
        }
        let (version, by) = (statement.agreement.version, by.id.area());
        let added = book.add(statement, book::Said { by, signed })?;
        if let Some(text) = text {
            book.texts.entry(version).or_insert(text);
        }
        Ok(added)
    }

    /// Who signed it, and whether with the key that its node uses now: the peer, or this node
    /// itself, whose own words a peer may show.
    fn signer_of(&self, signed: &Signed) -> Result<(StatementForm, &'a Signer, bool), Unsaid> {
        let signers: &'a Signers = self.signers;
        let (own, peer) = (&signers.own, self.peer);
        let (verified, by, fresh) = match peer.keys.verify::<StatementForm>(signed.clone()) {
            Ok(verified) => (Ok(verified), peer, true),
            Err(SignatureError::Superseded) => (peer.keys.recognise(signed.clone()), peer, false),
            Err(SignatureError::Form(_)) => return Err(Unsaid::Malformed),
            Err(_) => (own.keys.recognise(signed.clone()), own, true),
        };
        let form = verified.map_err(|_| Unsaid::Forged)?.into_inner();
        let other = if by.id == peer.id { own } else { peer };
        if form.frame != self.signers.frame(by, other) {
            return Err(Unsaid::Forged);
        }
        Ok((form, by, fresh))
    }

    /// The text that came with a statement, where it is needed: none is held of the version.
    fn text(
        &mut self,
        statement: &Statement,
        came: Option<String>,
    ) -> Result<Option<Text>, Unsaid> {
        let version = statement.agreement;
        let book = self.books.book(version.id);
        if book.texts.contains_key(&version.version) {
            return Ok(None);
        }
        let text = came.ok_or(Unsaid::TextMissing)?;
        if text.len() > MAX_TEXT {
            return Err(Unsaid::TextDiffers);
        }
        let agreement = Agreement::parse(&text).map_err(|_| Unsaid::TextDiffers)?;
        let same = agreement.version == version
            && agreement.digest() == statement.digest
            && agreement.sandbox == self.signers.sandbox;
        if !same {
            return Err(Unsaid::TextDiffers);
        }
        Ok(Some(Text {
            agreement,
            text,
            paired: false,
        }))
    }

    /// How many versions wait for this node's yes.
    fn waiting(&self) -> usize {
        let waiting = |book: &&Book| {
            let side = book.side(&self.signers.own, self.peer);
            let texts = || book.texts.keys();
            side.map_or(0, |side| texts().filter(|it| !book.yes(side, **it)).count())
        };
        self.books.iter().map(|book| waiting(&book)).sum()
    }
}

/// Most versions of one peer that wait for a yes.
const MAX_PROPOSALS: usize = 16;
/// By how much a version may be ahead of those that are held: of a node that was set back, the other
/// side's words come before its own.
const MOST_AHEAD: u32 = 16;
/// What goes into one message: a quarter of what the exchange lets through.
const MESSAGE_BYTES: usize = 256 << 10;
const MESSAGE_STATEMENTS: usize = 64;
