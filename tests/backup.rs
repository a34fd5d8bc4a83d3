//! A node is copied while it works, made anew from the copy elsewhere, and finds out from its peers
//! how far it was set back; nothing is lost that was accepted before, and nothing doubled.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits by the system's clock"
)]

mod harness;

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
};

use harness::{
    County, JINJIANG, Said, World, binary, departure, edit, eventually, feedback, one_error,
    resident, run,
};
use serde_json::Value;

fn back_up(county: &County, to: &Path) -> PathBuf {
    let said = run(county
        .command(&["backup", "--keep-until", "2099-12-31", "--format", "json"])
        .arg("--to")
        .arg(to))
    .expect(0);
    said.lines()[0]["backup"].as_str().unwrap().into()
}

fn check(backup: &Path) -> Said {
    run(binary()
        .args(["backup", "check", "--format", "json"])
        .arg(backup))
}

fn restore(backup: &Path, node: &Path, further: &[&str]) -> Said {
    run(binary()
        .args(["restore", "--from"])
        .arg(backup)
        .arg("--node")
        .arg(node)
        .args(further))
}

/// The node of that copy in another directory, with its master key put in place.
fn restored(world: &World, county: &County, backup: &Path) -> County {
    let dir = world.path(&format!("{}-restored", county.area));
    restore(backup, &dir, &["--yes"]).expect(0);
    let elsewhere = County {
        dir,
        ..county.clone()
    };
    let refused = elsewhere.refused_start(1);
    assert!(refused.contains("master.key is missing"), "{refused}");
    let key = "keys/master.key";
    fs::copy(county.dir.join(key), elsewhere.dir.join(key)).unwrap();
    elsewhere
}

/// Erases the newest cases of a county, so many; its list of erasures then.
fn erased(county: &County, count: usize) -> String {
    let published = county.ask(&["notice", "list"]).expect(0).lines();
    for id in &ids(&published)[..count] {
        county.ask(&["case", "erase", "--yes", id]).expect(0);
    }
    let list = fs::read_to_string(county.dir.join("data/erasures")).unwrap();
    assert_eq!(list.lines().count(), count);
    list
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|at| at == text.as_bytes())
}

fn ids(answers: &[Value]) -> Vec<String> {
    let ids = answers.iter().map(|it| it["notice_id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

fn stopped(county: &County) -> Vec<Value> {
    let mut channels = county.channels();
    channels.retain(|channel| channel["state"] == "stopped");
    channels
}

/// What doctor says of that.
fn doctor(county: &County, of: &str) -> Vec<(String, String)> {
    let said = county.ask(&["doctor"]).lines();
    let said = said.iter().filter(|line| line["check"] == of);
    said.map(|line| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&line["status"]), text(&line["message"]["en"]))
    })
    .collect()
}

