//! What is purged next, as the node tells of it.

use jiff::civil::Date;

use super::{
    Client,
    cases::read,
    error::ClientError,
    states::{county, id},
};
use crate::{
    domain::{
        agreement::AgreementVersion,
        area::County,
        calendar,
        notice::{Kind, NoticeId},
    },
    proto::office::v1 as wire,
};

/// A case that has ended. Has no `Debug`: why it is held may name a person.
pub struct KeptCase {
    /// The case.
    pub id: NoticeId,
    /// Home area.
    pub home: County,
    /// The other area.
    pub peer: County,
    /// What becomes of it.
    pub why: WhyKept,
}

/// What becomes of a case that has ended.
pub enum WhyKept {
    /// It is purged.
    Purged {
        /// The first day on which it is kept no more.
        on: Date,
        /// The notice that is kept longest.
        notice: NoticeId,
        /// Its kind.
        kind: Kind,
        /// The agreement that it names.
        agreement: AgreementVersion,
        /// For how many calendar days from its publication that has it kept.
        keep_for_days: u32,
    },
    /// It is held.
    Held {
        /// Since when: milliseconds since 1970-01-01T00:00:00Z.
        since_ms: i64,
        /// SPIFFE id of the office that holds it.
        office: String,
        /// Why; empty where the caller may not see that.
        reason: String,
    },
    /// The node does not hold that agreement.
    Unknown(AgreementVersion),
}

impl Client {
    /// What a home area, the office's own if none is named, purges within so many days, and what it
    /// does not although it has ended; by the day of that, the others last.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn retention(
        &self,
        home: Option<County>,
        within_days: u16,
    ) -> Result<Vec<KeptCase>, ClientError> {
        let mut request = wire::ListRetentionRequest {
            home_area: home.map(|home| home.to_string()).unwrap_or_default(),
            within_days: within_days.into(),
            page_token: String::new(),
        };
        let mut all: Vec<KeptCase> = Vec::new();
        loop {
            let wire::ListRetentionResponse {
                cases,
                next_page_token,
            } = self
                .ask_of_cases(async |client| client.list_retention(request.clone()).await)
                .await?;
            for case in cases {
                all.push(case.try_into()?);
            }
            if next_page_token.is_empty() {
                break;
            }
            request.page_token = next_page_token;
        }
        all.sort_by_key(|case| match case.why {
            WhyKept::Purged { on, .. } => (false, Some(on)),
            WhyKept::Held { .. } | WhyKept::Unknown(_) => (true, None),
        });
        Ok(all)
    }
}

impl TryFrom<wire::KeptCase> for KeptCase {
    type Error = ClientError;

    fn try_from(kept: wire::KeptCase) -> Result<Self, ClientError> {
        use wire::kept_case::Keeping as Wire;
        let wire::KeptCase {
            case_id,
            home_area,
            peer_area,
            keeping,
        } = kept;
        let why = match keeping.ok_or(ClientError::Unreadable)? {
            Wire::Purged(wire::PurgedOn {
                day,
                notice_id,
                kind,
                agreement,
                keep_for_days,
            }) => WhyKept::Purged {
                on: calendar::parse_day(&day).ok_or(ClientError::Unreadable)?,
                notice: id(&notice_id)?,
                kind: read(&kind)?,
                agreement: read(&agreement)?,
                keep_for_days,
            },
            Wire::Held(wire::HeldSince {
                since_ms,
                office,
                reason,
            }) => WhyKept::Held {
                since_ms,
                office,
                reason,
            },
            Wire::UnknownAgreement(agreement) => WhyKept::Unknown(read(&agreement)?),
        };
        Ok(Self {
            id: id(&case_id)?,
            home: county(&home_area)?,
            peer: county(&peer_area)?,
            why,
        })
    }
}
