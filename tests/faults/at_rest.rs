//! What lies on the disk of a node tells of nobody, and opens with its master key alone.
//!
//! Known people travel, are answered, refused and written about; then every file of both nodes is
//! searched for what is known of them, in every way in which it might be written. A node without its
//! master key does not start and says why; one whose keys have rotted names the file; one whose master
//! key is changed serves on, wherever that is cut off.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use encoding_rs::GB18030;
use serde_json::Value;

use crate::{
    draw::Draw,
    harness::{
        Build, County, World, copy, departure, feedback, notices, one_error, resident, restore,
        rounds,
    },
};

/// How many people are known.
fn people() -> u32 {
    u32::try_from(rounds("HONGYAN_AT_REST", 120)).unwrap()
}

/// A row of which every value is like no other text.
fn row(number: u32) -> Value {
    let mut row = departure(number);
    row["subject"]["name"] = name(number).into();
    row["subject"]["phone"] = phone(number).into();
    row["destination_address"] = street(number).into();
    row["reference"] = reference(number).into();
    row
}

fn name(number: u32) -> String {
    let digits = ["孟", "宓", "蓬", "全", "郗", "班", "仰", "秋", "仲", "伊"];
    let letter = |place: u32| digits[(number / 10u32.pow(place) % 10) as usize];
    format!("画眉{}{}{}", letter(2), letter(1), letter(0))
}

fn phone(number: u32) -> String {
    format!("1991886{number:04}")
}

fn street(number: u32) -> String {
    format!("云南省昆明市画眉巷{number}弄")
}

fn reference(number: u32) -> String {
    format!("huamei-{number:04}")
}

fn note(number: u32) -> String {
    format!("画眉{number}已电话联系")
}

/// Everything that may stand nowhere, by its first bytes.
struct Known(HashMap<[u8; BEGIN], Vec<Vec<u8>>>);

impl Known {
    fn of(people: u32) -> Self {
        let mut known = HashMap::new();
        for number in 1..=people {
            let texts = [
                resident(number),
                name(number),
                phone(number),
                street(number),
                reference(number),
                note(number),
            ];
            for written in texts.iter().flat_map(|text| spellings(text)) {
                let begin = written.first_chunk().copied().unwrap();
                let of_begin: &mut Vec<_> = known.entry(begin).or_default();
                of_begin.push(written);
            }
        }
        Self(known)
    }

    fn find(&self, bytes: &[u8]) -> Option<usize> {
        (0..bytes.len()).find(|at| {
            let rest = &bytes[*at..];
            let begin: Option<&[u8; BEGIN]> = rest.first_chunk();
            let of_begin = begin.and_then(|begin| self.0.get(begin));
            of_begin.is_some_and(|known| known.iter().any(|text| rest.starts_with(text)))
        })
    }

    /// Looks into every file below; says how many there were.
    fn assert_not_below(&self, directory: &Path) -> usize {
        let mut files = 0;
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files += self.assert_not_below(&path);
                continue;
            }
            let found = self.find(&fs::read(&path).unwrap());
            assert_eq!(found, None, "a file tells of a person: {}", path.display());
            files += 1;
        }
        files
    }
}

