//! Evidence of what passed between two nodes: a verifier that shares nothing with them believes
//! every file that they write, and none that anybody has changed since, be it the node itself; and
//! the node's own verifier says the same of each.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod harness;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use harness::{
    County, GUANDU, JINJIANG, NANAN, Said, World, binary, copy, departure, departure_between, edit,
    eventually, feedback, one_error, restore, rounds, run,
};
use hongyan::{
    domain::channel::{Channel, Digest},
    trust::{
        forms::Frame, identity::TrustDomain, keys::SigningKey, showing::ShowingForm,
        signature::Signed,
    },
};
use serde_json::{Value, json};

#[path = "evidence/alteration.rs"]
mod alteration;

/// Exports the evidence of a notice as that office of a county.
fn export(county: &County, notice: &str, out: &Path) -> Said {
    let mut command = county.command(&["evidence", "export", notice, "--format", "json"]);
    run(command.arg("--out").arg(out))
}

fn exported(county: &County, notice: &str, out: &Path) -> Value {
    let told = export(county, notice, out).expect(0).lines().remove(0);
    assert_eq!(told["notice_id"], notice);
    told
}

/// What the program says of files, in their order.
fn verified(files: &[PathBuf], more: &[&str]) -> Vec<Value> {
    let mut said = Vec::new();
    for files in files.chunks(500) {
        let mut command = binary();
        command.args(["evidence", "verify", "--format", "json"]);
        said.extend(run(command.args(more).args(files)).lines());
    }
    assert_eq!(said.len(), files.len());
    said
}

/// What the other verifier says of files, in their order.
fn verified_apart(dir: &Path, files: &[PathBuf], more: &[&str]) -> Vec<Value> {
    let list = dir.join("files.txt");
    let names: String = files
        .iter()
        .map(|file| format!("{}\n", file.display()))
        .collect();
    fs::write(&list, names).unwrap();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/evidence/verify.py");
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-B", program]).args(more).arg("--list");
    let said = run(command.arg(&list));
    assert!(matches!(said.code, 0 | 1), "{said:?}");
    let said = said.lines();
    assert_eq!(said.len(), files.len());
    said
}

fn holds(said: &Value) -> bool {
    said["holds"].as_bool().unwrap()
}

/// Both say that every file holds; gives what the program says.
fn both_believe(dir: &Path, files: &[PathBuf]) -> Vec<Value> {
    let (here, there) = (verified(files, &[]), verified_apart(dir, files, &[]));
    for (here, there) in here.iter().zip(&there) {
        assert!(holds(here) && holds(there), "{here} {there}");
        let outcome = there["outcome"]
            .as_str()
            .map(|it| it.split(' ').next().unwrap());
        assert_eq!(here["outcome"].as_str(), outcome, "{there}");
        assert_eq!(here["void"], there["void"]);
        assert_eq!(
            codes(here, "proven").contains(&"sent".to_owned()),
            there["sent"]
        );
        assert_eq!(
            codes(here, "proven").contains(&"content".to_owned()),
            there["content"]
        );
    }
    here
}

/// The codes of what is proven, or of what is not.
fn codes(said: &Value, which: &str) -> Vec<String> {
    let found = said[which].as_array().unwrap().iter();
    found
        .map(|it| it["code"].as_str().unwrap().to_owned())
        .collect()
}

fn ids(said: &Said) -> Vec<String> {
    let answers = said.lines();
    let ids = answers
        .iter()
        .map(|it| it["notice_id"].as_str().unwrap().to_owned());
    ids.collect()
}

/// Two counties whose notices are answered, and files of evidence from both ends.
struct Shown {
    world: World,
    files: Vec<PathBuf>,
}

impl Shown {
    /// About that many files: of each notice one from either end.
    fn begin(count: usize) -> Self {
        let (world, jinjiang, guandu) = World::two_counties();
        let (_here, _there) = (jinjiang.start(), guandu.start());
        let pairs = u32::try_from(count.div_ceil(2)).unwrap();
        let rows: Vec<Value> = (1..=pairs).map(departure).collect();
        let sent = ids(&jinjiang.publish(&rows).expect(0));
        jinjiang.wait_until_answered();
        // The keys of both follow each other from now on.
        for county in [&jinjiang, &guandu] {
            county.ask(&["key", "rotate", "--yes"]).expect(0);
        }
        let answer = feedback(1, &sent[0]);
        let answers = ids(&guandu.publish(&[answer]).expect(0));
        guandu.wait_until_answered();
        let mut files = Vec::new();
        for (number, id) in sent.iter().chain(&answers).enumerate() {
            for county in [&jinjiang, &guandu] {
                let file = world.path(&format!("{number}-{}.json", county.area));
                exported(county, id, &file);
                files.push(file);
            }
        }
        Self { world, files }
    }

