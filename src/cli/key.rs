//! `hongyan key`: the key with which the node signs, and the one that wraps what it keeps.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    by_hand,
    confirm::{confirmed, declined},
    exit::{Exit, Failure},
    home::{Home, NodeArguments},
    language::both,
    link::reload_if_running,
    moment::{rfc3339, short},
    output::{Output, OutputArguments},
    store_by_hand,
};
use crate::{
    domain::audit::Act,
    trust::{
        files,
        keys::{Fingerprint, PublicKey},
        lineage::Lineage,
        master_key::MasterKeys,
        rotation::{OwnKeys, rotate},
    },
};

/// What to do with the key.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 列出现用和以前的签名密钥。 The signing key in use, and those before it
    #[command(after_help = "示例 Example:\n  hongyan key list --node ./jinjiang")]
    List(List),
    /// 更换签名密钥，并向各对方声明。 Change the signing key and announce it to every peer
    #[command(after_help = "示例 Example:\n  hongyan key rotate --node ./jinjiang")]
    Rotate(Rotate),
    /// 更换主密钥，并用它重新加密各把封存密钥；节点照常运行。 Change the master key, while the node serves
    #[command(
        name = "rotate-master",
        after_help = "示例 Example:\n  hongyan key rotate-master --node ./jinjiang"
    )]
    RotateMaster(Rotate),
}

/// Arguments of `key list`.
#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    node: NodeArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `key rotate` and `key rotate-master`.
#[derive(Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    node: NodeArguments,
    /// 已了解后果，不再询问。 Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(arguments) => list(arguments),
        Command::Rotate(arguments) => change(arguments),
        Command::RotateMaster(arguments) => change_master(arguments),
    }
}

/// The node's own keys as its directory holds them.
pub(super) fn own_keys(home: &Home) -> Result<OwnKeys, Failure> {
    let config = &home.config;
    let keys = OwnKeys::load(home.dir.path(), &config.id, config.mode.is_sandbox())?;
    Ok(keys)
}

/// The keys by which the node's own word is recognised.
pub(super) fn lineage(home: &Home) -> Result<Lineage, Failure> {
    let OwnKeys { signing, earlier } = own_keys(home)?;
    let config = &home.config;
    Ok(Lineage::new(
        config.id.clone(),
        config.areas.as_slice().into(),
        config.mode.is_sandbox(),
        signing.public().clone(),
        &earlier,
    ))
}

fn list(arguments: List) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.node)?;
    let output = Output::new(arguments.output);
    let OwnKeys { signing, earlier } = own_keys(&home)?;
    let mut table = output.table(&[
        ("签名密钥指纹", "fingerprint"),
        ("启用", "since"),
        ("停用", "until"),
    ]);
    let mut row = |public: &PublicKey, since: Option<i64>, until: Option<i64>| {
        let fingerprint = fingerprint(public);
        if output.is_json() {
            return output.object(&object(fingerprint, since, until));
        }
        let moment = |at: Option<i64>, none: &str| at.map_or_else(|| none.to_owned(), short);
        table.add_row([
            fingerprint.spoken(),
            moment(since, "–"),
            moment(until, output.language.pick("使用中", "in use")),
        ]);
        Ok(())
    };
    let mut since = None;
    for key in &earlier {
        row(&key.public, since, Some(key.until_ms))?;
        since = Some(key.until_ms);
    }
    row(signing.public(), since, None)?;
    if !output.is_json() {
        output.line(&table.to_string())?;
    }
    Ok(Exit::Done)
}

fn change(arguments: Rotate) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.node)?;
    let output = Output::new(arguments.output);
    let before = fingerprint(own_keys(&home)?.signing.public());
    output.say(&both(
        format!("现用签名密钥指纹：\n{}", before.spoken()),
        format!(
            "fingerprint of the signing key in use:\n{}",
            before.spoken()
        ),
    ))?;
    let question = both(
        "更换签名密钥？旧私钥将被销毁，此前的备份不能再代表本节点签名。",
        "Change the signing key? The old private key is destroyed, and no backup of before can sign for this node any more.",
    );
    if !confirmed(&question, arguments.yes)? {
        return Err(declined());
    }
    let config = &home.config;
    let keys = rotate(
        home.dir.path(),
        &config.id,
        config.mode.is_sandbox(),
        home.clock.now_ms(),
    )?;
    by_hand::leave(&home, Act::SigningKeyRotated, Vec::new())?;
    reload_if_running(&home)?;
    let now = fingerprint(keys.signing.public());
    let since = keys.earlier.last().map(|key| key.until_ms);
    let sentence = both(
        format!(
            "已更换签名密钥，各对方在下次联系时自动认可，无须重新配对。请立即备份 keys 目录。新指纹：\n{}",
            now.spoken()
        ),
        format!(
            "the signing key is changed; each peer takes it up by itself at the next contact, and nobody pairs again. Back up the directory keys now. The new fingerprint:\n{}",
            now.spoken()
        ),
    );
    output.result(&object(now, since, None), &sentence)?;
    Ok(Exit::Done)
}

