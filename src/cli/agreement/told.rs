//! Saying something through the running node, and what became of it.

use serde_json::json;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::{Language, both},
        link::{LinkArguments, block_on, connect},
        output::{Output, OutputArguments},
    },
    list::state_words,
};
use crate::{domain::problem::Text, office::client::Agreed, pairing::life::Act};

/// Says it, and prints where the agreement stands then.
pub(super) fn say(
    link: &LinkArguments,
    output: OutputArguments,
    act: Act,
) -> Result<Exit, Failure> {
    let home = Home::open(&link.node)?;
    let done = done(&act);
    let agreed = block_on(async { Ok(connect(&home, &link.office).await?.agree(act).await?) })?;
    tell(Output::new(output), done, &agreed)?;
    Ok(Exit::Done)
}

/// Prints what was done, where the agreement stands now, and whether the peer knows.
pub(super) fn tell(output: Output, done: Text, agreed: &Agreed) -> Result<(), Failure> {
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
    let stands = |language| state_words(state.name(), language);
    let mut sentence = both(
        format!("{}。协议 {version} 现为{}；", done.zh, stands(Language::Zh)),
        format!(
            "{}; agreement {version} is {}; ",
            done.en,
            stands(Language::En)
        ),
    );
    match not_told {
        None => {
            sentence.zh += "对方已收到。";
            sentence.en += "the peer has been told";
        }
        Some(why) => {
            sentence.zh += &format!("对方尚未收到（{why}），节点会继续尝试。");
            sentence.en +=
                &format!("the peer has not been told yet ({why}), and the node goes on trying");
        }
    }
    output.result(&object, &sentence)?;
    Ok(())
}

/// What an act has done, once it is signed.
pub(super) const fn done(act: &Act) -> Text {
    let (zh, en) = match act {
        Act::Propose { .. } | Act::Amend { .. } => {
            ("已提出，待另一方同意", "proposed to the other side")
        }
        Act::Accept(_) => ("已同意", "accepted"),
        Act::Suspend { .. } => ("暂停已签署", "the suspension is signed"),
        Act::Resume(_) => (
            "本方的暂停已解除",
            "what this side had suspended is resumed",
        ),
        Act::End { .. } => ("终止已签署", "the end is signed"),
    };
    Text { zh, en }
}
