//! Agreements: what is asked about them, and what is told.

use bytes::Bytes;

use crate::{
    agreement::{
        Difference,
        life::{Suspension, What},
        plain_words,
    },
    domain::{
        agreement::{AgreementId, AgreementVersion},
        problem::{Code, Sentence},
    },
    office::{
        agreements::AgreementSeen,
        operations::{AgreementComparisonView, ComparedView},
        problem::Fault,
    },
    pairing::life::{Proof, Proven},
    proto::office::v1 as wire,
};

/// Which version is asked for; without one the node chooses.
pub(super) fn asked(
    request: wire::GetAgreementRequest,
) -> Result<(AgreementId, Option<u32>), Fault> {
    let wire::GetAgreementRequest { id, version } = request;
    let id = id
        .parse()
        .map_err(|_| Fault::Argument("id", Code::ValueFormat))?;
    Ok((id, Some(version).filter(|version| *version != 0)))
}

pub(super) fn state(seen: AgreementSeen) -> wire::AgreementState {
    let AgreementSeen {
        agreement,
        record,
        state,
        days_left,
    } = seen;
    let AgreementVersion { id, version } = agreement.version;
    wire::AgreementState {
        id: id.to_string(),
        version,
        state: state.name().to_owned(),
        party_a: agreement.a.to_string(),
        party_b: agreement.b.to_string(),
        sandbox: agreement.sandbox,
        valid_from: record.valid_from.to_string(),
        ends_on: record.ends_on().to_string(),
        days_left,
        suspensions: record.suspensions.iter().map(suspension).collect(),
        digest: Bytes::copy_from_slice(agreement.digest().as_bytes()),
    }
}

fn suspension(suspension: &Suspension) -> wire::Suspension {
    let Suspension { by, what, from } = suspension;
    let kinds = match what {
        What::All => Vec::new(),
        What::Kinds(kinds) => kinds
            .iter()
            .map(|(side, kind)| wire::SuspendedKind {
                from_side: side.name().to_owned(),
                kind: kind.name().to_owned(),
            })
            .collect(),
    };
    wire::Suspension {
        by: by.name().to_owned(),
        from_day: from.to_string(),
        kinds,
    }
}

pub(super) fn shown((seen, proofs): (AgreementSeen, Vec<Proof>)) -> wire::GetAgreementResponse {
    let (zh, en) = plain_words(&seen.agreement);
    let (text, canonical) = (seen.agreement.text().to_owned(), seen.agreement.canonical());
    wire::GetAgreementResponse {
        state: Some(state(seen)),
        text,
        words: Some(words(Sentence { zh, en })),
        canonical: canonical.into(),
        signed: proofs.into_iter().map(signed).collect(),
    }
}

fn signed(proof: Proof) -> wire::AgreementSignature {
    let Proof {
        by,
        what,
        key_spki,
        signed,
    } = proof;
    wire::AgreementSignature {
        by_area: by.to_string(),
        kind: what.name().to_owned(),
        document: match what {
            Proven::Invitation(file) | Proven::Answer(file) => file,
            Proven::Statement => String::new(),
        },
        form: signed.form().clone(),
        signature: signed.signature().clone(),
        key_spki: key_spki.into(),
    }
}

pub(super) fn compared(view: ComparedView) -> wire::CompareAgreementsResponse {
    let ComparedView {
        agreements,
        told_at_ms,
        failure,
    } = view;
    wire::CompareAgreementsResponse {
        agreements: agreements.into_iter().map(comparison).collect(),
        told_at_ms,
        error: failure.unwrap_or_default(),
    }
}

pub(super) fn comparison(view: AgreementComparisonView) -> wire::AgreementComparison {
    let AgreementComparisonView {
        id,
        version_here,
        version_there,
        equal,
        differences,
        compared_version,
    } = view;
    wire::AgreementComparison {
        id: id.to_string(),
        version_here: version_here.unwrap_or_default(),
        version_there: version_there.unwrap_or_default(),
        equal,
        differences: differences.into_iter().map(difference).collect(),
        compared_version: compared_version.unwrap_or_default(),
    }
}

fn difference(difference: Difference) -> wire::AgreementDifference {
    let Difference {
        key,
        label,
        here,
        there,
    } = difference;
    wire::AgreementDifference {
        key,
        label: Some(words(label)),
        here: here.map(words),
        there: there.map(words),
    }
}

fn words(sentence: Sentence) -> wire::Words {
    let Sentence { zh, en } = sentence;
    wire::Words { zh, en }
}
