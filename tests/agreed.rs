//! Two nodes find out whether they hold the same agreements before any notice fails.

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

use std::{
    fs,
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey},
};
use data_encoding::HEXLOWER;
use harness::{County, GUANDU, JINJIANG, World, departure, edit, one_error, run};
use serde_json::json;

const ID: &str = "350582-530111";

fn file(county: &County) -> PathBuf {
    county.dir.join(format!("agreements/{ID}.toml"))
}

/// The value of that key in a text of one key a line.
fn value(text: &str, key: &str) -> String {
    let prefix = format!("{key} = \"");
    let line = text.lines().find_map(|line| line.strip_prefix(&prefix));
    line.unwrap().trim_end_matches('"').to_owned()
}

/// What a probe of the other found of each version: held here, held there, and the keys.
fn probed(county: &County, other: &str, code: i32) -> Vec<(u64, u64, Vec<String>)> {
    let said = county.ask(&["peer", "probe", other]).expect(code).lines();
    let agreements = said[0]["agreements"].as_array().unwrap();
    let found = agreements.iter().map(|it| {
        assert_eq!(it["id"], ID);
        let keys = it["differences"].as_array().unwrap();
        let keys = keys.iter().map(|key| key.as_str().unwrap().to_owned());
        let version = |key: &str| it[key].as_u64().unwrap();
        let (here, there) = (version("version_here"), version("version_there"));
        assert_eq!(it["equal"], json!(here == there && keys.len() == 0));
        (here, there, keys.collect())
    });
    found.collect()
}

/// The lines of a difference, as an operator reads them.
fn read(county: &County, other: &str, code: i32) -> String {
    let said = run(&mut county.command(&["agreement", "diff", other])).expect(code);
    assert!(!said.err.contains("panicked"), "{said:?}");
    said.out
}

#[test]
fn a_difference_is_shown_on_both_sides_field_by_field_before_a_notice_fails() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let text = fs::read_to_string(file(&guandu)).unwrap();
    let until = value(&text, "valid_until");
    let from = value(&text, "valid_from");
    edit(&file(&guandu), |text| text.replace(&until, &from));
    // A version that only the other has.
    let newer = text
        .replace("version = 1", "version = 2")
        .replace("mobility_service", "mobility_trial");
    fs::write(guandu.dir.join("agreements/newer.toml"), newer).unwrap();
    let _here = jinjiang.start();
    let there = guandu.start();

    let differs = |keys: &[&str]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    let one_sided = differs(&["version", "purpose"]);
    // Whoever is asked first: both know both texts then.
    assert_eq!(
        probed(&jinjiang, GUANDU, 1),
        [(1, 1, differs(&["valid_until"])), (0, 2, one_sided.clone())]
    );
    assert_eq!(
        probed(&guandu, JINJIANG, 1),
        [(1, 1, differs(&["valid_until"])), (2, 0, one_sided)]
    );
    let here = read(&jinjiang, GUANDU, 1);
    assert!(
        here.contains(&format!(
            "last day (valid_until): here {until}, there {from}"
        )),
        "{here}"
    );
    assert!(
        here.contains("purpose (purpose): here mobility_service, there mobility_trial"),
        "{here}"
    );
    assert!(here.contains(&format!(
        "{ID}/2  only there; compared with version 1 here:"
    )));
    let other = read(&guandu, JINJIANG, 1);
    assert!(
        other.contains(&format!(
            "last day (valid_until): here {from}, there {until}"
        )),
        "{other}"
    );
    let said = guandu
        .ask(&["agreement", "diff", JINJIANG])
        .expect(1)
        .lines();
    assert_eq!(said[0]["differences"][0]["key"], "valid_until");
    assert_eq!(said[0]["differences"][0]["here"]["zh"], json!(from));
    assert_eq!(said[1]["compared_version"], 1);

    // Of one that cannot be asked any more it says what was told last.
    assert!(there.stop().success());
    let said = run(&mut jinjiang.command(&["agreement", "diff", GUANDU])).expect(1);
    assert!(said.err.contains("does not answer"), "{said:?}");
    assert_eq!(said.out, here);
    let strangers = one_error(&jinjiang.ask(&["agreement", "diff", "110101"]), 1);
    assert!(strangers.contains("no paired node"), "{strangers}");

    // Once both hold the same, both say so.
    fs::write(file(&guandu), &text).unwrap();
    fs::remove_file(guandu.dir.join("agreements/newer.toml")).unwrap();
    let _there = guandu.start();
    for (county, other) in [(&jinjiang, GUANDU), (&guandu, JINJIANG)] {
        assert_eq!(probed(county, other, 0), [(1, 1, vec![])]);
        assert_eq!(read(county, other, 0), format!("{ID}/1  equal\n"));
    }
    jinjiang.publish(&[departure(1)]).expect(0);
    jinjiang.wait_until_answered();
}

