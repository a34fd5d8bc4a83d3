//! Sheets that offices are given, described once and written as xlsx or CSV.
//!
//! A [`Sheet`] says what it is called and what its columns hold; rows are written one by one as they
//! come and none is kept, so a sheet of any length takes the memory of a row, and no file beside it
//! ever holds a person in clear. What a person wrote is text and stays text: in xlsx every cell has a
//! type and none is a formula; in CSV an apostrophe stands before what a spreadsheet would run or
//! reckon (`ledger/apostrophe.rs`). Line 1 is the title, line 2 the headings, the rows follow. Sheets of
//! trial data are stamped in title and name. All of it is read back by [`super::read_ledger`].

mod csv;
mod feedback;
mod sheet;
mod xlsx;

use std::{borrow::Cow, io};

use crate::domain::problem::Sentence;

pub use self::{
    csv::CsvSheet,
    feedback::{FeedbackForm, Received},
    sheet::{Column, Holds, Rate, Sheet, Value},
    xlsx::XlsxSheet,
};

/// Why a sheet could not be written; what is there of it is no sheet. Holds no value of it.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The output failed.
    #[error("the sheet cannot be written: {0}")]
    Output(#[from] io::Error),
    /// The words of a drop-down list do not go into one, by the heading of its column.
    #[error("the words of the column {0} do not go into a drop-down list")]
    Choices(String),
    /// A row has other values than the columns hold: a fault of ours. By its number from 1.
    #[error("row {0} does not fit the columns")]
    Misfit(u64),
    /// More rows than a spreadsheet has lines.
    #[error("a sheet has at most {max} rows; export less at a time", max = xlsx::ROWS)]
    TooManyRows,
    /// A text longer than a cell takes, by the number of its row from 1.
    #[error("row {0} has a text of more than {max} characters", max = CELL_UNITS)]
    TooLong(u64),
}

impl WriteError {
    /// What a person reads: what is wrong and what to do.
    pub fn sentence(&self) -> Sentence {
        let zh = match self {
            Self::Output(error) => format!("无法写出表格：{error}"),
            Self::Choices(heading) => format!("列“{heading}”的选项过长，无法做成下拉列表。"),
            Self::Misfit(row) => format!("第{row}行与表头不符，属程序错误，请报告。"),
            Self::TooManyRows => {
                format!("行数超过表格上限（{}行），请缩小范围分次导出。", xlsx::ROWS)
            }
            Self::TooLong(row) => format!("第{row}行有超过{CELL_UNITS}字的内容，表格放不下。"),
        };
        Sentence {
            zh,
            en: self.to_string(),
        }
    }
}

/// Most units of UTF-16 in a cell, as in Excel.
const CELL_UNITS: usize = 32_767;

/// The text without what no sheet can hold: control characters but for tab and line ends, and what
/// is no character in XML.
fn writable(text: &str) -> Cow<'_, str> {
    let strange = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if text.contains(strange) {
        Cow::Owned(text.replace(strange, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
