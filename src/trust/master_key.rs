//! The master key: what wraps the keys under which a node keeps what tells of people.
//!
//! It is never written by the node but where `init` and `key rotate-master` put it, and comes from
//! one of four places ([`MasterKeySource`]), so that it need not lie on the disk that it protects.
//! Each gives a key a line, 64 hexadecimal digits: the first wraps, the others only open what they
//! had wrapped before. A change of the master key is thus never a moment at which something cannot be
//! opened: the new one comes first, and the old one leaves when nothing is wrapped by it any more.

use std::{
    fmt,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    files::{self, FileError},
    keys::{NoRandomness, draw, sha256},
    sealing::{KEY_BYTES, NONCE_BYTES, SealingKey, TAG_BYTES, Unsealed},
};

/// Where the master key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MasterKeySource {
    /// What a program and its arguments print.
    Command(Vec<String>),
    /// A credential that systemd hands over under that name.
    Credential(String),
    /// A variable of the environment.
    Environment(String),
    /// A file; one without a root lies in the node's directory.
    File(PathBuf),
}

impl MasterKeySource {
    /// The file that `init` makes.
    pub const FILE: &str = "keys/master.key";

    /// The file, if it is one.
    pub fn file(&self, node: &Path) -> Option<PathBuf> {
        match self {
            Self::File(path) => Some(node.join(path)),
            Self::Command(_) | Self::Credential(_) | Self::Environment(_) => None,
        }
    }
}

impl Default for MasterKeySource {
    fn default() -> Self {
        Self::File(Self::FILE.into())
    }
}

impl fmt::Display for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Its arguments may be secrets.
            Self::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                write!(f, "the command {program}")
            }
            Self::Credential(name) => write!(f, "the credential {name}"),
            Self::Environment(name) => write!(f, "the variable {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Why there is no master key. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The program did not run, or failed.
    #[error("the command {program} gave no master key: {why}; see [master_key] in node.toml")]
    Command {
        /// The program.
        program: String,
        /// Why.
        why: String,
    },
    /// Its file.
    #[error("the master key: {0}")]
    File(#[from] FileError),
    /// Its file is not there.
    #[error(
        "the master key {} is missing; put it back from where it is kept: without it nothing that this node holds can be opened", path.display()
    )]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// What it holds are no keys.
    #[error(
        "{0} holds no master key: one is 64 hexadecimal digits on a line, the newest first; put it back from where it is kept"
    )]
    NotAKey(MasterKeySource),
    /// Nothing is there under that name.
    #[error("{0} is not there; set it for this process, or see [master_key] in node.toml")]
    Unset(MasterKeySource),
}

/// Which master key: tells nothing of it but whether two are the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MasterKeyId([u8; 8]);

impl MasterKeyId {
    pub(crate) const BYTES: usize = 8;

    pub(crate) const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One master key. Wiped when dropped; it cannot be printed.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl MasterKey {
    fn draw() -> Result<Self, NoRandomness> {
        Ok(Self(Zeroizing::new(draw()?)))
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let bytes = Zeroizing::new(HEXLOWER_PERMISSIVE.decode(line).ok()?);
        let bytes: [u8; KEY_BYTES] = bytes.as_slice().try_into().ok()?;
        Some(Self(Zeroizing::new(bytes)))
    }

    /// Its id.
    pub fn id(&self) -> MasterKeyId {
        let [a, b, c, d, e, f, g, h, ..] = sha256(&[ID, self.0.as_slice()]);
        MasterKeyId([a, b, c, d, e, f, g, h])
    }

    /// Seals keys where they stand, bound to `about`; returns nonce and tag.
    pub(crate) fn wrap(
        &self,
        about: &[u8],
        keys: &mut [u8],
    ) -> Result<([u8; NONCE_BYTES], [u8; TAG_BYTES]), Unsealed> {
        let nonce = draw().map_err(|_| Unsealed)?;
        let tag = SealingKey::new(&self.0)?.seal(nonce, about, keys)?;
        Ok((nonce, tag))
    }

    /// Opens what [`wrap`](Self::wrap) made, followed by its tag.
    pub(crate) fn unwrap(
        &self,
        nonce: [u8; NONCE_BYTES],
        about: &[u8],
        wrapped: &[u8],
        keys: &mut [u8],
    ) -> Result<(), Unsealed> {
        SealingKey::new(&self.0)?.open(nonce, about, wrapped, keys)
    }
}

/// Whether that is the text of a file of master keys.
pub fn is_master_key(text: &[u8]) -> bool {
    MasterKeys::parse(text).is_some()
}

/// The master keys that a source gives: the first wraps, all open.
#[derive(Clone)]
pub struct MasterKeys {
    first: MasterKey,
    before: Vec<MasterKey>,
}

impl MasterKeys {
    /// Draws one and writes it to a new file, mode 0600.
    ///
    /// # Errors
    /// [`MasterKeyError`].
    pub fn create(path: &Path) -> Result<Self, MasterKeyError> {
        let keys = Self {
            first: MasterKey::draw()?,
            before: Vec::new(),
        };
        files::write_new_secret(path, &keys.text())?;
        Ok(keys)
    }

