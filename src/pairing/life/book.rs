//! One agreement as a node's directory holds it: its texts, and what both sides have signed.
//!
//! ```text
//! agreements/<id>.toml            a version that both signed when they paired; so are further
//!                                 texts under any other name
//! agreements/<id>.invitation      with .answer: the files by which they did, each signed
//! agreements/<id>.<version>.toml  a version that counts by what was said of it
//! agreements/<id>.statements      what was said: a line a statement, the area in the name of its
//!                                 signer, the signed form and the signature, in base64; a's in
//!                                 the order of their numbers, then b's
//! agreements/<id>.statements.<s>  what had been said when they paired anew: kept, and not read
//! ```

use std::{collections::BTreeMap, fmt::Write as _, fs, io};

use data_encoding::BASE64;

use super::{Signer, Signers, Unsaid};
use crate::{
    agreement::{
        Agreement, Side, TwoTexts,
        life::{Added, Says, Standing, Statement},
    },
    config::NodeDir,
    domain::{
        agreement::{AgreementId, AgreementVersion},
        area::County,
    },
    pairing::AgreementsError,
    trust::{
        files,
        signature::{Signed, Verified},
        statement::StatementForm,
    },
};

/// One agreement, in all its versions.
pub(super) struct Book {
    pub(super) id: AgreementId,
    pub(super) texts: BTreeMap<u32, Text>,
    pub(super) standing: Standing,
    /// What proves the statements of `standing`, a's and b's.
    said: [Vec<Said>; 2],
}

/// The text of one version.
pub(super) struct Text {
    pub(super) agreement: Agreement,
    pub(super) text: String,
    /// Both signed it when they paired: it needs no statements.
    pub(super) paired: bool,
}

/// A statement with its signature.
#[derive(Clone)]
pub(super) struct Said {
    /// The area in the name of its signer.
    pub(super) by: County,
    pub(super) signed: Signed,
}

/// All agreements of a node, or those that may be between it and one peer.
pub(super) struct Books(BTreeMap<AgreementId, Book>);

impl Books {
    /// Reads those of which `wanted` says so.
    ///
    /// # Errors
    /// The first file that cannot be used: a node does not guess what it may let through.
    pub(super) fn load(
        dir: &NodeDir,
        wanted: impl Fn(AgreementId) -> bool,
    ) -> Result<Self, AgreementsError> {
        let mut books = Self(BTreeMap::new());
        let mut statements = Vec::new();
        for name in names(dir)? {
            let named = Named::of(&name);
            if named.id().is_some_and(|id| !wanted(id)) {
                continue;
            }
            let read = || -> Result<String, AgreementsError> {
                let bytes = files::read_public(&dir.agreements().join(&name))?;
                let name = name.clone();
                String::from_utf8(bytes).map_err(|_| AgreementsError::NotText { name })
            };
            match named {
                Named::Statements(id) => statements.push((id, read()?, name)),
                Named::Version(_) | Named::Paired(_) => {
                    let text = read()?;
                    let agreement = Agreement::parse(&text);
                    let agreement = agreement.map_err(|error| AgreementsError::Terms {
                        name: name.clone(),
                        error,
                    })?;
                    if wanted(agreement.version.id) {
                        let paired = named != Named::Version(agreement.version);
                        books.insert(agreement, text, paired)?;
                    }
                }
                Named::Other => {}
            }
        }
        if statements.is_empty() {
            return Ok(books);
        }
        let signers = Signers::load(dir)?;
        for (id, text, name) in statements {
            books
                .book(id)
                .read(&text, &signers)
                .map_err(|(line, why)| AgreementsError::Statements { name, line, why })?;
        }
        Ok(books)
    }

