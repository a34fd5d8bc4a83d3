//! The life of an agreement between two running nodes: one side suspends a kind, resumes, ends and
//! amends while notices are under way, and no partner changes anything by what it did not sign.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and goes by the system's clock"
)]

mod harness;

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use harness::{
    County, GUANDU, JINJIANG, Node, World, copy, departure, departure_between, edit, eventually,
    faketime::Faked, feedback, one_error, restore, run,
};
use hongyan::trust::keys::SigningKey;
use jiff::civil::Date;
use serde_json::Value;

const ID: &str = "350582-530111";

/// Says something of the agreement; returns where it stands then.
fn says(county: &County, words: &[&str]) -> Value {
    let words = [&["agreement"], words].concat();
    let mut lines = county.ask(&words).expect(0).lines();
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

fn suspend<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["suspend", ID, "--reason", "系统升级"], more].concat()
}

const DEPARTURES: [&str; 4] = ["--kind", "departure", "--direction", "out"];

/// The code of the one problem of a refused row.
fn refused(county: &County, row: Value) -> String {
    let answers = county.publish(&[row]).expect(1).lines();
    let problems = answers[0]["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{answers:?}");
    problems[0]["code"].as_str().unwrap().to_owned()
}

fn id_of(answers: &[Value]) -> String {
    answers[0]["notice_id"].as_str().unwrap().to_owned()
}

fn notices(county: &County, direction: &str) -> Vec<Value> {
    let words = ["notice", "list", "--limit", "100000", "--direction"];
    let words = [&words[..], &[direction]].concat();
    county.ask(&words).expect(0).lines()
}

/// The ids of what waits for the agreement, and for no other reason.
fn on_hold(county: &County, why: &str) -> HashSet<String> {
    let mut held = notices(county, "out");
    held.retain(|notice| notice["on_hold"] == true);
    let held = held.into_iter().map(|notice| {
        assert_eq!(notice["code"], why, "{notice}");
        notice["notice_id"].as_str().unwrap().to_owned()
    });
    held.collect()
}

fn ids(received: &[Value]) -> Vec<String> {
    let ids = received.iter().map(|notice| &notice["notice_id"]);
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_this_side_suspends_while_the_peer_is_away_waits_and_the_rest_flows() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, there) = (jinjiang.start(), guandu.start());
    let asked = departure_between(1, GUANDU, JINJIANG);
    let asked = id_of(&guandu.publish(&[asked]).expect(0).lines());
    jinjiang.subscribe("desk", 1, 20);
    assert!(there.stop().success());

    let waiting: Vec<_> = jinjiang
        .publish(&[departure(1), departure(2)])
        .expect(0)
        .lines();
    let answer = id_of(&jinjiang.publish(&[feedback(1, &asked)]).expect(0).lines());
    let said = says(&jinjiang, &suspend(&DEPARTURES));
    assert_eq!(
        (&said["state"], &said["told"]),
        (&"in_force".into(), &false.into()),
        "{said}"
    );
    assert_eq!(refused(&jinjiang, departure(3)), "agreement_suspended");
    let expected: HashSet<_> = ids(&waiting).into_iter().collect();
    eventually("what is queued is held", || {
        on_hold(&jinjiang, "agreement_suspended") == expected
    });

    let _there = guandu.start();
    let received = guandu.subscribe("desk", 1, 20);
    assert_eq!(ids(&received), [answer], "only what may travel");
    assert!(guandu.subscribe("desk", 9, 2).is_empty());
    assert_eq!(on_hold(&jinjiang, "agreement_suspended"), expected);
    // The peer knows it too, and by the peer's own hand nothing of it goes on.
    let error = one_error(&run(&mut guandu.command(&["agreement", "resume", ID])), 1);
    assert!(error.contains("only the other side resumes"), "{error}");

    let said = says(&jinjiang, &["resume", ID]);
    assert_eq!(said["told"], true, "{said}");
    let received = guandu.subscribe("desk", 2, 20);
    assert_eq!(ids(&received), ids(&waiting), "in order, each once");
    jinjiang.wait_until_answered();
    assert!(on_hold(&jinjiang, "agreement_suspended").is_empty());
    jinjiang.publish(&[departure(3)]).expect(0);
    assert_eq!(guandu.subscribe("desk", 1, 20).len(), 1);
}

