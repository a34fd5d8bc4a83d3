//! What people agreed to, between the messages of the service and what the office room asks and tells.

use data_encoding::HEXLOWER;
use jiff::civil::Date;

use super::asked::optional_county;
use crate::{
    domain::{
        area::County,
        calendar,
        consent::{NotAConsent, RawConsent, Registered, reference},
        problem::Code,
    },
    office::{
        consents::{ConsentEnded, ConsentsAsked, ConsentsSeen},
        problem::Fault,
    },
    proto::office::v1 as wire,
    store::ConsentKey,
};

impl From<NotAConsent> for Fault {
    fn from(NotAConsent(member, code): NotAConsent) -> Self {
        Self::Argument(member, code)
    }
}

pub(super) fn given(
    request: wire::RecordConsentRequest,
) -> Result<(Option<County>, Registered), Fault> {
    let wire::RecordConsentRequest { home_area, consent } = request;
    let wire::RegisteredConsent {
        reference,
        date,
        scope,
        text_version,
        how,
        withdrawn_on,
    } = consent.ok_or(Fault::Argument("consent", Code::MissingField))?;
    let given = Registered::read(RawConsent {
        reference,
        date,
        scope,
        text_version,
        how,
        withdrawn_on,
    });
    Ok((optional_county(&home_area, "home_area")?, given?))
}

/// Home area, reference, and since when.
pub(super) fn withdrawn(
    request: &wire::WithdrawConsentRequest,
) -> Result<(Option<County>, String, Option<Date>), Fault> {
    let wire::WithdrawConsentRequest {
        home_area,
        reference: named,
        withdrawn_on,
    } = request;
    let on = match withdrawn_on.as_str() {
        "" => None,
        text => {
            let day = calendar::parse_day(text);
            Some(day.ok_or(Fault::Argument("withdrawn_on", Code::DateFormat))?)
        }
    };
    let home = optional_county(home_area, "home_area")?;
    Ok((home, reference(named)?, on))
}

pub(super) const fn ended(ended: ConsentEnded) -> wire::WithdrawConsentResponse {
    let ConsentEnded {
        repeated,
        ended,
        under_way,
    } = ended;
    wire::WithdrawConsentResponse {
        repeated,
        ended,
        under_way,
    }
}

pub(super) fn asked(request: &wire::ListConsentsRequest) -> Result<ConsentsAsked, Fault> {
    let wire::ListConsentsRequest {
        home_area,
        reference: named,
        page_token,
    } = request;
    let reference = match named.as_str() {
        "" => None,
        named => Some(reference(named)?),
    };
    let after = match page_token.as_bytes() {
        [] => None,
        token => {
            let bytes = HEXLOWER.decode(token).ok();
            let key: Option<ConsentKey> = bytes.and_then(|bytes| bytes.try_into().ok());
            Some(key.ok_or(Fault::Argument("page_token", Code::ValueFormat))?)
        }
    };
    Ok(ConsentsAsked {
        home: optional_county(home_area, "home_area")?,
        reference,
        after,
    })
}

pub(super) fn seen(seen: ConsentsSeen) -> wire::ListConsentsResponse {
    let ConsentsSeen { consents, next } = seen;
    wire::ListConsentsResponse {
        consents: consents.iter().map(registered).collect(),
        next_page_token: next.map(|key| HEXLOWER.encode(&key)).unwrap_or_default(),
    }
}

fn registered(consent: &Registered) -> wire::RegisteredConsent {
    let Registered {
        reference,
        date,
        scope,
        text_version,
        how,
        withdrawn_on,
    } = consent;
    wire::RegisteredConsent {
        reference: reference.clone(),
        date: date.to_string(),
        scope: scope.iter().map(ToString::to_string).collect(),
        text_version: text_version.clone(),
        how: how.name().to_owned(),
        withdrawn_on: withdrawn_on.map(|day| day.to_string()).unwrap_or_default(),
    }
}
