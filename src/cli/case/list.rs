//! `hongyan case list`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        new_file,
        output::{Output, OutputArguments},
        sheet_file,
    },
    counts,
    lists::{self, List, WithinArguments},
    object, sheet, words,
};
use crate::{
    config::load_holidays,
    domain::case::WorkList,
    office::client::{CaseList, CaseOnList},
};

/// Arguments of `case list`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 哪份清单；省略则显示各清单件数。 Which list; without one, how many stand on each
    #[arg(long, value_enum)]
    list: Option<List>,
    #[command(flatten)]
    within: WithinArguments,
    /// 最多多少件；不写则显示100件，导出时为全部。 At most so many; else 100, or all in a sheet
    #[arg(long, value_name = "N", requires = "list", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// 写成表格：xlsx 或 csv；待核实、待反馈的即反馈表，填好后用 publish 报送。 Write a sheet; of to-verify and to-answer one that publish takes back
    #[arg(long, value_name = "FILE", requires = "list", value_parser = sheet_file::path)]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        list,
        within,
        limit,
        out,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(output);
    let Some(list) = list.map(CaseList::from) else {
        counts::show(&home, &link, within, output)?;
        return Ok(Exit::Done);
    };
    if let Some(path) = &out {
        new_file::must_be_new(path)?;
    }
    let usual = if out.is_some() { u64::MAX } else { USUAL };
    let limit = limit.unwrap_or(usual);
    let listing = within.listing(list);
    let answers = [WorkList::ToVerify, WorkList::ToAnswer].map(CaseList::Work);
    let is_feedback = out.is_some() && answers.contains(&list);
    let (cases, more, shown) = block_on(async {
        let client = connect(&home, &link.office).await?;
        let (cases, more) = lists::read(&client, &listing, limit).await?;
        let mut shown = Vec::new();
        if is_feedback {
            for listed in &cases {
                shown.push(client.case(listed.case.id, None).await?);
            }
        }
        Ok((cases, more, shown))
    })?;
    match out {
        Some(path) if is_feedback => sheet::feedback(&path, &home, &shown, output)?,
        Some(path) => sheet::cases(&path, &home, list, &cases, output)?,
        None if output.is_json() => {
            for listed in &cases {
                output.object(&listed_object(list, listed))?;
            }
        }
        None => table(&home, list, &cases, output)?,
    }
    if more {
        output.say(&both(
            format!("只列出前{limit}件，--limit 可多列。"),
            format!("only the first {limit}; --limit shows more"),
        ))?;
    }
    Ok(Exit::Done)
}

fn listed_object(list: CaseList, listed: &CaseOnList) -> Map<String, Value> {
    let CaseOnList { day, case } = listed;
    let mut object = object::case(case);
    object.insert("list".to_owned(), json!(list.name()));
    object.insert("day".to_owned(), json!(day.map(|day| day.to_string())));
    object
}

fn table(home: &Home, list: CaseList, cases: &[CaseOnList], output: Output) -> Result<(), Failure> {
    if cases.is_empty() {
        let words = lists::words(list);
        output.say(&both(
            format!("“{}”中没有个案。", words.zh),
            format!("no case on the list \"{}\"", words.en),
        ))?;
        return Ok(());
    }
    let day = if lists::is_by_due_day(list) {
        ("期限", "due")
    } else {
        ("立案", "opened")
    };
    let mut table = output.table(&[
        ("个案编号", "case"),
        ("对方", "other area"),
        ("状态", "state"),
        ("待办通报", "waiting"),
        day,
        ("加急", "urgent"),
        ("负责", "responsible"),
        ("疑似", "near"),
    ]);
    let (today, workdays) = (home.today()?, load_holidays(&home.dir)?);
    let language = output.language;
    let mut is_unknown = false;
    for CaseOnList { day, case } in cases {
        let day = match day {
            Some(day) => words::day(*day, list, today),
            None => words::lacking(case, &workdays).unwrap_or_else(|| {
                is_unknown = true;
                both("–", "–")
            }),
        };
        table.add_row([
            case.id.to_string(),
            case.other.label(),
            language.of(&words::state(case)).to_owned(),
            language.of(&words::waiting(case, list)).to_owned(),
            language.of(&day).to_owned(),
            urgent(case.urgent, output),
            case.responsible
                .as_ref()
                .map_or_else(String::new, words::office),
            near(case.near_matches.len()),
        ]);
    }
    output.line(&table.to_string())?;
    if is_unknown {
        let why = both(
            "期限为“–”的，立案时节假日表缺相应年份；补齐后节点会重新推算。",
            "where a due day is –, the table of holidays lacked the year; the node reckons it anew once it has it",
        );
        eprintln!("{}", language.of(&why));
    }
    Ok(())
}

fn urgent(urgent: bool, output: Output) -> String {
    let word = output.language.pick("急", "urgent");
    if urgent { word } else { "" }.to_owned()
}

fn near(count: usize) -> String {
    match count {
        0 => String::new(),
        count => count.to_string(),
    }
}

/// Cases that a person is shown.
const USUAL: u64 = 100;
