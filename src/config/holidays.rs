//! The table of holidays: the one that ships with the program, or the node's own in its place.
//!
//! It is written as `config/holidays.toml` shows, after the yearly notices of the State Council. What people
//! write becomes [`Workdays`], or an error that names the line.

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::NodeDir;
use crate::{
    document::{self, DocumentError},
    domain::{
        calendar,
        workdays::{Arrangement, Misarranged, Notice, Workdays},
    },
    trust::files::{self, FileError},
};

/// The table that ships with the program: what a node goes by that has none of its own.
const SHIPPED: &str = include_str!("../../config/holidays.toml");

/// Why the table of a node cannot be used. Each names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum HolidaysError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is no text.
    #[error("holidays.toml: not in UTF-8; {REMEDY}")]
    NotText,
    /// What stands in it is no table of holidays.
    #[error("holidays.toml: {0}; {REMEDY}")]
    Table(#[from] TableError),
}

/// Why a text is no table of holidays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// No document of this form.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A day that is none.
    #[error("line {line}: `{key}` must be a day written as \"2026-10-08\"")]
    Day {
        /// Line, from 1.
        line: usize,
        /// The key.
        key: &'static str,
    },
    /// A name or number that is none.
    #[error("line {line}: `{key}` must be one line of 1 to {MAX_NAME} characters")]
    Name {
        /// Line, from 1.
        line: usize,
        /// The key.
        key: &'static str,
    },
    /// A year of another age.
    #[error("line {line}: `year.year` must be {FIRST_YEAR} to {LAST_YEAR}")]
    Year {
        /// Line, from 1.
        line: usize,
    },
    /// Days that make no arrangement.
    #[error("line {line}: {why}")]
    Misarranged {
        /// Line, from 1.
        line: usize,
        /// Why.
        why: Misarranged,
    },
    /// A table of nothing.
    #[error("there must be a `[[year]]`")]
    NoYears,
}

/// The table that the node goes by: `holidays.toml` of its directory, which replaces the shipped one
/// as a whole, else that.
///
/// # Errors
/// [`HolidaysError`], of the node's own table.
pub fn load_holidays(dir: &NodeDir) -> Result<Workdays, HolidaysError> {
    let Some(bytes) = files::read_if_present(&dir.holidays())? else {
        return Ok(parse(SHIPPED)?);
    };
    let text = str::from_utf8(&bytes).map_err(|_| HolidaysError::NotText)?;
    Ok(parse(text)?)
}

/// Reads a table of holidays.
///
/// # Errors
/// The first fault.
fn parse(text: &str) -> Result<Workdays, TableError> {
    let RawTable { year: years } = document::parse(text)?;
    if years.is_empty() {
        return Err(TableError::NoYears);
    }
    let mut workdays = Workdays::default();
    for year in years {
        let line = line_of(text, &year);
        let arrangement = year.into_inner().read(text)?;
        let added = workdays.add(arrangement);
        added.map_err(|why| TableError::Misarranged { line, why })?;
    }
    Ok(workdays)
}

/// The document as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    #[serde(default)]
    year: Vec<Spanned<RawYear>>,
}

/// A `[[year]]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawYear {
    year: Spanned<u16>,
    number: Spanned<String>,
    issued: Spanned<String>,
    #[serde(default)]
    festival: Vec<RawFestival>,
}

/// A `[[year.festival]]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFestival {
    zh: Spanned<String>,
    en: Spanned<String>,
    first: Spanned<String>,
    last: Spanned<String>,
    #[serde(default)]
    work: Vec<Spanned<String>>,
}

impl RawYear {
    fn read(self, text: &str) -> Result<Arrangement, TableError> {
        let Self {
            year,
            number,
            issued,
            festival: festivals,
        } = self;
        let notice = Notice {
            number: name(text, "year.number", &number)?.to_owned(),
            issued: day(text, "year.issued", &issued)?,
        };
        let known = i16::try_from(*year.get_ref()).ok();
        let known = known.filter(|year| (FIRST_YEAR..=LAST_YEAR).contains(year));
        let line = line_of(text, &year);
        let mut arrangement = Arrangement::new(known.ok_or(TableError::Year { line })?, notice);
        for festival in festivals {
            festival.add_to(&mut arrangement, text)?;
        }
        Ok(arrangement)
    }
}

