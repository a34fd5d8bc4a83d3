//! Cases and figures, between the messages of the service and what the office room asks and tells.

use std::str::FromStr;

use data_encoding::HEXLOWER;
use jiff::civil::Date;

use super::{
    asked::{notice_id, optional_county},
    draft::raw_draft,
    told,
};
use crate::{
    cases::{CaseView, Figured, ListName, PageToken, Side},
    domain::{
        area::AreaCode,
        calendar,
        case::{CloseReason, Owed, Standing, State, WorkList},
        erasure::ErasureReason,
        indicator::Figures,
        notice::{NoticeId, Outcome},
        problem::Code,
        work::Act,
    },
    office::{
        cases::{CaseSeen, CasesAsked, CasesSeen, FiguresSeen},
        problem::Fault,
        working::{self, Doing},
    },
    proto::office::v1 as wire,
};

pub(super) fn cases_asked(request: wire::ListCasesRequest) -> Result<CasesAsked, Fault> {
    let wire::ListCasesRequest {
        home_area,
        list,
        area,
        peer_area,
        page_size,
        page_token,
    } = request;
    let list =
        wire::CaseList::try_from(list).map_err(|_| Fault::Argument("list", Code::ValueFormat))?;
    Ok(CasesAsked {
        home: optional_county(&home_area, "home_area")?,
        list: list_name(list),
        area: optional_area(&area)?,
        peer: optional_county(&peer_area, "peer_area")?,
        page_size,
        after: match page_token.as_str() {
            "" => None,
            token => Some(token_of(token).ok_or(Fault::Argument("page_token", Code::ValueFormat))?),
        },
    })
}

pub(super) fn optional_area(text: &str) -> Result<Option<AreaCode>, Fault> {
    match text {
        "" => Ok(None),
        text => match text.parse() {
            Ok(area) => Ok(Some(area)),
            Err(_) => Err(Fault::Argument("area", Code::AreaUnknown)),
        },
    }
}

pub(super) fn day(text: &str, argument: &'static str) -> Result<Date, Fault> {
    calendar::parse_day(text).ok_or(Fault::Argument(argument, Code::DateFormat))
}