/// A text as it might be written down.
fn spellings(text: &str) -> Vec<Vec<u8>> {
    let utf8 = text.as_bytes().to_vec();
    let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let hex = data_encoding::HEXLOWER.encode(&utf8);
    vec![
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
        GB18030.encode(text).0.into_owned(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        data_encoding::BASE64
            .encode(&utf8[..utf8.len() / 3 * 3])
            .into_bytes(),
        utf8,
    ]
}

const BEGIN: usize = 6;

fn ids(answers: &[Value]) -> Vec<String> {
    let id = |answer: &Value| answer["notice_id"].as_str().map(str::to_owned);
    answers.iter().filter_map(id).collect()
}

fn searched(build: Build) {
    let people = people();
    let known = Known::of(people);
    let (world, jinjiang, guandu) = World::two_counties_of(build);
    let (here, there) = (jinjiang.start(), guandu.start());
    let rows: Vec<Value> = (1..=people).map(row).collect();
    let accepted = ids(&jinjiang.publish(&rows).expect(0).lines());
    assert_eq!(accepted.len(), rows.len());
    let handed = guandu.subscribe("desk", rows.len(), 30);
    assert_eq!(handed.len(), rows.len());
    assert_eq!(handed[0]["subject"]["name"], name(1), "they do travel");
    let answers: Vec<Value> = (1..)
        .zip(&accepted)
        .step_by(2)
        .map(|(number, id)| {
            let mut answer = feedback(number, id);
            answer["reference"] = reference(u32::try_from(number).unwrap()).into();
            answer
        })
        .collect();
    guandu.publish(&answers).expect(0);
    guandu.wait_until_answered();
    jinjiang.wait_until_answered();
    for (number, id) in (1..).zip(&accepted).take(3) {
        guandu
            .ask(&["case", "note", "--text", &note(number), id])
            .expect(0);
    }
    // What lists and figures follow from is written too.
    guandu.ask(&["case", "list"]).expect(0);
    assert!(here.stop().success() && there.stop().success());
    for county in [&jinjiang, &guandu] {
        county.ask(&["journal", "check"]).expect(0);
        assert!(known.assert_not_below(&county.dir) > 10);
    }
    // All of it is there still.
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let again = guandu.subscribe("again", rows.len(), 30);
    for (before, after) in handed.iter().zip(&again) {
        assert_eq!(before["subject"], after["subject"]);
    }
    let shown = jinjiang.ask(&["notice", "show", &accepted[0]]).expect(0);
    assert!(shown.out.contains(&name(1)), "{shown:?}");
    drop(world);
}

#[test]
fn no_file_of_a_node_tells_of_a_person() {
    searched(Build::Sound);
    notices("tells of a person", || searched(Build::Without("sealing")));
}

/// A node that has handled somebody, stopped.
fn settled() -> (World, County, County, String) {
    let (world, jinjiang, guandu) = World::two_counties();
    let (here, there) = (jinjiang.start(), guandu.start());
    let id = ids(&jinjiang.publish(&[row(1)]).expect(0).lines()).remove(0);
    jinjiang.wait_until_answered();
    assert!(here.stop().success() && there.stop().success());
    (world, jinjiang, guandu, id)
}

fn master_key(county: &County) -> PathBuf {
    county.dir.join("keys/master.key")
}

fn shows(county: &County, id: &str) {
    let shown = county.ask(&["notice", "show", id]).expect(0);
    assert!(shown.out.contains(&name(1)), "{shown:?}");
}

#[test]
fn without_its_master_key_a_node_does_not_start_and_says_why() {
    let (world, jinjiang, guandu, id) = settled();
    let path = master_key(&jinjiang);
    let kept = world.path("kept");
    fs::copy(&path, &kept).unwrap();
    let refused = |word: &str| {
        let error = jinjiang.refused_start(1);
        assert!(error.contains(word), "{error}");
        for by_hand in [&["journal", "check"][..], &["index", "rebuild"]] {
            let error = one_error(&jinjiang.ask(by_hand), 1);
            assert!(error.contains(word), "{by_hand:?}: {error}");
        }
        let doctor = jinjiang.ask(&["doctor"]).expect(1).lines();
        let found = doctor
            .iter()
            .find(|it| it["check"] == "master_key")
            .unwrap();
        let said = found["message"]["en"].as_str().unwrap();
        assert!(found["status"] == "wrong" && said.contains(word), "{found}");
    };
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    refused("chmod 600");
    fs::remove_file(&path).unwrap();
    refused("put it back");
    // Another node's.
    fs::copy(master_key(&guandu), &path).unwrap();
    refused("the wrong master key");
    fs::write(&path, "no key\n").unwrap();
    refused("64 hexadecimal digits");
    fs::copy(&kept, &path).unwrap();
    let here = jinjiang.start();
    shows(&jinjiang, &id);
    let limits = fs::read_to_string(format!("/proc/{}/limits", here.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core.unwrap().split_whitespace().skip(4).take(2).collect();
    assert_eq!(core, ["0", "0"], "no dump of its memory is written");
    assert!(here.stop().success());
}

#[test]
fn the_master_key_may_come_from_elsewhere() {
    let (world, jinjiang, _guandu, id) = settled();
    let (path, elsewhere) = (master_key(&jinjiang), world.path("credentials"));
    let key = fs::read_to_string(&path).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(&path, elsewhere.join("hongyan")).unwrap();
    let toml = jinjiang.dir.join("node.toml");
    let text = fs::read_to_string(&toml).unwrap();
    let cat = format!("['cat', '{}']", elsewhere.join("hongyan").display());
    for (name, value) in [
        ("environment", "'K'"),
        ("credential", "'hongyan'"),
        ("command", &cat),
    ] {
        let (before, _) = text.split_once("[master_key]").unwrap();
        let (_, behind) = text.split_once("keys/master.key\"\n").unwrap();
        let section = format!("{before}[master_key]\n{name} = {value}\n{behind}");
        fs::write(&toml, section).unwrap();
        if name != "command" {
            let error = jinjiang.refused_start(1);
            assert!(error.contains(value.trim_matches('\'')), "{error}");
        }
        let here = jinjiang.start_with(|command| {
            command
                .env("K", key.trim())
                .env("CREDENTIALS_DIRECTORY", &elsewhere);
        });
        shows(&jinjiang, &id);
        let error = one_error(&jinjiang.ask(&["key", "rotate-master", "--yes"]), 1);
        let told = if name == "command" {
            "first line"
        } else {
            value
        };
        assert!(error.contains(told.trim_matches('\'')), "{error}");
        assert!(here.stop().success());
    }
}

#[test]
fn keys_that_rotted_are_named_and_nothing_else_is_answered_wrongly() {
    let (world, jinjiang, _guandu, id) = settled();
    let whole = world.path("whole");
    copy(&jinjiang.dir, &whole);
    // Of the node's own keys, the block in use and the one drawn ahead it is the one in the middle.
    let entries = fs::read_dir(jinjiang.dir.join("data/keys")).unwrap();
    let mut by_length: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    by_length.sort_by_key(|path| fs::metadata(path).unwrap().len());
    let block = by_length.swap_remove(1);
    let name = block.file_name().unwrap().to_str().unwrap().to_owned();
    let length = fs::metadata(&block).unwrap().len() as usize;
    let mut draw = Draw::new("rotten keys");
    for _ in 0..rounds("HONGYAN_ROTTEN_KEYS", 6) {
        restore(&whole, &jinjiang.dir);
        let mut bytes = fs::read(&block).unwrap();
        if draw.coin() {
            bytes.truncate(draw.below(length));
        } else {
            bytes[draw.below(length)] ^= 1 << draw.below(8);
        }
        fs::write(&block, bytes).unwrap();
        let error = one_error(&jinjiang.ask(&["journal", "check"]), 1);
        let told = error.contains(&name) && error.contains("backup");
        assert!(told, "{error}");
        match crate::harness::Node::spawn(jinjiang.command(&["serve"])) {
            Err(said) => assert!(said.err.contains(&name), "{said:?}"),
            Ok(here) => {
                let said = jinjiang.ask(&["notice", "show", &id]);
                assert_ne!(said.code, 0, "{said:?}");
                // What is sealed from now on has keys of its own.
                jinjiang.publish(&[row(2)]).expect(0);
                assert!(here.log().contains(&name), "{}", here.log());
                assert!(here.stop().success());
            }
        }
    }
    restore(&whole, &jinjiang.dir);
    fs::remove_dir_all(jinjiang.dir.join("data/keys")).unwrap();
    let error = jinjiang.refused_start(1);
    assert!(
        error.contains("data/keys") && error.contains("missing"),
        "{error}"
    );
}

#[test]
fn the_master_key_changes_while_the_node_serves_and_wherever_that_is_cut_off() {
    let (world, jinjiang, guandu) = World::two_counties();
    let first = world.path("first");
    fs::copy(master_key(&jinjiang), &first).unwrap();
    let (mut here, there) = (jinjiang.start(), guandu.start());
    let mut accepted = Vec::new();
    let mut publish = |number: u32| {
        let rows: Vec<Value> = (number * 10..number * 10 + 10).map(row).collect();
        let ids = jinjiang.publish_all(&rows);
        accepted.extend(
            rows.iter()
                .map(|row| ids[row["reference"].as_str().unwrap()].clone()),
        );
    };
    let rotate = || {
        jinjiang
            .command(&["key", "rotate-master", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut draw = Draw::new("rotation");
    for round in 0..rounds("HONGYAN_ROTATIONS", 8) {
        publish(u32::try_from(round).unwrap() * 2 + 1);
        let mut command = rotate();
        thread::sleep(Duration::from_millis(draw.below(120) as u64));
        if draw.coin() {
            here.kill();
            let _ = command.kill();
            command.wait().unwrap();
            here = jinjiang.start();
        } else {
            let _ = command.kill();
            command.wait().unwrap();
        }
        publish(u32::try_from(round).unwrap() * 2 + 2);
    }
    // Said once more it ends what was begun; then it is one key again, and another.
    jinjiang.ask(&["key", "rotate-master", "--yes"]).expect(0);
    jinjiang.ask(&["key", "rotate-master", "--yes"]).expect(0);
    let key = fs::read_to_string(master_key(&jinjiang)).unwrap();
    assert_eq!(key.lines().count(), 1);
    jinjiang.wait_until_answered();
    assert_eq!(ids(&guandu.subscribe("desk", 10_000, 2)), accepted);
    let shown = jinjiang.ask(&["notice", "show", &accepted[0]]).expect(0);
    assert!(shown.out.contains(&name(10)), "{shown:?}");
    assert!(here.stop().success() && there.stop().success());
    jinjiang.ask(&["journal", "check"]).expect(0);
    fs::copy(&first, master_key(&jinjiang)).unwrap();
    let error = one_error(&jinjiang.ask(&["journal", "check"]), 1);
    assert!(error.contains("the wrong master key"), "{error}");
}

#[test]
fn the_master_key_changes_while_nobody_serves() {
    let (_world, jinjiang, _guandu, id) = settled();
    let before = fs::read_to_string(master_key(&jinjiang)).unwrap();
    // A key that opens nothing here stays as it was put there.
    let wrong = "ab".repeat(32);
    fs::write(master_key(&jinjiang), &wrong).unwrap();
    let error = one_error(&jinjiang.ask(&["key", "rotate-master", "--yes"]), 1);
    assert!(error.contains("the wrong master key"), "{error}");
    assert_eq!(fs::read_to_string(master_key(&jinjiang)).unwrap(), wrong);
    fs::write(master_key(&jinjiang), &before).unwrap();
    jinjiang.ask(&["key", "rotate-master", "--yes"]).expect(0);
    let after = fs::read_to_string(master_key(&jinjiang)).unwrap();
    assert_ne!(before, after);
    let here = jinjiang.start();
    shows(&jinjiang, &id);
    let acts = jinjiang.ask(&["audit", "list", "--act", "master_key_rotated"]);
    assert_eq!(acts.expect(0).lines().len(), 1);
    assert!(here.stop().success());
}
