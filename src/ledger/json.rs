//! Rows as JSON objects: the fields by their names, a dot in a name being an object inside.

use std::{collections::HashSet, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::domain::{
    draft::{RawDraft, entries},
    field::Field,
    notice::{Consent, Content, NoticeId},
    problem::{Code, Problem},
};

/// Reads a row. Keys that are no field, keys that come twice and values of a wrong type are told with
/// their names, never with their values.
///
/// # Errors
/// [`Code::Malformed`] alone if the text is no JSON object; otherwise what was read comes with its
/// problems.
pub fn read_object(text: &str) -> Result<(RawDraft, Vec<Problem>), Problem> {
    let malformed = || Problem::of_column(Code::Malformed, String::new());
    let json: Json = serde_json::from_str(text).map_err(|_| malformed())?;
    let Json::Object(members) = json else {
        return Err(malformed());
    };
    let mut row = Row::default();
    row.members("", members);
    row.problems.sort();
    row.problems.dedup();
    Ok((row.raw, row.problems))
}

/// What a notice says, as the object that [`read_object`] reads; the reverse of it but for the
/// reference and the areas, which are no part of the content.
pub fn write_object(
    answers: Option<NoticeId>,
    consent: Option<&Consent>,
    content: &Content,
) -> Map<String, Value> {
    let mut object = Map::new();
    for (field, value) in entries(answers, consent, content) {
        let value = written(field, value);
        match field.name().split_once('.') {
            None => {
                object.insert(field.name().to_owned(), value);
            }
            Some((outer, inner)) => {
                let inside = object
                    .entry(outer)
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(inside) = inside {
                    inside.insert(inner.to_owned(), value);
                }
            }
        }
    }
    object
}

/// A value in the form of JSON: lists as such, counts as numbers, all else as texts.
fn written(field: Field, value: String) -> Value {
    match field {
        Field::Facts => value.split(',').map(Value::from).collect(),
        Field::Figure(_) => value
            .parse::<u64>()
            .map_or(Value::String(value), Value::from),
        _ => Value::String(value),
    }
}

#[derive(Default)]
struct Row {
    raw: RawDraft,
    problems: Vec<Problem>,
}

impl Row {
    fn members(&mut self, outer: &str, members: Vec<(String, Json)>) {
        let mut seen = HashSet::new();
        for (key, value) in members {
            let name = if outer.is_empty() {
                key
            } else {
                format!("{outer}.{key}")
            };
            if seen.contains(&name) {
                self.problem(Code::FieldRepeated, &name);
            } else {
                self.member(&name, value);
                seen.insert(name);
            }
        }
    }

    fn member(&mut self, name: &str, value: Json) {
        let known = Field::from_name(name);
        let group = OBJECTS.contains(&name);
        match (known, value) {
            (Some(_), Json::Null) => {}
            (None, Json::Null) if group => {}
            (Some(field), Json::Text(text)) => self.raw.set(field, &text),
            (Some(field), Json::Number(number)) => match number_text(field, number) {
                Some(text) => self.raw.set(field, &text),
                None => self.problem(Code::ValueFormat, name),
            },
            (Some(Field::Facts), Json::Texts(names)) => {
                self.raw.set(Field::Facts, &names.join(","));
            }
            (Some(_), Json::Other | Json::Object(_) | Json::Texts(_)) => {
                self.problem(Code::ValueFormat, name);
            }
            (None, Json::Object(members)) if group => self.members(name, members),
            (None, _) if group => self.problem(Code::ValueFormat, name),
            (None, _) => self.problem(Code::UnknownField, name),
        }
    }

    fn problem(&mut self, code: Code, name: &str) {
        let shown = name.chars().filter(|c| !c.is_control()).take(64).collect();
        self.problems.push(Problem::of_column(code, shown));
    }
}

/// A number where a text belongs: taken where nothing can have been lost. Of an identity number
/// something can: it passes for what a spreadsheet has cut.
fn number_text(field: Field, number: u64) -> Option<String> {
    match field {
        Field::ResidentId if number >= 1_000_000_000_000_000 => {
            Some(format!("{number:E}")).filter(|text| text.contains('E'))
        }
        Field::ResidentId
        | Field::DestinationArea
        | Field::EventDate
        | Field::Figure(_)
        | Field::FromArea
        | Field::ManagingArea
        | Field::MaritalStatus
        | Field::MethodClass
        | Field::Month
        | Field::MovedToArea
        | Field::OriginArea
        | Field::Phone
        | Field::ToArea => Some(number.to_string()),
        _ => None,
    }
}

/// Objects inside of a row.
const OBJECTS: [&str; 3] = ["consent", "figures", "subject"];

/// A JSON value that keeps what a map would hide: members that come twice.
enum Json {
    Null,
    Text(String),
    /// A list of nothing but texts.
    Texts(Vec<String>),
    Number(u64),
    Object(Vec<(String, Self)>),
    Other,
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(item) = items.next_element()? {
            match (&mut texts, item) {
                (Some(texts), Json::Text(text)) => texts.push(text),
                _ => texts = None,
            }
        }
        Ok(texts.map_or(Json::Other, Json::Texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}
