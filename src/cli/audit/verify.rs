//! `hongyan audit verify`.

use std::{
    env,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::{Value, json};

use super::super::{
    exit::{Exit, Failure},
    home::{Home, NodeArguments},
    key::{lineage, own_keys},
    language::both,
    moment::rfc3339,
    output::{Output, OutputArguments},
};
use crate::{
    audit::{self, Excerpt, ExcerptFault},
    domain::problem::Sentence,
    node::check_heads,
    store::{
        AuditCheckError, AuditFault, AuditReport, AuditWrong, Beside, EndCompared, KnownAct,
        verify_audit,
    },
    trust::rotation::OwnKeys,
};

/// Arguments of `audit verify`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// 导出的文件，可多个；与 --node 同用时还与节点的记录核对。 Files that were exported; with --node they are compared with its record too
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// 节点目录；节点可在运行。不给文件时可由 HONGYAN_NODE 指明。 The node's directory; it may be running. Without a file HONGYAN_NODE may name it
    #[arg(long, value_name = "DIR")]
    node: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments {
        files,
        node,
        output,
    } = arguments;
    let output = Output::new(*output);
    let home = match which_node(files, node.as_deref())? {
        Some(node) => Some(Home::open(&NodeArguments { node })?),
        None => None,
    };
    let mut exit = Exit::Done;
    let mut known = Vec::new();
    for path in files {
        match file(path)? {
            Ok(excerpt) => {
                let key = match &home {
                    Some(home) => own(home, &excerpt)?,
                    None => Signer::Unknown,
                };
                if matches!(key, Signer::Another) {
                    exit = Exit::Refused;
                } else if matches!(key, Signer::TheNode) {
                    known.push(KnownAct {
                        home: excerpt.home,
                        number: excerpt.last,
                        digest: excerpt.head,
                    });
                }
                tell_file(output, path, &excerpt, &key)?;
            }
            Err(fault) => {
                exit = Exit::Refused;
                tell_fault(output, path, &fault)?;
            }
        }
    }
    if let Some(home) = &home
        && !record(home, &known, output)?
    {
        exit = Exit::Refused;
    }
    Ok(exit)
}

/// The node whose record is verified. A file needs none, and may be another's: the environment names
/// one's own for every command, so beside a file only what the command line says counts.
fn which_node(files: &[PathBuf], node: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    if let Some(node) = node {
        return Ok(Some(node.to_owned()));
    }
    if !files.is_empty() {
        return Ok(None);
    }
    match env::var_os("HONGYAN_NODE").filter(|node| !node.is_empty()) {
        Some(node) => Ok(Some(node.into())),
        None => Err(Failure::usage(both(
            "请给出要核验的节点（--node DIR）或导出的文件（FILE）。",
            "name what to verify: a node with --node DIR, or an exported FILE",
        ))),
    }
}

/// Whose key a file is signed with.
enum Signer {
    /// Nobody here knows.
    Unknown,
    /// The node's, now or before.
    TheNode,
    /// Another's.
    Another,
}

fn file(path: &Path) -> Result<Result<Excerpt, ExcerptFault>, Failure> {
    let read = File::open(path).and_then(|file| audit::verify(BufReader::new(file)));
    read.map_err(|error| {
        let path = path.display();
        Failure::usage(both(
            format!("无法读取 {path}：{error}"),
            format!("cannot read {path}: {error}"),
        ))
    })
}

fn own(home: &Home, excerpt: &Excerpt) -> Result<Signer, Failure> {
    let OwnKeys { signing, earlier } = own_keys(home)?;
    let mut keys = earlier.iter().map(|key| key.public.id());
    let known = signing.public().id() == excerpt.key || keys.any(|key| key == excerpt.key);
    let ours = home.config.areas.contains(&excerpt.home)
        && *home.config.trust_domain() == excerpt.trust_domain;
    Ok(if known && ours {
        Signer::TheNode
    } else {
        Signer::Another
    })
}

