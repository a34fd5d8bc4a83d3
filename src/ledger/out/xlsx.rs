//! Sheets as xlsx (ECMA-376): one sheet, written into the archive as its rows come.

use std::{
    fmt::Write as _,
    io::{self, Seek, Write},
};

use jiff::civil::{Date, date};
use quick_xml::escape::escape;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{
    WriteError,
    sheet::{Cell, Form, Sheet, Value},
    writable,
};

/// An xlsx file that is being written.
pub struct XlsxSheet<W: Write + Seek> {
    zip: ZipWriter<W>,
    sheet: Sheet,
    /// The last line that was written, from 1.
    line: u32,
    /// What is still to be handed to the archive.
    xml: String,
    /// The letters of the columns.
    letters: Vec<String>,
}

impl<W: Write + Seek> XlsxSheet<W> {
    /// Writes everything up to the headings.
    ///
    /// # Errors
    /// If a choice has more words than a drop-down list takes, or the output fails.
    pub fn begin(out: W, sheet: Sheet) -> Result<Self, WriteError> {
        let places = sheet.places();
        for place in &places {
            let listed = place.choices.map(list);
            if listed.is_some_and(|listed| listed.is_none()) {
                return Err(WriteError::Choices(place.heading.clone()));
            }
        }
        let mut zip = ZipWriter::new(out);
        for (name, part) in PARTS {
            start(&mut zip, name)?;
            zip.write_all(part.as_bytes())?;
        }
        start(&mut zip, "xl/worksheets/sheet1.xml")?;
        let letters: Vec<String> = (0..places.len()).map(letters).collect();
        let mut xml = HEAD.to_owned();
        if !places.is_empty() {
            xml.push_str("<cols>");
        }
        for (at, place) in (1_usize..).zip(&places) {
            let (width, style) = (place.width, Style::of(place.form).number());
            put(
                &mut xml,
                format_args!(
                    "<col min=\"{at}\" max=\"{at}\" width=\"{width}\" style=\"{style}\" customWidth=\"1\"/>"
                ),
            );
        }
        if !places.is_empty() {
            xml.push_str("</cols>");
        }
        xml.push_str("<sheetData><row r=\"1\">");
        push_text(&mut xml, "A", 1, Style::Title, &sheet.title_line());
        xml.push_str("</row><row r=\"2\">");
        for (place, letters) in places.iter().zip(&letters) {
            push_text(&mut xml, letters, 2, Style::Heading, &place.heading);
        }
        xml.push_str("</row>");
        drop(places);
        Ok(Self {
            zip,
            sheet,
            line: HEADINGS,
            xml,
            letters,
        })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// If its values are not those of the columns, one is too long, the sheet is full, or the output
    /// fails.
    pub fn row(&mut self, row: &[Value]) -> Result<(), WriteError> {
        let number = u64::from(self.line.saturating_sub(HEADINGS)).saturating_add(1);
        if number > u64::from(ROWS) {
            return Err(WriteError::TooManyRows);
        }
        let cells = self.sheet.cells(number, row)?;
        self.line = self.line.saturating_add(1);
        let (xml, line) = (&mut self.xml, self.line);
        put(xml, format_args!("<row r=\"{line}\">"));
        for (letters, cell) in self.letters.iter().zip(cells) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => push_text(xml, letters, line, Style::Text, text),
                Cell::Day(day) => match serial(day) {
                    Some(days) => push_number(xml, letters, line, Style::Day, days),
                    None => push_text(xml, letters, line, Style::Text, &day.to_string()),
                },
                Cell::Whole(number) => push_number(xml, letters, line, Style::Whole, number),
                Cell::Share(permille) => {
                    let share = format!("{}.{:03}", permille / 1_000, permille % 1_000);
                    push_number(xml, letters, line, Style::Share, share);
                }
            }
        }
        xml.push_str("</row>");
        if xml.len() > GATHERED {
            self.zip.write_all(xml.as_bytes())?;
            xml.clear();
        }
        Ok(())
    }

    /// Writes what is left and closes the archive.
    ///
    /// # Errors
    /// If the output fails.
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.tail();
        self.zip.write_all(self.xml.as_bytes())?;
        start(&mut self.zip, "xl/workbook.xml")?;
        let workbook = self.workbook();
        self.zip.write_all(workbook.as_bytes())?;
        let mut out = self.zip.finish().map_err(io::Error::from)?;
        Ok(out.flush()?)
    }

    /// What follows the rows: the filter, the drop-down lists, and that digits in a text are meant.
    fn tail(&mut self) {
        let (first, last) = (HEADINGS.saturating_add(1), self.last());
        let (right, xml) = (right(&self.letters), &mut self.xml);
        put(
            xml,
            format_args!("</sheetData><autoFilter ref=\"A{HEADINGS}:{right}{last}\"/>"),
        );
        let places = self.sheet.places();
        let lists: Vec<(&String, String)> = self
            .letters
            .iter()
            .zip(&places)
            .filter_map(|(letters, place)| Some((letters, list(place.choices?)?)))
            .collect();
        if !lists.is_empty() {
            put(
                xml,
                format_args!("<dataValidations count=\"{}\">", lists.len()),
            );
            for (letters, list) in &lists {
                put(
                    xml,
                    format_args!(
                        "<dataValidation type=\"list\" allowBlank=\"1\" showErrorMessage=\"1\" sqref=\"{letters}{first}:{letters}{last}\"><formula1>\"{}\"</formula1></dataValidation>",
                        escape(list.as_str())
                    ),
                );
            }
            xml.push_str("</dataValidations>");
        }
        put(
            xml,
            format_args!(
                "<ignoredErrors><ignoredError sqref=\"A{first}:{right}{last}\" numberStoredAsText=\"1\"/></ignoredErrors></worksheet>"
            ),
        );
    }

    /// The workbook with its one sheet. The filter works only where its range has this name too.
    fn workbook(&self) -> String {
        let name = name(&self.sheet);
        // No name has an apostrophe.
        let quoted = escape(format!("'{name}'"));
        let (right, last) = (right(&self.letters), self.last());
        format!(
            "{XML}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{LINK}\"><sheets><sheet name=\"{}\" sheetId=\"1\" r:id=\"rId1\"/></sheets><definedNames><definedName name=\"_xlnm._FilterDatabase\" localSheetId=\"0\" hidden=\"1\">{quoted}!$A${HEADINGS}:${right}${last}</definedName></definedNames></workbook>",
            escape(name.as_str()),
        )
    }

    /// The last line that rows have, or would have.
    fn last(&self) -> u32 {
        self.line.max(HEADINGS.saturating_add(1))
    }
}