#[test]
fn what_the_receiver_suspends_while_the_sender_is_away_comes_when_it_resumes() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let here = jinjiang.start();
    let waiting = jinjiang
        .publish(&[departure(1), departure(2)])
        .expect(0)
        .lines();
    assert!(here.stop().success());
    let _there = guandu.start();
    let said = says(&guandu, &suspend(&[]));
    assert_eq!(
        (&said["state"], &said["told"]),
        (&"suspended".into(), &false.into())
    );

    let _here = jinjiang.start();
    let expected: HashSet<_> = ids(&waiting).into_iter().collect();
    eventually("what is queued is held", || {
        on_hold(&jinjiang, "agreement_suspended") == expected
    });
    assert_eq!(refused(&jinjiang, departure(3)), "agreement_suspended");
    assert!(guandu.subscribe("desk", 9, 2).is_empty());

    let said = says(&guandu, &["resume", ID]);
    assert_eq!(
        (&said["state"], &said["told"]),
        (&"in_force".into(), &true.into())
    );
    let received = guandu.subscribe("desk", 2, 20);
    assert_eq!(ids(&received), ids(&waiting), "in order, each once");
    jinjiang.wait_until_answered();
}

#[test]
fn an_end_reaches_both_gates_at_once_and_stays_after_a_start() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, there) = (jinjiang.start(), guandu.start());
    jinjiang.publish(&[departure(1)]).expect(0);
    jinjiang.wait_until_answered();
    let error = one_error(
        &run(jinjiang
            .command(&["agreement", "end", ID, "--on", "2025-12-31"])
            .args(["--reason", "r"])),
        1,
    );
    assert!(error.contains("or later"), "{error}");
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)));
    let today = today.date().to_string();
    let said = says(
        &jinjiang,
        &["end", ID, "--on", &today, "--reason", "协议调整"],
    );
    assert_eq!(
        (&said["state"], &said["told"]),
        (&"ended".into(), &true.into())
    );
    let row = |number| departure_between(number, GUANDU, JINJIANG);
    assert_eq!(refused(&jinjiang, departure(2)), "agreement_expired");
    assert_eq!(refused(&guandu, row(1)), "agreement_expired");
    assert!(there.stop().success());
    let _there = guandu.start();
    assert_eq!(refused(&guandu, row(1)), "agreement_expired");
}

/// Two counties whose agreement ends tomorrow; notices are queued, and two days later it has ended.
fn lapsed([jinjiang, guandu]: [&County; 2], clock: &Faked) -> (Node, Vec<Value>) {
    for county in [jinjiang, guandu] {
        edit(&county.dir.join(format!("agreements/{ID}.toml")), |text| {
            let first = day_of(text, "valid_from").tomorrow().unwrap();
            with_day(text, "valid_until", first)
        });
    }
    let here = jinjiang.start();
    let rows = [departure(1), departure(2)];
    let waiting = jinjiang.publish(&rows).expect(0).lines();
    assert!(
        notices(jinjiang, "out")
            .iter()
            .all(|it| it["on_hold"] == false)
    );
    clock.set("+2d");
    let expected: HashSet<_> = ids(&waiting).into_iter().collect();
    eventually("what is queued is held", || {
        on_hold(jinjiang, "agreement_expired") == expected
    });
    assert_eq!(refused(jinjiang, departure(3)), "agreement_expired");
    (here, waiting)
}

#[test]
fn what_is_queued_when_an_agreement_expires_waits_and_goes_out_once_it_is_renewed() {
    let (world, jinjiang, guandu) = World::two_counties();
    let clock = Faked::of(&world);
    let [jinjiang, guandu] = [jinjiang, guandu].map(|county| county.by(&clock));
    let (_here, waiting) = lapsed([&jinjiang, &guandu], &clock);
    let _there = guandu.start();
    assert!(guandu.subscribe("desk", 9, 2).is_empty());
    let listed = run(&mut jinjiang.command(&["notice", "list"]))
        .expect(0)
        .out;
    assert!(listed.contains("on hold until 20"), "{listed}");

    let text = fs::read_to_string(jinjiang.dir.join(format!("agreements/{ID}.toml"))).unwrap();
    let (from, years) = (day_of(&text, "valid_from"), jiff::ToSpan::years(1));
    let path = world.path("renewed.toml");
    let renewed = with_day(&text, "valid_until", from.checked_add(years).unwrap());
    fs::write(&path, renewed).unwrap();
    says(&jinjiang, &["amend", ID, path.to_str().unwrap()]);
    let said = says(&guandu, &["accept", &format!("{ID}/2"), "--yes"]);
    assert_eq!(said["state"], "in_force", "{said}");
    let received = guandu.subscribe("desk", 2, 30);
    assert_eq!(ids(&received), ids(&waiting), "in order, each once");
    jinjiang.wait_until_answered();
}

