//! The register of entitlement certificates that an office keeps: a sheet, or JSON lines, of which four
//! columns are read and nothing else is kept.

use std::collections::HashMap;

use super::{
    cell::{Cell, Line, Meter},
    columns::{Column, Mapping, column, normal},
    error::{LedgerError, Limit},
    json::read_object,
    limits,
    workbook::Workbook,
};
use crate::domain::{
    calendar::parse_day, cleaning::compact, draft::RawDraft, field::Field, notice::Certificate,
    resident::ResidentNumber,
};

/// How a register is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterForm {
    /// A spreadsheet or comma-separated values.
    Sheet,
    /// JSON lines.
    Lines,
}

/// Whose certificate holds, as of one reading. Has no `Debug`: it is many persons'.
pub struct Register {
    women: HashMap<ResidentNumber, Vec<Row>>,
    unread: Vec<u32>,
}

/// One row of a woman: her certificate, unless the row cannot be used.
struct Row {
    line: u32,
    certificate: Option<Certificate>,
}

/// What a register holds of a woman.
pub enum Entry<'a> {
    /// Her certificate.
    Certificate(&'a Certificate),
    /// Neither her nor the number asked for.
    NotFound,
    /// A row of hers without a status, or with a last day that is none: a person has to look.
    Unclear {
        /// The line of the row, from 1.
        line: u32,
    },
}

impl Register {
    /// Reads a register. It needs a column of identity numbers and one of statuses; those of
    /// certificate numbers and last days may be missing.
    ///
    /// # Errors
    /// [`LedgerError`] if the file cannot be read, or is no register.
    pub fn read(bytes: Vec<u8>, form: RegisterForm) -> Result<Self, LedgerError> {
        let mut register = Self {
            women: HashMap::new(),
            unread: Vec::new(),
        };
        match form {
            RegisterForm::Sheet => register.read_sheets(bytes)?,
            RegisterForm::Lines => register.read_lines(&bytes)?,
        }
        Ok(register)
    }

    /// How many women it holds.
    pub fn women(&self) -> usize {
        self.women.len()
    }

    /// Lines from 1 whose identity number cannot be read: these women are not found.
    pub fn unread(&self) -> &[u32] {
        &self.unread
    }

    /// What it holds of a woman: of the certificate of that number, or, where none is named, of the one
    /// that ends last; of two alike that further down. A row without a certificate number is of
    /// whichever number is asked for.
    pub fn find(&self, woman: &ResidentNumber, number: Option<&str>) -> Entry<'_> {
        let mut found: Option<&Certificate> = None;
        for row in self.women.get(woman).map_or(&[][..], Vec::as_slice) {
            let Some(certificate) = &row.certificate else {
                return Entry::Unclear { line: row.line };
            };
            let asked_for = number
                .zip(certificate.number.as_deref())
                .is_none_or(|(asked, held)| key(asked) == key(held));
            // No last day ends after all.
            let ends = |it: &Certificate| (it.valid_until.is_none(), it.valid_until);
            if asked_for && found.is_none_or(|found| ends(certificate) >= ends(found)) {
                found = Some(certificate);
            }
        }
        found.map_or(Entry::NotFound, Entry::Certificate)
    }

    fn read_sheets(&mut self, bytes: Vec<u8>) -> Result<(), LedgerError> {
        let mut workbook = Workbook::open(bytes)?;
        let mut meter = Meter::default();
        let mut headed = false;
        for place in 0..workbook.sheets().len() {
            let mut columns: Option<Columns> = None;
            workbook.lines(place, &mut meter, &mut |line| {
                match &columns {
                    None => columns = Columns::of(&line),
                    Some(known) => self.take(line.number, &known.row(&line), || {
                        // The headings again, as on every printed page.
                        Columns::of(&line).is_some()
                    }),
                }
                Ok(())
            })?;
            headed |= columns.is_some();
        }
        if headed {
            Ok(())
        } else {
            Err(LedgerError::NoRegister)
        }
    }

    fn read_lines(&mut self, bytes: &[u8]) -> Result<(), LedgerError> {
        if bytes.len() > limits::TEXT_BYTES {
            return Err(LedgerError::TooMuch(Limit::FileBytes));
        }
        let text = str::from_utf8(bytes).map_err(|_| LedgerError::Damaged)?;
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Err(LedgerError::Empty);
        }
        for (line, number) in text.lines().zip(1_u32..) {
            if line.trim().is_empty() {
                continue;
            }
            match read_object(line) {
                Ok((mut raw, problems)) => {
                    if !problems.is_empty() {
                        // What it says of her may not be what it should.
                        raw.set(Field::CertificateStatus, "");
                    }
                    self.take(number, &raw, || false);
                }
                Err(_) => self.unread.push(number),
            }
        }
        if self.women.is_empty() {
            Err(LedgerError::NoRegister)
        } else {
            Ok(())
        }
    }

    /// Takes a row; one without an identity number is a total, a signature or a note.
    fn take(&mut self, line: u32, raw: &RawDraft, is_heading: impl FnOnce() -> bool) {
        let Some(number) = raw.get(Field::ResidentId) else {
            return;
        };
        match ResidentNumber::readable(number) {
            Ok(woman) => self.women.entry(woman).or_default().push(Row {
                line,
                certificate: certificate(raw),
            }),
            Err(_) if is_heading() => {}
            Err(_) => self.unread.push(line),
        }
    }
}

