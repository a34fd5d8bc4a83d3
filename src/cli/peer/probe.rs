//! `hongyan peer probe`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        link::{LinkArguments, block_on, connect},
        moment::rfc3339,
        output::{Output, OutputArguments},
    },
    screen::{self, Line, State},
};
use crate::{
    domain::{area::County, problem::Sentence},
    office::client::{AgreementComparison, Probe},
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
            if output.is_json() {
                output.object(&object(area, &probe))?;
            } else {
                let lines = screen::lines(&probe, home.clock.now_ms(), &home.config.areas);
                output.line(&screen::table(output, &screen::name(&home, area), &lines))?;
            }
        }
        Ok(exit)
    })
}

/// Whether the peer answers and nothing stands between the two.
pub(in crate::cli) fn agrees(probe: &Probe) -> bool {
    probe.failure.is_none()
        && probe.misbehaviour.is_none()
        && probe.channels.iter().all(|channel| channel.heads_agree)
        && probe.agreements.iter().all(|agreement| agreement.equal)
}

/// Whether nothing at all is worth a word.
pub(in crate::cli) fn is_well(home: &Home, probe: &Probe) -> bool {
    let lines = screen::lines(probe, home.clock.now_ms(), &home.config.areas);
    lines.iter().all(|line| line.state == State::Fine)
}

/// A probe in a few lines: all is well, or what is not.
pub(in crate::cli) fn words(home: &Home, area: County, probe: &Probe) -> Sentence {
    let mut words = screen::name(home, area);
    let lines = screen::lines(probe, home.clock.now_ms(), &home.config.areas);
    let amiss = lines.iter().filter(|line| line.state != State::Fine);
    let amiss: Vec<&Line> = amiss.collect();
    match (amiss.as_slice(), lines.first()) {
        ([], Some(reached)) => {
            words.zh += &format!("：{}", reached.found.zh);
            words.en += &format!(": {}", reached.found.en);
        }
        ([Line { found, .. }], _) => {
            words.zh += &format!("：{}", found.zh);
            words.en += &format!(": {}", found.en);
        }
        (amiss, _) => {
            for Line { found, .. } in amiss {
                words.zh += &format!("\n  {}", found.zh);
                words.en += &format!("\n  {}", found.en);
            }
        }
    }
    words
}

/// A version of an agreement as both sides hold it, for a program.
pub(in crate::cli) fn agreement_object(compared: &AgreementComparison) -> Map<String, Value> {
    let AgreementComparison {
        id,
        here,
        there,
        equal,
        differences,
        compared_version,
    } = compared;
    let keys: Vec<&str> = differences.iter().map(|it| it.key.as_str()).collect();
    let members = [
        ("id", json!(id.to_string())),
        ("version_here", json!(here)),
        ("version_there", json!(there)),
        ("equal", json!(equal)),
        ("differences", json!(keys)),
        ("compared_version", json!(compared_version)),
    ];
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn object(area: County, probe: &Probe) -> Value {
    let Probe {
        failure,
        round_trip_us,
        clock_difference_ms,
        versions,
        certificate_until_ms,
        versions_here,
        agreements,
        channels,
        waiting,
        misbehaviour,
    } = probe;
    let agreements = agreements.iter().map(agreement_object);
    let waiting = waiting.iter().map(|(channel, seconds)| {
        json!({
            "from_area": channel.from.to_string(),
            "to_area": channel.to.to_string(),
            "oldest_unanswered_seconds": seconds,
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
        "versions_here": versions_here,
        "certificate_until": (*certificate_until_ms != 0).then(|| rfc3339(*certificate_until_ms)),
        "agreements": agreements.collect::<Vec<_>>(),
        "channels": channels.collect::<Vec<_>>(),
        "waiting": waiting.collect::<Vec<_>>(),
        "misbehaviour": misbehaviour.as_ref().map(|(code, _)| code),
        "misbehaved_at": misbehaviour.as_ref().map(|(_, at)| rfc3339(*at)),
    })
}