fn tell_file(
    output: Output,
    path: &Path,
    excerpt: &Excerpt,
    signer: &Signer,
) -> Result<(), Failure> {
    let Excerpt {
        trust_domain,
        home,
        sandbox,
        first,
        last,
        head,
        signed_at_ms,
        key,
    } = excerpt;
    let name = path.display();
    let fingerprint = key.fingerprint();
    let at = rfc3339(*signed_at_ms);
    let object = json!({
        "file": path,
        "holds": !matches!(signer, Signer::Another),
        "home_area": home.as_str(),
        "trust_domain": trust_domain.to_string(),
        "sandbox": sandbox,
        "first": first,
        "last": last,
        "head": head.to_string(),
        "signed_at": at,
        "signing_key": fingerprint.to_string(),
        "key_is_the_nodes": match signer {
            Signer::Unknown => Value::Null,
            Signer::TheNode => json!(true),
            Signer::Another => json!(false),
        },
    });
    let spoken = fingerprint.spoken();
    let sentence = match signer {
        Signer::Another => both(
            format!("✗ {name}：不是由本节点的密钥签署。密钥指纹：\n{spoken}"),
            format!(
                "✗ {name}: not signed with a key of this node. Fingerprint of the key:\n{spoken}"
            ),
        ),
        Signer::TheNode => both(
            format!("✓ {name}：第{first}至{last}条完整未改，{at} 由本节点签署。"),
            format!("✓ {name}: acts {first} to {last} are whole; signed by this node at {at}"),
        ),
        Signer::Unknown => both(
            format!(
                "✓ {name}：{home} 第{first}至{last}条完整未改，{at} 签署。请与该节点核对签名密钥指纹：\n{spoken}"
            ),
            format!(
                "✓ {name}: acts {first} to {last} of {home} are whole; signed at {at}. Compare the fingerprint of the signing key with the node's:\n{spoken}"
            ),
        ),
    };
    Ok(output.result(&object, &sentence)?)
}

fn tell_fault(output: Output, path: &Path, fault: &ExcerptFault) -> Result<(), Failure> {
    let ExcerptFault { line, act, what } = fault;
    let name = path.display();
    let Sentence { zh, en } = what.sentence();
    let object = json!({
        "file": path,
        "holds": false,
        "code": what.code(),
        "line": line,
        "act": act,
        "message": {"zh": zh, "en": en},
    });
    let (zh_act, en_act) = match act {
        Some(act) => (format!("，自第{act}条起"), format!(", from act {act} on")),
        None => (String::new(), String::new()),
    };
    let sentence = both(
        format!("✗ {name} 第{line}行{zh_act}：{zh}。"),
        format!("✗ {name}, line {line}{en_act}: {en}"),
    );
    Ok(output.result(&object, &sentence)?)
}

/// Verifies what the node has on record; true if everything holds.
fn record(home: &Home, known: &[KnownAct], output: Output) -> Result<bool, Failure> {
    let beside = if home.is_running()? {
        Beside::ARunningNode
    } else {
        Beside::NoNode
    };
    let own = lineage(home)?;
    let heads = check_heads(&home.dir, &own);
    let fault = match verify_audit(&home.dir.data(), beside, known) {
        Ok(report) => {
            let heads = heads.map_err(|error| {
                Failure::refused(both(
                    format!("日志链头的签名无法核对：{error}"),
                    format!("the signed heads of the journal cannot be read: {error}"),
                ))
            })?;
            let (segment, code, words) = match (heads.wrong.first(), heads.gone.first()) {
                (None, None) => return tell_record(home, &report, heads.signed, output),
                (Some(segment), _) => (
                    segment,
                    "head_not_signed",
                    both(
                        "段首的链与节点当时签署的不符：此前的日志被改写",
                        "the chain at the beginning of the segment is not the one that was signed: what stands before it was rewritten",
                    ),
                ),
                (None, Some(segment)) => (
                    segment,
                    "segment_missing",
                    both(
                        "节点签署过该段的链头，而该段已不在：请把文件放回 data/journal，或从备份恢复节点",
                        "the node signed the head of this segment, and it is not there: bring its file back into data/journal, or restore the node from a backup",
                    ),
                ),
            };
            (segment.clone(), 0, None, code, words)
        }
        Err(AuditCheckError::Fault(fault)) => {
            let AuditFault {
                segment,
                offset,
                act,
                what,
            } = *fault;
            (segment, offset, act, what.code(), what.sentence())
        }
        Err(AuditCheckError::NoJournal(journal)) => {
            tell_no_journal(home, &journal, output)?;
            return Ok(false);
        }
        Err(AuditCheckError::Open(error)) => {
            return Err(Failure::refused(both(
                format!("日志无法使用：{error}"),
                error.to_string(),
            )));
        }
    };
    let (segment, offset, act, code, Sentence { zh, en }) = fault;
    let object = json!({
        "node": home.dir.path(),
        "holds": false,
        "code": code,
        "segment": segment,
        "offset": offset,
        "home_area": act.map(|(home, _)| home.to_string()),
        "act": act.map(|(_, number)| number),
        "message": {"zh": zh, "en": en},
    });
    let (zh_act, en_act) = match act {
        // A file proves all of its acts by the last of them alone.
        Some((_, act)) if code == AuditWrong::ActNotTheKnown.code() => (
            format!("，最迟至第{act}条"),
            format!(", at act {act} at the latest"),
        ),
        Some((_, act)) => (format!("，自第{act}条起"), format!(", from act {act} on")),
        None => (String::new(), String::new()),
    };
    let sentence = both(
        format!("✗ 段 {segment}，偏移 {offset}{zh_act}：{zh}。"),
        format!("✗ segment {segment}, offset {offset}{en_act}: {en}"),
    );
    output.result(&object, &sentence)?;
    Ok(false)
}