    fn insert(&mut self, agreement: Agreement, text: String, paired: bool) -> Result<(), TwoTexts> {
        let version = agreement.version;
        let book = self.book(version.id);
        let held = book.texts.get(&version.version);
        if held.is_some_and(|held| held.agreement.digest() != agreement.digest()) {
            return Err(TwoTexts(version));
        }
        if paired {
            let (digest, on) = (agreement.digest(), agreement.valid_from);
            book.standing.signed_in_pairing(version.version, digest, on);
        }
        let paired = paired || held.is_some_and(|held| held.paired);
        let text = Text {
            agreement,
            text,
            paired,
        };
        book.texts.insert(version.version, text);
        Ok(())
    }

    /// That of an id, empty if nothing is held of it.
    pub(super) fn book(&mut self, id: AgreementId) -> &mut Book {
        self.0.entry(id).or_insert_with(|| Book::new(id))
    }

    /// That of an id alone.
    pub(super) fn into_book(mut self, id: AgreementId) -> Book {
        self.0.remove(&id).unwrap_or_else(|| Book::new(id))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Book> {
        self.0.values()
    }

    pub(super) fn into_books(self) -> impl Iterator<Item = Book> {
        self.0.into_values()
    }
}

impl Book {
    fn new(id: AgreementId) -> Self {
        Self {
            id,
            texts: BTreeMap::new(),
            standing: Standing::new(id),
            said: Default::default(),
        }
    }

    /// The highest version that is held or was spoken of; 0 for none.
    pub(super) fn highest(&self) -> u32 {
        let spoken = Side::ALL
            .into_iter()
            .flat_map(|side| self.standing.said(side));
        let spoken = spoken.map(|statement| statement.agreement.version);
        spoken.chain(self.texts.keys().copied()).max().unwrap_or(0)
    }

    /// The side of `signer` where the other is `other`. The sides are the same in all versions.
    pub(super) fn side(&self, signer: &Signer, other: &Signer) -> Option<Side> {
        let any = &self.texts.values().next()?.agreement;
        side_in(any, signer, other)
    }

    /// What that side has signed, in order.
    pub(super) fn said(&self, side: Side) -> &[Said] {
        match side {
            Side::A => &self.said[0],
            Side::B => &self.said[1],
        }
    }

    /// Takes a statement that its side was found to have signed.
    pub(super) fn add(&mut self, statement: Statement, said: Said) -> Result<Added, Unsaid> {
        let side = statement.side;
        let added = self.standing.add(statement)?;
        if added == Added::New {
            match side {
                Side::A => self.said[0].push(said),
                Side::B => self.said[1].push(said),
            }
        }
        Ok(added)
    }

    /// True if a side has said yes to the text that is held of that version.
    pub(super) fn yes(&self, side: Side, version: u32) -> bool {
        self.texts.get(&version).is_some_and(|text| {
            let digest = text.agreement.digest();
            let mut said = self.standing.said(side).iter();
            text.paired
                || said.any(|held| {
                    let yes = matches!(held.says, Says::Propose | Says::Accept);
                    yes && held.agreement.version == version && held.digest == digest
                })
        })
    }

    /// Puts what was said on disk, and the texts of versions that are not there yet before it: a
    /// kill in between leaves a draft that nobody has said yes to.
    pub(super) fn write(&self, dir: &NodeDir) -> Result<(), files::FileError> {
        for text in self.texts.values().filter(|text| !text.paired) {
            let path = dir.agreement_version(text.agreement.version);
            if files::read_if_present(&path)?.is_none() {
                files::write_public(&path, text.text.as_bytes())?;
            }
        }
        let mut lines = HEAD.to_owned();
        for said in self.said.iter().flatten() {
            let form = BASE64.encode(said.signed.form());
            let signature = BASE64.encode(said.signed.signature());
            // Writing to a string does not fail.
            writeln!(lines, "{} {form} {signature}", said.by).unwrap_or_default();
        }
        files::write_public(&dir.statements(self.id), lines.as_bytes())
    }

