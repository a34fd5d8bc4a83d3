//! Two nodes of two authorities come to exchange, and what must not pair them does not.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits by the system's clock"
)]

mod harness;

use std::{fs, path::Path};

use harness::{
    Build, County, GUANDU, JINJIANG, NANAN, Said, World, binary, departure_between,
    faketime::Faked, free_port, one_error, run,
};
use serde_json::Value;

/// A node of another authority than the world's.
fn stranger(world: &World, area: &str) -> County {
    let authority = world.path("authority-elsewhere");
    run(binary()
        .args(["authority", "init", "--trust-domain", "elsewhere.test"])
        .arg("--dir")
        .arg(&authority))
    .expect(0);
    let county = County {
        area: area.to_owned(),
        dir: world.path(area),
        exchange: free_port(),
        build: Build::Sound,
        clock: None,
    };
    run(binary()
        .args(["init", "--sandbox", "--area", area, "--dir"])
        .arg(&county.dir)
        .arg("--authority")
        .arg(&authority)
        .args(["--exchange", &format!("127.0.0.1:{}", county.exchange)])
        .args(["--office", &format!("127.0.0.1:{}", free_port())]))
    .expect(0);
    county.quicken();
    county
}

/// What a command said, as one object.
fn told(said: Said) -> Value {
    said.expect(0).lines().remove(0)
}

fn invite(county: &County, invited: &str, out: &Path) -> Said {
    let mut command = county.command(&["peer", "invite", "--for", invited, "--format", "json"]);
    run(command.arg("--out").arg(out))
}

fn accept(county: &County, invitation: &Path, answer: &Path) -> Said {
    let mut command = county.command(&["peer", "accept", "--yes", "--format", "json"]);
    run(command.arg(invitation).arg("--answer").arg(answer))
}

fn take(county: &County, answer: &Path) -> Said {
    let mut command = county.command(&["peer", "accept", "--yes", "--format", "json"]);
    run(command.arg(answer))
}

#[test]
fn two_running_nodes_of_two_authorities_exchange_after_three_commands() {
    let world = World::new();
    let (jinjiang, guandu) = (world.county(JINJIANG), stranger(&world, GUANDU));
    let (here, there) = (jinjiang.start(), guandu.start());
    let processes = [here.id(), there.id()];
    let (file, reply) = (world.path("invitation"), world.path("answer"));

    let invited = told(invite(&jinjiang, GUANDU, &file));
    let accepted = told(accept(&guandu, &file, &reply));
    let taken = told(take(&jinjiang, &reply));

    // Each side was shown the other's fingerprint, as the other reads its own.
    assert_eq!(accepted["fingerprint"], invited["fingerprint"]);
    assert_eq!(taken["fingerprint"], accepted["own_fingerprint"]);
    assert_ne!(accepted["fingerprint"], taken["fingerprint"]);
    for (from, to) in [(&jinjiang, &guandu), (&guandu, &jinjiang)] {
        let row = departure_between(1, &from.area, &to.area);
        from.publish(&[row]).expect(0);
        from.wait_until_answered();
        assert_eq!(to.subscribe("desk", 1, 20).len(), 1);
    }
    assert_eq!([here.id(), there.id()], processes, "without a restart");
    for (county, other) in [(&jinjiang, GUANDU), (&guandu, JINJIANG)] {
        county.ask(&["peer", "probe", other]).expect(0);
    }
}

/// Fails unless that is refused for that reason, and nobody is trusted who was not before.
fn refused(county: &County, said: &Said, why: &str) {
    let plain = Said {
        code: said.code,
        out: String::new(),
        err: said.err.clone(),
    };
    let error = one_error(&plain, 1);
    assert!(error.contains(why), "{error}");
    let peers = fs::read_dir(county.dir.join("peers"));
    let files = peers.map_or(0, |peers| {
        let names = peers.map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| name.to_string_lossy().ends_with(".toml"))
            .count()
    });
    assert_eq!(files, 0, "{} trusts somebody: {why}", county.area);
}

#[test]
fn an_invitation_that_is_wrong_altered_late_for_another_or_used_says_so() {
    let world = World::new();
    let (jinjiang, guandu) = (world.county(JINJIANG), world.county(GUANDU));
    let nanan = world.county(NANAN);
    let [file, open, other, reply, second] =
        ["invitation", "open", "other", "answer", "second"].map(|name| world.path(name));
    invite(&jinjiang, GUANDU, &file).expect(0);

    fs::write(&other, "hello").unwrap();
    refused(
        &guandu,
        &accept(&guandu, &other, &reply),
        "no Hongyan invitation",
    );
    let text = fs::read_to_string(&file).unwrap();
    let port = jinjiang.exchange.to_string();
    assert!(text.contains(&port));
    fs::write(&other, text.replace(&port, "9")).unwrap();
    refused(&guandu, &accept(&guandu, &other, &reply), "altered after");
    refused(&nanan, &accept(&nanan, &file, &reply), "is for 官渡区");
    let clock = Faked::of(&world);
    clock.set("+15d");
    let mut late = guandu.command(&["peer", "accept", "--yes"]);
    clock.apply(&mut late);
    let late = run(late.arg(&file).arg("--answer").arg(&reply));
    refused(&guandu, &late, "has expired");
    assert!(!reply.exists(), "an answer to what was refused");

    // One for whoever comes first joins one node.
    run(jinjiang
        .command(&["peer", "invite"])
        .arg("--out")
        .arg(&open))
    .expect(0);
    accept(&guandu, &open, &reply).expect(0);
    accept(&nanan, &open, &second).expect(0);
    refused(&jinjiang, &take(&nanan, &reply), "did not issue");
    take(&jinjiang, &reply).expect(0);
    let again = take(&jinjiang, &second);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("already used"), "{again:?}");
    assert!(!jinjiang.dir.join(format!("peers/{NANAN}.toml")).exists());
}
