//! What stands in a copy, as the copy itself says it.
//!
//! ```text
//! {"format":1,"node":…,"made_ms":…,…}              what it is of
//! {"path":"node.toml","bytes":…,"sha256":"…"}      a line a file, its path below `node/`
//! {"sha256":"…"}                                   of all lines before
//! ```

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{BackupError, disk, hex_digest, sync_dir, write_new};

/// The name of the manifest in a copy.
pub(super) const MANIFEST: &str = "manifest.jsonl";

/// What a copy is of, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What is said of the whole.
    pub about: About,
    /// The files, in the order in which they were copied.
    pub files: Vec<Copied>,
}

/// What is said of a copy as a whole. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The form of the manifest and of the copy.
    pub format: u32,
    /// The version of the program that made it.
    pub program: String,
    /// The node.
    pub node: String,
    /// Its home areas.
    pub areas: Vec<String>,
    /// True for a sandbox node.
    pub sandbox: bool,
    /// From when on an erasure is not in it.
    pub made_ms: i64,
    /// Until when it is kept.
    pub until_ms: i64,
    /// Files that were left out because they hold a master key.
    pub left_out: Vec<String>,
    /// The master keys that open it.
    pub master_keys: Vec<String>,
    /// Blocks of keys.
    pub key_blocks: u64,
    /// Segments of the journal.
    pub segments: u64,
    /// Entries in them.
    pub entries: u64,
    /// Where the first segment begins.
    pub first: u64,
    /// Where the journal ends.
    pub end: u64,
    /// The head of each home area's chain there.
    pub heads: Vec<HeadReach>,
    /// How far each channel has come there.
    pub channels: Vec<ChannelReach>,
}

/// The head of a home area's chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadReach {
    /// The home area.
    pub home_area: String,
    /// Where its journal ends.
    pub position: u64,
    /// The head there.
    pub head: String,
}

/// How far a channel has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelReach {
    /// From where.
    pub from_area: String,
    /// To where.
    pub to_area: String,
    /// `out` or `in`, seen from the node.
    pub direction: String,
    /// The highest sequence given or held.
    pub last: u64,
}

/// A file of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copied {
    /// Where it lies in the node's directory.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    sha256: String,
}

impl About {
    pub(super) const FORMAT: u32 = 1;
}

impl Copied {
    pub(super) fn of(path: String, bytes: &[u8]) -> Self {
        Self {
            path,
            bytes: bytes.len() as u64,
            sha256: hex_digest(bytes),
        }
    }

    /// Its path, if it leads nowhere but down.
    fn is_plain(&self) -> bool {
        let mut parts = Path::new(&self.path).components();
        !self.path.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
    }
}

impl Manifest {
    /// Writes it into a copy that is otherwise whole; once this returns, the copy survives a power cut.
    pub(super) fn write(&self, copy: &Path) -> Result<(), BackupError> {
        let path = copy.join(MANIFEST);
        let beside = copy.join("manifest.new");
        let text = self.text().map_err(disk(&path))?;
        write_new(&beside, &text)?;
        fs::rename(&beside, &path).map_err(disk(&path))?;
        sync_dir(copy)
    }

    fn text(&self) -> io::Result<Vec<u8>> {
        let mut text = serde_json::to_vec(&self.about)?;
        text.push(b'\n');
        for file in &self.files {
            serde_json::to_writer(&mut text, file)?;
            text.push(b'\n');
        }
        let sha256 = hex_digest(&text);
        serde_json::to_writer(&mut text, &Closing { sha256 })?;
        text.push(b'\n');
        Ok(text)
    }

