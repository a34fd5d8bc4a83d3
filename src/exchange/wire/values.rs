//! The values that the messages are made of.

use std::{collections::BTreeSet, ops::RangeInclusive};

use bytes::Bytes;

use super::{NotOfItsForm, Standing, proto};
use crate::{
    domain::{
        agreement::AgreementVersion,
        channel::{Channel, Digest, Sequence},
        field::Field,
        problem::{Code, Text},
        receipt::VoidReason,
        refusal::{Pause, Refusal},
    },
    store::StopReason,
    trust::signature::Signed,
};

pub(super) fn channel_out(channel: Channel, sandbox: bool) -> proto::Channel {
    proto::Channel {
        from_area: channel.from.to_string(),
        to_area: channel.to.to_string(),
        sandbox,
    }
}

pub(super) fn channel_in(channel: Option<proto::Channel>) -> Result<(Channel, bool), NotOfItsForm> {
    let proto::Channel {
        from_area,
        to_area,
        sandbox,
    } = channel.ok_or(NotOfItsForm("a channel"))?;
    let area = |text: &str| text.parse().map_err(|_| NotOfItsForm("an area code"));
    let channel = Channel {
        from: area(&from_area)?,
        to: area(&to_area)?,
    };
    Ok((channel, sandbox))
}

pub(super) fn digest_out(digest: Digest) -> Bytes {
    Bytes::copy_from_slice(digest.as_bytes())
}

pub(super) fn digest_in(bytes: &[u8]) -> Result<Digest, NotOfItsForm> {
    Digest::try_from(bytes).map_err(|_| NotOfItsForm("a digest"))
}

pub(super) fn signed_out(signed: &Signed) -> proto::Signed {
    proto::Signed {
        form: signed.form().clone(),
        signature: signed.signature().clone(),
    }
}

pub(super) fn signed_in(signed: proto::Signed) -> Signed {
    let proto::Signed { form, signature } = signed;
    Signed::received(form, signature)
}

pub(super) fn successions_out(statements: &[Signed]) -> Option<proto::Successions> {
    (!statements.is_empty()).then(|| proto::Successions {
        statements: statements.iter().map(signed_out).collect(),
    })
}

pub(super) fn successions_in(successions: Option<proto::Successions>) -> Vec<Signed> {
    let proto::Successions { statements } = successions.unwrap_or_default();
    statements.into_iter().map(signed_in).collect()
}

pub(super) const fn void_out(reason: VoidReason) -> proto::VoidReason {
    match reason {
        VoidReason::Expired => proto::VoidReason::Expired,
        VoidReason::Withdrawn => proto::VoidReason::Withdrawn,
        VoidReason::OnHold => proto::VoidReason::OnHold,
    }
}

pub(super) fn void_in(number: i32) -> Result<VoidReason, NotOfItsForm> {
    match proto::VoidReason::try_from(number) {
        Ok(proto::VoidReason::Expired) => Ok(VoidReason::Expired),
        Ok(proto::VoidReason::Withdrawn) => Ok(VoidReason::Withdrawn),
        Ok(proto::VoidReason::OnHold) => Ok(VoidReason::OnHold),
        Ok(proto::VoidReason::Unspecified) | Err(_) => Err(NotOfItsForm("a void's reason")),
    }
}

pub(super) fn divergence_out(reason: StopReason, sequence: Sequence) -> proto::Divergence {
    let reason = match reason {
        StopReason::HeadDiffers | StopReason::PeerNonsense => proto::DivergenceReason::Head,
        StopReason::SenderSetBack => proto::DivergenceReason::SenderSetBack,
        StopReason::ReceiverSetBack => proto::DivergenceReason::ReceiverSetBack,
    };
    proto::Divergence {
        reason: reason.into(),
        sequence: sequence.get(),
    }
}

pub(super) fn divergence_in(
    divergence: proto::Divergence,
) -> Result<(StopReason, Sequence), NotOfItsForm> {
    let proto::Divergence { reason, sequence } = divergence;
    let reason = match proto::DivergenceReason::try_from(reason) {
        Ok(proto::DivergenceReason::Head) => StopReason::HeadDiffers,
        Ok(proto::DivergenceReason::SenderSetBack) => StopReason::SenderSetBack,
        Ok(proto::DivergenceReason::ReceiverSetBack) => StopReason::ReceiverSetBack,
        Ok(proto::DivergenceReason::Unspecified) | Err(_) => {
            return Err(NotOfItsForm("a divergence's reason"));
        }
    };
    Ok((reason, Sequence::new(sequence)))
}

pub(super) fn pause_out(sequence: Sequence, pause: Pause) -> proto::Pause {
    let (class, refusal, after_seconds, agreement) = match pause {
        Pause::Agreement { which, refusal } => (proto::PauseClass::Agreement, refusal, 0, which),
        Pause::Operator(refusal) => (proto::PauseClass::Operator, refusal, 0, String::new()),
        Pause::RetryLater {
            after_seconds,
            refusal,
        } => (
            proto::PauseClass::RetryLater,
            refusal,
            after_seconds,
            String::new(),
        ),
    };
    proto::Pause {
        sequence: sequence.get(),
        class: class.into(),
        code: refusal.code.name().to_owned(),
        after_seconds,
        agreement,
        field: refusal
            .field
            .map_or_else(String::new, |field| field.name().to_owned()),
        words: Some(words_out(refusal.code)),
    }
}

