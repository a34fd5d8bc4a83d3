//! What the node told of a person, laid out for her.

use super::super::{case::words, language::both, notice};
use crate::{
    domain::{
        area::County, audit::Reason, draft::entries, field::Field, notice::NoticeId,
        problem::Sentence, resident::ResidentNumber,
    },
    envelope::Incoming,
    office::client::{
        CaseDoing, CaseState, Subject as Held, SubjectAgreement, SubjectDisclosure, SubjectNotice,
        SubjectTerms, Way,
    },
    report::{self, Basis, Done, Subject, SubjectCase, Telling},
    trust::identity::SpiffeId,
};

/// Lays it out: her cases, the first opened first, each with its notices, the first first.
pub(super) fn gathered(held: &Held, number: ResidentNumber, purpose: &Reason) -> Subject {
    let mut cases: Vec<&CaseState> = held.cases.iter().collect();
    cases.sort_by_key(|case| (case.opened_ms, case.id));
    let is_of = |case: &CaseState, notice: &SubjectNotice| {
        case.home == notice.home && case.event(notice.state.id).is_some()
    };
    let apart = held.notices.iter();
    let apart = apart.filter(|notice| !cases.iter().any(|case| is_of(case, notice)));
    let apart = apart.map(|notice| told(notice, None)).collect();
    let cases = cases.into_iter().map(|case| {
        let notices = held.notices.iter().filter(|notice| is_of(case, notice));
        SubjectCase {
            id: case.id,
            home: case.home,
            other: case.other,
            state: words::state(case),
            opened_ms: case.opened_ms,
            notices: notices.map(|notice| told(notice, Some(case))).collect(),
            done: case.work.iter().map(done).collect(),
        }
    });
    let mut told_here: Vec<Telling> = held.disclosures.iter().map(telling).collect();
    told_here.sort_by_key(|telling| telling.at_ms);
    Subject {
        number,
        purpose: purpose.as_str().to_owned(),
        homes: held.homes.clone(),
        as_of_ms: held.as_of_ms,
        sandbox: held.sandbox,
        cases: cases.collect(),
        apart,
        bases: held.agreements.iter().map(basis).collect(),
        told_here,
    }
}

fn told(notice: &SubjectNotice, case: Option<&CaseState>) -> report::SubjectNotice {
    let SubjectNotice {
        home,
        state,
        content,
        corrected_by,
        answered_at_ms,
    } = notice;
    let sent = state.way == Way::Out;
    report::SubjectNotice {
        id: state.id,
        kind: state.kind,
        sent,
        home: *home,
        other: other(notice),
        at_ms: state.at_ms,
        state: notice::state_words(state),
        disclosed: sent && is_there(notice),
        answered_at_ms: *answered_at_ms,
        taken_up_at_ms: case.and_then(|case| taken_up(case, state.id)),
        agreement: state.agreement,
        corrected_by: *corrected_by,
        fields: content.as_deref().map(fields),
    }
}

/// The area at the other end.
pub(super) fn other(notice: &SubjectNotice) -> County {
    let channel = notice.state.channel;
    match notice.state.way {
        Way::Out => channel.to,
        Way::In => channel.from,
    }
}

/// Whether the other area has it, or may have.
pub(super) fn is_there(notice: &SubjectNotice) -> bool {
    match notice.state.delivery.as_str() {
        "queued" => false,
        "expired" | "withdrawn" => notice.state.unconfirmed,
        _ => true,
    }
}

/// When a desk of the side that a notice told took it up.
pub(super) fn taken_up(case: &CaseState, id: NoticeId) -> Option<i64> {
    let mut owed = case.owed.iter();
    let owed = owed.find(|debt| debt.notice == id)?;
    owed.taken_up_at_ms
        .or_else(|| case.event(id)?.taken_up_at_ms)
}

fn fields(notice: &Incoming) -> Vec<(Field, String)> {
    let Incoming {
        header,
        consent,
        content,
        filled_fields: _,
    } = notice;
    let mut fields = entries(header.answers, consent.as_ref(), content);
    // Its heading says the kind.
    fields.retain(|(field, _)| *field != Field::Kind);
    fields
}

fn done(doing: &CaseDoing) -> Done {
    let CaseDoing {
        notice: _,
        act,
        office,
        at_ms,
        detail,
    } = doing;
    Done {
        at_ms: *at_ms,
        office: words::office(office),
        what: words::act(*act),
        detail: detail.clone().unwrap_or_default(),
    }
}

fn basis(agreement: &SubjectAgreement) -> Basis {
    let SubjectAgreement { version, held } = agreement;
    let terms = held.as_ref().map(|terms| {
        let SubjectTerms {
            purpose,
            legal_basis,
            valid_from,
            valid_until,
        } = terms.clone();
        [purpose, legal_basis, valid_from, valid_until]
    });
    Basis {
        version: *version,
        terms,
    }
}

fn telling(disclosure: &SubjectDisclosure) -> Telling {
    let SubjectDisclosure {
        at_ms,
        who,
        role: _,
        act,
        notices,
        purpose,
        reason,
        consumer,
    } = disclosure;
    let office = who.parse::<SpiffeId>();
    let mut who = office.map_or_else(|_| who.clone(), |id| words::office(&id));
    if let Some(consumer) = consumer {
        who += &format!(" ({consumer})");
    }
    Telling {
        at_ms: *at_ms,
        who,
        what: act.text(),
        notices: notices.clone(),
        purpose: purpose_words(purpose, reason),
    }
}

fn purpose_words(purpose: &str, reason: &str) -> Sentence {
    match purpose {
        "duty" => both("履行职责", "duty"),
        "masked" => both("内容已遮盖", "values were masked"),
        _ => both(format!("事由：{reason}"), format!("reason: {reason}")),
    }
}
