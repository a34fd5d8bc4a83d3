//! The key with which a node signs what it says to its peers, and how keys are told apart.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::{self, SystemRandom},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
        ParsedPublicKey,
    },
};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};

use super::files::{self, FileError};

/// A SHA-256 fingerprint, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of those bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256(&[bytes]))
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Eight groups of five digits, for two people who compare it over the telephone: some 130
    /// bits of it, enough that no other key with the same groups can be made.
    pub fn spoken(&self) -> String {
        let (groups, _) = self.0.as_chunks::<4>();
        let groups: Vec<String> = groups
            .iter()
            .map(|group| format!("{:05}", u32::from_be_bytes(*group) % 100_000))
            .collect();
        groups.join(" ")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which key: the SHA-256 of its SubjectPublicKeyInfo in DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Fingerprint);

impl KeyId {
    /// The id of those bytes, as a signed form holds it.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Fingerprint(bytes))
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The fingerprint to show to people.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A public ECDSA P-256 key.
#[derive(Clone)]
pub struct PublicKey {
    spki: Arc<[u8]>,
    parsed: Arc<ParsedPublicKey>,
}

impl PublicKey {
    /// Parses a SubjectPublicKeyInfo in DER. Only the one canonical form is taken (uncompressed
    /// point, named curve), so that a key has one [`KeyId`].
    ///
    /// # Errors
    /// [`KeyError::NotP256`].
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let point = spki.strip_prefix(&SPKI_PREFIX).ok_or(KeyError::NotP256)?;
        if spki.len() != SPKI_BYTES || point.first() != Some(&4) {
            return Err(KeyError::NotP256);
        }
        let parsed =
            ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).map_err(|_| KeyError::NotP256)?;
        Ok(Self {
            spki: spki.into(),
            parsed: Arc::new(parsed),
        })
    }

    /// Its SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        KeyId(Fingerprint::of(&self.spki))
    }

    pub(in crate::trust) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

/// The key with which a node signs: ECDSA on P-256 with SHA-256, apart from its TLS key.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// Draws a key and writes it to a new file, PKCS#8 PEM, mode 0600.
    ///
    /// # Errors
    /// [`KeyError::File`] if a file is there already; [`KeyError::NoRandomness`].
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
            .map_err(|_| KeyError::NoRandomness(NoRandomness))?;
        files::write_new_secret(path, pair.serialize_pem().as_bytes())?;
        Self::from_pkcs8(pair.serialized_der())
    }

    /// Loads the key from its file.
    ///
    /// # Errors
    /// [`KeyError::File`] if it is missing or others can read it; [`KeyError::NotP256`].
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        Self::from_pem(&files::read_secret(path)?)
    }

    pub(in crate::trust) fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| KeyError::NotP256)?;
        Self::from_pkcs8(der.secret_pkcs8_der())
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der)
            .map_err(|_| KeyError::NotP256)?;
        let spki = [SPKI_PREFIX.as_slice(), pair.public_key().as_ref()].concat();
        Ok(Self {
            public: PublicKey::from_spki(&spki)?,
            pair,
        })
    }

    /// Its public half.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(in crate::trust) fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        self.pair
            .sign(&SystemRandom::new(), message)
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| NoRandomness)
    }
}

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its file.
    #[error(transparent)]
    File(#[from] FileError),
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Another kind of key.
    #[error("not an ECDSA key on the curve P-256")]
    NotP256,
    /// A key for references has exactly 32 bytes.
    #[error("{} is no key for references, which has 32 bytes; put it back from the backup", path.display())]
    NotReferenceKey {
        /// Which file.
        path: PathBuf,
    },
}

/// The system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// Draws `N` random bytes fit for keys, nonces and serial numbers.
///
/// # Errors
/// [`NoRandomness`]; nothing may then go on with anything weaker.
pub fn draw<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

pub(in crate::trust) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let whole;
    let input = if let [one] = parts {
        one
    } else {
        whole = parts.concat();
        whole.as_slice()
    };
    // SHA-256 gives 32 bytes, so all of `bytes` is filled.
    for (to, from) in bytes.iter_mut().zip(digest(&SHA256, input).as_ref()) {
        *to = *from;
    }
    bytes
}

/// Length of the SubjectPublicKeyInfo of every P-256 key: what stands before the point, and the
/// uncompressed point.
pub(in crate::trust) const SPKI_BYTES: usize = 91;

/// What stands before the point in the SubjectPublicKeyInfo of every P-256 key.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/signing.key");
        let made = SigningKey::create(&path).unwrap();
        let loaded = SigningKey::load(&path).unwrap();
        assert_eq!(made.public(), loaded.public());
        let signature = made.sign_bytes(b"x").unwrap();
        assert!(loaded.public().accepts(b"x", &signature));
        assert!(!loaded.public().accepts(b"y", &signature));
        assert_eq!(
            PublicKey::from_spki(made.public().spki()).unwrap().id(),
            made.public().id()
        );
    }

    #[test]
    fn other_keys_are_refused() {
        let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        assert!(matches!(
            SigningKey::from_pem(other.serialize_pem().as_bytes()),
            Err(KeyError::NotP256)
        ));
        let mut off_curve = SPKI_PREFIX.to_vec();
        off_curve.push(4);
        off_curve.extend([1; 64]);
        assert!(PublicKey::from_spki(&off_curve).is_err());
        assert!(PublicKey::from_spki(&[]).is_err());
    }

    #[test]
    fn a_fingerprint_can_be_read_out() {
        let fingerprint = Fingerprint::of(b"");
        assert!(fingerprint.to_string().starts_with("e3b0c44298fc1c14"));
        assert_eq!(
            fingerprint.spoken(),
            "12610 59092 03464 35940 31556 17388 67483 87061"
        );
    }
}
