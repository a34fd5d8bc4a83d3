//! `hongyan certificate answer`: an office's register, put at the disposal of those who may ask.

use std::{num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};

use clap::Args;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on},
        output::{Output, OutputArguments},
        subscribe::consumer,
    },
    answering::Answering,
    desk::Desk,
    shelf::Shelf,
};
use crate::domain::{area::County, pace::Pace};

/// Arguments of `certificate answer`.
#[derive(Args)]
#[command(after_help = "\
登记册须有“身份证号”“状态”两列，可另有“证号”“有效期至”；只读这四列，只留在内存中，文件变动即重读。
The register has the columns 身份证号 and 状态, and may have 证号 and 有效期至; no other is read.\n
示例 Example:
  hongyan certificate answer --node ./jinjiang --register 婚育证明登记册.xlsx")]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 登记册（xlsx、xls、ods、csv 或 jsonl）。 The register of certificates
    #[arg(long, value_name = "FILE")]
    register: PathBuf,
    /// 接收者名称。 Name of the consumer
    #[arg(long, value_name = "NAME", default_value = "certificates", value_parser = consumer)]
    consumer: String,
    /// 每分钟最多答复每个询问区县多少条，其余排队等候。 Answers a minute to each asking area; the rest waits
    #[arg(long, value_name = "N", default_value = "600")]
    per_minute: NonZeroU32,
    /// 这么多秒没有新查验就结束。 End after so many seconds without a query
    #[arg(long, value_name = "SECONDS")]
    idle_exit: Option<u64>,
    /// 代哪个本方区县答复；省略即证书所属区县。 For which home area; the office's own if left out
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        register,
        consumer,
        per_minute,
        idle_exit,
        home: area,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    if let Some(area) = area
        && !home.config.areas.contains(&area)
    {
        return Err(Failure::usage(both(
            format!("{area} 不是本节点的区县。"),
            format!("{area} is no home area of this node"),
        )));
    }
    let shelf = Shelf::open(register, home.clock.clone())?;
    let desk = Arc::new(Desk::new(
        shelf,
        Pace::per_minute(per_minute),
        home.clock.clone(),
    ));
    block_on(async {
        let answering = Answering {
            home: &home,
            office: &link.office,
            consumer: &consumer,
            area,
            idle_exit: idle_exit.map(Duration::from_secs),
            desk,
            output: Output::new(output),
        };
        answering.run().await
    })
}
