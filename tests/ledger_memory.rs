//! Reading a hostile file stays within its bounds of memory and time, measured on the process.
//!
//! A file of 511 KB once took 530 MiB in a reader that trusted it. Alone in its file, so that no other
//! test adds to the peak.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "harness/memory.rs"]
mod memory;

use std::{
    io::{Cursor, Write},
    ops::ControlFlow,
    time::Duration,
};

use hongyan::{
    domain::{
        draft::{Asked, Rules},
        notice::Kind,
    },
    ledger::{Judge, LedgerError, Mapping, Options, read_ledger},
};
use jiff::civil::Date;

use self::memory::peak;

const BOUND: usize = 256 << 20;
/// Of a build that is not optimised.
const PATIENCE: Duration = Duration::from_secs(60);

fn read(bytes: Vec<u8>) -> Result<u32, LedgerError> {
    let rules = Rules {
        today: Date::new(2026, 11, 22).unwrap(),
        home_areas: vec!["350582".parse().unwrap()],
        sandbox: true,
    };
    let judge = Judge {
        rules: &rules,
        gate: &|_: &Asked<'_>| Vec::new(),
    };
    let mapping = Mapping::default();
    let options = Options {
        name: "",
        kind: Some(Kind::Departure),
        mapping: &mapping,
    };
    let mut rows = 0;
    read_ledger(bytes, &options, &judge, &mut |_| {
        rows += 1;
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

/// An archive of parts, each a head, a piece so many times, and a tail.
fn archive(parts: &[(&str, &str, &str, usize, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, head, piece, times, tail) in parts {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).unwrap();
        zip.write_all(head.as_bytes()).unwrap();
        let block = piece.repeat(1_000);
        for _ in 0..times / 1_000 {
            zip.write_all(block.as_bytes()).unwrap();
        }
        zip.write_all(tail.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn no_file_takes_more_than_its_bound() {
    const LINKS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = format!(
        "<Relationships><Relationship Id=\"r\" Type=\"{LINKS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let book = "<workbook xmlns:r=\"r\"><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>";
    let links = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{LINKS}/worksheet\" Target=\"worksheets/a.xml\"/></Relationships>"
    );
    let xlsx = |sheet: (&'static str, usize),
                text: (&'static str, &'static str, usize, &'static str)| {
        archive(&[
            ("_rels/.rels", &package, "", 0, ""),
            ("xl/workbook.xml", book, "", 0, ""),
            ("xl/_rels/workbook.xml.rels", &links, "", 0, ""),
            (
                "xl/worksheets/a.xml",
                "<worksheet><sheetData><row>",
                sheet.0,
                sheet.1,
                "</row></sheetData></worksheet>",
            ),
            ("xl/sharedStrings.xml", text.0, text.1, text.2, text.3),
        ])
    };
    let ods = archive(&[
        (
            "mimetype",
            "application/vnd.oasis.opendocument.spreadsheet",
            "",
            0,
            "",
        ),
        (
            "content.xml",
            "<office:spreadsheet><table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell office:value-type=\"string\" table:number-columns-repeated=\"512\"><text:p>",
            "ab",
            16_000,
            "</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>",
        ),
    ]);
    let files = [
        // One line of many cells, and a table of many texts.
        xlsx(
            ("<c><v>1</v></c>", 2_000_000),
            ("<sst>", "<si><t>a</t></si>", 1_000_000, "</sst>"),
        ),
        // A text in many runs.
        xlsx(
            ("", 0),
            ("<sst><si>", "<r><t>a</t></r>", 400_000, "</si></sst>"),
        ),
        ods,
        "姓名,,,\n".repeat(4_000_000).into_bytes(),
        ",".repeat(40 << 20).into_bytes(),
    ];
    for (at, file) in files.into_iter().enumerate() {
        let start = hongyan::clock::Clock::system().monotonic();
        assert!(read(file).is_err(), "file {at}");
        assert!(start.elapsed() < PATIENCE, "file {at}");
        assert!(peak() < BOUND, "file {at}: {} MiB", peak() >> 20);
    }
}
