//! What is on record, as the node tells and hands it out.

use bytes::Bytes;
use tonic::Streaming;

use super::{Client, error::ClientError};
use crate::{
    domain::{area::County, audit::Act},
    proto::office::v1 as wire,
    store::Audited,
    trust::{alert::Farewell, signature::Signed},
};

/// Which acts on record are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditListing {
    /// Home area; `None` for the office's own.
    pub home: Option<County>,
    /// Not before: milliseconds since 1970-01-01T00:00:00Z.
    pub from_ms: Option<i64>,
    /// Not after: milliseconds since 1970-01-01T00:00:00Z.
    pub until_ms: Option<i64>,
    /// Part of who did it.
    pub who: Option<String>,
    /// What was done.
    pub act: Option<Act>,
}

/// One act on record, as its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `domain::audit::Entry`")]
pub struct AuditRow {
    pub home: County,
    pub number: u64,
    pub at_ms: i64,
    pub who: String,
    pub role: String,
    pub from: String,
    pub act: Act,
    pub on: Vec<String>,
    pub purpose: String,
    pub reason: String,
    pub outcome: String,
    pub code: String,
    pub done: u64,
    pub repeated: u64,
    pub refused: u64,
}

impl TryFrom<wire::AuditEntry> for AuditRow {
    type Error = ClientError;

    fn try_from(entry: wire::AuditEntry) -> Result<Self, ClientError> {
        let wire::AuditEntry {
            home_area,
            number,
            at_ms,
            who,
            role,
            from,
            act,
            on,
            purpose,
            reason,
            outcome,
            code,
            done,
            repeated,
            refused,
        } = entry;
        Ok(Self {
            home: home_area.parse().map_err(|_| ClientError::Unreadable)?,
            number,
            at_ms,
            who,
            role,
            from,
            act: act.parse().map_err(|_| ClientError::Unreadable)?,
            on,
            purpose,
            reason,
            outcome,
            code,
            done,
            repeated,
            refused,
        })
    }
}

/// A part of an excerpt.
pub enum AuditExcerptPart {
    /// Some acts, in order.
    Acts(Vec<Audited>),
    /// What the node signed of all of them, and its key as SubjectPublicKeyInfo. The last part.
    Seal(Signed, Bytes),
}

/// An excerpt that is being handed out.
pub struct AuditExcerpt {
    parts: Streaming<wire::ExportAuditResponse>,
    farewell: Farewell,
}

impl Client {
    /// A page of what is on record, newest first, and the token of the next page.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn audit(
        &self,
        listing: &AuditListing,
        page_size: u32,
        page_token: String,
    ) -> Result<(Vec<AuditRow>, String), ClientError> {
        let AuditListing {
            home,
            from_ms,
            until_ms,
            who,
            act,
        } = listing;
        let request = wire::ListAuditRequest {
            home_area: home.map(|area| area.to_string()).unwrap_or_default(),
            from_ms: from_ms.unwrap_or_default(),
            until_ms: until_ms.unwrap_or_default(),
            who: who.clone().unwrap_or_default(),
            act: act.map(|act| act.name().to_owned()).unwrap_or_default(),
            page_size,
            page_token,
        };
        let wire::ListAuditResponse {
            entries,
            next_page_token,
        } = self.ask(self.inner.clone().list_audit(request)).await?;
        let rows = entries.into_iter().map(TryInto::try_into);
        Ok((rows.collect::<Result<_, _>>()?, next_page_token))
    }

    /// Begins an excerpt of what is on record, the oldest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn audit_excerpt(
        &self,
        home: Option<County>,
        from_ms: Option<i64>,
        until_ms: Option<i64>,
    ) -> Result<AuditExcerpt, ClientError> {
        let request = wire::ExportAuditRequest {
            home_area: home.map(|area| area.to_string()).unwrap_or_default(),
            from_ms: from_ms.unwrap_or_default(),
            until_ms: until_ms.unwrap_or_default(),
        };
        let parts = self.ask(self.inner.clone().export_audit(request)).await?;
        Ok(AuditExcerpt {
            parts,
            farewell: self.farewell.clone(),
        })
    }
}

impl AuditExcerpt {
    /// The next part; none at the end.
    ///
    /// # Errors
    /// [`ClientError`]; then the excerpt is not whole.
    pub async fn next(&mut self) -> Result<Option<AuditExcerptPart>, ClientError> {
        use wire::export_audit_response::Part;
        let told = self.parts.message().await;
        let told = told.map_err(|status| ClientError::of_call(status, &self.farewell))?;
        let Some(wire::ExportAuditResponse { part }) = told else {
            return Ok(None);
        };
        Ok(Some(match part.ok_or(ClientError::Unreadable)? {
            Part::Acts(wire::AuditForms { forms }) => {
                let acts = forms.iter().map(|form| Audited::read(form));
                let acts: Option<Vec<Audited>> = acts.collect();
                AuditExcerptPart::Acts(acts.ok_or(ClientError::Unreadable)?)
            }
            Part::Seal(wire::AuditSeal {
                form,
                signature,
                signing_key,
            }) => AuditExcerptPart::Seal(Signed::received(form, signature), signing_key),
        }))
    }
}
