//! A long sheet is written in the memory of a short one, measured on the process.
//!
//! Alone in its file, so that no other test adds to the peak.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "harness/memory.rs"]
mod memory;

use std::{
    fs::File,
    io::{Seek, Write},
};

use hongyan::{
    domain::{language::Language, notice::NoticeId, problem::Text},
    ledger::out::{CsvSheet, FeedbackForm, Received, Value, XlsxSheet},
};
use jiff::civil::date;

use self::memory::peak;

const ROWS: u64 = 100_000;
/// More than a reader of the whole would need for a tenth of the rows, less than for all.
const BOUND: usize = 8 << 20;

fn rows(form: FeedbackForm) -> impl Iterator<Item = Vec<Value>> {
    (0..ROWS).map(move |number| {
        form.row(&Received {
            id: NoticeId::new([1; 8], number),
            kind: Text {
                zh: "流出通报",
                en: "departures",
            },
            name: Some(format!("测试{number}")),
            resident_id: "990001199001010021".parse().ok(),
            phone: Some("19900000000".to_owned()),
            event_date: Some(date(2026, 10, 8)),
            origin_area: "350582104000".parse().ok(),
            destination_area: "530111001000".parse().ok(),
            destination_address: Some("云南省昆明市官渡区测试路1号".to_owned()),
            due: Some(date(2026, 11, 30)),
        })
    })
}

fn xlsx(out: impl Write + Seek, form: FeedbackForm, rows: impl Iterator<Item = Vec<Value>>) {
    let mut sheet = XlsxSheet::begin(out, form.sheet()).unwrap();
    rows.for_each(|row| sheet.row(&row).unwrap());
    sheet.finish().unwrap();
}

fn csv(out: impl Write, form: FeedbackForm, rows: impl Iterator<Item = Vec<Value>>) {
    let mut sheet = CsvSheet::begin(out, form.sheet()).unwrap();
    rows.for_each(|row| sheet.row(&row).unwrap());
    sheet.finish().unwrap();
}

#[test]
fn a_hundred_thousand_rows_take_no_more_memory_than_a_hundred() {
    let form = FeedbackForm {
        language: Language::Zh,
        sandbox: true,
    };
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| File::create(dir.path().join(name)).unwrap();
    // What is set up once counts for neither.
    xlsx(file("short.xlsx"), form, rows(form).take(100));
    csv(file("short.csv"), form, rows(form).take(100));
    let before = peak();
    xlsx(file("long.xlsx"), form, rows(form));
    csv(file("long.csv"), form, rows(form));
    let more = peak() - before;
    let length = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().len();
    assert!(length("long.xlsx") > 1 << 20 && length("long.csv") > 10 << 20);
    assert!(more < BOUND, "{} KiB more", more >> 10);
}
