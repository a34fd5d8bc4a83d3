//! A node whose clock is wrong, or is set back while it runs: nothing is lost, doubled or disordered,
//! nothing ends before its time, both sides name what stands between them, and all goes on by itself
//! when the clock is right again.

use std::{
    io::pipe,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    book::Book,
    harness::{
        Build, County, GUANDU, JINJIANG, Node, World, departure, departure_between, edit,
        eventually, faketime::Faked, notices, one_error, run,
    },
};

/// Notices published under each reading of the clock.
const EACH: u32 = 20;

/// What a node says of its one peer, and with which code.
fn probe(county: &County) -> (Value, i32) {
    let said = county.ask(&["peer", "probe"]);
    (said.lines().first().cloned().unwrap_or_default(), said.code)
}

/// That a node sees the other's clock so many seconds ahead of its own, and says so.
fn sees_apart(county: &County, seconds: i64) {
    let (seen, code) = probe(county);
    assert_eq!(code, 0, "{seen}");
    let apart = seen["clock_difference_ms"].as_i64().unwrap();
    assert!((apart - seconds * 1_000).abs() < 3_000, "{seconds}: {seen}");
    let doctor = county.ask(&["doctor"]).out;
    let told = doctor.lines().any(|line| line.contains("by a time server"));
    assert_eq!(told, seconds != 0, "{doctor}");
}

/// Which of the two nodes is wrong about the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Sender,
    Receiver,
}

/// What a node by whose clock no certificate holds says of that of a peer.
struct Reason {
    name: &'static str,
    en: &'static str,
    zh: &'static str,
}

const NOT_YET_VALID: Reason = Reason {
    name: "not_yet_valid",
    en: "The certificate is not valid yet; compare the clocks.",
    zh: "证书尚未生效",
};

const EXPIRED: Reason = Reason {
    name: "expired",
    en: "The certificate has expired; renew it, and compare the clocks.",
    zh: "证书已过期",
};

/// What is read of that at the node that is right. TLS has one alert for both.
const ALERT: &str = "alert_certificate_expired";

/// That both nodes, and their offices, are told that it is about the time.
fn both_say_so(off: (&County, &Node), right: (&County, &Node), clock: &Faked, reason: &Reason) {
    let (seen, code) = probe(right.0);
    assert_eq!(code, 1, "a certificate counts that is {}", reason.name);
    let told = seen["error"].as_str().unwrap_or_default();
    assert!(told.starts_with(ALERT), "{seen}");
    assert!(told.contains("expired or is not yet valid"), "{told}");
    assert!(told.contains("compare the clocks"), "{told}");
    let listed = right.0.ask(&["peer", "list"]).expect(0).lines();
    assert_eq!(listed[0]["last_error"], told);
    let mut in_chinese = right.0.command(&["peer", "probe"]);
    let in_chinese = run(in_chinese.env("LC_ALL", "zh_CN.UTF-8")).out;
    // A table breaks lines.
    let in_chinese: String = in_chinese.split(['│', '┆', '\n', ' ']).collect();
    assert!(in_chinese.contains("证书已过期或尚未生效"), "{in_chinese}");
    eventually("the log of the node that is right names it", || {
        let log = right.1.log();
        log.contains("A certificate stands between") && log.contains(ALERT)
    });
    eventually("so does that of the one that is wrong", || {
        let named = format!("{}: {}", reason.name, reason.en);
        off.1.log().contains(&named)
    });
    // An office with the right time is turned away as a peer is.
    let said = one_error(&off.0.ask(&["channel", "list"]), 1);
    assert!(said.contains("does not let this office in"), "{said}");
    assert!(said.contains("expired or is not yet valid"), "{said}");
    // Rows that never reached the node are not refused: they may be sent again.
    let row = departure_between(1, &off.0.area, &right.0.area);
    one_error(&off.0.publish(&[row]), 3);
    // Also where it is said before the first is read.
    let (silent, _held) = pipe().unwrap();
    let mut unread = off.0.command(&["publish", "-"]);
    one_error(&run(unread.args(["--format", "json"]).stdin(silent)), 3);
    // One on the node's own machine does not know the node.
    let mut on_the_machine = off.0.command(&["channel", "list"]);
    clock.apply(&mut on_the_machine);
    let said = one_error(&run(&mut on_the_machine), 3);
    assert!(said.contains(reason.en), "{said}");
    let said = run(on_the_machine.env("LC_ALL", "zh_CN.UTF-8")).err;
    assert!(said.contains(reason.zh), "{said}");
}

