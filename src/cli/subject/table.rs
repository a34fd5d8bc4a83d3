//! What is held of a person, on a terminal.

use std::{io, path::Path};

use super::super::{language::both, moment::short, notice::kind_words, output::Output};
use crate::{
    domain::notice::Kind,
    report::{Subject, SubjectCase, SubjectNotice, field_value, purpose},
};

/// Prints all of it.
pub(super) fn print(subject: &Subject, output: Output) -> io::Result<()> {
    let language = output.language;
    if subject.sandbox {
        output.say(&both("【沙箱】测试数据。", "SANDBOX: test data."))?;
    }
    for case in &subject.cases {
        let (home, other, state) = (
            case.home.label(),
            case.other.label(),
            language.of(&case.state),
        );
        output.say(&both(
            format!("个案 {}：{home}与{other}，{state}", case.id),
            format!("Case {}: {home} and {other}, {state}", case.id),
        ))?;
        for notice in &case.notices {
            print_notice(subject, notice, output)?;
        }
        let headings = [
            ("时间", "at"),
            ("办公室", "office"),
            ("办理", "did"),
            ("说明", "detail"),
        ];
        let rows = case.done.iter().map(|done| {
            let what = language.word(done.what).to_owned();
            vec![
                short(done.at_ms),
                done.office.clone(),
                what,
                done.detail.clone(),
            ]
        });
        section(output, ("办理情况", "Work on it"), &headings, rows)?;
    }
    for notice in &subject.apart {
        print_notice(subject, notice, output)?;
    }
    let place = |notice: &SubjectNotice| {
        let place = subject.place(notice.id);
        place.map_or_else(String::new, |place| format!("#{place}"))
    };
    let headings = [
        ("提供时间", "sent"),
        ("接收方", "to"),
        ("通报", "notice"),
        ("对方答复", "answered"),
        ("接收", "taken up"),
        ("依据协议", "agreement"),
        ("目的", "purpose"),
    ];
    let rows = subject.disclosed().map(|notice| {
        let basis = subject.basis(notice).and_then(|it| it.terms.as_ref());
        vec![
            short(notice.at_ms),
            notice.other.label(),
            place(notice),
            notice.answered_at_ms.map(short).unwrap_or_default(),
            notice.taken_up_at_ms.map(short).unwrap_or_default(),
            notice
                .agreement
                .map_or_else(String::new, |it| it.to_string()),
            basis.map_or_else(String::new, |[code, ..]| purpose(code, language)),
        ]
    });
    section(
        output,
        ("向其他地区提供", "Given to other areas"),
        &headings,
        rows,
    )?;
    let headings = [
        ("时间", "at"),
        ("办公室", "office"),
        ("操作", "did"),
        ("所涉通报", "notices"),
        ("目的", "purpose"),
    ];
    let rows = subject.told_here.iter().map(|telling| {
        let notices = subject.notices();
        let notices = notices.filter(|it| telling.notices.contains(&it.id));
        vec![
            short(telling.at_ms),
            telling.who.clone(),
            language.word(telling.what).replace('_', " "),
            notices.map(place).collect::<Vec<_>>().join(" "),
            language.of(&telling.purpose).to_owned(),
        ]
    });
    section(
        output,
        ("本机关内部查看、接收", "Shown or handed over here"),
        &headings,
        rows,
    )?;
    let headings = [
        ("协议", "agreement"),
        ("目的", "purpose"),
        ("法律依据", "legal basis"),
        ("自", "from"),
        ("至", "until"),
    ];
    let rows = subject.bases.iter().map(|basis| {
        let mut row = vec![basis.version.to_string()];
        let [code, rest @ ..] = basis.terms.clone().unwrap_or_default();
        row.push(purpose(&code, language));
        row.extend(rest);
        row
    });
    section(output, ("依据", "On what basis"), &headings, rows)
}

