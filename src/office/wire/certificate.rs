//! A question about a certificate, and what became of it.

use std::time::Duration;

use bytes::Bytes;
use tonic::metadata::MetadataMap;

use super::{draft::raw_draft, told};
use crate::{
    domain::{draft::RawDraft, notice::Certificate, problem::Code},
    office::{
        certificate::{Answer, CertificateAsked, Heard, refused_for},
        problem::Fault,
    },
    proto::{notice::v1 as notice, office::v1 as wire},
};

/// The question, and how long its caller waits: as long as it says, and no longer than its call.
pub(super) fn asked(
    metadata: &MetadataMap,
    request: wire::AskCertificateRequest,
) -> Result<(RawDraft, Duration), Fault> {
    let wire::AskCertificateRequest { draft, wait_ms } = request;
    let wait = match Duration::from_millis(wait_ms.into()) {
        Duration::ZERO => USUAL_WAIT,
        wait if wait <= LONGEST_WAIT => wait,
        _ => return Err(Fault::Argument("wait_ms", Code::ValueFormat)),
    };
    let call = metadata.get("grpc-timeout").and_then(|it| it.to_str().ok());
    let call = call.and_then(timeout).unwrap_or(Duration::MAX);
    Ok((raw_draft(draft), wait.min(call.saturating_sub(WAY_BACK))))
}

/// A time as gRPC writes it: up to eight digits and a unit. What is none bounds nothing, as for the
/// transport.
fn timeout(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        'H' => Some(Duration::from_secs(count.saturating_mul(3_600))),
        'M' => Some(Duration::from_secs(count.saturating_mul(60))),
        'S' => Some(Duration::from_secs(count)),
        'm' => Some(Duration::from_millis(count)),
        'u' => Some(Duration::from_micros(count)),
        'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

pub(super) fn said(asked: CertificateAsked) -> wire::AskCertificateResponse {
    use wire::ask_certificate_response::Heard as Wire;
    let CertificateAsked { question, heard } = asked;
    let heard = match heard {
        Heard::Answer(answer) => Wire::Answer(self::answer(answer)),
        Heard::ByNotice {
            due_on,
            delivered,
            peer_reachable,
        } => Wire::ByNotice(wire::CertificateAnswerByNotice {
            due_on: due_on.map(|day| day.to_string()).unwrap_or_default(),
            delivered,
            peer_reachable,
        }),
        Heard::Ended(delivery) => Wire::Ended(wire::CertificateQueryEnded {
            delivery: delivery.name().to_owned(),
            code: refused_for(&delivery)
                .map(|code| code.name().to_owned())
                .unwrap_or_default(),
        }),
    };
    wire::AskCertificateResponse {
        question: Some(told::accepted(question)),
        heard: Some(heard),
    }
}

fn answer(answer: Answer) -> wire::CertificateAnswer {
    let Answer {
        id,
        certificate:
            Certificate {
                number,
                status,
                valid_until,
            },
        looked_up_on,
        published_at_ms,
    } = answer;
    wire::CertificateAnswer {
        notice_id: Bytes::copy_from_slice(id.as_bytes()),
        certificate: Some(notice::Certificate {
            number: number.unwrap_or_default(),
            status: status.unwrap_or_default(),
            valid_until: valid_until.map(|day| day.to_string()).unwrap_or_default(),
        }),
        looked_up_on: looked_up_on.to_string(),
        answered_at_ms: published_at_ms,
    }
}

const USUAL_WAIT: Duration = Duration::from_secs(5);

const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What is left of a call's time for its answer to be read at the other end.
const WAY_BACK: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_grpc_writes_it() {
        for (text, millis) in [
            ("1H", Some(3_600_000)),
            ("2M", Some(120_000)),
            ("30S", Some(30_000)),
            ("250m", Some(250)),
            ("99999999u", Some(99_999)),
            ("5000000n", Some(5)),
            ("123456789S", None),
            ("+5S", None),
            ("5s", None),
            ("S", None),
            ("", None),
            ("五", None),
        ] {
            let read = timeout(text).map(|it| it.as_millis());
            assert_eq!(read, millis, "{text}");
        }
    }

    #[test]
    fn nobody_waits_longer_than_the_call_nor_than_half_a_minute() {
        let wait = |wait_ms, call: Option<&str>| {
            let mut metadata = MetadataMap::new();
            if let Some(call) = call {
                metadata.insert("grpc-timeout", call.parse().unwrap());
            }
            let draft = None;
            asked(&metadata, wire::AskCertificateRequest { draft, wait_ms })
                .map(|(_, wait)| wait.as_millis())
        };
        assert_eq!(wait(0, None), Ok(5_000));
        assert_eq!(wait(1, None), Ok(1));
        assert_eq!(wait(30_000, None), Ok(30_000));
        let refused = Fault::Argument("wait_ms", Code::ValueFormat);
        assert_eq!(wait(30_001, None), Err(refused));
        assert_eq!(wait(0, Some("2S")), Ok(1_750));
        assert_eq!(wait(1_000, Some("2S")), Ok(1_000));
        assert_eq!(wait(0, Some("100m")), Ok(0));
    }
}
