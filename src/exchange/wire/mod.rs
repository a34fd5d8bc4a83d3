//! The only place that sees the protos of the exchange: from messages to types of ours and back.
//!
//! Foreign messages are taken apart whole, so that a new field stops the build.

mod agreeing;
mod agreements;
mod due;
#[cfg(any(test, fuzzing))]
#[path = "../../../tests/fuzz/targets/exchange.rs"]
pub(crate) mod fuzz;
#[cfg(test)]
mod golden;
mod values;

use bytes::Bytes;

use crate::{
    domain::{
        agreement::AgreementVersion,
        channel::{Channel, Digest, Sequence},
        notice::NoticeId,
        receipt::{Outcome, VoidReason},
        refusal::Pause,
    },
    proto::exchange::v1 as proto,
    store::{Holding, StopReason},
    trust::signature::Signed,
};

pub(super) use self::agreeing::{
    Agreed, agree_request, agree_request_in, agree_response, agree_response_in,
};
pub(super) use self::agreements::{
    MOST_TEXT_BYTES, WireAgreements, agreements_request, agreements_request_in,
    agreements_response, agreements_response_in,
};
pub(super) use self::due::{DueAsked, due_request, due_request_in, due_response, due_response_in};
use self::values::{
    channel_in, channel_out, digest_in, digest_out, divergence_in, divergence_out, pause_in,
    pause_out, refusal_in, signed_in, signed_out, standing_in, standing_out, successions_in,
    successions_out, void_in, void_out,
};
pub(super) use proto::{
    AgreeRequest, AgreeResponse, DeliverRequest, DeliverResponse, ListDueRequest, ListDueResponse,
    ProbeRequest, ProbeResponse, ShowAgreementsRequest, ShowAgreementsResponse,
    ShowHoldingsRequest, ShowHoldingsResponse,
    exchange_client::ExchangeClient,
    exchange_server::{Exchange as ExchangeService, ExchangeServer},
};