/// How a cell is shown: its place in the list of formats of `styles.xml`.
#[derive(Clone, Copy)]
enum Style {
    Title,
    Heading,
    /// The format `@`, so that a person who types digits into the cell types a text.
    Text,
    Day,
    Whole,
    Share,
}

impl Style {
    const fn of(form: Form) -> Self {
        match form {
            Form::Text => Self::Text,
            Form::Day => Self::Day,
            Form::Whole => Self::Whole,
            Form::Share => Self::Share,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Title => 1,
            Self::Heading => 2,
            Self::Text => 3,
            Self::Day => 4,
            Self::Whole => 5,
            Self::Share => 6,
        }
    }
}

fn start<W: Write + Seek>(zip: &mut ZipWriter<W>, name: &str) -> Result<(), WriteError> {
    let options = SimpleFileOptions::default();
    Ok(zip.start_file(name, options).map_err(io::Error::from)?)
}

fn put(xml: &mut String, piece: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    xml.write_fmt(piece).unwrap_or_default();
}

/// A text cell, typed as one: whatever it begins with, it is no formula.
fn push_text(xml: &mut String, letters: &str, line: u32, style: Style, text: &str) {
    if text.is_empty() {
        return;
    }
    let style = style.number();
    put(
        xml,
        format_args!(
            "<c r=\"{letters}{line}\" s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"
        ),
    );
    let text = writable(text);
    for (at, c) in text.char_indices() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("_x000D_"),
            '_' if is_escape(text.get(at..).unwrap_or_default()) => xml.push_str("_x005F_"),
            _ => xml.push(c),
        }
    }
    xml.push_str("</t></is></c>");
}

/// Whether a text begins with what spreadsheets read as one character: `_x000D_`.
fn is_escape(text: &str) -> bool {
    let [b'_', b'x', a, b, c, d, b'_', ..] = text.as_bytes() else {
        return false;
    };
    [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit)
}

fn push_number(
    xml: &mut String,
    letters: &str,
    line: u32,
    style: Style,
    number: impl std::fmt::Display,
) {
    let style = style.number();
    put(
        xml,
        format_args!("<c r=\"{letters}{line}\" s=\"{style}\"><v>{number}</v></c>"),
    );
}

/// The number of a day. None before March 1900: spreadsheets count a 29th of February of that year.
fn serial(day: Date) -> Option<i64> {
    const FIRST: Date = date(1900, 3, 1);
    const ZERO: Date = date(1899, 12, 30);
    (day >= FIRST).then(|| day.duration_since(ZERO).as_hours() / 24)
}