fn row(build: Build, wrong: Wrong) {
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    let clock = Faked::of(&world);
    // Behind by five minutes it may be yesterday still: the agreement is older than that.
    for county in [&jinjiang, &guandu] {
        let text = county.dir.join("agreements/350582-530111.toml");
        edit(&text, |text| {
            let (_, rest) = text.split_once("valid_from = \"").unwrap();
            let (from, _) = rest.split_once('"').unwrap();
            let day: jiff::civil::Date = from.parse().unwrap();
            text.replacen(from, &day.yesterday().unwrap().to_string(), 1)
        });
    }
    let (off, right) = match wrong {
        Wrong::Sender => (&jinjiang, &guandu),
        Wrong::Receiver => (&guandu, &jinjiang),
    };
    let node = clock.start(off);
    let mut other = right.start();
    let book = Book::of(&world);
    let follower = book.follow(&guandu, GUANDU);
    let mut published = 0;
    let mut publish = || {
        let rows: Vec<Value> = (published + 1..=published + EACH).map(departure).collect();
        published += EACH;
        book.publish_all(&jinjiang, &rows);
    };
    // Every second reading sets the clock back.
    for (setting, seconds) in [("+5m", 300), ("-5m", -300), ("+1d", 86_400), ("+0", 0)] {
        clock.set(setting);
        sees_apart(right, seconds);
        sees_apart(off, -seconds);
        publish();
        book.wait_until_answered(&jinjiang);
    }
    follower.finish();
    // By these no certificate holds: whoever comes anew is refused.
    for (setting, reason) in [("-1d", NOT_YET_VALID), ("+400d", EXPIRED)] {
        clock.set(setting);
        assert!(other.stop().success());
        other = right.start();
        both_say_so((off, &node), (right, &other), &clock, &reason);
        if wrong == Wrong::Receiver {
            publish();
        }
    }
    clock.set("+0");
    publish();
    eventually("the two find each other again", || {
        probe(off).1 == 0 && probe(right).1 == 0
    });
    sees_apart(right, 0);
    let follower = book.follow(&guandu, GUANDU);
    book.wait_until_answered(&jinjiang);
    follower.finish();
    book.judge();
    assert!(node.stop().success() && other.stop().success());
}

/// Seconds of the node in one of ours, once its clock runs.
const FAST: &str = "x200";

/// So long takes what the node waits twenty minutes for: it looks at deadlines every ten. An hour
/// takes it eighteen seconds.
const TWO_LOOKS: Duration = Duration::from_secs(7);

fn jumps_ahead(build: Build) {
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    let clock = Faked::of(&world);
    let here = clock.start_whole(&jinjiang);
    let book = Book::of(&world);
    let rows: Vec<Value> = (1..=EACH).map(departure).collect();
    book.publish_all(&jinjiang, &rows);
    // Behind every deadline, for less than an hour.
    clock.set(&format!("+31d {FAST}"));
    let begun = Instant::now();
    while begun.elapsed() < TWO_LOOKS {
        let log = here.log();
        assert!(
            !log.contains("ends as expired"),
            "ended by one look at a clock"
        );
        thread::sleep(Duration::from_millis(20));
    }
    here.kill();
    let (here, there) = (jinjiang.start(), guandu.start());
    let follower = book.follow(&guandu, GUANDU);
    book.wait_until_answered(&jinjiang);
    follower.finish();
    book.judge();
    assert!(here.stop().success() && there.stop().success());
}

/// A clock that is ahead by years does not part a consumer from what it acknowledged, nor a
/// reference from its notice.
fn jumps_by_years(build: Build) {
    let world = World::of(build);
    let (jinjiang, guandu) = (world.county(JINJIANG), world.county(GUANDU));
    world.pair(&jinjiang, &guandu);
    let clock = Faked::of(&world);
    let here = clock.start_whole(&jinjiang);
    let rows: Vec<Value> = (1..=EACH).map(departure).collect();
    let known = jinjiang.publish_all(&rows);
    assert!(jinjiang.subscribe("desk", 1, 1).is_empty());
    clock.set("+900d");
    eventually("the node looks at its consumers", || {
        here.log().contains("A consumer ")
    });
    assert!(
        !here.log().contains("it is removed"),
        "a consumer is gone by one look at a clock"
    );
    here.kill();
    let here = jinjiang.start();
    let again = jinjiang.publish(&rows).expect(0).lines();
    assert!(again.iter().all(|row| row["status"] == "repeated"));
    assert_eq!(jinjiang.publish_all(&rows), known);
    assert!(here.stop().success());
}

#[test]
fn a_sender_whose_clock_is_wrong_loses_nothing() {
    row(Build::Sound, Wrong::Sender);
}

#[test]
fn a_receiver_whose_clock_is_wrong_loses_nothing() {
    row(Build::Sound, Wrong::Receiver);
    notices("a certificate counts that is not_yet_valid", || {
        row(Build::Without("expiry"), Wrong::Receiver);
    });
}

#[test]
fn a_clock_that_jumps_ends_no_notice() {
    jumps_ahead(Build::Sound);
    notices("ended by one look at a clock", || {
        jumps_ahead(Build::Without("deadline"));
    });
}

#[test]
fn a_clock_that_jumps_by_years_forgets_nothing() {
    jumps_by_years(Build::Sound);
    notices("a consumer is gone by one look at a clock", || {
        jumps_by_years(Build::Without("deadline"));
    });
}

/// What is late by an hour of every clock does end, once.
#[test]
fn a_deadline_that_has_passed_ends_a_notice() {
    let (world, jinjiang, guandu) = World::two_counties();
    let clock = Faked::of(&world);
    let here = clock.start_whole(&jinjiang);
    jinjiang.publish(&[departure(1), departure(2)]).expect(0);
    clock.set(&format!("+31d {FAST}"));
    eventually("both end", || {
        here.log().matches("ends as expired").count() == 2
    });
    here.kill();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    jinjiang.wait_until_answered();
    let shown = jinjiang.ask(&["notice", "list"]).expect(0).lines();
    assert_eq!(shown.len(), 2);
    for notice in shown {
        assert_eq!(notice["delivery"], "expired", "{notice}");
    }
    assert!(guandu.subscribe("desk", 2, 2).is_empty());
}
