//! Reading a file of acts back, line by line, and finding where it is not what was written.

use std::io::{self, BufRead, Read};

use data_encoding::BASE64;

use super::row::{self, CLOSING, Layout, OPENING, Opening};
use crate::{
    domain::{area::County, channel::Digest, problem::Sentence},
    store::Audited,
    trust::{
        audit_head::AuditHeadForm,
        identity::TrustDomain,
        keys::{KeyId, PublicKey},
        signature::{PinnedKey, SignatureError, Signed},
    },
};

/// A file that holds: what was signed of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The trust domain of the node.
    pub trust_domain: TrustDomain,
    /// The home area.
    pub home: County,
    /// Whether it is a trial node's.
    pub sandbox: bool,
    /// Number of the first act.
    pub first: u64,
    /// Number of the last act.
    pub last: u64,
    /// Digest of the last act.
    pub head: Digest,
    /// When it was signed: milliseconds since 1970.
    pub signed_at_ms: i64,
    /// The key that signed: whoever reads compares it with the node's.
    pub key: KeyId,
}

/// Where a file is not what was written, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExcerptFault {
    /// Number of the line, from 1 on.
    pub line: u64,
    /// Number of the first act that is not proven; none before the first is read.
    pub act: Option<u64>,
    /// How.
    pub what: ExcerptWrong,
}

/// How a file is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExcerptWrong {
    /// The line is not as it was written.
    Altered,
    /// The act does not go on from the one before it: one was changed, removed, put in or moved.
    Chain,
    /// The file is cut off.
    CutOff,
    /// It is no file of acts.
    NotAnExcerpt,
    /// The signature does not fit what stands before it.
    Signature,
    /// Something stands behind the end.
    Trailing,
}

impl ExcerptWrong {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Chain => "chain_broken",
            Self::CutOff => "cut_off",
            Self::NotAnExcerpt => "not_an_excerpt",
            Self::Signature => "signature",
            Self::Trailing => "trailing",
        }
    }

    /// In words.
    pub fn sentence(self) -> Sentence {
        let (zh, en) = match self {
            Self::Altered => ("该行被改动", "the line was changed"),
            Self::Chain => (
                "与前一条不衔接：有记录被改写、删除、插入或移位",
                "it does not go on from the act before it: one was changed, removed, put in or moved",
            ),
            Self::CutOff => ("文件不完整，末尾缺失", "the file is cut off"),
            Self::NotAnExcerpt => (
                "不是审计导出文件",
                "this is no file that hongyan audit export wrote",
            ),
            Self::Signature => (
                "签名与以上内容不符",
                "the signature does not fit what stands before it",
            ),
            Self::Trailing => (
                "结尾之后还有内容",
                "something stands behind the end of the file",
            ),
        };
        Sentence {
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    }
}

