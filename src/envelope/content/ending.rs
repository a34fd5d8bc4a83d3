//! What ends a case, mends, takes back or deletes; reminders, and the months in numbers.

use std::collections::BTreeMap;

use super::movement::{movement_from_proto, movement_to_proto};
use crate::{
    domain::{
        area::AreaCode,
        field::Field,
        month::Month,
        notice::{
            Bulletin, CloseReason, Correction, Erasure, Figure, Kind, Reminder, Return, Withdrawal,
            WithdrawalReason, may_be_told,
        },
        problem::Code,
    },
    envelope::{
        decode::EnvelopeError,
        value::{optional_area, required_date},
    },
    proto::notice::v1 as wire,
};

/// A return as a message.
pub(crate) fn return_to_proto(ending: &Return) -> wire::Return {
    let Return { event_date, reason } = ending;
    let mut moved_to_area = String::new();
    let code = match reason {
        CloseReason::Returned => wire::CloseReason::Returned,
        CloseReason::MovedOn(area) => {
            moved_to_area = area.to_string();
            wire::CloseReason::MovedOn
        }
        CloseReason::RegisteredHere => wire::CloseReason::RegisteredHere,
        CloseReason::Deceased => wire::CloseReason::Deceased,
        CloseReason::LeftScope => wire::CloseReason::LeftScope,
        CloseReason::Error => wire::CloseReason::Error,
    };
    wire::Return {
        event_date: event_date.to_string(),
        reason: code.into(),
        moved_to_area,
    }
}

pub(super) fn return_from_proto(ending: &wire::Return) -> Result<Return, EnvelopeError> {
    let wire::Return {
        event_date,
        reason,
        moved_to_area,
    } = ending;
    let moved_to = optional_area(moved_to_area, Field::MovedToArea)?;
    Ok(Return {
        event_date: required_date(event_date, Field::EventDate)?,
        reason: close_reason_from_proto(*reason, moved_to)?,
    })
}

/// The reason with what belongs to it; what belongs to another reason is refused.
fn close_reason_from_proto(
    code: i32,
    moved_to: Option<AreaCode>,
) -> Result<CloseReason, EnvelopeError> {
    let unread = EnvelopeError::of(Code::ValueFormat, Field::Reason);
    let code = wire::CloseReason::try_from(code).map_err(|_| unread)?;
    if moved_to.is_some() && code != wire::CloseReason::MovedOn {
        return Err(EnvelopeError::of(Code::ValueFormat, Field::MovedToArea));
    }
    let missing = |field| EnvelopeError::of(Code::MissingField, field);
    Ok(match code {
        wire::CloseReason::Unspecified => return Err(missing(Field::Reason)),
        wire::CloseReason::Returned => CloseReason::Returned,
        wire::CloseReason::MovedOn => {
            CloseReason::MovedOn(moved_to.ok_or_else(|| missing(Field::MovedToArea))?)
        }
        wire::CloseReason::RegisteredHere => CloseReason::RegisteredHere,
        wire::CloseReason::Deceased => CloseReason::Deceased,
        wire::CloseReason::LeftScope => CloseReason::LeftScope,
        wire::CloseReason::Error => CloseReason::Error,
    })
}

pub(super) fn correction_to_proto(correction: &Correction) -> wire::Correction {
    use wire::correction::Corrected;
    let Correction {
        corrects,
        event_date,
        movement,
    } = correction;
    let movement = movement_to_proto(movement);
    wire::Correction {
        event_date: event_date.to_string(),
        corrected: Some(match corrects {
            Kind::Arrival => Corrected::Arrival(movement),
            // No other kind is ever corrected.
            _ => Corrected::Departure(movement),
        }),
    }
}

pub(super) fn correction_from_proto(
    correction: wire::Correction,
) -> Result<Correction, EnvelopeError> {
    use wire::correction::Corrected;
    let wire::Correction {
        event_date,
        corrected,
    } = correction;
    let missing = EnvelopeError::of(Code::MissingField, Field::Corrects);
    let (corrects, movement) = match corrected.ok_or(missing)? {
        Corrected::Departure(movement) => (Kind::Departure, movement),
        Corrected::Arrival(movement) => (Kind::Arrival, movement),
    };
    Ok(Correction {
        corrects,
        event_date: required_date(&event_date, Field::CorrectedOn)?,
        movement: movement_from_proto(movement)?,
    })
}

pub(super) fn withdrawal_to_proto(withdrawal: &Withdrawal) -> wire::Withdrawal {
    let Withdrawal { event_date, reason } = withdrawal;
    let reason = match reason {
        WithdrawalReason::EnteredInError => wire::WithdrawalReason::EnteredInError,
        WithdrawalReason::Duplicate => wire::WithdrawalReason::Duplicate,
        WithdrawalReason::DidNotMove => wire::WithdrawalReason::DidNotMove,
    };
    wire::Withdrawal {
        event_date: event_date.to_string(),
        reason: reason.into(),
    }
}

