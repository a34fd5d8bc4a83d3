//! Services that were given, and care that needs to go on.

use super::{
    day,
    movement::{care_from_proto, care_to_proto},
    text,
};
use crate::{
    domain::{
        field::Field,
        notice::{Care, ContinuityRequest, ContinuityTransfer, Service, ServiceRecord},
        problem::Code,
    },
    envelope::{
        decode::EnvelopeError,
        value::{optional_date, optional_text, required_date},
    },
    proto::notice::v1 as wire,
};

pub(super) fn service_to_proto(record: &ServiceRecord) -> wire::ServiceRecord {
    let ServiceRecord {
        service,
        event_date,
        provider,
        next_due_on,
    } = record;
    let service = match service {
        Service::AntenatalCheck => wire::Service::AntenatalCheck,
        Service::PostnatalVisit => wire::Service::PostnatalVisit,
        Service::HealthCheck => wire::Service::HealthCheck,
        Service::ContraceptionService => wire::Service::Contraception,
        Service::ContraceptionSupply => wire::Service::ContraceptionSupply,
        Service::Vaccination => wire::Service::Vaccination,
        Service::Counselling => wire::Service::Counselling,
    };
    wire::ServiceRecord {
        service: service.into(),
        event_date: event_date.to_string(),
        provider: text(provider),
        next_due_on: day(*next_due_on),
    }
}

pub(super) fn service_from_proto(
    record: wire::ServiceRecord,
) -> Result<ServiceRecord, EnvelopeError> {
    let wire::ServiceRecord {
        service,
        event_date,
        provider,
        next_due_on,
    } = record;
    let code = wire::Service::try_from(service)
        .map_err(|_| EnvelopeError::of(Code::ValueFormat, Field::Service))?;
    Ok(ServiceRecord {
        service: service_of(code)
            .ok_or_else(|| EnvelopeError::of(Code::MissingField, Field::Service))?,
        event_date: required_date(&event_date, Field::EventDate)?,
        provider: optional_text(provider, Field::Provider)?,
        next_due_on: optional_date(&next_due_on, Field::NextDueOn)?,
    })
}

/// The service of that code; none if it is not filled.
pub(crate) const fn service_of(code: wire::Service) -> Option<Service> {
    Some(match code {
        wire::Service::Unspecified => return None,
        wire::Service::AntenatalCheck => Service::AntenatalCheck,
        wire::Service::PostnatalVisit => Service::PostnatalVisit,
        wire::Service::HealthCheck => Service::HealthCheck,
        wire::Service::Contraception => Service::ContraceptionService,
        wire::Service::ContraceptionSupply => Service::ContraceptionSupply,
        wire::Service::Vaccination => Service::Vaccination,
        wire::Service::Counselling => Service::Counselling,
    })
}

pub(super) fn continuity_request_to_proto(request: &ContinuityRequest) -> wire::ContinuityRequest {
    let ContinuityRequest { event_date } = request;
    wire::ContinuityRequest {
        event_date: event_date.to_string(),
    }
}

pub(super) fn continuity_request_from_proto(
    request: &wire::ContinuityRequest,
) -> Result<ContinuityRequest, EnvelopeError> {
    let wire::ContinuityRequest { event_date } = request;
    Ok(ContinuityRequest {
        event_date: required_date(event_date, Field::EventDate)?,
    })
}

pub(super) fn continuity_transfer_to_proto(
    transfer: &ContinuityTransfer,
) -> wire::ContinuityTransfer {
    let ContinuityTransfer { event_date, care } = transfer;
    wire::ContinuityTransfer {
        event_date: event_date.to_string(),
        care: Some(care_to_proto(care)),
    }
}

pub(super) fn continuity_transfer_from_proto(
    transfer: wire::ContinuityTransfer,
) -> Result<ContinuityTransfer, EnvelopeError> {
    let wire::ContinuityTransfer { event_date, care } = transfer;
    let care = care_from_proto(care.unwrap_or_default())?;
    if care == Care::default() {
        // As where a draft is judged: the care fact that is told most stands for all.
        return Err(EnvelopeError::of(Code::MissingField, Field::NextCheckOn));
    }
    Ok(ContinuityTransfer {
        event_date: required_date(&event_date, Field::EventDate)?,
        care,
    })
}
