//! Lists: many cases at a time, made anew, and as sheets.

use std::fs;

use serde_json::{Value, json};

use super::{
    LISTS, arrival, asks, called, correction, done,
    harness::{County, GUANDU, World, departure},
    list, on, same, text, told,
};

#[test]
fn two_hundred_are_answered_at_once_after_asking() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let rows: Vec<_> = (1..=200).map(departure).collect();
    let ids = told(&jinjiang, &rows);
    let words = [
        "case",
        "answer",
        "--outcome",
        "confirmed",
        "--list",
        "to-take-up",
    ];
    let unasked = guandu.ask(&words);
    assert_eq!((unasked.code, unasked.out.as_str()), (2, ""), "{unasked:?}");
    assert_eq!(
        on(&guandu, "to-take-up"),
        ids[..100],
        "as many as are shown"
    );

    let said = done(&guandu, &[&words[1..], &["--yes"]].concat());
    let answered: Vec<_> = said.iter().map(|it| text(&it["case_id"])).collect();
    assert_eq!(answered, ids, "in order");
    for county in [&jinjiang, &guandu] {
        let all = county.ask(&["case", "list", "--list", "all", "--limit", "1000"]);
        let all = all.expect(0).lines();
        assert_eq!(all.len(), 200);
        assert!(all.iter().all(|it| it["state"] == "active"));
        let counts = county.ask(&["case", "list"]).expect(0).lines();
        assert!(counts.iter().all(|it| it["cases"] == 0), "{counts:?}");
    }
    let limited = guandu.ask(&["case", "list", "--list", "all", "--limit", "7"]);
    assert_eq!(limited.expect(0).lines().len(), 7);
    let peer = guandu.ask(&["case", "list", "--list", "all", "--peer", GUANDU]);
    assert_eq!(peer.expect(0).lines().len(), 0);
}

/// Everything that a node says of its cases.
fn everything(county: &County) -> Vec<Vec<Value>> {
    let mut said: Vec<_> = LISTS.iter().map(|name| list(county, name)).collect();
    said.push(county.ask(&["case", "list"]).expect(0).lines());
    said
}

#[test]
fn lists_are_the_same_after_a_kill_and_when_they_are_made_anew() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, there) = (jinjiang.start(), guandu.start());
    let rows: Vec<_> = (1..=6).map(departure).collect();
    let ids = told(&jinjiang, &rows);
    told(
        &guandu,
        &[arrival(2), called(arrival(7), "测试丁", "19900000007")],
    );
    told(&jinjiang, &[correction(&ids[2], 3)]);
    done(&guandu, &["take", &ids[0], &ids[3]]);
    done(&guandu, &["verify", &ids[3]]);
    done(&guandu, &["note", "--text", "已联系", &ids[3]]);
    done(&guandu, &["forward", "--to", "530111002", &ids[4]]);
    done(&guandu, &["answer", "--outcome", "not_found", &ids[5]]);
    there.kill();
    let there = guandu.start();
    guandu.wait_until_answered();
    let before = everything(&guandu);
    assert_eq!(before[9].len(), 7);
    there.kill();
    let there = guandu.start();
    assert_eq!(everything(&guandu), before, "after a kill");
    assert!(there.stop().success());
    fs::remove_dir_all(guandu.dir.join("data/cases")).unwrap();
    let _there = guandu.start();
    assert_eq!(everything(&guandu), before, "made anew");
}

#[test]
fn what_is_to_be_answered_goes_out_as_a_sheet_that_publish_takes_back() {
    let (world, jinjiang, guandu) = World::two_counties();
    let words = ["office", "add", "--name", "watch", "--role", "auditor"];
    guandu.ask(&words).expect(0);
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let rows: Vec<_> = (1..=3).map(departure).collect();
    let ids = told(&jinjiang, &rows);
    done(&guandu, &["take", "--list", "to-take-up", "--yes"]);

    let out = |office: &str, list: &str, name: &str| {
        let path = world.path(name);
        let path = path.to_str().unwrap();
        let words = ["case", "list", "--list", list, "--out", path];
        let said = asks(&guandu, office, &words).expect(0).lines();
        (said, path.to_owned())
    };
    let (said, sheet) = out("operator", "to-answer", "待反馈.xlsx");
    assert_eq!(said, [json!({"file": sheet, "rows": 3})]);
    let over = guandu.ask(&["case", "list", "--list", "all", "--out", &sheet]);
    assert_ne!(
        over.code, 0,
        "a sheet that is half filled in is not written over"
    );
    let unfilled = guandu.ask(&["publish", &sheet]).expect(0);
    assert!(unfilled.err.contains("3 left out"), "{}", unfilled.err);

    let (_, plain) = out("operator", "to-answer", "待反馈.csv");
    let mut csv = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(&plain)
        .unwrap();
    let mut lines: Vec<Vec<String>> = csv
        .records()
        .map(|line| line.unwrap().iter().map(str::to_owned).collect())
        .collect();
    let column = |heading: &str| lines[1].iter().position(|it| it == heading).unwrap();
    let (outcome, day) = (column("outcome"), column("feedback date"));
    let (notice, phone) = (column("notice id"), column("telephone number"));
    let shown: Vec<_> = lines[2..].iter().map(|line| line[notice].clone()).collect();
    assert_eq!(shown, ids);
    assert!(lines[2][phone].ends_with("19900000000"), "{:?}", lines[2]);
    for (line, found) in lines[2..].iter_mut().zip(["confirmed", "not_found"]) {
        line[outcome] = found.to_owned();
        line[day] = "2026-10-09".to_owned();
    }
    let filled = world.path("filled.csv");
    let mut written = csv::Writer::from_path(&filled).unwrap();
    lines
        .iter()
        .for_each(|line| written.write_record(line).unwrap());
    written.flush().unwrap();
    let answers = guandu.ask(&["publish", filled.to_str().unwrap()]).expect(0);
    assert_eq!(answers.lines().len(), 2, "{answers:?}");
    guandu.wait_until_answered();
    assert_eq!(same(&jinjiang, &guandu, &ids[0])["state"], "active");
    assert_eq!(same(&jinjiang, &guandu, &ids[1])["reason"], "not_found");
    assert_eq!(on(&guandu, "to-answer"), ids[2..]);

    // Of what was corrected since, the row says what is right now, and answers what was told first.
    let mended = called(correction(&ids[0], 1), "测试乙", "19900000002");
    told(&jinjiang, &[mended]);
    done(&guandu, &["take", &ids[0]]);
    let (_, again) = out("operator", "to-verify", "again.csv");
    let again = fs::read_to_string(again).unwrap();
    let row = again.lines().nth(2).unwrap();
    assert!(row.contains(&ids[0]) && row.contains("测试乙"), "{again}");
    assert_eq!(again.lines().count(), 3);

    // Who may see no person is given none.
    let (_, watched) = out("watch", "to-answer", "watched.csv");
    let watched = fs::read_to_string(watched).unwrap();
    assert!(
        watched.contains(&ids[2]) && !watched.contains("测试甲"),
        "{watched}"
    );
    let (said, _) = out("watch", "awaited", "awaited.xlsx");
    assert_eq!(said[0]["rows"], 0);
}
