//! Lists as sheets, and the list of what is to be answered as a feedback sheet.

use std::{collections::BTreeSet, io::Cursor, path::Path};

use super::{
    super::{
        exit::Failure,
        home::Home,
        language::both,
        output::Output,
        sheet_file::{Form, told},
    },
    lists, words,
};
use crate::{
    agreement::kind_words,
    domain::notice::{Kind, NoticeId},
    envelope::Incoming,
    ledger::out::{Column, CsvSheet, FeedbackForm, Received, Sheet, Value, WriteError, XlsxSheet},
    office::client::{CaseDebt, CaseList, CaseOnList, CaseShown},
    trust::files,
};

/// Writes what is to be answered, for a clerk to fill in.
pub(super) fn feedback(
    path: &Path,
    home: &Home,
    shown: &[CaseShown],
    output: Output,
) -> Result<(), Failure> {
    let form = FeedbackForm {
        language: output.language,
        sandbox: home.config.mode.is_sandbox(),
    };
    let rows: Vec<Vec<Value>> = shown
        .iter()
        .flat_map(asked)
        .map(|received| form.row(&received))
        .collect();
    write(path, form.sheet(), &rows)?;
    told(path, rows.len(), output)?;
    let file = path.display();
    output.say(&both(
        format!("填好“反馈结果”和“反馈日期”后：hongyan publish {file}"),
        format!("once outcome and feedback date are filled in: hongyan publish {file}"),
    ))?;
    Ok(())
}

/// The notices of a case that wait for feedback of the home area: of a correction the one that it
/// corrects, with what the correction says.
fn asked(shown: &CaseShown) -> Vec<Received> {
    let CaseShown {
        case,
        notices,
        masked: _,
    } = shown;
    let content = |id: NoticeId| {
        let place = case.history.iter().position(|event| event.notice == id)?;
        notices.get(place)?.as_ref()
    };
    let mut seen = BTreeSet::new();
    let mut asked = Vec::new();
    let mut open: Vec<&CaseDebt> = case.open(case.home).collect();
    // What was said last stands.
    open.reverse();
    for debt in open {
        let Some(event) = case.event(debt.notice) else {
            continue;
        };
        let answered = match event.kind {
            Kind::Correction => event.speaks_of.and_then(|id| case.event(id)),
            _ => Some(event),
        };
        let answered = answered.filter(|it| it.kind.answered_by() == Some(Kind::Feedback));
        if let Some(answered) = answered
            && seen.insert(answered.notice)
        {
            asked.push(received(
                answered.notice,
                answered.kind,
                debt,
                content(debt.notice),
            ));
        }
    }
    asked.reverse();
    asked
}

fn received(id: NoticeId, kind: Kind, debt: &CaseDebt, notice: Option<&Incoming>) -> Received {
    let content = notice.map(|notice| &notice.content);
    let subject = content.and_then(|content| content.subject());
    let movement = content.and_then(|content| content.movement());
    let movement = movement.map(|(_, movement)| movement);
    let asked_on = || content.and_then(|content| content.event_date());
    Received {
        id,
        kind: kind_words(kind),
        name: subject.map(|subject| subject.name.clone()),
        resident_id: subject.map(|subject| subject.resident_id.clone()),
        phone: subject.and_then(|subject| subject.phone.clone()),
        event_date: movement
            .map(|movement| movement.event_date)
            .or_else(asked_on),
        origin_area: movement.map(|movement| movement.origin_area),
        destination_area: movement.map(|movement| movement.destination_area),
        destination_address: movement.and_then(|movement| movement.destination_address.clone()),
        due: debt.answer_due,
    }
}

/// Writes a list.
pub(super) fn cases(
    path: &Path,
    home: &Home,
    list: CaseList,
    cases: &[CaseOnList],
    output: Output,
) -> Result<(), Failure> {
    let language = output.language;
    let today = home.today()?;
    let day = if lists::is_by_due_day(list) {
        ("期限", "due")
    } else {
        ("立案日期", "opened")
    };
    let heading = |(zh, en): (&'static str, &'static str)| language.pick(zh, en);
    let sheet = Sheet {
        title: language.word(lists::words(list)).to_owned(),
        sandbox: home.config.mode.is_sandbox(),
        columns: vec![
            Column::text(heading(("个案编号", "case")), 36),
            Column::text(heading(("对方区县", "other area")), 20),
            Column::text(heading(("状态", "state")), 16),
            Column::text(heading(("待办通报", "waiting")), 16),
            Column::day(heading(day)),
            Column::text(heading(("时限", "time left")), 10),
            Column::text(heading(("加急", "urgent")), 4),
            Column::text(heading(("负责科室", "responsible")), 12),
            Column::whole(heading(("疑似同一人", "near matches"))),
        ],
    };
    let text = |text: &str| match text {
        "" => Value::Empty,
        text => Value::Text(text.to_owned()),
    };
    let row = |listed: &CaseOnList| {
        let CaseOnList { day, case } = listed;
        let off = day.filter(|_| lists::is_by_due_day(list));
        let off = off.map(|day| words::off(day, today));
        let near = case.near_matches.len() as u64;
        vec![
            Value::Text(case.id.to_string()),
            Value::Text(case.other.label()),
            text(language.of(&words::state(case))),
            text(language.of(&words::waiting(case, list))),
            day.map_or(Value::Empty, Value::Day),
            off.map_or(Value::Empty, |off| text(language.of(&off))),
            text(if case.urgent {
                language.pick("急", "urgent")
            } else {
                ""
            }),
            text(
                &case
                    .responsible
                    .as_ref()
                    .map_or_else(String::new, words::office),
            ),
            if near == 0 {
                Value::Empty
            } else {
                Value::Whole(near)
            },
        ]
    };
    let rows: Vec<Vec<Value>> = cases.iter().map(row).collect();
    write(path, sheet, &rows)?;
    told(path, rows.len(), output)
}

/// Puts the sheet in place as a whole, readable by nobody else: it may name people.
fn write(path: &Path, sheet: Sheet, rows: &[Vec<Value>]) -> Result<(), Failure> {
    let refused = |error: WriteError| Failure::refused(error.sentence());
    let bytes = match Form::of(path) {
        Some(Form::Csv) => csv(sheet, rows),
        Some(Form::Xlsx) | None => xlsx(sheet, rows),
    };
    Ok(files::write_new_secret(path, &bytes.map_err(refused)?)?)
}

fn xlsx(sheet: Sheet, rows: &[Vec<Value>]) -> Result<Vec<u8>, WriteError> {
    let mut bytes = Cursor::new(Vec::new());
    let mut out = XlsxSheet::begin(&mut bytes, sheet)?;
    rows.iter().try_for_each(|row| out.row(row))?;
    out.finish()?;
    Ok(bytes.into_inner())
}

fn csv(sheet: Sheet, rows: &[Vec<Value>]) -> Result<Vec<u8>, WriteError> {
    let mut bytes = Vec::new();
    let mut out = CsvSheet::begin(&mut bytes, sheet)?;
    rows.iter().try_for_each(|row| out.row(row))?;
    out.finish()?;
    Ok(bytes)
}
