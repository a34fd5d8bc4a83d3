//! What nodes say to each other, from the bytes of a message on: a module of `exchange::wire`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "a target fails by panicking"
)]

use prost::Message;

use super::*;

pub(crate) fn sender_step(bytes: &[u8]) {
    stable(bytes, super::sender_step, |step| match step {
        SenderStep::Opening(opening) => opening_request(opening),
        SenderStep::Parcel(WireParcel { signed, places }) => parcel_request(
            &signed,
            places.into_iter().map(|place| match place {
                WirePlace::Notice(bytes) => (Digest::default(), Ok(bytes)),
                WirePlace::Void { digest, reason } => (digest, Err(reason)),
            }),
        ),
        SenderStep::Divergence(reason, sequence) => divergence_request(reason, sequence),
        SenderStep::Successions(statements) => successions_request(&statements),
    });
}

pub(crate) fn receiver_step(bytes: &[u8]) {
    stable(bytes, super::receiver_step, |step| match step {
        ReceiverStep::Opening(opening) => opening_response(opening),
        ReceiverStep::Receipt(WireReceipt { signed, pause }) => receipt_response(&signed, pause),
        ReceiverStep::Divergence(reason, sequence) => divergence_response(reason, sequence),
        ReceiverStep::Successions(statements) => successions_response(&statements),
    });
}

pub(crate) fn probe(bytes: &[u8]) {
    stable(bytes, probe_request_in, |standing| {
        probe_request(standing, true)
    });
    stable(bytes, probe_response_in, |standing| {
        probe_response(standing, true)
    });
    stable(bytes, agreements_request_in, agreements_request);
    stable(bytes, agreements_response_in, agreements_response);
}

pub(crate) fn agree(bytes: &[u8]) {
    stable(bytes, agree_request_in, agree_request);
    stable(bytes, agree_response_in, agree_response);
}

pub(crate) fn holdings(bytes: &[u8]) {
    stable(bytes, holdings_request_in, |(channel, sandbox, after)| {
        holdings_request(channel, sandbox, after)
    });
    stable(bytes, holdings_response_in, holdings_response);
    stable(bytes, due_request_in, due_request);
    stable(bytes, due_response_in, due_response);
}

/// What was read and written is read and written as the same.
fn stable<M: Message + Default + PartialEq, T>(
    bytes: &[u8],
    read: impl Fn(M) -> Result<T, NotOfItsForm>,
    write: impl Fn(T) -> M,
) {
    let Ok(message) = M::decode(bytes) else {
        return;
    };
    let Ok(value) = read(message) else {
        return;
    };
    let written = write(value);
    let again = M::decode(written.encode_to_vec().as_slice()).unwrap();
    assert!(again == written, "other bytes than were written");
    let Ok(value) = read(again) else {
        panic!("what was written cannot be read");
    };
    assert!(
        write(value) == written,
        "what was written is read as another"
    );
}

/// Messages of each kind, for a target to begin from.
#[cfg(test)]
pub(crate) fn seeds(kind: &str) -> Vec<Vec<u8>> {
    use crate::{
        domain::{field::Field, problem::Code, refusal::Refusal},
        pairing::life::{Handed, Holding as Held, NotHeard, Unsaid, Words},
        trust,
    };

    let signed = |kind: &str| {
        let form = trust::fuzz::seeds(kind).remove(0);
        Signed::received(form.into(), vec![0x30, 0x44, 2, 32].into())
    };
    let channel = Channel {
        from: "350582".parse().unwrap(),
        to: "530111".parse().unwrap(),
    };
    let [head, other] = [1, 2].map(|byte| Digest::new([byte; 32]));
    let at = Sequence::new;
    let successions = vec![signed("succession")];
    match kind {
        "sender_step" => {
            let notice = crate::envelope::samples::every_kind().remove(0);
            [
                opening_request(SenderOpening {
                    channel,
                    sandbox: true,
                    last: at(9),
                    head,
                    receipted: at(7),
                    receipt: Some(signed("receipt")),
                    successions: successions.clone(),
                }),
                parcel_request(
                    &signed("parcel"),
                    [(head, Ok(notice.into())), (other, Err(VoidReason::Expired))],
                ),
                divergence_request(StopReason::HeadDiffers, at(4)),
                successions_request(&successions),
            ]
            .iter()
            .map(Message::encode_to_vec)
            .collect()
        }
        "receiver_step" => {
            let refusal = || Refusal::of(Code::FieldNotPermitted, Field::Phone);
            let pauses = [
                Pause::Agreement {
                    which: "350582-530111/1".into(),
                    refusal: refusal(),
                },
                Pause::Operator(refusal()),
                Pause::RetryLater {
                    after_seconds: 9,
                    refusal: refusal(),
                },
            ];
            let [agreement, operator, later] =
                pauses.map(|pause| receipt_response(&signed("receipt"), Some((at(8), pause))));
            [
                opening_response(ReceiverOpening {
                    held: at(9),
                    head,
                    parcel: Some(signed("parcel")),
                    resend: Some(signed("resend")),
                    successions: successions.clone(),
                }),
                receipt_response(&signed("receipt"), None),
                agreement,
                operator,
                later,
                divergence_response(StopReason::SenderSetBack, at(4)),
                successions_response(&successions),
            ]
            .iter()
            .map(Message::encode_to_vec)
            .collect()
        }
        "probe" => {
            let standing = Standing {
                versions: vec![1, 2],
                clock_ms: 1_791_421_200_000,
                agreements: vec![("350582-530111/1".parse().unwrap(), head)],
                channels: vec![(channel, at(5), head), (channel.opposite(), at(2), other)],
                successions,
            };
            let texts = WireAgreements {
                wanted: vec!["350582-530111/1".parse().unwrap()],
                shown: vec!["id = \"350582-530111\"".into()],
            };
            vec![
                probe_request(standing, true).encode_to_vec(),
                agreements_request(texts).encode_to_vec(),
            ]
        }
        "holdings" => {
            let holding = |sequence, id, outcome| Holding {
                sequence: at(sequence),
                digest: head,
                id,
                outcome,
            };
            let shown = WireHoldings {
                holdings: vec![
                    holding(1, Some(NoticeId::new([1; 8], 1)), Outcome::Stored),
                    holding(2, None, Outcome::Voided),
                    holding(
                        3,
                        Some(NoticeId::new([1; 8], 3)),
                        Outcome::Refused(Refusal::of(Code::FieldNotPermitted, Field::Phone)),
                    ),
                ],
                held: at(3),
                parcel: Some(signed("parcel")),
                beyond: vec![head, other],
            };
            vec![
                holdings_request(channel, true, at(4)).encode_to_vec(),
                holdings_response(shown).encode_to_vec(),
            ]
        }
        "agree" => {
            let id = "350582-530111".parse().unwrap();
            let said = || Agreed {
                held: vec![Held {
                    id,
                    a: Words {
                        count: 2,
                        digest: Digest::new([7; 32]),
                    },
                    b: Words::default(),
                }],
                handed: [None, Some("version = 2".to_owned())]
                    .map(|text| Handed {
                        id,
                        signed: signed("statement"),
                        text,
                    })
                    .into(),
                refused: vec![NotHeard {
                    id,
                    why: Unsaid::Forged,
                }],
                successions: successions.clone(),
            };
            vec![
                agree_request(said()).encode_to_vec(),
                agree_response(said()).encode_to_vec(),
            ]
        }
        kind => unreachable!("no such message: {kind}"),
    }
}
