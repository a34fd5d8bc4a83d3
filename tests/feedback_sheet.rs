//! A feedback sheet that a clerk filled in answers its notices, with real processes.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;

use std::{fs::File, path::Path};

use harness::{World, departure};
use hongyan::{
    domain::{language::Language, outcome::OUTCOMES, problem::Text},
    ledger::out::{CsvSheet, FeedbackForm, Received, Value, XlsxSheet},
};
use jiff::civil::date;
use serde_json::Value as Json;

const FORM: FeedbackForm = FeedbackForm {
    language: Language::Zh,
    sandbox: true,
};

/// The row of a notice as `subscribe` printed it.
fn row(notice: &Json) -> Vec<Value> {
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    FORM.row(&Received {
        id: text(&notice["notice_id"]).parse().unwrap(),
        kind: Text {
            zh: "流出通报",
            en: "departures",
        },
        name: Some(text(&notice["subject"]["name"])),
        resident_id: text(&notice["subject"]["resident_id"]).parse().ok(),
        phone: Some(text(&notice["subject"]["phone"])),
        event_date: text(&notice["event_date"]).parse().ok(),
        origin_area: text(&notice["origin_area"]).parse().ok(),
        destination_area: text(&notice["destination_area"]).parse().ok(),
        destination_address: Some(text(&notice["destination_address"])),
        due: Some(date(2026, 10, 30)),
    })
}

/// Fills in cells as a person does who looks for the headings.
fn fill(row: &mut [Value], cells: &[(&str, Value)]) {
    let columns = FORM.sheet().columns;
    for (heading, value) in cells {
        let place = columns.iter().position(|column| column.heading == *heading);
        row[place.unwrap()] = value.clone();
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn xlsx(path: &Path, rows: &[Vec<Value>]) {
    let mut out = XlsxSheet::begin(File::create(path).unwrap(), FORM.sheet()).unwrap();
    rows.iter().for_each(|row| out.row(row).unwrap());
    out.finish().unwrap();
}

fn csv(path: &Path, rows: &[Vec<Value>]) {
    let mut out = CsvSheet::begin(File::create(path).unwrap(), FORM.sheet()).unwrap();
    rows.iter().for_each(|row| out.row(row).unwrap());
    out.finish().unwrap();
}

#[test]
fn a_feedback_sheet_that_is_filled_in_answers_its_notices() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    // One more than there are outcomes: the last is not answered yet.
    let departures: Vec<_> = (1..=9).map(departure).collect();
    jinjiang.publish(&departures).expect(0);
    let received = guandu.subscribe("desk", 9, 20);
    let ids: Vec<&str> = received
        .iter()
        .map(|notice| notice["notice_id"].as_str().unwrap())
        .collect();

    let mut rows: Vec<_> = received.iter().map(row).collect();
    for (row, (name, words)) in rows.iter_mut().zip(OUTCOMES) {
        fill(
            row,
            &[
                ("反馈结果", text(words[0])),
                ("反馈日期", Value::Day(date(2026, 10, 9))),
            ],
        );
        match name {
            "moved_on" => fill(row, &[("再流往地区划代码", text("370211001000"))]),
            "duplicate_of" => fill(row, &[("重复的通报编号", text(ids[0]))]),
            _ => {}
        }
    }
    let (sheet, plain) = (world.path("反馈.xlsx"), world.path("反馈.csv"));
    xlsx(&sheet, &rows);
    csv(&plain, &rows);

    let publish = |path: &Path, more: &[&str]| {
        let words = [&["publish", path.to_str().unwrap()], more].concat();
        guandu.ask(&words)
    };
    let statuses = |answers: &[Json]| -> Vec<String> {
        let status = |answer: &Json| answer["status"].as_str().unwrap().to_owned();
        answers.iter().map(status).collect()
    };
    let dry = publish(&sheet, &["--dry-run"]).expect(0);
    assert_eq!(statuses(&dry.lines()), ["accepted"; 8]);
    let done = publish(&sheet, &[]).expect(0);
    assert_eq!(statuses(&done.lines()), ["accepted"; 8]);
    assert!(done.err.contains("1 left out"), "{}", done.err);
    // The same answers in another file, and by the caller's word, are the same answers.
    let again = publish(&plain, &["--kind", "feedback"]).expect(0);
    assert_eq!(statuses(&again.lines()), ["repeated"; 8]);
    assert_eq!(again.lines()[7]["notice_id"], done.lines()[7]["notice_id"]);

    let home = jinjiang.subscribe("desk", 9, 3);
    assert_eq!(home.len(), 8);
    for (offset, (notice, (name, _))) in home.iter().zip(OUTCOMES).enumerate() {
        assert_eq!(notice["kind"], "feedback");
        assert_eq!(notice["outcome"], name);
        assert_eq!(notice["answers"], *ids[offset]);
        assert_eq!(notice["answers_reference"], format!("d-{}", offset + 1));
        assert_eq!(notice["event_date"], "2026-10-09");
        assert!(notice.get("subject").is_none(), "the person stays here");
    }
    assert_eq!(home[4]["moved_to_area"], "370211001000");
    assert_eq!(home[5]["duplicate_of"], *ids[0]);
}

#[test]
fn what_is_wrong_with_a_row_of_feedback_is_told_and_the_others_go() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    jinjiang
        .publish(&(1..=3).map(departure).collect::<Vec<_>>())
        .expect(0);
    let received = guandu.subscribe("desk", 3, 20);
    let mut rows: Vec<_> = received.iter().map(row).collect();
    let day = || ("反馈日期", Value::Day(date(2026, 10, 9)));
    fill(
        &mut rows[0],
        &[("反馈结果", text("属实")), day(), ("说明", text("=1+1"))],
    );
    fill(
        &mut rows[1],
        &[
            ("反馈结果", text("属实")),
            day(),
            ("通报编号", text("01234567-89ab-8def-8123-456789abcdef")),
        ],
    );
    fill(&mut rows[2], &[("反馈结果", text("查无此人")), day()]);
    let sheet = world.path("反馈.xlsx");
    xlsx(&sheet, &rows);
    let answers = guandu
        .ask(&["publish", sheet.to_str().unwrap()])
        .expect(1)
        .lines();
    let told = |answer: &Json| {
        let problems = answer["problems"].as_array().unwrap();
        problems
            .iter()
            .map(|problem| format!("{} {}", problem["code"], problem["field"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(answers[0]["line"], 3);
    assert_eq!(told(&answers[0]), ["field_not_permitted note"]);
    assert_eq!(told(&answers[1]), ["unknown_notice answers"]);
    assert_eq!(answers[2]["status"], "accepted");
    assert_eq!(jinjiang.subscribe("desk", 2, 3).len(), 1);
}
