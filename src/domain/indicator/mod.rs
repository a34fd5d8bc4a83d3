//! What is told of the exchange in figures, and how it is reckoned.
//!
//! What is counted are [`Figures`], sums that can be added up over peers, kinds and days; what is told
//! are [`Value`]s of them, one for each [`Indicator`]. Nothing is told of fewer than five
//! ([`Rate::FEWEST`](super::case::Rate::FEWEST)): so few may be one person. Formulas are ours, drawn
//! from rules in use; denominators hold only what is past its day.

mod figures;
mod value;

use super::problem::Text;

pub use self::{
    figures::{ByHand, Figures},
    value::Value,
};

/// What is told of the exchange. The formula of each stands at [`Figures::value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Indicator {
    /// How many of the registered cases have been told (提交率).
    SubmissionRate,
    /// How many of the notices given out the other node has (入库率).
    IngestionRate,
    /// How many notices a desk took up by their day (接收率).
    TakeUpRate,
    /// How many were answered at any time (反馈率).
    FeedbackRate,
    /// How many were answered by their day (反馈及时率).
    OnTimeFeedbackRate,
    /// How long answers took, in working days (反馈用时).
    ResponseTime,
    /// How many departures and arrivals needed no mending (准确率).
    AccuracyRate,
    /// How many of those who are thought to be there are recorded (采集率).
    CollectionRate,
    /// How many of the fields asked for are filled (完整率).
    Completeness,
    /// How many answers say that she was found (匹配率).
    MatchRate,
    /// How many answers say that she was not (查无率).
    NotFoundRate,
    /// How many cases only one side recorded (一方未建卡率).
    OneSidedRate,
    /// How many of those who live there were given a service (服务覆盖率).
    ServiceReach,
    /// How many journeys for a paper or a check an answer made needless (减少往返).
    TripsSaved,
}

/// What an indicator is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A part of a whole.
    Rate,
    /// Working days.
    WorkingDays,
    /// A number.
    Count,
}

/// Which way an indicator should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More of it.
    Higher,
    /// Less of it.
    Lower,
}

/// What an indicator is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// At least so many thousandths.
    AtLeast(u64),
    /// At most so many working days.
    Within {
        /// Half of the answers.
        median: u32,
        /// Nine in ten of them.
        p90: u32,
    },
}

