//! A month in numbers: counts only, and none that could point at a person.

use std::collections::BTreeMap;

use crate::domain::{month::Month, problem::Text};

/// What an area counted in a month. A figure that is left out was not counted, or may not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulletin {
    /// The month.
    pub month: Month,
    /// The counts, each of which [may be told](may_be_told).
    pub figures: BTreeMap<Figure, u64>,
}

/// What is counted, of the notices between the two areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// Departures sent.
    DeparturesSent,
    /// Arrivals sent.
    ArrivalsSent,
    /// Notices received.
    NoticesReceived,
    /// Notices that a desk took up.
    TakenUp,
    /// Notices that were answered at any time.
    Answered,
    /// Notices that were answered by their deadline.
    AnsweredInTime,
    /// Notices without an answer after their deadline.
    Overdue,
    /// Cases that only one side recorded (一方未建卡).
    OneSided,
}

impl Figure {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::DeparturesSent,
        Self::ArrivalsSent,
        Self::NoticesReceived,
        Self::TakenUp,
        Self::Answered,
        Self::AnsweredInTime,
        Self::Overdue,
        Self::OneSided,
    ];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        self.path().trim_start_matches("figures.")
    }

    /// The path of its field in a row of JSON lines.
    pub const fn path(self) -> &'static str {
        match self {
            Self::DeparturesSent => "figures.departures_sent",
            Self::ArrivalsSent => "figures.arrivals_sent",
            Self::NoticesReceived => "figures.notices_received",
            Self::TakenUp => "figures.taken_up",
            Self::Answered => "figures.answered",
            Self::AnsweredInTime => "figures.answered_in_time",
            Self::Overdue => "figures.overdue",
            Self::OneSided => "figures.one_sided",
        }
    }

    /// How people call it.
    pub const fn label(self) -> Text {
        let (zh, en) = match self {
            Self::DeparturesSent => ("发出流出数", "departures sent"),
            Self::ArrivalsSent => ("发出流入数", "arrivals sent"),
            Self::NoticesReceived => ("收到通报数", "notices received"),
            Self::TakenUp => ("已接收数", "notices taken up"),
            Self::Answered => ("已反馈数", "notices answered"),
            Self::AnsweredInTime => ("按期反馈数", "notices answered in time"),
            Self::Overdue => ("逾期未反馈数", "notices overdue"),
            Self::OneSided => ("一方未建卡数", "one-sided cases"),
        };
        Text { zh, en }
    }
}

/// Whether a count may travel: none from 1 to 4, behind which a person could be guessed.
pub const fn may_be_told(count: u64) -> bool {
    count == 0 || count >= SMALLEST_TOLD
}

/// The smallest count above 0 that may travel.
pub const SMALLEST_TOLD: u64 = 5;
