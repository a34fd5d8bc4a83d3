//! The heads of the journal where each segment begins, signed.
//!
//! ```text
//! data/heads/<segment>.heads   a line a home area: the area, the signed form
//!                              `hongyan journal head v1` and the signature, in base64
//! ```
//! Nobody waits for it: the segment is in use before, what cannot be signed is said and tried again,
//! and a segment without signatures is as good a journal as any.

use std::{fmt::Write as _, fs, io, path::Path, sync::Arc, time::Duration};

use data_encoding::BASE64;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::{NodeError, operations::Node};
use crate::{
    config::NodeDir,
    domain::{area::County, journal::JournalHead},
    store::{JournalError, SegmentHeads, Store, journal::heads::segments_of, segment_heads},
    trust::{
        files::{self, FileError},
        lineage::Lineage,
        material::TrustSnapshot,
        segment_head::SegmentHeadForm,
        signature::{SignatureError, Signed},
    },
};

/// Signs what is not signed yet, at the start and whenever a segment begins, until told to stop.
pub(super) async fn sign_heads(
    node: Arc<Node>,
    store: Store,
    stop: CancellationToken,
) -> Result<(), NodeError> {
    let mut bell = store.segment_bell();
    loop {
        bell.mark_unchanged();
        let signer = Arc::clone(&node);
        let signed = spawn_blocking(move || {
            let (trust, now_ms) = (signer.trust.current(), signer.clock.now_ms());
            sign_missing(signer.directory.dir(), &trust, now_ms)
        });
        let failed = match signed.await {
            Ok(Ok(())) => false,
            Ok(Err(error)) => {
                tracing::error!(%error, "The heads of the journal are not signed; everything else goes on, and it is tried again.");
                true
            }
            Err(error) => {
                tracing::error!(%error, "The heads of the journal could not be signed.");
                true
            }
        };
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(AGAIN_AFTER), if failed => {}
            changed = bell.changed() => {
                if changed.is_err() {
                    // The store is gone: the node is stopping.
                    stop.cancelled().await;
                    return Ok(());
                }
            }
        }
    }
}

/// Why heads are not signed, or what was signed cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum HeadsError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A segment.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

fn sign_missing(dir: &NodeDir, trust: &TrustSnapshot, now_ms: i64) -> Result<(), HeadsError> {
    for segment in segment_heads(&dir.journal())? {
        let path = dir.signed_heads(&segment.name);
        if files::read_if_present(&path)?.is_some() {
            continue;
        }
        let mut lines = String::new();
        for (home, journal) in &segment.heads {
            let form = SegmentHeadForm::new(*home, trust.is_sandbox(), *journal, now_ms);
            let signed = trust.signing_key().sign(trust.id().trust_domain(), &form)?;
            let (form, signature) = (signed.form(), signed.signature());
            let (form, signature) = (BASE64.encode(form), BASE64.encode(signature));
            // Writing to a string does not fail.
            writeln!(lines, "{home} {form} {signature}").unwrap_or_default();
        }
        files::write_public(&path, lines.as_bytes())?;
    }
    Ok(())
}

/// How the segments of a journal stand to what was signed of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadsReport {
    /// Segments whose heads are those that were signed.
    pub signed: u64,
    /// Segments of which nothing was signed yet.
    pub unsigned: u64,
    /// Names of segments whose signatures do not hold, or speak of other heads.
    pub wrong: Vec<String>,
    /// Names of segments of which something was signed and that are not there.
    pub gone: Vec<String>,
}

/// Compares every segment with what was signed of it. Blocks; a node may run.
///
/// # Errors
/// [`HeadsError`] if something cannot be read.
pub fn check_heads(dir: &NodeDir, own: &Lineage) -> Result<HeadsReport, HeadsError> {
    let mut report = HeadsReport {
        // Looked for first: what is signed meanwhile is of a segment that is there by then.
        gone: gone(dir)?,
        ..HeadsReport::default()
    };
    for segment in segment_heads(&dir.journal())? {
        let Some(bytes) = files::read_if_present(&dir.signed_heads(&segment.name))? else {
            report.unsigned = report.unsigned.saturating_add(1);
            continue;
        };
        if holds(&segment, &bytes, own) {
            report.signed = report.signed.saturating_add(1);
        } else {
            report.wrong.push(segment.name);
        }
    }
    Ok(report)
}

/// The segments of which something was signed and that are not there.
fn gone(dir: &NodeDir) -> Result<Vec<String>, HeadsError> {
    let mut gone = signed(dir)?;
    // A node that runs may archive one while they are listed: then the next list has it.
    for _ in 0..2 {
        if gone.is_empty() {
            break;
        }
        let there = segments_of(&dir.journal())?;
        gone.retain(|name| there.iter().all(|segment| segment.name() != *name));
    }
    Ok(gone)
}