impl RawFestival {
    fn add_to(self, arrangement: &mut Arrangement, text: &str) -> Result<(), TableError> {
        let Self {
            zh,
            en,
            first,
            last,
            work,
        } = self;
        // For whoever reads the file; nothing is reckoned by a name.
        name(text, "year.festival.zh", &zh)?;
        name(text, "year.festival.en", &en)?;
        let line = line_of(text, &first);
        let first = day(text, "year.festival.first", &first)?;
        let last = day(text, "year.festival.last", &last)?;
        let rests = arrangement.rest(first, last);
        rests.map_err(|why| TableError::Misarranged { line, why })?;
        for worked in work {
            let line = line_of(text, &worked);
            let works = arrangement.work(day(text, "year.festival.work", &worked)?);
            works.map_err(|why| TableError::Misarranged { line, why })?;
        }
        Ok(())
    }
}

fn day(text: &str, key: &'static str, written: &Spanned<String>) -> Result<Date, TableError> {
    calendar::parse_day(written.get_ref()).ok_or_else(|| TableError::Day {
        line: line_of(text, written),
        key,
    })
}

fn name<'a>(
    text: &str,
    key: &'static str,
    written: &'a Spanned<String>,
) -> Result<&'a str, TableError> {
    let name = written.get_ref();
    let fits = (1..=MAX_NAME).contains(&name.trim().chars().count());
    if fits && !name.chars().any(char::is_control) {
        Ok(name)
    } else {
        let line = line_of(text, written);
        Err(TableError::Name { line, key })
    }
}

/// The line on which a value stands, from 1.
fn line_of<T>(text: &str, value: &Spanned<T>) -> usize {
    document::line_at(text, value.span().start)
}

const REMEDY: &str =
    "mend it, or move the file away, and the table that ships with the program counts";
