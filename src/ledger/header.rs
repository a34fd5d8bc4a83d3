//! The row of headings of a sheet, what its rows tell, and which way its persons moved.

use super::{
    answers::{answer_column, names_an_answer},
    cell::{Cell, Line},
    columns::{Column, Mapping, column},
};
use crate::domain::{field::Field, forbidden::is_forbidden, notice::Kind};

/// What the rows of a sheet tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Moves.
    Movement,
    /// Answers to notices.
    Feedback,
}

/// What is known of a sheet before its headings are read.
#[derive(Clone, Copy)]
pub(super) struct Hint {
    /// The kind of its rows, if the caller knows.
    pub(super) told: Option<Kind>,
    /// Whether a title speaks of feedback, and not of a move.
    pub(super) titled: bool,
}

/// The headings of a sheet.
pub(super) struct Header {
    form: Form,
    /// By column: what it means and how it is headed.
    columns: Vec<(Column, String)>,
    /// Which way the headings say that the persons moved.
    says: Option<Kind>,
    /// Which way the names of the places suggest: an origin's ledger calls the destination 流入地.
    suggests: Option<Kind>,
}

impl Header {
    /// Reads a line as headings, under the line before it where that heads groups. `None` if it is
    /// none: headings of moves name at least three fields, the name or the number among them.
    pub(super) fn read(
        line: &[(usize, Cell)],
        above: &[(usize, Cell)],
        mapping: &Mapping,
        hint: Hint,
    ) -> Option<Self> {
        if matches!(hint.told, None | Some(Kind::Feedback)) {
            let header = Self::of_answers(line, mapping, hint);
            if header.is_some() || hint.told.is_some() {
                return header;
            }
        }
        let mut header = Self::of(Form::Movement, line, |place, heading| {
            column(heading, group(above, place).as_deref(), mapping)
        });
        let fields = header.fields();
        let of_person = fields.contains(&Field::Name) || fields.contains(&Field::ResidentId);
        if fields.len() < 3 || !of_person {
            return None;
        }
        let headings = || line.iter().map(|(_, cell)| cell.heading());
        header.says = kind_in(
            &headings()
                .filter(|text| !names_a_place(text))
                .collect::<Vec<_>>()
                .join(" "),
        );
        header.suggests = match kind_in(&headings().collect::<Vec<_>>().join(" ")) {
            Some(Kind::Arrival) => Some(Kind::Departure),
            Some(Kind::Departure) => Some(Kind::Arrival),
            _ => None,
        };
        Some(header)
    }

    /// Reads a line as the headings of a feedback sheet: they name the notice and the outcome. One of
    /// the two beside another column is enough where the sheet is known to be one.
    fn of_answers(line: &[(usize, Cell)], mapping: &Mapping, hint: Hint) -> Option<Self> {
        let mut headings = line.iter().map(|(_, cell)| cell.heading());
        if !headings.any(|heading| names_an_answer(&heading, mapping)) {
            return None;
        }
        let header = Self::of(Form::Feedback, line, |_, heading| {
            answer_column(heading, mapping)
        });
        let whole = header.has(Field::Answers) && header.has(Field::Outcome);
        let known = hint.told.is_some() || hint.titled;
        (whole || known && header.fields().len() >= 2).then_some(header)
    }

    fn of(form: Form, line: &[(usize, Cell)], meaning: impl Fn(usize, &str) -> Column) -> Self {
        let mut columns: Vec<(Column, String)> = Vec::new();
        for (place, cell) in line {
            columns.resize(*place, (Column::Unknown, String::new()));
            let heading = cell.heading();
            columns.push((meaning(*place, &heading), heading));
        }
        let mut header = Self {
            form,
            columns,
            says: None,
            suggests: None,
        };
        header.settle();
        header
    }

    /// What the rows tell.
    pub(super) const fn form(&self) -> Form {
        self.form
    }

    /// Whether a column holds that field.
    pub(super) fn has(&self, field: Field) -> bool {
        self.fields().contains(&field)
    }

