//! JSON lines, a row at a time from whatever they come from.

use std::io::{self, BufRead};

use super::{Judge, Row, Visit, duplicates::Duplicates, json::read_object, limits};
use crate::domain::{
    field::Field,
    notice::Kind,
    problem::{Code, Problem},
};

/// Reads rows of JSON lines, each handed on before the next is read. A row that names no kind is of
/// the kind given, if one is. Blank lines are passed over; a line that is no JSON object, or longer than [`limits::JSON_ROW_BYTES`], is a refused row.
///
/// # Errors
/// If the input cannot be read; rows handed on before stand.
pub fn read_lines(
    mut input: impl BufRead,
    kind: Option<Kind>,
    judge: &Judge<'_>,
    each: &mut Visit<'_>,
) -> io::Result<()> {
    let mut duplicates = Duplicates::new();
    let mut line = Vec::new();
    let mut number = 0_u32;
    loop {
        line.clear();
        let Some(length) = read_line(&mut input, &mut line)? else {
            return Ok(());
        };
        number = number.saturating_add(1);
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let row = if length > limits::JSON_ROW_BYTES {
            Row::refused(number, Problem::of_column(Code::TooLarge, String::new()))
        } else {
            match str::from_utf8(text).map(read_object) {
                Ok(Ok((mut raw, problems))) => {
                    if let (None, Some(kind)) = (raw.get(Field::Kind), kind) {
                        raw.set(Field::Kind, kind.name());
                    }
                    Row::judged(None, number, raw, problems, judge, &mut duplicates)
                }
                Ok(Err(problem)) => Row::refused(number, problem),
                Err(_) => Row::refused(number, Problem::of_column(Code::Malformed, String::new())),
            }
        };
        if each(row).is_break() {
            return Ok(());
        }
    }
}

/// Reads a line, of which it keeps no more than a row may have. Gives its true length; `None` at the
/// end of the input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<usize>> {
    let mut length = 0_usize;
    loop {
        let buffer = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if buffer.is_empty() {
            return Ok((length > 0).then_some(length));
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = buffer
            .get(..end.unwrap_or(buffer.len()))
            .unwrap_or_default();
        length = length.saturating_add(part.len());
        if length <= limits::JSON_ROW_BYTES {
            line.extend_from_slice(part);
        } else if line.is_empty() {
            // Something that is not blank, so that the row is told.
            line.push(b'.');
        }
        let used = part.len().saturating_add(usize::from(end.is_some()));
        input.consume(used);
        if end.is_some() {
            return Ok(Some(length));
        }
    }
}