/// The letters of the last column.
fn right(letters: &[String]) -> &str {
    letters.last().map_or("A", String::as_str)
}

/// The letters of the column of that place from 0: `A`, …, `Z`, `AA`.
fn letters(mut place: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ".get(place % 26).copied());
        match (place / 26).checked_sub(1) {
            Some(next) => place = next,
            None => break,
        }
    }
    letters
        .into_iter()
        .rev()
        .flatten()
        .map(char::from)
        .collect()
}

/// The words as the list of a drop-down; `None` if they do not go into one.
fn list(words: &[String]) -> Option<String> {
    let plain = |word: &String| !word.is_empty() && !word.contains([',', '"']);
    let list = words.join(",");
    let fits = list.encode_utf16().count() <= LIST_UNITS;
    (fits && !words.is_empty() && words.iter().all(plain)).then_some(list)
}

/// The name of the sheet: the title behind the stamp, without what no name may have.
fn name(sheet: &Sheet) -> String {
    let stamp = if sheet.sandbox { "沙箱 sandbox " } else { "" };
    let full = format!("{stamp}{}", sheet.title);
    let mut name = String::new();
    let mut units = 0_usize;
    for c in full.chars() {
        units = units.saturating_add(c.len_utf16());
        if units > NAME_UNITS {
            break;
        }
        let barred = c.is_control() || "[]:*?/\\'".contains(c);
        name.push(if barred { ' ' } else { c });
    }
    match name.trim() {
        "" => "1".to_owned(),
        name => name.to_owned(),
    }
}

/// Most rows below title and headings.
pub(super) const ROWS: u32 = 1_048_576 - HEADINGS;
/// The line of the headings.
const HEADINGS: u32 = 2;
/// Most units of UTF-16 in the name of a sheet.
const NAME_UNITS: usize = 31;
/// Most units of UTF-16 in the list of a drop-down.
const LIST_UNITS: usize = 255;
/// How much is gathered before it is handed to the archive, in bytes.
const GATHERED: usize = 64 << 10;

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const LINK: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// The sheet up to the widths of its columns: title and headings stay in sight.
const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView tabSelected="1" workbookViewId="0"><pane ySplit="2" topLeftCell="A3" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft" activeCell="A3" sqref="A3"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>"#;

/// The parts that are the same in every file, in the order in which readers look for them.
const PARTS: [(&str, &str); 4] = [
    (
        "[Content_Types].xml",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"#,
    ),
    (
        "_rels/.rels",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#,
    ),
    (
        "xl/styles.xml",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="0.0%"/></numFmts><fonts count="3"><font><sz val="11"/><name val="宋体"/><charset val="134"/></font><font><b/><sz val="14"/><name val="宋体"/><charset val="134"/></font><font><b/><sz val="11"/><name val="宋体"/><charset val="134"/></font></fonts><fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFE7E6E6"/><bgColor indexed="64"/></patternFill></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="7"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/><xf numFmtId="49" fontId="2" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top"/></xf><xf numFmtId="1" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top"/></xf><xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top"/></xf></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"#,
    ),
];

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::ledger::out::Column;

    #[test]
    fn a_day_is_its_number_where_spreadsheets_count_right() {
        for (day, expected) in [
            (date(1899, 12, 31), None),
            (date(1900, 2, 28), None),
            (date(1900, 3, 1), Some(61)),
            (date(2026, 10, 8), Some(46_303)),
        ] {
            assert_eq!(serial(day), expected, "{day}");
        }
    }

    #[test]
    fn columns_have_letters() {
        for (place, expected) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (51, "AZ"),
            (52, "BA"),
            (701, "ZZ"),
            (702, "AAA"),
            (16_383, "XFD"),
        ] {
            assert_eq!(letters(place), expected);
        }
    }

    #[test]
    fn a_full_sheet_takes_no_row_more() {
        let sheet = Sheet {
            title: "表".to_owned(),
            sandbox: false,
            columns: vec![Column::whole("n")],
        };
        let mut out = XlsxSheet::begin(Cursor::new(Vec::new()), sheet).unwrap();
        out.line = 1_048_575;
        out.row(&[Value::Whole(1)]).unwrap();
        let error = out.row(&[Value::Whole(1)]).unwrap_err();
        assert!(matches!(error, WriteError::TooManyRows), "{error}");
        assert!(error.sentence().zh.contains("1048574"));
    }
}
