//! Feedback sheets, read.

use super::{
    tests::{read, read_with, refusal, rules},
    *,
};
use crate::domain::{
    draft::Asked,
    notice::{Content, Feedback, NoticeId, Outcome},
    outcome::OUTCOMES,
};

const ID: &str = "01010101-0101-8101-8000-000000000001";
const OTHER: &str = "01010101-0101-8101-8000-000000000002";
const HEADINGS: &str =
    "通报编号,姓名,身份证号,流动日期,反馈结果,反馈日期,再流往地,重复的通报编号,说明";

/// A row that answers that notice so.
fn row(id: &str, outcome: &str) -> String {
    format!("{id},杨晓燕,994409198707016347,2026-09-22,{outcome},2026-11-20,,,\n")
}

/// The drafts of a file; a row that is refused fails the test.
fn drafts(text: &str) -> Vec<Draft> {
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
    let mut drafts = Vec::new();
    read_ledger(text.into(), &options, &judge, &mut |row| {
        drafts.push(row.result.unwrap_or_else(|problems| panic!("{problems:?}")));
        ControlFlow::Continue(())
    })
    .unwrap();
    drafts
}

fn told(text: String) -> Vec<Vec<String>> {
    let (rows, _) = read(text).unwrap();
    rows.into_iter().map(|(.., problems)| problems).collect()
}

fn with(kind: Kind, text: &str) -> Result<(tests::Read, Summary), LedgerError> {
    let mapping = Mapping::default();
    let options = Options {
        name: "",
        kind: Some(kind),
        mapping: &mapping,
    };
    read_with(text.into(), &options)
}

#[test]
fn every_outcome_is_read_by_its_words_and_by_its_name() {
    let mut text = format!("2026年11月待反馈通报\n{HEADINGS}\n");
    let mut expected = Vec::new();
    let mut number = 0_u64;
    for (name, words) in OUTCOMES {
        for word in words.iter().chain([&name]) {
            number += 1;
            let id = NoticeId::new([1; 8], number);
            let (area, other) = match name {
                "moved_on" => ("370211001000", ""),
                "duplicate_of" => ("", OTHER),
                _ => ("", ""),
            };
            text += &format!("{id},杨晓燕,,,{word},2026.11.20,{area},{other},\n");
            expected.push((id, name));
        }
    }
    let drafts = drafts(&text);
    let read: Vec<(NoticeId, &str)> = drafts
        .iter()
        .map(|draft| match &draft.content {
            Content::Feedback(Feedback {
                outcome,
                event_date,
                note: None,
            }) => {
                assert_eq!(event_date.to_string(), "2026-11-20");
                match outcome {
                    Outcome::MovedOn(area) => assert_eq!(area.as_str(), "370211001000"),
                    Outcome::DuplicateOf(id) => assert_eq!(id.to_string(), OTHER),
                    _ => {}
                }
                (draft.answers.unwrap(), outcome.name())
            }
            _ => panic!("no feedback"),
        })
        .collect();
    assert_eq!(read, expected);
}

#[test]
fn what_only_shows_the_person_does_not_travel() {
    let drafts = drafts(&format!("{HEADINGS}\n{}", row(ID, "属实")));
    let fields = drafts[0].filled_fields();
    assert_eq!(fields, [Field::Answers, Field::EventDate, Field::Outcome]);
}

#[test]
fn a_row_without_an_outcome_is_no_row_and_is_counted() {
    let text = format!(
        "{HEADINGS}\n{}{}{}{OTHER},甲,,,,2026-11-20,,,已电话联系\n,,,,,,,,\n合计,3,,,,,,,\n",
        row(ID, ""),
        row(OTHER, "无"),
        row(OTHER, "属实"),
    );
    let (rows, summary) = read(text).unwrap();
    assert_eq!(rows, [(None, 4, vec![])]);
    // The total stands where the ids do.
    assert_eq!(summary.unanswered, 3);
    assert_eq!(summary.unknown_columns, Vec::<String>::new());
}

#[test]
fn a_row_tells_all_its_problems_at_once() {
    let text = format!(
        "{HEADINGS}\n\
         {ID},,,,已再流出,,,,\n\
         12,,,,重复,2026-11-31,,34,\n\
         ,,,,不清楚,2027-01-01,,,\n\
         {ID},,,,属实,2026-11-20,370211,{OTHER},\n\
         {OTHER},,,,已再流出,2026-11-20,999999,,\n"
    );
    assert_eq!(
        told(text),
        [
            vec!["missing_field event_date", "missing_field moved_to_area"],
            vec![
                "date_format event_date",
                "value_format answers",
                "value_format duplicate_of",
            ],
            vec![
                "missing_field answers",
                "date_in_future event_date",
                "value_format outcome",
            ],
            vec!["value_format duplicate_of", "value_format moved_to_area"],
            vec!["area_unknown moved_to_area"],
        ]
    );
}

#[test]
fn a_row_that_names_a_notice_is_one_whatever_else_it_looks_like() {
    // Like a second line of headings.
    let text = format!("{HEADINGS}\na{},甲,,,属实,,,,联系电话\n", &ID[1..]);
    assert_eq!(told(text), [vec!["missing_field event_date"]]);
    // Like a signature.
    let text = format!("姓名,通报编号,反馈结果,反馈日期\n单位宿舍甲,{ID},属实,2026-11-20\n");
    assert_eq!(told(text).len(), 1);
    // And these are none.
    let text = format!("{HEADINGS}\n填表人:甲,,,,审核人:乙,,,,\n{HEADINGS}\n");
    assert_eq!(told(text), Vec::<Vec<String>>::new());
}

