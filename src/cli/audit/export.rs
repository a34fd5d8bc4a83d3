//! `hongyan audit export`.

use std::{
    fs::{self, File},
    io::BufWriter,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process,
};

use clap::Args;
use serde_json::json;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        new_file::must_be_new,
        output::{Output, OutputArguments},
    },
    Span,
};
use crate::{
    audit::{ExcerptWriter, Layout},
    office::client::AuditExcerptPart,
};

/// Arguments of `audit export`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    span: Span,
    /// 写到哪个文件；以 .csv 结尾则为表格，否则每行一个 JSON 对象。 The file to write: CSV if it ends so, else an object a line
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        span,
        out,
        output,
    } = arguments;
    span.must_make_sense()?;
    let Span {
        from,
        until,
        home: area,
    } = span;
    let home = Home::open(&link.node)?;
    must_be_new(out)?;
    let output = Output::new(*output);
    let layout = match out.extension() {
        Some(kind) if kind.eq_ignore_ascii_case("csv") => Layout::Csv,
        Some(_) | None => Layout::Json,
    };
    // Whoever breaks off leaves no half of a file under that name.
    let beside = beside(out);
    let written = File::options()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&beside)
        .map_err(|error| unwritten(out, &error))?;
    let count = block_on(async {
        let client = connect(&home, &link.office).await?;
        let mut excerpt = client.audit_excerpt(*area, *from, *until).await?;
        let config = &home.config;
        let mut file = ExcerptWriter::new(
            BufWriter::new(&written),
            layout,
            config.trust_domain().clone(),
            config.mode.is_sandbox(),
        );
        let mut count = 0_u64;
        loop {
            match excerpt.next().await? {
                Some(AuditExcerptPart::Acts(acts)) => {
                    for act in &acts {
                        file.act(act).map_err(|error| unwritten(out, &error))?;
                    }
                    count = count.saturating_add(acts.len() as u64);
                }
                Some(AuditExcerptPart::Seal(signed, key)) => {
                    file.finish(&signed, &key)
                        .map_err(|error| unwritten(out, &error))?;
                    return Ok(count);
                }
                None if count == 0 => return Ok(0),
                None => {
                    return Err(Failure::refused(both(
                        "节点没有签名，文件未写出。",
                        "the node did not sign what it handed out; no file is written",
                    )));
                }
            }
        }
    });
    let count = match count {
        Ok(count @ 1..) => count,
        nothing => {
            fs::remove_file(&beside)?;
            nothing?;
            return Err(Failure::refused(both(
                "该时段没有审计记录，文件未写出。",
                "nothing is on record in that time; no file is written",
            )));
        }
    };
    // Another file may have come there while this went on.
    let placed = must_be_new(out).and_then(|()| {
        let placed = written.sync_all().and_then(|()| fs::rename(&beside, out));
        placed.map_err(|error| unwritten(out, &error))
    });
    if placed.is_err() {
        // What matters is why it was not placed.
        drop(fs::remove_file(&beside));
    }
    placed?;
    let path = out.display();
    let sentence = both(
        format!("已将{count}条审计记录写到 {path}。可用 hongyan audit verify {path} 核验。"),
        format!("{count} acts are written to {path}; hongyan audit verify {path} proves them"),
    );
    output.result(&json!({"file": out, "acts": count}), &sentence)?;
    Ok(Exit::Done)
}

/// A name of this process alone: neither one that was killed nor one that runs beside it is in the way.
fn beside(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", process::id()));
    out.with_file_name(name)
}

fn unwritten(out: &Path, error: &std::io::Error) -> Failure {
    let path = out.display();
    Failure::refused(both(
        format!("无法写出 {path}：{error}"),
        format!("cannot write {path}: {error}"),
    ))
}