    /// The key with which a county signs, by which side wrote a file.
    fn key(&self, file: &Value) -> SigningKey {
        let home = if file["side"] == "sender" {
            "from"
        } else {
            "to"
        };
        let county = self.world.path(file[home].as_str().unwrap());
        SigningKey::load(&county.join("keys/signing.key")).unwrap()
    }

    /// The seal put anew over a file, which the node that wrote it has changed.
    fn sealed(&self, mut file: Value, written: &Value) -> Value {
        let members = file.as_object_mut().unwrap();
        members.remove("seal");
        let covered = format!("{file}\n");
        let sum: [u8; 32] = digest(&SHA256, covered.as_bytes())
            .as_ref()
            .try_into()
            .unwrap();
        let [from, to] = ["from", "to"].map(|it| file[it].as_str().unwrap_or_default().parse());
        let (Ok(from), Ok(to)) = (from, to) else {
            return file;
        };
        let channel = Channel { from, to };
        let form = ShowingForm {
            frame: Frame {
                channel: match file["side"] == "sender" {
                    true => channel,
                    false => channel.opposite(),
                },
                sandbox: file["sandbox"] == true,
            },
            document: Digest::new(sum),
            time_ms: 1_791_421_200_000,
        };
        let domain: TrustDomain = "hongyan.test".parse().unwrap();
        let signed: Signed = self.key(written).sign(&domain, &form).unwrap();
        file["seal"] = json!({
            "form": BASE64.encode(signed.form()),
            "signature": BASE64.encode(signed.signature()),
        });
        file
    }
}

#[test]
fn a_stranger_believes_what_was_signed_and_nothing_that_was_changed() {
    let shown = Shown::begin(rounds("HONGYAN_EVIDENCES", 30));
    let dir = shown.world.root.path();
    let said = both_believe(dir, &shown.files);
    for said in &said {
        let proven = codes(said, "proven");
        for code in [
            "shown",
            "sent",
            "received",
            "content",
            "agreed",
            "paired",
            "certified",
        ] {
            assert!(proven.iter().any(|it| it == code), "{code}: {said}");
        }
        assert_eq!(proven.iter().filter(|it| *it == "journal").count(), 2);
        assert_eq!(
            proven.iter().filter(|it| *it == "succeeded").count(),
            2,
            "{said}"
        );
        assert_eq!(said["outcome"], "stored");
        let gaps = codes(said, "not_proven");
        for code in ["clocks", "office", "root", "revocation", "sandbox"] {
            assert!(gaps.iter().any(|it| it == code), "{code}: {said}");
        }
        let own = said["written_by"] == "receiver";
        assert_eq!(gaps.iter().any(|it| it == "own_receipt"), own);
    }

    // A root that is known needs no comparing; another is not that one.
    let root = shown.world.authority().join("ca.crt");
    let other = shown.world.path("other");
    run(binary()
        .args([
            "authority",
            "init",
            "--trust-domain",
            "hongyan.test",
            "--dir",
        ])
        .arg(&other))
    .expect(0);
    let other = other.join("ca.crt");
    let one = &shown.files[..1];
    let with_root = |root: &Path| ["--root".to_owned(), root.display().to_string()];
    let trusted = with_root(&root);
    let trusted = trusted.each_ref().map(String::as_str);
    let told = &verified(one, &trusted)[0];
    assert!(holds(told) && !codes(told, "not_proven").contains(&"root".to_owned()));
    assert!(holds(&verified_apart(dir, one, &trusted)[0]));
    let strange = with_root(&other);
    let strange = strange.each_ref().map(String::as_str);
    assert_eq!(verified(one, &strange)[0]["code"], "other_root");
    assert_eq!(verified_apart(dir, one, &strange)[0]["code"], "other_root");

    let mut drawing = alteration::Drawing::of(&shown);
    let mut left = rounds("HONGYAN_ALTERATIONS", 300);
    while left > 0 {
        let count = left.min(500);
        left -= count;
        let changed: Vec<_> = (0..count).map(|_| drawing.one_more()).collect();
        let files: Vec<PathBuf> = (0..count)
            .map(|number| dir.join(format!("altered-{number}.json")))
            .collect();
        for (file, changed) in files.iter().zip(&changed) {
            fs::write(file, &changed.bytes).unwrap();
        }
        let here = verified(&files, &[]);
        let there = verified_apart(dir, &files, &[]);
        for ((here, there), changed) in here.iter().zip(&there).zip(&changed) {
            let how = &changed.how;
            assert!(
                !holds(here),
                "{how}: the node's own verifier believes it: {here}"
            );
            assert!(
                !holds(there),
                "{how}: the other verifier believes it: {there}"
            );
            assert!(here["message"]["zh"].is_string() && here["code"].is_string());
        }
    }
}

