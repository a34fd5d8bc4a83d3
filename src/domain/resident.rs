//! Resident identity numbers, GB 11643-1999.

use std::{fmt, str::FromStr};

use jiff::civil::Date;

/// A readable identity number: 17 digits and a digit or `X`, an existing birth date. Its area part
/// is not looked up: it says nothing about where she is registered today. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResidentNumber {
    characters: [u8; 18],
    birth_date: Date,
}

impl ResidentNumber {
    /// Reads a number whatever its check digit is. Whoever lets one pass that fails
    /// [`Self::check_digit_holds`] must hold the word of a person who verified it.
    ///
    /// # Errors
    /// [`NotAResidentNumber::Format`] or [`NotAResidentNumber::BirthDate`].
    pub fn readable(text: &str) -> Result<Self, NotAResidentNumber> {
        let characters: [u8; 18] = text
            .as_bytes()
            .try_into()
            .map_err(|_| NotAResidentNumber::Format)?;
        let [digits @ .., last] = &characters;
        if !digits.iter().all(u8::is_ascii_digit) || !(last.is_ascii_digit() || *last == b'X') {
            return Err(NotAResidentNumber::Format);
        }
        let [_, _, _, _, _, _, y1, y2, y3, y4, m1, m2, d1, d2, ..] = characters;
        let pair = |tens: u8, ones: u8| {
            tens.wrapping_sub(b'0')
                .wrapping_mul(10)
                .wrapping_add(ones.wrapping_sub(b'0'))
        };
        let (century, year) = (i16::from(pair(y1, y2)), i16::from(pair(y3, y4)));
        let month = i8::try_from(pair(m1, m2)).map_err(|_| NotAResidentNumber::BirthDate)?;
        let day = i8::try_from(pair(d1, d2)).map_err(|_| NotAResidentNumber::BirthDate)?;
        let year = century.saturating_mul(100).saturating_add(year);
        let birth_date = Date::new(year, month, day)
            .ok()
            .filter(|_| PLAUSIBLE_YEARS.contains(&year))
            .ok_or(NotAResidentNumber::BirthDate)?;
        Ok(Self {
            characters,
            birth_date,
        })
    }

    /// Whether the last character is the check digit of the others, ISO 7064 MOD 11-2.
    pub fn check_digit_holds(&self) -> bool {
        let [digits @ .., last] = &self.characters;
        check_digit(digits) == *last
    }

    /// The 18 characters. A personal value: never for a log or an error.
    pub fn as_str(&self) -> &str {
        // The constructor lets nothing but ASCII in.
        str::from_utf8(&self.characters).unwrap_or_default()
    }

    /// The birth date that it holds.
    pub const fn birth_date(&self) -> Date {
        self.birth_date
    }

    /// Whether it is a woman's: its sequence is even.
    pub const fn is_female(&self) -> bool {
        let [.., sequence, _] = self.characters;
        sequence.is_multiple_of(2)
    }

    /// Full years at that day; negative before birth. Who was born on 29 February is a year older on
    /// 1 March where the year has no such day.
    pub fn age_at(&self, day: Date) -> i16 {
        let birthday = (self.birth_date.month(), self.birth_date.day());
        let not_yet = (day.month(), day.day()) < birthday;
        day.year()
            .saturating_sub(self.birth_date.year())
            .saturating_sub(i16::from(not_yet))
    }

    /// Whether it begins with the unassigned prefix 99 and so belongs to no one.
    pub const fn is_unassigned(&self) -> bool {
        let [first, second, ..] = self.characters;
        first == b'9' && second == b'9'
    }
}

impl FromStr for ResidentNumber {
    type Err = NotAResidentNumber;

    /// Parses a number whose check digit holds.
    fn from_str(text: &str) -> Result<Self, NotAResidentNumber> {
        let number = Self::readable(text)?;
        if number.check_digit_holds() {
            Ok(number)
        } else {
            Err(NotAResidentNumber::CheckDigit)
        }
    }
}

impl fmt::Debug for ResidentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResidentNumber(..)")
    }
}

/// Why a text is no identity number, the first reason that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAResidentNumber {
    /// Not 17 digits and a digit or `X`.
    #[error("an identity number has 17 digits, then a digit or X")]
    Format,
    /// The birth date does not exist or lies outside 1800 to 2099.
    #[error("the birth date in the identity number does not exist")]
    BirthDate,
    /// The check digit is another.
    #[error("the identity number fails its check digit")]
    CheckDigit,
}

/// The check digit of 17 ASCII digits.
fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits
        .iter()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')).wrapping_mul(weight))
        .fold(0, u32::wrapping_add);
    REMAINDERS
        .get(sum.checked_rem(11).unwrap_or_default() as usize)
        .copied()
        .unwrap_or_default()
}

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const REMAINDERS: [u8; 11] = *b"10X98765432";
const PLAUSIBLE_YEARS: std::ops::RangeInclusive<i16> = 1800..=2099;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VALID: [&str; 3] = [
        "11010519491231002X",
        "440524188001010014",
        "34052419800101001X",
    ];

    #[test]
    fn the_standards_examples_are_numbers() {
        for text in VALID {
            let read = text.parse::<ResidentNumber>();
            assert_eq!(
                read.map(|number| number.as_str().to_owned()).as_deref(),
                Ok(text)
            );
        }
    }

    #[test]
    fn each_fault_has_its_own_name_and_the_first_wins() {
        use NotAResidentNumber::{BirthDate, CheckDigit, Format};
        for (text, fault) in [
            ("", Format),
            ("110105491231002", Format),
            ("11010519491231002x", Format),
            ("1101051949123X002X", Format),
            ("１１０１０５１９４９１２３１００２Ｘ", Format),
            ("110105194913310021", BirthDate),
            ("110105174912310021", BirthDate),
            ("110105194902290021", BirthDate),
            ("110105194912310021", CheckDigit),
        ] {
            assert_eq!(text.parse::<ResidentNumber>(), Err(fault), "{text}");
        }
        assert!(ResidentNumber::readable("110105194912310021").is_ok());
    }

    #[test]
    fn full_years_count_from_the_birthday_on() {
        let number = ResidentNumber::readable("990001200002290020").unwrap();
        let age = |y, m, d| number.age_at(Date::new(y, m, d).unwrap());
        assert_eq!(age(2015, 2, 28), 14);
        assert_eq!(age(2015, 3, 1), 15);
        assert_eq!(age(2016, 2, 28), 15);
        assert_eq!(age(2016, 2, 29), 16);
        assert!(number.is_female() && number.is_unassigned());
    }

    #[test]
    fn debug_shows_nothing() {
        let number: ResidentNumber = "11010519491231002X".parse().unwrap();
        assert!(!format!("{number:?}").contains(char::is_numeric));
    }

    proptest! {
        #[test]
        fn one_wrong_digit_never_passes(at in 0_usize..17, by in 1_u8..10) {
            let mut bytes = *b"34052419800101001X";
            bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            prop_assert!(text.parse::<ResidentNumber>().is_err());
        }

        #[test]
        fn anything_can_be_tried(text in ".{0,24}") {
            if let Ok(number) = text.parse::<ResidentNumber>() {
                prop_assert_eq!(number.as_str(), text);
            }
        }
    }
}
