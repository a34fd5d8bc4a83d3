//! `hongyan peer probe`.

use clap::Args;
use serde_json::json;

use super::super::{
    exit::{Exit, Failure},
    faults::of_certificates,
    home::Home,
    language::both,
    link::{LinkArguments, block_on, connect},
    moment::rfc3339,
    output::{Output, OutputArguments},
};
use crate::{
    domain::{area::County, problem::Sentence},
    office::client::Probe,
};

/// Arguments of `peer probe`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 对方的区县；省略则探测全部，本节点区县互通的也在内。 An area of the peer; all peers if left out
    #[arg(value_name = "AREA")]
    area: Option<County>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.link.node)?;
    let output = Output::new(arguments.output);
    block_on(async {
        let client = connect(&home, &arguments.link.office).await?;
        let areas = match arguments.area {
            Some(area) => vec![area],
            None => {
                let peers = client.peers().await?;
                peers.iter().map(|peer| peer.id.area()).collect()
            }
        };
        let mut exit = Exit::Done;
        for area in areas {
            let probe = client.probe(area).await?;
            if !agrees(&probe) {
                exit = Exit::Refused;
            }
            output.result(&object(area, &probe), &words(&home, area, &probe))?;
        }
        Ok(exit)
    })
}

/// Whether the peer answers and nothing stands between the two.
pub(in crate::cli) fn agrees(probe: &Probe) -> bool {
    probe.failure.is_none()
        && probe.channels.iter().all(|channel| channel.heads_agree)
        && probe.agreements.iter().all(|agreement| agreement.equal)
}

/// A probe for people.
pub(in crate::cli) fn words(home: &Home, area: County, probe: &Probe) -> Sentence {
    let Sentence { zh, en } = if home.config.areas.contains(&area) {
        both("本节点各区县之间", "between the areas of this node")
    } else {
        both(area.label(), area.label())
    };
    if let Some(failure) = &probe.failure {
        if let Some(text) = of_certificates(failure) {
            return both(
                format!("{zh}：连接未成。{}", text.zh),
                format!("{en}: no connection. {}", text.en),
            );
        }
        return both(
            format!("{zh}：没有应答（{failure}）。请核对地址、防火墙和对方证书。"),
            format!(
                "{en}: no answer ({failure}); check address, firewall and the peer's certificate"
            ),
        );
    }
    let milliseconds = probe.round_trip_us / 1_000;
    let clock = probe.clock_difference_ms;
    let mut sentence = both(
        format!("{zh}：应答 {milliseconds} 毫秒，时钟差 {clock} 毫秒"),
        format!("{en}: answers in {milliseconds} ms, clocks differ by {clock} ms"),
    );
    for agreement in probe.agreements.iter().filter(|agreement| !agreement.equal) {
        let (id, here, there) = (&agreement.id, agreement.here, agreement.there);
        sentence.zh += &format!("\n  协议 {id} 不一致：本方第{here}版，对方第{there}版");
        sentence.en += &format!("\n  agreement {id} differs: version {here} here, {there} there");
    }
    for compared in &probe.channels {
        let (from, to) = (compared.channel.from, compared.channel.to);
        let (here, there) = (compared.here, compared.there);
        sentence.zh += &format!("\n  {from} → {to}：本方 {here}，对方 {there}");
        sentence.en += &format!("\n  {from} → {to}: {here} here, {there} there");
        if !compared.heads_agree {
            sentence.zh += "，记录不一致，请查看 hongyan channel list";
            sentence.en += "; the histories differ, see hongyan channel list";
        }
    }
    sentence
}

fn object(area: County, probe: &Probe) -> serde_json::Value {
    let Probe {
        failure,
        round_trip_us,
        clock_difference_ms,
        versions,
        certificate_until_ms,
        agreements,
        channels,
    } = probe;
    let agreements = agreements.iter().map(|agreement| {
        json!({
            "id": agreement.id,
            "version_here": agreement.here,
            "version_there": agreement.there,
            "equal": agreement.equal,
        })
    });
    let channels = channels.iter().map(|compared| {
        json!({
            "from_area": compared.channel.from.to_string(),
            "to_area": compared.channel.to.to_string(),
            "sequence_here": compared.here,
            "sequence_there": compared.there,
            "heads_agree": compared.heads_agree,
        })
    });
    json!({
        "area": area.to_string(),
        "reachable": failure.is_none(),
        "error": failure,
        "round_trip_us": round_trip_us,
        "clock_difference_ms": clock_difference_ms,
        "versions": versions,
        "certificate_until": (*certificate_until_ms != 0).then(|| rfc3339(*certificate_until_ms)),
        "agreements": agreements.collect::<Vec<_>>(),
        "channels": channels.collect::<Vec<_>>(),
    })
}