#[test]
fn a_copy_taken_at_full_rate_becomes_a_node_that_finds_out_how_far_it_was_set_back() {
    let (world, jinjiang, guandu) = World::two_counties();
    edit(&jinjiang.dir.join("node.toml"), |text| {
        let mut document: toml::Table = text.parse().unwrap();
        document["limits"]["segment_bytes"] = (1 << 20).into();
        toml::to_string(&document).unwrap()
    });
    let here = jinjiang.start();
    let _there = guandu.start();
    let rows = |range: std::ops::RangeInclusive<u32>| range.map(departure).collect::<Vec<_>>();
    let mut accepted = ids(&jinjiang.publish(&rows(1..=2_400)).expect(0).lines());
    let (enough, published) = (AtomicBool::new(false), AtomicU32::new(2_400));
    let (backup, before, rest) = thread::scope(|scope| {
        let publisher = scope.spawn(|| {
            let mut accepted = Vec::new();
            while !enough.load(Ordering::Relaxed) {
                let first = published.load(Ordering::Relaxed) + 1;
                let rows = rows(first..=first + 299);
                accepted.extend(ids(&jinjiang.publish(&rows).expect(0).lines()));
                published.store(first + 299, Ordering::Relaxed);
            }
            accepted
        });
        eventually("it is in full swing", || {
            published.load(Ordering::Relaxed) >= 3_000
        });
        let before = published.load(Ordering::Relaxed);
        let backup = back_up(&jinjiang, &world.path("backups"));
        let after = published.load(Ordering::Relaxed);
        eventually("more comes after it", || {
            published.load(Ordering::Relaxed) > after
        });
        enough.store(true, Ordering::Relaxed);
        (backup, u64::from(before), publisher.join().unwrap())
    });
    accepted.extend(rest);
    jinjiang.wait_until_answered();
    let whole = check(&backup).expect(0).lines();
    assert!(whole[0]["segments"].as_u64().unwrap() > 1, "{whole:?}");
    let out = &whole[0]["channels"][0];
    let copied = out["last"].as_u64().unwrap();
    assert_eq!(out["direction"], "out");
    assert!(copied >= before, "{copied} of {before} that were accepted");
    assert!(copied < accepted.len() as u64, "{copied}");

    let master = fs::read_to_string(jinjiang.dir.join("keys/master.key")).unwrap();
    let numbers: HashSet<String> = (1..=before).map(|n| resident(n as u32)).collect();
    for path in files(&backup) {
        let bytes = fs::read(&path).unwrap();
        let mut parts = bytes.windows(18).filter(|part| part.starts_with(b"99"));
        let known = parts.any(|part| str::from_utf8(part).is_ok_and(|it| numbers.contains(it)));
        assert!(!known, "{}", path.display());
        let named = holds(&bytes, "测试") || holds(&bytes, master.trim());
        assert!(!named, "{}", path.display());
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    assert_eq!(doctor(&jinjiang, "backup")[0].0, "ok");
    let place = backup.display().to_string();
    assert!(doctor(&jinjiang, "backup")[0].1.ends_with(&place));

    here.kill();
    let anew = restored(&world, &jinjiang, &backup);
    let sound = anew.ask(&["journal", "check"]).expect(0).lines();
    assert_eq!(sound[0]["end"], whole[0]["end"]);
    assert_eq!(doctor(&anew, "restored")[0].0, "warning");
    let node = anew.start();
    let held = anew.ask(&["notice", "list"]).expect(0).lines();
    assert!(!held.is_empty());
    eventually("it finds out", || !stopped(&anew).is_empty());
    let told = stopped(&anew).remove(0);
    assert_eq!(told["code"], "sender_set_back");
    let said = told["message"]["en"].as_str().unwrap();
    let holds = format!(
        "the peer holds up to {}, it now holds up to {copied}",
        accepted.len()
    );
    assert!(said.contains(&holds), "{said}");
    assert!(
        said.ends_with("run hongyan channel adopt 530111."),
        "{said}"
    );
    let said = doctor(&anew, "channel");
    assert!(
        said.iter()
            .any(|(state, said)| state == "wrong" && said.contains(&holds))
    );
    assert!(node.log().contains("This node was set back"));
    eventually("every peer was heard", || {
        doctor(&anew, "restored").is_empty()
    });
    anew.ask(&["channel", "adopt", "530111", "--yes"]).expect(0);
    let last = published.load(Ordering::Relaxed);
    accepted.extend(ids(&anew
        .publish(&rows(last + 1..=last + 50))
        .expect(0)
        .lines()));
    anew.wait_until_answered();
    assert_eq!(stopped(&anew), [] as [Value; 0]);
    eventually("nothing stands still there", || stopped(&guandu).is_empty());
    let received = guandu.subscribe("desk", accepted.len() + 1, 3);
    assert_eq!(ids(&received), accepted, "each once, and in order");
    anew.ask(&["peer", "probe", "530111"]).expect(0);
    let acts = anew.ask(&["audit", "list"]).expect(0).lines();
    assert!(acts.iter().any(|act| act["act"] == "restored"), "{acts:?}");
    assert!(node.stop().success());
    anew.ask(&["audit", "verify"]).expect(0);
    anew.ask(&["journal", "check"]).expect(0);
}

#[test]
fn a_node_set_back_to_before_its_first_notice_learns_of_both_channels_though_nobody_sends() {
    let (world, jinjiang, guandu) = World::two_counties();
    let _here = jinjiang.start();
    let there = guandu.start();
    let backup = back_up(&guandu, &world.path("backups"));
    let accepted = ids(&jinjiang
        .publish(&(1..=4).map(departure).collect::<Vec<_>>())
        .expect(0)
        .lines());
    jinjiang.wait_until_answered();
    let answers: Vec<Value> = accepted
        .iter()
        .enumerate()
        .map(|(number, id)| feedback(number, id))
        .collect();
    let answers = ids(&guandu.publish(&answers).expect(0).lines());
    guandu.wait_until_answered();
    // Neither has anything to send, nor a stream that broke.
    assert!(there.stop().success());
    let anew = restored(&world, &guandu, &backup);
    let node = anew.start();
    eventually("it finds out both", || stopped(&anew).len() == 2);
    for told in stopped(&anew) {
        let (code, said) = match told["direction"].as_str().unwrap() {
            "out" => (
                "sender_set_back",
                "the peer holds up to 4, it now holds up to 0",
            ),
            _ => (
                "receiver_set_back",
                "receipted up to 4, it now holds up to 0",
            ),
        };
        assert_eq!(told["code"], code);
        let message = told["message"]["en"].as_str().unwrap();
        assert!(message.contains(said), "{message}");
    }
    anew.ask(&["channel", "adopt", "350582", "--yes"]).expect(0);
    let received = anew.subscribe("desk", 4, 20);
    assert_eq!(ids(&received), accepted, "each once, and in order");
    eventually("nothing stands still any more", || {
        stopped(&anew).is_empty() && stopped(&jinjiang).is_empty()
    });
    // What it says from now on comes behind what it had said.
    let mut again = feedback(9, &accepted[0]);
    again["outcome"] = "not_found".into();
    let mut told = answers;
    told.extend(ids(&anew.publish(&[again]).expect(0).lines()));
    anew.wait_until_answered();
    let answered = jinjiang.subscribe("desk", 9, 3);
    assert_eq!(ids(&answered), told);
    // The index built anew from that journal says the same.
    let listed = |county: &County| county.ask(&["notice", "list"]).expect(0).lines();
    let before = listed(&anew);
    assert!(node.stop().success());
    anew.ask(&["journal", "check"]).expect(0);
    anew.ask(&["index", "rebuild"]).expect(0);
    let _node = anew.start();
    assert_eq!(listed(&anew), before);
    anew.ask(&["peer", "probe", "350582"]).expect(0);
}

#[test]
fn whatever_is_altered_cut_or_missing_in_a_copy_is_refused_by_its_name() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    jinjiang
        .publish(&(1..=20).map(departure).collect::<Vec<_>>())
        .expect(0);
    jinjiang.wait_until_answered();
    let newest = erased(&jinjiang, 2);
    let foreign = guandu.dir.join("data/erasures");
    eventually("the receiver has carried out both", || {
        fs::read_to_string(&foreign).is_ok_and(|list| list.lines().count() == 2)
    });
    assert!(here.stop().success() && there.stop().success());
    // An old master key that somebody left beside the new one.
    let old = jinjiang.dir.join("keys/before.key");
    fs::copy(jinjiang.dir.join("keys/master.key"), &old).unwrap();
    // The second line was being written.
    let first = newest.find('\n').unwrap() + 1;
    fs::write(
        jinjiang.dir.join("data/erasures"),
        &newest[..newest.len() - 9],
    )
    .unwrap();
    let backup = back_up(&jinjiang, &world.path("backups"));
    let whole = check(&backup).expect(0).lines();
    let left_out: HashSet<&str> = whole[0]["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| path.as_str().unwrap())
        .collect();
    assert_eq!(
        left_out,
        HashSet::from(["keys/before.key", "keys/master.key"])
    );
    let mut wrong = 0;
    for (number, path) in files(&backup).into_iter().enumerate() {
        let bytes = fs::read(&path).unwrap();
        let name = path.display().to_string();
        let refused = |how: &str| {
            let said = one_error(&check(&backup), 1);
            assert!(said.contains(&name), "{how}: {said}");
        };
        // Another place of each file each time, and the same ones in every run.
        let at = (number * 7_919 + 13) % bytes.len().max(1);
        if !bytes.is_empty() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            fs::write(&path, &altered).unwrap();
            refused("altered");
            fs::write(&path, &bytes[..at]).unwrap();
            refused("cut");
            wrong += 2;
        }
        fs::write(&path, [&bytes[..], b"\n"].concat()).unwrap();
        refused("longer");
        fs::remove_file(&path).unwrap();
        if name.ends_with("manifest.jsonl") {
            let said = one_error(&check(&backup), 1);
            assert!(said.contains("has no manifest.jsonl"), "{said}");
            let node = world.path("never");
            one_error(&restore(&backup, &node, &["--yes"]), 1);
            assert!(!node.exists());
        } else {
            refused("missing");
        }
        fs::write(&path, &bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        wrong += 2;
    }
    assert!(wrong > 60, "{wrong}");
    check(&backup).expect(0);

    let said = restore(&backup, &world.path("anew"), &[]);
    assert!(one_error_of(&said, 2).contains("--yes"), "{said:?}");
    let said = restore(&backup, &jinjiang.dir, &["--yes"]);
    assert!(one_error_of(&said, 1).contains("nothing is ever restored over a node"));
    assert!(!world.path("anew").exists());
    let left: Vec<_> = fs::read_dir(world.root.path())
        .unwrap()
        .filter(|it| {
            it.as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with('.')
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");

    let list = world.path("erasures");
    let erasures = ["--erasures", list.to_str().unwrap()];
    let anew = world.path("anew");
    let refused_for = |text: &str, named: &str, why: &str| {
        fs::write(&list, text).unwrap();
        let said = restore(&backup, &anew, &[&erasures[..], &["--yes"]].concat());
        let error = one_error_of(&said, 1);
        let named = format!("{}{named}", list.display());
        assert!(
            error.contains(&named) && error.contains(why),
            "{why}: {said:?}"
        );
        assert!(!said.err.contains("99000019"), "{said:?}");
        assert!(!anew.exists());
    };
    let refused = |text: &str, line: u32, why: &str| {
        refused_for(text, &format!(", line {line}"), why);
    };
    refused(&newest[..newest.len() - 1], 2, "breaks off");
    refused("99000019900101001X", 1, "breaks off");
    refused("99000019900101001X\n", 1, "no line of a list");
    refused("{\"format\":\"hongyan erasure\"}\n", 1, "no line of a list");
    refused(&newest[first..], 1, "no line of a list");
    let edited =
        newest[..first].to_owned() + &newest[first..].replacen("\"slots\":[", "\"slots\":[1,", 1);
    refused(&edited, 2, "was changed");
    let theirs = fs::read_to_string(&foreign).unwrap();
    refused_for(&theirs, "", "of another node");
    // What tells nothing is as good as none: it asks.
    fs::write(&list, "").unwrap();
    let said = restore(&backup, &anew, &erasures);
    assert!(one_error_of(&said, 2).contains("--yes"), "{said:?}");
    assert!(said.out.contains("is empty"), "{said:?}");
    assert!(!anew.exists());
    fs::write(&list, &newest).unwrap();
    restore(&backup, &anew, &erasures).expect(0);
    let put = fs::read_to_string(anew.join("data/erasures")).unwrap();
    assert_eq!(put, newest);
    // Nor does a node start with the list of another.
    let restored = County {
        dir: anew,
        ..jinjiang.clone()
    };
    let key = "keys/master.key";
    fs::copy(jinjiang.dir.join(key), restored.dir.join(key)).unwrap();
    fs::write(restored.dir.join("data/erasures"), &theirs).unwrap();
    for error in [
        restored.refused_start(1),
        one_error(&restored.ask(&["journal", "check"]), 1),
    ] {
        assert!(error.contains("of another node"), "{error}");
    }

    let to = jinjiang.dir.join("backups");
    let said = run(jinjiang
        .command(&["backup", "--keep-until", "2099-12-31"])
        .arg("--to")
        .arg(&to));
    assert!(one_error(&said, 1).contains("belongs on another disk"));
    // A key that the journal names is not there: no copy of that is any good.
    let keys = jinjiang.dir.join("data/keys");
    // The first is the node's own; of the others one was drawn ahead, and nothing names it.
    let blocks: Vec<_> = files(&keys).into_iter().skip(1).collect();
    for block in &blocks {
        fs::remove_file(block).unwrap();
    }
    let to = world.path("others");
    let said = run(jinjiang
        .command(&["backup", "--keep-until", "2099-12-31"])
        .arg("--to")
        .arg(&to));
    let refused = one_error(&said, 1);
    let mut names = blocks.iter().map(|block| block.display().to_string());
    assert!(names.any(|name| refused.contains(&name)), "{refused}");
    assert_eq!(fs::read_dir(&to).unwrap().count(), 0, "nothing half done");
}

/// The one line of error behind what was said before.
fn one_error_of(said: &Said, code: i32) -> String {
    assert_eq!(said.code, code, "{said:?}");
    let mut errors = said.err.lines().filter_map(|it| it.strip_prefix("error: "));
    errors.next().unwrap().to_owned()
}

#[test]
fn a_copy_that_was_killed_half_way_is_refused_and_the_next_one_is_whole() {
    let world = World::new();
    let jinjiang = world.county(JINJIANG);
    let _here = jinjiang.start();
    let to = world.path("backups");
    let mut known: HashSet<PathBuf> = HashSet::new();
    let mut broke_off = 0;
    for _ in 0..20 {
        let mut child = jinjiang
            .command(&["backup", "--keep-until", "2099-12-31"])
            .arg("--to")
            .arg(&to)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let place = loop {
            let listed = fs::read_dir(&to).into_iter().flatten();
            let mut listed = listed.map(|entry| entry.unwrap().path());
            if let Some(place) = listed.find(|path| !known.contains(path)) {
                break place;
            }
            thread::yield_now();
        };
        child.kill().unwrap();
        child.wait().unwrap();
        if !place.join("manifest.jsonl").exists() {
            let said = one_error(&check(&place), 1);
            assert!(said.contains("has no manifest.jsonl"), "{said}");
            broke_off += 1;
        }
        known.insert(place);
    }
    assert!(broke_off > 0, "none was killed half-way");
    check(&back_up(&jinjiang, &to)).expect(0);
}