pub(super) fn work(request: wire::WorkOnCasesRequest) -> Result<(Vec<NoticeId>, Doing), Fault> {
    use wire::work_on_cases_request::Act as Wire;
    let wire::WorkOnCasesRequest { case_ids, act } = request;
    if case_ids.is_empty() || case_ids.len() > MOST_CASES {
        return Err(Fault::Argument("case_ids", Code::ValueFormat));
    }
    let ids = case_ids.iter().map(|id| notice_id(id));
    let ids = ids.collect::<Result<_, _>>()?;
    let draft = |content| {
        raw_draft(Some(wire::Draft {
            content: Some(content),
            ..wire::Draft::default()
        }))
    };
    let doing = match act.ok_or(Fault::Argument("act", Code::MissingField))? {
        Wire::Take(wire::TakeCases {}) => Doing::Take,
        Wire::Verify(wire::VerifyCases {}) => Doing::Verify,
        Wire::Forward(wire::ForwardCases { to_area }) => Doing::Forward(
            to_area
                .parse()
                .map_err(|_| Fault::Argument("forward.to_area", Code::AreaUnknown))?,
        ),
        Wire::Note(wire::NoteCases { text }) => Doing::Note(
            FromStr::from_str(&text).map_err(|code| Fault::Argument("note.text", code))?,
        ),
        Wire::PassOn(wire::PassOnCases { told: false }) => Doing::PassOn,
        Wire::PassOn(wire::PassOnCases { told: true }) => Doing::PassedOn,
        Wire::Part(wire::PartCases { other_notice_id }) => Doing::Part(
            other_notice_id
                .as_ref()
                .try_into()
                .map_err(|_| Fault::Argument("part.other_notice_id", Code::ValueFormat))?,
        ),
        Wire::Answer(wire::AnswerCases { feedback }) => {
            let feedback =
                feedback.ok_or(Fault::Argument("answer.feedback", Code::MissingField))?;
            Doing::Answer(draft(wire::draft::Content::Feedback(feedback)))
        }
        Wire::Close(wire::CloseCases { r#return }) => {
            let ending = r#return.ok_or(Fault::Argument("close.return", Code::MissingField))?;
            Doing::Close(draft(wire::draft::Content::Return(ending)))
        }
        Wire::Hold(wire::HoldCases { reason }) => Doing::Hold(
            FromStr::from_str(&reason).map_err(|code| Fault::Argument("hold.reason", code))?,
        ),
        Wire::Release(wire::ReleaseCases {}) => Doing::Release,
        Wire::Erase(wire::EraseCases { reason }) => {
            let reason = match reason.as_str() {
                "" => Ok(ErasureReason::PersonAsked),
                name => name.parse(),
            };
            let reason = reason
                .ok()
                .filter(|it| ErasureReason::OF_OFFICES.contains(it));
            Doing::Erase(reason.ok_or(Fault::Argument("erase.reason", Code::ValueFormat))?)
        }
    };
    Ok((ids, doing))
}

pub(super) fn worked(outcomes: Vec<working::Outcome>) -> wire::WorkOnCasesResponse {
    use wire::work_result::Result as Wire;
    let result = |outcome: working::Outcome| {
        let working::Outcome { id, result } = outcome;
        wire::WorkResult {
            case_id: told::id(id),
            result: Some(match result {
                Ok(notices) => Wire::Done(wire::WorkDone {
                    notice_ids: notices.into_iter().map(told::id).collect(),
                }),
                Err(problems) => Wire::Refused(wire::Refused {
                    problems: problems.into_iter().map(told::problem).collect(),
                }),
            }),
        }
    };
    wire::WorkOnCasesResponse {
        results: outcomes.into_iter().map(result).collect(),
    }
}

pub(super) fn cases(seen: CasesSeen) -> wire::ListCasesResponse {
    let CasesSeen { page, today } = seen;
    wire::ListCasesResponse {
        cases: (page.cases.into_iter())
            .map(|(day, case)| wire::CaseOnList {
                day: date(day),
                case: Some(state(case, today, Vec::new())),
            })
            .collect(),
        next_page_token: page.next.map_or_else(String::new, token),
    }
}

pub(super) fn counts(counts: Vec<(ListName, usize)>) -> wire::CountCasesResponse {
    wire::CountCasesResponse {
        counts: (counts.into_iter())
            .map(|(list, cases)| wire::CaseCount {
                list: list_of(list).into(),
                cases: cases as u64,
            })
            .collect(),
    }
}

pub(super) fn case(seen: CaseSeen) -> wire::GetCaseResponse {
    let CaseSeen {
        case,
        today,
        full,
        notices,
        details,
    } = seen;
    let (notices, masked) = if full {
        (notices, Vec::new())
    } else {
        let masked = notices.iter().map(|notice| wire::MaskedNotice {
            fields: told::masked(notice),
        });
        (Vec::new(), masked.collect())
    };
    wire::GetCaseResponse {
        case: Some(state(case, today, details)),
        notices,
        masked,
    }
}

pub(super) fn state(case: CaseView, today: Date, details: Vec<Option<Act>>) -> wire::CaseState {
    let (overdue, held) = (case.is_overdue(today), case.is_held());
    let CaseView {
        home,
        other,
        id,
        origin,
        state,
        opened_ms,
        urgent,
        one_sided,
        erased,
        lists,
        owed,
        history,
        mended,
        done,
        responsible,
        near_matches,
    } = case;
    let (reason, moved_to) = match state {
        State::Answered(outcome) => (outcome.name(), moved_to(outcome)),
        State::Closed(reason) => (
            reason.name(),
            match reason {
                CloseReason::MovedOn(area) => Some(area),
                _ => None,
            },
        ),
        State::MovedOn(area) => ("", Some(area)),
        State::Opened | State::Active | State::ReconfirmationRequired | State::Withdrawn => {
            ("", None)
        }
    };
    let taken_up = |notice: NoticeId| {
        let mended = mended.iter().find(|it| it.notice == notice);
        mended.and_then(|it| it.taken_up_at_ms).unwrap_or(0)
    };
    let history = (history.iter())
        .map(|entry| wire::CaseEvent {
            notice_id: told::id(entry.notice),
            kind: entry.kind.name().to_owned(),
            from_area: entry.channel.from.to_string(),
            published_at_ms: entry.at_ms,
            state: entry.state.name().to_owned(),
            reached: entry.reached,
            taken_up_at_ms: taken_up(entry.notice),
            speaks_of: entry.speaks_of.map(told::id).unwrap_or_default(),
        })
        .collect();
    let details = details.into_iter().chain(std::iter::repeat(None));
    let work = (done.into_iter().zip(details))
        .map(|(doing, detail)| wire::CaseDoing {
            notice_id: told::id(doing.about),
            act: doing.kind.name().to_owned(),
            office: doing.office,
            at_ms: doing.at_ms,
            detail: match detail {
                Some(Act::Forwarded { to }) => to.area().to_string(),
                Some(Act::Noted { text: words } | Act::Held { reason: words }) => {
                    words.as_str().to_owned()
                }
                Some(Act::NotTheSame { other }) => other.to_string(),
                Some(Act::Took | Act::Verifying | Act::PassedOn | Act::Released) | None => {
                    String::new()
                }
            },
        })
        .collect();
    wire::CaseState {
        case_id: told::id(id),
        home_area: home.to_string(),
        other_area: other.to_string(),
        origin_area: origin.map_or_else(String::new, |area| area.to_string()),
        state: state.name().to_owned(),
        reason: reason.to_owned(),
        moved_to_area: moved_to.map_or_else(String::new, |area| area.to_string()),
        opened_at_ms: opened_ms,
        urgent,
        overdue,
        one_sided,
        erased,
        held,
        lists: (lists.into_iter())
            .map(|list| list_of(ListName::Work(list)).into())
            .collect(),
        responsible_office: responsible.unwrap_or_default(),
        owed: owed.iter().map(debt).collect(),
        history,
        work,
        near_matches: near_matches.into_iter().map(told::id).collect(),
    }
}

fn moved_to(outcome: Outcome) -> Option<AreaCode> {
    match outcome {
        Outcome::MovedOn(area) => Some(area),
        _ => None,
    }
}

fn debt(owed: &Owed) -> wire::CaseDebt {
    let (standing, answered_by, ended_at_ms) = match &owed.standing {
        Standing::Open => ("open", None, 0),
        Standing::Answered(answer) => ("answered", Some(answer.notice), answer.at_ms),
        Standing::Lapsed { at_ms } => ("lapsed", None, *at_ms),
    };
    wire::CaseDebt {
        notice_id: told::id(owed.notice),
        owed_by_area: owed.by.to_string(),
        take_up_due_on: date(owed.due.take_up),
        answer_due_on: date(owed.due.answer),
        taken_up_at_ms: owed.taken_up_at_ms.unwrap_or(0),
        standing: standing.to_owned(),
        answered_by_notice_id: answered_by.map(told::id).unwrap_or_default(),
        ended_at_ms,
    }
}

pub(super) fn figures(seen: FiguresSeen) -> wire::GetFiguresResponse {
    let FiguresSeen {
        home,
        until,
        figures,
    } = seen;
    wire::GetFiguresResponse {
        home_area: home.to_string(),
        until: until.to_string(),
        figures: figures.into_iter().map(figures_of_month).collect(),
    }
}

fn figures_of_month(figured: Figured) -> wire::FiguresOfMonth {
    let Figured {
        month,
        peer,
        side,
        kind,
        figures,
    } = figured;
    let Figures {
        owed,
        sent,
        stored,
        records,
        records_mended,
        fields_asked,
        fields_filled,
        answers,
        answers_matched,
        answers_not_found,
        cases,
        cases_one_sided,
        persons_active,
        persons_served,
        trips_saved,
    } = figures;
    let mut response_days = owed.response.by_days().to_vec();
    while response_days.last() == Some(&0) {
        response_days.pop();
    }
    wire::FiguresOfMonth {
        month: month.to_string(),
        peer_area: peer.to_string(),
        owed_here: side == Side::We,
        kind: kind.name().to_owned(),
        to_take_up: owed.to_take_up,
        taken_up_in_time: owed.taken_up_in_time,
        to_answer: owed.to_answer,
        answered: owed.answered,
        answered_in_time: owed.answered_in_time,
        response_days,
        sent,
        stored,
        records,
        records_mended,
        fields_asked,
        fields_filled,
        answers,
        answers_matched,
        answers_not_found,
        cases,
        cases_one_sided,
        persons_active,
        persons_served,
        trips_saved,
    }
}

const fn list_name(list: wire::CaseList) -> ListName {
    match list {
        wire::CaseList::Unspecified => ListName::All,
        wire::CaseList::ToTakeUp => ListName::Work(WorkList::ToTakeUp),
        wire::CaseList::ToVerify => ListName::Work(WorkList::ToVerify),
        wire::CaseList::ToAnswer => ListName::Work(WorkList::ToAnswer),
        wire::CaseList::Overdue => ListName::Work(WorkList::Overdue),
        wire::CaseList::OneSided => ListName::Work(WorkList::OneSided),
        wire::CaseList::CorrectionsWaiting => ListName::Work(WorkList::CorrectionsWaiting),
        wire::CaseList::ToPassOn => ListName::Work(WorkList::ToPassOn),
        wire::CaseList::Awaited => ListName::Awaited,
        wire::CaseList::NearMatches => ListName::NearMatches,
    }
}

const fn list_of(list: ListName) -> wire::CaseList {
    match list {
        // What is due with one area is asked for by other calls.
        ListName::All | ListName::Due => wire::CaseList::Unspecified,
        ListName::Work(WorkList::ToTakeUp) => wire::CaseList::ToTakeUp,
        ListName::Work(WorkList::ToVerify) => wire::CaseList::ToVerify,
        ListName::Work(WorkList::ToAnswer) => wire::CaseList::ToAnswer,
        ListName::Work(WorkList::Overdue) => wire::CaseList::Overdue,
        ListName::Work(WorkList::OneSided) => wire::CaseList::OneSided,
        ListName::Work(WorkList::CorrectionsWaiting) => wire::CaseList::CorrectionsWaiting,
        ListName::Work(WorkList::ToPassOn) => wire::CaseList::ToPassOn,
        ListName::Awaited => wire::CaseList::Awaited,
        ListName::NearMatches => wire::CaseList::NearMatches,
    }
}

fn date(day: Option<Date>) -> String {
    day.map_or_else(String::new, |day| day.to_string())
}

/// Opaque to clients.
pub(super) fn token(token: PageToken) -> String {
    let PageToken { day, case } = token;
    format!("{}.{}", date(day), HEXLOWER.encode(case.as_bytes()))
}

pub(super) fn token_of(text: &str) -> Option<PageToken> {
    let (day, case) = text.split_once('.')?;
    Some(PageToken {
        day: match day {
            "" => None,
            day => Some(calendar::parse_day(day)?),
        },
        case: NoticeId::try_from(HEXLOWER.decode(case.as_bytes()).ok()?.as_slice()).ok()?,
    })
}

/// As many as a page of a list holds at most.
const MOST_CASES: usize = 1_000;
