//! What was written is read back as it was.

use std::{io::Cursor, ops::ControlFlow};

use calamine::Reader as _;
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        draft::{Asked, Draft, RawDraft, Rules},
        field::Field,
        language::Language,
        notice::{Kind, NoticeId},
        outcome::OUTCOMES,
        problem::{Problem, Text},
    },
    ledger::{Judge, Mapping, Options, Row, Summary, read_ledger},
};

fn rules() -> Rules {
    Rules {
        today: date(2026, 11, 22),
        home_areas: vec!["350582".parse().unwrap()],
        sandbox: true,
    }
}

fn xlsx(sheet: &Sheet, rows: &[Vec<Value>]) -> Result<Vec<u8>, WriteError> {
    let mut bytes = Cursor::new(Vec::new());
    let mut out = XlsxSheet::begin(&mut bytes, sheet.clone())?;
    for row in rows {
        out.row(row)?;
    }
    out.finish()?;
    Ok(bytes.into_inner())
}

fn csv(sheet: &Sheet, rows: &[Vec<Value>]) -> Result<Vec<u8>, WriteError> {
    let mut bytes = Vec::new();
    let mut out = CsvSheet::begin(&mut bytes, sheet.clone())?;
    for row in rows {
        out.row(row)?;
    }
    out.finish()?;
    Ok(bytes)
}

fn read(bytes: Vec<u8>) -> (Vec<Row>, Summary) {
    let rules = rules();
    let judge = Judge {
        rules: &rules,
        gate: &|_: &Asked<'_>| Vec::new(),
    };
    let mapping = Mapping::default();
    let options = Options {
        name: "",
        kind: None,
        mapping: &mapping,
    };
    let mut rows = Vec::new();
    let summary = read_ledger(bytes, &options, &judge, &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    (rows, summary.unwrap())
}

/// Texts that spreadsheets, archives and readers stumble over.
const NASTY: [&str; 32] = [
    "=HYPERLINK(\"http://example.org/?\"&A1,\"点我\")",
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-1+1",
    "@SUM(A1:A9)",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "'=1+1",
    "''号",
    "'90年代小区",
    "a,b;c\td",
    ";;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;",
    "他说\"你好\",\"再见\"",
    "\"",
    "=\"0595\"",
    "第一行\n第二行\n",
    "0595",
    "007",
    "990001199001010021",
    "9.9E17",
    "2026-10-08",
    "２０２６．１０．８",
    "𠮷野家 𠀀 🕊",
    "_x000D_ _x005F_ _xD83D_",
    "<b>&amp;]]>&lt;",
    "  两端  空格\u{3000}",
];

const COLUMNS: [(&str, Field); 10] = [
    ("姓名", Field::Name),
    ("身份证号", Field::ResidentId),
    ("婚姻状况", Field::MaritalStatus),
    ("户籍地区划代码", Field::OriginArea),
    ("现居住地区划代码", Field::DestinationArea),
    ("流出日期", Field::EventDate),
    ("现居住地详细地址", Field::DestinationAddress),
    ("联系电话", Field::Phone),
    ("婚育证明编号", Field::CertificateNumber),
    ("业务编号", Field::Reference),
];

fn ledger() -> Sheet {
    Sheet {
        title: "流出登记".to_owned(),
        sandbox: true,
        columns: COLUMNS
            .map(|(heading, field)| match field {
                Field::EventDate => Column::day(heading),
                _ => Column::text(heading, 18),
            })
            .to_vec(),
    }
}

/// What a ledger says of a departure on that day, with that text wherever one may stand.
fn said(text: &str, day: Date) -> Vec<(Field, String)> {
    let of = |field| match field {
        Field::Name => "𠮷·古丽".to_owned(),
        Field::ResidentId => crate::envelope::samples::number(date(1990, 1, 1)),
        Field::MaritalStatus => "20".to_owned(),
        Field::OriginArea => "350582104000".to_owned(),
        Field::DestinationArea => "530111001000".to_owned(),
        Field::EventDate => day.to_string(),
        Field::Phone => "059586000000".to_owned(),
        _ => text.to_owned(),
    };
    COLUMNS.map(|(_, field)| (field, of(field))).to_vec()
}

fn values(said: &[(Field, String)], day: Date) -> Vec<Value> {
    let value = |(field, text): &(Field, String)| match field {
        Field::EventDate => Value::Day(day),
        _ => Value::Text(text.clone()),
    };
    said.iter().map(value).collect()
}

fn raw(kind: Kind, said: &[(Field, String)]) -> RawDraft {
    let mut raw = RawDraft::default();
    raw.set(Field::Kind, kind.name());
    for (field, text) in said {
        raw.set(*field, text);
    }
    raw
}

/// The draft, or its problems, in a form that can be compared.
fn judged(result: Result<Draft, Vec<Problem>>) -> Result<Vec<u8>, Vec<Problem>> {
    result.map(|draft| draft.canonical())
}

#[test]
fn what_is_written_is_read_as_the_same_drafts() {
    let long = "长".repeat(20_000);
    let texts: Vec<&str> = NASTY.into_iter().chain([long.as_str()]).collect();
    let day = |at: usize| date(2026, 1, 1).saturating_add(i64::try_from(at).unwrap().days());
    let expected: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| said(text, day(at)))
        .collect();
    let rows: Vec<_> = expected
        .iter()
        .enumerate()
        .map(|(at, said)| values(said, day(at)))
        .collect();
    for file in [xlsx(&ledger(), &rows), csv(&ledger(), &rows)] {
        let (read, summary) = read(file.unwrap());
        assert_eq!(summary, Summary::default());
        assert_eq!(read.len(), texts.len());
        for ((row, said), text) in read.into_iter().zip(&expected).zip(&texts) {
            let raw = raw(Kind::Departure, said);
            assert!(row.raw == raw, "{text}");
            let expected = Draft::parse(&raw, &rules());
            assert_eq!(judged(row.result), judged(expected), "{text}");
        }
    }
}

