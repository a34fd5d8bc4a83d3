//! `hongyan report bulletin`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::{ToSpan, civil::Date};

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::{Language, both},
        link::{LinkArguments, block_on, connect},
        new_file,
    },
    counted,
    period::Period,
};
use crate::{
    domain::{area::County, indicator::ByHand, month::Month},
    report::Bulletin,
    trust::files,
};

/// Arguments of `report bulletin`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 哪个月。 Which month
    #[arg(long, value_name = "YYYY-MM")]
    month: Month,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    /// 文件名，不写则为“通报-区县-月份.html”。 The file; else bulletin-AREA-MONTH.html
    #[arg(long, value_name = "FILE", value_parser = page)]
    out: Option<PathBuf>,
    /// 用哪种语言写；不写则随系统。 In which language; else that of the locale
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

/// A language by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Lang {
    /// 中文。 Chinese
    Zh,
    /// 英文。 English
    En,
}

impl Lang {
    /// The language that was asked for; else that of the process.
    pub(in crate::cli) fn of(asked: Option<Self>) -> Language {
        match asked {
            Some(Self::Zh) => Language::Zh,
            Some(Self::En) => Language::En,
            None => Language::of_process(),
        }
    }
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        month,
        home: of,
        out,
        lang,
    } = arguments;
    let home = Home::open(&link.node)?;
    let language = Lang::of(lang);
    if let Some(path) = &out {
        new_file::must_be_new(path)?;
    }
    let asked = Period::of(month);
    let told = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client
            .figures(of, None, year_of(asked.from), asked.until)
            .await?)
    })?;
    let period = counted::over(asked, &told, Language::of_process())?;
    let path = out.unwrap_or_else(|| {
        let name = language.pick("通报", "bulletin");
        PathBuf::from(format!("{name}-{}-{month}.html", told.home))
    });
    new_file::must_be_new(&path)?;
    let bulletin = Bulletin {
        past: counted::past(&told, period.until),
        report: counted::report(&home, &told, None, period, ByHand::default(), false),
    };
    let page = bulletin.html(language).map_err(|error| {
        Failure::refused(both(
            format!("通报无法生成，属程序错误，请报告：{error}"),
            error.to_string(),
        ))
    })?;
    files::write_public(&path, page.as_bytes())?;
    eprintln!("{}", path.display());
    Ok(Exit::Done)
}

/// The first day of the twelve months that end with the one that begins on that day.
fn year_of(first: Date) -> Date {
    first.saturating_sub(11.months())
}

pub(in crate::cli) fn page(text: &str) -> Result<PathBuf, &'static str> {
    let path = PathBuf::from(text);
    let is_page = path
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("html"));
    if is_page {
        Ok(path)
    } else {
        Err(
            "文件名应以 .html 结尾；打印成PDF用浏览器。 the page is named .html; a browser prints it as PDF",
        )
    }
}