/// A message that is not of its form: the peer misbehaved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the peer sent a message that is not of its form: {0}")]
pub struct NotOfItsForm(pub(super) &'static str);

/// What the sender says.
pub(super) enum SenderStep {
    Opening(SenderOpening),
    Parcel(WireParcel),
    Divergence(StopReason, Sequence),
    Successions(Vec<Signed>),
}

/// What the receiver says.
pub(super) enum ReceiverStep {
    Opening(ReceiverOpening),
    Receipt(WireReceipt),
    Divergence(StopReason, Sequence),
    Successions(Vec<Signed>),
}

/// What the sender holds of a channel.
pub(super) struct SenderOpening {
    pub(super) channel: Channel,
    pub(super) sandbox: bool,
    pub(super) last: Sequence,
    pub(super) head: Digest,
    pub(super) receipted: Sequence,
    pub(super) receipt: Option<Signed>,
    pub(super) successions: Vec<Signed>,
}

/// What the receiver holds of a channel.
pub(super) struct ReceiverOpening {
    pub(super) held: Sequence,
    pub(super) head: Digest,
    pub(super) parcel: Option<Signed>,
    pub(super) resend: Option<Signed>,
    pub(super) successions: Vec<Signed>,
}

/// A parcel, nothing of it checked yet.
pub(super) struct WireParcel {
    pub(super) signed: Signed,
    pub(super) places: Vec<WirePlace>,
}

/// A place of a parcel.
pub(super) enum WirePlace {
    Notice(Bytes),
    Void { digest: Digest, reason: VoidReason },
}

/// A receipt, nothing of it checked yet.
pub(super) struct WireReceipt {
    pub(super) signed: Signed,
    pub(super) pause: Option<(Sequence, Pause)>,
}

/// How a node stands, from either side of a probe.
pub(super) struct Standing {
    pub(super) versions: Vec<u32>,
    pub(super) clock_ms: i64,
    pub(super) agreements: Vec<(AgreementVersion, Digest)>,
    pub(super) channels: Vec<(Channel, Sequence, Digest)>,
    pub(super) successions: Vec<Signed>,
}

/// What a receiver holds of a channel.
pub(super) struct WireHoldings {
    pub(super) holdings: Vec<Holding>,
    pub(super) held: Sequence,
    pub(super) parcel: Option<Signed>,
    pub(super) beyond: Vec<Digest>,
}

pub(super) fn opening_request(opening: SenderOpening) -> DeliverRequest {
    let SenderOpening {
        channel,
        sandbox,
        last,
        head,
        receipted,
        receipt,
        successions,
    } = opening;
    request(proto::deliver_request::Step::Opening(
        proto::SenderOpening {
            channel: Some(channel_out(channel, sandbox)),
            last_sequence: last.get(),
            last_head: digest_out(head),
            receipted_sequence: receipted.get(),
            receipt: receipt.map(|signed| signed_out(&signed)),
            successions: successions_out(&successions),
        },
    ))
}

pub(super) fn parcel_request(
    signed: &Signed,
    places: impl IntoIterator<Item = (Digest, Result<Bytes, VoidReason>)>,
) -> DeliverRequest {
    let items = places
        .into_iter()
        .map(|(digest, content)| proto::Item {
            place: Some(match content {
                Ok(bytes) => proto::item::Place::Notice(bytes),
                Err(reason) => proto::item::Place::Void(proto::Void {
                    digest: digest_out(digest),
                    reason: void_out(reason).into(),
                }),
            }),
        })
        .collect();
    request(proto::deliver_request::Step::Parcel(proto::Parcel {
        signed: Some(signed_out(signed)),
        items,
    }))
}

pub(super) fn divergence_request(reason: StopReason, sequence: Sequence) -> DeliverRequest {
    request(proto::deliver_request::Step::Divergence(divergence_out(
        reason, sequence,
    )))
}

pub(super) fn successions_request(statements: &[Signed]) -> DeliverRequest {
    request(proto::deliver_request::Step::Successions(
        successions_out(statements).unwrap_or_default(),
    ))
}

pub(super) fn sender_step(message: DeliverRequest) -> Result<SenderStep, NotOfItsForm> {
    use proto::deliver_request::Step;
    let DeliverRequest { step } = message;
    Ok(match step.ok_or(NotOfItsForm("a step without content"))? {
        Step::Opening(opening) => {
            let proto::SenderOpening {
                channel,
                last_sequence,
                last_head,
                receipted_sequence,
                receipt,
                successions,
            } = opening;
            let (channel, sandbox) = channel_in(channel)?;
            SenderStep::Opening(SenderOpening {
                channel,
                sandbox,
                last: Sequence::new(last_sequence),
                head: digest_in(&last_head)?,
                receipted: Sequence::new(receipted_sequence),
                receipt: receipt.map(signed_in),
                successions: successions_in(successions),
            })
        }
        Step::Parcel(parcel) => {
            let proto::Parcel { signed, items } = parcel;
            let signed = signed.ok_or(NotOfItsForm("a parcel without a signature"))?;
            let places = items
                .into_iter()
                .map(|proto::Item { place }| {
                    Ok(
                        match place.ok_or(NotOfItsForm("a place without content"))? {
                            proto::item::Place::Notice(bytes) => WirePlace::Notice(bytes),
                            proto::item::Place::Void(proto::Void { digest, reason }) => {
                                WirePlace::Void {
                                    digest: digest_in(&digest)?,
                                    reason: void_in(reason)?,
                                }
                            }
                        },
                    )
                })
                .collect::<Result<_, NotOfItsForm>>()?;
            SenderStep::Parcel(WireParcel {
                signed: signed_in(signed),
                places,
            })
        }
        Step::Divergence(divergence) => {
            let (reason, sequence) = divergence_in(divergence)?;
            SenderStep::Divergence(reason, sequence)
        }
        Step::Successions(successions) => {
            SenderStep::Successions(successions_in(Some(successions)))
        }
    })
}

pub(super) fn opening_response(opening: ReceiverOpening) -> DeliverResponse {
    let ReceiverOpening {
        held,
        head,
        parcel,
        resend,
        successions,
    } = opening;
    response(proto::deliver_response::Step::Opening(
        proto::ReceiverOpening {
            held_sequence: held.get(),
            held_head: digest_out(head),
            parcel: parcel.map(|signed| signed_out(&signed)),
            resend: resend.map(|signed| signed_out(&signed)),
            successions: successions_out(&successions),
        },
    ))
}

pub(super) fn receipt_response(
    signed: &Signed,
    pause: Option<(Sequence, Pause)>,
) -> DeliverResponse {
    response(proto::deliver_response::Step::Receipt(proto::Receipt {
        signed: Some(signed_out(signed)),
        pause: pause.map(|(sequence, pause)| pause_out(sequence, pause)),
    }))
}

pub(super) fn divergence_response(reason: StopReason, sequence: Sequence) -> DeliverResponse {
    response(proto::deliver_response::Step::Divergence(divergence_out(
        reason, sequence,
    )))
}

pub(super) fn successions_response(statements: &[Signed]) -> DeliverResponse {
    response(proto::deliver_response::Step::Successions(
        successions_out(statements).unwrap_or_default(),
    ))
}

pub(super) fn receiver_step(message: DeliverResponse) -> Result<ReceiverStep, NotOfItsForm> {
    use proto::deliver_response::Step;
    let DeliverResponse { step } = message;
    Ok(match step.ok_or(NotOfItsForm("a step without content"))? {
        Step::Opening(opening) => {
            let proto::ReceiverOpening {
                held_sequence,
                held_head,
                parcel,
                resend,
                successions,
            } = opening;
            ReceiverStep::Opening(ReceiverOpening {
                held: Sequence::new(held_sequence),
                head: digest_in(&held_head)?,
                parcel: parcel.map(signed_in),
                resend: resend.map(signed_in),
                successions: successions_in(successions),
            })
        }
        Step::Receipt(receipt) => {
            let proto::Receipt { signed, pause } = receipt;
            let signed = signed.ok_or(NotOfItsForm("a receipt without a signature"))?;
            ReceiverStep::Receipt(WireReceipt {
                signed: signed_in(signed),
                pause: pause.map(pause_in).transpose()?,
            })
        }
        Step::Divergence(divergence) => {
            let (reason, sequence) = divergence_in(divergence)?;
            ReceiverStep::Divergence(reason, sequence)
        }
        Step::Successions(successions) => {
            ReceiverStep::Successions(successions_in(Some(successions)))
        }
    })
}

pub(super) fn probe_request(standing: Standing, sandbox: bool) -> ProbeRequest {
    let (versions, clock_ms, agreements, channels, successions) = standing_out(standing, sandbox);
    ProbeRequest {
        versions,
        clock_ms,
        agreements,
        channels,
        successions,
    }
}

pub(super) fn probe_response(standing: Standing, sandbox: bool) -> ProbeResponse {
    let (versions, clock_ms, agreements, channels, successions) = standing_out(standing, sandbox);
    ProbeResponse {
        versions,
        clock_ms,
        agreements,
        channels,
        successions,
    }
}

pub(super) fn probe_request_in(message: ProbeRequest) -> Result<Standing, NotOfItsForm> {
    let ProbeRequest {
        versions,
        clock_ms,
        agreements,
        channels,
        successions,
    } = message;
    standing_in((versions, clock_ms, agreements, channels, successions))
}

pub(super) fn probe_response_in(message: ProbeResponse) -> Result<Standing, NotOfItsForm> {
    let ProbeResponse {
        versions,
        clock_ms,
        agreements,
        channels,
        successions,
    } = message;
    if versions.is_empty() {
        return Err(NotOfItsForm("no protocol version"));
    }
    standing_in((versions, clock_ms, agreements, channels, successions))
}

pub(super) fn holdings_request(
    channel: Channel,
    sandbox: bool,
    after: Sequence,
) -> ShowHoldingsRequest {
    ShowHoldingsRequest {
        channel: Some(channel_out(channel, sandbox)),
        after_sequence: after.get(),
    }
}

pub(super) fn holdings_request_in(
    message: ShowHoldingsRequest,
) -> Result<(Channel, bool, Sequence), NotOfItsForm> {
    let ShowHoldingsRequest {
        channel,
        after_sequence,
    } = message;
    let (channel, sandbox) = channel_in(channel)?;
    Ok((channel, sandbox, Sequence::new(after_sequence)))
}

pub(super) fn holdings_response(shown: WireHoldings) -> ShowHoldingsResponse {
    let WireHoldings {
        holdings,
        held,
        parcel,
        beyond,
    } = shown;
    let holdings = holdings
        .into_iter()
        .map(|holding| {
            let (outcome, field) = match holding.outcome {
                Outcome::Stored => ("stored", None),
                Outcome::Voided => ("voided", None),
                Outcome::Refused(refusal) => (refusal.code.name(), refusal.field),
            };
            proto::Holding {
                sequence: holding.sequence.get(),
                digest: digest_out(holding.digest),
                id: holding
                    .id
                    .map_or_else(Bytes::new, |id| Bytes::copy_from_slice(id.as_bytes())),
                outcome: outcome.to_owned(),
                field: field.map_or_else(String::new, |field| field.name().to_owned()),
            }
        })
        .collect();
    ShowHoldingsResponse {
        holdings,
        held_sequence: held.get(),
        parcel: parcel.map(|signed| signed_out(&signed)),
        beyond: beyond.into_iter().map(digest_out).collect(),
    }
}

pub(super) fn holdings_response_in(
    message: ShowHoldingsResponse,
) -> Result<WireHoldings, NotOfItsForm> {
    let ShowHoldingsResponse {
        holdings,
        held_sequence,
        parcel,
        beyond,
    } = message;
    let holdings = holdings
        .into_iter()
        .map(|holding| {
            let proto::Holding {
                sequence,
                digest,
                id,
                outcome,
                field,
            } = holding;
            let outcome = match outcome.as_str() {
                "stored" => Outcome::Stored,
                "voided" => Outcome::Voided,
                code => Outcome::Refused(refusal_in(code, &field)?),
            };
            Ok(Holding {
                sequence: Sequence::new(sequence),
                digest: digest_in(&digest)?,
                id: if id.is_empty() {
                    None
                } else {
                    let id = NoticeId::try_from(id.as_ref());
                    Some(id.map_err(|_| NotOfItsForm("a notice id"))?)
                },
                outcome,
            })
        })
        .collect::<Result<_, NotOfItsForm>>()?;
    Ok(WireHoldings {
        holdings,
        held: Sequence::new(held_sequence),
        parcel: parcel.map(signed_in),
        beyond: beyond
            .iter()
            .map(|digest| digest_in(digest))
            .collect::<Result<_, _>>()?,
    })
}

fn request(step: proto::deliver_request::Step) -> DeliverRequest {
    DeliverRequest { step: Some(step) }
}

fn response(step: proto::deliver_response::Step) -> DeliverResponse {
    DeliverResponse { step: Some(step) }
}