    /// Reads that of a copy.
    ///
    /// # Errors
    /// [`BackupError::NotWhole`], [`BackupError::Manifest`], [`BackupError::Newer`],
    /// [`BackupError::Disk`].
    pub fn read(copy: &Path) -> Result<Self, BackupError> {
        let path = copy.join(MANIFEST);
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                BackupError::NotWhole(copy.to_owned())
            }
            _ => disk(&path)(error),
        })?;
        Self::parse(&bytes, &path)
    }

    pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Self, BackupError> {
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let wrong = |line: usize| BackupError::Manifest {
            path: path.to_owned(),
            line,
        };
        let [first, files @ .., closing] = lines.as_slice() else {
            return Err(wrong(lines.len().max(1)));
        };
        let Format { format } = line(first).ok_or_else(|| wrong(1))?;
        if format > About::FORMAT {
            return Err(BackupError::Newer(path.to_owned()));
        }
        let about: About = line(first).ok_or_else(|| wrong(1))?;
        let mut read = Vec::with_capacity(files.len());
        for (number, file) in files.iter().enumerate() {
            let file = line(file).filter(Copied::is_plain);
            read.push(file.ok_or_else(|| wrong(number.saturating_add(2)))?);
        }
        let before = bytes.len().saturating_sub(closing.len());
        let Closing { sha256 } = line(closing).ok_or_else(|| wrong(lines.len()))?;
        if hex_digest(bytes.get(..before).unwrap_or_default()) != sha256 {
            return Err(wrong(lines.len()));
        }
        Ok(Self { about, files: read })
    }

    /// The files below that directory of the node, in their order, without those in directories of it.
    pub(super) fn below<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
        let paths = self.files.iter().map(|file| PathBuf::from(&file.path));
        paths.filter(move |path| path.parent() == Some(Path::new(directory)))
    }
}

/// Of a line of any format.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

fn line<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes.strip_suffix(b"\n")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            about: About {
                format: About::FORMAT,
                program: "0.1.0".into(),
                node: "spiffe://fj.test/area/350582".into(),
                areas: vec!["350582".into()],
                sandbox: true,
                made_ms: 1_795_276_800_000,
                until_ms: 1_795_286_800_000,
                left_out: vec!["keys/master.key".into()],
                master_keys: vec!["0123456789abcdef".into()],
                key_blocks: 3,
                segments: 1,
                entries: 12,
                first: 0,
                end: 900,
                heads: vec![HeadReach {
                    home_area: "350582".into(),
                    position: 900,
                    head: "00".repeat(32),
                }],
                channels: vec![ChannelReach {
                    from_area: "350582".into(),
                    to_area: "530111".into(),
                    direction: "out".into(),
                    last: 7,
                }],
            },
            files: ["node.toml", "data/journal/1.segment"]
                .map(|path| Copied::of(path.into(), path.as_bytes()))
                .into(),
        }
    }

    fn parse(text: &[u8]) -> Result<Manifest, BackupError> {
        Manifest::parse(text, Path::new("m"))
    }

    #[test]
    fn it_says_what_was_written() {
        let written = manifest();
        assert_eq!(parse(&written.text().unwrap()).unwrap(), written);
        let segments: Vec<_> = written.below("data/journal").collect();
        assert_eq!(segments, [Path::new("data/journal/1.segment")]);
    }

    #[test]
    fn any_cut_and_any_altered_byte_is_refused() {
        let text = manifest().text().unwrap();
        for cut in 0..text.len() {
            assert!(parse(&text[..cut]).is_err(), "{cut}");
        }
        for at in 0..text.len() {
            for flip in [1, 0x20, 0x80] {
                let mut altered = text.clone();
                altered[at] ^= flip;
                assert!(parse(&altered).is_err(), "{at}");
            }
        }
        let doubled = [&text[..], &text[..]].concat();
        assert!(parse(&doubled).is_err());
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_refused() {
        for path in ["../x", "/etc/passwd", "a/../../x", "", "./x"] {
            let mut manifest = manifest();
            manifest.files = vec![Copied::of(path.into(), b"")];
            let refused = parse(&manifest.text().unwrap());
            let by_line = matches!(refused, Err(BackupError::Manifest { line: 2, .. }));
            assert!(by_line, "{path}");
        }
    }

    #[test]
    fn one_of_a_newer_version_is_told_from_a_damaged_one() {
        let mut manifest = manifest();
        manifest.about.format += 1;
        let refused = parse(&manifest.text().unwrap());
        assert!(matches!(refused, Err(BackupError::Newer(_))));
    }
}