    /// Takes a second line of headings into account: one that has nothing where name and number stand
    /// and means something under the groups of the first. False if the line is none.
    pub(super) fn continue_with(&mut self, line: &[(usize, Cell)], mapping: &Mapping) -> bool {
        if self.form == Form::Feedback {
            return false;
        }
        let person = [Column::Field(Field::Name), Column::Field(Field::ResidentId)];
        let of_person = |place: &usize| {
            self.columns
                .get(*place)
                .is_some_and(|(column, _)| person.contains(column))
        };
        if line.iter().any(|(place, _)| of_person(place)) {
            return false;
        }
        let above: Vec<(usize, Cell)> = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, (_, heading))| !heading.is_empty())
            .map(|(place, (_, heading))| (place, Cell::Text(heading.clone())))
            .collect();
        let found: Vec<(usize, Column, String)> = line
            .iter()
            .map(|(place, cell)| {
                let heading = cell.heading();
                let group = group(&above, *place);
                let column = column(&heading, group.as_deref(), mapping);
                (*place, column, heading)
            })
            .collect();
        let meaning = |column: &Column| matches!(column, Column::Field(_));
        let headed = |text: &str| !text.starts_with(|c: char| c.is_numeric());
        if !found.iter().any(|(_, column, _)| meaning(column))
            || !found.iter().all(|(_, _, heading)| headed(heading))
        {
            return false;
        }
        for (place, column, heading) in found {
            if self.columns.len() <= place {
                let length = place.saturating_add(1);
                self.columns
                    .resize(length, (Column::Unknown, String::new()));
            }
            if let Some(slot) = self.columns.get_mut(place) {
                *slot = (column, heading);
            }
        }
        self.settle();
        true
    }

    /// What the column of that place means, and its heading.
    pub(super) fn column(&self, place: usize) -> (&Column, &str) {
        self.columns
            .get(place)
            .map_or((&Column::Unknown, ""), |(column, heading)| {
                (column, heading)
            })
    }

    /// Headings that nobody knows.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.columns
            .iter()
            .filter(|(column, heading)| *column == Column::Unknown && !heading.is_empty())
            .map(|(_, heading)| heading.as_str())
    }

    /// Which way the headings say that the persons moved.
    pub(super) const fn says(&self) -> Option<Kind> {
        self.says
    }

    /// Which way the names of the places suggest.
    pub(super) const fn suggests(&self) -> Option<Kind> {
        self.suggests
    }

    /// Whether a line is these headings again, as on every printed page.
    pub(super) fn repeats(&self, line: &Line<'_>) -> bool {
        let same = line.cells.iter().filter(|(place, cell)| {
            let (column, heading) = self.column(*place);
            matches!(column, Column::Field(_)) && cell.heading() == heading
        });
        same.count() >= 2
    }

    /// A field has one column: the first. A place without a code beside it is the code.
    fn settle(&mut self) {
        let mut seen = Vec::new();
        for (column, _) in &mut self.columns {
            if let Column::Field(field) = column {
                if seen.contains(field) {
                    *column = Column::Dropped;
                } else {
                    seen.push(*field);
                }
            }
        }
        for (column, _) in &mut self.columns {
            if let Column::Place(field) = *column {
                *column = if seen.contains(&field) {
                    Column::Dropped
                } else {
                    seen.push(field);
                    Column::Field(field)
                };
            }
        }
    }

    fn fields(&self) -> Vec<Field> {
        let fields = self.columns.iter().filter_map(|(column, _)| match column {
            Column::Field(field) => Some(*field),
            _ => None,
        });
        fields.collect()
    }
}

/// The kind of ledger that a text speaks of, if it speaks of one only.
pub(super) fn kind_in(text: &str) -> Option<Kind> {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    match (dense.contains("流出"), dense.contains("流入")) {
        (true, false) => Some(Kind::Departure),
        (false, true) => Some(Kind::Arrival),
        _ => None,
    }
}

/// Whether a title speaks of feedback, and not of a move.
pub(super) fn speaks_of_feedback(text: &str) -> bool {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let named = dense.contains("反馈") || dense.to_ascii_lowercase().contains("feedback");
    named && kind_in(text).is_none()
}

/// Whether a heading uses 流出 or 流入 only to name a place.
fn names_a_place(heading: &str) -> bool {
    let dense: String = heading.chars().filter(|c| !c.is_whitespace()).collect();
    (dense.contains("流出地") || dense.contains("流入地")) && !is_forbidden(&dense)
}

/// The heading that stands over a column: merged cells keep theirs in the first.
fn group(above: &[(usize, Cell)], place: usize) -> Option<String> {
    above
        .iter()
        .rfind(|(column, _)| *column <= place)
        .map(|(_, cell)| cell.heading())
}
