//! What reads bytes of others, as targets for fuzzing: a function of bytes each, which must not
//! panic, whatever they are, nor take long, nor much memory. Where there is a writer too, what was
//! read and written again must be what was read.
//!
//! This is a module of the library, and only of its tests and of a build with `--cfg fuzzing`: so
//! readers that are nobody else's business stay private. What lies deeper in a room stands in a file
//! of its own here, and is a module of that room. The short form (`tests/fuzz/short`) runs them with
//! every `cargo test`; the long form is `tests/fuzz/Cargo.toml`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a target fails by panicking, and is watched by the system's clock"
)]

mod ledger;
mod text;

#[cfg(test)]
#[path = "../short/mod.rs"]
mod short;

use crate::{exchange, office, store, trust};

/// A name, and what is done with bytes under it.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("act", store::fuzz::act),
    ("agree", exchange::fuzz::agree),
    ("agreement", text::agreement),
    ("answer", text::answer),
    ("certificate", trust::fuzz::certificate),
    ("crl", trust::fuzz::crl),
    ("draft", office::fuzz::draft),
    ("earlier_keys", trust::fuzz::earlier_keys),
    ("evidence", evidence),
    ("group", store::fuzz::group),
    ("holdings", exchange::fuzz::holdings),
    ("index_values", store::fuzz::index_values),
    ("invitation", text::invitation),
    ("json_lines", ledger::json_lines),
    ("ledger_csv", ledger::file),
    ("ledger_ods", ledger::file),
    ("ledger_ods_content", ledger::ods_content),
    ("ledger_xls", ledger::file),
    ("ledger_xlsx", ledger::file),
    ("ledger_xlsx_sheet", ledger::xlsx_sheet),
    ("ledger_xlsx_texts", ledger::xlsx_texts),
    ("list_notices", office::fuzz::list_notices),
    ("mapping", text::mapping),
    ("names", text::names),
    ("node_toml", text::node_toml),
    ("notice", notice),
    ("pairing_forms", trust::fuzz::pairing_forms),
    ("parcel", trust::fuzz::parcel),
    ("peer", text::peer),
    ("pem", trust::fuzz::pem),
    ("probe", exchange::fuzz::probe),
    ("receipt", trust::fuzz::receipt),
    ("receiver_step", exchange::fuzz::receiver_step),
    ("resend", trust::fuzz::resend),
    ("segment_header", store::fuzz::segment_header),
    ("sender_step", exchange::fuzz::sender_step),
    ("snapshot", store::fuzz::snapshot),
    ("spki", trust::fuzz::spki),
    ("statement", trust::fuzz::statement),
    ("subscribe", office::fuzz::subscribe),
    ("succession", trust::fuzz::succession),
    ("summary", store::fuzz::summary),
    ("template", text::template),
];

/// Runs the target of that name.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    target(bytes);
}

/// A file of evidence is believed or not; what is believed is told in words.
fn evidence(bytes: &[u8]) {
    if let Ok(verdict) = crate::evidence::verify(bytes, &[]) {
        let told = verdict.proven.iter().map(|claim| claim.sentence());
        let gaps = verdict.not_proven.iter().map(|gap| gap.sentence());
        assert!(told.chain(gaps).all(|told| !told.en.is_empty()));
    }
}

fn notice(bytes: &[u8]) {
    use crate::envelope::{Outgoing, decode, encode_body, prefix};

    let Ok(read) = decode(bytes) else {
        return;
    };
    let body = encode_body(&Outgoing {
        from: read.header.from,
        to: read.header.to,
        case_id: read.header.case_id,
        answers: read.header.answers,
        agreement: read.header.agreement,
        purpose: &read.header.purpose,
        published_at_ms: read.header.published_at_ms,
        deadline_ms: read.header.deadline_ms,
        sandbox: read.header.sandbox,
        nonce: [5; 16],
        consent: read.consent.as_ref(),
        content: &read.content,
    });
    let prefix = prefix(read.header.id, read.header.opposite_sequence);
    let again = decode(&[prefix.as_slice(), &body].concat()).ok();
    assert!(again == Some(read), "a notice written again is another one");
}
