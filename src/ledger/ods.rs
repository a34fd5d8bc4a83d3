//! Sheets of ods files, read as they stream: repeated rows and columns stay counts until a value
//! stands in them.

use std::io::{BufReader, Cursor};

use jiff::civil::Date;
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesRef, BytesStart, Event},
};
use zip::ZipArchive;

use super::{
    cell::{Cell, Gatherer, Lines, text_cell},
    error::{LedgerError, Limit},
    limits,
};
use crate::domain::calendar::parse_day;

/// An open ods file that [`super::archive::inspect`] has passed.
pub(super) struct Book {
    bytes: Vec<u8>,
    sheets: Vec<String>,
    places: Vec<usize>,
}

impl Book {
    /// Opens the file and reads the names of its sheets.
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, LedgerError> {
        if is_encrypted(&bytes)? {
            return Err(LedgerError::Encrypted);
        }
        let (places, sheets) = names(&bytes)?.into_iter().unzip();
        Ok(Self {
            bytes,
            sheets,
            places,
        })
    }

    /// Names of the sheets.
    pub(super) fn sheets(&self) -> &[String] {
        &self.sheets
    }

    /// Hands on the lines of a sheet.
    pub(super) fn lines(&mut self, sheet: usize, lines: &mut Lines<'_>) -> Result<(), LedgerError> {
        let Some(wanted) = self.places.get(sheet).copied() else {
            return Ok(());
        };
        let mut archive = archive(&self.bytes)?;
        let mut xml = part(&mut archive, "content.xml")?;
        let mut buffer = Vec::new();
        let mut place = 0_usize;
        loop {
            match next(&mut xml, &mut buffer)? {
                Event::Eof => return Ok(()),
                Event::Start(tag) if tag.name().as_ref() == "table:table" => {
                    if place == wanted {
                        return table(&mut xml, lines);
                    }
                    place = place.saturating_add(1);
                }
                _ => {}
            }
        }
    }
}

fn archive(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, LedgerError> {
    ZipArchive::new(Cursor::new(bytes)).map_err(|_| LedgerError::Damaged)
}

fn is_encrypted(bytes: &[u8]) -> Result<bool, LedgerError> {
    let mut archive = archive(bytes)?;
    let Ok(mut xml) = part(&mut archive, "META-INF/manifest.xml") else {
        return Ok(false);
    };
    let mut buffer = Vec::new();
    loop {
        match next(&mut xml, &mut buffer)? {
            Event::Eof => return Ok(false),
            Event::Start(tag) if tag.name().as_ref() == "manifest:encryption-data" => {
                return Ok(true);
            }
            _ => {}
        }
    }
}

/// Place in the file and name of each sheet that a person sees.
fn names(bytes: &[u8]) -> Result<Vec<(usize, String)>, LedgerError> {
    let mut archive = archive(bytes)?;
    let mut xml = part(&mut archive, "content.xml")?;
    let mut buffer = Vec::new();
    let (mut style, mut hidden, mut names) = (String::new(), Vec::new(), Vec::new());
    let mut place = 0_usize;
    loop {
        let tag = match next(&mut xml, &mut buffer)? {
            Event::Eof => return Ok(names),
            Event::Start(tag) => tag,
            _ => continue,
        };
        match tag.name().as_ref() {
            "style:style" => style = attribute(&tag, "style:name")?.unwrap_or_default(),
            "style:table-properties"
                if attribute(&tag, "table:display")?.as_deref() == Some("false") =>
            {
                hidden.push(style.clone());
            }
            "table:table" => {
                let style = attribute(&tag, "table:style-name")?.unwrap_or_default();
                if !hidden.contains(&style) {
                    names.push((place, attribute(&tag, "table:name")?.unwrap_or_default()));
                }
                place = place.saturating_add(1);
            }
            _ => {}
        }
        if place > limits::SHEETS || hidden.len() > limits::SHEETS {
            return Err(LedgerError::TooMuch(Limit::Sheets));
        }
    }
}

type Xml<'a> = Reader<BufReader<zip::read::ZipFile<'a, Cursor<&'a [u8]>>>>;

fn part<'a>(
    archive: &'a mut ZipArchive<Cursor<&'a [u8]>>,
    name: &str,
) -> Result<Xml<'a>, LedgerError> {
    let file = archive.by_name(name).map_err(|_| LedgerError::Damaged)?;
    let mut xml = Reader::from_reader(BufReader::new(file));
    xml.config_mut().expand_empty_elements = true;
    Ok(xml)
}

fn next<'b>(xml: &mut Xml<'_>, buffer: &'b mut Vec<u8>) -> Result<Event<'b>, LedgerError> {
    buffer.clear();
    xml.read_event_into(buffer)
        .map_err(|_| LedgerError::Damaged)
}