fn tell_no_journal(home: &Home, journal: &Path, output: Output) -> Result<(), Failure> {
    let path = journal.display();
    let Sentence { zh, en } = both(
        format!(
            "{path} 中没有日志。节点若曾运行，其记录已不在：请放回 data 目录，或从备份恢复节点；从未运行的节点没有可核验的记录"
        ),
        format!(
            "there is no journal in {path}: if the node ever ran, its record is gone; bring its data back, or restore the node from a backup. A node that never ran has nothing to verify"
        ),
    );
    let object = json!({
        "node": home.dir.path(),
        "holds": false,
        "code": "no_journal",
        "message": {"zh": zh, "en": en},
    });
    let sentence = both(format!("✗ {zh}。"), format!("✗ {en}"));
    Ok(output.result(&object, &sentence)?)
}

/// Tells what was walked without a fault; true if nothing more is to be asked.
fn tell_record(
    home: &Home,
    report: &AuditReport,
    signed: u64,
    output: Output,
) -> Result<bool, Failure> {
    let AuditReport {
        segments,
        groups,
        ends,
        end,
    } = report;
    let acts: u64 = ends.values().map(|(number, _)| number).sum();
    let areas: Vec<Value> = ends
        .iter()
        .map(|(home, (number, digest))| {
            json!({"home_area": home.as_str(), "acts": number, "head": digest.to_string()})
        })
        .collect();
    let (holds, not_compared, sentence) = match end {
        EndCompared::Compared => (
            true,
            Value::Null,
            both(
                format!("✓ 审计记录完整未改：{segments}段，{acts}条。"),
                format!("✓ the record is whole: {segments} segments, {acts} acts"),
            ),
        ),
        EndCompared::NodeRuns => (
            true,
            json!("node_runs"),
            both(
                format!(
                    "✓ 审计记录完整未改：{segments}段，{acts}条。节点正在运行，末尾是否被截短请停机后再核。"
                ),
                format!(
                    "✓ the record is whole: {segments} segments, {acts} acts; the node is running, so whether the end was cut is known once it is stopped"
                ),
            ),
        ),
        EndCompared::IndexUnreadable => (
            false,
            json!("index_unreadable"),
            both(
                format!(
                    "✗ 审计记录是否完整无法确定：{segments}段，{acts}条均未改，但索引无法读取，末尾是否被截短未能核对。请启动节点一次，或运行 hongyan index rebuild，再连同最近一次导出的文件一起核验（此前的截短只有该文件能看出）。"
                ),
                format!(
                    "✗ whether the record is whole is not known: {segments} segments and {acts} acts hold, but the index cannot be read, so whether the end was cut was not compared; start the node once, or run `hongyan index rebuild`, then verify again, together with the newest export, which alone tells of a cut before that"
                ),
            ),
        ),
    };
    let object = json!({
        "node": home.dir.path(),
        "holds": holds,
        "segments": segments,
        "signed_segments": signed,
        "groups": groups,
        "acts": acts,
        "areas": areas,
        "end_compared": *end == EndCompared::Compared,
        "end_not_compared": not_compared,
    });
    output.result(&object, &sentence)?;
    Ok(holds)
}
