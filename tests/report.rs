//! What is counted, what is late, and whether two counties come to the same, after due days have
//! passed.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;

use std::{fmt::Write as _, fs};

use calamine::{Data, Reader as _, open_workbook_auto};
use harness::{
    County, GUANDU, JINJIANG, NANAN, Node, Said, World, departure, eventually, faketime::Faked,
    feedback, one_error, run,
};
use serde_json::{Value, json};

/// Notices of a pair of counties, some answered, all of them past their day.
struct Past {
    world: World,
    jinjiang: County,
    guandu: County,
    here: Node,
    there: Node,
    /// The day on which they were published.
    since: String,
    /// The day by which they were to be answered.
    due: String,
}

impl Past {
    /// Six departures, five of them answered, and three arrivals, none of them.
    fn begin() -> Self {
        let (world, jinjiang, guandu) = World::two_counties();
        let clock = Faked::of(&world);
        let (jinjiang, guandu) = (jinjiang.by(&clock), guandu.by(&clock));
        for county in [&jinjiang, &guandu] {
            fs::write(county.dir.join("holidays.toml"), holidays(None)).unwrap();
        }
        let (here, there) = (clock.start(&jinjiang), clock.start(&guandu));
        let departures: Vec<Value> = (1..=6).map(departure).collect();
        let said = jinjiang.publish(&departures).expect(0).lines();
        jinjiang.wait_until_answered();
        let answered = said.iter().take(5).enumerate();
        let answers: Vec<Value> = answered
            .map(|(number, it)| feedback(number, it["notice_id"].as_str().unwrap()))
            .collect();
        guandu.publish(&answers).expect(0);
        let arrivals: Vec<Value> = (101..=103).map(arrival).collect();
        guandu.publish(&arrivals).expect(0);
        guandu.wait_until_answered();
        let case = jinjiang
            .ask(&["case", "show", said[5]["notice_id"].as_str().unwrap()])
            .expect(0)
            .lines()
            .remove(0);
        let day = |value: &Value| value.as_str().unwrap()[..10].to_owned();
        let (since, due) = (
            day(&case["opened_at"]),
            day(&case["owed"][0]["answer_due_on"]),
        );
        assert!(here.stop().success() && there.stop().success());
        // Answers are due within 15 working days; revocation lists hold for 30 days.
        clock.set("+29d");
        let (here, there) = (clock.start(&jinjiang), clock.start(&guandu));
        Self {
            world,
            here,
            there,
            jinjiang,
            guandu,
            since,
            due,
        }
    }

    fn month(&self) -> &str {
        &self.due[..7]
    }

    /// The indicators of all these days.
    fn indicators(&self, county: &County, more: &[&str]) -> Said {
        let words = ["report", "indicators", "--from", &self.since, "--until"];
        let words = [&words[..], &[&self.due], more].concat();
        run(&mut county.command(&words)).expect(0)
    }

    /// The rows of the indicators, by who owes and the other area.
    fn row(&self, county: &County, owes: &str, peer: Option<&str>) -> Value {
        let rows = self.indicators(county, &["--format", "json"]).lines();
        let mut rows = rows.into_iter();
        rows.find(|row| row["owes"] == owes && row["peer_area"] == json!(peer))
            .unwrap()
    }

    fn compare(&self, county: &County, peer: &str) -> Said {
        county.ask(&["report", "compare", peer, "--month", self.month()])
    }
}

/// A woman of Jinjiang lives in Guandu.
fn arrival(number: u32) -> Value {
    let mut row = departure(number);
    row["reference"] = format!("a-{number}").into();
    row["kind"] = "arrival".into();
    row
}