fn form(language: Language) -> FeedbackForm {
    FeedbackForm {
        language,
        sandbox: true,
    }
}

fn id(number: u64) -> NoticeId {
    NoticeId::new([1; 8], number)
}

fn received(number: u64) -> Received {
    Received {
        id: id(number),
        kind: Text {
            zh: "流出通报",
            en: "departures",
        },
        name: Some("=古丽".to_owned()),
        resident_id: crate::envelope::samples::number(date(1990, 1, 1))
            .parse()
            .ok(),
        phone: Some("19900000000".to_owned()),
        event_date: Some(date(2026, 10, 8)),
        origin_area: "350582104000".parse().ok(),
        destination_area: "530111".parse().ok(),
        destination_address: Some("测试路1号".to_owned()),
        due: None,
    }
}

/// The row of a notice with some of its answer filled in, by the place of the column from the right.
fn filled(form: FeedbackForm, number: u64, answer: [Value; 5]) -> Vec<Value> {
    let mut row = form.row(&received(number));
    let at = row.len() - answer.len();
    row.splice(at.., answer);
    row
}

#[test]
fn a_feedback_form_that_nobody_filled_in_answers_nothing() {
    for language in [Language::Zh, Language::En] {
        let form = form(language);
        let rows: Vec<_> = (1..=3).map(|number| form.row(&received(number))).collect();
        for file in [xlsx(&form.sheet(), &rows), csv(&form.sheet(), &rows)] {
            let (read, summary) = read(file.unwrap());
            assert_eq!(read.len(), 0);
            let nothing = Summary {
                unknown_columns: vec![],
                unanswered: 3,
            };
            assert_eq!(summary, nothing, "{language:?}");
        }
    }
}

#[test]
fn a_feedback_form_that_is_filled_in_is_read_as_its_answers() {
    for language in [Language::Zh, Language::En] {
        let form = form(language);
        let text = |text: &str| Value::Text(text.to_owned());
        let mut expected = Vec::new();
        let mut rows = Vec::new();
        for (number, (name, words)) in (1..).zip(OUTCOMES) {
            let (area, other) = match name {
                "moved_on" => ("370211001000".to_owned(), String::new()),
                "duplicate_of" => (String::new(), id(99).to_string()),
                _ => (String::new(), String::new()),
            };
            expected.push(raw(
                Kind::Feedback,
                &[
                    (Field::Answers, id(number).to_string()),
                    (Field::Outcome, name.to_owned()),
                    (Field::EventDate, "2026-11-20".to_owned()),
                    (Field::MovedToArea, area.clone()),
                    (Field::DuplicateOf, other.clone()),
                    (Field::Note, "=1+1".to_owned()),
                ],
            ));
            let answer = [
                text(language.pick(words[0], name)),
                Value::Day(date(2026, 11, 20)),
                text(&area),
                text(&other),
                text("=1+1"),
            ];
            rows.push(filled(form, number, answer));
        }
        for file in [xlsx(&form.sheet(), &rows), csv(&form.sheet(), &rows)] {
            let (read, summary) = read(file.unwrap());
            assert_eq!(summary, Summary::default());
            assert!(read.iter().all(|row| row.result.is_ok()));
            let read: Vec<_> = read.into_iter().map(|row| row.raw).collect();
            assert!(read == expected, "{language:?}");
        }
    }
}

#[test]
fn trial_data_are_stamped_in_title_and_name() {
    for (sandbox, title, name) in [
        (true, "【沙箱 sandbox】流出登记", "沙箱 sandbox 流出登记"),
        (false, "流出登记", "流出登记"),
    ] {
        let sheet = Sheet {
            sandbox,
            ..ledger()
        };
        let file = csv(&sheet, &[]).unwrap();
        let text = String::from_utf8(file).unwrap();
        let (first, _) = text.split_once("\r\n").unwrap();
        assert_eq!(
            first,
            format!("\u{feff}\"{title}\"{}", ",\"\"".repeat(COLUMNS.len() - 1))
        );
        let mut book: calamine::Xlsx<_> =
            calamine::open_workbook_from_rs(Cursor::new(xlsx(&sheet, &[]).unwrap())).unwrap();
        assert_eq!(book.sheet_names(), [name]);
        let range = book.worksheet_range(name).unwrap();
        assert_eq!(range.get_value((0, 0)).unwrap().to_string(), title);
    }
}