pub(super) fn withdrawal_from_proto(
    withdrawal: &wire::Withdrawal,
) -> Result<Withdrawal, EnvelopeError> {
    let wire::Withdrawal { event_date, reason } = withdrawal;
    let code = wire::WithdrawalReason::try_from(*reason)
        .map_err(|_| EnvelopeError::of(Code::ValueFormat, Field::Reason))?;
    Ok(Withdrawal {
        event_date: required_date(event_date, Field::EventDate)?,
        reason: reason_of(code)
            .ok_or_else(|| EnvelopeError::of(Code::MissingField, Field::Reason))?,
    })
}

/// The reason of that code; none if it is not filled.
pub(crate) const fn reason_of(code: wire::WithdrawalReason) -> Option<WithdrawalReason> {
    Some(match code {
        wire::WithdrawalReason::Unspecified => return None,
        wire::WithdrawalReason::EnteredInError => WithdrawalReason::EnteredInError,
        wire::WithdrawalReason::Duplicate => WithdrawalReason::Duplicate,
        wire::WithdrawalReason::DidNotMove => WithdrawalReason::DidNotMove,
    })
}

pub(super) fn erasure_to_proto(erasure: &Erasure) -> wire::Erasure {
    let Erasure { event_date } = erasure;
    wire::Erasure {
        event_date: event_date.to_string(),
    }
}

pub(super) fn erasure_from_proto(erasure: &wire::Erasure) -> Result<Erasure, EnvelopeError> {
    let wire::Erasure { event_date } = erasure;
    Ok(Erasure {
        event_date: required_date(event_date, Field::EventDate)?,
    })
}

pub(super) fn reminder_to_proto(reminder: &Reminder) -> wire::Reminder {
    let Reminder { due_on } = reminder;
    wire::Reminder {
        due_on: due_on.to_string(),
    }
}

pub(super) fn reminder_from_proto(reminder: &wire::Reminder) -> Result<Reminder, EnvelopeError> {
    let wire::Reminder { due_on } = reminder;
    Ok(Reminder {
        due_on: required_date(due_on, Field::DueOn)?,
    })
}

pub(super) fn bulletin_to_proto(bulletin: &Bulletin) -> wire::Bulletin {
    let Bulletin { month, figures } = bulletin;
    let count = |figure| figures.get(&figure).copied();
    wire::Bulletin {
        month: month.to_string(),
        figures: Some(wire::Figures {
            departures_sent: count(Figure::DeparturesSent),
            arrivals_sent: count(Figure::ArrivalsSent),
            notices_received: count(Figure::NoticesReceived),
            taken_up: count(Figure::TakenUp),
            answered: count(Figure::Answered),
            answered_in_time: count(Figure::AnsweredInTime),
            overdue: count(Figure::Overdue),
            one_sided: count(Figure::OneSided),
        }),
    }
}

pub(super) fn bulletin_from_proto(bulletin: wire::Bulletin) -> Result<Bulletin, EnvelopeError> {
    let wire::Bulletin { month, figures } = bulletin;
    let figures = figures_of(&figures.unwrap_or_default());
    let small = figures.iter().find(|(_, count)| !may_be_told(**count));
    if let Some((figure, _)) = small {
        let field = Field::Figure(*figure);
        return Err(EnvelopeError::of(Code::CountTooSmall, field));
    }
    Ok(Bulletin {
        month: month_of(&month)?,
        figures,
    })
}

/// The figures that are filled, whatever their counts.
pub(crate) fn figures_of(figures: &wire::Figures) -> BTreeMap<Figure, u64> {
    let wire::Figures {
        departures_sent,
        arrivals_sent,
        notices_received,
        taken_up,
        answered,
        answered_in_time,
        overdue,
        one_sided,
    } = figures;
    let counts = [
        (Figure::DeparturesSent, departures_sent),
        (Figure::ArrivalsSent, arrivals_sent),
        (Figure::NoticesReceived, notices_received),
        (Figure::TakenUp, taken_up),
        (Figure::Answered, answered),
        (Figure::AnsweredInTime, answered_in_time),
        (Figure::Overdue, overdue),
        (Figure::OneSided, one_sided),
    ];
    let filled = counts.into_iter();
    filled
        .filter_map(|(figure, count)| Some((figure, (*count)?)))
        .collect()
}

fn month_of(text: &str) -> Result<Month, EnvelopeError> {
    if text.is_empty() {
        return Err(EnvelopeError::of(Code::MissingField, Field::Month));
    }
    text.parse()
        .map_err(|_| EnvelopeError::of(Code::DateFormat, Field::Month))
}