/// The text of one side alone has changed, and that side cannot dial: the other asks, and both know.
#[test]
fn who_cannot_dial_is_told_by_who_asks() {
    let (_world, jinjiang, guandu) = World::two_counties();
    edit(&file(&jinjiang), |text| {
        text.replace("version = 1", "version = 2")
    });
    let pairing = guandu.dir.join(format!("peers/{JINJIANG}.toml"));
    edit(&pairing, |text| {
        text.replace(&format!(":{}", jinjiang.exchange), ":9")
    });
    let (_here, _there) = (jinjiang.start(), guandu.start());
    probed(&jinjiang, GUANDU, 1);
    let said = run(&mut guandu.command(&["agreement", "diff", JINJIANG])).expect(1);
    assert!(
        said.err.contains("this compares with what it told at"),
        "{said:?}"
    );
    let one_sided = format!("{ID}/2  only there; compared with version 1 here:\n");
    let differs = "  version (version): here 1, there 2\n";
    assert!(said.out.contains(&(one_sided + differs)), "{}", said.out);
}

#[test]
fn an_agreement_is_listed_shown_and_exported() {
    let (world, jinjiang, _guandu) = World::two_counties();
    let text = fs::read_to_string(file(&jinjiang)).unwrap();
    let _here = jinjiang.start();
    let listed = jinjiang.ask(&["agreement", "list"]).expect(0).lines();
    let [state] = listed.as_slice() else {
        panic!("one agreement: {listed:?}");
    };
    assert_eq!(
        (&state["id"], &state["version"], &state["state"]),
        (&json!(ID), &json!(1), &json!("in_force"))
    );
    assert_eq!(state["ends_on"], json!(value(&text, "valid_until")));
    assert!(state["days_left"].as_u64().unwrap() > 300, "{state}");
    assert_eq!(state["suspended"], json!([]));
    let table = run(&mut jinjiang.command(&["agreement", "list"]))
        .expect(0)
        .out;
    assert!(table.contains("350582-530111/1") && table.contains("in force"));

    let shown = jinjiang.ask(&["agreement", "show", ID]).expect(0).lines();
    assert_eq!(shown[0]["text"], json!(text));
    for (locale, words) in [
        ("C.UTF-8", ["Party a: 晋江市 350582", "State: in force"]),
        ("zh_CN.UTF-8", ["甲方：晋江市 350582", "状态：生效"]),
    ] {
        let mut show = jinjiang.command(&["agreement", "show", &format!("{ID}/1")]);
        let shown = run(show.env("LC_ALL", locale)).expect(0).out;
        for words in words {
            assert!(shown.contains(words), "{shown}");
        }
        assert!(shown.contains(state["digest"].as_str().unwrap()));
    }
    let none = one_error(&jinjiang.ask(&["agreement", "show", &format!("{ID}/2")]), 1);
    assert!(none.contains("hongyan agreement list"), "{none}");

    let out = world.path("export.toml");
    let mut export = jinjiang.command(&["agreement", "export", ID]);
    run(export.arg("--out").arg(&out)).expect(0);
    let exported: toml::Table = fs::read_to_string(&out).unwrap().parse().unwrap();
    assert_eq!(exported["text"].as_str(), Some(text.as_str()));
    assert_eq!(exported["digest"].as_str(), state["digest"].as_str());
}