#[test]
fn what_is_not_in_a_file_is_said_and_not_proven() {
    let (world, jinjiang, guandu) = World::two_counties();
    let dir = world.root.path();
    let add = ["office", "add", "--name", "audit", "--role", "auditor"];
    run(jinjiang.command(&add).args(["--area", JINJIANG])).expect(0);
    let _here = jinjiang.start();
    let sent = ids(&jinjiang.publish(&[departure(1)]).expect(0)).remove(0);

    // Nobody has answered.
    let waiting = world.path("waiting.json");
    exported(&jinjiang, &sent, &waiting);
    let said = both_believe(dir, &[waiting]).remove(0);
    let (proven, gaps) = (codes(&said, "proven"), codes(&said, "not_proven"));
    for code in ["sent", "received", "content"] {
        assert!(!proven.iter().any(|it| it == code), "{code}: {said}");
    }
    for code in ["sent", "receipt"] {
        assert!(gaps.iter().any(|it| it == code), "{code}: {said}");
    }
    assert_eq!(said["outcome"], Value::Null);

    // An auditor shows what was signed, and no person.
    let _there = guandu.start();
    jinjiang.wait_until_answered();
    let blind = world.path("blind.json");
    let mut command = jinjiang.command(&["evidence", "export", &sent, "--as", "audit"]);
    run(command.arg("--out").arg(&blind)).expect(0);
    let text = fs::read_to_string(&blind).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap()["content"],
        Value::Null
    );
    let said = both_believe(dir, &[blind]).remove(0);
    let (proven, gaps) = (codes(&said, "proven"), codes(&said, "not_proven"));
    assert!(proven.iter().any(|it| it == "received") && !proven.iter().any(|it| it == "content"));
    for code in ["content", "notice_id"] {
        assert!(gaps.iter().any(|it| it == code), "{code}: {said}");
    }

    // Nobody else may read a file that holds a person.
    let whole = world.path("whole.json");
    exported(&jinjiang, &sent, &whole);
    let mode = fs::metadata(&whole).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // In plain words, for people.
    let words = |language: &str| {
        let mut command = binary();
        let command = command.env("LC_ALL", language).args(["evidence", "verify"]);
        run(command.arg(&whole)).expect(0).out
    };
    let (zh, en) = (words("zh_CN.UTF-8"), words("C.UTF-8"));
    assert!(zh.contains("【测试数据】") && zh.contains("未证明：") && zh.contains("已收存"));
    assert!(en.contains("[TRIAL DATA]") && en.contains("Not proven:"));
    assert!(en.contains("it has stored the notice"));

    // What cannot be meant so.
    let strange = "01010101-0101-8101-8000-000000000002";
    let error = one_error(&export(&jinjiang, strange, &world.path("none.json")), 1);
    assert!(error.contains("no notice of that id"), "{error}");
    let verify = |path: &Path| run(binary().args(["evidence", "verify"]).arg(path));
    assert!(one_error(&verify(&world.path("nowhere.json")), 2).contains("cannot read"));
    let other = world.path("other.json");
    fs::write(&other, "{}\n").unwrap();
    let said = verified(std::slice::from_ref(&other), &[]).remove(0);
    assert_eq!(
        (&said["holds"], &said["code"]),
        (&json!(false), &json!("not_evidence"))
    );
    assert!(verify(&other).expect(1).out.contains("not to be believed"));
}