#[test]
fn a_second_row_of_the_same_notice_and_outcome_is_a_duplicate() {
    let text = format!(
        "{HEADINGS}\n{}{}{}{}{}",
        row(ID, "属实"),
        row(ID, "已更正"),
        row(OTHER, "属实"),
        row(ID, "confirmed").replace("11-20", "11-21"),
        row(ID, "属实").replace(ID, &ID.to_uppercase()),
    );
    let again = vec!["duplicate_in_file answers".to_owned()];
    let none = Vec::new();
    assert_eq!(
        told(text),
        [none.clone(), none.clone(), none, again.clone(), again]
    );
}

#[test]
fn a_forbidden_word_is_refused_in_a_column_that_is_only_shown() {
    let text = format!(
        "{HEADINGS},备注,丈夫姓名,社会抚养费\n{},,,\n{},躲藏,,\n{},,A95,\n{},,,3000\n",
        row(ID, "属实").replace("杨晓燕", "下落不明").trim_end(),
        row(OTHER, "属实").trim_end(),
        row(ID, "已更正").trim_end(),
        row(OTHER, "已更正").trim_end(),
    );
    let (rows, summary) = read(text).unwrap();
    let columns: Vec<_> = rows.into_iter().map(|(.., problems)| problems).collect();
    let forbidden = |column: &str| vec![format!("forbidden_value {column}")];
    assert_eq!(
        columns,
        [
            forbidden("姓名"),
            forbidden("备注"),
            forbidden("丈夫姓名"),
            forbidden("社会抚养费"),
        ]
    );
    assert_eq!(summary.unknown_columns, ["丈夫姓名"]);
}

#[test]
fn a_sheet_is_one_of_feedback_by_its_headings_its_title_or_the_callers_word() {
    let body = row(ID, "属实");
    // By its headings, whatever the title says.
    let text = format!("流出人员反馈表\n{HEADINGS}\n{body}");
    assert_eq!(drafts(&text).len(), 1);
    // By its title or the caller's word, though no column names the notice.
    let headings = HEADINGS.replace("通报编号,姓名", "编号,姓名");
    let missing = vec!["missing_field answers".to_owned()];
    let titled = format!("反馈表\n{headings}\n{body}");
    assert_eq!(told(titled.clone()), std::slice::from_ref(&missing));
    let (rows, _) = with(Kind::Feedback, &format!("{headings}\n{body}")).unwrap();
    assert_eq!(rows[0].2, missing);
    // By neither: the headings are those of a ledger that does not say which way.
    assert_eq!(
        refusal(format!("{headings}\n{body}")),
        LedgerError::KindUnknown
    );
    // The caller's word against both.
    let (rows, _) = with(Kind::Departure, &titled).unwrap();
    assert!(rows[0].2.contains(&"missing_field origin_area".to_owned()));
}

#[test]
fn a_feedback_sheet_without_outcomes_is_refused_as_a_whole() {
    let headings = HEADINGS.replace("反馈结果", "结果");
    let body = row(ID, "属实");
    for text in [
        format!("待反馈通报\n{headings}\n{body}"),
        format!("Feedback\n{headings}\n{body}"),
    ] {
        assert_eq!(refusal(text), LedgerError::NoOutcomes);
    }
    let told = with(Kind::Feedback, &format!("{headings}\n{body}"));
    assert_eq!(told.err(), Some(LedgerError::NoOutcomes));
    let ledger = "流出登记\n姓名,身份证号,婚姻状况\n杨晓燕,994409198707016347,20\n";
    let told = with(Kind::Feedback, ledger);
    assert_eq!(told.err(), Some(LedgerError::NoHeader));
}

#[test]
fn a_ledger_of_moves_may_have_a_column_of_feedback() {
    let text = "流出登记（含反馈）\n姓名,身份证号,婚姻状况,户籍地区划代码,现居住地区划代码,流出日期,通报编号,反馈日期\n\
        杨晓燕,994409198707016347,20,350582104000,530111001000,2026-09-22,r-1,2026-10-20\n";
    let drafts = drafts(text);
    assert!(matches!(drafts[0].content, Content::Departure(_)));
    assert_eq!(
        drafts[0].reference.as_ref().map(|it| it.as_str()),
        Some("r-1")
    );
}

#[test]
fn the_apostrophe_that_keeps_a_text_a_text_is_taken_off() {
    let text = format!(
        "{HEADINGS}\n{ID},,,,属实,2026-11-20,,,'=HYPERLINK(\"\"x\"\")\n{OTHER},,,,已再流出,'2026-11-20,'370211001000,,''@x\n"
    );
    let notes: Vec<_> = drafts(&text)
        .into_iter()
        .map(|draft| match draft.content {
            Content::Feedback(feedback) => feedback.note,
            _ => None,
        })
        .collect();
    assert_eq!(
        notes,
        [
            Some("=HYPERLINK(\"\"x\"\")".to_owned()),
            Some("'@x".to_owned())
        ]
    );
}