/// The certificate of a row; none if it has no status, or a last day that cannot be read.
fn certificate(raw: &RawDraft) -> Option<Certificate> {
    let text = |field| raw.get(field).map(str::to_owned);
    let valid_until = match raw.get(Field::ValidUntil) {
        None => None,
        Some(day) if WITHOUT_END.contains(&day) => None,
        Some(day) => Some(parse_day(day)?),
    };
    Some(Certificate {
        number: text(Field::CertificateNumber),
        status: Some(text(Field::CertificateStatus)?),
        valid_until,
    })
}

/// A certificate number without spaces and in one case.
fn key(number: &str) -> String {
    compact(number).to_ascii_uppercase()
}

/// The columns of a sheet that hold something of a certificate.
struct Columns(Vec<(usize, Field)>);

impl Columns {
    /// Reads a line as headings; none if it has not those that a register cannot do without.
    fn of(line: &Line<'_>) -> Option<Self> {
        let mut columns: Vec<(usize, Field)> = Vec::new();
        for (place, cell) in line.cells {
            if let Some(field) = meaning(cell)
                && columns.iter().all(|(_, known)| *known != field)
            {
                columns.push((*place, field));
            }
        }
        let has = |field| columns.iter().any(|(_, known)| *known == field);
        (has(Field::ResidentId) && has(Field::CertificateStatus)).then_some(Self(columns))
    }

    fn row(&self, line: &Line<'_>) -> RawDraft {
        let mut raw = RawDraft::default();
        for (place, cell) in line.cells {
            let held = self.0.iter().find(|(column, _)| column == place);
            if let Some((_, field)) = held {
                let text = cell.text();
                if !is_blank(&text) {
                    raw.set(*field, &text);
                }
            }
        }
        raw
    }
}

/// The field of a heading, of those that a register has.
fn meaning(cell: &Cell) -> Option<Field> {
    let heading = cell.heading();
    let normal = normal(&heading);
    let own = HEADINGS
        .iter()
        .find(|(_, names)| names.contains(&normal.as_str()));
    if let Some((field, _)) = own {
        return Some(*field);
    }
    match column(&heading, None, &Mapping::default()) {
        Column::Field(field) if HEADINGS.iter().any(|(known, _)| *known == field) => Some(field),
        _ => None,
    }
}

/// A stroke or a word for nothing.
fn is_blank(text: &str) -> bool {
    ["", "无", "/", "-", "--", "—", "——"].contains(&compact(text).as_str())
}

/// The headings of a register, as far as they mean nothing, or something else, in a ledger.
const HEADINGS: [(Field, &[&str]); 4] = [
    (
        Field::ResidentId,
        &["residentid", "identitynumber", "idnumber"],
    ),
    (
        Field::CertificateNumber,
        &[
            "证号",
            "证书号",
            "证书编号",
            "certificatenumber",
            "certificateno",
        ],
    ),
    (
        Field::CertificateStatus,
        &[
            "状态",
            "证书状态",
            "证件状态",
            "status",
            "certificatestatus",
        ],
    ),
    (
        Field::ValidUntil,
        &["有效期止", "有效期截止", "到期日", "到期日期", "validuntil"],
    ),
];

/// In the place of a last day: there is none.
const WITHOUT_END: [&str; 3] = ["长期", "长期有效", "永久"];

#[cfg(test)]
mod tests {
    use super::*;

    /// Two women's numbers that belong to no one.
    const FIRST: &str = "994409198707016347";
    const SECOND: &str = "990001199001010021";

