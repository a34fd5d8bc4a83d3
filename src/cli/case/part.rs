//! `hongyan case part`.

use clap::Args;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        link::{LinkArguments, block_on, connect},
        output::{Output, OutputArguments},
    },
    work,
};
use crate::{domain::notice::NoticeId, office::client::CaseAct};

/// Arguments of `case part`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 另一人的通报编号，见 case show 的“疑似同一人”。 The notice about the other woman, as case show names it
    #[arg(long, value_name = "NOTICE")]
    other: NoticeId,
    /// 个案编号。 Id of the case
    #[arg(value_name = "ID")]
    id: NoticeId,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        other,
        id,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    block_on(async {
        let client = connect(&home, &link.office).await?;
        work::all(&client, &[id], CaseAct::Part(other), Output::new(output)).await
    })
}
