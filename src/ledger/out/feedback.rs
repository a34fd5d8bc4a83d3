//! The feedback sheet: notices that wait for an answer, with empty columns for it. What a person fills
//! in is read by [`crate::ledger::read_ledger`], which knows the columns from the same table.

use jiff::civil::Date;

use super::{Column, Sheet, Value};
use crate::{
    domain::{
        area::AreaCode, language::Language, notice::NoticeId, outcome::OUTCOMES, problem::Text,
        resident::ResidentNumber,
    },
    ledger::answers,
};

/// A notice that waits for an answer. What its kind does not tell is absent.
#[derive(Clone)]
pub struct Received {
    /// Its id, by which it is answered.
    pub id: NoticeId,
    /// How people call its kind.
    pub kind: Text,
    /// Name of the person.
    pub name: Option<String>,
    /// Her identity number.
    pub resident_id: Option<ResidentNumber>,
    /// Her telephone number.
    pub phone: Option<String>,
    /// Day of the move.
    pub event_date: Option<Date>,
    /// Where she is registered.
    pub origin_area: Option<AreaCode>,
    /// Where she lives.
    pub destination_area: Option<AreaCode>,
    /// Where in that area.
    pub destination_address: Option<String>,
    /// Day by which the answer is due.
    pub due: Option<Date>,
}

/// The feedback sheet of a node.
#[derive(Clone, Copy, Debug)]
pub struct FeedbackForm {
    /// The language of those who fill it in.
    pub language: Language,
    /// Whether the node is a sandbox.
    pub sandbox: bool,
}

impl FeedbackForm {
    /// The sheet: what tells a person which notice it is, then what she fills in.
    pub fn sheet(self) -> Sheet {
        let word = |text: Text| self.language.word(text);
        let outcomes = OUTCOMES.map(|(name, words)| {
            let word = words.first().copied().unwrap_or(name);
            self.language.pick(word, name).to_owned()
        });
        Sheet {
            title: self
                .language
                .pick("待反馈通报", "Notices that wait for feedback")
                .to_owned(),
            sandbox: self.sandbox,
            columns: vec![
                Column::text(word(answers::NOTICE), 36),
                Column::text(word(answers::KIND), 12),
                Column::text(word(answers::NAME), 10),
                Column::text(word(answers::NUMBER), 18),
                Column::text(word(answers::PHONE), 12),
                Column::day(word(answers::DAY)),
                Column::text(word(answers::ORIGIN), 24),
                Column::text(word(answers::DESTINATION), 24),
                Column::text(word(answers::ADDRESS), 30),
                Column::day(word(answers::DUE)),
                Column::choice(word(answers::OUTCOME), outcomes.to_vec()),
                Column::day(word(answers::FEEDBACK_DAY)),
                Column::text(word(answers::MOVED_TO), 12),
                Column::text(word(answers::DUPLICATE_OF), 36),
                Column::text(word(answers::NOTE), 40),
            ],
        }
    }

    /// The row of a notice, its answer empty.
    pub fn row(self, received: &Received) -> Vec<Value> {
        let Received {
            id,
            kind,
            name,
            resident_id,
            phone,
            event_date,
            origin_area,
            destination_area,
            destination_address,
            due,
        } = received;
        let text = |text: Option<String>| text.map_or(Value::Empty, Value::Text);
        let day = |day: &Option<Date>| day.map_or(Value::Empty, Value::Day);
        let area = |area: &Option<AreaCode>| text(area.map(named));
        let number = resident_id
            .as_ref()
            .map(|number| number.as_str().to_owned());
        let mut row = vec![
            Value::Text(id.to_string()),
            Value::Text(self.language.word(*kind).to_owned()),
            text(name.clone()),
            text(number),
            text(phone.clone()),
            day(event_date),
            area(origin_area),
            area(destination_area),
            text(destination_address.clone()),
            day(due),
        ];
        row.extend(std::iter::repeat_n(Value::Empty, ANSWER));
        row
    }
}

/// An area as people know it: the name of its county before its code.
fn named(area: AreaCode) -> String {
    match area.county().entry() {
        Some(entry) => format!("{} {}", entry.name, area.as_str()),
        None => area.as_str().to_owned(),
    }
}

/// Columns of the answer.
const ANSWER: usize = 5;
