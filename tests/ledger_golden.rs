//! The ledgers under `tests/ledgers`, made by others, against what their makers expect of an import.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{collections::BTreeSet, ops::ControlFlow, path::PathBuf};

use hongyan::{
    domain::{
        area::County,
        draft::{Asked, Rules},
        field::{Field, Group},
        notice::Kind,
        problem::{Code, Problem},
    },
    ledger::{Judge, Mapping, Options, Row, read_ledger},
};
use jiff::civil::Date;

#[derive(serde::Deserialize)]
struct Expected {
    file: String,
    kind: String,
    area: String,
    counterpart: String,
    accepted: usize,
    refused: usize,
    refusals: Vec<Line>,
    tolerated: Vec<Line>,
}

#[derive(serde::Deserialize)]
struct Line {
    line: u32,
    codes: BTreeSet<String>,
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/ledgers")
}

fn read(expected: &Expected, kind: Option<Kind>) -> Vec<Row> {
    let counterpart: County = expected.counterpart.parse().unwrap();
    let rules = Rules {
        today: Date::new(2026, 11, 22).unwrap(),
        home_areas: vec![expected.area.parse().unwrap()],
        sandbox: true,
    };
    // The default agreement with the counterpart, and with nobody else.
    let gate = |asked: &Asked<'_>| {
        if asked.to != Some(counterpart) {
            return vec![Problem::new(Code::NoAgreement, Field::ToArea)];
        }
        let denied = asked
            .fields
            .iter()
            .filter(|field| matches!(field.group(), Group::Care | Group::FreeText));
        denied
            .map(|field| Problem::new(Code::FieldNotPermitted, *field))
            .collect()
    };
    let judge = Judge {
        rules: &rules,
        gate: &gate,
    };
    let mapping = Mapping::default();
    let options = Options {
        name: &expected.file,
        kind,
        mapping: &mapping,
    };
    let bytes = std::fs::read(directory().join(&expected.file)).unwrap();
    let mut rows = Vec::new();
    let summary = read_ledger(bytes, &options, &judge, &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    assert_eq!(summary.unwrap().unknown_columns, Vec::<String>::new());
    rows
}

#[test]
fn every_ledger_is_read_as_its_maker_expects() {
    let text = std::fs::read_to_string(directory().join("expected.json")).unwrap();
    let all: Vec<Expected> = serde_json::from_str(&text).unwrap();
    assert_eq!(all.len(), 5);
    for expected in all {
        let given: Kind = expected.kind.parse().unwrap();
        for kind in [Some(given), None] {
            let rows = read(&expected, kind);
            assert!(rows.is_sorted_by_key(|row| row.line));
            assert!(rows.iter().all(|row| row.sheet.is_none()));
            let refused = rows.iter().filter(|row| row.result.is_err()).count();
            for row in &rows {
                let codes: BTreeSet<String> = row
                    .result
                    .as_ref()
                    .err()
                    .into_iter()
                    .flatten()
                    .map(|problem| problem.code.name().to_owned())
                    .collect();
                let wanted = expected.refusals.iter().find(|line| line.line == row.line);
                let wanted = wanted.map_or_else(BTreeSet::new, |line| line.codes.clone());
                assert_eq!(codes, wanted, "{} line {}", expected.file, row.line);
            }
            for line in &expected.tolerated {
                let row = rows.iter().find(|row| row.line == line.line);
                assert!(row.is_some_and(|row| row.result.is_ok()), "{}", line.line);
            }
            assert_eq!(refused, expected.refused, "{}", expected.file);
            assert_eq!(rows.len() - refused, expected.accepted, "{}", expected.file);
        }
    }
}
