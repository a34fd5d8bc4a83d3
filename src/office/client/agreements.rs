//! What the node says about agreements.

use bytes::Bytes;
use jiff::civil::Date;

use super::error::ClientError;
use crate::{
    agreement::{Agreement, Difference, Side},
    domain::{
        agreement::{AgreementId, AgreementVersion},
        area::County,
        calendar,
        channel::Digest,
        notice::Kind,
        problem::Sentence,
        territory::Territory,
    },
    proto::office::v1 as wire,
};

/// One version of an agreement, and how it stands today.
#[derive(Clone, Debug)]
pub struct AgreementState {
    /// Which.
    pub version: AgreementVersion,
    /// Its state by its stable name.
    pub state: String,
    /// The unit that invited.
    pub a: Territory,
    /// The unit that accepted.
    pub b: Territory,
    /// Whether it is for trial notices only.
    pub sandbox: bool,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force that can be foreseen.
    pub ends_on: Date,
    /// Days from today to the last; `None` where it is not in force.
    pub days_left: Option<u32>,
    /// What is suspended, now or from a day that is still to come.
    pub suspensions: Vec<Suspended>,
    /// SHA-256 of its canonical bytes.
    pub digest: Digest,
}

/// What one side has suspended.
#[derive(Clone, Debug)]
pub struct Suspended {
    /// Who.
    pub by: Side,
    /// The first day.
    pub from: Date,
    /// Which kinds, each from that side; empty for all.
    pub kinds: Vec<(Side, Kind)>,
}

/// One version with its text.
#[derive(Clone, Debug)]
pub struct AgreementShown {
    /// How it stands.
    pub state: AgreementState,
    /// What it says: read from the text, of which `state` names the digest.
    pub agreement: Agreement,
    /// What it says, in plain words.
    pub words: Sentence,
    /// What both sides have signed of it.
    pub signed: Vec<AgreementSignature>,
}

/// One thing that a side has signed of an agreement.
#[derive(Clone, Debug)]
pub struct AgreementSignature {
    /// The area in the name of the node that signed.
    pub by: County,
    /// `invitation`, `answer` or `statement`.
    pub kind: String,
    /// The file of an invitation or an answer.
    pub document: Option<String>,
    /// The canonical bytes that were signed.
    pub form: Bytes,
    /// ECDSA P-256 with SHA-256 over them, ASN.1 DER.
    pub signature: Bytes,
    /// The key: SubjectPublicKeyInfo, DER.
    pub key_spki: Bytes,
}

/// What the node and a peer hold.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Agreements held by either side.
    pub agreements: Vec<AgreementComparison>,
    /// When the peer told what it holds: milliseconds since 1970-01-01T00:00:00Z; `None` for never.
    pub told_at_ms: Option<i64>,
    /// Why it could not be asked now; `None` if it was.
    pub failure: Option<String>,
}

/// A version of an agreement as both sides hold it; version 0 for none.
#[derive(Clone, Debug)]
pub struct AgreementComparison {
    /// Identifier.
    pub id: AgreementId,
    /// Version here.
    pub here: u32,
    /// Version there.
    pub there: u32,
    /// Whether both hold the same text.
    pub equal: bool,
    /// In what the texts differ, as far as the node knows both.
    pub differences: Vec<Difference>,
    /// The version that was compared on the side that does not hold this one; 0 for none.
    pub compared_version: u32,
}

impl AgreementComparison {
    /// The version that is compared, whoever holds it.
    pub fn version(&self) -> AgreementVersion {
        AgreementVersion {
            id: self.id,
            version: self.here.max(self.there),
        }
    }
}

impl TryFrom<wire::AgreementState> for AgreementState {
    type Error = ClientError;

    fn try_from(state: wire::AgreementState) -> Result<Self, ClientError> {
        let wire::AgreementState {
            id,
            version,
            state,
            party_a,
            party_b,
            sandbox,
            valid_from,
            ends_on,
            days_left,
            suspensions,
            digest,
        } = state;
        let unit = |code: String| code.parse().map_err(|_| ClientError::Unreadable);
        Ok(Self {
            version: AgreementVersion {
                id: id.parse().map_err(|_| ClientError::Unreadable)?,
                version,
            },
            state,
            a: unit(party_a)?,
            b: unit(party_b)?,
            sandbox,
            valid_from: day(&valid_from)?,
            ends_on: day(&ends_on)?,
            days_left,
            suspensions: suspensions
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
            digest: digest
                .as_ref()
                .try_into()
                .map_err(|_| ClientError::Unreadable)?,
        })
    }
}