    /// Asks the source of the node in that directory.
    ///
    /// # Errors
    /// [`MasterKeyError`].
    pub fn load(source: &MasterKeySource, node: &Path) -> Result<Self, MasterKeyError> {
        let text = match source {
            MasterKeySource::File(path) => {
                let path = node.join(path);
                files::read_secret(&path).map_err(|error| match error {
                    FileError::Missing { path } => MasterKeyError::Missing { path },
                    error => error.into(),
                })?
            }
            MasterKeySource::Environment(name) => match std::env::var(name) {
                Ok(text) => text.into_bytes(),
                Err(_) => return Err(MasterKeyError::Unset(source.clone())),
            },
            MasterKeySource::Credential(name) => {
                let Some(directory) = std::env::var_os("CREDENTIALS_DIRECTORY") else {
                    return Err(MasterKeyError::Unset(source.clone()));
                };
                // systemd alone says who may read there.
                files::read_public(&Path::new(&directory).join(name))?
            }
            MasterKeySource::Command(words) => printed(words, ANSWERS_WITHIN)?,
        };
        let text = Zeroizing::new(text);
        Self::parse(&text).ok_or_else(|| MasterKeyError::NotAKey(source.clone()))
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let mut lines = text
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty());
        let first = MasterKey::parse(lines.next()?)?;
        let before = lines.map(MasterKey::parse).collect::<Option<_>>()?;
        Some(Self { first, before })
    }

    /// The lines of its file.
    fn text(&self) -> Zeroizing<Vec<u8>> {
        let mut text = Zeroizing::new(Vec::new());
        for key in self.iter() {
            let mut line = HEXLOWER.encode(key.0.as_slice());
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
            line.zeroize();
        }
        text
    }

    /// The one that wraps.
    pub const fn first(&self) -> &MasterKey {
        &self.first
    }

    /// All of them, the one that wraps before the others.
    pub fn iter(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.first).chain(&self.before)
    }

    /// The ids of all of them, in their order.
    pub fn ids(&self) -> Vec<MasterKeyId> {
        self.iter().map(MasterKey::id).collect()
    }

    /// The one of that id.
    pub fn of(&self, id: MasterKeyId) -> Option<&MasterKey> {
        self.iter().find(|key| key.id() == id)
    }

    /// Whether there is one that only opens: then a change is under way.
    pub fn is_changing(&self) -> bool {
        !self.before.is_empty()
    }

    /// Draws a new first one and puts it into that file, before those that are there; they open as
    /// before.
    ///
    /// # Errors
    /// [`MasterKeyError`]; the file is then as it was, or as it was to be.
    pub fn begin_change(self, path: &Path) -> Result<Self, MasterKeyError> {
        let keys = Self {
            first: MasterKey::draw()?,
            before: self.iter().cloned().collect(),
        };
        files::replace_secret(path, &keys.text())?;
        Ok(keys)
    }

    /// Leaves in that file only the first one, and writes over those that only opened.
    ///
    /// # Errors
    /// [`MasterKeyError`]; the file then holds the first one in any case.
    pub fn end_change(self, path: &Path) -> Result<(), MasterKeyError> {
        let keys = Self {
            first: self.first,
            before: Vec::new(),
        };
        let beside = path.with_extension("key.new");
        files::replace_secret(&beside, &keys.text())?;
        Ok(files::supplant_secret(&beside, path)?)
    }
}

