//! What offices are told.

use bytes::Bytes;

use crate::{
    domain::{
        agreement::AgreementVersion,
        channel::Channel,
        delivery::{Confirmation, Delivery},
        draft::entries,
        masking,
        notice::NoticeId,
        problem::{Problem, Sentence},
        refusal::{Class, Refusal},
    },
    envelope::{self, Incoming},
    office::{
        bulk::ItemAnswer,
        operations::{
            AdoptedView, AgreedView, ChannelComparisonView, CourierView, Hindrance, LinkView,
            MisbehaviourView, ProbeView, ReachedView, ReloadView,
        },
        peers::{PeerProbed, PeerSeen},
        publish::Kept,
        query::{ChannelSeen, NoticeRecords, NoticeSeen, NoticesSeen, RecordSeen},
        subscribe::Said,
    },
    proto::{notice::v1 as notice, office::v1 as wire},
    store::{ChannelView, Direction, Facts, Handover, NoticeView},
    trust::pairing::Pairing,
};

pub(super) fn accepted(kept: Kept) -> wire::Accepted {
    let Kept {
        accepted,
        reference,
    } = kept;
    wire::Accepted {
        notice_id: id(accepted.id),
        repeated: accepted.repeated,
        reference,
    }
}

pub(super) fn item(answer: ItemAnswer) -> wire::PublishStreamResponse {
    use wire::publish_stream_response::Result as Wire;
    let result = match answer {
        Ok(kept) => Wire::Accepted(accepted(kept)),
        Err(problems) => Wire::Refused(wire::Refused {
            problems: problems.into_iter().map(problem).collect(),
        }),
    };
    wire::PublishStreamResponse {
        result: Some(result),
    }
}

pub(super) fn problem(problem: Problem) -> wire::Problem {
    let Sentence { zh, en } = problem.sentence();
    let Problem {
        code,
        field,
        agreement,
    } = problem;
    wire::Problem {
        code: code.name().to_owned(),
        field: field.into_owned(),
        message_zh: zh,
        message_en: en,
        class: Class::of(code).name().to_owned(),
        agreement: agreement.map_or_else(String::new, |version| version.to_string()),
    }
}

pub(super) fn said(said: Said) -> wire::SubscribeResponse {
    use wire::subscribe_response::Step as Wire;
    let step = match said {
        Said::Opened(position) => Wire::Opened(wire::ConsumerOpened {
            acknowledged_position: position.get(),
        }),
        Said::Acknowledged(position) => Wire::Acknowledged(wire::Acknowledged {
            position: position.get(),
        }),
        Said::Notice {
            handover,
            answers_reference,
        } => {
            let Handover {
                position,
                channel: _,
                sequence,
                facts: _,
                received_at_ms,
                redelivered,
                bytes,
            } = *handover;
            Wire::Notice(wire::Handover {
                notice: bytes,
                position: position.get(),
                sequence: sequence.get(),
                received_at_ms,
                redelivered,
                answers_reference: answers_reference.unwrap_or_default(),
            })
        }
    };
    wire::SubscribeResponse { step: Some(step) }
}

pub(super) fn notice(seen: NoticeRecords) -> wire::GetNoticeResponse {
    let NoticeRecords { first, further } = seen;
    let wire::NoticeRecord {
        state,
        notice,
        corrected_by,
        masked,
    } = record(first);
    wire::GetNoticeResponse {
        state,
        notice,
        corrected_by,
        masked,
        further: further.into_iter().map(record).collect(),
    }
}

fn record(seen: RecordSeen) -> wire::NoticeRecord {
    let RecordSeen {
        notice: seen,
        corrected_by,
    } = seen;
    let bytes = seen.view.bytes.clone().unwrap_or_default();
    let (notice, masked) = if seen.full {
        (bytes, Vec::new())
    } else {
        (Bytes::new(), masked(&bytes))
    };
    let corrected_by = corrected_by.map(|id| Bytes::copy_from_slice(id.as_bytes()));
    wire::NoticeRecord {
        state: Some(state(seen)),
        notice,
        corrected_by: corrected_by.unwrap_or_default(),
        masked,
    }
}

