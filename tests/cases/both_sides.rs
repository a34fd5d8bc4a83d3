//! What both sides know of a case is the same at both ends.

use serde_json::{Value, json};

use super::{
    arrival, correction, done,
    harness::{County, NANAN, World, departure, eventually, feedback, resident},
    kinds, list, lists_of, on, same, show, text, told,
};

#[test]
fn a_departure_is_taken_up_and_answered_and_both_sides_know() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let id = told(&jinjiang, &[departure(1)]).remove(0);
    assert_eq!(lists_of(&guandu, &id), ["to-take-up", "one-sided"]);
    assert_eq!(lists_of(&jinjiang, &id), ["one-sided", "awaited"]);
    let listed = list(&guandu, "to-take-up").remove(0);
    assert_eq!(listed["day"], listed["owed"][0]["take_up_due_on"]);
    assert!(listed["day"].is_string());

    let took = done(&guandu, &["take", &id]).remove(0);
    assert_eq!(took["case_id"], *id);
    assert_eq!(took["notice_ids"].as_array().unwrap().len(), 1);
    assert_eq!(lists_of(&guandu, &id), ["to-answer", "one-sided"]);
    let seen = same(&jinjiang, &guandu, &id);
    assert!(seen["owed"][0]["taken_up_at"].is_string(), "{seen}");
    assert_eq!(seen["responsible_office"], Value::Null, "stays there");
    let office = text(&show(&guandu, &id)["responsible_office"]);
    assert!(office.ends_with("/office/operator"), "{office}");
    // What is taken up needs no second word.
    let again = done(&guandu, &["take", &id]).remove(0);
    assert_eq!(again["notice_ids"], json!([]));

    done(&guandu, &["answer", "--outcome", "confirmed", &id]);
    let seen = same(&jinjiang, &guandu, &id);
    assert_eq!(seen["state"], "active");
    assert_eq!(kinds(&seen), ["departure", "taken_up", "feedback"]);
    assert_eq!(seen["owed"][0]["standing"], "answered");
    assert_eq!(seen["notices"][0]["subject"]["resident_id"], resident(1));
    for county in [&jinjiang, &guandu] {
        assert_eq!(lists_of(county, &id), [""; 0]);
        assert_eq!(on(county, "all"), [id.as_str()]);
    }
    // Whatever names a notice of it, it is the same case.
    let answer = text(&seen["history"][2]["notice_id"]);
    assert_eq!(show(&guandu, &answer)["case_id"], *id);

    let refused = guandu.ask(&["case", "answer", "--outcome", "not_found", &id]);
    let line = refused.expect(1).lines().remove(0);
    assert_eq!(line["status"], "refused");
    assert_eq!(line["problems"][0]["code"], "nothing_owed");
}

#[test]
fn a_departure_and_an_arrival_that_cross_are_one_case() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let publish = |county: &County, row: Value| {
        let node = county.start();
        let said = county.publish(&[row]).expect(0).lines();
        assert!(node.stop().success());
        text(&said[0]["notice_id"])
    };
    let left = publish(&jinjiang, departure(1));
    let came = publish(&guandu, arrival(1));
    let (_here, _there) = (jinjiang.start(), guandu.start());
    jinjiang.wait_until_answered();
    guandu.wait_until_answered();
    let case = left.clone().min(came.clone());
    for id in [&left, &came] {
        let seen = same(&jinjiang, &guandu, id);
        assert_eq!(
            (&seen["case_id"], &seen["state"]),
            (&json!(case), &json!("active"))
        );
    }
    for county in [&jinjiang, &guandu] {
        assert_eq!(on(county, "all"), [case.as_str()]);
        assert_eq!(lists_of(county, &case), [""; 0]);
    }
}

#[test]
fn who_was_not_found_can_be_found() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let id = told(&jinjiang, &[departure(1)]).remove(0);
    done(&guandu, &["answer", "--outcome", "not_found", &id]);
    let seen = same(&jinjiang, &guandu, &id);
    assert_eq!(
        (&seen["state"], &seen["reason"]),
        (&json!("answered"), &json!("not_found"))
    );
    assert_eq!(lists_of(&jinjiang, &id), ["one-sided"]);
    told(&guandu, &[feedback(1, &id)]);
    let seen = same(&jinjiang, &guandu, &id);
    assert_eq!(
        (&seen["state"], &seen["reason"]),
        (&json!("active"), &Value::Null)
    );
    assert_eq!(lists_of(&jinjiang, &id), [""; 0]);
}

