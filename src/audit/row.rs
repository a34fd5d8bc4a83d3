//! The lines of a file: how each is written, and how its cells are read.

use csv::{QuoteStyle, ReaderBuilder, Terminator, WriterBuilder};
use data_encoding::BASE64;
use serde_json::{Map, Value};

use crate::{
    domain::{
        area::County,
        audit::{Entry, On},
        calendar::rfc3339,
    },
    ledger::{guarded, unguarded},
    store::Audited,
    trust::{audit_head::AuditHeadForm, identity::TrustDomain, signature::Signed},
};

/// How a file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A sheet in CSV, for people and their programs.
    Csv,
    /// An object a line.
    Json,
}

/// Whose record it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) trust_domain: TrustDomain,
    pub(super) home: County,
    pub(super) sandbox: bool,
}

/// The cells of a line, by their columns; empty ones are left out.
pub(super) type Cells = Vec<(&'static str, String)>;

impl Layout {
    /// What stands before all lines.
    pub(super) fn headings(self) -> Option<Vec<u8>> {
        match self {
            Self::Csv => {
                let headings = record(COLUMNS.into_iter().map(str::to_owned));
                Some([b"\xef\xbb\xbf", headings.as_slice()].concat())
            }
            Self::Json => None,
        }
    }

    /// A line with its end.
    pub(super) fn line(self, cells: &Cells) -> Vec<u8> {
        match self {
            Self::Csv => {
                let cell = |column: &str| {
                    let found = cells.iter().find(|(name, _)| *name == column);
                    found.map_or_else(String::new, |(_, value)| guarded(value).into_owned())
                };
                record(COLUMNS.into_iter().map(cell))
            }
            Self::Json => {
                let object: Map<String, Value> = cells
                    .iter()
                    .map(|(name, value)| {
                        let number = NUMBERS.contains(name).then(|| value.parse::<u64>());
                        let value = match number {
                            Some(Ok(number)) => number.into(),
                            Some(Err(_)) | None => value.clone().into(),
                        };
                        ((*name).to_owned(), value)
                    })
                    .collect();
                format!("{}\n", Value::Object(object)).into_bytes()
            }
        }
    }

    /// The cell of a line in that column; none if it has no such text, or is no line.
    pub(super) fn cell(self, line: &[u8], column: &str) -> Option<String> {
        match self {
            Self::Csv => {
                let at = COLUMNS.iter().position(|name| *name == column)?;
                let mut reader = ReaderBuilder::new().has_headers(false).from_reader(line);
                let record = reader.records().next()?.ok()?;
                Some(unguarded(record.get(at)?).to_owned())
            }
            Self::Json => {
                let object: Value = serde_json::from_slice(line).ok()?;
                Some(object.get(column)?.as_str()?.to_owned())
            }
        }
    }
}

fn record(cells: impl Iterator<Item = String>) -> Vec<u8> {
    let mut out = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Always)
        .from_writer(Vec::new());
    // Writing into memory does not fail.
    out.write_record(cells).unwrap_or_default();
    out.into_inner().unwrap_or_default()
}

/// The first line.
pub(super) fn opening(opening: &Opening) -> Cells {
    let Opening {
        trust_domain,
        home,
        sandbox,
    } = opening;
    filled([
        ("home_area", home.to_string()),
        ("who", trust_domain.to_string()),
        ("act", OPENING.to_owned()),
        ("outcome", mode(*sandbox).to_owned()),
    ])
}

/// The line of an act.
pub(super) fn act(audited: &Audited) -> Cells {
    let Audited {
        home,
        number,
        previous: _,
        entry,
    } = audited;
    let Entry {
        at_ms,
        who,
        role,
        from,
        act,
        on,
        purpose,
        came,
        counts,
    } = entry;
    let on: Vec<String> = on.iter().map(On::to_string).collect();
    filled([
        ("number", number.to_string()),
        ("at", rfc3339(*at_ms)),
        ("home_area", home.to_string()),
        ("who", who.to_string()),
        ("role", role.clone()),
        ("from", from.clone()),
        ("act", act.name().to_owned()),
        ("on", on.join(" ")),
        ("purpose", purpose.name().to_owned()),
        ("reason", purpose.reason().to_owned()),
        ("outcome", came.name().to_owned()),
        ("code", came.code().to_owned()),
        ("done", counts.done.to_string()),
        ("repeated", counts.repeated.to_string()),
        ("refused", counts.refused.to_string()),
        ("form", BASE64.encode(&audited.bytes())),
    ])
}

/// The last line.
pub(super) fn closing(form: &AuditHeadForm, signed: &Signed, key: &[u8]) -> Cells {
    filled([
        ("number", form.last.to_string()),
        ("at", rfc3339(form.time_ms)),
        ("home_area", form.frame.channel.from.to_string()),
        ("act", CLOSING.to_owned()),
        ("on", format!("{}-{}", form.first, form.last)),
        ("outcome", mode(form.frame.sandbox).to_owned()),
        ("form", BASE64.encode(signed.form())),
        ("signature", BASE64.encode(signed.signature())),
        ("signing_key", BASE64.encode(key)),
    ])
}

fn filled<const N: usize>(cells: [(&'static str, String); N]) -> Cells {
    cells
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

pub(super) const fn mode(sandbox: bool) -> &'static str {
    if sandbox { "sandbox" } else { "production" }
}

pub(super) const OPENING: &str = "hongyan audit v1";

pub(super) const CLOSING: &str = "closing";

const COLUMNS: [&str; 18] = [
    "number",
    "at",
    "home_area",
    "who",
    "role",
    "from",
    "act",
    "on",
    "purpose",
    "reason",
    "outcome",
    "code",
    "done",
    "repeated",
    "refused",
    "form",
    "signature",
    "signing_key",
];

const NUMBERS: [&str; 4] = ["number", "done", "repeated", "refused"];