/// Changes the master key. Whatever ends this half-way, old and new key together open everything, and
/// saying it again goes on.
fn change_master(arguments: Rotate) -> Result<Exit, Failure> {
    let home = Home::open(&arguments.node)?;
    let output = Output::new(arguments.output);
    let source = &home.config.master_key;
    let keys = home.master_keys()?;
    let first = match source.file(home.dir.path()) {
        Some(path) => {
            let _turn = files::lock(&home.dir.path().join("keys"))?;
            // Whoever had the turn before may have ended it.
            let keys = home.master_keys()?;
            let keys = if keys.is_changing() {
                keys
            } else {
                let question = both(
                    "更换主密钥？此前备份中的密钥文件仍须用旧主密钥打开，请与那些备份一并保管。",
                    "Change the master key? What backups of before hold is opened by the old one alone: keep it with them.",
                );
                if !confirmed(&question, arguments.yes)? {
                    return Err(declined());
                }
                // A key that opens nothing here is left as it is: the right one may be put back.
                store_by_hand::not_wrapped_by(&home, &keys)?;
                keys.begin_change(&path)?
            };
            wrap(&home, &keys)?;
            let first = keys.first().id();
            keys.end_change(&path)?;
            first
        }
        None => {
            let changing = keys.is_changing();
            if !changing && store_by_hand::not_wrapped_by(&home, &keys)? == 0 {
                return Err(Failure::refused(both(
                    format!(
                        "主密钥来自 {source}：请在其中把新密钥放在首行，旧密钥放在其后，重启节点，再执行本命令。"
                    ),
                    format!(
                        "the master key comes from {source}: put the new one on the first line there and the old one behind it, start the node again, and say this once more"
                    ),
                )));
            }
            wrap(&home, &keys)?;
            keys.first().id()
        }
    };
    by_hand::leave(&home, Act::MasterKeyRotated, Vec::new())?;
    let sentence = both(
        format!(
            "已更换主密钥，现用的是 {first}。旧主密钥只用于打开此前的备份。请立即另行保管新主密钥。"
        ),
        format!(
            "the master key is changed; {first} is in use. The old one opens backups of before and nothing else. Keep a copy of the new one elsewhere now."
        ),
    );
    output.result(&json!({"master_key": first.to_string()}), &sentence)?;
    Ok(Exit::Done)
}

/// Has everything wrapped by the first of these keys, by the node if it runs.
fn wrap(home: &Home, keys: &MasterKeys) -> Result<(), Failure> {
    if home.is_running()? {
        reload_if_running(home)?;
    } else {
        store_by_hand::wrap_by(home, keys)?;
    }
    let left = store_by_hand::not_wrapped_by(home, keys)?;
    if left == 0 {
        return Ok(());
    }
    Err(Failure::refused(both(
        format!(
            "还有{left}块密钥由旧主密钥加密。请重启节点，再执行本命令；在此之前请保留旧主密钥。"
        ),
        format!(
            "{left} blocks of keys are still wrapped by the old master key; start the node again and say this once more, and keep the old key until then"
        ),
    )))
}

fn fingerprint(public: &PublicKey) -> Fingerprint {
    public.id().fingerprint()
}

fn object(fingerprint: Fingerprint, since: Option<i64>, until: Option<i64>) -> Value {
    json!({
        "signing_key": fingerprint.to_string(),
        "fingerprint": fingerprint.spoken(),
        "in_use": until.is_none(),
        "since": since.map(rfc3339),
        "until": until.map(rfc3339),
    })
}