fn print_notice(subject: &Subject, notice: &SubjectNotice, output: Output) -> io::Result<()> {
    let language = output.language;
    let mut table = output.table(&[("项目", "field"), ("内容", "value")]);
    let mut add = |zh: &str, en: &str, value: String| {
        table.add_row([language.pick(zh, en).to_owned(), value]);
    };
    let place = subject.place(notice.id).unwrap_or_default();
    let kind = kind_words(notice.kind, language);
    add("通报", "notice", format!("#{place} {kind} {}", notice.id));
    let other = notice.other.label();
    if notice.sent {
        add("发往", "to", other);
    } else {
        add("来自", "from", other);
    }
    add("时间", "at", short(notice.at_ms));
    add("现状", "stands", language.of(&notice.state).to_owned());
    if let Some(id) = notice.corrected_by {
        add("更正通报", "corrected by", id.to_string());
    }
    match &notice.fields {
        Some(fields) => {
            for (field, value) in fields {
                let label = field.label();
                add(label.zh, label.en, field_value(*field, value, language));
            }
        }
        None => add(
            "内容",
            "content",
            language.pick("已删除", "erased").to_owned(),
        ),
    }
    output.line(&table.to_string())
}

fn section(
    output: Output,
    title: (&str, &str),
    headings: &[(&str, &str)],
    rows: impl Iterator<Item = Vec<String>>,
) -> io::Result<()> {
    let mut table = output.table(headings);
    table.add_rows(rows);
    if table.is_empty() {
        return Ok(());
    }
    output.line(output.language.pick(title.0, title.1))?;
    output.line(&table.to_string())
}

/// Says how much it is, and what can be done next about what was sent from here.
pub(super) fn next(subject: &Subject, node: &Path, output: Output) -> io::Result<()> {
    let notices = subject.notices().count();
    if notices == 0 {
        return output.say(&both(
            "不持有与该号码有关的信息。",
            "nothing is held under that number",
        ));
    }
    let (cases, given) = (subject.cases.len(), subject.disclosed().count());
    output.say(&both(
        format!("个案 {cases} 件，通报 {notices} 条，其中提供给其他地区 {given} 条。"),
        format!("cases: {cases}, notices: {notices}, of these given to other areas: {given}"),
    ))?;
    let node = node.display();
    let mendable = subject.notices().filter(|notice| {
        let is_movement = matches!(notice.kind, Kind::Departure | Kind::Arrival);
        notice.sent && is_movement && notice.fields.is_some()
    });
    for notice in mendable {
        let (id, kind) = (notice.id, notice.kind.name());
        output.say(&both(
            format!(
                "更正 {id}：把应有的全部内容写成一行（\"kind\":\"correction\",\"answers\":\"{id}\",\"corrects\":\"{kind}\",\"corrected_on\":日期），执行 hongyan publish --node {node} 文件.jsonl"
            ),
            format!(
                "to correct {id}: write the whole of it as a row (\"kind\":\"correction\",\"answers\":\"{id}\",\"corrects\":\"{kind}\",\"corrected_on\":day), then hongyan publish --node {node} FILE.jsonl"
            ),
        ))?;
    }
    // Who opened a case has the say over what the other side holds of it.
    let (own, theirs): (Vec<_>, Vec<_>) = subject.cases.iter().partition(|case| case.opened_here());
    if !own.is_empty() {
        let ids = ids(&own);
        output.say(&both(
            format!("删除以上个案（含对方所持）：hongyan case erase --node {node} {ids}"),
            format!(
                "to erase these cases, here and where they were sent: hongyan case erase --node {node} {ids}"
            ),
        ))?;
    }
    if !theirs.is_empty() {
        let mut others: Vec<String> = theirs.iter().map(|case| case.other.label()).collect();
        others.sort();
        others.dedup();
        let (ids, zh, en) = (ids(&theirs), others.join("、"), others.join(", "));
        output.say(&both(
            format!(
                "由对方发起的个案：请{zh}删除，本节点随之删除。只删除本节点所持的：hongyan case erase --node {node} {ids}"
            ),
            format!(
                "cases that the other side opened: ask {en} to erase them, and this node follows; to erase only what is held here: hongyan case erase --node {node} {ids}"
            ),
        ))?;
    }
    Ok(())
}

fn ids(cases: &[&SubjectCase]) -> String {
    let ids: Vec<String> = cases.iter().map(|case| case.id.to_string()).collect();
    ids.join(" ")
}
