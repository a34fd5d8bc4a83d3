use std::io::Write;

use jiff::civil::Date;

use super::*;
use crate::domain::{draft::Asked, notice::Figure};

pub(super) fn rules() -> Rules {
    Rules {
        today: Date::new(2026, 11, 22).unwrap(),
        home_areas: vec!["350582".parse().unwrap()],
        sandbox: true,
    }
}

/// What a reading gave: of each row its sheet, its line and its problems.
pub(super) type Read = Vec<(Option<String>, u32, Vec<String>)>;

pub(super) fn read_with(
    bytes: Vec<u8>,
    options: &Options<'_>,
) -> Result<(Read, Summary), LedgerError> {
    let rules = rules();
    let judge = Judge {
        rules: &rules,
        gate: &|_: &Asked<'_>| Vec::new(),
    };
    let mut rows = Vec::new();
    let summary = read_ledger(bytes, options, &judge, &mut |row| {
        rows.push((row.sheet, row.line, told(row.result)));
        ControlFlow::Continue(())
    })?;
    Ok((rows, summary))
}

fn told(result: Result<Draft, Vec<Problem>>) -> Vec<String> {
    let problems = result.err().unwrap_or_default();
    problems
        .iter()
        .map(|problem| format!("{} {}", problem.code, problem.field))
        .collect()
}

pub(super) fn read(bytes: impl Into<Vec<u8>>) -> Result<(Read, Summary), LedgerError> {
    let mapping = Mapping::default();
    let options = Options {
        name: "",
        kind: None,
        mapping: &mapping,
    };
    read_with(bytes.into(), &options)
}

pub(super) fn refusal(bytes: impl Into<Vec<u8>>) -> LedgerError {
    read(bytes).err().unwrap()
}

const HEADINGS: &str = "姓名,身份证号,婚姻状况,户籍地区划代码,现居住地区划代码,流出日期,备注";
const ROW: &str = "杨晓燕,994409198707016347,20,350582104000,530111001000,2026-09-22,";

#[test]
fn titles_blanks_totals_signatures_and_headings_again_are_no_rows() {
    let text = format!(
        "2026年10月流出登记表\n填报单位：某县\n\n{HEADINGS}\n{ROW}\n,,,,,,\n{HEADINGS}\n合计,,,,,,240人\n\
         共1人\n制表人：某某,,,审核人：某某,,,\n说明：本表由乡镇填报\n注：略\n12,,,,,,\n"
    );
    // The last holds a name alone: somebody's row, however bare.
    let (rows, _) = read(text).unwrap();
    let lines: Vec<u32> = rows.iter().map(|(_, line, _)| *line).collect();
    assert_eq!(lines, [5, 13]);
}

#[test]
fn the_kind_is_that_of_the_title_then_of_the_headings() {
    let with_title = |title: &str, date: &str| {
        let headings = HEADINGS.replace("流出日期", date);
        read(format!("{title}\n{headings}\n{ROW}\n")).map(|(rows, _)| rows[0].2.clone())
    };
    // The origin is ours, so that an arrival is not.
    assert_eq!(with_title("流出登记", "流动日期"), Ok(vec![]));
    assert_eq!(
        with_title("流入登记", "流出日期"),
        Ok(vec!["area_not_ours destination_area".to_owned()])
    );
    assert_eq!(with_title("登记", "流出日期"), Ok(vec![]));
    assert_eq!(
        with_title("登记", "流动日期"),
        Err(LedgerError::KindUnknown)
    );
}

#[test]
fn a_departure_ledger_may_call_the_destination_by_its_name() {
    let headings = "姓名,证件号码,婚姻,户籍地代码,流入地行政区划代码,流动日期";
    let (rows, _) = read(format!("{headings}\n{ROW}\n")).unwrap();
    assert_eq!(rows[0].2, Vec::<String>::new());
}

#[test]
fn headings_may_stand_in_two_lines() {
    let text = "流出登记\n姓名,身份证号,婚姻状况,户籍地,,现居住地,,流出日期\n,,,代码,详细地址,代码,详细地址,\n\
        杨晓燕,994409198707016347,20,350582104000,某村,530111001000,某街,2026-09-22\n";
    let (rows, summary) = read(text).unwrap();
    assert_eq!(rows, [(None, 4, vec![])]);
    assert_eq!(summary.unknown_columns, Vec::<String>::new());
}

