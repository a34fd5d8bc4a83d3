//! `hongyan report overdue` and `one-sided`.

use std::{io::Cursor, path::PathBuf};

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::super::{
    case::{lists, words},
    exit::{Exit, Failure},
    home::Home,
    link::{LinkArguments, block_on, connect},
    new_file,
    output::{Output, OutputArguments},
    sheet_file::{self, Form},
};
use crate::{
    config::load_holidays,
    domain::{
        area::{AreaCode, County},
        calendar::day_of,
        case::WorkList,
        workdays::Workdays,
    },
    office::client::{CaseList, CaseListing, CaseOnList, CaseState, Client},
    report::{Item, List, Owes},
    trust::files,
};

/// Which cases, and how to show them.
#[derive(Args)]
struct ListArguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    /// 只要该乡镇街道或村居的（9或12位）。 Only those of that township or village
    #[arg(long, value_name = "CODE")]
    area: Option<AreaCode>,
    /// 只要与该区县之间的。 Only those with that other area
    #[arg(long, value_name = "AREA")]
    peer: Option<County>,
    /// 写成表格：xlsx 或 csv。 Write a sheet
    #[arg(long, value_name = "FILE", value_parser = sheet_file::path)]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `report overdue`.
#[derive(Args)]
pub(in crate::cli) struct Overdue {
    #[command(flatten)]
    list: ListArguments,
    /// 只要一方应反馈的。 Only what one side owes
    #[arg(long, value_enum)]
    side: Option<Side>,
}

/// Arguments of `report one-sided`.
#[derive(Args)]
pub(in crate::cli) struct OneSided {
    #[command(flatten)]
    list: ListArguments,
}

/// A side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Side {
    /// 我方。 The home area
    We,
    /// 对方。 The other areas
    They,
}

impl From<Side> for Owes {
    fn from(side: Side) -> Self {
        match side {
            Side::We => Self::We,
            Side::They => Self::They,
        }
    }
}

pub(super) fn overdue(arguments: Overdue) -> Result<Exit, Failure> {
    let Overdue { list, side } = arguments;
    let home = Home::open(&list.link.node)?;
    let (today, workdays) = (home.today()?, load_holidays(&home.dir)?);
    // What we owe comes first: that is what a desk can do something about.
    let sides = side.map_or_else(|| vec![Owes::We, Owes::They], |side| vec![side.into()]);
    list.run(&home, WorkList::Overdue, async |client, listing| {
        let mut items = Vec::new();
        for side in &sides {
            let on = match side {
                Owes::We => CaseList::Work(WorkList::Overdue),
                Owes::They => CaseList::Awaited,
            };
            for CaseOnList { case, .. } in read(client, listing, on).await? {
                items.extend(late(&case, *side, today, &workdays)?);
            }
        }
        Ok(items)
    })
}

pub(super) fn one_sided(arguments: OneSided) -> Result<Exit, Failure> {
    let OneSided { list } = arguments;
    let home = Home::open(&list.link.node)?;
    list.run(&home, WorkList::OneSided, async |client, listing| {
        let on = CaseList::Work(WorkList::OneSided);
        let cases = read(client, listing, on).await?;
        let items = cases.iter().filter_map(|listed| unknown(&listed.case));
        Ok(items.collect())
    })
}

impl ListArguments {
    fn run(
        self,
        home: &Home,
        list: WorkList,
        items: impl AsyncFnOnce(&Client, CaseListing) -> Result<Vec<Item>, Failure>,
    ) -> Result<Exit, Failure> {
        let output = Output::new(self.output);
        if let Some(path) = &self.out {
            new_file::must_be_new(path)?;
        }
        let listing = CaseListing {
            home: self.home,
            list: CaseList::All,
            area: self.area,
            peer: self.peer,
        };
        let items = block_on(async {
            let client = connect(home, &self.link.office).await?;
            items(&client, listing).await
        })?;
        let own = self.area.map(AreaCode::county);
        let own = self
            .home
            .or(own)
            .or_else(|| home.config.areas.first().copied());
        let list = List {
            home: own.unwrap_or_else(|| home.config.id.area()),
            list,
            as_of_ms: home.clock.now_ms(),
            sandbox: home.config.mode.is_sandbox(),
            items,
        };
        show(&list, self.out, output)
    }
}

/// All of a list.
async fn read(
    client: &Client,
    listing: CaseListing,
    list: CaseList,
) -> Result<Vec<CaseOnList>, Failure> {
    let listing = CaseListing { list, ..listing };
    let (cases, _) = lists::read(client, &listing, u64::MAX).await?;
    Ok(cases)
}

/// What a side owes in a case, and should have answered before today.
fn late(
    case: &CaseState,
    side: Owes,
    today: Date,
    workdays: &Workdays,
) -> Result<Vec<Item>, Failure> {
    let by = match side {
        Owes::We => case.home,
        Owes::They => case.other,
    };
    let mut items = Vec::new();
    for debt in case.open(by) {
        let Some(due) = debt.answer_due.filter(|due| *due < today) else {
            continue;
        };
        let late = workdays.between(due, today);
        let days_late = late.map_err(|unknown| Failure::refused(unknown.sentence()))?;
        if let Some(event) = case.event(debt.notice)
            && let Some(since) = day_of(event.at_ms)
        {
            items.push(Item {
                case: case.id,
                notice: debt.notice,
                peer: case.other,
                side,
                kind: event.kind,
                since,
                due: Some(due),
                days_late,
                state: case.phase.name(),
                state_words: words::state(case),
            });
        }
    }
    Ok(items)
}

/// A case that the side which was told of it has no record of.
fn unknown(case: &CaseState) -> Option<Item> {
    let first = case.history.first()?;
    Some(Item {
        case: case.id,
        notice: first.notice,
        peer: case.other,
        side: if first.from == case.home {
            Owes::They
        } else {
            Owes::We
        },
        kind: first.kind,
        since: day_of(first.at_ms)?,
        due: None,
        days_late: 0,
        state: case.phase.name(),
        state_words: words::state(case),
    })
}

fn show(list: &List, out: Option<PathBuf>, output: Output) -> Result<Exit, Failure> {
    match out {
        Some(path) => {
            let mut bytes = Cursor::new(Vec::new());
            let written = match Form::of(&path) {
                Some(Form::Csv) => list.csv(&mut bytes, output.language),
                Some(Form::Xlsx) | None => list.xlsx(&mut bytes, output.language),
            };
            written.map_err(|error| Failure::refused(error.sentence()))?;
            files::write_public(&path, bytes.get_ref())?;
            sheet_file::told(&path, list.items.len(), output)?;
        }
        None if output.is_json() => {
            for object in list.objects() {
                output.object(&object)?;
            }
        }
        None => output.line(&list.table(output.language))?,
    }
    Ok(Exit::Done)
}
