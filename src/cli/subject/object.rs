//! What is held of a person, for programs.

use serde_json::{Map, Value, json};

use super::{
    super::{case::object, moment::rfc3339, notice, subscribe},
    gathered::{is_there, other, taken_up},
};
use crate::{
    domain::audit::Reason,
    office::client::{Subject, SubjectAgreement, SubjectDisclosure, SubjectNotice, Way},
};

/// All of it as one object.
pub(super) fn subject(subject: &Subject, purpose: &Reason) -> Map<String, Value> {
    let Subject {
        cases,
        notices,
        agreements,
        disclosures,
        homes,
        as_of_ms,
        sandbox,
    } = subject;
    let given = notices
        .iter()
        .filter(|it| it.state.way == Way::Out && is_there(it));
    let members = [
        ("as_of", json!(rfc3339(*as_of_ms))),
        ("purpose", json!(purpose.as_str())),
        ("sandbox", json!(sandbox)),
        (
            "home_areas",
            homes.iter().map(|home| json!(home.as_str())).collect(),
        ),
        ("cases", cases.iter().map(object::case).collect()),
        (
            "notices",
            notices.iter().map(|it| told(it, subject)).collect(),
        ),
        ("agreements", agreements.iter().map(agreement).collect()),
        (
            "given_to_areas",
            given.map(|it| giving(it, subject)).collect(),
        ),
        ("shown_here", disclosures.iter().map(shown).collect()),
    ];
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn told(notice: &SubjectNotice, subject: &Subject) -> Value {
    let SubjectNotice {
        home,
        state,
        content,
        corrected_by,
        answered_at_ms,
    } = notice;
    let mut object = content
        .as_deref()
        .map(subscribe::content)
        .unwrap_or_default();
    object.insert("erased".to_owned(), json!(content.is_none()));
    object.extend(notice::object(state));
    object.insert("home_area".to_owned(), json!(home.as_str()));
    object.insert(
        "corrected_by".to_owned(),
        json!(corrected_by.map(|id| id.to_string())),
    );
    object.insert("answered_at".to_owned(), json!(answered_at_ms.map(rfc3339)));
    object.insert(
        "taken_up_at".to_owned(),
        json!(taken_up_at(notice, subject).map(rfc3339)),
    );
    Value::Object(object)
}

fn taken_up_at(notice: &SubjectNotice, subject: &Subject) -> Option<i64> {
    let mut cases = subject.cases.iter().filter(|case| case.home == notice.home);
    cases.find_map(|case| taken_up(case, notice.state.id))
}

fn agreement(agreement: &SubjectAgreement) -> Value {
    let SubjectAgreement { version, held } = agreement;
    json!({
        "agreement": version.to_string(),
        "purpose": held.as_ref().map(|terms| &terms.purpose),
        "legal_basis": held.as_ref().map(|terms| &terms.legal_basis),
        "valid_from": held.as_ref().map(|terms| &terms.valid_from),
        "valid_until": held.as_ref().map(|terms| &terms.valid_until),
    })
}

/// A line of the register of disclosures.
fn giving(notice: &SubjectNotice, subject: &Subject) -> Value {
    let state = &notice.state;
    let mut agreements = subject.agreements.iter();
    let terms = agreements.find(|it| Some(it.version) == state.agreement);
    let terms = terms.and_then(|it| it.held.as_ref());
    json!({
        "notice_id": state.id.to_string(),
        "to_area": other(notice).as_str(),
        "sent_at": rfc3339(state.at_ms),
        "answered_at": notice.answered_at_ms.map(rfc3339),
        "taken_up_at": taken_up_at(notice, subject).map(rfc3339),
        "agreement": state.agreement.map(|agreement| agreement.to_string()),
        "purpose": terms.map(|terms| &terms.purpose),
    })
}

fn shown(disclosure: &SubjectDisclosure) -> Value {
    let SubjectDisclosure {
        at_ms,
        who,
        role,
        act,
        notices,
        purpose,
        reason,
        consumer,
    } = disclosure;
    json!({
        "at": rfc3339(*at_ms),
        "who": who,
        "role": role,
        "act": act.name(),
        "notice_ids": notices.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "purpose": purpose,
        "reason": reason,
        "consumer": consumer,
    })
}
