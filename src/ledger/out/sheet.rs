//! What a sheet is before it is written.

use jiff::civil::Date;

use super::{CELL_UNITS, WriteError};

/// A sheet without its rows.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What it is called, in the language of its readers.
    pub title: String,
    /// Whether it holds trial data.
    pub sandbox: bool,
    /// Its columns, from the left.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its heading, in the language of the readers.
    pub heading: String,
    /// The one type of all its values.
    pub holds: Holds,
    /// How many characters its values commonly have; a Chinese one counts as two.
    pub room: usize,
}

/// The type of the values of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Text, even if it is all digits.
    Text,
    /// One of these words, which a person is offered.
    Choice(Vec<String>),
    /// A day.
    Day,
    /// A whole number.
    Whole,
    /// A rate in per cent, with how many it is a rate of in a column of its own beside it.
    Rate,
}

/// A value. Has no `Debug`: it may be a person's.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing: an empty cell of any column.
    Empty,
    /// A text, or one of the words of a choice.
    Text(String),
    /// A day.
    Day(Date),
    /// A whole number.
    Whole(u64),
    /// A rate.
    Rate(Rate),
}

/// A rate with one decimal, and how many it is a rate of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    permille: u16,
    n: u64,
}

impl Rate {
    /// `part` of `n`, rounded half up to a tenth of a per cent. `None` of none, or where `part` is more
    /// than `n`.
    pub fn new(part: u64, n: u64) -> Option<Self> {
        let (wide, whole) = (u128::from(part), u128::from(n));
        let rounded = wide
            .checked_mul(2_000)?
            .checked_add(whole)?
            .checked_div(whole.checked_mul(2)?)?;
        let permille = u16::try_from(rounded).ok()?;
        (part <= n).then_some(Self { permille, n })
    }
}

impl Column {
    /// A column of texts that commonly have that many characters; a Chinese one counts as two.
    pub fn text(heading: impl Into<String>, room: usize) -> Self {
        Self::new(heading, Holds::Text, room)
    }

    /// A column of words that a person chooses from.
    pub fn choice(heading: impl Into<String>, words: Vec<String>) -> Self {
        let room = words.iter().map(|word| room(word)).max();
        Self::new(heading, Holds::Choice(words), room.unwrap_or_default())
    }

    /// A column of days.
    pub fn day(heading: impl Into<String>) -> Self {
        Self::new(heading, Holds::Day, 10)
    }

    /// A column of whole numbers.
    pub fn whole(heading: impl Into<String>) -> Self {
        Self::new(heading, Holds::Whole, 8)
    }

    /// A column of rates, beside which stands how many each is a rate of.
    pub fn rate(heading: impl Into<String>) -> Self {
        Self::new(heading, Holds::Rate, 8)
    }

    fn new(heading: impl Into<String>, holds: Holds, room: usize) -> Self {
        Self {
            heading: heading.into(),
            holds,
            room,
        }
    }
}

impl Holds {
    fn takes(&self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Empty)
            | (Self::Text, Value::Text(_))
            | (Self::Day, Value::Day(_))
            | (Self::Whole, Value::Whole(_))
            | (Self::Rate, Value::Rate(_)) => true,
            (Self::Choice(words), Value::Text(text)) => words.contains(text),
            (_, Value::Text(_) | Value::Day(_) | Value::Whole(_) | Value::Rate(_)) => false,
        }
    }
}

/// A column as it stands in a file.
pub(super) struct Place<'a> {
    pub(super) heading: String,
    pub(super) form: Form,
    /// The words that are offered in it.
    pub(super) choices: Option<&'a [String]>,
    /// How many half-width characters it should be wide.
    pub(super) width: usize,
}

/// How the cells of a column are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Day,
    Whole,
    Share,
}

/// A cell as it stands in a file.
pub(super) enum Cell<'a> {
    Empty,
    Text(&'a str),
    Day(Date),
    Whole(u64),
    /// Tenths of a per cent.
    Share(u16),
}

impl Sheet {
    /// The first line of the sheet.
    pub(super) fn title_line(&self) -> String {
        if self.sandbox {
            format!("【沙箱 sandbox】{}", self.title)
        } else {
            self.title.clone()
        }
    }

    /// The columns as they stand in a file: a rate takes two.
    pub(super) fn places(&self) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        for Column {
            heading,
            holds,
            room: content,
        } in &self.columns
        {
            let mut add = |heading: String, form, choices| {
                // Beside the heading stands the button of the filter.
                let width = room(&heading).saturating_add(4);
                places.push(Place {
                    width: width.max(content.saturating_add(2)).min(MOST_ROOM),
                    heading,
                    form,
                    choices,
                });
            };
            match holds {
                Holds::Text => add(heading.clone(), Form::Text, None),
                Holds::Choice(words) => add(heading.clone(), Form::Text, Some(words.as_slice())),
                Holds::Day => add(heading.clone(), Form::Day, None),
                Holds::Whole => add(heading.clone(), Form::Whole, None),
                Holds::Rate => {
                    add(heading.clone(), Form::Share, None);
                    add(format!("{heading} n"), Form::Whole, None);
                }
            }
        }
        places
    }

    /// The cells of a row, that number from 1, if its values are those that the columns hold.
    pub(super) fn cells<'a>(
        &self,
        number: u64,
        row: &'a [Value],
    ) -> Result<Vec<Cell<'a>>, WriteError> {
        let fits = self.columns.len() == row.len()
            && self
                .columns
                .iter()
                .zip(row)
                .all(|(column, value)| column.holds.takes(value));
        if !fits {
            return Err(WriteError::Misfit(number));
        }
        let mut cells = Vec::new();
        for (column, value) in self.columns.iter().zip(row) {
            match value {
                Value::Empty if column.holds == Holds::Rate => {
                    cells.extend([Cell::Empty, Cell::Empty]);
                }
                Value::Empty => cells.push(Cell::Empty),
                Value::Text(text)
                    if text.len() > CELL_UNITS && text.encode_utf16().count() > CELL_UNITS =>
                {
                    return Err(WriteError::TooLong(number));
                }
                Value::Text(text) => cells.push(Cell::Text(text)),
                Value::Day(day) => cells.push(Cell::Day(*day)),
                Value::Whole(number) => cells.push(Cell::Whole(*number)),
                Value::Rate(Rate { permille, n }) => {
                    cells.extend([Cell::Share(*permille), Cell::Whole(*n)]);
                }
            }
        }
        Ok(cells)
    }
}

/// How many half-width characters a text takes.
fn room(text: &str) -> usize {
    text.chars()
        .map(|c| if u32::from(c) < 0x1100 { 1 } else { 2 })
        .fold(0, usize::saturating_add)
}

/// No column is wider: long texts are broken.
const MOST_ROOM: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_rounded_half_up_to_a_tenth_of_a_per_cent() {
        for (part, n, expected) in [
            (0, 7, Some(0)),
            (7, 7, Some(1_000)),
            (1, 3, Some(333)),
            (2, 3, Some(667)),
            (1, 2_000, Some(1)),
            (1, 2_001, Some(0)),
            (u64::MAX, u64::MAX, Some(1_000)),
            (0, 0, None),
            (8, 7, None),
        ] {
            let rate = Rate::new(part, n).map(|rate| rate.permille);
            assert_eq!(rate, expected, "{part} of {n}");
        }
    }
}
