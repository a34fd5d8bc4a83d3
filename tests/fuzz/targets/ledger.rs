//! Ledgers and rows.

use std::{
    io::{Cursor, Write as _},
    ops::ControlFlow,
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    domain::{
        calendar,
        draft::{Asked, Draft, RawDraft, Rules},
        field::Field,
    },
    ledger::{Judge, Mapping, Options, read_ledger, read_lines, read_object, write_object},
};

fn rules() -> Rules {
    Rules {
        today: calendar::parse_day("2026-11-22").unwrap(),
        home_areas: vec!["350582".parse().unwrap(), "530111".parse().unwrap()],
        sandbox: true,
    }
}

pub fn file(bytes: &[u8]) {
    let rules = rules();
    let judge = Judge {
        rules: &rules,
        gate: &|_: &Asked<'_>| Vec::new(),
    };
    let mapping = Mapping::default();
    let options = Options {
        name: "流出.xlsx",
        kind: None,
        mapping: &mapping,
    };
    let _ = read_ledger(bytes.to_vec(), &options, &judge, &mut |row| {
        assert!(row.line > 0, "lines are counted from 1");
        if let Ok(draft) = &row.result {
            same(draft);
        }
        ControlFlow::Continue(())
    });
}

pub fn json_lines(bytes: &[u8]) {
    let rules = rules();
    let judge = Judge {
        rules: &rules,
        gate: &|_: &Asked<'_>| Vec::new(),
    };
    read_lines(bytes, None, &judge, &mut |row| {
        if let Ok(draft) = &row.result {
            same(draft);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
}

/// What is written of a draft as a row is read as the same draft.
fn same(draft: &Draft) {
    let object = write_object(draft.answers, draft.consent.as_ref(), &draft.content);
    let text = serde_json::Value::Object(object).to_string();
    let (mut raw, problems): (RawDraft, _) = read_object(&text).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    if let Some(reference) = &draft.reference {
        raw.set(Field::Reference, reference.as_str());
    }
    if !draft.from_follows {
        raw.set(Field::FromArea, draft.from.as_str());
    }
    if let Some(to) = draft.to {
        raw.set(Field::ToArea, to.as_str());
    }
    let again = Draft::parse(&raw, &rules());
    assert!(
        again.as_ref().ok() == Some(draft),
        "a draft written as a row is another one: {:?}",
        again.err()
    );
}

/// A sheet of a workbook: no change of its bytes breaks the checksum of an archive.
pub fn xlsx_sheet(bytes: &[u8]) {
    file(&xlsx(bytes, TEXTS.as_bytes()));
}

/// The table of texts of a workbook.
pub fn xlsx_texts(bytes: &[u8]) {
    file(&xlsx(SHEET.as_bytes(), bytes));
}

/// The one part of an OpenDocument file that is read.
pub fn ods_content(bytes: &[u8]) {
    let mime: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";
    file(&archive(&[("mimetype", mime), ("content.xml", bytes)]));
}

fn xlsx(sheet: &[u8], texts: &[u8]) -> Vec<u8> {
    archive(&[
        ("xl/workbook.xml", WORKBOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", RELATIONS.as_bytes()),
        ("xl/sharedStrings.xml", texts),
        ("xl/worksheets/sheet1.xml", sheet),
    ])
}

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const WORKBOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="流出" sheetId="1" r:id="r1"/></sheets></workbook>"#;

const RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;

pub const TEXTS: &str = r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="6" uniqueCount="6"><si><t>姓名</t></si><si><t>身份证号</t></si><si><r><t>婚姻</t></r><r><t>状况</t></r></si><si><t>户籍地区划代码</t></si><si><t>现居住地区划代码</t></si><si><t>流出日期</t></si></sst>"#;

pub const SHEET: &str = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:F2"/><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c><c r="E1" t="s"><v>4</v></c><c r="F1" t="s"><v>5</v></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>杨晓燕</t></is></c><c r="B2" t="str"><v>994409198707016347</v></c><c r="C2"><v>20</v></c><c r="D2"><v>350582104000</v></c><c r="E2"><v>530111001000</v></c><c r="F2" t="d"><v>2026-09-22</v></c></row></sheetData></worksheet>"#;

#[cfg(test)]
pub const CONTENT: &str = r#"<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet><table:table table:name="流出"><table:table-row><table:table-cell office:value-type="string"><text:p>姓名</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>身份证号</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>婚姻<text:s text:c="1"/>状况</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>户籍地区划代码</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>现居住地区划代码</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>流出日期</text:p></table:table-cell></table:table-row><table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="string"><text:p>杨晓燕</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>994409198707016347</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="20"><text:p>20</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="350582104000"/><table:table-cell office:value-type="float" office:value="530111001000"/><table:table-cell office:value-type="date" office:date-value="2026-09-22"/><table:table-cell table:number-columns-repeated="16000"/></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"#;
