//! Why what was told of a person is destroyed.

use std::str::FromStr;

use super::problem::Text;

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErasureReason {
    /// She asked for it.
    PersonAsked,
    /// It should not have been entered.
    EnteredInError,
    /// What it was collected for is done.
    NoLongerNeeded,
    /// The area that told it asked for it.
    SenderAsked,
    /// The time for which the agreement has it kept is over.
    RetentionEnded,
}

impl ErasureReason {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::PersonAsked,
        Self::EnteredInError,
        Self::NoLongerNeeded,
        Self::SenderAsked,
        Self::RetentionEnded,
    ];

    /// Those that an office may give.
    pub const OF_OFFICES: [Self; 3] = [
        Self::PersonAsked,
        Self::EnteredInError,
        Self::NoLongerNeeded,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PersonAsked => "person_asked",
            Self::EnteredInError => "entered_in_error",
            Self::NoLongerNeeded => "no_longer_needed",
            Self::SenderAsked => "sender_asked",
            Self::RetentionEnded => "retention_ended",
        }
    }

    /// Its number in stored records and signed forms.
    pub const fn number(self) -> u8 {
        match self {
            Self::PersonAsked => 1,
            Self::EnteredInError => 2,
            Self::NoLongerNeeded => 3,
            Self::SenderAsked => 4,
            Self::RetentionEnded => 5,
        }
    }

    /// The reason of that number.
    pub fn from_number(number: u8) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|reason| reason.number() == number)
    }

    /// What people read.
    pub const fn text(self) -> Text {
        match self {
            Self::PersonAsked => Text {
                zh: "本人要求删除",
                en: "she asked for it",
            },
            Self::EnteredInError => Text {
                zh: "录入有误",
                en: "entered in error",
            },
            Self::NoLongerNeeded => Text {
                zh: "处理目的已实现",
                en: "no longer needed",
            },
            Self::SenderAsked => Text {
                zh: "发出地要求删除",
                en: "the area that sent it asked for it",
            },
            Self::RetentionEnded => Text {
                zh: "保存期限届满",
                en: "its time of keeping is over",
            },
        }
    }
}

impl FromStr for ErasureReason {
    type Err = NoErasureReason;

    fn from_str(name: &str) -> Result<Self, NoErasureReason> {
        let mut all = Self::ALL.into_iter();
        all.find(|reason| reason.name() == name)
            .ok_or(NoErasureReason)
    }
}

/// No reason of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such reason: person_asked, entered_in_error or no_longer_needed")]
pub struct NoErasureReason;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_found_by_its_name_and_its_number() {
        for reason in ErasureReason::ALL {
            assert_eq!(reason.name().parse(), Ok(reason));
            assert_eq!(ErasureReason::from_number(reason.number()), Some(reason));
        }
        assert_eq!("gone".parse::<ErasureReason>(), Err(NoErasureReason));
        assert_eq!(ErasureReason::from_number(0), None);
    }
}
