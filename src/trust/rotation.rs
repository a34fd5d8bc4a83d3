//! A node's own change of signing key, on disk.
//!
//! ```text
//! keys/signing.key   the key in use (0600)
//! keys/earlier.toml  the public halves of those before it, each with its statement
//! keys/next.key      only while a change is under way, or after one that was killed (0600)
//! ```
//!
//! What counts is `signing.key`: its replacement, one rename, is the change. The new key and the
//! statement that the old one signs are whole and synced before. A statement that names a key which
//! was never put in place was never shown to anybody, so readers leave it out and the next change
//! writes over it; who reads the key first and the statements after it meets no other case.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    files::{self, FileError},
    identity::SpiffeId,
    keys::{KeyError, PublicKey, SigningKey},
    lineage::{BadValue, EarlierKey, MAX_SHOWN, RawEarlierKey, SuccessionError},
    signature::{PinnedKey, SignatureError, Signed},
    succession::SuccessionForm,
};
use crate::document::{self, DocumentError};

/// The keys of a node's own, the one in use and those before it, the oldest first.
pub struct OwnKeys {
    /// The one in use.
    pub signing: SigningKey,
    /// Those before it, each with its statement.
    pub earlier: Vec<EarlierKey>,
}

/// What is wrong with the list of a node's own earlier keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EarlierKeysError {
    /// No document of this form.
    #[error("{0}")]
    Document(#[from] DocumentError),
    /// No text.
    #[error("not UTF-8")]
    NotText,
    /// The list leads to another key than the one in use.
    #[error(
        "does not lead to keys/signing.key; put both back from one backup, or, if the key was made anew, move the list away and pair again"
    )]
    OtherKey,
    /// The statements do not hold.
    #[error("does not hold ({}); put it back from the backup", .0.code())]
    Statements(#[from] SuccessionError),
    /// A value that the key does not take.
    #[error("`{0}` is not valid; put the list back from the backup")]
    Value(&'static str),
}

/// Why a key was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The list of earlier keys.
    #[error("{}: {error}", path.display())]
    EarlierKeys {
        /// The list.
        path: PathBuf,
        /// Why.
        error: EarlierKeysError,
    },
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The list cannot be written as TOML.
    #[error("the list of earlier keys cannot be written")]
    NotWritten,
    /// The old key does not sign.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl OwnKeys {
    /// Reads the keys in the directory of that node.
    ///
    /// # Errors
    /// [`RotateError`] without [`RotateError::NotWritten`] and [`RotateError::Signature`].
    pub fn load(dir: &Path, node: &SpiffeId, sandbox: bool) -> Result<Self, RotateError> {
        let signing = SigningKey::load(&dir.join(SIGNING))?;
        let path = dir.join(EARLIER);
        let earlier = match files::read_if_present(&path)? {
            None => Vec::new(),
            Some(bytes) => earlier_keys(&bytes, signing.public(), node, sandbox)
                .map_err(|error| RotateError::EarlierKeys { path, error })?,
        };
        Ok(Self { signing, earlier })
    }
}

/// Changes the signing key of the node in that directory: draws the next, signs with the one in use
/// that it follows, puts it in place and destroys the old one as far as a file system can. Killed at
/// any moment, the directory holds the old key or the new one with its statement. Two at once take
/// turns. Blocks.
///
/// # Errors
/// [`RotateError`]; the key in use is then still the old one, or `keys/signing.key` names the new.
pub fn rotate(
    dir: &Path,
    node: &SpiffeId,
    sandbox: bool,
    now_ms: i64,
) -> Result<OwnKeys, RotateError> {
    let _turn = files::lock(&dir.join(KEYS))?;
    let OwnKeys {
        signing,
        mut earlier,
    } = OwnKeys::load(dir, node, sandbox)?;
    let (place, next_at) = (dir.join(SIGNING), dir.join(NEXT));
    files::remove_if_present(&next_at)?;
    let next = SigningKey::create(&next_at)?;
    // Numbers have no gap: each key but the newest has one statement.
    let number = (earlier.len() as u64).saturating_add(1);
    let form = SuccessionForm::new(node, sandbox, number, next.public().clone(), now_ms);
    let statement = signing.sign(node.trust_domain(), &form)?;
    earlier.push(EarlierKey {
        public: signing.public().clone(),
        until_ms: now_ms,
        statement: Some(statement),
    });
    let list = RawList {
        earlier_key: earlier.iter().map(Into::into).collect(),
    };
    let text = toml::to_string_pretty(&list).map_err(|_| RotateError::NotWritten)?;
    files::write_public(&dir.join(EARLIER), format!("{HEAD}{text}").as_bytes())?;
    files::supplant_secret(&next_at, &place)?;
    Ok(OwnKeys {
        signing: next,
        earlier,
    })
}

