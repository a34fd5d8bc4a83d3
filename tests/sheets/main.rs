//! Sheets that we wrote, seen by a reader that is not ours.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{fs::File, path::Path, process::Command};

use hongyan::ledger::out::{Column, Rate, Sheet, Value, XlsxSheet};
use jiff::civil::date;
use serde_json::{Value as Json, json};

/// What `openpyxl` sees in a file. It is a package of the system's Python.
fn seen(file: &Path) -> Json {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sheets/look.py");
    let output = Command::new("/usr/bin/python3")
        .arg("-B")
        .arg(script)
        .arg(file)
        .output()
        .unwrap_or_else(|error| panic!("install the package python3-openpyxl: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "is the package python3-openpyxl there? {said}"
    );
    assert_eq!(said, "", "openpyxl complains");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What begins like a formula, like markup, or like a number.
const TEXTS: [&str; 14] = [
    "=HYPERLINK(\"http://example.org/\",\"点我\")",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "＝1+1",
    "\t=1+1",
    "'=1+1",
    "990001199001010021",
    "059586000000",
    "<f>1+1</f>&amp;",
    "他说\"好\"，\n第二行",
    "𠮷野家🕊",
    "  两端  ",
];

#[test]
fn every_cell_has_its_type_and_none_is_a_formula() {
    let sheet = Sheet {
        title: "反馈情况".to_owned(),
        sandbox: true,
        columns: vec![
            Column::text("身份证号", 18),
            Column::choice("反馈结果", vec!["属实".to_owned(), "查无此人".to_owned()]),
            Column::day("反馈日期"),
            Column::whole("件数"),
            Column::rate("反馈率"),
            Column::text("说明", 200),
        ],
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sheet.xlsx");
    let mut out = XlsxSheet::begin(File::create(&path).unwrap(), sheet).unwrap();
    for text in TEXTS {
        out.row(&[
            Value::Text(text.to_owned()),
            Value::Text("属实".to_owned()),
            Value::Day(date(2026, 10, 8)),
            Value::Whole(1_234_567),
            Value::Rate(Rate::new(953, 1_000).unwrap()),
            Value::Empty,
        ])
        .unwrap();
    }
    out.finish().unwrap();

    let seen = seen(&path);
    assert_eq!(seen["damaged"], Json::Null);
    assert_eq!(seen["parts"][0], "[Content_Types].xml");
    assert_eq!(seen["sheets"], json!(["沙箱 sandbox 反馈情况"]));
    assert_eq!(seen["formulas"], 0);
    assert_eq!(seen["frozen"], "A3");
    assert_eq!(seen["filter"], "A2:G16");
    assert_eq!(
        seen["lists"],
        json!([["B3:B16", "list", "\"属实,查无此人\"", true]])
    );
    // Chinese headings and words take two places a character, and long texts no more than 60.
    assert_eq!(
        seen["columns"],
        json!([
            ["A", 20.0, "@"],
            ["B", 12.0, "@"],
            ["C", 12.0, "yyyy\\-mm\\-dd"],
            ["D", 10.0, "0"],
            ["E", 10.0, "0.0%"],
            ["F", 12.0, "0"],
            ["G", 60.0, "@"],
        ])
    );
    let rows = seen["rows"].as_array().unwrap();
    assert_eq!(rows[0][0], json!(["s", "【沙箱 sandbox】反馈情况", "@"]));
    assert_eq!(rows[1][5], json!(["s", "反馈率 n", "@"]));
    assert_eq!(rows.len(), 2 + TEXTS.len());
    for (row, text) in rows[2..].iter().zip(TEXTS) {
        assert_eq!(row[0], json!(["s", text, "@"]));
        assert_eq!(row[1], json!(["s", "属实", "@"]));
        assert_eq!(
            row[2],
            json!(["d", "2026-10-08 00:00:00", "yyyy\\-mm\\-dd"])
        );
        assert_eq!(row[3], json!(["n", "1234567", "0"]));
        assert_eq!(row[4], json!(["n", "0.953", "0.0%"]));
        assert_eq!(row[5], json!(["n", "1000", "0"]));
    }
}
