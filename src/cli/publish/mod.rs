//! `hongyan publish`: ledgers, feedback sheets and JSON lines, a line of answer a row.
//!
//! A thread reads and judges the rows; they come over a bounded channel to the one who publishes
//! and prints. Both a dry run and a real one judge here, by the node's directory, so both print the
//! same lines. Answers are printed in the order of the rows, each as soon as it and all before it
//! are known. Nothing is tried again: a row whose outcome is not known gets no line.

mod answer;
mod pipeline;
mod printer;
mod reader;

use std::path::PathBuf;

use clap::Args;

use self::{
    pipeline::Pipeline,
    printer::Printer,
    reader::{Reader, Reading},
};
use super::{
    exit::{Exit, Failure},
    home::Home,
    language::both,
    link::{LinkArguments, block_on, connect},
    output::{Output, OutputArguments},
    peer::missing,
};
use crate::{
    domain::{draft::Rules, notice::Kind},
    ledger::Mapping,
    office::client::ClientError,
    pairing::load_agreements,
    trust::{files, reference::ReferenceKey},
};

/// Arguments of `publish`.
#[derive(Args)]
#[command(after_help = "\
示例 Examples:
  hongyan publish --node ./jinjiang --dry-run 流出台账.xlsx
  hongyan publish --node ./jinjiang --kind departure ledger.csv
  hongyan publish --node ./guandu 反馈表.xlsx
  cat rows.jsonl | hongyan publish --node ./jinjiang --format json -")]
pub(super) struct Arguments {
    /// 台账或反馈表（xlsx、xls、ods、csv），或 JSON 行（.jsonl，- 为标准输入）。 Ledgers, feedback sheets or JSON lines, - for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    link: LinkArguments,
    /// 类别：departure 流出、arrival 流入、feedback 反馈。 Kind of the rows
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// 列名对照文件。 Headings of the office's own
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// 只检查，不发布；不需要节点运行。 Check only; needs no running node
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        files,
        link,
        kind,
        mapping,
        dry_run,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let mapping = match &mapping {
        Some(path) => {
            let text = files::read_public(path).map_err(missing)?;
            Mapping::parse(&String::from_utf8_lossy(&text)).map_err(|error| {
                Failure::usage(both(
                    format!("列名对照文件有误：{error}"),
                    error.to_string(),
                ))
            })?
        }
        None => Mapping::default(),
    };
    let reading = Reading {
        files,
        kind,
        mapping,
        rules: Rules {
            today: home.today()?,
            home_areas: home.config.areas.clone(),
            sandbox: home.config.mode.is_sandbox(),
        },
        agreements: load_agreements(&home.dir)?,
        references: ReferenceKey::load(&home.dir.reference_key())?,
    };
    let mut printer = Printer::new(Output::new(output));
    let done = block_on(async {
        let mut reader = Reader::start(reading)?;
        // A ledger that cannot be read is told before a node that cannot be reached.
        reader.opened().await?;
        if dry_run {
            return pipeline::judge_only(&mut reader, &mut printer).await;
        }
        let client = match connect(&home, &link.office).await {
            // No row reached the node.
            Err(error @ ClientError::NotLetIn(_)) => {
                return Err(Failure {
                    exit: Exit::Unreachable,
                    ..error.into()
                });
            }
            done => done?,
        };
        Pipeline::new(&client, &mut printer).run(&mut reader).await
    });
    if done.is_ok() || printer.any() {
        printer.finish()?;
    }
    done?;
    Ok(if printer.any_refused() {
        Exit::Refused
    } else {
        Exit::Done
    })
}

/// The kinds whose ledgers have a form of their own.
fn kind(text: &str) -> Result<Kind, &'static str> {
    match text.parse() {
        Ok(kind @ (Kind::Departure | Kind::Arrival | Kind::Feedback)) => Ok(kind),
        Ok(_) => Err(
            "台账只有 departure 流出、arrival 流入和 feedback 反馈，其他类别请写成 JSON 行。 departure, arrival or feedback; rows of other kinds are JSON lines that name theirs",
        ),
        Err(_) => Err("departure 流出, arrival 流入 or feedback 反馈"),
    }
}

#[cfg(test)]
mod tests;
