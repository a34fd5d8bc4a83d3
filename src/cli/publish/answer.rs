//! The line of answer to a row.

use serde::Serialize;

use super::super::told::Item;
use crate::{
    domain::{notice::NoticeId, problem::Problem},
    office::client::Told,
};

/// Which row.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The sheet, where the workbook has several.
    pub(super) sheet: Option<String>,
    /// Line of the sheet or file, from 1.
    pub(super) line: u32,
    /// Its reference, given or derived.
    pub(super) reference: String,
}

/// What became of it.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// It is durable; without an id where it was only judged.
    Accepted(Option<NoticeId>),
    /// An earlier call had published it.
    Repeated(NoticeId),
    /// It was refused.
    Refused(Vec<Told>),
}

impl Verdict {
    /// Refused for what was found here.
    pub(super) fn of_problems(problems: &[Problem]) -> Self {
        let told = problems.iter().map(|problem| {
            let sentence = problem.sentence();
            Told {
                code: problem.code.name().to_owned(),
                field: problem.field.clone().into_owned(),
                zh: sentence.zh,
                en: sentence.en,
                agreement: problem.agreement.map(|version| version.to_string()),
            }
        });
        Self::Refused(told.collect())
    }
}

/// The line as an object.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<&'a str>,
    line: u32,
    reference: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice_id: Option<String>,
    problems: Vec<Item<'a>>,
}

impl<'a> Line<'a> {
    /// The line of that row.
    pub(super) fn new(place: &'a Place, verdict: &'a Verdict) -> Self {
        let Place {
            sheet,
            line,
            reference,
        } = place;
        let (status, id, problems) = match verdict {
            Verdict::Accepted(id) => ("accepted", *id, [].as_slice()),
            Verdict::Repeated(id) => ("repeated", Some(*id), [].as_slice()),
            Verdict::Refused(problems) => ("refused", None, problems.as_slice()),
        };
        Self {
            sheet: sheet.as_deref(),
            line: *line,
            reference,
            status,
            notice_id: id.map(|id| id.to_string()),
            problems: problems.iter().map(Item::of).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{field::Field, problem::Code};

    fn text(sheet: Option<&str>, verdict: &Verdict) -> String {
        let place = Place {
            sheet: sheet.map(str::to_owned),
            line: 7,
            reference: "r-1".to_owned(),
        };
        serde_json::to_string(&Line::new(&place, verdict)).unwrap()
    }

    #[test]
    fn the_lines_are_the_documented_ones() {
        let id = NoticeId::new([1; 8], 2);
        assert_eq!(
            text(None, &Verdict::Accepted(Some(id))),
            r#"{"line":7,"reference":"r-1","status":"accepted","notice_id":"01010101-0101-8101-8000-000000000002","problems":[]}"#
        );
        assert_eq!(
            text(Some("一月"), &Verdict::Repeated(id)),
            r#"{"sheet":"一月","line":7,"reference":"r-1","status":"repeated","notice_id":"01010101-0101-8101-8000-000000000002","problems":[]}"#
        );
        assert_eq!(
            text(None, &Verdict::Accepted(None)),
            r#"{"line":7,"reference":"r-1","status":"accepted","problems":[]}"#
        );
        let problem = Problem::new(Code::SameArea, Field::DestinationArea);
        let refused = Verdict::of_problems(&[problem]);
        assert_eq!(
            text(None, &refused),
            r#"{"line":7,"reference":"r-1","status":"refused","problems":[{"code":"same_area","field":"destination_area","severity":"error","message":{"zh":"现居住地区划代码：户籍地与现居住地在同一区县，无需跨区县通报。","en":"destination area: Origin and destination lie in the same county; nothing needs to be told."}}]}"#
        );
    }
}
