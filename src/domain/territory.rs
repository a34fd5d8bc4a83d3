//! The administrative units between which agreements are made: of every level from province to
//! village, while channels join counties and notices give addresses.

use std::{fmt, str::FromStr};

use super::area::{AreaCode, County, CountyEntry, first_within};

/// An administrative unit of any level by the digits of its statistical code that are its own:
/// 2 province, 4 prefecture, 6 county, 9 township, 12 village. One unit has one spelling, so a
/// township or village does not end in `000`.
///
/// Ordered as text, a unit before what lies in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Territory {
    /// The digits, then zero bytes.
    digits: [u8; 12],
    len: u8,
}

impl Territory {
    /// Its digits.
    pub fn as_str(&self) -> &str {
        let digits = self.digits.get(..self.depth()).unwrap_or_default();
        // The constructors let nothing but ASCII digits in.
        str::from_utf8(digits).unwrap_or_default()
    }

    /// How many digits it has: the more, the smaller it is.
    pub const fn depth(&self) -> usize {
        self.len as usize
    }

    /// True if that address is known to lie in it: that of a whole county does not lie in one of
    /// its townships.
    pub fn covers(&self, area: AreaCode) -> bool {
        area.as_str().starts_with(self.as_str())
    }

    /// True if that unit is this one or lies in it.
    pub fn contains(&self, other: Self) -> bool {
        other.as_str().starts_with(self.as_str())
    }

    /// True if the county lies in it, or it in the county.
    pub fn meets(&self, county: County) -> bool {
        let county = Self::from(county);
        self.contains(county) || county.contains(*self)
    }

    /// The county that a township or village lies in; every other unit itself.
    #[must_use]
    pub fn county_level(&self) -> Self {
        self.first(6)
    }

    /// How people call it: `福建省泉州市 3505`, `晋江市 350582`, `晋江市 350582104`; the bare code
    /// where the table of counties has no name.
    pub fn label(&self) -> String {
        let Some(entry) = first_within(self.county_level().as_str()) else {
            return self.to_string();
        };
        let CountyEntry {
            name,
            prefecture,
            province,
        } = entry;
        match self.depth() {
            2 => format!("{province} {self}"),
            4 => format!("{province}{prefecture} {self}"),
            _ => format!("{name} {self}"),
        }
    }

    fn first(&self, depth: usize) -> Self {
        let mut digits = [0; 12];
        for (to, from) in digits.iter_mut().zip(self.digits).take(depth) {
            *to = from;
        }
        Self {
            digits,
            len: self.len.min(u8::try_from(depth).unwrap_or(self.len)),
        }
    }
}

impl From<County> for Territory {
    fn from(county: County) -> Self {
        let mut digits = [0; 12];
        for (to, from) in digits.iter_mut().zip(county.as_bytes()) {
            *to = *from;
        }
        Self { digits, len: 6 }
    }
}

impl FromStr for Territory {
    type Err = NotATerritory;

    fn from_str(text: &str) -> Result<Self, NotATerritory> {
        let len = match text.len() {
            2 => 2,
            4 => 4,
            6 => 6,
            9 => 9,
            12 => 12,
            _ => return Err(NotATerritory),
        };
        let written_out = len > 6 && text.ends_with("000");
        if written_out || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotATerritory);
        }
        let mut digits = [0; 12];
        for (to, from) in digits.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Ok(Self { digits, len })
    }
}

impl fmt::Debug for Territory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Territory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Not the code of an administrative unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a party is a province (2 digits), prefecture (4), county (6), township (9) or village (12); the last two do not end in 000"
)]
pub struct NotATerritory;

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(code: &str) -> Territory {
        code.parse().unwrap()
    }

    #[test]
    fn codes_of_every_level_round_trip_and_order_as_text() {
        let codes = ["35", "3505", "350582", "350582104", "350582104001", "36"];
        for code in codes {
            assert_eq!(unit(code).to_string(), code);
            assert_eq!(unit(code).depth(), code.len());
        }
        assert!(codes.map(unit).is_sorted());
        let county: County = "350582".parse().unwrap();
        assert_eq!(Territory::from(county), unit("350582"));
    }

    #[test]
    fn other_lengths_letters_and_units_written_out_are_none() {
        for text in [
            "",
            "3",
            "350",
            "35058",
            "3505821",
            "35058210",
            "350582104000",
            "350582000",
            "35058a",
            "３５",
            "350582104001000",
        ] {
            assert_eq!(text.parse::<Territory>(), Err(NotATerritory), "{text}");
        }
    }

    #[test]
    fn a_unit_covers_what_is_known_to_lie_in_it() {
        let covers = |unit: &str, area: &str| {
            unit.parse::<Territory>()
                .unwrap()
                .covers(area.parse().unwrap())
        };
        for code in ["35", "3505", "350582", "350582104", "350582104001"] {
            assert!(covers(code, "350582104001"), "{code}");
        }
        assert!(covers("350582104", "350582104000"));
        assert!(covers("350582104", "350582104"));
        assert!(!covers("350582104", "350582"), "a whole county");
        assert!(!covers("350582104001", "350582104000"), "a whole township");
        assert!(!covers("350582104", "350582105001"));
        assert!(!covers("3501", "350582"));
    }

    #[test]
    fn a_unit_meets_the_counties_around_and_within_it() {
        for code in ["35", "3505", "350582", "350582104", "350582104001"] {
            assert!(unit(code).meets("350582".parse().unwrap()), "{code}");
            assert!(!unit(code).meets("360102".parse().unwrap()), "{code}");
        }
        assert!(!unit("350582104").meets("350583".parse().unwrap()));
        assert_eq!(unit("350582104001").county_level(), unit("350582"));
        assert_eq!(unit("35").county_level(), unit("35"));
    }

    #[test]
    fn people_read_names_of_every_level() {
        for (code, label) in [
            ("35", "福建省 35"),
            ("3505", "福建省泉州市 3505"),
            ("350582", "晋江市 350582"),
            ("350582104", "晋江市 350582104"),
            ("99", "99"),
        ] {
            assert_eq!(unit(code).label(), label);
        }
    }
}
