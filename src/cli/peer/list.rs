//! `hongyan peer list`.

use clap::Args;
use serde_json::json;

use super::{
    super::{
        exit::{Exit, Failure},
        faults::of_certificates,
        home::Home,
        language::{Language, both},
        link::{LinkArguments, block_on, connect},
        moment::{age, rfc3339, short},
        output::{Output, OutputArguments},
    },
    screen::misdeed_words,
};
use crate::{domain::area::County, office::client::PeerState};

/// Arguments of `peer list`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.link.node)?;
    let output = Output::new(arguments.output);
    let peers = block_on(async {
        let client = connect(&home, &arguments.link.office).await?;
        Ok(client.peers().await?)
    })?;
    if output.is_json() {
        for peer in &peers {
            output.object(&object(peer))?;
        }
        return Ok(Exit::Done);
    }
    if peers.is_empty() {
        output.say(&both(
            "还没有配对的节点：hongyan peer invite",
            "no paired nodes yet: hongyan peer invite",
        ))?;
        return Ok(Exit::Done);
    }
    let mut table = output.table(&[
        ("区县", "areas"),
        ("地址", "address"),
        ("签名密钥", "signing key"),
        ("最近联系", "last contact"),
        ("最久未答复", "oldest unanswered"),
        ("最近失败", "last failure"),
    ]);
    for peer in &peers {
        let areas: Vec<String> = peer
            .areas
            .iter()
            .map(|area: &County| area.label())
            .collect();
        let mut areas = areas.join(", ");
        if peer.id == home.config.id {
            areas += output.language.pick("（本节点）", " (this node)");
        }
        table.add_row([
            areas,
            peer.endpoint.clone(),
            peer.signing_key.chars().take(16).collect(),
            peer.last_contact_ms.map_or_else(|| "–".to_owned(), short),
            (output.language.of(&age(peer.oldest_unanswered_seconds))).to_owned(),
            amiss(peer, output.language),
        ]);
    }
    output.line(&table.to_string())?;
    Ok(Exit::Done)
}

/// What it did that no peer should do, else why it could not be reached.
fn amiss(peer: &PeerState, language: Language) -> String {
    if let Some((code, _)) = &peer.misbehaviour {
        return language.of(&misdeed_words(code)).to_owned();
    }
    let error = peer.last_error.as_deref().unwrap_or_default();
    of_certificates(error).map_or_else(
        || error.to_owned(),
        |text| language.pick(text.zh, text.en).to_owned(),
    )
}

fn object(peer: &PeerState) -> serde_json::Value {
    let PeerState {
        id,
        areas,
        endpoint,
        signing_key,
        last_contact_ms,
        last_error,
        oldest_unanswered_seconds,
        pairing,
        misbehaviour,
    } = peer;
    let areas: Vec<String> = areas.iter().map(ToString::to_string).collect();
    json!({
        "identity": id.to_string(),
        "areas": areas,
        "endpoint": endpoint,
        "signing_key": signing_key,
        "last_contact": last_contact_ms.map(rfc3339),
        "last_error": last_error,
        "oldest_unanswered_seconds": oldest_unanswered_seconds,
        "pairing_digest": pairing.map(|digest| digest.to_string()),
        "misbehaviour": misbehaviour.as_ref().map(|(code, _)| code),
        "misbehaved_at": misbehaviour.as_ref().map(|(_, at)| rfc3339(*at)),
    })
}