/// The keys before the one in use, from the text of their list.
pub(in crate::trust) fn earlier_keys(
    bytes: &[u8],
    current: &PublicKey,
    node: &SpiffeId,
    sandbox: bool,
) -> Result<Vec<EarlierKey>, EarlierKeysError> {
    let text = str::from_utf8(bytes).map_err(|_| EarlierKeysError::NotText)?;
    let list: RawList = document::parse(text)?;
    let mut earlier: Vec<EarlierKey> = list
        .earlier_key
        .into_iter()
        .map(|raw| {
            raw.try_into()
                .map_err(|BadValue(key)| EarlierKeysError::Value(key))
        })
        .collect::<Result<_, _>>()?;
    if let Some(at) = earlier.iter().position(|key| key.public == *current) {
        // What follows it was begun and never put in place.
        earlier.truncate(at);
    }
    check(&earlier, current, node, sandbox)?;
    Ok(earlier)
}

/// What peers would refuse is refused here, where it can be mended.
fn check(
    earlier: &[EarlierKey],
    current: &PublicKey,
    node: &SpiffeId,
    sandbox: bool,
) -> Result<(), EarlierKeysError> {
    let followers = earlier.iter().skip(1).map(|key| &key.public);
    let followers = followers.chain(std::iter::once(current));
    for ((number, key), next) in (1..).zip(earlier).zip(followers) {
        let areas = [node.area()].into();
        let pinned = PinnedKey::new(key.public.clone(), node.trust_domain().clone(), areas);
        let statement = key.statement.clone();
        let statement = statement.ok_or(EarlierKeysError::Value("statement"))?;
        let verified = pinned
            .verify::<SuccessionForm>(statement)
            .map_err(SuccessionError::from)?;
        let form = verified.as_ref();
        if form.successor != *next {
            return Err(EarlierKeysError::OtherKey);
        }
        let expected = SuccessionForm::new(node, sandbox, number, next.clone(), form.time_ms);
        if *form != expected {
            return Err(SuccessionError::OtherNode.into());
        }
    }
    Ok(())
}

/// What a node shows to its peers of those keys: the newest statements, the oldest of them first.
pub(in crate::trust) fn shown(earlier: &[EarlierKey]) -> Vec<Signed> {
    let first = earlier.len().saturating_sub(MAX_SHOWN);
    let newest = earlier.iter().skip(first);
    newest.filter_map(|key| key.statement.clone()).collect()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    #[serde(default)]
    earlier_key: Vec<RawEarlierKey>,
}

const KEYS: &str = "keys";
const SIGNING: &str = "keys/signing.key";
const NEXT: &str = "keys/next.key";
/// Where the list lies below the node's directory.
pub(in crate::trust) const EARLIER: &str = "keys/earlier.toml";

const HEAD: &str = "\
# 本节点以前的签名密钥（仅公钥）及更换声明，由 hongyan key rotate 写入，请勿改动。
# Earlier signing keys of this node, public halves only, with the statements of their succession,
# written by `hongyan key rotate`. Do not change.