/// Reads a file to its end, a line at a time, and tells what holds, or what does not and where.
///
/// # Errors
/// If the input fails.
pub fn verify(input: impl BufRead) -> io::Result<Result<Excerpt, ExcerptFault>> {
    let mut lines = Lines { input, number: 0 };
    let fault = |lines: &Lines<_>, act, what| {
        Ok(Err(ExcerptFault {
            line: lines.number,
            act,
            what,
        }))
    };
    let Some(first) = lines.next()? else {
        lines.number = 1;
        return fault(&lines, None, ExcerptWrong::NotAnExcerpt);
    };
    let (layout, first) = match Layout::Csv.headings() {
        Some(headings) if headings == first => match lines.next()? {
            Some(line) => (Layout::Csv, line),
            None => {
                lines.number = 2;
                return fault(&lines, None, ExcerptWrong::CutOff);
            }
        },
        Some(_) | None => (Layout::Json, first),
    };
    let Some(opening) = opening(layout, &first) else {
        return fault(&lines, None, ExcerptWrong::NotAnExcerpt);
    };
    if layout.line(&row::opening(&opening)) != first {
        return fault(&lines, None, ExcerptWrong::Altered);
    }
    let opened = lines.number;
    let mut read: Option<AuditHeadForm> = None;
    loop {
        let next = read.as_ref().map(|form| form.last.saturating_add(1));
        let Some(line) = lines.next()? else {
            lines.number = lines.number.saturating_add(1);
            return fault(&lines, next, ExcerptWrong::CutOff);
        };
        if layout.cell(&line, "act").is_some_and(|act| act == CLOSING) {
            let (excerpt, form) = match closed(layout, &line, &opening) {
                Ok(closed) => closed,
                Err(Misfit::Opening) => {
                    lines.number = opened;
                    return fault(&lines, None, ExcerptWrong::Altered);
                }
                Err(Misfit::Closing(what)) => return fault(&lines, next, what),
            };
            let same = read.as_ref().is_some_and(|read| {
                let AuditHeadForm {
                    frame,
                    first,
                    previous,
                    last,
                    head,
                    time_ms: _,
                } = read;
                (*frame, *first, *previous, *last, *head)
                    == (form.frame, form.first, form.previous, form.last, form.head)
            });
            if !same {
                return fault(&lines, next, ExcerptWrong::Chain);
            }
            if lines.next()?.is_some() {
                return fault(&lines, None, ExcerptWrong::Trailing);
            }
            return Ok(Ok(excerpt));
        }
        let bytes = layout.cell(&line, "form");
        let bytes = bytes.and_then(|form| BASE64.decode(form.as_bytes()).ok());
        let audited = bytes.and_then(|bytes| Audited::read(&bytes));
        let audited = audited.filter(|audited| layout.line(&row::act(audited)) == line);
        let Some(audited) = audited else {
            return fault(&lines, next, ExcerptWrong::Altered);
        };
        let before = audited.number.saturating_sub(1);
        let form = read.get_or_insert_with(|| {
            AuditHeadForm::begin(opening.home, opening.sandbox, before, audited.previous)
        });
        if audited.home != opening.home || form.last != before || form.head != audited.previous {
            return fault(&lines, next, ExcerptWrong::Chain);
        }
        form.add(audited.digest());
    }
}

fn opening(layout: Layout, line: &[u8]) -> Option<Opening> {
    let cell = |column| layout.cell(line, column);
    if cell("act")? != OPENING {
        return None;
    }
    Some(Opening {
        trust_domain: cell("who")?.parse().ok()?,
        home: cell("home_area")?.parse().ok()?,
        sandbox: cell("outcome")? == row::mode(true),
    })
}

/// Where the last line shows a fault.
enum Misfit {
    /// In the first: what was signed is another node's, area's or kind's.
    Opening,
    /// In itself.
    Closing(ExcerptWrong),
}

impl From<ExcerptWrong> for Misfit {
    fn from(what: ExcerptWrong) -> Self {
        Self::Closing(what)
    }
}

/// What the last line proves.
fn closed(
    layout: Layout,
    line: &[u8],
    opening: &Opening,
) -> Result<(Excerpt, AuditHeadForm), Misfit> {
    let bytes = |column| {
        let cell = layout.cell(line, column);
        let bytes = cell.and_then(|cell| BASE64.decode(cell.as_bytes()).ok());
        bytes.ok_or(ExcerptWrong::Altered)
    };
    let signed = Signed::received(bytes("form")?.into(), bytes("signature")?.into());
    let spki = bytes("signing_key")?;
    let Opening {
        trust_domain,
        home,
        sandbox,
    } = opening;
    let key = PublicKey::from_spki(&spki).map_err(|_| ExcerptWrong::Signature)?;
    let id = key.id();
    let pinned = PinnedKey::new(key, trust_domain.clone(), [*home].into());
    let verified = pinned.verify::<AuditHeadForm>(signed.clone());
    let form = match verified {
        Ok(verified) => verified.into_inner(),
        Err(SignatureError::OtherSigner | SignatureError::OtherArea) => {
            return Err(Misfit::Opening);
        }
        Err(_) => return Err(ExcerptWrong::Signature.into()),
    };
    if form.frame.sandbox != *sandbox {
        return Err(Misfit::Opening);
    }
    if layout.line(&row::closing(&form, &signed, &spki)) != line {
        return Err(ExcerptWrong::Altered.into());
    }
    let excerpt = Excerpt {
        trust_domain: trust_domain.clone(),
        home: *home,
        sandbox: *sandbox,
        first: form.first,
        last: form.last,
        head: form.head,
        signed_at_ms: form.time_ms,
        key: id,
    };
    Ok((excerpt, form))
}

struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next line with its end; none behind the last. A line that is too long comes in parts, none
    /// of which is one.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut limited = self.input.by_ref().take(LONGEST_LINE);
        if limited.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        Ok(Some(line))
    }
}

/// An act on a thousand cases is shorter.
const LONGEST_LINE: u64 = 1 << 20;
