//! Administrative units by their statistical code.

use std::{collections::HashMap, fmt, str::FromStr, sync::LazyLock};

/// A county-level area: six digits of GB/T 2260. Channels join these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct County([u8; 6]);

impl County {
    /// Its six ASCII digits.
    pub fn as_str(&self) -> &str {
        // The constructors let nothing but ASCII digits in.
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Its six ASCII digits as bytes: what stored records and signed forms hold.
    pub const fn as_bytes(&self) -> &[u8; 6] {
        &self.0
    }

    /// Its entry in the shipped table, if it is a county-level area of today.
    pub fn entry(self) -> Option<&'static CountyEntry> {
        TABLE.get(&self)
    }

    /// How people call it: `晋江市 350582`, or the bare code where the table has no name.
    pub fn label(self) -> String {
        self.entry().map_or_else(
            || self.to_string(),
            |entry| format!("{} {self}", entry.name),
        )
    }
}

impl TryFrom<[u8; 6]> for County {
    type Error = NotAnArea;

    fn try_from(digits: [u8; 6]) -> Result<Self, NotAnArea> {
        if digits.iter().all(u8::is_ascii_digit) {
            Ok(Self(digits))
        } else {
            Err(NotAnArea)
        }
    }
}

impl FromStr for County {
    type Err = NotAnArea;

    fn from_str(text: &str) -> Result<Self, NotAnArea> {
        let digits: [u8; 6] = text.as_bytes().try_into().map_err(|_| NotAnArea)?;
        digits.try_into()
    }
}

impl fmt::Debug for County {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for County {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An area of any level: 6 digits county, 9 township, 12 village.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaCode {
    digits: [u8; 12],
    len: usize,
}

impl AreaCode {
    /// The county-level area that it lies in.
    pub fn county(self) -> County {
        let [a, b, c, d, e, f, ..] = self.digits;
        County([a, b, c, d, e, f])
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        // The constructor lets nothing but ASCII digits in.
        str::from_utf8(self.digits.get(..self.len).unwrap_or_default()).unwrap_or_default()
    }

    /// True if `self` is that area or contains it.
    pub fn contains(self, other: Self) -> bool {
        other.as_str().starts_with(self.significant())
    }

    /// The digits without the trailing zero groups of an area that is written out to 12 digits.
    /// The same area without the groups of zeros that mean "all of it".
    #[must_use]
    pub fn shortest(self) -> Self {
        Self {
            len: self.significant().len(),
            ..self
        }
    }

    fn significant(&self) -> &str {
        let text = self.as_str();
        let text = text
            .strip_suffix("000")
            .filter(|t| t.len() >= 6)
            .unwrap_or(text);
        text.strip_suffix("000")
            .filter(|t| t.len() >= 6)
            .unwrap_or(text)
    }
}

impl From<County> for AreaCode {
    fn from(county: County) -> Self {
        let mut digits = [b'0'; 12];
        for (to, from) in digits.iter_mut().zip(county.0) {
            *to = from;
        }
        Self { digits, len: 6 }
    }
}

impl FromStr for AreaCode {
    type Err = NotAnArea;

    /// Parses exactly 6, 9 or 12 ASCII digits; whether the county exists is asked of
    /// [`County::entry`].
    fn from_str(text: &str) -> Result<Self, NotAnArea> {
        if !matches!(text.len(), 6 | 9 | 12) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAnArea);
        }
        let mut digits = [b'0'; 12];
        for (to, from) in digits.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Ok(Self {
            digits,
            len: text.len(),
        })
    }
}

impl fmt::Debug for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Not a code of the form asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an area code has 6, 9 or 12 digits, a county's 6")]
pub struct NotAnArea;

/// A county-level area of the shipped table.
#[derive(Debug)]
pub struct CountyEntry {
    /// Its own name, `晋江市`.
    pub name: &'static str,
    /// The prefecture that it lies in, `泉州市`.
    pub prefecture: &'static str,
    /// The province, `福建省`.
    pub province: &'static str,
}

/// The entry with the lowest code among those that begin with these digits.
pub(super) fn first_within(digits: &str) -> Option<&'static CountyEntry> {
    TABLE
        .iter()
        .filter(|(county, _)| county.as_str().starts_with(digits))
        .min_by_key(|(county, _)| **county)
        .map(|(_, entry)| entry)
}

/// Day from which the shipped table dates, as its first line says.
pub fn table_date() -> &'static str {
    SHIPPED
        .lines()
        .next()
        .and_then(|line| line.rsplit_once(" as of "))
        .map_or("", |(_, date)| date.trim_end_matches('.'))
}

static TABLE: LazyLock<HashMap<County, CountyEntry>> = LazyLock::new(|| {
    SHIPPED
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut columns = line.split(',');
            let county = columns.next()?.parse().ok()?;
            let entry = CountyEntry {
                name: columns.next()?,
                prefecture: columns.next()?,
                province: columns.next()?,
            };
            Some((county, entry))
        })
        .collect()
});

const SHIPPED: &str = include_str!("../../config/counties.csv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_county_with_a_name() {
        let lines = SHIPPED
            .lines()
            .filter(|line| !line.starts_with('#'))
            .count();
        assert_eq!(TABLE.len(), lines);
        assert!(lines > 2_800, "{lines}");
        assert_eq!(table_date(), "2023-06-30");
    }

    #[test]
    fn codes_round_trip() {
        for text in ["350582", "350582104", "350582104000"] {
            assert_eq!(text.parse::<AreaCode>().unwrap().to_string(), text);
        }
        assert_eq!("350582".parse::<County>().unwrap().label(), "晋江市 350582");
    }

    #[test]
    fn other_lengths_and_letters_are_no_codes() {
        for text in [
            "",
            "35058",
            "3505821",
            "35058a",
            "350582104000000",
            "３５０５８２",
        ] {
            assert_eq!(text.parse::<AreaCode>(), Err(NotAnArea), "{text}");
            assert_eq!(text.parse::<County>(), Err(NotAnArea), "{text}");
        }
    }

    #[test]
    fn an_area_contains_what_lies_in_it() {
        let area = |text: &str| text.parse::<AreaCode>().unwrap();
        assert!(area("350582").contains(area("350582104001")));
        assert!(area("350582104").contains(area("350582104000")));
        assert!(area("350582104000").contains(area("350582104")));
        assert!(!area("350582104").contains(area("350582105001")));
        assert!(!area("350582").contains(area("350583")));
    }
}
