//! `hongyan office`: the offices of a node.

use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::json;

use super::{
    by_hand,
    exit::{Exit, Failure},
    home::{Home, NodeArguments},
    language::both,
    link::reload_if_running,
    output::{Output, OutputArguments},
};
use crate::{
    config::{NodeConfig, Role},
    domain::{
        area::AreaCode,
        audit::{Act, On},
        calendar,
    },
    trust::{
        files::{self, FileError},
        identity::SpiffeId,
        issue::DEFAULT_VALIDITY,
        office_authority::OfficeAuthority,
    },
};

/// What to do with an office.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 增加办公室：签发证书并写入配置。 Add an office: its certificate and its line
    #[command(
        after_help = "示例 Example:\n  hongyan office add --node ./jinjiang --name chidian --role clerk --area 350582104"
    )]
    Add(Add),
}

/// Arguments of `office add`.
#[derive(Args)]
pub(super) struct Add {
    #[command(flatten)]
    node: NodeArguments,
    /// 名称：小写字母、数字、. - _。 Its name: a-z, 0-9, `.`, `-`, `_`
    #[arg(long)]
    name: String,
    /// 角色，可重复：clerk 经办、integrator 业务系统、auditor 审计、operator 管理。 Role; may repeat
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<Role>,
    /// 可办理的区划（6、9或12位），可重复；省略即全部。 Area it may act for; may repeat; all if left out
    #[arg(long = "area", value_name = "CODE")]
    areas: Vec<AreaCode>,
    /// 到期日（含）。 Last day, for example 2027-12-31
    #[arg(long, value_name = "DATE", value_parser = day)]
    expires: Option<Date>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    let Command::Add(Add {
        node,
        name,
        roles,
        areas,
        expires,
        output,
    }) = command;
    let home = Home::open(&node)?;
    let id = home.config.id.with_office(&name).map_err(|_| {
        Failure::usage(both(
            "办公室名称须为1到64个小写字母、数字或 . - _。",
            "an office's name has 1 to 64 characters of a-z, 0-9, `.`, `-`, `_`",
        ))
    })?;
    let text = String::from_utf8_lossy(&files::read_public(&home.dir.config())?).into_owned();
    let text = text + &entry(&id, &roles, &areas, expires);
    // A line that the node would refuse is refused here.
    NodeConfig::parse(&text)?;
    let office = home.dir.path().join("office");
    let (certificate, key) = (
        office.join(format!("{name}.crt")),
        office.join(format!("{name}.key")),
    );
    for path in [&certificate, &key] {
        if path.symlink_metadata().is_ok() {
            let path = path.clone();
            return Err(FileError::Exists { path }.into());
        }
    }
    let authority = OfficeAuthority::open(&office)?;
    let issued = authority.issue(&id, DEFAULT_VALIDITY, home.clock.now())?;
    files::write_new_secret(&key, issued.key_pem.as_bytes())?;
    files::write_public(&certificate, issued.certificate_pem.as_bytes())?;
    files::write_public(&home.dir.config(), text.as_bytes())?;
    by_hand::leave(&home, Act::OfficeAdded, vec![On::Office(id.to_string())])?;
    reload_if_running(&home)?;
    let object = json!({"identity": id.to_string(), "certificate": certificate, "key": key});
    let (crt, key) = (certificate.display(), key.display());
    let sentence = both(
        format!("已增加办公室 {id}\n证书 {crt}，密钥 {key}（请勿外传）"),
        format!("office {id} added\ncertificate {crt}, key {key} (keep it secret)"),
    );
    Output::new(output).result(&object, &sentence)?;
    Ok(Exit::Done)
}

/// The lines of an office in `node.toml`.
fn entry(id: &SpiffeId, roles: &[Role], areas: &[AreaCode], expires: Option<Date>) -> String {
    let list = |items: Vec<String>| {
        let quoted: Vec<String> = items.iter().map(|item| format!("\"{item}\"")).collect();
        quoted.join(", ")
    };
    let roles = list(roles.iter().map(ToString::to_string).collect());
    let mut text = format!("\n[[office_client]]\nid = \"{id}\"\nroles = [{roles}]\n");
    if !areas.is_empty() {
        let areas = list(areas.iter().map(ToString::to_string).collect());
        text += &format!("areas = [{areas}]\n");
    }
    if let Some(day) = expires {
        text += &format!("expires = \"{day}\"\n");
    }
    text
}

fn day(text: &str) -> Result<Date, &'static str> {
    calendar::parse_day(text).ok_or("a day is written as 2026-10-08")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_office_is_written_as_the_configuration_reads_it() {
        let id: SpiffeId = "spiffe://fj.test/area/350582/office/chidian"
            .parse()
            .unwrap();
        let areas = ["350582104".parse().unwrap()];
        assert_eq!(
            entry(
                &id,
                &[Role::Clerk, Role::Auditor],
                &areas,
                calendar::parse_day("2026-12-31")
            ),
            "\n[[office_client]]\nid = \"spiffe://fj.test/area/350582/office/chidian\"\n\
             roles = [\"clerk\", \"auditor\"]\nareas = [\"350582104\"]\nexpires = \"2026-12-31\"\n"
        );
    }
}
