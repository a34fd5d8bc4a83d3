//! `hongyan authority`: a pilot certificate authority.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    exit::{Exit, Failure},
    language::both,
    new_file::must_be_new_or_plain,
    output::{Output, OutputArguments},
};
use crate::{
    clock::Clock,
    trust::{
        authority::{Authority, Target},
        files,
        identity::TrustDomain,
    },
};

/// What to do with an authority.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 建立证书机构。 Make an authority
    #[command(
        after_help = "示例 Example:\n  hongyan authority init --dir ./ca --trust-domain fujian.example"
    )]
    Init(Init),
    /// 签发节点证书。 Sign a node's request
    #[command(
        after_help = "示例 Example:\n  hongyan authority sign --dir ./ca --csr tls/node.csr --out tls/node.crt"
    )]
    Sign(Sign),
    /// 吊销证书，并重出吊销列表。 Revoke a certificate and publish the list
    #[command(
        after_help = "示例 Example:\n  hongyan authority revoke --dir ./ca --cert node.crt --out crl.pem"
    )]
    Revoke(Revoke),
    /// 重出吊销列表。 Publish the revocation list anew
    #[command(
        after_help = "示例 Example:\n  hongyan authority crl --dir ./ca --out ./node/tls/crl.pem"
    )]
    Crl(Crl),
}

/// Arguments of `authority init`.
#[derive(Args)]
pub(super) struct Init {
    /// 机构目录。 The authority's directory
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// 信任域，例如 fujian.example。 Trust domain
    #[arg(long, value_name = "NAME")]
    trust_domain: TrustDomain,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `authority sign`.
#[derive(Args)]
pub(super) struct Sign {
    /// 机构目录。 The authority's directory
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// 节点的证书请求。 The node's request
    #[arg(long, value_name = "FILE")]
    csr: PathBuf,
    /// 证书写到哪里。 Where to write the certificate
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// 有效小时数。 For how many hours it holds
    #[arg(long, value_name = "HOURS", default_value_t = 365 * 24, value_parser = clap::value_parser!(u64).range(1..=87_600))]
    valid_hours: u64,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `authority revoke`.
#[derive(Args)]
pub(super) struct Revoke {
    /// 机构目录。 The authority's directory
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// 要吊销的证书。 The certificate
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "serial",
        conflicts_with = "serial"
    )]
    cert: Option<PathBuf>,
    /// 或其序列号。 Or its serial number
    #[arg(long, value_name = "HEX")]
    serial: Option<String>,
    #[command(flatten)]
    list: List,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `authority crl`.
#[derive(Args)]
pub(super) struct Crl {
    /// 机构目录。 The authority's directory
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    list: List,
    #[command(flatten)]
    output: OutputArguments,
}

/// The revocation list to publish.
#[derive(Args)]
struct List {
    /// 吊销列表有效天数。 For how many days the list holds
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_650))]
    days: u64,
    /// 另存一份到。 Write a copy there
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl List {
    const fn validity(&self) -> Duration {
        Duration::from_secs(self.days * 86_400)
    }

    /// # Errors
    /// Those of [`must_be_new_or_plain`], if a copy is wanted.
    fn must_make_sense(&self) -> Result<(), Failure> {
        self.out.as_deref().map_or(Ok(()), must_be_new_or_plain)
    }

    fn copy(&self, pem: &str) -> Result<(), Failure> {
        match &self.out {
            Some(path) => Ok(files::write_public(path, pem.as_bytes())?),
            None => Ok(()),
        }
    }
}

pub(super) fn run(command: Command) -> Result<Exit, Failure> {
    let now = Clock::system().now();
    match command {
        Command::Init(Init {
            dir,
            trust_domain,
            output,
        }) => {
            let list = Duration::from_secs(30 * 86_400);
            let authority = Authority::create(&dir, trust_domain, list, now)?;
            let fingerprint = authority
                .fingerprint()
                .map(|fingerprint| fingerprint.to_string());
            let object = json!({
                "directory": dir,
                "trust_domain": authority.trust_domain().as_str(),
                "fingerprint": fingerprint,
            });
            let shown = fingerprint.unwrap_or_default();
            let (domain, at) = (authority.trust_domain(), dir.display());
            let sentence = both(
                format!(
                    "已建立信任域 {domain} 的证书机构：{at}\n根证书指纹：{shown}\n请妥善保管 ca.key。"
                ),
                format!(
                    "authority of {domain} made in {at}\nfingerprint of its root: {shown}\nkeep ca.key safe"
                ),
            );
            Output::new(output).result(&object, &sentence)?;
        }
        Command::Sign(Sign {
            dir,
            csr,
            out,
            valid_hours,
            output,
        }) => {
            must_be_new_or_plain(&out)?;
            let authority = Authority::open(&dir)?;
            let request = String::from_utf8_lossy(&files::read_public(&csr)?).into_owned();
            let id = authority.requested(&request)?;
            let validity = Duration::from_secs(valid_hours * 3_600);
            let certificate = authority.sign(&request, validity, now)?;
            files::write_public(&out, certificate.as_bytes())?;
            let object = json!({"identity": id.to_string(), "certificate": out});
            let at = out.display();
            let sentence = both(
                format!("已为 {id} 签发证书：{at}"),
                format!("certificate for {id} written to {at}"),
            );
            Output::new(output).result(&object, &sentence)?;
        }
        Command::Revoke(Revoke {
            dir,
            cert,
            serial,
            list,
            output,
        }) => {
            list.must_make_sense()?;
            let authority = Authority::open(&dir)?;
            let certificate = match &cert {
                Some(path) => String::from_utf8_lossy(&files::read_public(path)?).into_owned(),
                None => String::new(),
            };
            let target = match &serial {
                Some(serial) => Target::Serial(serial),
                None => Target::Certificate(&certificate),
            };
            let pem = authority.revoke(target, list.validity(), now)?;
            list.copy(&pem)?;
            published(&dir, &list, output)?;
        }
        Command::Crl(Crl { dir, list, output }) => {
            list.must_make_sense()?;
            let pem = Authority::open(&dir)?.crl(list.validity(), now)?;
            list.copy(&pem)?;
            published(&dir, &list, output)?;
        }
    }
    Ok(Exit::Done)
}

fn published(dir: &std::path::Path, list: &List, output: OutputArguments) -> Result<(), Failure> {
    let path = list.out.clone().unwrap_or_else(|| dir.join("crl.pem"));
    let object = json!({"crl": path, "days": list.days});
    let (at, days) = (path.display(), list.days);
    let sentence = both(
        format!("吊销列表已写到 {at}，{days}天内有效。请放到各节点的 tls/crl.pem。"),
        format!(
            "revocation list written to {at}, good for {days} days; put it in place as tls/crl.pem of each node"
        ),
    );
    Ok(Output::new(output).result(&object, &sentence)?)
}