#[test]
fn a_name_that_no_sheet_may_have_is_mended() {
    for (title, name) in [
        ("a/b:c*d?[e]'\\", "a b c d  e"),
        ("", "1"),
        (
            "四十个字".repeat(10).as_str(),
            "四十个字四十个字四十个字四十个字四十个字四十个字四十个字四十个",
        ),
        // Two units each: the thirty-first has no room for half of one.
        ("𠮷".repeat(20).as_str(), "𠮷".repeat(15).as_str()),
    ] {
        let sheet = Sheet {
            title: title.to_owned(),
            sandbox: false,
            columns: vec![Column::whole("n")],
        };
        let file = Cursor::new(xlsx(&sheet, &[]).unwrap());
        let book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(file).unwrap();
        assert_eq!(book.sheet_names(), [name]);
    }
}

#[test]
fn values_are_written_as_what_they_are() {
    let sheet = Sheet {
        title: "统计".to_owned(),
        sandbox: false,
        columns: vec![
            Column::text("县", 6),
            Column::day("日期"),
            Column::whole("件数"),
            Column::rate("反馈率"),
        ],
    };
    let rows = [
        vec![
            Value::Text("=1".to_owned()),
            Value::Day(date(2026, 10, 8)),
            Value::Whole(12),
            Value::Rate(Rate::new(953, 1_000).unwrap()),
        ],
        vec![
            Value::Empty,
            Value::Day(date(1899, 1, 1)),
            Value::Empty,
            Value::Empty,
        ],
    ];
    let text = String::from_utf8(csv(&sheet, &rows).unwrap()).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        lines,
        [
            "\u{feff}\"统计\",\"\",\"\",\"\",\"\"",
            "\"县\",\"日期\",\"件数\",\"反馈率\",\"反馈率 n\"",
            "\"'=1\",\"2026-10-08\",\"12\",\"95.3%\",\"1000\"",
            "\"\",\"1899-01-01\",\"\",\"\",\"\"",
            "",
        ]
    );
}

#[test]
fn what_does_not_fit_is_an_error() {
    let sheet = Sheet {
        title: "表".to_owned(),
        sandbox: false,
        columns: vec![
            Column::text("甲", 6),
            Column::choice("乙", vec!["是".to_owned(), "否".to_owned()]),
        ],
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let fine = vec![text(&"𠮷".repeat(16_383)), text("否")];
    for write in [xlsx, csv] {
        assert!(write(&sheet, std::slice::from_ref(&fine)).is_ok());
        for row in [
            vec![text("a")],
            vec![text("a"), text("也许")],
            vec![Value::Whole(1), text("是")],
            vec![text("a"), text("是"), Value::Empty],
        ] {
            let error = write(&sheet, &[fine.clone(), row]).unwrap_err();
            assert!(matches!(error, WriteError::Misfit(2)), "{error}");
        }
        let long = vec![text(&"𠮷".repeat(16_384)), Value::Empty];
        let error = write(&sheet, &[long]).unwrap_err();
        assert!(matches!(error, WriteError::TooLong(1)), "{error}");
    }
    for words in [
        vec![],
        vec!["a,b".to_owned()],
        vec!["\"".to_owned()],
        vec![String::new()],
        vec!["选项".repeat(128)],
    ] {
        let sheet = Sheet {
            columns: vec![Column::choice("乙", words)],
            ..sheet.clone()
        };
        let error = xlsx(&sheet, &[]).unwrap_err();
        assert!(matches!(&error, WriteError::Choices(heading) if heading == "乙"));
        assert!(error.sentence().zh.contains('乙'));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn whatever_a_person_wrote_is_read_back(
        texts in proptest::collection::vec("['=+\\-@＝\t\r\n_x0-9A-F;,\" 甲]{0,12}|(?s).{0,20}", 1..40)
    ) {
        let form = form(Language::Zh);
        let mut expected = Vec::new();
        let mut rows = Vec::new();
        for (number, text) in (1..).zip(&texts) {
            // What says nothing is read as nothing.
            let text = format!("{text}甲");
            let answer = [
                Value::Text("属实".to_owned()),
                Value::Day(date(2026, 11, 20)),
                Value::Empty,
                Value::Empty,
                Value::Text(text.clone()),
            ];
            rows.push(filled(form, number, answer));
            expected.push(raw(Kind::Feedback, &[
                (Field::Answers, id(number).to_string()),
                (Field::Outcome, "confirmed".to_owned()),
                (Field::EventDate, "2026-11-20".to_owned()),
                (Field::Note, writable(&text).into_owned()),
            ]));
        }
        for file in [xlsx(&form.sheet(), &rows), csv(&form.sheet(), &rows)] {
            let (read, _) = read(file.unwrap());
            let read: Vec<_> = read.into_iter().map(|row| row.raw).collect();
            prop_assert!(read == expected);
        }
    }
}
