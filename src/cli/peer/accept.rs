//! `hongyan peer accept`: an invitation, or the answer to one's own.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{
    super::{
        by_hand,
        confirm::{confirmed, declined},
        exit::{Exit, Failure},
        home::{Home, NodeArguments},
        language::both,
        link::reload_if_running,
        output::{Output, OutputArguments},
    },
    invite::{missing, now},
    party,
};
use crate::{
    domain::audit::{Act, On},
    pairing::{
        Here, Issued, Joined, accept_answer, accept_invitation, install, life::countersign,
        load_all, read_answer, read_invitation,
    },
    trust::files,
};

/// Arguments of `peer accept`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    node: NodeArguments,
    /// 邀请文件，或对方的答复文件。 An invitation, or the answer to one's own
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// 接受邀请时，答复文件写到哪里。 Where to write the answer to an invitation
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
    /// 已核对指纹和条款，不再询问。 Fingerprint and terms were checked; do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.node)?;
    let bytes = files::read_public(&arguments.file).map_err(missing)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let output = Output::new(arguments.output);
    if is_answer(&text) {
        take_answer(&home, &text, arguments.yes, output)
    } else {
        let Some(answer) = &arguments.answer else {
            return Err(Failure::usage(both(
                "这是邀请文件，请用 --answer 指定答复文件写到哪里。",
                "this is an invitation; say with --answer where to write the answer",
            )));
        };
        take_invitation(&home, &text, answer, arguments.yes, output)
    }
}

/// Told by what stands in it: only an answer names the digest of an invitation.
fn is_answer(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with("invitation_digest"))
}

fn take_invitation(
    home: &Home,
    text: &str,
    out: &Path,
    yes: bool,
    output: Output,
) -> Result<Exit, Failure> {
    // What is signed names the signer's trust domain, which only the file tells: it is read once
    // for that, and once more to be believed.
    let signer = read_invitation(text, |_, _, _| true)?.inviter.id;
    let invitation = read_invitation(text, |key, statement, signature| {
        statement
            .signed_by(key, signer.trust_domain(), signature)
            .is_some()
    })?;
    let key = party::signing_key(home)?;
    let own = party::own(home, &key)?;
    let here = Here {
        party: &own,
        pairings: &load_all(&home.dir)?,
        now: now(home)?,
    };
    let mut signed = Ok(());
    let (joined, file) = accept_invitation(&invitation, &here, |statement| {
        statement
            .sign(&key, home.config.trust_domain())
            .unwrap_or_else(|error| {
                signed = Err(error);
                Vec::new()
            })
    })?;
    signed?;
    ask(&joined, yes, output)?;
    install(&home.dir, &joined)?;
    files::write_public(out, file.as_bytes())?;
    let fingerprint = key.public().id().fingerprint().spoken();
    by_hand::leave(home, Act::PeerAccepted, on(&joined))?;
    reload_if_running(home)?;
    let at = out.display();
    let sentence = both(
        format!("已配对。请把答复 {at} 交给对方，并告知本节点的签名密钥指纹：\n{fingerprint}"),
        format!(
            "paired; give the answer {at} to the other side, and read to them the fingerprint of this node's signing key:\n{fingerprint}"
        ),
    );
    let mut object = shown(&joined);
    if let Some(object) = object.as_object_mut() {
        object.insert("answer".to_owned(), json!(out));
        object.insert("own_fingerprint".to_owned(), json!(fingerprint));
    }
    output.result(&object, &sentence)?;
    Ok(Exit::Done)
}

fn take_answer(home: &Home, text: &str, yes: bool, output: Output) -> Result<Exit, Failure> {
    // As with an invitation: read once for the signer's trust domain, once to be believed.
    let signer = read_answer(text, |_, _, _| true)?.accepter.id;
    let answer = read_answer(text, |key, statement, signature| {
        statement
            .signed_by(key, signer.trust_domain(), signature)
            .is_some()
    })?;
    let key = party::signing_key(home)?;
    let own = party::own(home, &key)?;
    let issued = Issued::load(&home.dir, answer.nonce)?;
    let here = Here {
        party: &own,
        pairings: &load_all(&home.dir)?,
        now: now(home)?,
    };
    let joined = accept_answer(
        &answer,
        issued.as_ref(),
        &here,
        |key, statement, signature| {
            statement
                .signed_by(key, home.config.trust_domain(), signature)
                .is_some()
        },
    )?;
    ask(&joined, yes, output)?;
    install(&home.dir, &joined)?;
    countersign(&home.dir, joined.agreement.version, here.now)?;
    Issued::mark_used(&home.dir, answer.nonce, answer.digest)?;
    by_hand::leave(home, Act::PeerAccepted, on(&joined))?;
    reload_if_running(home)?;
    let other = &joined.pairing.pairing.id;
    let sentence = both(
        format!("已与 {other} 配对，双方可以互通。"),
        format!("paired with {other}; both sides can exchange notices now"),
    );
    output.result(&shown(&joined), &sentence)?;
    Ok(Exit::Done)
}

fn ask(joined: &Joined, yes: bool, output: Output) -> Result<(), Failure> {
    let summary = &joined.summary;
    output.say(&both(summary.zh.trim_end(), summary.en.trim_end()))?;
    let question = both(
        "已通过已知的电话号码与对方核对指纹，并同意上述条款？",
        "Have you compared the fingerprint over a telephone number that you knew before, and do you agree to these terms?",
    );
    if confirmed(&question, yes)? {
        Ok(())
    } else {
        Err(declined())
    }
}

/// With whom, and under which agreement.
fn on(joined: &Joined) -> Vec<On> {
    let peer = On::Peer(joined.pairing.pairing.id.area());
    vec![peer, On::Agreement(joined.agreement.version.id, None)]
}

fn shown(joined: &Joined) -> serde_json::Value {
    let pairing = &joined.pairing.pairing;
    let areas: Vec<String> = pairing.areas.iter().map(ToString::to_string).collect();
    json!({
        "identity": pairing.id.to_string(),
        "areas": areas,
        "endpoint": pairing.endpoint,
        "fingerprint": joined.summary.fingerprint,
        "agreement": joined.agreement.version.id.to_string(),
    })
}