#[test]
fn what_no_renewal_comes_for_goes_back_to_its_office_with_the_reason() {
    let (world, jinjiang, guandu) = World::two_counties();
    let clock = Faked::of(&world);
    let [jinjiang, guandu] = [jinjiang, guandu].map(|county| county.by(&clock));
    let (here, _) = lapsed([&jinjiang, &guandu], &clock);
    // Fast: a deadline has passed when an hour goes by behind it. Nobody is let in then: the list of
    // what is revoked is too old.
    clock.set("+31d x200");
    eventually("both end", || {
        here.log().matches("ends as expired").count() == 2
    });
    here.kill();
    clock.set("+0");
    let _here = jinjiang.start();
    let ended = notices(&jinjiang, "out");
    assert_eq!(ended.len(), 2);
    for notice in ended {
        assert_eq!(notice["delivery"], "expired", "{notice}");
        assert_eq!(notice["code"], "agreement_expired", "{notice}");
    }
}

/// The day that a text of one key a line gives under that key.
fn day_of(text: &str, key: &str) -> Date {
    let mut lines = text.lines().filter_map(|line| line.split_once(" = "));
    let (_, day) = lines.find(|(found, _)| *found == key).unwrap();
    day.trim_matches('"').parse().unwrap()
}

/// The text with another day under that key.
fn with_day(text: &str, key: &str, day: Date) -> String {
    let lines = text.lines().map(|line| match line.split_once(" = ") {
        Some((found, _)) if found == key => format!("{key} = \"{day}\"\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// A text of the agreement that ends earlier.
fn amended(world: &World, county: &County) -> String {
    let text = fs::read_to_string(county.dir.join(format!("agreements/{ID}.toml"))).unwrap();
    let path = world.path("amended.toml");
    fs::write(&path, shortened(&text)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The same for three years less some.
fn shortened(text: &str) -> String {
    let until = day_of(text, "valid_until");
    let until = until.checked_sub(jiff::ToSpan::days(200)).unwrap();
    with_day(text, "valid_until", until)
}

#[test]
fn an_amendment_takes_over_under_load_and_every_notice_arrives_under_a_version_in_force() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let text = amended(&world, &jinjiang);
    let done = AtomicBool::new(false);
    let accepted = thread::scope(|scope| {
        let publishing = scope.spawn(|| {
            let mut accepted = Vec::new();
            let mut next = 1;
            while !done.load(Ordering::SeqCst) {
                let rows: Vec<_> = (next..next + 200).map(departure).collect();
                accepted.extend(ids(&jinjiang.publish(&rows).expect(0).lines()));
                next += 200;
            }
            let rows: Vec<_> = (next..next + 20).map(departure).collect();
            accepted.extend(ids(&jinjiang.publish(&rows).expect(0).lines()));
            accepted
        });
        eventually("notices are under way", || {
            jinjiang.given_and_answered().1 > 100
        });
        let said = says(&jinjiang, &["amend", ID, &text]);
        assert_eq!(
            (&said["state"], &said["version"]),
            (&"proposed".into(), &2.into())
        );
        assert_eq!(said["told"], true, "{said}");
        // Without a terminal nobody says yes by accident; and a person is shown what changes.
        let version = format!("{ID}/2");
        let shown = run(&mut guandu.command(&["agreement", "accept", &version]));
        assert_eq!(shown.code, 2, "{shown:?}");
        assert!(
            shown.out.contains(&format!("Compared with {ID}/1")),
            "{shown:?}"
        );
        let said = says(&guandu, &["accept", &version, "--yes"]);
        assert_eq!(
            (&said["state"], &said["told"]),
            (&"in_force".into(), &true.into())
        );
        done.store(true, Ordering::SeqCst);
        publishing.join().unwrap()
    });
    jinjiang.wait_until_answered();
    let received = guandu.follow(GUANDU, accepted.len());
    assert_eq!(ids(&received), accepted, "each once, and in order");
    let stamped: HashMap<String, String> = notices(&guandu, "in")
        .into_iter()
        .map(|notice| {
            let text = |key: &str| notice[key].as_str().unwrap().to_owned();
            (text("notice_id"), text("agreement"))
        })
        .collect();
    let versions: Vec<&str> = accepted.iter().map(|id| stamped[id].as_str()).collect();
    let takeover = versions
        .iter()
        .position(|version| *version != format!("{ID}/1"));
    let takeover = takeover.expect("the new version took over");
    assert!(
        takeover > 100,
        "the old one was in force before: {takeover}"
    );
    let new = format!("{ID}/2");
    assert!(versions[takeover..].iter().all(|version| *version == new));
}

#[test]
fn a_partner_that_forges_replays_or_withholds_changes_nothing_and_it_is_shown() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    // Withheld: one yes is none.
    let text = amended(&world, &guandu);
    says(&guandu, &["amend", ID, &text]);
    let published = id_of(
        &guandu
            .publish(&[departure_between(1, GUANDU, JINJIANG)])
            .expect(0)
            .lines(),
    );
    let shown = guandu
        .ask(&["notice", "show", &published])
        .expect(0)
        .lines();
    assert_eq!(shown[0]["agreement"], format!("{ID}/1"), "{}", shown[0]);

    // Forged: a key that no pairing knows.
    assert!(here.stop().success());
    let (agreements, honest) = (jinjiang.dir.join("agreements"), world.path("honest"));
    copy(&agreements, &honest);
    let (key, own) = (
        jinjiang.dir.join("keys/signing.key"),
        world.path("signing.key"),
    );
    fs::rename(&key, &own).unwrap();
    SigningKey::create(&key).unwrap();
    // Nothing but the new words is to be judged.
    let statements = format!("agreements/{ID}.statements");
    for county in [&jinjiang, &guandu] {
        fs::remove_file(county.dir.join(&statements)).unwrap();
    }
    let held = || fs::read(guandu.dir.join(&statements)).unwrap_or_default();
    let before = held();
    let here = jinjiang.start();
    let said = says(&jinjiang, &suspend(&[]));
    assert_eq!(said["told"], false, "{said}");
    let why = said["not_told"].as_str().unwrap();
    assert!(why.starts_with("statement_forged: "), "{why}");
    assert_eq!(held(), before, "nothing changes");
    let row = |number| departure_between(number, GUANDU, JINJIANG);
    guandu.publish(&[row(2)]).expect(0);
    eventually("it is told", || there.log().contains("statement_forged"));
    assert!(there.log().contains("statement_not_believed"));
    let peers = guandu.ask(&["peer", "list"]).expect(0).lines();
    assert_ne!(peers[0]["misbehaviour"], Value::Null);
    assert!(here.stop().success());
    fs::rename(&own, &key).unwrap();
    restore(&honest, &agreements);
    let here = jinjiang.start();

    // Replayed: what was said before and taken back since.
    assert_eq!(says(&jinjiang, &suspend(&[]))["told"], true);
    let (old, new) = (world.path("old"), world.path("new"));
    copy(&agreements, &old);
    assert_eq!(says(&jinjiang, &["resume", ID])["told"], true);
    assert!(here.stop().success());
    copy(&agreements, &new);
    let before = held();
    restore(&old, &agreements);
    let _here = jinjiang.start();
    let kept = |dir: &Path| fs::read(dir.join(format!("{ID}.statements"))).unwrap();
    eventually("it has its own words back", || {
        kept(&agreements) == kept(&new)
    });
    assert_eq!(held(), before, "nothing changes");
    guandu.publish(&[row(3)]).expect(0);
}

#[test]
fn who_has_lost_its_key_pairs_anew_and_both_begin_anew() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (here, _there) = (jinjiang.start(), guandu.start());
    assert_eq!(says(&jinjiang, &suspend(&[]))["told"], true);
    assert!(here.stop().success());
    let key = jinjiang.dir.join("keys/signing.key");
    fs::remove_file(&key).unwrap();
    SigningKey::create(&key).unwrap();
    let statements = format!("agreements/{ID}.statements");
    let error = jinjiang.refused_start(1);
    assert!(error.contains(&statements), "{error}");
    fs::remove_file(jinjiang.dir.join(&statements)).unwrap();
    world.pair(&jinjiang, &guandu);
    let _here = jinjiang.start();
    let row = |number| departure_between(number, GUANDU, JINJIANG);
    let published = ids(&guandu.publish(&[row(1)]).expect(0).lines());
    assert_eq!(ids(&jinjiang.subscribe("desk", 1, 20)), published);
    assert_eq!(says(&jinjiang, &suspend(&[]))["told"], true);
    let said = |county: &County| fs::read_to_string(county.dir.join(&statements)).unwrap();
    let lines = said(&jinjiang);
    assert_eq!(lines.lines().filter(|it| !it.starts_with('#')).count(), 2);
    assert_eq!(said(&guandu), lines);
    let kept = fs::read_dir(guandu.dir.join("agreements")).unwrap();
    let kept = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let earlier = format!("{ID}.statements.");
    assert_eq!(kept.filter(|name| name.starts_with(&earlier)).count(), 1);
}

#[test]
fn every_act_needs_a_running_node_and_an_operator() {
    let (_world, jinjiang, _guandu) = World::two_counties();
    let resume = || run(&mut jinjiang.command(&["agreement", "resume", ID]));
    one_error(&resume(), 3);
    let _here = jinjiang.start();
    let error = one_error(&resume(), 1);
    assert!(error.contains("has suspended nothing"), "{error}");
    run(&mut jinjiang.command(&["office", "add", "--name", "desk", "--role", "integrator"]))
        .expect(0);
    let said = run(&mut jinjiang.command(&["agreement", "resume", ID, "--as", "desk"]));
    assert!(one_error(&said, 1).contains("operator"), "{said:?}");
}
