//! Erasures, as the node tells of them.

use super::{
    Client,
    error::ClientError,
    states::{county, id},
};
use crate::{
    domain::{area::County, erasure::ErasureReason, notice::NoticeId},
    proto::office::v1 as wire,
    trust::signature::Signed,
};

/// An erasure, and what became of it elsewhere. Holds no personal value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureState {
    /// Its id.
    pub id: NoticeId,
    /// The case.
    pub case: NoticeId,
    /// Home area.
    pub home: County,
    /// The other area.
    pub peer: County,
    /// When: milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Why.
    pub reason: ErasureReason,
    /// SPIFFE id of the office that did it; empty where the other side asked.
    pub office: String,
    /// The notice of the other side that asked for it.
    pub asked_by: Option<NoticeId>,
    /// How many notices of the case were known then.
    pub notices: u32,
    /// Of each notice that opened a case at the other side.
    pub told: Vec<ErasureTold>,
    /// Until when a backup is kept that holds the keys still.
    pub pending_until_ms: Option<i64>,
}

/// What became of the erasure of a notice at its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureTold {
    /// The notice.
    pub notice: NoticeId,
    /// How far it has come, by its stable name.
    pub state: String,
    /// The notice that asks for it.
    pub asking: Option<NoticeId>,
    /// When the receiver's node said that it is done.
    pub confirmed_at_ms: Option<i64>,
}

impl Client {
    /// Every erasure of a home area, the office's own if none is named, the oldest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn erasures(&self, home: Option<County>) -> Result<Vec<ErasureState>, ClientError> {
        let mut request = wire::ListErasuresRequest {
            home_area: home.map(|home| home.to_string()).unwrap_or_default(),
            ..wire::ListErasuresRequest::default()
        };
        let mut all = Vec::new();
        loop {
            let wire::ListErasuresResponse {
                erasures,
                next_after,
            } = self
                .ask_of_cases(async |client| client.list_erasures(request.clone()).await)
                .await?;
            for erasure in erasures {
                all.push(erasure.try_into()?);
            }
            if next_after <= request.page_after {
                return Ok(all);
            }
            request.page_after = next_after;
        }
    }
}

/// The node's signed word on an erasure.
#[derive(Clone, Debug)]
pub struct ErasureStatement {
    /// The home area.
    pub home: County,
    /// What it signed.
    pub signed: Signed,
    /// The key that it signed with, SubjectPublicKeyInfo in DER.
    pub key: Vec<u8>,
}

impl Client {
    /// The node's signed word on an erasure.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn erasure_statement(
        &self,
        erasure: NoticeId,
    ) -> Result<ErasureStatement, ClientError> {
        let request = wire::ExportErasureRequest {
            erasure_id: erasure.as_bytes().to_vec().into(),
        };
        let wire::ExportErasureResponse {
            home_area,
            form,
            signature,
            signing_key,
        } = self
            .ask_of_cases(async |client| client.export_erasure(request.clone()).await)
            .await?;
        Ok(ErasureStatement {
            home: county(&home_area)?,
            signed: Signed::received(form, signature),
            key: signing_key.to_vec(),
        })
    }
}

impl TryFrom<wire::ErasureState> for ErasureState {
    type Error = ClientError;

    fn try_from(state: wire::ErasureState) -> Result<Self, ClientError> {
        let wire::ErasureState {
            erasure_id,
            case_id,
            home_area,
            peer_area,
            erased_at_ms,
            reason,
            office,
            asked_by_notice_id,
            notices,
            told,
            pending_until_ms,
        } = state;
        let told = told.into_iter().map(TryInto::try_into);
        Ok(Self {
            id: id(&erasure_id)?,
            case: id(&case_id)?,
            home: county(&home_area)?,
            peer: county(&peer_area)?,
            at_ms: erased_at_ms,
            reason: reason.parse().map_err(|_| ClientError::Unreadable)?,
            office,
            asked_by: some(&asked_by_notice_id)?,
            notices,
            told: told.collect::<Result<_, _>>()?,
            pending_until_ms: (pending_until_ms != 0).then_some(pending_until_ms),
        })
    }
}

impl TryFrom<wire::ErasureTold> for ErasureTold {
    type Error = ClientError;

    fn try_from(told: wire::ErasureTold) -> Result<Self, ClientError> {
        let wire::ErasureTold {
            notice_id,
            state,
            asking_notice_id,
            confirmed_at_ms,
        } = told;
        Ok(Self {
            notice: id(&notice_id)?,
            state,
            asking: some(&asking_notice_id)?,
            confirmed_at_ms: (confirmed_at_ms != 0).then_some(confirmed_at_ms),
        })
    }
}

fn some(bytes: &[u8]) -> Result<Option<NoticeId>, ClientError> {
    match bytes {
        [] => Ok(None),
        bytes => id(bytes).map(Some),
    }
}
