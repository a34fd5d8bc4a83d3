//! An office with a true certificate that says what it likes.

use crate::{
    draw::Draw,
    frames::message,
    grpc::Connection,
    harness::{Build, World, resident},
    protobuf::{bytes, bytes_in, number, number_in},
};

use super::{
    assert_precise, assert_unshaken,
    contents::{DEPARTURE, content, kind, names_a_notice},
    framed_wrongly,
    mutation::spoil,
    mutations,
};

/// A departure that no other is like.
fn draft(drawn: u32) -> Vec<u8> {
    draft_of(DEPARTURE, drawn)
}

/// A draft of that kind that no other is like, about a notice that nobody knows.
fn draft_of(kind: u64, drawn: u32) -> Vec<u8> {
    let subject = [
        bytes(1, "测试甲"),
        bytes(2, resident(drawn)),
        bytes(4, "21"),
        bytes(5, "19900000000"),
    ];
    let (to, answers) = if names_a_notice(kind) {
        (vec![], bytes(4, [0x80; 16]))
    } else {
        (bytes(3, "530111"), vec![])
    };
    [
        bytes(1, format!("hostile-{drawn}")),
        to,
        answers,
        content(kind, &subject.concat(), ["350582104000", "530111001000"]),
    ]
    .concat()
}

/// A request of every call, by its path, for the `drawn`-th time.
fn requests(drawn: u32) -> [(&'static str, Vec<Vec<u8>>); 8] {
    let open = [bytes(1, "hostile"), bytes(2, "350582"), number(5, 4)].concat();
    let list = [
        bytes(1, "350582"),
        number(2, 1),
        bytes(3, "departure"),
        number(4, 10),
        bytes(6, "queued"),
    ];
    let published = bytes(1, draft_of(kind(drawn.into()), drawn));
    [
        ("Publish", vec![published.clone()]),
        ("PublishStream", vec![published]),
        (
            "Subscribe",
            vec![
                bytes(1, open),
                bytes(3, number(1, 2)),
                bytes(2, number(1, 1)),
            ],
        ),
        ("GetNotice", vec![bytes(1, [0x80; 16])]),
        ("ListNotices", vec![list.concat()]),
        ("ProbePeer", vec![bytes(1, "530111")]),
        ("AdoptChannel", vec![bytes(1, "530111")]),
        ("Reload", vec![bytes(1, "x")]),
    ]
}

/// Whether an answer to a publication says that the notice is new and durable.
fn accepted(answer: &[u8]) -> bool {
    bytes_in(answer, 1).is_some_and(|accepted| number_in(&accepted, 2) == 0)
}

#[test]
fn an_office_gets_a_precise_answer_whatever_it_says() {
    let (_world, jinjiang, guandu) = World::two_counties_of(Build::Sound);
    let here = jinjiang.start();
    let mut connection = Connection::connect(jinjiang.office_port(), &jinjiang.operator());
    let mut draw = Draw::new("spoilt messages of an office");
    let (mut published, mut drawn) = (0, 0);
    for _ in 0..mutations() {
        drawn += 1;
        // Every other round an honest draft beside the spoilt ones.
        let honest = message(&bytes(1, draft(drawn)));
        let path = "/hongyan.office.v1.Office/Publish";
        let (answers, status) = connection.call(path, &honest);
        assert_eq!(status.code, 0, "an honest draft: {status:?}");
        published += answers.iter().filter(|answer| accepted(answer)).count();
        drawn += 1;
        for (call, steps) in requests(drawn) {
            let chosen = draw.below(steps.len());
            let mut said = Vec::new();
            for (number, step) in steps.iter().enumerate() {
                said.extend(if number != chosen {
                    message(step)
                } else if draw.below(4) == 0 {
                    framed_wrongly(&mut draw, step)
                } else {
                    message(&spoil(&mut draw, step).1)
                });
            }
            let path = format!("/hongyan.office.v1.Office/{call}");
            let (answers, status) = connection.call(&path, &said);
            assert_precise(&path, &status);
            if call.starts_with("Publish") {
                published += answers.iter().filter(|answer| accepted(answer)).count();
            }
        }
    }
    let (given, _) = jinjiang.given_and_answered();
    assert_eq!(
        given, published as u64,
        "what was told accepted is all there is"
    );
    let _there = guandu.start();
    assert_eq!(guandu.subscribe("desk", published, 30).len(), published);
    jinjiang.wait_until_answered();
    assert!(guandu.subscribe("desk", 1, 1).is_empty());
    assert_unshaken(&here);
    assert!(here.stop().success());
}