    fn sheet(text: &str) -> Register {
        Register::read(text.as_bytes().to_vec(), RegisterForm::Sheet)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn refused(text: &str, form: RegisterForm) -> LedgerError {
        Register::read(text.as_bytes().to_vec(), form)
            .err()
            .unwrap()
    }

    /// Number, status and last day of what is found; a word where nothing is.
    fn found(register: &Register, woman: &str, number: Option<&str>) -> String {
        match register.find(&ResidentNumber::readable(woman).unwrap(), number) {
            Entry::Certificate(it) => format!(
                "{} {} {}",
                it.number.as_deref().unwrap_or("-"),
                it.status.as_deref().unwrap(),
                it.valid_until
                    .map_or_else(|| "-".to_owned(), |day| day.to_string())
            ),
            Entry::NotFound => "not found".to_owned(),
            Entry::Unclear { line } => format!("unclear in line {line}"),
        }
    }

    #[test]
    fn a_woman_is_found_by_her_exact_number_after_cleaning() {
        let register = sheet(
            "婚育证明登记册\n姓名,身份证号,证号,状态,有效期至,住址\n\
             测试甲, 994409 19870701 6347 ,闽A-1,有效,2027年1月8日,测试路1号\n合计,,,1人,,\n",
        );
        assert_eq!((register.women(), register.unread()), (1, &[][..]));
        assert_eq!(found(&register, FIRST, None), "闽A-1 有效 2027-01-08");
        assert_eq!(found(&register, SECOND, None), "not found");
        let english = sheet(&format!(
            "Resident ID,Certificate No.,Status,Valid until\n{FIRST},A-1,valid,2027-01-08\n"
        ));
        assert_eq!(found(&english, FIRST, None), "A-1 valid 2027-01-08");
        let lines = format!(
            "{{\"subject\":{{\"resident_id\":\"{FIRST}\"}},\"certificate_number\":\"A-1\",\
             \"certificate_status\":\"有效\",\"valid_until\":\"2027-01-08\"}}\n"
        );
        let lines = Register::read(lines.into_bytes(), RegisterForm::Lines);
        assert_eq!(
            found(&lines.unwrap_or_else(|it| panic!("{it}")), FIRST, None),
            "A-1 有效 2027-01-08"
        );
    }

    #[test]
    fn of_several_the_one_asked_for_is_told_else_the_one_that_ends_last() {
        let register = sheet(&format!(
            "身份证号,证号,状态,有效期至\n{FIRST},B 2,有效,2028-01-01\n{FIRST},a1,注销,2024-01-01\n\
             {SECOND},C3,有效,长期\n{SECOND},C4,注销,2029-01-01\n"
        ));
        for (woman, number, expected) in [
            (FIRST, None, "B 2 有效 2028-01-01"),
            (FIRST, Some("A1"), "a1 注销 2024-01-01"),
            (FIRST, Some("b2"), "B 2 有效 2028-01-01"),
            (FIRST, Some("C3"), "not found"),
            (SECOND, None, "C3 有效 -"),
        ] {
            assert_eq!(found(&register, woman, number), expected, "{number:?}");
        }
        let without_numbers = sheet(&format!("身份证号,状态\n{FIRST},有效\n"));
        assert_eq!(found(&without_numbers, FIRST, Some("A1")), "- 有效 -");
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_line_and_never_taken_for_absent() {
        let register = sheet(&format!(
            "身份证号,证号,状态,有效期至\n35058219870701,A1,有效,\n{FIRST},A2,,\n{SECOND},A3,有效,去年\n\
             身份证号,证号,状态,有效期至\n"
        ));
        assert_eq!(register.unread(), [2]);
        assert_eq!(found(&register, FIRST, None), "unclear in line 3");
        assert_eq!(found(&register, SECOND, None), "unclear in line 4");
        let lines = format!(
            "{{\"subject\":{{\"resident_id\":\"{FIRST}\"}},\"certificate_status\":\"有效\",\"fee\":1}}\n\n[]\n"
        );
        let lines = Register::read(lines.into_bytes(), RegisterForm::Lines);
        let lines = lines.unwrap_or_else(|it| panic!("{it}"));
        assert_eq!(lines.unread(), [3]);
        assert_eq!(found(&lines, FIRST, None), "unclear in line 1");
    }

    #[test]
    fn what_is_no_register_is_refused() {
        let sheets = [
            (
                "姓名,身份证号\n测试甲,994409198707016347\n",
                LedgerError::NoRegister,
            ),
            ("", LedgerError::Empty),
        ];
        for (text, expected) in sheets {
            assert_eq!(refused(text, RegisterForm::Sheet), expected);
        }
        let lines = [
            ("", LedgerError::Empty),
            ("{\"name\":1", LedgerError::NoRegister),
            ("{\"resident\":\"1\"}", LedgerError::NoRegister),
        ];
        for (text, expected) in lines {
            assert_eq!(refused(text, RegisterForm::Lines), expected);
        }
    }
}