#[test]
fn two_areas_of_one_node_prove_its_own_word_only() {
    let world = World::new();
    let county = world.counties_in_one(&[JINJIANG, NANAN]);
    // What it signed with others says nothing of itself.
    world.pair(&county, &world.county(GUANDU));
    county
        .ask(&["peer", "join", "--yes", NANAN, JINJIANG])
        .expect(0);
    let _node = county.start();
    let row = departure_between(1, JINJIANG, NANAN);
    let sent = ids(&county.publish(&[row]).expect(0)).remove(0);
    county.wait_until_answered();
    let file = world.path("own.json");
    exported(&county, &sent, &file);
    let said = both_believe(world.root.path(), &[file]).remove(0);
    let gaps = codes(&said, "not_proven");
    assert!(gaps.iter().any(|it| it == "one_node"), "{said}");
    assert_eq!(said["outcome"], "stored");
}

#[test]
fn the_heads_of_the_journal_are_signed_and_a_journal_that_is_another_is_found() {
    let (world, jinjiang, guandu) = World::two_counties();
    edit(&jinjiang.dir.join("node.toml"), |text| {
        let mut document: toml::Table = text.parse().unwrap();
        document["limits"]["segment_bytes"] = (1 << 20).into();
        toml::to_string(&document).unwrap()
    });
    let node = jinjiang.start();
    jinjiang.publish(&[departure(9_999)]).expect(0);
    assert!(node.stop().success());
    let early = world.path("early");
    let data = jinjiang.dir.join("data");
    copy(&data, &early);
    let node = jinjiang.start();
    let rows: Vec<Value> = (1..=2_500).map(departure).collect();
    jinjiang.publish(&rows).expect(0);
    let signed = || {
        let mut found: Vec<PathBuf> = fs::read_dir(data.join("heads"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "heads"))
            .collect();
        found.sort();
        found
    };
    let segments = || {
        let found = fs::read_dir(data.join("journal")).unwrap();
        let kinds = found.map(|entry| entry.unwrap().path());
        kinds
            .filter(|path| path.extension().is_some_and(|kind| kind == "segment"))
            .count()
    };
    assert!(segments() > 1);
    eventually("every segment has its signature", || {
        signed().len() == segments()
    });
    let found = || {
        let said = jinjiang.ask(&["doctor"]).lines();
        let said = said.into_iter().find(|it| it["check"] == "journal_heads");
        said.unwrap()["status"].clone()
    };
    assert_eq!(found(), "ok");
    assert!(node.stop().success());

    // What is gone is signed again at the next start, and nothing waits for it.
    fs::remove_file(&signed()[0]).unwrap();
    assert_eq!(found(), "warning");
    let node = jinjiang.start();
    eventually("what is missing is signed", || signed().len() == segments());
    assert_eq!(found(), "ok");
    assert!(node.stop().success());

    // What the journal held when it signed for its peer, and what it no longer holds.
    let peer = guandu.start();
    let node = jinjiang.start();
    jinjiang.wait_until_answered();
    let notices = jinjiang
        .ask(&["notice", "list", "--limit", "1"])
        .expect(0)
        .lines();
    let newest = notices[0]["notice_id"].as_str().unwrap();
    let kept = world.path("kept.json");
    exported(&guandu, newest, &kept);
    assert!(node.stop().success() && peer.stop().success());
    let compare = || {
        let mut command = jinjiang.command(&["journal", "check", "--format", "json"]);
        run(command.arg("--evidence").arg(&kept))
    };
    let said = compare().expect(0).lines();
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(
        (&said[0]["whole"], &said[1]["same"]),
        (&json!(true), &json!(true))
    );
    let whole = world.path("whole");
    copy(&data, &whole);
    restore(&early, &data);
    let said = compare().expect(1).lines();
    assert_eq!(
        (&said[0]["whole"], &said[1]["same"]),
        (&json!(true), &json!(false))
    );
    restore(&whole, &data);

    // A head that was signed for another place of the journal.
    let last = signed().pop().unwrap();
    let line = fs::read_to_string(&last).unwrap();
    assert!(line.starts_with(JINJIANG), "{line}");
    fs::write(&last, "").unwrap();
    assert_eq!(found(), "wrong");
    fs::write(&last, line).unwrap();
    assert_eq!(found(), "ok");
}