const MAX_NAME: usize = 100;
/// Far beyond what any notice will live to be asked of; so that a year of two digits is seen.
const FIRST_YEAR: i16 = 2000;
const LAST_YEAR: i16 = 2999;

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::ToSpan;

    use super::*;
    use crate::domain::workdays::samples::{day, two_years};

    #[test]
    fn the_shipped_table_is_that_of_the_notices() {
        let shipped = parse(SHIPPED).unwrap();
        let years = shipped.years().map(Arrangement::year);
        assert_eq!(years.collect::<Vec<_>>(), [2024, 2025, 2026]);
        // Written down twice, by hand.
        let days = day("2025-01-01").series(1.day());
        for day in days.take_while(|day| day.year() < 2027) {
            assert_eq!(
                shipped.is_working(day),
                two_years().is_working(day),
                "{day}"
            );
        }
        // 2024: its weekdays off, and its weekend days worked on.
        let of_2024 = day("2024-01-01").series(1.day());
        let of_2024 = of_2024.take_while(|day| day.year() == 2024);
        let unlike_its_week: Vec<String> = of_2024
            .filter(|day| {
                let weekday = day.weekday().to_monday_one_offset() <= 5;
                shipped.is_working(*day) != Ok(weekday)
            })
            .map(|day| day.strftime("%m-%d").to_string())
            .collect();
        assert_eq!(
            unlike_its_week.join(" "),
            "01-01 02-04 02-12 02-13 02-14 02-15 02-16 02-18 04-04 04-05 04-07 04-28 05-01 05-02 \
             05-03 05-11 06-10 09-14 09-16 09-17 09-29 10-01 10-02 10-03 10-04 10-07 10-12"
        );
    }

    #[test]
    fn the_notice_of_each_year_is_kept() {
        let shipped = parse(SHIPPED).unwrap();
        let notices = shipped.years().map(|year| {
            let Notice { number, issued } = year.notice();
            (number.as_str(), issued.to_string())
        });
        let expected = [
            ("国办发明电〔2023〕7号", "2023-10-25".to_owned()),
            ("国办发明电〔2024〕12号", "2024-11-12".to_owned()),
            ("国办发明电〔2025〕7号", "2025-11-04".to_owned()),
        ];
        assert_eq!(notices.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_node_goes_by_its_own_table_alone_if_it_has_one() {
        let home = tempfile::tempdir().unwrap();
        let dir = NodeDir::new(home.path());
        assert_eq!(load_holidays(&dir).unwrap(), parse(SHIPPED).unwrap());
        fs::write(dir.holidays(), SAMPLE).unwrap();
        let own = load_holidays(&dir).unwrap();
        assert_eq!(own.is_working(day("2027-01-02")), Ok(true));
        assert!(own.is_working(day("2026-11-20")).is_err());
        // A broken one is not passed over.
        for (bytes, told) in [
            (
                &b"year = 1"[..],
                "holidays.toml: line 1: `year` takes a sequence; mend it, or move",
            ),
            (
                &b"# \xff"[..],
                "holidays.toml: not in UTF-8; mend it, or move",
            ),
            (
                &b""[..],
                "holidays.toml: there must be a `[[year]]`; mend it, or move",
            ),
        ] {
            fs::write(dir.holidays(), bytes).unwrap();
            let error = load_holidays(&dir).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
        // Nor is one that cannot be read.
        fs::remove_file(dir.holidays()).unwrap();
        fs::create_dir(dir.holidays()).unwrap();
        let error = load_holidays(&dir).unwrap_err().to_string();
        assert!(error.contains("holidays.toml: "), "{error}");
    }

    const SAMPLE: &str = r#"[[year]]
year = 2027
number = "国办发明电〔2026〕0号"
issued = "2026-11-05"

[[year.festival]]
zh = "元旦"
en = "New Year"
first = "2027-01-01"
last = "2027-01-01"

[[year.festival]]
zh = "测试节"
en = "Festival of the test"
first = "2027-03-01"
last = "2027-03-03"
work = [
    "2027-01-02",
    "2027-02-28",
]
"#;

    #[test]
    fn a_fault_is_told_with_its_line_and_what_to_write() {
        assert!(parse(SAMPLE).is_ok());
        for (from, to, expected) in [
            (
                "issued = ",
                "isued = ",
                "line 4: unknown key `isued`; did you mean `issued`?",
            ),
            (
                "[[year.festival]]\nzh = \"测试节\"\n",
                "[[year.festival]]\n",
                "line 12: `zh` is missing",
            ),
            (
                "issued = \"2026-11-05\"\n",
                "",
                "line 1: `issued` is missing",
            ),
            (
                "year = 2027",
                "year = \"2027\"",
                "line 2: `year.year` takes a whole number",
            ),
            (
                "year = 2027",
                "year = 27",
                "line 2: `year.year` must be 2000 to 2999",
            ),
            (
                "year = 2027",
                "year = 40000",
                "line 2: `year.year` must be 2000 to 2999",
            ),
            (
                "国办发明电〔2026〕0号",
                " ",
                "line 3: `year.number` must be one line of 1 to 100 characters",
            ),
            (
                "New Year",
                "New\\nYear",
                "line 8: `year.festival.en` must be one line of 1 to 100 characters",
            ),
            (
                "2026-11-05",
                "2026.11.5",
                "line 4: `year.issued` must be a day written as \"2026-10-08\"",
            ),
            (
                "\"2027-02-28\"",
                "\"2027-02-29\"",
                "line 19: `year.festival.work` must be a day written as \"2026-10-08\"",
            ),
            (
                "last = \"2027-01-01\"",
                "last = \"2026-12-31\"",
                "line 9: 2027-01-01 to 2026-12-31 runs backwards; write the first day off, then the last",
            ),
            (
                "first = \"2027-03-01\"",
                "first = \"2027-01-01\"",
                "line 15: 2027-01-01 is listed twice as off; keep one of them",
            ),
            (
                "\"2027-02-28\"",
                "\"2027-03-02\"",
                "line 19: 2027-03-02 is no Saturday or Sunday; only those are worked in exchange",
            ),
            (
                "last = \"2027-03-03\"\nwork = [\n    \"2027-01-02\"",
                "last = \"2027-03-06\"\nwork = [\n    \"2027-03-06\"",
                "line 18: 2027-03-06 is listed as off and as worked; keep the one that the notice says",
            ),
            (
                "\"2027-02-28\"",
                "\"2027-01-02\"",
                "line 19: 2027-01-02 is listed twice as worked; keep one of them",
            ),
            (
                "\"2027-02-28\"",
                "\"2028-02-27\"",
                "line 19: 2028-02-27 does not lie in 2027; list each day under the year in which it lies",
            ),
        ] {
            assert!(SAMPLE.contains(from), "{from}");
            let told = parse(&SAMPLE.replacen(from, to, 1)).unwrap_err();
            assert_eq!(told.to_string(), expected, "{to}");
        }
        let bare = SAMPLE.split_inclusive("\n\n").next().unwrap();
        for (text, expected) in [
            (
                [bare, SAMPLE].concat(),
                "line 1: 2027 has no day off; list its festivals as the notice does",
            ),
            (
                [SAMPLE, SAMPLE].concat(),
                "line 21: 2027 is listed twice; keep one of them",
            ),
        ] {
            assert_eq!(parse(&text).unwrap_err().to_string(), expected);
        }
    }
}