fn words_out(code: Code) -> proto::Words {
    let Text { zh, en } = code.text();
    proto::Words {
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}

pub(super) fn pause_in(pause: proto::Pause) -> Result<(Sequence, Pause), NotOfItsForm> {
    let proto::Pause {
        sequence,
        class,
        code,
        after_seconds,
        agreement,
        field,
        // This node has words of its own for every code that it knows; a stranger's are not shown.
        words: _,
    } = pause;
    let refusal = refusal_in(&code, &field)?;
    let pause = match proto::PauseClass::try_from(class) {
        Ok(proto::PauseClass::Agreement) => Pause::Agreement {
            which: agreement,
            refusal,
        },
        Ok(proto::PauseClass::Operator) => Pause::Operator(refusal),
        Ok(proto::PauseClass::RetryLater) => Pause::RetryLater {
            after_seconds,
            refusal,
        },
        Ok(proto::PauseClass::Unspecified) | Err(_) => {
            return Err(NotOfItsForm("a pause's class"));
        }
    };
    Ok((Sequence::new(sequence), pause))
}

pub(super) fn refusal_in(code: &str, field: &str) -> Result<Refusal, NotOfItsForm> {
    Ok(Refusal {
        code: Code::from_name(code).ok_or(NotOfItsForm("a code"))?,
        field: if field.is_empty() {
            None
        } else {
            Some(Field::from_name(field).ok_or(NotOfItsForm("a field"))?)
        },
    })
}

pub(super) type StandingParts = (
    Vec<u32>,
    i64,
    Vec<proto::AgreementDigest>,
    Vec<proto::ChannelHead>,
    Option<proto::Successions>,
);

pub(super) fn standing_out(standing: Standing, sandbox: bool) -> StandingParts {
    let Standing {
        versions,
        clock_ms,
        agreements,
        channels,
        successions,
    } = standing;
    let agreements = agreements
        .into_iter()
        .map(|(version, digest)| proto::AgreementDigest {
            id: version.id.to_string(),
            version: version.version,
            digest: digest_out(digest),
        })
        .collect();
    let channels = channels
        .into_iter()
        .map(|(channel, sequence, head)| proto::ChannelHead {
            channel: Some(channel_out(channel, sandbox)),
            sequence: sequence.get(),
            head: digest_out(head),
        })
        .collect();
    (
        versions,
        clock_ms,
        agreements,
        channels,
        successions_out(&successions),
    )
}

pub(super) fn standing_in(
    (versions, clock_ms, agreements, channels, successions): StandingParts,
) -> Result<Standing, NotOfItsForm> {
    check_versions(&versions)?;
    if !CLOCKS_MS.contains(&clock_ms) {
        return Err(NotOfItsForm("a clock"));
    }
    let agreements: Vec<_> = agreements
        .into_iter()
        .map(|agreement| {
            let proto::AgreementDigest {
                id,
                version,
                digest,
            } = agreement;
            let id = id.parse().map_err(|_| NotOfItsForm("an agreement"))?;
            Ok((AgreementVersion { id, version }, digest_in(&digest)?))
        })
        .collect::<Result<_, NotOfItsForm>>()?;
    once(
        agreements.iter().map(|(version, _)| *version),
        "an agreement",
    )?;
    let channels: Vec<_> = channels
        .into_iter()
        .map(|channel| {
            let proto::ChannelHead {
                channel,
                sequence,
                head,
            } = channel;
            let (channel, _) = channel_in(channel)?;
            Ok((channel, Sequence::new(sequence), digest_in(&head)?))
        })
        .collect::<Result<_, NotOfItsForm>>()?;
    once(channels.iter().map(|(channel, ..)| *channel), "a channel")?;
    Ok(Standing {
        versions,
        clock_ms,
        agreements,
        channels,
        successions: successions_in(successions),
    })
}

/// Versions are told once each, ascending, and none is 0.
fn check_versions(versions: &[u32]) -> Result<(), NotOfItsForm> {
    if versions.contains(&0) || !versions.is_sorted_by(|one, next| one < next) {
        return Err(NotOfItsForm("protocol versions"));
    }
    Ok(())
}

/// Nobody tells of the same thing twice.
fn once<T: Ord>(named: impl Iterator<Item = T>, what: &'static str) -> Result<(), NotOfItsForm> {
    let mut seen = BTreeSet::new();
    for name in named {
        if !seen.insert(name) {
            return Err(NotOfItsForm(what));
        }
    }
    Ok(())
}

/// From 1970 to 9999: beyond no calendar goes.
const CLOCKS_MS: RangeInclusive<i64> = 0..=253_402_300_799_999;
