//! A dry run of the ledgers that others made, through the whole of the reader.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::civil::date;

use super::{
    super::{
        fake_node::FakeNode,
        language::Language,
        output::{Format, Output},
    },
    Exit, Failure,
    answer::Verdict,
    pipeline::Pipeline,
    printer::Printer,
    reader::{Read, Reader, Reading},
};
use crate::{
    agreement::{Agreement, Agreements, DEFAULT, Opening, close, open},
    domain::{area::County, draft::Rules},
    ledger::Mapping,
    trust::reference::ReferenceKey,
};

#[derive(serde::Deserialize)]
struct Expected {
    file: String,
    area: String,
    counterpart: String,
    accepted: usize,
    refused: usize,
    refusals: Vec<Refusal>,
}

#[derive(serde::Deserialize)]
struct Refusal {
    line: u32,
    codes: Vec<String>,
}

fn reading(file: PathBuf, area: County, counterpart: County) -> Reading {
    let opening = Opening {
        a: area.into(),
        sandbox: true,
        valid_from: date(2026, 1, 1),
        valid_until: date(2028, 12, 31),
    };
    let open = open(DEFAULT, &opening).unwrap();
    let text = close(&open, area.into(), counterpart.into()).unwrap();
    Reading {
        files: vec![file],
        kind: None,
        mapping: Mapping::default(),
        rules: Rules {
            today: date(2026, 11, 22),
            home_areas: vec![area],
            sandbox: true,
        },
        agreements: Agreements::new([Agreement::parse(&text).unwrap()], []).unwrap(),
        references: ReferenceKey::new([7; 32]),
    }
}

#[tokio::test]
async fn a_dry_run_says_of_every_ledger_what_its_maker_expects() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/ledgers");
    let text = std::fs::read_to_string(directory.join("expected.json")).unwrap();
    let all: Vec<Expected> = serde_json::from_str(&text).unwrap();
    for expected in all {
        let file = directory.join(&expected.file);
        let area = expected.area.parse().unwrap();
        let mut reader =
            Reader::start(reading(file, area, expected.counterpart.parse().unwrap())).unwrap();
        reader.opened().await.unwrap();
        let mut refused = BTreeMap::new();
        let mut accepted = 0;
        while let Some(read) = reader.next().await {
            match read {
                Read::Row(place, Ok(draft)) => {
                    assert_eq!(draft.reference.unwrap().as_str(), place.reference);
                    accepted += 1;
                }
                Read::Row(place, Err(Verdict::Refused(problems))) => {
                    let mut codes: Vec<String> =
                        problems.into_iter().map(|problem| problem.code).collect();
                    codes.sort();
                    codes.dedup();
                    refused.insert(place.line, codes);
                }
                Read::Failed(failure) => panic!("{failure:?}"),
                _ => {}
            }
        }
        let wanted: BTreeMap<u32, Vec<String>> = expected
            .refusals
            .into_iter()
            .map(|Refusal { line, mut codes }| {
                codes.sort();
                (line, codes)
            })
            .collect();
        assert_eq!(refused, wanted, "{}", expected.file);
        assert_eq!(refused.len(), expected.refused, "{}", expected.file);
        assert_eq!(accepted, expected.accepted, "{}", expected.file);
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_a_fault_of_usage_before_any_row() {
    let (a, b) = ("350582".parse().unwrap(), "530111".parse().unwrap());
    for name in ["/nowhere/a.xlsx", "/nowhere/a.jsonl"] {
        let mut reader = Reader::start(reading(name.into(), a, b)).unwrap();
        let failure = reader.opened().await.unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
    }
}

/// Publishes rows of those references to a node of cardboard; a reference `bad` is a row that is
/// refused here. Gives what the printer counted: accepted, repeated, refused, unknown.
async fn published(references: &[&str]) -> (Result<(), Failure>, [u64; 4]) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rows.jsonl");
    let number = crate::envelope::samples::number;
    let mut text = String::new();
    for (day, reference) in (1..).zip(references) {
        let born = date(1990, 1, 1).saturating_add(jiff::Span::new().days(day));
        let kind = if *reference == "bad" {
            "departed"
        } else {
            "departure"
        };
        let row = serde_json::json!({
            "reference": reference, "kind": kind, "event_date": "2026-10-08",
            "subject": {"name": "测试甲", "resident_id": number(born), "marital_status": "21"},
            "origin_area": "350582104000", "destination_area": "530111001000",
        });
        text += &format!("{row}\n");
    }
    std::fs::write(&file, text).unwrap();
    let (a, b) = ("350582".parse().unwrap(), "530111".parse().unwrap());
    let mut reader = Reader::start(reading(file, a, b)).unwrap();
    reader.opened().await.unwrap();
    let client = FakeNode::default().start().await;
    let mut printer = Printer::new(Output {
        format: Format::Table,
        language: Language::En,
    });
    let done = Pipeline::new(&client, &mut printer).run(&mut reader).await;
    (done, printer.counted())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_answered_once_and_a_refusal_of_the_node_is_a_refused_row() {
    let mut references: Vec<String> = (0..2_500).map(|number| format!("r-{number}")).collect();
    references.extend(["bad", "again-1", "conflict", "bad"].map(str::to_owned));
    let references: Vec<&str> = references.iter().map(String::as_str).collect();
    let (done, counted) = published(&references).await;
    done.unwrap();
    assert_eq!(counted, [2_500, 1, 3, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_unknown_outcome_are_no_refused_rows_and_exit_with_three() {
    let (done, [accepted, repeated, refused, unknown]) =
        published(&["r-1", "bad", "gone", "r-2", "bad"]).await;
    assert_eq!(done.unwrap_err().exit, Exit::Unreachable);
    assert_eq!([accepted, repeated, refused], [1, 0, 1]);
    assert!((1..=2).contains(&unknown), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_call_that_is_refused_as_a_whole_are_refused_rows() {
    let (done, [accepted, repeated, refused, unknown]) = published(&["no-role", "r-1"]).await;
    assert_eq!(done.unwrap_err().exit, Exit::Refused);
    assert_eq!([accepted, repeated, unknown], [0, 0, 0]);
    assert!((1..=2).contains(&refused), "{refused}");
}