#[test]
fn what_is_not_kept_is_looked_at_and_what_is_unknown_is_named() {
    let text = format!(
        "{HEADINGS},社会抚养费,丈夫姓名,登记人\n{ROW},,王某,\n{},3000,,\n{},无,A95,\n{}\n",
        ROW.replace("09-22", "09-23"),
        ROW.replace("09-22", "09-24"),
        ROW.replace("09-22,", "09-25,躲藏"),
    );
    let (rows, summary) = read(text).unwrap();
    let problems: Vec<_> = rows.into_iter().map(|(_, _, problems)| problems).collect();
    let forbidden = |column: &str| vec![format!("forbidden_value {column}")];
    assert_eq!(
        problems,
        [
            vec![],
            forbidden("社会抚养费"),
            forbidden("丈夫姓名"),
            forbidden("remark")
        ]
    );
    assert_eq!(summary.unknown_columns, ["丈夫姓名"]);
}

#[test]
fn the_first_of_two_rows_stands_even_if_it_is_refused() {
    let unnamed = ROW.replace("杨晓燕", "");
    let text = format!("{HEADINGS}\n{unnamed}\n{ROW}\n");
    let (rows, _) = read(text).unwrap();
    assert_eq!(rows[0].2, ["missing_field subject.name"]);
    assert_eq!(rows[1].2, ["duplicate_in_file subject.resident_id"]);
}

