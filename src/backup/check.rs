//! Looking through a copy. It needs no node, and no master key.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    BackupError, NODE, disk, hex_digest,
    make::{channels, heads},
    manifest::{About, Copied, MANIFEST, Manifest},
};
use crate::{
    config::{NodeConfig, NodeDir},
    node::{HeadsReport, check_heads},
    store::{
        JournalError,
        copying::{prove_journal, read_keys, segments_among},
    },
    trust::{lineage::Lineage, rotation::OwnKeys},
};

/// A copy every file of which is what was copied, and whose journal holds.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it says of itself.
    pub manifest: Manifest,
    /// How its journal stands to the heads that the node signed.
    pub heads: HeadsReport,
    /// The configuration in it.
    pub config: NodeConfig,
    /// Where it lies.
    place: PathBuf,
}

/// Looks through a copy: every file against the manifest, the journal from its first entry to its
/// last, its keys, and its heads against what the node signed.
///
/// # Errors
/// [`BackupError`], which names the first file that is not as it should be.
pub fn check(place: &Path) -> Result<Checked, BackupError> {
    let manifest = Manifest::read(place)?;
    let node = place.join(NODE);
    for file in &manifest.files {
        read(&node, file)?;
    }
    let (dir, about) = (NodeDir::new(&node), &manifest.about);
    let copied = manifest.below("data/journal").map(|path| node.join(path));
    let segments = segments_among(&dir.journal(), copied);
    let reach = prove_journal(&segments, |_, _| Ok::<_, JournalError>(()))?;
    let keys = dir.data().join("keys");
    let blocks = read_keys(&keys, |_, _| Ok::<_, BackupError>(()))?;
    blocks.suffice(&reach, &keys)?;
    let wrapped_by: Vec<String> = blocks.wrapped_by.iter().map(ToString::to_string).collect();
    let as_said = (reach.segments, reach.records) == (about.segments, about.entries)
        && (reach.first.get(), reach.end.get()) == (about.first, about.end)
        && (heads(&reach), channels(&reach)) == (about.heads.clone(), about.channels.clone())
        && (blocks.count(), &wrapped_by) == (about.key_blocks, &about.master_keys);
    if !as_said {
        return Err(BackupError::Altered(place.join(MANIFEST)));
    }
    let path = dir.config();
    let text = fs::read_to_string(&path).map_err(disk(&path))?;
    let config = NodeConfig::parse(&text)?;
    let sandbox = config.mode.is_sandbox();
    let OwnKeys { signing, earlier } = OwnKeys::load(&node, &config.id, sandbox)?;
    let areas = config.areas.as_slice().into();
    let public = signing.public().clone();
    let own = Lineage::new(config.id.clone(), areas, sandbox, public, &earlier);
    let heads = check_heads(&dir, &own)?;
    if let Some(wrong) = heads.wrong.first() {
        return Err(BackupError::Altered(dir.signed_heads(wrong)));
    }
    if let Some(gone) = heads.gone.first() {
        let segment = dir.journal().join(format!("{gone}.segment"));
        return Err(BackupError::Missing(segment));
    }
    Ok(Checked {
        heads,
        config,
        place: place.to_owned(),
        manifest,
    })
}

impl Checked {
    /// The directory of the node in it.
    pub(super) fn node(&self) -> PathBuf {
        self.place.join(NODE)
    }

    /// What is said of the whole.
    pub const fn about(&self) -> &About {
        &self.manifest.about
    }
}

/// Reads a file of a copy.
///
/// # Errors
/// [`BackupError::Missing`], [`BackupError::Altered`] if it is not what was copied.
pub(super) fn read(node: &Path, file: &Copied) -> Result<Vec<u8>, BackupError> {
    let path = node.join(&file.path);
    let bytes = fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            BackupError::Missing(path.clone())
        }
        _ => disk(&path)(error),
    })?;
    if bytes.len() as u64 == file.bytes && hex_digest(&bytes) == file.sha256 {
        Ok(bytes)
    } else {
        Err(BackupError::Altered(path))
    }
}