/// What is left of a notice for those who may not see what it says.
pub(super) fn masked(notice: &[u8]) -> Vec<wire::MaskedField> {
    let Ok(notice) = envelope::decode(notice) else {
        return Vec::new();
    };
    let Incoming {
        header,
        consent,
        content,
        filled_fields: _,
    } = notice;
    entries(header.answers, consent.as_ref(), &content)
        .into_iter()
        .map(|(field, value)| wire::MaskedField {
            name: field.name().to_owned(),
            value: masking::masked(field, &value),
        })
        .collect()
}

pub(super) fn notices(seen: NoticesSeen) -> wire::ListNoticesResponse {
    let NoticesSeen { notices, next } = seen;
    wire::ListNoticesResponse {
        notices: notices.into_iter().map(state).collect(),
        next_page_token: super::asked::page_token(next),
    }
}

pub(super) fn state(seen: NoticeSeen) -> wire::NoticeState {
    let NoticeSeen {
        view,
        full,
        sandbox,
    } = seen;
    let NoticeView {
        facts,
        channel: Channel { from, to },
        direction: way,
        sequence,
        position: _,
        delivery,
        on_hold,
        ended_for,
        at_ms,
        size_bytes,
        reference,
        bytes,
    } = view;
    let Facts {
        id: notice_id,
        kind,
        case_id,
        answers: _,
        agreement: AgreementVersion { id: pair, version },
        published_at_ms: _,
        deadline_ms,
        digest: _,
    } = facts;
    let (code, field, unconfirmed) = match &delivery {
        Delivery::Refused(Refusal { code, field }) => (
            Some(*code),
            field.map(|field| field.name().to_owned()),
            false,
        ),
        Delivery::Queued | Delivery::InFlight | Delivery::Stored => (None, None, false),
        Delivery::Expired(confirmation) | Delivery::Withdrawn(confirmation) => {
            (ended_for, None, *confirmation == Confirmation::Unconfirmed)
        }
    };
    let code = code.or_else(|| on_hold.flatten());
    wire::NoticeState {
        notice_id: id(notice_id),
        case_id: id(case_id),
        direction: direction(way).into(),
        kind: kind.name().to_owned(),
        from_area: from.to_string(),
        to_area: to.to_string(),
        sequence: sequence.get(),
        delivery: delivery.name().to_owned(),
        unconfirmed,
        code: code.map(|code| code.name().to_owned()).unwrap_or_default(),
        field: field.unwrap_or_default(),
        on_hold: on_hold.is_some(),
        at_ms,
        deadline_ms,
        agreement: Some(notice::AgreementVersion {
            id: pair.to_string(),
            version,
        }),
        size_bytes,
        sandbox,
        reference: if full { reference } else { String::new() },
        erased: bytes.is_none(),
    }
}

pub(super) fn channel(seen: ChannelSeen) -> wire::ChannelState {
    let ChannelSeen {
        view,
        oldest_unanswered_seconds,
        on_hold,
        courier: CourierView { state, hindrance },
    } = seen;
    let ChannelView {
        channel: Channel { from, to },
        direction: way,
        last,
        head,
        settled,
        settled_head: _,
        stop: _,
        disowned: _,
    } = view;
    let (code, zh, en) = match hindrance {
        Some(Hindrance {
            code,
            remedy: Sentence { zh, en },
        }) => (code, zh, en),
        None => Default::default(),
    };
    wire::ChannelState {
        from_area: from.to_string(),
        to_area: to.to_string(),
        direction: direction(way).into(),
        last_sequence: last.get(),
        answered_sequence: settled.get(),
        oldest_unanswered_seconds,
        state: state.name().to_owned(),
        code,
        message_zh: zh,
        message_en: en,
        on_hold,
        head: Bytes::copy_from_slice(head.as_bytes()),
    }
}