#[test]
fn texts_are_read_in_any_coding_and_with_any_delimiter() {
    let text = format!("{HEADINGS}\n{}\n", ROW.replace("杨晓燕", "𠮷丽·古丽"));
    let (gb, _, lost) = encoding_rs::GB18030.encode(&text);
    assert!(!lost);
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(text.replace(',', "\t").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let files = [
        text.clone().into_bytes(),
        format!("\u{feff}{text}").into_bytes(),
        text.replace(',', "\t").into_bytes(),
        text.replace(',', ";").into_bytes(),
        text.replace('\n', "\r\n").into_bytes(),
        gb.into_owned(),
        utf16,
    ];
    for file in files {
        assert_eq!(read(file).unwrap().0, [(None, 2, vec![])]);
    }
}

#[test]
fn what_stands_in_a_quoted_value_is_no_delimiter() {
    let text = format!("{HEADINGS}\n{}\"{}\"\n", ROW, ";".repeat(40) + "\"\";\n;;");
    assert_eq!(read(text).unwrap().0, [(None, 2, vec![])]);
}

#[test]
fn a_mapping_reads_headings_of_an_offices_own() {
    let mapping = "[columns]\n\"证\" = \"subject.resident_id\"\n\"去处\" = \"destination_area\"";
    let mapping = Mapping::parse(mapping).unwrap();
    let options = Options {
        name: "",
        kind: Some(Kind::Departure),
        mapping: &mapping,
    };
    let text = format!("姓名,证,婚姻,户籍地代码,去处,流动日期\n{ROW}\n");
    let (rows, _) = read_with(text.into_bytes(), &options).unwrap();
    assert_eq!(rows, [(None, 2, vec![])]);
}

#[test]
fn json_rows_are_judged_one_by_one() {
    let good = r#"{"reference":"r-1","kind":"departure","to_area":"530111","event_date":"2026.10.8","subject":{"name":"杨晓燕","resident_id":"994409198707016347","marital_status":21,"phone":19950160869},"origin_area":350582104000,"destination_area":"530111001000"}"#;
    let long = format!("{{\"note\":\"{}\"}}", "字".repeat(limits::JSON_ROW_BYTES));
    let input = [
        good,
        "",
        "[1]",
        "{\"a\":",
        &good.replace("\"phone\"", "\"fon\""),
        &good.replace("\"to_area\"", "\"kind\":\"arrival\",\"to_area\""),
        &good
            .replace("\"21\"", "21")
            .replace("\"994409198707016347\"", "994409198707016347"),
        &long,
        &good.replace("r-1", "r-2"),
        &good.replace("杨晓燕\"", "杨晓燕\",\"name\":\"乙\""),
    ]
    .join("\n");
    let rules = rules();
    let judge = Judge {
        rules: &rules,
        gate: &|_: &Asked<'_>| Vec::new(),
    };
    let mut rows = Vec::new();
    read_lines(input.as_bytes(), None, &judge, &mut |row| {
        rows.push((row.line, told(row.result)));
        ControlFlow::Continue(())
    })
    .unwrap();
    let one = |line: u32, problem: &str| (line, vec![problem.to_owned()]);
    assert_eq!(
        rows,
        [
            (1, vec![]),
            one(3, "malformed "),
            one(4, "malformed "),
            one(5, "unknown_field subject.fon"),
            one(6, "field_repeated kind"),
            one(7, "resident_id_precision_lost subject.resident_id"),
            one(8, "too_large "),
            one(9, "duplicate_in_file subject.resident_id"),
            one(10, "field_repeated subject.name"),
        ]
    );
}

#[test]
fn rows_about_different_notices_are_no_duplicates() {
    let notice = |number: u32| format!("01020304-0506-8708-8000-{number:012}");
    let row = |kind: &str, answers: &str| {
        format!(
            r#"{{"kind":"{kind}",{answers}"to_area":"530111","event_date":"2026-10-08","subject":{{"name":"杨晓燕","resident_id":"994409198707016347","marital_status":"21"}},"facts":["phone"]}}"#
        )
    };
    let of = |number| {
        row(
            "verification_request",
            &format!(r#""answers":"{}","#, notice(number)),
        )
    };
    let input = [of(1), of(2), row("verification_request", ""), of(1)].join("\n");
    let rules = rules();
    let judge = Judge {
        rules: &rules,
        gate: &|_: &Asked<'_>| Vec::new(),
    };
    let mut rows = Vec::new();
    read_lines(input.as_bytes(), None, &judge, &mut |row| {
        rows.push(told(row.result));
        ControlFlow::Continue(())
    })
    .unwrap();
    let again = vec!["duplicate_in_file subject.resident_id".to_owned()];
    assert_eq!(rows, [vec![], vec![], vec![], again]);
}

#[test]
fn lists_and_counts_have_their_own_forms_in_json() {
    let read = |says: &str| {
        let (raw, problems) = read_object(&format!("{{{says}}}")).ok().unwrap();
        let facts = raw.get(Field::Facts).map(str::to_owned);
        let overdue = raw.get(Field::Figure(Figure::Overdue)).map(str::to_owned);
        let told = problems
            .iter()
            .map(|it| format!("{} {}", it.code, it.field));
        (facts.or(overdue), told.collect::<Vec<_>>())
    };
    for (says, value) in [
        (r#""facts":["phone","lives_here"]"#, "phone,lives_here"),
        (r#""facts":"phone, lives_here""#, "phone,lives_here"),
        (r#""figures":{"overdue":7}"#, "7"),
        (r#""figures":{"overdue":"7"}"#, "7"),
    ] {
        assert_eq!(read(says), (Some(value.to_owned()), vec![]), "{says}");
    }
    for (says, problem) in [
        (r#""facts":["phone",1]"#, "value_format facts"),
        (r#""facts":[["phone"]]"#, "value_format facts"),
        (r#""text":["phone"]"#, "value_format text"),
        (r#""figures":[7]"#, "value_format figures"),
        (
            r#""figures":{"overdue":7.5}"#,
            "value_format figures.overdue",
        ),
        (r#""figures":{"late":7}"#, "unknown_field figures.late"),
        (r#""overdue":7"#, "unknown_field overdue"),
    ] {
        assert_eq!(read(says), (None, vec![problem.to_owned()]), "{says}");
    }
    assert_eq!(read(r#""facts":[]"#), (None, vec![]));
}

#[test]
fn fields_of_kinds_without_ledgers_are_no_columns() {
    let text =
        format!("{HEADINGS},month,service,reason\n{ROW},2026-10,antenatal_check,duplicate\n");
    let (rows, summary) = read(text).unwrap();
    assert_eq!(rows, [(None, 2, vec![])]);
    assert_eq!(summary.unknown_columns, ["month", "service", "reason"]);
}

#[test]
fn a_row_of_ten_times_the_members_takes_no_hundred_times_as_long() {
    let takes = |members: usize| {
        let members: Vec<String> = (0..members).map(|at| format!("\"x{at:05}\":0")).collect();
        let row = format!("{{{}}}", members.join(","));
        let read = || {
            let begun = crate::clock::Clock::system().monotonic();
            assert!(read_object(&row).is_ok());
            begun.elapsed()
        };
        (0..5).map(|_| read()).min().unwrap()
    };
    // As many as a row of JSON lines has room for.
    let (few, many) = (takes(2_400), takes(24_000));
    assert!(
        many < few * 40,
        "{few:?}, and {many:?} for ten times as many"
    );
}

#[test]
fn what_is_written_as_json_is_read_back() {
    let mut raw = RawDraft::default();
    for (field, value) in [
        (Field::Kind, "arrival"),
        (Field::Name, "杨晓燕"),
        (Field::ResidentId, "994409198707016347"),
        (Field::MaritalStatus, "20"),
        (Field::OriginArea, "530111001000"),
        (Field::DestinationArea, "350582104000"),
        (Field::EventDate, "2026-09-22"),
        (Field::ConsentDate, "2026-09-20"),
        (Field::ConsentReference, "c-1"),
    ] {
        raw.set(field, value);
    }
    let draft = Draft::parse(&raw, &rules()).ok().unwrap();
    let object = write_object(draft.answers, draft.consent.as_ref(), &draft.content);
    let text = serde_json::to_string(&object).unwrap();
    let (again, problems) = read_object(&text).ok().unwrap();
    assert_eq!(problems, []);
    assert!(again == raw);
}

#[test]
fn what_is_no_ledger_is_named() {
    assert_eq!(refusal(""), LedgerError::Empty);
    assert_eq!(refusal(" \n\n"), LedgerError::Empty);
    for junk in [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
        b"MZ\x90\0\x03\0\0\0".to_vec(),
        b"%PDF-1.7\n".to_vec(),
        b"<html><table>".to_vec(),
        archive(&[("word/document.xml", b"<w:document/>")]),
    ] {
        assert_eq!(refusal(junk), LedgerError::NotASpreadsheet);
    }
    assert_eq!(refusal("a,b,c\n1,2,3\n"), LedgerError::NoHeader);
    assert_eq!(
        refusal(archive(&[("xl/workbook.bin", b"x")])),
        LedgerError::Unsupported
    );
    for damaged in [
        b"PK\x03\x04 and no more".to_vec(),
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1].to_vec(),
    ] {
        assert_eq!(refusal(damaged), LedgerError::Damaged);
    }
}

#[test]
fn a_file_cut_or_changed_anywhere_is_refused_or_read_and_never_breaks_the_reader() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ledgers");
    for name in ["guandu-arrivals.xls", "shizhong-departures.ods"] {
        let whole = std::fs::read(directory.join(name)).unwrap();
        for step in 1..40 {
            let cut = whole.len() * step / 40;
            drop(read(whole[..cut].to_vec()));
            let mut changed = whole.clone();
            for at in (step * 13..changed.len()).step_by(997) {
                changed[at] ^= 0x55;
            }
            drop(read(changed));
        }
    }
}

#[test]
fn several_sheets_with_headings_are_read_and_named() {
    let sheet = |title: &str, date: &str| {
        let cells = |row: usize, texts: &str| {
            let cells: String = texts
                .split(',')
                .enumerate()
                .map(|(at, text)| {
                    let column = char::from(b'A' + u8::try_from(at).unwrap());
                    format!("<c r=\"{column}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
                })
                .collect();
            format!("<row r=\"{row}\">{cells}</row>")
        };
        let row = ROW.replace("2026-09-22", date);
        xlsx_sheet(&format!(
            "{}{}{}",
            cells(1, title),
            cells(3, HEADINGS),
            cells(4, &row)
        ))
    };
    let file = xlsx(&[
        ("甲", sheet("流出", "2026-09-22")),
        ("说明", xlsx_sheet("")),
        ("乙", sheet("流出", "2026-09-23")),
    ]);
    let (rows, _) = read(file).unwrap();
    assert_eq!(
        rows,
        [
            (Some("甲".to_owned()), 4, vec![]),
            (Some("乙".to_owned()), 4, vec![])
        ]
    );
}

#[test]
fn hostile_files_are_refused_with_the_limit_named_and_stay_small() {
    let rows = |count: usize, row: &str| row.repeat(count);
    let inflating = archive(&[
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/media/zeros", &vec![0; 300 << 20]),
    ]);
    let far = xlsx(&[(
        "甲",
        xlsx_sheet("<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>"),
    )]);
    let many = xlsx(&[(
        "甲",
        xlsx_sheet(&rows(limits::ROWS + 1, "<row><c><v>1</v></c></row>")),
    )]);
    let texts = archive(&[
        ("xl/workbook.xml", b"<workbook/>"),
        (
            "xl/sharedStrings.xml",
            rows(limits::TEXTS + 1, "<si/>").as_bytes(),
        ),
    ]);
    let promised = archive(&[
        ("xl/workbook.xml", b"<workbook/>"),
        (
            "xl/sharedStrings.xml",
            b"<sst count=\"1\" uniqueCount=\"99999999999\"></sst>",
        ),
    ]);
    let styled = archive(&[
        ("xl/workbook.xml", b"<workbook/>"),
        (
            "xl/styles.xml",
            rows(limits::FORMATS + 1, "<xf/>").as_bytes(),
        ),
    ]);
    let parts: Vec<(String, Vec<u8>)> = (0..=limits::PARTS)
        .map(|at| (at.to_string(), vec![]))
        .collect();
    let parts: Vec<(&str, &[u8])> = parts
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let cell = "<table:table-cell office:value-type=\"float\" office:value=\"1\"";
    let wide = ods(&format!(
        "<table:table-row>{cell} table:number-columns-repeated=\"16384\"/></table:table-row>"
    ));
    let tall = ods(&format!(
        "<table:table-row table:number-rows-repeated=\"1048576\">{cell}/></table:table-row>"
    ));
    let empty = ods(
        "<table:table-row table:number-rows-repeated=\"4294967295\"><table:table-cell table:number-columns-repeated=\"4294967295\"/></table:table-row>",
    );
    let columns = format!("{}1", ",".repeat(1_000_000));
    let quote = format!("{HEADINGS}\n\"{}", ROW.repeat(20_000));
    let long = format!("{HEADINGS}\n{}", "9".repeat(100 << 20));
    for (file, limit) in [
        (inflating, Limit::CellCharacters),
        (far, Limit::Columns),
        (many, Limit::Rows),
        (texts, Limit::Texts),
        (promised, Limit::Texts),
        (styled, Limit::Formats),
        (archive(&parts), Limit::Parts),
        (wide, Limit::Columns),
        (tall, Limit::Rows),
        (columns.into_bytes(), Limit::Columns),
        (quote.into_bytes(), Limit::CellCharacters),
        (long.into_bytes(), Limit::FileBytes),
    ] {
        assert_eq!(refusal(file), LedgerError::TooMuch(limit));
    }
    assert_eq!(refusal(empty), LedgerError::Empty);
}

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn xlsx_sheet(rows: &str) -> String {
    format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
    )
}

fn xlsx(sheets: &[(&str, String)]) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const LINK: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut names = String::new();
    let mut links = String::new();
    let mut parts = Vec::new();
    for (at, (name, sheet)) in sheets.iter().enumerate() {
        names += &format!(
            "<sheet name=\"{name}\" sheetId=\"{0}\" r:id=\"r{0}\"/>",
            at + 1
        );
        links += &format!(
            "<Relationship Id=\"r{0}\" Type=\"{LINK}/worksheet\" Target=\"worksheets/s{0}.xml\"/>",
            at + 1
        );
        parts.push((format!("xl/worksheets/s{}.xml", at + 1), sheet.clone()));
    }
    parts.push((
        "xl/workbook.xml".to_owned(),
        format!(
            "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{LINK}\"><sheets>{names}</sheets></workbook>"
        ),
    ));
    parts.push((
        "xl/_rels/workbook.xml.rels".to_owned(),
        format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{links}</Relationships>"),
    ));
    parts.push((
        "_rels/.rels".to_owned(),
        format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r\" Type=\"{LINK}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"),
    ));
    let parts: Vec<(&str, &[u8])> = parts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    archive(&parts)
}

fn ods(rows: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"甲\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    );
    archive(&[
        (
            "mimetype",
            b"application/vnd.oasis.opendocument.spreadsheet",
        ),
        ("content.xml", content.as_bytes()),
    ])
}
