//! A sheet, line by line: titles, headings, rows, and lines that are none of them.

use super::{
    cell::{Cell, Line},
    columns::{Column, Mapping},
    header::{Form, Header, Hint, kind_in, speaks_of_feedback},
};
use crate::domain::{
    cleaning::{compact, verification},
    draft::RawDraft,
    field::Field,
    forbidden::is_forbidden,
    notice::{Kind, NoticeId},
    problem::{Code, Problem},
};

/// Where in a sheet the reading is.
pub(super) struct Sheet<'a> {
    mapping: &'a Mapping,
    state: State,
    /// Which way the title says that the persons moved.
    title: Option<Kind>,
    hint: Hint,
    above: Vec<(usize, Cell)>,
    /// Notices of a feedback sheet whose outcome is not filled in.
    unanswered: u64,
}

enum State {
    /// Before the headings.
    Titles,
    /// Right behind the headings, which may go on for a second line.
    Headings(Header),
    /// Among the rows.
    Rows(Header),
}

/// A row before it is judged.
pub(super) struct RawRow {
    pub(super) line: u32,
    pub(super) raw: RawDraft,
    /// What the columns that are not kept carry and may not.
    pub(super) problems: Vec<Problem>,
}

impl<'a> Sheet<'a> {
    pub(super) const fn new(mapping: &'a Mapping, told: Option<Kind>) -> Self {
        Self {
            mapping,
            state: State::Titles,
            title: None,
            hint: Hint {
                told,
                titled: false,
            },
            above: Vec::new(),
            unanswered: 0,
        }
    }

    /// The headings, once they have been read.
    pub(super) const fn header(&self) -> Option<&Header> {
        match &self.state {
            State::Titles => None,
            State::Headings(header) | State::Rows(header) => Some(header),
        }
    }

    /// Which way the title says that the persons moved.
    pub(super) const fn title(&self) -> Option<Kind> {
        self.title
    }

    /// Notices of a feedback sheet, so far, whose outcome is not filled in.
    pub(super) const fn unanswered(&self) -> u64 {
        self.unanswered
    }

    /// Takes a line; gives a row if it is one.
    pub(super) fn take(&mut self, line: &Line<'_>) -> Option<RawRow> {
        let state = std::mem::replace(&mut self.state, State::Titles);
        let (state, row) = match state {
            State::Titles => {
                let header = Header::read(line.cells, &self.above, self.mapping, self.hint);
                if header.is_none() {
                    let texts = || line.cells.iter().map(|(_, cell)| cell.heading());
                    self.title = self
                        .title
                        .or_else(|| texts().find_map(|text| kind_in(&text)));
                    self.hint.titled |= texts().any(|text| speaks_of_feedback(&text));
                    self.above = line.cells.to_vec();
                }
                (header.map_or(State::Titles, State::Headings), None)
            }
            State::Headings(mut header) => {
                let row = if header.continue_with(line.cells, self.mapping) {
                    None
                } else {
                    self.row(&header, line)
                };
                (State::Rows(header), row)
            }
            State::Rows(header) => {
                let row = self.row(&header, line);
                (State::Rows(header), row)
            }
        };
        self.state = state;
        row
    }

    /// The row of a line; of a feedback sheet only one that is answered.
    fn row(&mut self, header: &Header, line: &Line<'_>) -> Option<RawRow> {
        let row = row(header, line)?;
        if header.form() == Form::Feedback && row.raw.get(Field::Outcome).is_none() {
            let listed = row.raw.get(Field::Answers).is_some();
            self.unanswered = self.unanswered.saturating_add(u64::from(listed));
            return None;
        }
        Some(row)
    }
}

/// The row of a line; `None` for a line that holds no value of any field, a total, a signature or
/// the headings again.
fn row(header: &Header, line: &Line<'_>) -> Option<RawRow> {
    let mut row = RawRow {
        line: line.number,
        raw: RawDraft::default(),
        problems: Vec::new(),
    };
    let mut verified = None;
    for (place, cell) in line.cells {
        let (column, heading) = header.column(*place);
        let text = cell.text();
        match column {
            Column::Field(field) => {
                if !says_nothing(*field, &text) {
                    row.raw.set(*field, &text);
                }
                continue;
            }
            Column::Forbidden if !is_blank(&text) => row.refuse("", heading, *place),
            _ if is_forbidden(&text) => match column {
                Column::Remark => row.refuse("remark", heading, *place),
                _ => row.refuse("", heading, *place),
            },
            Column::Remark => verified = verified.or_else(|| verification(&text)),
            _ => {}
        }
    }
    if row.raw.iter().next().is_none() || is_aside(&row.raw, line) || header.repeats(line) {
        return None;
    }
    if let Some(reason) = verified
        && row.raw.get(Field::ResidentIdVerified).is_none()
    {
        row.raw.set(Field::ResidentIdVerified, &reason);
    }
    Some(row)
}

impl RawRow {
    /// Names a column by a stable name, else its heading, else its place.
    fn refuse(&mut self, name: &str, heading: &str, place: usize) {
        let column = if !name.is_empty() {
            name.to_owned()
        } else if heading.is_empty() {
            format!("column {}", place.saturating_add(1))
        } else {
            compact(heading).chars().take(40).collect()
        };
        self.problems
            .push(Problem::of_column(Code::ForbiddenValue, column));
    }
}

/// A stroke or a word for nothing in a column that may be empty.
fn says_nothing(field: Field, text: &str) -> bool {
    let required = matches!(
        field,
        Field::Name
            | Field::ResidentId
            | Field::MaritalStatus
            | Field::OriginArea
            | Field::DestinationArea
            | Field::EventDate
    );
    !required && is_blank(text)
}

fn is_blank(text: &str) -> bool {
    let text = compact(text);
    [
        "", "无", "暂无", "没有", "否", "/", "\\", "-", "--", "—", "——",
    ]
    .contains(&text.as_str())
}

/// A total, a signature or a note: neither number nor notice, and a beginning that no row of a person
/// has.
fn is_aside(raw: &RawDraft, line: &Line<'_>) -> bool {
    let number = raw.get(Field::ResidentId);
    let notice = raw.get(Field::Answers);
    if number.is_some_and(|number| number.len() > 8)
        || notice.is_some_and(|id| id.parse::<NoticeId>().is_ok())
    {
        return false;
    }
    let Some((_, first)) = line.cells.first() else {
        return true;
    };
    let first = compact(&first.text());
    let counted = first
        .strip_prefix('共')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_numeric() || "计有".contains(c)));
    counted || ASIDES.iter().any(|word| first.starts_with(word))
}

const ASIDES: [&str; 30] = [
    "合计",
    "总计",
    "小计",
    "累计",
    "本页",
    "总人数",
    "人数合计",
    "填表",
    "制表",
    "审核",
    "审批",
    "复核",
    "负责人",
    "主管",
    "经办",
    "单位",
    "填报",
    "联系人",
    "打印",
    "报送",
    "说明",
    "注:",
    "备注:",
    "注意",
    "签字",
    "签名",
    "盖章",
    "日期:",
    "以上",
    "以下",
];
