//! `hongyan subject report`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        new_file,
        output::{Output, OutputArguments},
        report::bulletin::{Lang, page},
    },
    gathered::gathered,
    number, object, table,
};
use crate::{
    domain::{area::County, audit::Reason},
    trust::files,
};

/// Arguments of `subject report`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 查询事由，记入审计；不要写号码。 For what purpose, put on record; without the number
    #[arg(long, value_name = "TEXT")]
    purpose: Reason,
    /// 身份证号写在该文件的第一行。 The number is the first line of that file
    #[arg(long, value_name = "FILE")]
    number_file: Option<PathBuf>,
    /// 哪个本方区县；不写则为本办公室可见的全部。 Which home area; else all that the office sees whole
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    /// 写成可打印的网页。 Write a page to print
    #[arg(long, value_name = "FILE", value_parser = page)]
    out: Option<PathBuf>,
    /// 用哪种语言写网页；不写则随系统。 In which language; else that of the locale
    #[arg(long, value_enum, requires = "out")]
    lang: Option<Lang>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        purpose,
        number_file,
        home: of,
        out,
        lang,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(output);
    if let Some(path) = &out {
        new_file::must_be_new(path)?;
    }
    let number = number::read(number_file.as_deref())?;
    let told = block_on(async {
        let client = connect(&home, &link.office).await?;
        let told = client.subject(&number, of, &purpose).await;
        told.map_err(number::refused)
    })?;
    let subject = gathered(&told, number, &purpose);
    if let Some(path) = out {
        let page = subject.html(Lang::of(lang));
        files::write_new_secret(&path, page.as_bytes())?;
        let shown = path.display();
        let written = both(format!("已写出：{shown}"), format!("written to {shown}"));
        let object =
            json!({"file": path, "cases": told.cases.len(), "notices": told.notices.len()});
        output.result(&object, &written)?;
    } else if output.is_json() {
        output.object(&object::subject(&told, &purpose))?;
    } else {
        table::print(&subject, output)?;
    }
    table::next(&subject, link.node.node.as_path(), output)?;
    Ok(Exit::Done)
}
