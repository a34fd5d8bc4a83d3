//! `hongyan consent withdraw`.

use clap::Args;
use jiff::civil::Date;
use serde_json::json;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        moment::day,
        output::{Output, OutputArguments},
    },
    ReferenceArguments,
};
use crate::{domain::area::County, office::client::ConsentWithdrawn};

/// Arguments of `consent withdraw`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    reference: ReferenceArguments,
    /// 自哪天起撤回；不写则为今天。 Since when; else today
    #[arg(long, value_name = "DAY", value_parser = day)]
    on: Option<Date>,
    /// 哪个本方区县。 Which home area
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        reference,
        on,
        home: of,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(*output);
    let reference = reference.read()?;
    let withdrawn = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client.withdraw_consent(*of, reference, *on).await?)
    })?;
    let ConsentWithdrawn {
        repeated,
        ended,
        under_way,
    } = withdrawn;
    let object = json!({"repeated": repeated, "ended": ended, "under_way": under_way});
    let (already_zh, already_en) = match repeated {
        true => ("此前已", "it was "),
        false => ("已", ""),
    };
    let words = both(
        format!(
            "{already_zh}撤回；不再发送其下的敏感信息。随即结束的通报 {ended} 条，其中已发出、对方可能已收到的 {under_way} 条。"
        ),
        format!(
            "{already_en}withdrawn{}; nothing sensitive is sent under it any more. Notices ended: {ended}, of these under way, which the other side may have: {under_way}",
            if repeated { " before" } else { "" }
        ),
    );
    output.result(&object, &words)?;
    Ok(Exit::Done)
}