pub(super) fn peer(seen: PeerSeen) -> wire::PeerState {
    let PeerSeen {
        pairing,
        signing_key,
        link,
        oldest_unanswered_seconds,
        pairing_digest,
    } = seen;
    let Pairing {
        id,
        areas,
        endpoint,
        root_pem: _,
        signing_key_spki: _,
        earlier_keys: _,
        revocation: _,
        sandbox: _,
    } = pairing;
    let (last_contact_ms, last_error, misbehaviour) = match link {
        Some(LinkView {
            identity: _,
            last_contact_ms,
            last_error,
            misbehaviour,
        }) => (last_contact_ms, last_error, misbehaviour),
        None => (0, None, None),
    };
    let (misbehaviour, misbehaved_at_ms) = misdeed(misbehaviour);
    wire::PeerState {
        identity: id.to_string(),
        areas: areas.iter().map(ToString::to_string).collect(),
        endpoint,
        signing_key: signing_key.to_string(),
        last_contact_ms,
        last_error: last_error.unwrap_or_default(),
        oldest_unanswered_seconds,
        pairing_digest: Bytes::copy_from_slice(pairing_digest.as_bytes()),
        misbehaviour,
        misbehaved_at_ms,
    }
}

/// Its code, empty for none, and when.
fn misdeed(misbehaviour: Option<MisbehaviourView>) -> (String, i64) {
    misbehaviour.map_or_else(Default::default, |met| (met.code.to_owned(), met.at_ms))
}

pub(super) fn probe(probed: PeerProbed) -> wire::ProbePeerResponse {
    let PeerProbed {
        found,
        waiting,
        misbehaviour,
    } = probed;
    let (misbehaviour, misbehaved_at_ms) = misdeed(misbehaviour);
    let waiting = waiting
        .into_iter()
        .map(|(Channel { from, to }, seconds)| wire::ChannelWaiting {
            from_area: from.to_string(),
            to_area: to.to_string(),
            oldest_unanswered_seconds: seconds,
        })
        .collect();
    match found {
        ProbeView::Unreachable(error) => wire::ProbePeerResponse {
            error,
            waiting,
            misbehaviour,
            misbehaved_at_ms,
            ..wire::ProbePeerResponse::default()
        },
        ProbeView::Reached(ReachedView {
            round_trip,
            clock_difference_ms,
            versions,
            versions_here,
            certificate_until_ms,
            agreements,
            channels,
        }) => wire::ProbePeerResponse {
            reachable: true,
            error: String::new(),
            round_trip_us: u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX),
            clock_difference_ms,
            versions,
            certificate_until_ms,
            agreements: agreements
                .into_iter()
                .map(super::agreements::comparison)
                .collect(),
            channels: channels.into_iter().map(comparison).collect(),
            waiting,
            misbehaviour,
            misbehaved_at_ms,
            versions_here,
        },
    }
}

fn comparison(view: ChannelComparisonView) -> wire::ChannelComparison {
    let ChannelComparisonView {
        channel: Channel { from, to },
        sequence_here,
        sequence_there,
        heads_agree,
    } = view;
    wire::ChannelComparison {
        from_area: from.to_string(),
        to_area: to.to_string(),
        sequence_here: sequence_here.get(),
        sequence_there: sequence_there.get(),
        heads_agree,
    }
}

pub(super) fn adopted(view: AdoptedView) -> wire::AdoptedChannel {
    let AdoptedView {
        channel: Channel { from, to },
        taken_over,
        renumbered,
        resend_asked,
    } = view;
    wire::AdoptedChannel {
        from_area: from.to_string(),
        to_area: to.to_string(),
        taken_over,
        renumbered,
        resend_asked,
    }
}

pub(super) fn agreed(view: AgreedView) -> wire::AgreeResponse {
    let AgreedView {
        version: AgreementVersion { id, version },
        state,
        not_told,
    } = view;
    wire::AgreeResponse {
        id: id.to_string(),
        version,
        state: state.name().to_owned(),
        told: not_told.is_none(),
        not_told: not_told.unwrap_or_default(),
    }
}

pub(super) fn reloaded(view: ReloadView) -> wire::ReloadResponse {
    let ReloadView { peers, agreements } = view;
    wire::ReloadResponse { peers, agreements }
}

const fn direction(direction: Direction) -> wire::Direction {
    match direction {
        Direction::Out => wire::Direction::Out,
        Direction::In => wire::Direction::In,
    }
}

pub(super) fn id(id: NoticeId) -> Bytes {
    Bytes::copy_from_slice(id.as_bytes())
}
