//! `hongyan agreement accept`: yes to what the other side proposed, after a person has read it.

use clap::Args;

use super::{
    super::{
        confirm::{confirmed, declined},
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        output::{Output, OutputArguments},
    },
    told::{done, tell},
};
use crate::{
    agreement::{Agreement, Agreements, Difference, diff, life::State, plain_words},
    domain::{agreement::AgreementVersion, problem::Sentence},
    pairing::{
        life::{Act, Unsaid},
        load_agreements,
    },
};

/// Arguments of `agreement accept`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 协议编号和版本，如 350582-530111/2。 Which version of which agreement
    #[arg(value_name = "ID/VERSION")]
    version: AgreementVersion,
    /// 已核对条款，不再询问。 The terms were read; do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        version,
        yes,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(output);
    block_on(async {
        let client = connect(&home, &link.office).await?;
        let held = load_agreements(&home.dir)?;
        output.say(&terms(&home, &held, version)?)?;
        let question = both(
            "已核对上述条款，并代表本方同意？",
            "Have you read these terms, and does this side agree to them?",
        );
        if !confirmed(&question, yes)? {
            return Err(declined());
        }
        let act = Act::Accept(version);
        let done = done(&act);
        tell(output, done, &client.agree(act).await?)?;
        Ok(Exit::Done)
    })
}

/// What the version says, and in what it differs from the one in force.
fn terms(home: &Home, held: &Agreements, version: AgreementVersion) -> Result<Sentence, Failure> {
    let of = |wanted: AgreementVersion| held.iter().find(|it| it.version == wanted);
    let proposed = of(version).ok_or_else(|| {
        let text = Unsaid::UnknownAgreement.text();
        Failure::refused(both(text.zh, text.en))
    })?;
    let (zh, en) = plain_words(proposed);
    let mut sentence = Sentence {
        zh: zh.trim_end().to_owned(),
        en: en.trim_end().to_owned(),
    };
    let today = home.today()?;
    let in_force = held.iter().find(|it| {
        let state = held.state(it.version, today);
        it.version.id == version.id && matches!(state, Some(State::InForce | State::Suspended))
    });
    if let Some(in_force) = in_force {
        compare(&mut sentence, in_force, proposed);
    }
    Ok(sentence)
}

fn compare(sentence: &mut Sentence, in_force: &Agreement, proposed: &Agreement) {
    let version = in_force.version;
    sentence.zh += &format!("\n与现行的 {version} 相比：");
    sentence.en += &format!("\nCompared with {version}, which is in force:");
    for Difference {
        key: _,
        label,
        here,
        there,
    } in diff(in_force, proposed)
    {
        let zh = |said: &Option<Sentence>| {
            said.as_ref()
                .map_or_else(|| "无".into(), |it| it.zh.clone())
        };
        let en = |said: &Option<Sentence>| {
            said.as_ref()
                .map_or_else(|| "none".into(), |it| it.en.clone())
        };
        sentence.zh += &format!("\n  {}：{} → {}", label.zh, zh(&here), zh(&there));
        sentence.en += &format!("\n  {}: {} → {}", label.en, en(&here), en(&there));
    }
}
