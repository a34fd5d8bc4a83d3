//! A paired node that answers what it is sent as it likes.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use aws_lc_rs::signature::EcdsaKeyPair;
use bytes::Bytes;
use h2::{RecvStream, SendStream, server::SendResponse};
use tonic::codegen::http::{HeaderMap, Request, Response};

use crate::{
    draw::Draw,
    frames::message,
    grpc::whole,
    harness::{Build, County, GUANDU, JINJIANG, World, departure, eventually},
    protobuf::{bytes, bytes_in, number, number_in},
};

use super::{
    assert_unshaken, framed_wrongly,
    mutation::{Kind, spoil},
    mutations,
    peer::{DELIVER, JOURNAL, header, now_ms, sha256, sign, signing_key},
    stand_in::stand_in,
};

/// What the receiver knows of itself.
struct Desk {
    key: EcdsaKeyPair,
    draw: Draw,
    /// Answers that are still to be spoilt.
    left: usize,
    /// The forms of all receipts that it signed.
    signed: HashSet<Vec<u8>>,
    /// What the sender says it has a receipt for.
    held: u64,
    head: [u8; 32],
    /// What the sender should not have done.
    faults: Vec<String>,
}

type Shared = Arc<Mutex<Desk>>;

impl Desk {
    fn of(county: &County) -> Self {
        Self {
            key: signing_key(county),
            draw: Draw::new("spoilt answers"),
            left: mutations() / 2,
            signed: HashSet::new(),
            held: 0,
            head: [0; 32],
            faults: Vec::new(),
        }
    }

    /// Looks at what the sender says of itself, and answers.
    fn opening(&mut self, opening: &[u8]) -> Answer {
        let receipted = number_in(opening, 4);
        if receipted > 0 {
            let shown = bytes_in(opening, 5).unwrap();
            let form = bytes_in(&shown, 1).unwrap();
            if !self.signed.contains(&form) {
                let fault = format!("a receipt for {receipted} that was not given");
                self.faults.push(fault);
            }
            self.held = receipted;
            // The form ends: head 32, held 8, digest 32, time 8, journal 40.
            self.head = form[form.len() - 120..form.len() - 88].try_into().unwrap();
        }
        if self.held == 0 {
            // The head before the first place is that of a sender that has given none.
            self.head = origin();
        }
        let opening = [number(1, self.held), bytes(2, self.head)];
        self.said(bytes(1, opening.concat()), false)
    }

    /// The answer to a parcel.
    fn receipt(&mut self, parcel: &[u8]) -> Answer {
        let form = bytes_in(&bytes_in(parcel, 1).unwrap(), 1).unwrap();
        let context = b"hongyan parcel v2\0".len();
        let body = &form[context + header(&self.key, JINJIANG, GUANDU).len()..];
        let first = u64::from_be_bytes(body[..8].try_into().unwrap());
        let count = u32::from_be_bytes(body[8..12].try_into().unwrap());
        let mut receipt = b"hongyan receipt v2\0".to_vec();
        receipt.extend(header(&self.key, JINJIANG, GUANDU));
        receipt.extend(first.to_be_bytes());
        receipt.extend(count.to_be_bytes());
        receipt.push(0);
        receipt.extend(count.to_be_bytes());
        receipt.extend(&body[44..76]);
        receipt.extend((first - 1 + u64::from(count)).to_be_bytes());
        receipt.extend(sha256(&[b"hongyan signed form v1\0", &form]));
        receipt.extend(now_ms().to_be_bytes());
        receipt.extend(JOURNAL);
        if self.left > 0 && self.draw.below(4) == 0 {
            // Signed, and for something else.
            self.left -= 1;
            let end = receipt.len();
            receipt[end - 52] ^= 1;
            return Answer::Spoilt(message(&bytes(2, bytes(1, sign(&self.key, &receipt)))));
        }
        let answer = bytes(2, bytes(1, sign(&self.key, &receipt)));
        self.signed.insert(receipt);
        self.said(answer, true)
    }

