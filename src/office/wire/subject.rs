//! What is held of a person, between the messages of the service and what the office room asks and
//! tells.

use bytes::Bytes;

use super::{asked::optional_county, cases, told};
use crate::{
    agreement::Agreement,
    domain::{
        agreement::AgreementVersion,
        audit::{Entry, On, Reason},
        problem::Code,
        resident::{NotAResidentNumber, ResidentNumber},
    },
    office::{
        problem::Fault,
        query::RecordSeen,
        subject::{Disclosure, SubjectAsked, SubjectCase, SubjectNotice, Told, Totals},
    },
    proto::{notice::v1 as notice, office::v1 as wire},
};

/// Of whom, and for what purpose.
pub(super) fn asked(request: &wire::ReportSubjectRequest) -> Result<(SubjectAsked, Reason), Fault> {
    let wire::ReportSubjectRequest {
        home_area,
        resident_id,
        purpose,
    } = request;
    let number = ResidentNumber::readable(resident_id).map_err(|error| {
        let code = match error {
            NotAResidentNumber::Format => Code::ResidentIdFormat,
            NotAResidentNumber::BirthDate => Code::ResidentIdBirthDate,
            NotAResidentNumber::CheckDigit => Code::ResidentIdCheckDigit,
        };
        Fault::Argument("resident_id", code)
    });
    let asked = SubjectAsked {
        home: optional_county(home_area, "home_area")?,
        number: number?,
    };
    Ok((asked, purpose.parse().map_err(Fault::Reason)?))
}

pub(super) fn told(told: Told) -> wire::ReportSubjectResponse {
    use wire::report_subject_response::Step;
    let step = match told {
        Told::Case(case) => {
            let SubjectCase {
                case,
                today,
                details,
            } = *case;
            Step::Case(cases::state(case, today, details))
        }
        Told::Notice(notice) => Step::Notice(told_notice(*notice)),
        Told::Agreement(version, held) => Step::Agreement(agreement(version, held.as_deref())),
        Told::Disclosure(it) => Step::Disclosure(disclosure(it)),
        Told::Totals(Totals {
            cases,
            notices,
            disclosures,
            homes,
            as_of_ms,
            sandbox,
        }) => Step::Totals(wire::SubjectTotals {
            cases,
            notices,
            disclosures,
            home_areas: homes.iter().map(ToString::to_string).collect(),
            as_of_ms,
            sandbox,
        }),
    };
    wire::ReportSubjectResponse { step: Some(step) }
}

fn told_notice(notice: SubjectNotice) -> wire::SubjectNotice {
    let SubjectNotice {
        home,
        record: RecordSeen {
            notice,
            corrected_by,
        },
        answered_at_ms,
    } = notice;
    wire::SubjectNotice {
        home_area: home.to_string(),
        notice: notice.view.bytes.clone().unwrap_or_default(),
        corrected_by: corrected_by.map(told::id).unwrap_or_default(),
        answered_at_ms: answered_at_ms.unwrap_or(0),
        state: Some(told::state(notice)),
    }
}

fn agreement(version: AgreementVersion, held: Option<&Agreement>) -> wire::SubjectAgreement {
    let AgreementVersion { id, version } = version;
    let text = |of: fn(&Agreement) -> String| held.map(of).unwrap_or_default();
    wire::SubjectAgreement {
        version: Some(notice::AgreementVersion {
            id: id.to_string(),
            version,
        }),
        held: held.is_some(),
        purpose: text(|held| held.purpose.clone()),
        legal_basis: text(|held| held.legal_basis.clone()),
        valid_from: text(|held| held.valid_from.to_string()),
        valid_until: text(|held| held.valid_until.to_string()),
    }
}

fn disclosure(it: Disclosure) -> wire::SubjectDisclosure {
    let Disclosure { entry, notices } = it;
    let Entry {
        at_ms,
        who,
        role,
        from: _,
        act,
        on,
        purpose,
        came: _,
        counts: _,
    } = entry;
    let consumer = on.into_iter().find_map(|on| match on {
        On::Consumer(name) => Some(name),
        _ => None,
    });
    wire::SubjectDisclosure {
        at_ms,
        who: who.to_string(),
        role,
        act: act.name().to_owned(),
        notice_ids: notices.into_iter().map(told::id).collect::<Vec<Bytes>>(),
        purpose: purpose.name().to_owned(),
        reason: purpose.reason().to_owned(),
        consumer: consumer.unwrap_or_default(),
    }
}
