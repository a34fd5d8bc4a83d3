//! `hongyan consent list` and `hongyan consent show`.

use clap::Args;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        link::{LinkArguments, block_on, connect},
        output::{Output, OutputArguments},
    },
    ReferenceArguments, shown,
};
use crate::domain::area::County;

/// Arguments of `consent list`.
#[derive(Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    link: LinkArguments,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `consent show`.
#[derive(Args)]
pub(in crate::cli) struct Show {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    reference: ReferenceArguments,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn list(arguments: &List) -> Result<Exit, Failure> {
    let List {
        link,
        home: of,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(*output);
    let mut all = block_on(async {
        let client = connect(&home, &link.office).await?;
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let (page, next) = client.consents(*of, None, token).await?;
            all.extend(page);
            if next.is_empty() {
                return Ok(all);
            }
            token = next;
        }
    })?;
    all.sort_by(|one, other| (one.date, &one.reference).cmp(&(other.date, &other.reference)));
    shown::print(&all, output)?;
    Ok(Exit::Done)
}

pub(super) fn show(arguments: &Show) -> Result<Exit, Failure> {
    let Show {
        link,
        reference,
        home: of,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(*output);
    let reference = reference.read()?;
    let (one, _) = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client.consents(*of, Some(reference), String::new()).await?)
    })?;
    shown::print(&one, output)?;
    Ok(Exit::Done)
}
