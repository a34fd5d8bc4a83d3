//! A case for programs.

use serde_json::{Map, Value, json};

use super::super::moment::rfc3339;
use crate::office::client::{CaseDebt, CaseDoing, CaseEvent, CaseState, DebtStanding};

/// A case as an object; what is not there is null, and what holds nothing an empty list.
pub(in crate::cli) fn case(case: &CaseState) -> Map<String, Value> {
    let CaseState {
        home,
        other,
        id,
        origin,
        phase,
        reason,
        moved_to,
        opened_ms,
        urgent,
        overdue,
        one_sided,
        erased,
        held,
        lists,
        responsible,
        owed,
        history,
        work,
        near_matches,
    } = case;
    let members = [
        ("case_id", json!(id.to_string())),
        ("home_area", json!(home.as_str())),
        ("other_area", json!(other.as_str())),
        ("origin_area", json!(origin.map(|area| area.to_string()))),
        ("state", json!(phase.name())),
        ("reason", json!(reason)),
        (
            "moved_to_area",
            json!(moved_to.map(|area| area.to_string())),
        ),
        ("opened_at", json!(rfc3339(*opened_ms))),
        ("urgent", json!(urgent)),
        ("overdue", json!(overdue)),
        ("one_sided", json!(one_sided)),
        ("erased", json!(erased)),
        ("held", json!(held)),
        ("lists", lists.iter().map(|list| list.name()).collect()),
        (
            "responsible_office",
            json!(responsible.as_ref().map(ToString::to_string)),
        ),
        ("owed", owed.iter().map(debt).collect()),
        ("history", history.iter().map(event).collect()),
        ("work", work.iter().map(doing).collect()),
        (
            "near_matches",
            near_matches.iter().map(ToString::to_string).collect(),
        ),
    ];
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn debt(debt: &CaseDebt) -> Value {
    let CaseDebt {
        notice,
        by,
        take_up_due,
        answer_due,
        taken_up_at_ms,
        standing,
    } = debt;
    let (answered_by, ended_at_ms) = match standing {
        DebtStanding::Open => (None, None),
        DebtStanding::Answered { by, at_ms } => (Some(by), Some(*at_ms)),
        DebtStanding::Lapsed { at_ms } => (None, Some(*at_ms)),
    };
    json!({
        "notice_id": notice.to_string(),
        "owed_by_area": by.as_str(),
        "take_up_due_on": take_up_due.map(|day| day.to_string()),
        "answer_due_on": answer_due.map(|day| day.to_string()),
        "taken_up_at": taken_up_at_ms.map(rfc3339),
        "standing": standing.name(),
        "answered_by": answered_by.map(ToString::to_string),
        "ended_at": ended_at_ms.map(rfc3339),
    })
}

fn event(event: &CaseEvent) -> Value {
    let CaseEvent {
        notice,
        kind,
        from,
        at_ms,
        phase,
        reached,
        taken_up_at_ms,
        speaks_of,
    } = event;
    json!({
        "notice_id": notice.to_string(),
        "kind": kind.name(),
        "from_area": from.as_str(),
        "at": rfc3339(*at_ms),
        "state": phase.name(),
        "reached": reached,
        "taken_up_at": taken_up_at_ms.map(rfc3339),
        "answers": speaks_of.map(|id| id.to_string()),
    })
}

fn doing(doing: &CaseDoing) -> Value {
    let CaseDoing {
        notice,
        act,
        office,
        at_ms,
        detail,
    } = doing;
    json!({
        "notice_id": notice.to_string(),
        "act": act.name(),
        "office": office.to_string(),
        "at": rfc3339(*at_ms),
        "detail": detail,
    })
}