/// From behind the start of a table to its end.
fn table(xml: &mut Xml<'_>, lines: &mut Lines<'_>) -> Result<(), LedgerError> {
    let mut buffer = Vec::new();
    let mut row = Row::default();
    let mut number = 0_u32;
    let mut depth = 0_usize;
    loop {
        match next(xml, &mut buffer)? {
            Event::Eof => return Err(LedgerError::Damaged),
            Event::Start(tag) => match tag.name().as_ref() {
                // A table inside of a cell is no part of the ledger.
                "table:table" => depth = depth.saturating_add(1),
                "table:table-row" if depth == 0 => {
                    row = Row::default();
                    row.repeated = repeated(&tag, "table:number-rows-repeated")?;
                }
                "table:table-cell" | "table:covered-table-cell" if depth == 0 => {
                    let columns = repeated(&tag, "table:number-columns-repeated")?;
                    let value = attributes(&tag)?;
                    let value = cell(xml, value)?;
                    row.put(columns, value)?;
                }
                _ => {}
            },
            Event::End(tag) => match tag.name().as_ref() {
                "table:table" if depth == 0 => return Ok(()),
                "table:table" => depth = depth.saturating_sub(1),
                "table:table-row" if depth == 0 => {
                    // A row is repeated line by line only where it holds something; the meter ends
                    // what goes on too long.
                    if row.cells.is_empty() {
                        number = number.saturating_add(row.repeated);
                    }
                    for _ in 0..row.repeated {
                        if row.cells.is_empty() {
                            break;
                        }
                        number = number.saturating_add(1);
                        let mut gatherer = Gatherer::default();
                        for (column, value) in &row.cells {
                            gatherer.put(number, *column, value.clone(), lines)?;
                        }
                        gatherer.finish(lines)?;
                    }
                    row.cells.clear();
                }
                _ => {}
            },
            _ => {}
        }
    }
}

#[derive(Default)]
struct Row {
    repeated: u32,
    column: usize,
    cells: Vec<(usize, Cell)>,
}

impl Row {
    fn put(&mut self, columns: u32, value: Option<Cell>) -> Result<(), LedgerError> {
        let columns = usize::try_from(columns).unwrap_or(usize::MAX);
        let end = self.column.saturating_add(columns);
        if let Some(value) = value {
            if end > limits::COLUMNS {
                return Err(LedgerError::TooMuch(Limit::Columns));
            }
            self.cells
                .extend((self.column..end).map(|column| (column, value.clone())));
        }
        self.column = end;
        Ok(())
    }
}

/// What the attributes of a cell say of its value.
enum Stated {
    /// The value itself.
    Value(Option<Cell>),
    /// That the text inside is the value.
    Inside,
}

fn attributes(tag: &BytesStart<'_>) -> Result<Stated, LedgerError> {
    let kind = attribute(tag, "office:value-type")?;
    let of = |name| attribute(tag, name);
    Ok(match kind.as_deref() {
        Some("float" | "percentage" | "currency") => {
            let number = of("office:value")?.and_then(|text| text.parse().ok());
            Stated::Value(number.map(Cell::Number))
        }
        Some("date") => {
            let text = of("office:date-value")?.unwrap_or_default();
            let day: Option<Date> = text.get(..10).and_then(parse_day);
            match day {
                Some(day) => Stated::Value(Some(Cell::Date(day))),
                None => Stated::Value(text_cell(&text)?),
            }
        }
        Some("boolean") => {
            Stated::Value(text_cell(&of("office:boolean-value")?.unwrap_or_default())?)
        }
        Some("time") => Stated::Value(text_cell(&of("office:time-value")?.unwrap_or_default())?),
        Some(_) => match of("office:string-value")? {
            Some(text) => Stated::Value(text_cell(&text)?),
            None => Stated::Inside,
        },
        None => Stated::Value(None),
    })
}

/// From behind the start of a cell to its end.
fn cell(xml: &mut Xml<'_>, stated: Stated) -> Result<Option<Cell>, LedgerError> {
    let mut buffer = Vec::new();
    let mut text = String::new();
    let (mut paragraphs, mut aside, mut depth) = (0_u32, 0_u32, 0_u32);
    loop {
        match next(xml, &mut buffer)? {
            Event::Eof => return Err(LedgerError::Damaged),
            Event::Start(tag) => {
                match tag.name().as_ref() {
                    // Comments and drawings are no part of the value.
                    "office:annotation" | "draw:frame" | "draw:a" | "table:table" => {
                        aside = aside.saturating_add(1);
                    }
                    "text:p" if aside == 0 => {
                        if paragraphs > 0 {
                            text.push('\n');
                        }
                        paragraphs = paragraphs.saturating_add(1);
                    }
                    "text:s" | "text:tab" | "text:line-break" if aside == 0 => text.push(' '),
                    _ => {}
                }
                depth = depth.saturating_add(1);
            }
            Event::End(tag) => {
                if depth == 0 {
                    break;
                }
                depth = depth.saturating_sub(1);
                if matches!(
                    tag.name().as_ref(),
                    "office:annotation" | "draw:frame" | "draw:a" | "table:table"
                ) {
                    aside = aside.saturating_sub(1);
                }
            }
            Event::Text(part) if aside == 0 && paragraphs > 0 => {
                text.push_str(&part.xml10_content())
            }
            Event::CData(part) if aside == 0 && paragraphs > 0 => {
                text.push_str(&part.xml10_content());
            }
            Event::GeneralRef(entity) if aside == 0 && paragraphs > 0 => {
                text.extend(character(&entity))
            }
            _ => {}
        }
        if text.len() > limits::CELL_CHARACTERS.saturating_mul(4) {
            return Err(LedgerError::TooMuch(Limit::CellCharacters));
        }
    }
    match stated {
        Stated::Value(value) => Ok(value),
        Stated::Inside => text_cell(&text),
    }
}

fn character(entity: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(character)) = entity.resolve_char_ref() {
        return Some(character);
    }
    match entity.xml10_content().as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, LedgerError> {
    let attribute = tag
        .try_get_attribute(name)
        .map_err(|_| LedgerError::Damaged)?;
    attribute
        .map(|attribute| {
            attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| LedgerError::Damaged)
        })
        .transpose()
}

fn repeated(tag: &BytesStart<'_>, name: &str) -> Result<u32, LedgerError> {
    match attribute(tag, name)? {
        None => Ok(1),
        Some(text) => text.parse().map_err(|_| LedgerError::Damaged),
    }
}
