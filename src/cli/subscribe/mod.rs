//! `hongyan subscribe`: prints each notice as it comes, then acknowledges it.

mod line;
mod run;

use std::time::Duration;

use clap::{Args, ValueEnum};

pub(super) use self::line::content;
use self::run::Subscriber;
use super::{
    exit::{Exit, Failure},
    home::Home,
    language::both,
    link::{LinkArguments, block_on},
    output::{Output, OutputArguments},
};
use crate::domain::{area::County, notice::Kind};

/// Arguments of `subscribe`.
#[derive(Args)]
#[command(after_help = "\
示例 Examples:
  hongyan subscribe --node ./guandu --consumer desk --format json
  hongyan subscribe --node ./guandu --consumer nightly --idle-exit 5 --format json > today.jsonl")]
pub(super) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 接收者名称：1到64个 a–z、0–9、- _ .。 Name of the consumer
    #[arg(long, value_name = "NAME", value_parser = consumer)]
    consumer: String,
    /// 只要这类通报，可重复；省略即全部。 Only this kind; may repeat; all if left out
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<Kind>,
    /// 新接收者从最早（first）还是从现在（now）开始。 Where a new consumer begins
    #[arg(long, value_enum, default_value_t = From::First)]
    from: From,
    /// 打印这么多条后结束。 End after so many notices
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// 这么多秒没有新通报就结束。 End after so many seconds without a notice
    #[arg(long, value_name = "SECONDS")]
    idle_exit: Option<u64>,
    /// 只打印，不确认。 Print without acknowledging
    #[arg(long)]
    no_ack: bool,
    /// 接收哪个本方区县；省略即证书所属区县。 Which home area; the office's own if left out
    #[arg(long, value_name = "AREA")]
    home: Option<County>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Where a new consumer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum From {
    /// At the oldest notice that the node holds.
    First,
    /// After the newest.
    Now,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        consumer,
        kinds,
        from,
        limit,
        idle_exit,
        no_ack,
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
    block_on(async {
        let subscriber = Subscriber {
            home: &home,
            office: &link.office,
            consumer: &consumer,
            kinds: &kinds,
            from_now: from == From::Now,
            area,
            limit,
            idle_exit: idle_exit.map(Duration::from_secs),
            acknowledges: !no_ack,
            output: Output::new(output),
        };
        subscriber.run().await
    })
}

/// The name of a consumer.
pub(super) fn consumer(text: &str) -> Result<String, &'static str> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("a consumer's name has 1 to 64 characters of a-z, 0-9, `-`, `_`, `.`")
    }
}

#[cfg(test)]
mod tests;