#[test]
fn what_is_corrected_after_its_answer_is_to_be_confirmed_anew() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let id = told(&jinjiang, &[departure(1)]).remove(0);
    done(&guandu, &["take", &id]);
    done(&guandu, &["answer", "--outcome", "confirmed", &id]);
    let mended = told(&jinjiang, &[correction(&id, 1)]).remove(0);
    let seen = same(&jinjiang, &guandu, &id);
    assert_eq!(seen["state"], "reconfirmation_required");
    let waits = ["to-take-up", "corrections-waiting"];
    assert_eq!(lists_of(&guandu, &id), waits);
    done(&guandu, &["take", &id]);
    assert_eq!(lists_of(&guandu, &id), ["to-verify"]);
    let seen = same(&jinjiang, &guandu, &id);
    let event = |case: &Value| {
        let history = case["history"].as_array().unwrap().clone();
        history
            .into_iter()
            .find(|it| it["notice_id"] == *mended)
            .unwrap()
    };
    assert!(event(&seen)["taken_up_at"].is_string(), "{seen}");
    done(&guandu, &["answer", "--outcome", "confirmed", &id]);
    assert_eq!(same(&jinjiang, &guandu, &id)["state"], "active");
    assert_eq!(lists_of(&guandu, &id), [""; 0]);
}

#[test]
fn a_number_that_is_corrected_moves_the_case_with_her() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let id = told(&jinjiang, &[departure(1)]).remove(0);
    told(&jinjiang, &[correction(&id, 2)]);
    same(&jinjiang, &guandu, &id);
    told(&guandu, &[arrival(2)]);
    let seen = same(&jinjiang, &guandu, &id);
    assert_eq!(seen["state"], "active");
    assert_eq!(kinds(&seen), ["departure", "correction", "arrival"]);
    for county in [&jinjiang, &guandu] {
        assert_eq!(
            on(county, "all"),
            [id.as_str()],
            "of the first number nothing is left"
        );
    }
}

#[test]
fn what_is_taken_back_waits_until_a_desk_has_seen_it() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let id = told(&jinjiang, &[departure(1)]).remove(0);
    let row = json!({"reference": "w-1", "kind": "withdrawal", "answers": id,
        "event_date": "2026-10-09", "reason": "did_not_move"});
    told(&jinjiang, &[row]);
    let seen = same(&jinjiang, &guandu, &id);
    assert_eq!(seen["state"], "withdrawn");
    assert_eq!(seen["owed"][0]["standing"], "lapsed");
    assert_eq!(lists_of(&guandu, &id), ["corrections-waiting"]);
    done(&guandu, &["take", "--list", "corrections-waiting", "--yes"]);
    assert_eq!(lists_of(&guandu, &id), [""; 0]);
    let seen = same(&jinjiang, &guandu, &id);
    assert!(seen["history"][1]["taken_up_at"].is_string(), "{seen}");
}

#[test]
fn a_case_that_moved_on_is_passed_on_by_the_area_of_origin() {
    let (_world, jinjiang, guandu) = World::two_counties();
    let (_here, _there) = (jinjiang.start(), guandu.start());
    let id = told(&jinjiang, &[departure(1)]).remove(0);
    let words = [
        "answer",
        "--outcome",
        "moved_on",
        "--moved-to",
        "350583104",
        &id,
    ];
    done(&guandu, &words);
    let seen = same(&jinjiang, &guandu, &id);
    assert_eq!(
        (&seen["state"], &seen["moved_to_area"]),
        (&json!("moved_on"), &json!("350583"))
    );
    assert_eq!(lists_of(&jinjiang, &id), ["to-pass-on"]);
    // Nothing may go to Nanan yet: the case waits, unless it was told by other means.
    let said = jinjiang.ask(&["case", "pass-on", &id]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains("no_agreement"), "{}", said.out);
    assert_eq!(lists_of(&jinjiang, &id), ["to-pass-on"]);
    done(&jinjiang, &["pass-on", "--told", &id]);
    assert_eq!(lists_of(&jinjiang, &id), [""; 0]);
}

#[test]
fn the_next_area_is_told_what_the_case_holds_and_no_more() {
    let (world, jinjiang, guandu) = World::two_counties();
    let nanan = world.county(NANAN);
    world.pair(&jinjiang, &nanan);
    let _nodes = [&jinjiang, &guandu, &nanan].map(County::start);
    let mut row = departure(1);
    row["destination_address"] = "环城路1号".into();
    let id = told(&jinjiang, &[row]).remove(0);
    let on = "2026-10-20";
    let words = ["answer", "--outcome", "moved_on", "--moved-to", "350583104"];
    done(&guandu, &[&words[..], &["--event-date", on, &id]].concat());
    same(&jinjiang, &guandu, &id);
    eventually("Jinjiang knows that she moved on", || {
        lists_of(&jinjiang, &id) == ["to-pass-on"]
    });
    let prepared = show(&jinjiang, &id)["onward"].clone();
    done(&jinjiang, &["pass-on", &id]);
    assert_eq!(lists_of(&jinjiang, &id), [""; 0]);
    assert!(show(&jinjiang, &id).get("onward").is_none());
    let heard = nanan.subscribe("desk", 1, 30).remove(0);
    for (field, value) in prepared.as_object().unwrap() {
        assert_eq!(&heard[field], value, "{field}");
    }
    assert_eq!(heard["destination_area"], "350583104");
    assert_eq!(heard["event_date"], on);
    assert_eq!(heard["subject"], departure(1)["subject"]);
    assert!(heard.get("destination_address").is_none(), "{heard}");
}