/// Names of the segments of which something was signed, in order.
fn signed(dir: &NodeDir) -> Result<Vec<String>, FileError> {
    let path = dir.heads();
    let failed = |source| FileError::Io {
        path: path.clone(),
        source,
    };
    let entries = match fs::read_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(".heads"));
        names.extend(
            name.filter(|name| !name.starts_with('.'))
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

/// Lays what was signed of segments that are not there into a directory, once whoever runs the node has
/// accepted that they are gone; says whether anything was.
///
/// # Errors
/// [`HeadsError`].
pub fn lay_heads_aside(dir: &NodeDir, aside: &Path) -> Result<bool, HeadsError> {
    let gone = gone(dir)?;
    for name in &gone {
        let from = dir.signed_heads(name);
        let failed = |source| FileError::Io {
            path: from.clone(),
            source,
        };
        fs::create_dir_all(aside).map_err(failed)?;
        fs::rename(&from, aside.join(format!("{name}.heads"))).map_err(failed)?;
    }
    Ok(!gone.is_empty())
}

fn holds(segment: &SegmentHeads, bytes: &[u8], own: &Lineage) -> bool {
    let Ok(text) = str::from_utf8(bytes) else {
        return false;
    };
    let signed: Option<Vec<(County, JournalHead)>> = text
        .lines()
        .map(|line| {
            let (home, signed) = read(line)?;
            let form = own.recognise::<SegmentHeadForm>(signed).ok()?.into_inner();
            (form.frame.channel.from == home).then_some((home, form.journal))
        })
        .collect();
    signed.is_some_and(|signed| signed == segment.heads)
}

fn read(line: &str) -> Option<(County, Signed)> {
    let mut parts = line.split(' ');
    let (home, form, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let bytes = |text: &str| BASE64.decode(text.as_bytes()).ok();
    let signed = Signed::received(bytes(form)?.into(), bytes(signature)?.into());
    Some((home.parse().ok()?, signed))
}

const AGAIN_AFTER: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::{identity::SpiffeId, keys::SigningKey};

    #[test]
    fn a_segment_whose_heads_are_others_than_were_signed_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::create(&dir.path().join("key")).unwrap();
        let node: SpiffeId = "spiffe://fj.test/area/350582".parse().unwrap();
        let home = node.area();
        let own = Lineage::new(node.clone(), [home].into(), true, key.public().clone(), &[]);
        let head = |byte| JournalHead {
            position: 9,
            head: crate::domain::channel::Digest::new([byte; 32]),
        };
        let segment = |byte| SegmentHeads {
            name: "00000000000000000009".into(),
            heads: vec![(home, head(byte))],
        };
        let form = SegmentHeadForm::new(home, true, head(1), 0);
        let signed = key.sign(node.trust_domain(), &form).unwrap();
        let line = format!(
            "{home} {} {}\n",
            BASE64.encode(signed.form()),
            BASE64.encode(signed.signature())
        );
        assert!(holds(&segment(1), line.as_bytes(), &own));
        assert!(!holds(&segment(2), line.as_bytes(), &own));
        assert!(!holds(&segment(1), b"", &own));
        let altered = line.replacen('A', "B", 1);
        assert!(!holds(&segment(1), altered.as_bytes(), &own));
    }

    #[test]
    fn what_was_signed_of_a_segment_that_is_not_there_is_told_and_laid_aside_once_that_is_accepted()
    {
        let node = tempfile::tempdir().unwrap();
        let dir = NodeDir::new(node.path());
        assert_eq!(gone(&dir).unwrap(), Vec::<String>::new());
        fs::create_dir_all(dir.heads()).unwrap();
        fs::create_dir_all(dir.journal()).unwrap();
        let name = |number: u64| format!("{number:020}");
        for number in [0, 10, 20, 30] {
            fs::write(dir.signed_heads(&name(number)), "").unwrap();
        }
        // The first was archived.
        let head = format!("{}-{}.head", name(0), name(10));
        for file in [head, format!("{}.segment", name(10))] {
            fs::write(dir.journal().join(file), "").unwrap();
        }
        assert_eq!(gone(&dir).unwrap(), [name(20), name(30)]);
        let aside = node.path().join("lost/heads");
        assert!(lay_heads_aside(&dir, &aside).unwrap());
        assert_eq!(fs::read_dir(&aside).unwrap().count(), 2);
        assert!(!lay_heads_aside(&dir, &aside).unwrap());
        assert_eq!(signed(&dir).unwrap(), [name(0), name(10)]);
    }
}
