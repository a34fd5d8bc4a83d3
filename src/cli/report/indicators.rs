//! `hongyan report indicators`.

use std::{io::Cursor, path::PathBuf};

use clap::{Args, ValueEnum};

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        link::{LinkArguments, block_on, connect},
        new_file,
        output::{Output, OutputArguments},
        sheet_file::{self, Form},
    },
    counted,
    period::PeriodArguments,
};
use crate::{
    domain::{
        area::{AreaCode, County},
        indicator::ByHand,
    },
    ledger::out::WriteError,
    trust::files,
};

/// Arguments of `report indicators`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    period: PeriodArguments,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    /// 只统计该乡镇街道（9位）。 Only that township, by its nine digits
    #[arg(long, value_name = "CODE")]
    area: Option<AreaCode>,
    /// 只列与该区县之间的，另附合计。 Only the rows of that other area, and those of all
    #[arg(long, value_name = "AREA")]
    peer: Option<County>,
    /// 再按通报类别细分。 Each kind of notice by itself
    #[arg(long, value_enum)]
    by: Option<By>,
    /// 应提交数：同期登记的个案数，用于提交率。 Cases registered in these days, for the submission rate
    #[arg(long, value_name = "N")]
    registered: Option<u64>,
    /// 估计数：居住在本地的流入对象，用于采集率。 Women estimated to live here, for the collection rate
    #[arg(long, value_name = "N")]
    estimated: Option<u64>,
    /// 写成表格：xlsx 或 csv。 Write a sheet
    #[arg(long, value_name = "FILE", value_parser = sheet_file::path)]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Into what to part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// 通报类别。 Kinds of notices
    Kind,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        period,
        home: of,
        area,
        peer,
        by,
        registered,
        estimated,
        out,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(output);
    if let Some(path) = &out {
        new_file::must_be_new(path)?;
    }
    let asked = period.period(home.today()?);
    let told = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client.figures(of, area, asked.from, asked.until).await?)
    })?;
    let period = counted::over(asked, &told, output.language)?;
    let by_hand = ByHand {
        registered,
        estimated,
    };
    let told = counted::report(&home, &told, area, period, by_hand, by.is_some()).told();
    let told = match peer {
        Some(peer) => told.of_peer(peer),
        None => told,
    };
    match out {
        Some(path) => {
            let mut bytes = Cursor::new(Vec::new());
            let written = match Form::of(&path) {
                Some(Form::Csv) => told.csv(&mut bytes, output.language),
                Some(Form::Xlsx) | None => told.xlsx(&mut bytes, output.language),
            };
            written.map_err(|error: WriteError| Failure::refused(error.sentence()))?;
            files::write_public(&path, bytes.get_ref())?;
            sheet_file::told(&path, told.rows(), output)?;
        }
        None if output.is_json() => {
            for object in told.objects() {
                output.object(&object)?;
            }
        }
        None => output.line(&told.table(output.language))?,
    }
    Ok(Exit::Done)
}
