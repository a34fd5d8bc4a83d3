//! What a desk does on its own side, and what it cannot do.

use serde_json::{Value, json};

use super::{
    arrival, asks, called, done,
    harness::{GUANDU, JINJIANG, World, departure, run},
    lists_of, on, same, show, text, told,
};

#[test]
fn what_a_desk_does_before_it_answers_stays_on_its_side() {
    let (_world, jinjiang, guandu) = World::two_counties();
    for (name, area) in [
        ("guandi", "530111001"),
        ("taihe", "530111002"),
        ("wujing", "530111003"),
    ] {
        let words = [
            "office", "add", "--name", name, "--role", "clerk", "--area", area,
        ];
        guandu.ask(&words).expect(0);
    }
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let id = told(&jinjiang, &[departure(1)]).remove(0);
    let case = ["case", "list", "--list", "all"];
    let sees = |office: &str| asks(&guandu, office, &case).expect(0).lines().len();
    assert_eq!(["guandi", "taihe", "wujing"].map(sees), [1, 0, 0]);

    asks(&guandu, "guandi", &["case", "verify", &id]).expect(0);
    guandu.wait_until_answered();
    assert_eq!(lists_of(&guandu, &id), ["to-verify", "one-sided"]);
    let given = guandu.given_and_answered();
    asks(
        &guandu,
        "guandi",
        &["case", "note", "--text", "已电话联系", &id],
    )
    .expect(0);
    asks(
        &guandu,
        "guandi",
        &["case", "forward", "--to", "530111002", &id],
    )
    .expect(0);
    assert_eq!(guandu.given_and_answered(), given, "nothing travels");
    let away = asks(
        &guandu,
        "guandi",
        &["case", "forward", "--to", "350582104", &id],
    );
    let line = away.expect(1).lines().remove(0);
    assert_eq!(line["problems"][0]["code"], "area_outside_county");

    // Until another takes it, the first receiver stays responsible.
    let responsible = || text(&show(&guandu, &id)["responsible_office"]);
    assert!(responsible().ends_with("/office/guandi"));
    assert_eq!(["guandi", "taihe", "wujing"].map(sees), [0, 1, 0]);
    let seen = asks(&guandu, "taihe", &["case", "show", &id])
        .expect(0)
        .lines()
        .remove(0);
    let acts = seen["work"].as_array().unwrap().iter();
    let acts: Vec<_> = acts
        .map(|it| (text(&it["act"]), it["detail"].clone()))
        .collect();
    let expected = [
        ("took", Value::Null),
        ("verifying", Value::Null),
        ("noted", "已电话联系".into()),
        ("forwarded", "530111002".into()),
    ];
    assert_eq!(acts, expected.map(|(act, detail)| (act.to_owned(), detail)));
    assert_eq!(seen["notices"][0]["subject"]["name"], "测试甲");
    asks(&guandu, "taihe", &["case", "take", &id]).expect(0);
    assert!(responsible().ends_with("/office/taihe"));

    for words in [
        ["case", "show", &id].as_slice(),
        &["case", "answer", "--outcome", "confirmed", &id],
    ] {
        let said = asks(&guandu, "wujing", words);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(!said.out.contains("done"), "{said:?}");
    }
    assert_eq!(show(&jinjiang, &id)["work"], json!([]));
    asks(
        &guandu,
        "taihe",
        &["case", "answer", "--outcome", "confirmed", &id],
    )
    .expect(0);
    guandu.wait_until_answered();
    assert_eq!(same(&jinjiang, &guandu, &id)["state"], "active");
}

#[test]
fn she_may_be_known_under_two_numbers_until_a_person_parts_them() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let [by_name, by_phone] = told(
        &jinjiang,
        &[
            called(departure(1), "测试甲", "19900000001"),
            called(departure(2), "测试乙", "19900000002"),
        ],
    )
    .try_into()
    .unwrap();
    let [named, phoned] = told(
        &guandu,
        &[
            called(arrival(3), "测试甲", "19900000003"),
            called(arrival(4), "测试丙", "19900000002"),
        ],
    )
    .try_into()
    .unwrap();
    for county in [&jinjiang, &guandu] {
        for (left, came) in [(&by_name, &named), (&by_phone, &phoned)] {
            assert_eq!(show(county, left)["near_matches"], json!([came]));
            assert_eq!(show(county, came)["near_matches"], json!([left]));
        }
        assert_eq!(on(county, "near-matches").len(), 4);
    }
    done(&guandu, &["part", "--other", &named, &by_name]);
    assert_eq!(show(&guandu, &by_name)["near_matches"], json!([]));
    assert!(!on(&guandu, "near-matches").contains(&by_name));
    assert_eq!(
        show(&jinjiang, &by_name)["near_matches"],
        json!([named]),
        "each side for itself"
    );
    let other = guandu.ask(&["case", "part", "--other", &phoned, &by_name]);
    assert_eq!(
        other.expect(1).lines()[0]["problems"][0]["code"],
        "unknown_notice"
    );
}

#[test]
fn what_the_command_line_cannot_mean_is_told_by_its_code() {
    let world = World::new();
    let jinjiang = world.county(JINJIANG);
    let nobodys = "01234567-89ab-8def-8123-456789abcdef";
    for words in [
        ["case", "take"].as_slice(),
        &["case", "take", "--area", "350582104", nobodys],
        &["case", "answer", "--outcome", "moved_on", nobodys],
        &[
            "case",
            "answer",
            "--outcome",
            "confirmed",
            "--moved-to",
            "350583",
            nobodys,
        ],
        &[
            "case",
            "close",
            "--reason",
            "returned",
            "--moved-to",
            "350583",
            nobodys,
        ],
        &["case", "note", "--text", " ", nobodys],
        &["case", "list", "--list", "all", "--out", "list.pdf"],
        &["case", "list", "--peer", GUANDU],
    ] {
        let said = run(&mut jinjiang.command(words));
        assert_eq!(
            (said.code, said.out.as_str()),
            (2, ""),
            "{words:?} {said:?}"
        );
    }
    assert_eq!(jinjiang.ask(&["case", "list"]).code, 3);
    let _node = jinjiang.start();
    let said = jinjiang.ask(&["case", "take", nobodys]).expect(1).lines();
    assert_eq!(said[0]["problems"][0]["code"], "unknown_notice");
    assert_eq!(jinjiang.ask(&["case", "show", nobodys]).code, 1);
}