    /// Reads what was said. What a node said that is not paired any more is passed over: nothing
    /// goes to it or comes from it. Else gives the number of the line that cannot stand.
    fn read(&mut self, text: &str, signers: &Signers) -> Result<(), (usize, Unsaid)> {
        let numbered = (1..).zip(text.lines());
        let lines = numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        for (number, line) in lines {
            let said = Said::read(line).ok_or((number, Unsaid::Malformed))?;
            self.recall(said, signers).map_err(|why| (number, why))?;
        }
        Ok(())
    }

    fn recall(&mut self, said: Said, signers: &Signers) -> Result<(), Unsaid> {
        let Some(signer) = signers.named(said.by) else {
            return Ok(());
        };
        let kept: Verified<StatementForm> = signer
            .keys
            .recognise(said.signed.clone())
            .map_err(|_| Unsaid::Forged)?;
        let form = kept.as_ref();
        let statement = Statement::read(&form.statement).map_err(|_| Unsaid::Malformed)?;
        let channel = form.frame.channel;
        if channel.from != said.by || form.frame.sandbox != signers.sandbox {
            return Err(Unsaid::Forged);
        }
        let known = signers.named(channel.to);
        if known.is_some_and(|other| self.side(signer, other) != Some(statement.side)) {
            // The two have paired anew with their sides exchanged: this was of the life before.
            return Ok(());
        }
        match self.add(statement, said)? {
            Added::New => Ok(()),
            Added::Repeated => Err(Unsaid::Conflict),
        }
    }
}

impl Said {
    fn read(line: &str) -> Option<Self> {
        let mut parts = line.split(' ');
        let (by, form, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let bytes = |text: &str| BASE64.decode(text.as_bytes()).ok();
        Some(Self {
            by: by.parse().ok()?,
            signed: Signed::received(bytes(form)?.into(), bytes(signature)?.into()),
        })
    }
}

/// The side of `signer` in an agreement with `other`.
pub(super) fn side_in(agreement: &Agreement, signer: &Signer, other: &Signer) -> Option<Side> {
    Side::ALL.into_iter().find(|side| {
        let own = agreement.party(*side);
        let others = agreement.party(side.other());
        signer.areas.iter().any(|area| own.meets(*area))
            && other.areas.iter().any(|area| others.meets(*area))
    })
}

/// What a file's name says of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Statements(AgreementId),
    Version(AgreementVersion),
    /// Named otherwise; with an id, by that alone.
    Paired(Option<AgreementId>),
    Other,
}

impl Named {
    fn of(name: &str) -> Self {
        if name.starts_with('.') {
            return Self::Other;
        }
        if let Some(id) = name.strip_suffix(".statements") {
            return id.parse().map_or(Self::Other, Self::Statements);
        }
        let Some(stem) = name.strip_suffix(".toml") else {
            return Self::Other;
        };
        let version = stem.split_once('.').and_then(|(id, version)| {
            // As a version is shown.
            format!("{id}/{version}").parse().ok()
        });
        version.map_or_else(|| Self::Paired(stem.parse().ok()), Self::Version)
    }

    const fn id(self) -> Option<AgreementId> {
        match self {
            Self::Statements(id) | Self::Paired(Some(id)) => Some(id),
            Self::Version(version) => Some(version.id),
            Self::Paired(None) | Self::Other => None,
        }
    }
}

/// The files of `agreements/`, in the order of their names; none where it is not there.
fn names(dir: &NodeDir) -> Result<Vec<String>, AgreementsError> {
    let listed = match fs::read_dir(dir.agreements()) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(AgreementsError::Directory(error)),
    };
    let mut names = Vec::new();
    for entry in listed {
        let name = entry.map_err(AgreementsError::Directory)?.file_name();
        names.push(name.to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

const HEAD: &str = "\
# 双方就本协议签署的声明，由节点写入，请勿修改：改动后节点不再启动。
# What both sides have signed of this agreement, written by the node. Do not edit: it would not start.
";