impl TryFrom<wire::Suspension> for Suspended {
    type Error = ClientError;

    fn try_from(suspension: wire::Suspension) -> Result<Self, ClientError> {
        let wire::Suspension {
            by,
            from_day,
            kinds,
        } = suspension;
        let kinds = kinds.into_iter().map(|kind| {
            let wire::SuspendedKind { from_side, kind } = kind;
            let kind = kind.parse().map_err(|_| ClientError::Unreadable)?;
            Ok((side(&from_side)?, kind))
        });
        Ok(Self {
            by: side(&by)?,
            from: day(&from_day)?,
            kinds: kinds.collect::<Result<_, ClientError>>()?,
        })
    }
}

impl TryFrom<wire::GetAgreementResponse> for AgreementShown {
    type Error = ClientError;

    fn try_from(shown: wire::GetAgreementResponse) -> Result<Self, ClientError> {
        let wire::GetAgreementResponse {
            state,
            text,
            words: said,
            canonical: _,
            signed,
        } = shown;
        let signed = signed.into_iter().map(|signed| {
            let wire::AgreementSignature {
                by_area,
                kind,
                document,
                form,
                signature,
                key_spki,
            } = signed;
            Ok(AgreementSignature {
                by: by_area.parse().map_err(|_| ClientError::Unreadable)?,
                kind,
                document: Some(document).filter(|document| !document.is_empty()),
                form,
                signature,
                key_spki,
            })
        });
        let state: AgreementState = state.ok_or(ClientError::Unreadable)?.try_into()?;
        let agreement = Agreement::parse(&text).map_err(|_| ClientError::Unreadable)?;
        if agreement.digest() != state.digest {
            return Err(ClientError::Unreadable);
        }
        Ok(Self {
            state,
            agreement,
            words: words(said)?,
            signed: signed.collect::<Result<_, ClientError>>()?,
        })
    }
}

impl TryFrom<wire::CompareAgreementsResponse> for Compared {
    type Error = ClientError;

    fn try_from(compared: wire::CompareAgreementsResponse) -> Result<Self, ClientError> {
        let wire::CompareAgreementsResponse {
            agreements,
            told_at_ms,
            error,
        } = compared;
        Ok(Self {
            agreements: agreements
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
            told_at_ms: Some(told_at_ms).filter(|at| *at != 0),
            failure: Some(error).filter(|error| !error.is_empty()),
        })
    }
}

impl TryFrom<wire::AgreementComparison> for AgreementComparison {
    type Error = ClientError;

    fn try_from(compared: wire::AgreementComparison) -> Result<Self, ClientError> {
        let wire::AgreementComparison {
            id,
            version_here,
            version_there,
            equal,
            differences,
            compared_version,
        } = compared;
        let differences = differences.into_iter().map(|difference| {
            let wire::AgreementDifference {
                key,
                label,
                here,
                there,
            } = difference;
            let said = |said: Option<wire::Words>| said.map(|said| words(Some(said))).transpose();
            Ok(Difference {
                key,
                label: words(label)?,
                here: said(here)?,
                there: said(there)?,
            })
        });
        Ok(Self {
            id: id.parse().map_err(|_| ClientError::Unreadable)?,
            here: version_here,
            there: version_there,
            equal,
            differences: differences.collect::<Result<_, ClientError>>()?,
            compared_version,
        })
    }
}

fn words(words: Option<wire::Words>) -> Result<Sentence, ClientError> {
    let wire::Words { zh, en } = words.ok_or(ClientError::Unreadable)?;
    Ok(Sentence { zh, en })
}

fn day(text: &str) -> Result<Date, ClientError> {
    calendar::parse_day(text).ok_or(ClientError::Unreadable)
}

fn side(name: &str) -> Result<Side, ClientError> {
    let mut sides = Side::ALL.into_iter();
    sides
        .find(|side| side.name() == name)
        .ok_or(ClientError::Unreadable)
}
