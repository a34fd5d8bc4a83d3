//! What a desk does about a notice before it answers: its own side's work, which never travels.
//!
//! Acts are kept as they were done and say nothing of where a case stands: that follows from them
//! and from the notices.

use std::{fmt, str::FromStr};

use super::{
    area::{AreaCode, County},
    forbidden::is_forbidden,
    notice::NoticeId,
    problem::Code,
};

/// What a desk did about a notice. `Debug` shows neither a note nor an area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// It is responsible from now on (接收).
    Took,
    /// It looks for her, or has facts checked (核实).
    Verifying,
    /// It handed the notice to a desk further down. Until another takes it, the first receiver
    /// stays responsible (首接责任制).
    Forwarded {
        /// The desk's area.
        to: SubArea,
    },
    /// It wrote something down for its own side.
    Noted {
        /// What it wrote.
        text: Note,
    },
    /// It told the area that she moved on to.
    PassedOn,
    /// It looked at a near match, and that is another woman.
    NotTheSame {
        /// The notice that is about the other one.
        other: NoticeId,
    },
    /// What the notice opened is kept for a legal reason, whatever its time and whoever asks for its
    /// erasure (依法留存).
    Held {
        /// Why.
        reason: Note,
    },
    /// That reason is gone.
    Released,
}

/// An act without what goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the act of that name")]
pub enum ActKind {
    Took,
    Verifying,
    Forwarded,
    Noted,
    PassedOn,
    NotTheSame,
    Held,
    Released,
}

impl Act {
    /// Its kind.
    pub const fn kind(&self) -> ActKind {
        match self {
            Self::Took => ActKind::Took,
            Self::Verifying => ActKind::Verifying,
            Self::Forwarded { .. } => ActKind::Forwarded,
            Self::Noted { .. } => ActKind::Noted,
            Self::PassedOn => ActKind::PassedOn,
            Self::NotTheSame { .. } => ActKind::NotTheSame,
            Self::Held { .. } => ActKind::Held,
            Self::Released => ActKind::Released,
        }
    }
}

impl ActKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Took,
        Self::Verifying,
        Self::Forwarded,
        Self::Noted,
        Self::PassedOn,
        Self::NotTheSame,
        Self::Held,
        Self::Released,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Took => "took",
            Self::Verifying => "verifying",
            Self::Forwarded => "forwarded",
            Self::Noted => "noted",
            Self::PassedOn => "passed_on",
            Self::NotTheSame => "not_the_same",
            Self::Held => "held",
            Self::Released => "released",
        }
    }

    /// Its number in stored records.
    pub const fn number(self) -> u8 {
        match self {
            Self::Took => 1,
            Self::Verifying => 2,
            Self::Forwarded => 3,
            Self::Noted => 4,
            Self::PassedOn => 5,
            Self::NotTheSame => 6,
            Self::Held => 7,
            Self::Released => 8,
        }
    }

    /// The kind of that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// An act, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worked {
    /// The notice.
    pub about: NoticeId,
    /// What was done.
    pub act: Act,
    /// SPIFFE id of the office that did it.
    pub office: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
}

/// A township or village of a county. `Debug` does not show which.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubArea(AreaCode);

impl SubArea {
    /// That area, of that county.
    ///
    /// # Errors
    /// [`Code::AreaOutsideCounty`] if it lies elsewhere, or is the county itself.
    pub fn of(home: County, area: AreaCode) -> Result<Self, Code> {
        if area.county() == home && !area.contains(home.into()) {
            Ok(Self(area))
        } else {
            Err(Code::AreaOutsideCounty)
        }
    }

    /// Its code of 9 or 12 digits.
    pub const fn area(self) -> AreaCode {
        self.0
    }
}

impl fmt::Debug for SubArea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubArea(..)")
    }
}

/// What a desk wrote down: 1 to 1,000 characters, of which none but a line break is a control
/// character, and nothing in it that may not be held. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Note(String);

impl Note {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A note that was let through when it was written: what may be held is not asked a second time,
    /// since that table grows.
    pub(crate) const fn kept(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Note {
    type Err = Code;

    /// Reads a note, without the white space around it. A refusal is [`Code::MissingField`],
    /// [`Code::ValueTooLong`], [`Code::ForbiddenValue`] or [`Code::ValueFormat`].
    fn from_str(text: &str) -> Result<Self, Code> {
        let text = text.trim();
        if text.is_empty() {
            Err(Code::MissingField)
        } else if text.chars().nth(MAX_NOTE).is_some() {
            Err(Code::ValueTooLong)
        } else if is_forbidden(text) {
            Err(Code::ForbiddenValue)
        } else if text.contains(|c: char| c.is_control() && c != '\n') {
            Err(Code::ValueFormat)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note(..)")
    }
}

/// The most characters of a note.
const MAX_NOTE: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_a_number_and_a_name_each() {
        for kind in ActKind::ALL {
            assert_eq!(ActKind::from_number(kind.number()), Some(kind));
            let same = |other: &ActKind| other.name() == kind.name();
            assert_eq!(ActKind::ALL.iter().filter(|it| same(it)).count(), 1);
        }
        assert_eq!(ActKind::from_number(0), None);
        assert_eq!(ActKind::from_number(9), None);
    }

    #[test]
    fn a_note_is_short_plain_and_holds_nothing_forbidden() {
        let longest = "记".repeat(MAX_NOTE);
        for text in ["已电话联系\n明日上门", longest.as_str()] {
            assert_eq!(text.parse::<Note>().unwrap().as_str(), text);
        }
        assert_eq!(" 已联系\n".parse::<Note>().unwrap().as_str(), "已联系");
        for (text, code) in [
            (" \n", Code::MissingField),
            (&*format!("{longest}记"), Code::ValueTooLong),
            ("已联系，社会抚养费未缴", Code::ForbiddenValue),
            ("a95", Code::ForbiddenValue),
            ("已联系\u{1b}[31m", Code::ValueFormat),
        ] {
            assert_eq!(text.parse::<Note>(), Err(code), "{text}");
        }
    }

    #[test]
    fn a_sub_area_is_of_its_county_and_finer() {
        let home: County = "350582".parse().unwrap();
        let of = |area: &str| SubArea::of(home, area.parse().unwrap()).map(SubArea::area);
        for area in ["350582104", "350582104000", "350582104001"] {
            assert_eq!(of(area), Ok(area.parse().unwrap()));
        }
        for area in [
            "350582",
            "350582000",
            "350582000000",
            "350583104",
            "530111001000",
        ] {
            assert_eq!(of(area), Err(Code::AreaOutsideCounty), "{area}");
        }
    }

    #[test]
    fn what_is_personal_is_not_shown() {
        let home: County = "350582".parse().unwrap();
        let to = SubArea::of(home, "350582104001".parse().unwrap()).unwrap();
        let text = "测试甲已联系".parse().unwrap();
        let shown = format!("{:?}{:?}", Act::Forwarded { to }, Act::Noted { text });
        assert!(!shown.contains("350582") && !shown.contains("测试甲"));
    }
}
