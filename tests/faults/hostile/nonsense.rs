//! A paired node that talks nonsense is held apart and named, and the others go on.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use serde_json::Value;
use tonic::codegen::http::{HeaderMap, Request, Response};

use crate::{
    frames::message,
    harness::{
        Build, County, GUANDU, NANAN, Node, World, departure, departure_between, edit, eventually,
        run,
    },
    protobuf::{bytes, number},
};

use super::{
    Attack, assert_unshaken, deal,
    peer::{DELIVER, PROBE, now_ms},
    stand_in::stand_in,
};

/// What the peer answers, and how often it was called for a stream.
#[derive(Default)]
struct Mouth {
    probe: Mutex<Vec<u8>>,
    streams: AtomicU32,
}

/// Serves one call: a probe as it was set, a stream with a receipt that nobody asked for.
async fn serve(
    request: Request<RecvStream>,
    mut response: SendResponse<Bytes>,
    mouth: Arc<Mouth>,
) -> Result<(), h2::Error> {
    let head = Response::builder()
        .header("content-type", "application/grpc")
        .body(())
        .unwrap();
    let said = match request.uri().path() {
        DELIVER => {
            mouth.streams.fetch_add(1, Ordering::SeqCst);
            Some(bytes(2, bytes(1, "")))
        }
        PROBE => Some(mouth.probe.lock().unwrap().clone()),
        _ => None,
    };
    let mut stream = response.send_response(head, false)?;
    if let Some(said) = said {
        stream.send_data(message(&said).into(), false)?;
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    stream.send_trailers(trailers)
}

/// A probe of that peer, and what the list of peers says of it.
fn seen(county: &County, of: &str, code: i32) -> [Value; 2] {
    let probed = county.ask(&["peer", "probe", of]).expect(code).lines();
    let listed = county.ask(&["peer", "list"]).expect(0).lines();
    let listed = listed
        .into_iter()
        .find(|peer| peer["areas"][0] == of)
        .unwrap();
    [probed[0].clone(), listed]
}

fn probe_answer(parts: &[Vec<u8>]) -> Vec<u8> {
    [&[number(1, 1), number(2, now_ms())], parts]
        .concat()
        .concat()
}

/// A node whose peer of Guandu is played, and whose peer of Nan'an is honest.
fn three() -> (World, County, County, County, [Node; 2]) {
    let (world, jinjiang, guandu) = World::two_counties_of(Build::Sound);
    let nanan = world.county(NANAN);
    world.pair(&jinjiang, &nanan);
    // Whoever is tried again does not come by its clock while the test runs.
    edit(&jinjiang.dir.join("node.toml"), |text| {
        text.replace("cap_seconds = 1", "cap_seconds = 3600")
    });
    let nodes = [jinjiang.start(), nanan.start()];
    (world, jinjiang, guandu, nanan, nodes)
}

#[test]
fn a_peer_that_answers_nonsense_is_held_apart_and_named() {
    let (_world, jinjiang, guandu, nanan, nodes) = three();
    let mouth = Arc::new(Mouth::default());
    let at = Arc::clone(&mouth);
    stand_in(&guandu, move |request, response| {
        serve(request, response, Arc::clone(&at))
    });
    let agreement = bytes(
        3,
        [bytes(1, "350582-530111"), number(2, 1), bytes(3, [7; 32])].concat(),
    );
    let areas = [bytes(1, "350582"), bytes(2, GUANDU)].concat();
    let channel = bytes(
        4,
        [bytes(1, areas), number(2, 1), bytes(3, [7; 32])].concat(),
    );
    for (what, answer) in [
        ("no version", number(2, now_ms())),
        ("versions that fall", probe_answer(&[number(1, 1)])),
        (
            "no clock of this world",
            [number(1, 1), number(2, u64::MAX)].concat(),
        ),
        (
            "an agreement twice",
            probe_answer(&[agreement.clone(), agreement.clone()]),
        ),
        ("a channel twice", probe_answer(&[channel.clone(), channel])),
        (
            "half a digest",
            probe_answer(&[bytes(
                3,
                [bytes(1, "350582-530111"), bytes(3, "x")].concat(),
            )]),
        ),
    ] {
        *mouth.probe.lock().unwrap() = answer;
        let [probed, listed] = seen(&jinjiang, GUANDU, 1);
        assert_eq!(probed["misbehaviour"], "wrong_form", "{what}: {probed}");
        assert_eq!(probed["reachable"], false, "{what}");
        assert_eq!(listed["misbehaviour"], "wrong_form", "{what}: {listed}");
        let screen = run(&mut jinjiang.command(&["peer", "probe", GUANDU]))
            .expect(1)
            .out;
        assert!(screen.contains("wrong_form"), "{screen}");
        // One that does right again is named no more.
        *mouth.probe.lock().unwrap() = probe_answer(std::slice::from_ref(&agreement));
        let [probed, _] = seen(&jinjiang, GUANDU, 1);
        let back = [&probed["reachable"], &probed["misbehaviour"]];
        assert_eq!(back, [&true.into(), &Value::Null], "{what}: {probed}");
    }
    // It goes on answering probes, and its streams bring nonsense.
    jinjiang.publish(&[departure(7)]).expect(0);
    eventually("the stream of nonsense is named", || {
        seen(&jinjiang, GUANDU, 1)[1]["misbehaviour"] == "wrong_form"
    });
    jinjiang
        .publish(&[departure_between(1, &jinjiang.area, NANAN)])
        .expect(0);
    assert_eq!(nanan.subscribe("desk", 1, 20).len(), 1, "others go on");
    let log = nodes[0].log();
    assert!(log.contains("A peer sends nonsense"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
    assert!(mouth.streams.load(Ordering::SeqCst) > 0);
    assert_unshaken(&nodes[0]);
}

#[test]
fn a_peer_that_calls_for_the_channel_of_another_is_named_until_it_does_right() {
    let (_world, jinjiang, guandu, nanan, nodes) = three();
    let mut attack = Attack::begin(&guandu, &jinjiang);
    let listed = || {
        let listed = jinjiang.ask(&["peer", "list"]).expect(0).lines();
        let peer = listed.into_iter().find(|peer| peer["areas"][0] == GUANDU);
        peer.unwrap()["misbehaviour"].clone()
    };
    assert_eq!(listed(), Value::Null);
    let others = attack.peer.opening_to(NANAN);
    let heard = attack.peer.deliver(&others, &[]);
    assert_eq!(
        (heard.held, heard.status.code),
        (None, 7),
        "{:?}",
        heard.status
    );
    assert_eq!(listed(), "channel_of_others");
    deal(1, &jinjiang, &nanan);
    attack.honest();
    eventually("it did right", || listed() == Value::Null);
    attack.signature();
    eventually("nobody signed that", || listed() == "not_signed");
    attack.honest();
    eventually("it did right", || listed() == Value::Null);
    // A call that is answered at once, too.
    let call = |attack: &mut Attack, probe: &[u8]| attack.peer.call(PROBE, &message(probe)).code;
    assert_eq!(call(&mut attack, &probe_answer(&[number(1, 1)])), 3);
    assert_eq!(listed(), "wrong_form");
    let proper = attack.peer.probe(attack.held);
    assert_eq!(call(&mut attack, &proper), 0);
    assert_eq!(listed(), Value::Null);
    assert_unshaken(&nodes[0]);
}
