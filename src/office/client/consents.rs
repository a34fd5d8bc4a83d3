//! What people agreed to.

use jiff::civil::Date;

use super::{Client, error::ClientError};
use crate::{
    domain::{
        area::County,
        consent::{RawConsent, Registered},
    },
    proto::office::v1 as wire,
};

/// What a withdrawal came to.
#[derive(Clone, Copy, Debug)]
pub struct ConsentWithdrawn {
    /// It was withdrawn before.
    pub repeated: bool,
    /// Notices with sensitive fields that were not answered and end as withdrawn.
    pub ended: u64,
    /// Of these, how many were under way, so that the other side may have them.
    pub under_way: u64,
}

impl Client {
    /// Registers a consent; true if it was before.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn record_consent(
        &self,
        home: Option<County>,
        consent: &Registered,
    ) -> Result<bool, ClientError> {
        let Registered {
            reference,
            date,
            scope,
            text_version,
            how,
            withdrawn_on,
        } = consent;
        let request = wire::RecordConsentRequest {
            home_area: area(home),
            consent: Some(wire::RegisteredConsent {
                reference: reference.clone(),
                date: date.to_string(),
                scope: scope.iter().map(ToString::to_string).collect(),
                text_version: text_version.clone(),
                how: how.name().to_owned(),
                withdrawn_on: withdrawn_on.map(|day| day.to_string()).unwrap_or_default(),
            }),
        };
        let wire::RecordConsentResponse { repeated } =
            self.ask(self.inner.clone().record_consent(request)).await?;
        Ok(repeated)
    }

    /// Registers that a consent was withdrawn; when this returns nothing sensitive leaves under it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn withdraw_consent(
        &self,
        home: Option<County>,
        reference: String,
        on: Option<Date>,
    ) -> Result<ConsentWithdrawn, ClientError> {
        let request = wire::WithdrawConsentRequest {
            home_area: area(home),
            reference,
            withdrawn_on: on.map(|day| day.to_string()).unwrap_or_default(),
        };
        let wire::WithdrawConsentResponse {
            repeated,
            ended,
            under_way,
        } = self
            .ask(self.inner.clone().withdraw_consent(request))
            .await?;
        Ok(ConsentWithdrawn {
            repeated,
            ended,
            under_way,
        })
    }

    /// A page of the registered consents, or the one of that reference; and the token of the next page.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn consents(
        &self,
        home: Option<County>,
        reference: Option<String>,
        page_token: String,
    ) -> Result<(Vec<Registered>, String), ClientError> {
        let request = wire::ListConsentsRequest {
            home_area: area(home),
            reference: reference.unwrap_or_default(),
            page_token,
        };
        let wire::ListConsentsResponse {
            consents,
            next_page_token,
        } = self.ask(self.inner.clone().list_consents(request)).await?;
        let consents = consents.into_iter().map(read);
        Ok((consents.collect::<Result<_, _>>()?, next_page_token))
    }
}

fn area(home: Option<County>) -> String {
    home.map(|home| home.to_string()).unwrap_or_default()
}

fn read(consent: wire::RegisteredConsent) -> Result<Registered, ClientError> {
    let wire::RegisteredConsent {
        reference,
        date,
        scope,
        text_version,
        how,
        withdrawn_on,
    } = consent;
    let read = Registered::read(RawConsent {
        reference,
        date,
        scope,
        text_version,
        how,
        withdrawn_on,
    });
    read.map_err(|_| ClientError::Unreadable)
}