    /// The answer, two times of three spoilt as long as that is to be.
    fn said(&mut self, answer: Vec<u8>, flips: bool) -> Answer {
        if self.left == 0 || self.draw.below(3) == 0 {
            return Answer::Proper(message(&answer));
        }
        self.left -= 1;
        if self.draw.below(4) == 0 {
            return Answer::Spoilt(framed_wrongly(&mut self.draw, &answer));
        }
        loop {
            let (kind, spoilt) = spoil(&mut self.draw, &answer);
            // Nobody signs an opening: a flipped bit may be another node's true word.
            if flips || kind != Kind::Flip {
                return Answer::Spoilt(message(&spoilt));
            }
        }
    }
}

/// What goes back, in its frame.
enum Answer {
    Proper(Vec<u8>),
    /// The last of its stream.
    Spoilt(Vec<u8>),
}

/// The head of the channel before its first place.
fn origin() -> [u8; 32] {
    let domain = b"\x0chongyan.test";
    let areas = [JINJIANG.as_bytes(), GUANDU.as_bytes()];
    sha256(&[
        b"hongyan channel v1\0",
        domain,
        domain,
        areas[0],
        areas[1],
        &[1],
    ])
}

/// Serves one call.
async fn serve(
    request: Request<RecvStream>,
    mut response: SendResponse<Bytes>,
    desk: Shared,
) -> Result<(), h2::Error> {
    let head = Response::builder()
        .header("content-type", "application/grpc")
        .body(())
        .unwrap();
    let mut mouth = response.send_response(head, false)?;
    if request.uri().path() == DELIVER {
        answer_all(&mut mouth, request.into_body(), &desk).await?;
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    mouth.send_trailers(trailers)
}

/// Answers what is said on a stream, up to the first answer that is spoilt.
async fn answer_all(
    mouth: &mut SendStream<Bytes>,
    mut ear: RecvStream,
    desk: &Shared,
) -> Result<(), h2::Error> {
    let mut heard = Vec::new();
    loop {
        let Some(said) = whole(&mut heard) else {
            let Some(chunk) = ear.data().await else {
                return Ok(());
            };
            let chunk = chunk?;
            ear.flow_control().release_capacity(chunk.len())?;
            heard.extend(chunk);
            continue;
        };
        let answer = {
            let mut desk = desk.lock().unwrap();
            match (bytes_in(&said, 1), bytes_in(&said, 2)) {
                (Some(opening), None) => desk.opening(&opening),
                (None, Some(parcel)) => desk.receipt(&parcel),
                // What is wrong with this end, or whatever it may be.
                _ => return Ok(()),
            }
        };
        match answer {
            Answer::Proper(bytes) => mouth.send_data(bytes.into(), false)?,
            Answer::Spoilt(bytes) => {
                return mouth.send_data(bytes.into(), false);
            }
        }
    }
}

#[test]
fn a_sender_believes_only_what_its_peer_signed() {
    let (_world, jinjiang, guandu) = World::two_counties_of(Build::Sound);
    let desk = Arc::new(Mutex::new(Desk::of(&guandu)));
    let at = Arc::clone(&desk);
    stand_in(&guandu, move |request, response| {
        serve(request, response, Arc::clone(&at))
    });
    let here = jinjiang.start();
    let mut published = 0;
    while desk.lock().unwrap().left > 0 {
        published += 1;
        jinjiang.publish(&[departure(published)]).expect(0);
        let before = jinjiang.given_and_answered().0;
        assert_eq!(before, u64::from(published));
        // The next once something was said of this one, well or badly.
        let left = desk.lock().unwrap().left;
        eventually("the courier comes", || {
            let (given, answered) = jinjiang.given_and_answered();
            given == answered || desk.lock().unwrap().left < left || left == 0
        });
    }
    jinjiang.wait_until_answered();
    let listed = jinjiang
        .ask(&["notice", "list", "--limit", "1000"])
        .expect(0)
        .lines();
    assert_eq!(listed.len(), published as usize);
    for notice in listed {
        assert_eq!(notice["delivery"], "stored", "{notice}");
    }
    let faults = &desk.lock().unwrap().faults;
    assert!(faults.is_empty(), "{faults:?}");
    assert_unshaken(&here);
    assert!(here.stop().success());
}
