//! Saying something through the running node, and what became of it.

use serde_json::json;

use super::super::{
    exit::{Exit, Failure},
    home::Home,
    language::both,
    link::{LinkArguments, block_on, connect},
    output::{Output, OutputArguments},
};
use crate::{agreement::life::State, office::client::Agreed, pairing::life::Act};

/// Says it, and prints where the agreement stands then.
pub(super) fn say(
    link: &LinkArguments,
    output: OutputArguments,
    act: Act,
) -> Result<Exit, Failure> {
    let home = Home::open(&link.node)?;
    let agreed = block_on(async { Ok(connect(&home, &link.office).await?.agree(act).await?) })?;
    tell(Output::new(output), &agreed)?;
    Ok(Exit::Done)
}

/// Prints where the agreement stands now, and whether the peer knows.
pub(super) fn tell(output: Output, agreed: &Agreed) -> Result<(), Failure> {
    let Agreed {
        version,
        state,
        not_told,
    } = agreed;
    let object = json!({
        "agreement": version.id.to_string(),
        "version": version.version,
        "state": state.name(),
        "told": not_told.is_none(),
        "not_told": not_told,
    });
    let (zh, en) = words(*state);
    let sentence = match not_told {
        None => both(
            format!("协议 {version}：{zh}，对方已收到。"),
            format!("agreement {version} is {en}; the peer has been told"),
        ),
        Some(why) => both(
            format!("协议 {version}：{zh}。对方尚未收到（{why}），节点会继续尝试。"),
            format!(
                "agreement {version} is {en}; the peer has not been told yet ({why}), and the node goes on trying"
            ),
        ),
    };
    output.result(&object, &sentence)?;
    Ok(())
}

const fn words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Draft => ("草案", "a draft"),
        State::Proposed => ("已提出，待另一方同意", "proposed"),
        State::Accepted => ("双方已同意，尚未生效", "accepted, and not in force yet"),
        State::InForce => ("生效", "in force"),
        State::Suspended => ("已暂停", "suspended"),
        State::Ended => ("已终止", "ended"),
        State::Expired => ("已到期", "expired"),
        State::Superseded => ("已被新版取代", "superseded"),
    }
}
