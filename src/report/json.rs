//! Reports and lists for programs: an object a row.

use serde_json::{Map, Value as Json, json};

use super::{
    list::{Item, List},
    told::{Told, ToldRow},
};
use crate::domain::{
    calendar::rfc3339,
    case::Rate,
    indicator::{Indicator, Unit, Value},
    notice::Kind,
};

impl Told {
    /// An object for each row. Rates are decimal fractions with their `n`; response times working days,
    /// of which [`Response::LONGEST`](crate::domain::case::Response::LONGEST) stands for that and
    /// more. What is left out is null, with the reason in `left_out`: `fewer_than_5`, `withheld` (it
    /// is, or would give away one that is), `not_known`. A `peer_area` or `kind` of null stands for
    /// all of them.
    pub fn objects(&self) -> impl Iterator<Item = Map<String, Json>> {
        self.rows.iter().map(|row| self.object(row))
    }

    fn object(&self, row: &ToldRow) -> Map<String, Json> {
        let head = [
            ("home_area", json!(self.home.as_str())),
            ("area", json!(self.area.as_str())),
            ("from", json!(self.from.to_string())),
            ("until", json!(self.until.to_string())),
            ("as_of", json!(rfc3339(self.as_of_ms))),
            ("sandbox", json!(self.sandbox)),
            ("owes", json!(row.side.name())),
            ("peer_area", json!(row.peer.map(|peer| peer.to_string()))),
            ("kind", json!(row.kind.map(Kind::name))),
        ];
        let values = row.values.iter();
        let values = values.map(|(indicator, value)| (indicator.name(), told(*indicator, *value)));
        head.into_iter()
            .chain(values)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

fn told(indicator: Indicator, value: Value) -> Json {
    match (value, indicator.unit()) {
        (Value::Rate(rate), _) => json!({"value": fraction(rate), "n": rate.whole}),
        (Value::Days { median, p90, n }, _) => {
            json!({"median_days": median, "p90_days": p90, "n": n})
        }
        (Value::Count(count), _) => json!({"value": count}),
        (Value::Nothing, Unit::Count) => json!({"value": 0}),
        (Value::Nothing, Unit::WorkingDays) => {
            json!({"median_days": null, "p90_days": null, "n": 0})
        }
        (Value::Nothing, Unit::Rate) => json!({"value": null, "n": 0}),
        (Value::Fewer, unit) => left_out(unit, "fewer_than_5"),
        (Value::Withheld, unit) => left_out(unit, "withheld"),
        (Value::NotKnown, unit) => left_out(unit, "not_known"),
    }
}

fn left_out(unit: Unit, why: &str) -> Json {
    match unit {
        Unit::Rate => json!({"value": null, "n": null, "left_out": why}),
        Unit::WorkingDays => {
            json!({"median_days": null, "p90_days": null, "n": null, "left_out": why})
        }
        Unit::Count => json!({"value": null, "left_out": why}),
    }
}

/// Thousandths as a number: the nearest that there is, which is written with three decimals at most.
fn fraction(rate: Rate) -> Option<f64> {
    let thousandths = u32::try_from(rate.thousandths()?).ok()?;
    Some(f64::from(thousandths) / 1_000.0)
}

impl List {
    /// An object for each case.
    pub fn objects(&self) -> impl Iterator<Item = Map<String, Json>> {
        self.items.iter().map(|item| self.object(item))
    }

    fn object(&self, item: &Item) -> Map<String, Json> {
        let Item {
            case,
            notice,
            peer,
            side,
            kind,
            since,
            due,
            days_late,
            state,
            state_words: _,
        } = item;
        let members = [
            ("list", json!(self.list.name())),
            ("home_area", json!(self.home.as_str())),
            ("peer_area", json!(peer.as_str())),
            ("side", json!(side.name())),
            ("case_id", json!(case.to_string())),
            ("notice_id", json!(notice.to_string())),
            ("kind", json!(kind.name())),
            ("since", json!(since.to_string())),
            ("due", json!(due.map(|due| due.to_string()))),
            ("working_days_late", json!(days_late)),
            ("state", json!(state)),
            ("as_of", json!(rfc3339(self.as_of_ms))),
            ("sandbox", json!(self.sandbox)),
        ];
        let members = members.into_iter();
        members
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}