impl Indicator {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 14] = [
        Self::SubmissionRate,
        Self::IngestionRate,
        Self::TakeUpRate,
        Self::FeedbackRate,
        Self::OnTimeFeedbackRate,
        Self::ResponseTime,
        Self::AccuracyRate,
        Self::CollectionRate,
        Self::Completeness,
        Self::MatchRate,
        Self::NotFoundRate,
        Self::OneSidedRate,
        Self::ServiceReach,
        Self::TripsSaved,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SubmissionRate => "submission_rate",
            Self::IngestionRate => "ingestion_rate",
            Self::TakeUpRate => "take_up_rate",
            Self::FeedbackRate => "feedback_rate",
            Self::OnTimeFeedbackRate => "on_time_feedback_rate",
            Self::ResponseTime => "response_time",
            Self::AccuracyRate => "accuracy_rate",
            Self::CollectionRate => "collection_rate",
            Self::Completeness => "completeness",
            Self::MatchRate => "match_rate",
            Self::NotFoundRate => "not_found_rate",
            Self::OneSidedRate => "one_sided_rate",
            Self::ServiceReach => "service_reach",
            Self::TripsSaved => "trips_saved",
        }
    }

    /// How people call it.
    pub const fn label(self) -> Text {
        let (zh, en) = match self {
            Self::SubmissionRate => ("提交率", "submitted"),
            Self::IngestionRate => ("入库率", "stored"),
            Self::TakeUpRate => ("接收率", "taken up in time"),
            Self::FeedbackRate => ("反馈率", "answered"),
            Self::OnTimeFeedbackRate => ("反馈及时率", "answered in time"),
            Self::ResponseTime => ("反馈用时", "response time"),
            Self::AccuracyRate => ("准确率", "accurate"),
            Self::CollectionRate => ("采集率", "recorded"),
            Self::Completeness => ("完整率", "fields filled"),
            Self::MatchRate => ("匹配率", "found"),
            Self::NotFoundRate => ("查无率", "not found"),
            Self::OneSidedRate => ("一方未建卡率", "one-sided cases"),
            Self::ServiceReach => ("服务覆盖率", "reached by a service"),
            Self::TripsSaved => ("减少往返（人次）", "trips saved"),
        };
        Text { zh, en }
    }

    /// What it is measured in.
    pub const fn unit(self) -> Unit {
        match self {
            Self::ResponseTime => Unit::WorkingDays,
            Self::TripsSaved => Unit::Count,
            Self::SubmissionRate
            | Self::IngestionRate
            | Self::TakeUpRate
            | Self::FeedbackRate
            | Self::OnTimeFeedbackRate
            | Self::AccuracyRate
            | Self::CollectionRate
            | Self::Completeness
            | Self::MatchRate
            | Self::NotFoundRate
            | Self::OneSidedRate
            | Self::ServiceReach => Unit::Rate,
        }
    }

    /// Which way it should go.
    pub const fn better(self) -> Better {
        match self {
            Self::ResponseTime | Self::NotFoundRate | Self::OneSidedRate => Better::Lower,
            Self::SubmissionRate
            | Self::IngestionRate
            | Self::TakeUpRate
            | Self::FeedbackRate
            | Self::OnTimeFeedbackRate
            | Self::AccuracyRate
            | Self::CollectionRate
            | Self::Completeness
            | Self::MatchRate
            | Self::ServiceReach
            | Self::TripsSaved => Better::Higher,
        }
    }

    /// What it is measured against, where there is such a value: those of feedback in time and of
    /// response times are ours, the others are in use nationally.
    pub const fn reference(self) -> Option<Reference> {
        Some(match self {
            Self::SubmissionRate | Self::IngestionRate => Reference::AtLeast(1_000),
            Self::FeedbackRate => Reference::AtLeast(900),
            Self::OnTimeFeedbackRate => Reference::AtLeast(950),
            Self::ResponseTime => Reference::Within { median: 7, p90: 15 },
            Self::AccuracyRate => Reference::AtLeast(980),
            Self::CollectionRate | Self::ServiceReach => Reference::AtLeast(850),
            Self::TakeUpRate
            | Self::Completeness
            | Self::MatchRate
            | Self::NotFoundRate
            | Self::OneSidedRate
            | Self::TripsSaved => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_field_and_each_stands_once() {
        let names = Indicator::ALL.map(Indicator::name);
        assert_eq!(
            names,
            [
                "submission_rate",
                "ingestion_rate",
                "take_up_rate",
                "feedback_rate",
                "on_time_feedback_rate",
                "response_time",
                "accuracy_rate",
                "collection_rate",
                "completeness",
                "match_rate",
                "not_found_rate",
                "one_sided_rate",
                "service_reach",
                "trips_saved",
            ]
        );
        let mut labels: Vec<_> = Indicator::ALL.map(|it| it.label().zh).to_vec();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), Indicator::ALL.len());
        assert!(Indicator::ALL.is_sorted());
    }

    #[test]
    fn what_is_measured_against_a_bound_goes_its_way() {
        for indicator in Indicator::ALL {
            let (unit, better) = (indicator.unit(), indicator.better());
            match indicator.reference() {
                Some(Reference::AtLeast(_)) => {
                    assert_eq!((unit, better), (Unit::Rate, Better::Higher));
                }
                Some(Reference::Within { median, p90 }) => {
                    assert_eq!((unit, better), (Unit::WorkingDays, Better::Lower));
                    assert!(median < p90);
                }
                None => {}
            }
        }
    }
}