/// What a program prints, if it does within that time.
fn printed(words: &[String], within: Duration) -> Result<Vec<u8>, MasterKeyError> {
    let (program, arguments) = words
        .split_first()
        .map_or(("", words), |(program, rest)| (program.as_str(), rest));
    let failed = |why: String| MasterKeyError::Command {
        program: program.to_owned(),
        why,
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let (said, answer) = mpsc::sync_channel(1);
    let stdout = child.stdout.take();
    thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        let read = stdout.map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut bytes));
        // Nobody listens any more where the time was up.
        said.send(read.map(|_| bytes)).unwrap_or_default();
    });
    let Ok(read) = answer.recv_timeout(within) else {
        // It may have ended this moment; either way nobody waits for it.
        child.kill().unwrap_or_default();
        drop(child.wait());
        let seconds = within.as_secs();
        return Err(failed(format!("its output did not end within {seconds} s")));
    };
    let mut bytes = read.map_err(|error| failed(error.to_string()))?;
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    if status.success() {
        Ok(std::mem::take(&mut *bytes))
    } else {
        Err(failed(status.to_string()))
    }
}

/// A program that gives the master key does so within this time, a person's touch of a token included.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

const ID: &[u8] = b"hongyan master key v1\0";

#[cfg(test)]
impl MasterKeys {
    /// Keys of a test: of each number one.
    pub(crate) fn of_test(numbers: &[u8]) -> Self {
        let mut keys = numbers
            .iter()
            .map(|number| MasterKey(Zeroizing::new([*number; KEY_BYTES])));
        Self {
            first: keys.next().unwrap(),
            before: keys.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn ids(keys: &MasterKeys) -> Vec<MasterKeyId> {
        keys.ids()
    }

    #[test]
    fn a_change_of_the_file_keeps_the_old_key_until_it_ends() {
        let node = tempfile::tempdir().unwrap();
        let source = MasterKeySource::default();
        let path = source.file(node.path()).unwrap();
        let old = MasterKeys::create(&path).unwrap();
        let load = || MasterKeys::load(&source, node.path()).unwrap();
        assert_eq!(ids(&load()), ids(&old));
        assert!(!load().is_changing());
        let both = load().begin_change(&path).unwrap();
        assert_eq!(ids(&load()), ids(&both));
        assert_eq!(ids(&both)[1..], ids(&old));
        assert!(load().is_changing());
        load().end_change(&path).unwrap();
        assert_eq!(ids(&load()), ids(&both)[..1]);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_open_to_others_missing_or_no_key_is_refused_with_the_remedy() {
        let node = tempfile::tempdir().unwrap();
        let source = MasterKeySource::default();
        let path = source.file(node.path()).unwrap();
        let refused = || {
            let error = MasterKeys::load(&source, node.path()).err().unwrap();
            error.to_string()
        };
        assert!(refused().contains("put it back"), "{}", refused());
        MasterKeys::create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(refused().contains("chmod 600"), "{}", refused());
        for text in [
            "",
            "\n",
            "12",
            &"0".repeat(63),
            &format!("{0}\nx\n", "0".repeat(64)),
        ] {
            files::replace_secret(&path, text.as_bytes()).unwrap();
            assert!(refused().contains("64 hexadecimal digits"), "{}", refused());
        }
    }

    #[test]
    fn a_command_gives_what_it_prints_if_it_succeeds() {
        let load = |words: &[&str]| {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            MasterKeys::load(&MasterKeySource::Command(words), Path::new("/"))
        };
        let digits = "07".repeat(32);
        let keys = load(&["echo", &digits]).unwrap();
        assert_eq!(ids(&keys), ids(&MasterKeys::of_test(&[7])));
        for words in [&["false"][..], &["/nowhere/at-all"], &["true"], &[]] {
            assert!(load(words).is_err(), "{words:?}");
        }
        let silent = ["sleep".to_owned(), "1000".to_owned()];
        let error = printed(&silent, Duration::from_millis(20)).err().unwrap();
        assert!(error.to_string().contains("did not end"), "{error}");
    }

    #[test]
    fn what_is_not_set_is_named() {
        let source = MasterKeySource::Environment("HONGYAN_NEVER_SET".into());
        let error = MasterKeys::load(&source, Path::new("/")).err().unwrap();
        assert!(error.to_string().contains("HONGYAN_NEVER_SET"), "{error}");
    }
}