/// Checks an exported agreement with nothing but the file; returns who signed what.
fn checked(county: &County, which: &str, out: &Path) -> Vec<(String, String)> {
    fs::remove_file(out).unwrap_or_default();
    let mut export = county.command(&["agreement", "export", which]);
    run(export.arg("--out").arg(out)).expect(0);
    let exported: toml::Table = fs::read_to_string(out).unwrap().parse().unwrap();
    let text = |table: &toml::Table, key: &str| table[key].as_str().unwrap().to_owned();
    let bytes =
        |table: &toml::Table, key: &str| HEXLOWER.decode(text(table, key).as_bytes()).unwrap();
    let holds = |form: &[u8], part: &[u8]| form.windows(part.len()).any(|window| window == part);
    let sum = bytes(&exported, "digest");
    assert_eq!(
        digest(&SHA256, &bytes(&exported, "canonical")).as_ref(),
        sum
    );
    let signed = exported["signed"].as_array().unwrap().iter();
    let said = signed.map(|signed| {
        let signed = signed.as_table().unwrap();
        let form = bytes(signed, "form");
        // The point alone: what stands before it in a SubjectPublicKeyInfo of P-256 is fixed.
        let key = bytes(signed, "key").split_off(26);
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key);
        key.verify(&form, &bytes(signed, "signature")).unwrap();
        if let Some(document) = signed.get("document") {
            let document = document.as_str().unwrap();
            let (body, _) = document
                .rsplit_once("\n-----BEGIN HONGYAN SIGNATURE")
                .unwrap();
            assert!(holds(&form, digest(&SHA256, body.as_bytes()).as_ref()));
            assert!(text(signed, "kind") != "answer" || body.contains(&text(&exported, "text")));
        } else {
            assert!(holds(&form, &sum), "it speaks of this very text");
        }
        (text(signed, "by"), text(signed, "kind"))
    });
    said.collect()
}

#[test]
fn both_signatures_of_a_version_are_exported_and_hold_without_a_node() {
    let (world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let amended = world.path("amended.toml");
    let text = fs::read_to_string(file(&jinjiang)).unwrap();
    let from = value(&text, "valid_from");
    let until = format!("valid_until = \"{}\"", value(&text, "valid_until"));
    fs::write(
        &amended,
        text.replace(&until, &format!("valid_until = \"{from}\"")),
    )
    .unwrap();
    let amend = ["agreement", "amend", ID, amended.to_str().unwrap()];
    jinjiang.ask(&amend).expect(0);
    let (second, out) = (format!("{ID}/2"), world.path("export.toml"));
    guandu
        .ask(&["agreement", "accept", &second, "--yes"])
        .expect(0);
    let of = |by: &str, kind: &str| (by.to_owned(), kind.to_owned());
    for county in [&jinjiang, &guandu] {
        // Who invited did not know the whole text then: it signed it once it was answered.
        let paired = [
            of(JINJIANG, "invitation"),
            of(GUANDU, "answer"),
            of(JINJIANG, "statement"),
        ];
        assert_eq!(checked(county, &format!("{ID}/1"), &out), paired);
        let said = [of(JINJIANG, "statement"), of(GUANDU, "statement")];
        assert_eq!(checked(county, &second, &out), said);
    }
    // What was not signed so is not passed off as signed.
    edit(
        &jinjiang.dir.join(format!("agreements/{ID}.answer")),
        |text| text.replacen("inviter_area", "inviter_area ", 1),
    );
    let left = [of(JINJIANG, "statement")];
    assert_eq!(checked(&jinjiang, &format!("{ID}/1"), &out), left);
}
