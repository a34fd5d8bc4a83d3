//! What a county holds of one person, told to her: everything about her and nothing of anybody else,
//! who got it, and the telling itself on record; her number stands in no argument, log or record.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;

use std::fs;

use harness::{
    County, GUANDU, JINJIANG, NANAN, Said, World, departure, departure_between, feedback, resident,
    run_with,
};
use serde_json::{Value, json};

/// Asks what is held of the person of that number.
fn report(county: &County, number: &str, further: &[&str]) -> Said {
    let words = ["subject", "report", "--purpose", "本人到窗口查询"];
    let mut command = county.command(&[&words[..], &["--format", "json"], further].concat());
    command.env("LC_ALL", "C.UTF-8");
    run_with(&mut command, &format!("{number}\n"))
}

/// The one object that is printed.
fn object(said: Said) -> Value {
    let mut lines = said.expect(0).lines();
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

fn acts(county: &County, act: &str) -> Vec<Value> {
    let listed = county.ask(&["audit", "list", "--act", act]);
    listed.expect(0).lines()
}

#[test]
fn she_is_told_everything_about_her_and_nothing_of_anybody_else() {
    let world = World::new();
    let [jinjiang, guandu, nanan] = [JINJIANG, GUANDU, NANAN].map(|area| world.county(area));
    world.pair(&jinjiang, &guandu);
    world.pair(&jinjiang, &nanan);
    // Nan'an is not running: what is for it has not left.
    let (here, there) = (jinjiang.start(), guandu.start());
    let departures: Vec<Value> = (1..=2).map(departure).collect();
    let said = jinjiang.publish(&departures).expect(0).lines();
    let first = said[0]["notice_id"].as_str().unwrap();
    jinjiang.wait_until_answered();
    guandu.ask(&["case", "take", first]).expect(0);
    let answer = guandu.publish(&[feedback(1, first)]).expect(0).lines();
    let answer = answer[0]["notice_id"].as_str().unwrap();
    guandu.wait_until_answered();
    let mut again = departure_between(1, JINJIANG, NANAN);
    again["reference"] = "d-nanan".into();
    let waiting = jinjiang.publish(&[again]).expect(0).lines();
    let waiting = waiting[0]["notice_id"].as_str().unwrap();
    jinjiang.ask(&["notice", "show", first]).expect(0);
    assert_eq!(jinjiang.subscribe("desk", 2, 10).len(), 2);

    // On the sender's side.
    let told = object(report(&jinjiang, &resident(1), &[]));
    assert_eq!(told["home_areas"], json!([JINJIANG]));
    assert_eq!(told["cases"].as_array().unwrap().len(), 2);
    let notices = told["notices"].as_array().unwrap();
    let of = |id: &str| notices.iter().find(|it| it["notice_id"] == id).unwrap();
    assert!(notices.len() >= 3, "{notices:?}");
    assert_eq!(of(first)["subject"]["resident_id"], resident(1).as_str());
    assert_eq!(
        of(first)["subject"]["name"],
        departure(1)["subject"]["name"]
    );
    assert_eq!(of(first)["delivery"], "stored");
    assert!(of(first)["answered_at"].as_str() > of(first)["at"].as_str());
    assert!(of(first)["taken_up_at"].is_string(), "{}", of(first));
    assert_eq!(of(answer)["direction"], "in");
    assert_eq!(of(answer)["outcome"], "confirmed");
    assert_eq!(of(waiting)["delivery"], "queued");
    assert!(of(waiting)["answered_at"].is_null());
    // The register of disclosures: to Guandu it went, to Nan'an it did not.
    let given = told["given_to_areas"].as_array().unwrap();
    assert_eq!(given.len(), 1, "{given:?}");
    assert_eq!(given[0]["to_area"], GUANDU);
    assert_eq!(given[0]["notice_id"], first);
    let agreement = &given[0]["agreement"];
    assert!(agreement.is_string());
    let terms = told["agreements"].as_array().unwrap();
    let terms = terms
        .iter()
        .find(|it| it["agreement"] == *agreement)
        .unwrap();
    assert!(
        terms["legal_basis"]
            .as_str()
            .is_some_and(|it| !it.is_empty())
    );
    assert_eq!(terms["purpose"], given[0]["purpose"]);
    let shown = told["shown_here"].as_array().unwrap();
    let by = |act: &str| {
        let mut shown = shown.iter().filter(|it| it["act"] == act);
        let one = shown
            .next()
            .unwrap_or_else(|| panic!("no {act}: {shown:?}"));
        assert!(shown.next().is_none(), "{act} twice");
        one["notice_ids"].clone()
    };
    assert_eq!(by("notice_read"), json!([first]));
    assert!(
        by("notices_handed_over")
            .as_array()
            .unwrap()
            .contains(&json!(answer))
    );
    assert!(
        by("subject_reported")
            .as_array()
            .unwrap()
            .contains(&json!(first))
    );
    // And nothing of the other woman.
    let all = told.to_string();
    let other = said[1]["notice_id"].as_str().unwrap();
    for value in [resident(2).as_str(), other, "测试路2号"] {
        assert!(!all.contains(value), "{value} is of somebody else");
    }

    // On the receiver's side.
    let told = object(report(&guandu, &resident(1), &[]));
    let notices = told["notices"].as_array().unwrap();
    let of = |id: &str| notices.iter().find(|it| it["notice_id"] == id).unwrap();
    assert_eq!(of(first)["direction"], "in");
    assert_eq!(
        of(first)["subject"]["phone"],
        departure(1)["subject"]["phone"]
    );
    assert_eq!(told["cases"][0]["work"][0]["act"], "took");
    // Who opened a case has the say over what the other side holds of it.
    let ends_with = |county: &County, text: &str| {
        let words = [
            "subject",
            "report",
            "--purpose",
            "本人到窗口查询",
            "--format",
            "table",
        ];
        let said = run_with(&mut county.command(&words), &(resident(1) + "\n")).expect(0);
        assert!(said.out.contains(text), "{}", said.out);
    };
    ends_with(&jinjiang, "here and where they were sent");
    ends_with(&guandu, "that the other side opened: ask 晋江市 350582");

    // Nobody.
    let nobody = report(&jinjiang, &resident(900), &[]).expect(0);
    assert!(nobody.err.contains("nothing is held"), "{}", nobody.err);
    assert_eq!(nobody.lines()[0]["notices"], json!([]));

    // A page, for nobody else's eyes.
    let page = world.path("page.html");
    let further = ["--out", page.to_str().unwrap(), "--lang", "zh"];
    report(&jinjiang, &resident(1), &further).expect(0);
    let written = fs::read_to_string(&page).unwrap();
    for words in [
        "告知书",
        "沙箱",
        &resident(1),
        "官渡区 530111",
        "初婚（21）",
        "您的权利",
    ] {
        assert!(written.contains(words), "{words} is missing: {written}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&page).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "others may read it");
    report(&jinjiang, &resident(1), &further).expect(1);

    // What is no number, and what is mistyped, is refused without being named.
    let mistyped = |number: String| {
        let (rest, last) = number.split_at(17);
        format!("{rest}{}", if last == "1" { "2" } else { "1" })
    };
    let wrong = mistyped(resident(900));
    let said = report(&jinjiang, &wrong, &[]).expect(1);
    assert!(said.err.contains("check digit"), "{}", said.err);
    assert!(!said.err.contains(&wrong) && !said.out.contains(&wrong));
    let said = report(&jinjiang, "99010119920315", &[]).expect(2);
    assert!(!said.err.contains("99010119920315"));

    // All of it is on record, with the purpose, and nowhere the number.
    let entries = acts(&jinjiang, "subject_reported");
    let done: Vec<&Value> = entries
        .iter()
        .filter(|it| it["outcome"] == "done")
        .collect();
    assert_eq!((entries.len(), done.len()), (5, 4));
    assert!(done.iter().all(|it| it["reason"] == "本人到窗口查询"));
    let counts: Vec<u64> = done.iter().map(|it| it["done"].as_u64().unwrap()).collect();
    assert!(
        counts.contains(&0),
        "that nothing was found is on record: {counts:?}"
    );
    let log = [
        here.log(),
        there.log(),
        serde_json::to_string(&entries).unwrap(),
    ]
    .concat();
    for number in [resident(1), resident(900), wrong] {
        assert!(!log.contains(&number));
    }
}

#[test]
fn who_may_ask_and_how_often_is_bounded() {
    let (_world, jinjiang, _guandu) = World::two_counties();
    let office = |name: &str, words: &[&str]| {
        let add = ["office", "add", "--name", name];
        jinjiang.ask(&[&add[..], words].concat()).expect(0);
    };
    office("desk", &["--role", "clerk", "--area", "350582104"]);
    office("county", &["--role", "clerk", "--area", "350582"]);
    office("auditor", &["--role", "auditor"]);
    office("watch", &["--role", "operator"]);
    let node = jinjiang.start();
    jinjiang.publish(&[departure(1)]).expect(0);
    let ask = |office: &str| report(&jinjiang, &resident(1), &["--as", office]);
    for (office, why) in [("desk", "outside"), ("watch", "role")] {
        let said = ask(office).expect(1);
        assert!(said.err.contains(why), "{office}: {}", said.err);
        assert!(said.out.is_empty(), "{office}");
    }
    for office in ["county", "auditor"] {
        assert_eq!(object(ask(office))["notices"].as_array().unwrap().len(), 1);
    }
    // Nine more of a minute's ten, then no more for a while; others are not kept from it.
    let refused = (0..10).map(|_| ask("county")).find(|said| said.code == 1);
    let refused = refused.unwrap_or_else(|| panic!("nobody is slowed down"));
    assert!(refused.err.contains("too fast"), "{}", refused.err);
    object(ask("auditor"));
    let entries = acts(&jinjiang, "subject_reported");
    let code = |code: &str| entries.iter().filter(|it| it["code"] == code).count();
    assert_eq!(code("too_many_lookups"), 1);
    assert_eq!((code("role_needed"), code("area_outside_scope")), (1, 1));
    drop(node);
}
