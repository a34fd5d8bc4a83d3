//! What a desk does about cases, and what is counted of them.

use jiff::civil::Date;

use super::{
    cases::read,
    error::ClientError,
    publishing::{Told, told},
    states::{county, id},
};
use crate::{
    domain::{
        area::{AreaCode, County},
        calendar,
        case::{Count, Response},
        erasure::ErasureReason,
        indicator::Figures,
        month::Month,
        notice::{Feedback, Kind, NoticeId, Return},
        work::Note,
    },
    envelope::content::{feedback_to_proto, return_to_proto},
    proto::office::v1 as wire,
};

/// One thing to be done about cases. Has no `Debug`: what is written may name a person.
#[derive(Clone)]
pub enum CaseAct {
    /// Take them up.
    Take,
    /// Take them up and look for her.
    Verify,
    /// Hand them on to that township or village.
    Forward(AreaCode),
    /// Write something down.
    Note(Note),
    /// Tell the area that she moved on to.
    PassOn,
    /// It has been told by other means.
    PassedOn,
    /// Another woman is meant by that notice.
    Part(NoticeId),
    /// Answer what is owed.
    Answer(Feedback),
    /// End them.
    Close(Return),
    /// Erase them, here and wherever they were sent.
    Erase(ErasureReason),
    /// Keep them for that legal reason.
    Hold(Note),
    /// The reason is gone.
    Release,
}

/// What became of one case.
#[derive(Clone, Debug)]
pub struct CaseWorked {
    /// The id by which it was named.
    pub id: NoticeId,
    /// The notices that tell the other side, or the erasure; or what stands against it.
    pub result: Result<Vec<NoticeId>, Vec<Told>>,
}

/// What is counted up to a day.
#[derive(Clone, Debug)]
pub struct FiguresTold {
    /// The home area.
    pub home: County,
    /// Last day that counts.
    pub until: Date,
    /// The sums.
    pub rows: Vec<FiguresRow>,
}

/// What is counted of one month, other area, side and kind.
#[derive(Clone, Debug)]
pub struct FiguresRow {
    /// The month.
    pub month: Month,
    /// The other area.
    pub peer: County,
    /// True for what the home area owes, false for what it is owed.
    pub owed_here: bool,
    /// Kind of the notices.
    pub kind: Kind,
    /// The sums.
    pub figures: Figures,
}

impl From<CaseAct> for wire::work_on_cases_request::Act {
    fn from(act: CaseAct) -> Self {
        match act {
            CaseAct::Take => Self::Take(wire::TakeCases {}),
            CaseAct::Verify => Self::Verify(wire::VerifyCases {}),
            CaseAct::Forward(to) => Self::Forward(wire::ForwardCases {
                to_area: to.to_string(),
            }),
            CaseAct::Note(text) => Self::Note(wire::NoteCases {
                text: text.as_str().to_owned(),
            }),
            CaseAct::PassOn => Self::PassOn(wire::PassOnCases { told: false }),
            CaseAct::PassedOn => Self::PassOn(wire::PassOnCases { told: true }),
            CaseAct::Part(other) => Self::Part(wire::PartCases {
                other_notice_id: other.as_bytes().to_vec().into(),
            }),
            CaseAct::Answer(feedback) => Self::Answer(wire::AnswerCases {
                feedback: Some(feedback_to_proto(&feedback)),
            }),
            CaseAct::Close(ending) => Self::Close(wire::CloseCases {
                r#return: Some(return_to_proto(&ending)),
            }),
            CaseAct::Hold(reason) => Self::Hold(wire::HoldCases {
                reason: reason.as_str().to_owned(),
            }),
            CaseAct::Release => Self::Release(wire::ReleaseCases {}),
            CaseAct::Erase(reason) => Self::Erase(wire::EraseCases {
                reason: reason.name().to_owned(),
            }),
        }
    }
}

impl TryFrom<wire::WorkResult> for CaseWorked {
    type Error = ClientError;

    fn try_from(worked: wire::WorkResult) -> Result<Self, ClientError> {
        use wire::work_result::Result as Wire;
        let wire::WorkResult { case_id, result } = worked;
        Ok(Self {
            id: id(&case_id)?,
            result: match result.ok_or(ClientError::Unreadable)? {
                Wire::Done(wire::WorkDone { notice_ids }) => Ok(notice_ids
                    .iter()
                    .map(|notice| id(notice))
                    .collect::<Result<_, _>>()?),
                Wire::Refused(wire::Refused { problems }) => {
                    Err(problems.into_iter().map(told).collect())
                }
            },
        })
    }
}

impl TryFrom<wire::GetFiguresResponse> for FiguresTold {
    type Error = ClientError;

    fn try_from(response: wire::GetFiguresResponse) -> Result<Self, ClientError> {
        let wire::GetFiguresResponse {
            home_area,
            until,
            figures,
        } = response;
        let rows = figures.into_iter().map(TryInto::try_into);
        Ok(Self {
            home: county(&home_area)?,
            until: calendar::parse_day(&until).ok_or(ClientError::Unreadable)?,
            rows: rows.collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<wire::FiguresOfMonth> for FiguresRow {
    type Error = ClientError;

    fn try_from(row: wire::FiguresOfMonth) -> Result<Self, ClientError> {
        let wire::FiguresOfMonth {
            month,
            peer_area,
            owed_here,
            kind,
            to_take_up,
            taken_up_in_time,
            to_answer,
            answered,
            answered_in_time,
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
        } = row;
        Ok(Self {
            month: read(&month)?,
            peer: county(&peer_area)?,
            owed_here,
            kind: read(&kind)?,
            figures: Figures {
                owed: Count {
                    to_take_up,
                    taken_up_in_time,
                    to_answer,
                    answered,
                    answered_in_time,
                    response: Response::from_days(response_days),
                },
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
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_figures_is_read_whole() {
        let row = wire::FiguresOfMonth {
            month: "2026-10".to_owned(),
            peer_area: "530111".to_owned(),
            owed_here: true,
            kind: "departure".to_owned(),
            to_answer: 3,
            answered: 2,
            response_days: vec![0, 1, 1],
            sent: 4,
            ..wire::FiguresOfMonth::default()
        };
        let told = FiguresRow::try_from(row.clone()).unwrap();
        let expected = Figures {
            owed: Count {
                to_answer: 3,
                answered: 2,
                response: Response::from_days([0, 1, 1]),
                ..Count::default()
            },
            sent: 4,
            ..Figures::default()
        };
        assert_eq!(
            (told.figures, told.month.to_string()),
            (expected, "2026-10".to_owned())
        );
        let row = wire::FiguresOfMonth {
            month: "October".to_owned(),
            ..row
        };
        assert!(matches!(
            FiguresRow::try_from(row),
            Err(ClientError::Unreadable)
        ));
    }

    #[test]
    fn a_result_that_says_nothing_is_unreadable() {
        let worked = wire::WorkResult {
            case_id: NoticeId::new([1; 8], 1).as_bytes().to_vec().into(),
            result: None,
        };
        assert!(matches!(
            CaseWorked::try_from(worked),
            Err(ClientError::Unreadable)
        ));
    }
}