/// A table of holidays in which nobody rests but on New Year's Day, and on that day.
fn holidays(rest: Option<&str>) -> String {
    let mut text = String::new();
    for year in 2024..2060 {
        write!(
            text,
            "[[year]]\nyear = {year}\nnumber = \"国办发明电〔{}〕1号\"\nissued = \"{}-11-01\"\n",
            year - 1,
            year - 1,
        )
        .unwrap();
        let first = format!("{year}-01-01");
        let also = rest.filter(|day| day.starts_with(&year.to_string()) && *day != first);
        for day in [Some(first.as_str()), also].into_iter().flatten() {
            write!(
                text,
                "[[year.festival]]\nzh = \"试验\"\nen = \"Trial\"\nfirst = \"{day}\"\nlast = \"{day}\"\n"
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn both_sides_count_the_same_and_tell_nothing_of_fewer_than_five() {
    let past = Past::begin();
    // What one of them owes is what the other is owed.
    let shared = |mut row: Value| {
        let own = ["home_area", "area", "peer_area", "owes", "as_of"];
        for key in own {
            assert!(row.as_object_mut().unwrap().remove(key).is_some());
        }
        row
    };
    let theirs = past.row(&past.jinjiang, "they", Some(GUANDU));
    let ours = past.row(&past.guandu, "we", Some(JINJIANG));
    assert_eq!(theirs["feedback_rate"], json!({"value": 0.833, "n": 6}));
    assert_eq!(theirs["response_time"]["n"], 5);
    assert_eq!(theirs["trips_saved"], json!({"value": 5}));
    assert_eq!(shared(theirs), shared(ours));
    let few = past.row(&past.jinjiang, "we", Some(GUANDU));
    let left_out = json!({"value": null, "n": null, "left_out": "fewer_than_5"});
    assert_eq!(
        past.row(&past.jinjiang, "we", None)["feedback_rate"],
        left_out
    );
    assert_eq!(few["feedback_rate"]["n"], Value::Null);
    let same = past.row(&past.guandu, "they", Some(JINJIANG));
    assert_eq!(shared(few), shared(same));

    let table = past.indicators(&past.jinjiang, &[]).out;
    assert!(
        table.contains("83.3% (6)") && table.contains("<5"),
        "{table}"
    );
    assert!(!table.contains("(3)"), "{table}");
    let file = |name: &str| {
        let path = past.world.path(name);
        let out = path.to_str().unwrap();
        past.indicators(&past.jinjiang, &["--out", out]);
        path
    };
    let csv = fs::read_to_string(file("indicators.csv")).unwrap();
    assert!(csv.contains("\"6\"") && !csv.contains("\"3\""), "{csv}");
    let mut book = open_workbook_auto(file("indicators.xlsx")).unwrap();
    let (_, sheet) = book.worksheets().remove(0);
    let has = |number: f64| {
        let mut cells = sheet.cells();
        cells.any(|(_, _, cell)| *cell == Data::Float(number))
    };
    assert!(has(6.0) && !has(3.0));
    let page = past.world.path("page.html");
    let words = ["report", "bulletin", "--month", past.month()];
    let mut bulletin = past.jinjiang.command(&words);
    let said = run(bulletin.arg("--out").arg(&page)).expect(0);
    assert_eq!(said.err.lines().last(), page.to_str());
    let html = fs::read_to_string(page).unwrap();
    assert!(html.contains("83.3%") && html.contains("&lt;5"), "{html}");
}

#[test]
fn of_today_nothing_is_told_and_it_is_said_so() {
    let past = Past::begin();
    let asks = |from: &str, until: &str| {
        let words = ["report", "indicators", "--from", from, "--until", until];
        run(&mut past.jinjiang.command(&words))
    };
    let said = asks(&past.since, "2099-12-31").expect(0);
    assert!(said.err.contains("only up to yesterday"), "{}", said.err);
    let error = one_error(&asks("2099-12-01", "2099-12-31"), 2);
    assert!(error.contains("none of these days is over"), "{error}");
    assert_eq!(asks(&past.since, &past.due).expect(0).err, "");
}

#[test]
fn what_is_late_is_listed_with_its_side() {
    let past = Past::begin();
    let list = |county: &County, words: &[&str]| {
        let words = [&["report"], words].concat();
        county.ask(&words).expect(0).lines()
    };
    let [late] =
        <[Value; 1]>::try_from(list(&past.jinjiang, &["overdue", "--side", "they"])).unwrap();
    let [same] = <[Value; 1]>::try_from(list(&past.guandu, &["overdue", "--side", "we"])).unwrap();
    for key in ["case_id", "notice_id", "due", "working_days_late", "kind"] {
        assert_eq!(late[key], same[key], "{key}");
    }
    assert_eq!(
        (&late["side"], &late["due"]),
        (&json!("they"), &json!(past.due))
    );
    assert!(late["working_days_late"].as_u64().unwrap() > 3, "{late}");
    let all = list(&past.jinjiang, &["overdue"]);
    let sides: Vec<_> = all.iter().map(|it| it["side"].as_str().unwrap()).collect();
    assert_eq!(sides, ["we", "we", "we", "they"]);
    assert_eq!(
        list(&past.jinjiang, &["overdue", "--peer", NANAN]),
        [Value::Null; 0]
    );
    let unknown = list(&past.guandu, &["one-sided"]);
    let sides: Vec<_> = unknown
        .iter()
        .map(|it| it["side"].as_str().unwrap())
        .collect();
    assert_eq!(
        sides.iter().filter(|it| **it == "we").count(),
        1,
        "{unknown:?}"
    );
    assert_eq!(sides.iter().filter(|it| **it == "they").count(), 3);
}

#[test]
fn two_counties_that_count_alike_are_equal_and_another_holiday_is_named_notice_by_notice() {
    let past = Past::begin();
    for (county, peer) in [(&past.jinjiang, GUANDU), (&past.guandu, JINJIANG)] {
        let lines = past.compare(county, peer).expect(0).lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(
            (&lines[0]["equal"], &lines[0]["on_both"]),
            (&json!(true), &json!(9))
        );
        let owed = lines[0]["sums"].as_array().unwrap().iter();
        let sum = owed
            .clone()
            .find(|it| it["owed_by_area"] == GUANDU)
            .unwrap();
        let counted = json!({"due": 6, "answered": 5, "answered_in_time": 5});
        assert_eq!((&sum["here"], &sum["there"]), (&counted, &counted));
    }
    let refused = past.compare(&past.jinjiang, NANAN).expect(1);
    assert!(refused.err.contains("no paired node"), "{}", refused.err);

    // Guandu alone rests on the day on which all of it is due.
    let table = past.guandu.dir.join("holidays.toml");
    fs::write(table, holidays(Some(&past.due))).unwrap();
    eventually("the table of holidays is in use", || {
        past.compare(&past.jinjiang, GUANDU).code == 1
    });
    let mut lines = past.compare(&past.jinjiang, GUANDU).expect(1).lines();
    let whole = lines.remove(0);
    assert_eq!(
        (&whole["equal"], &whole["different"]),
        (&json!(false), &json!(9))
    );
    assert_eq!(lines.len(), 9);
    for line in &lines {
        let here = &line["here"];
        assert_eq!(here["due"], *past.due);
        let there = &line["there"];
        match there["due"].as_str() {
            Some(due) => {
                assert!(due > past.due.as_str(), "{line}");
                assert_eq!(line["differs_in"], json!(["due_day"]), "{line}");
            }
            // The next working day may be in another month.
            None => assert_eq!(line["differs_in"], json!(["only_here"]), "{line}"),
        }
    }
    let month = past.month().to_owned();
    let words = ["report", "compare", GUANDU, "--month", &month];
    let said = run(&mut past.jinjiang.command(&words)).expect(1);
    assert!(said.out.contains("tables of holidays"), "{}", said.out);

    assert!(past.there.stop().success());
    let said = past.jinjiang.ask(&words);
    assert_eq!((said.code, said.out.as_str()), (3, ""), "{said:?}");
    drop(past.here);
}