";

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, thread};

    use super::*;

    fn node() -> SpiffeId {
        "spiffe://fujian.example/area/350582".parse().unwrap()
    }

    fn made() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        SigningKey::create(&dir.path().join(SIGNING)).unwrap();
        dir
    }

    fn load(dir: &Path) -> OwnKeys {
        OwnKeys::load(dir, &node(), true).unwrap()
    }

    #[test]
    fn a_change_leaves_the_new_key_closed_and_nothing_of_the_old_one() {
        let dir = made();
        let place = dir.path().join(SIGNING);
        // Whoever holds the old file open finds nothing in it afterwards.
        let linked = dir.path().join("linked");
        fs::hard_link(&place, &linked).unwrap();
        let first = load(dir.path()).signing.public().clone();
        let second = rotate(dir.path(), &node(), true, 1_000).unwrap();
        let third = rotate(dir.path(), &node(), true, 2_000).unwrap();
        let now = load(dir.path());
        assert_eq!(now.signing.public(), third.signing.public());
        let earlier: Vec<_> = now
            .earlier
            .iter()
            .map(|key| (&key.public, key.until_ms))
            .collect();
        assert_eq!(earlier, [(&first, 1_000), (second.signing.public(), 2_000)]);
        let mode = place.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!dir.path().join(NEXT).exists());
        assert!(fs::read(&linked).unwrap().iter().all(|byte| *byte == 0));
        let list = fs::read_to_string(dir.path().join(EARLIER)).unwrap();
        assert!(!list.contains("PRIVATE"));
    }

    #[test]
    fn a_change_that_was_begun_and_not_made_is_none() {
        let dir = made();
        rotate(dir.path(), &node(), true, 1_000).unwrap();
        let key = fs::read(dir.path().join(SIGNING)).unwrap();
        let before = load(dir.path());
        rotate(dir.path(), &node(), true, 2_000).unwrap();
        // As a kill before the last step leaves it.
        files::replace_secret(&dir.path().join(NEXT), b"whatever").unwrap();
        files::replace_secret(&dir.path().join(SIGNING), &key).unwrap();
        let begun = load(dir.path());
        assert_eq!(begun.signing.public(), before.signing.public());
        assert_eq!(begun.earlier, before.earlier);
        let after = rotate(dir.path(), &node(), true, 3_000).unwrap();
        assert_eq!(load(dir.path()).earlier, after.earlier);
        assert_eq!(after.earlier.len(), 2);
        assert!(!dir.path().join(NEXT).exists());
    }

    #[test]
    fn two_changes_at_once_take_turns() {
        let dir = made();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| rotate(dir.path(), &node(), true, 1_000).unwrap());
            }
        });
        assert_eq!(load(dir.path()).earlier.len(), 4);
    }

    #[test]
    fn a_list_that_does_not_lead_to_the_key_is_refused() {
        let dir = made();
        for at in 1..=3 {
            rotate(dir.path(), &node(), true, at * 1_000).unwrap();
        }
        let list = fs::read_to_string(dir.path().join(EARLIER)).unwrap();
        let current = load(dir.path()).signing;
        let read = |text: &str, node: &SpiffeId, sandbox| {
            earlier_keys(text.as_bytes(), current.public(), node, sandbox)
        };
        assert_eq!(read(&list, &node(), true).unwrap().len(), 3);
        let other = OwnKeys {
            signing: SigningKey::create(&dir.path().join("other")).unwrap(),
            earlier: Vec::new(),
        };
        assert_eq!(
            earlier_keys(list.as_bytes(), other.signing.public(), &node(), true),
            Err(EarlierKeysError::OtherKey)
        );
        let away: SpiffeId = "spiffe://fujian.example/area/350583".parse().unwrap();
        let foreign = EarlierKeysError::Statements(SuccessionError::OtherNode);
        assert_eq!(read(&list, &away, true), Err(foreign.clone()));
        assert_eq!(read(&list, &node(), false), Err(foreign));
        let gap: String = list.splitn(3, "[[earlier_key]]").last().unwrap().into();
        assert!(read(&format!("[[earlier_key]]{gap}"), &node(), true).is_err());
        assert_eq!(
            read(
                &list.replacen("signature = \"", "signature = \"*", 1),
                &node(),
                true
            ),
            Err(EarlierKeysError::Value("signature"))
        );
        assert!(matches!(
            read("earlier_kez = 1", &node(), true),
            Err(EarlierKeysError::Document(_))
        ));
    }
}
