//! A file that proves an erasure: the node's statement, and the key that signed it.
//!
//! JSON in one spelling: its members in this order, no white space, one line feed behind.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{area::County, problem::Sentence},
    trust::{
        erasure_statement::ErasureForm,
        identity::TrustDomain,
        keys::{KeyId, PublicKey},
        signature::{PinnedKey, Signed, Verified},
    },
};

/// What a file proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureProven {
    /// The trust domain of the node that signed.
    pub trust_domain: TrustDomain,
    /// The key that signed: whoever reads compares it with the node's.
    pub key: KeyId,
    /// What was signed.
    pub form: ErasureForm,
}

/// Why a file proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErasureFault {
    /// It is no such file.
    #[error("this is no file that hongyan erasure export wrote")]
    NotAStatement,
    /// It is one, and was changed.
    #[error("the signature does not fit what stands in the file")]
    Signature,
}

impl ErasureFault {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAStatement => "not_a_statement",
            Self::Signature => "signature",
        }
    }

    /// In words.
    pub fn sentence(self) -> Sentence {
        let zh = match self {
            Self::NotAStatement => "不是删除证明文件",
            Self::Signature => "签名与文件内容不符",
        };
        Sentence {
            zh: zh.to_owned(),
            en: self.to_string(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    trust_domain: String,
    home_area: String,
    form: String,
    signature: String,
    signing_key: String,
}

/// The file of a statement.
pub fn write_erasure(
    trust_domain: &TrustDomain,
    home: County,
    signed: &Signed,
    key: &[u8],
) -> String {
    let file = File {
        format: FORMAT.to_owned(),
        trust_domain: trust_domain.as_str().to_owned(),
        home_area: home.to_string(),
        form: BASE64.encode(signed.form()),
        signature: BASE64.encode(signed.signature()),
        signing_key: BASE64.encode(key),
    };
    canonical(&file)
}

fn canonical(file: &File) -> String {
    // Texts alone cannot fail to be written.
    let mut text = serde_json::to_string(file).unwrap_or_default();
    text.push('\n');
    text
}

/// Tells what a file proves.
///
/// # Errors
/// [`ErasureFault`].
pub fn verify_erasure(text: &[u8]) -> Result<ErasureProven, ErasureFault> {
    let not_one = ErasureFault::NotAStatement;
    let file: File = serde_json::from_slice(text).map_err(|_| not_one)?;
    if file.format != FORMAT {
        return Err(not_one);
    }
    if canonical(&file).as_bytes() != text {
        return Err(ErasureFault::Signature);
    }
    let bytes = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| not_one);
    let signed = Signed::received(bytes(&file.form)?.into(), bytes(&file.signature)?.into());
    let key = PublicKey::from_spki(&bytes(&file.signing_key)?).map_err(|_| not_one)?;
    let trust_domain: TrustDomain = file.trust_domain.parse().map_err(|_| not_one)?;
    let home: County = file.home_area.parse().map_err(|_| not_one)?;
    let pinned = PinnedKey::new(key, trust_domain.clone(), [home].into());
    let verified: Verified<ErasureForm> =
        pinned.verify(signed).map_err(|_| ErasureFault::Signature)?;
    Ok(ErasureProven {
        trust_domain,
        key: pinned.id(),
        form: verified.into_inner(),
    })
}

const FORMAT: &str = "hongyan erasure 1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            channel::{Channel, Digest},
            erasure::ErasureReason,
            notice::NoticeId,
        },
        trust::{forms::Frame, keys::SigningKey},
    };

    fn form() -> ErasureForm {
        let id = |counter| NoticeId::new([3; 8], counter);
        ErasureForm {
            frame: Frame {
                channel: Channel {
                    from: "350582".parse().unwrap(),
                    to: "530111".parse().unwrap(),
                },
                sandbox: true,
            },
            erasure: id(9),
            case: id(1),
            reason: ErasureReason::PersonAsked,
            erased_at_ms: 1_795_000_000_000,
            notices: (1..4)
                .map(|number| (id(number), Digest::new([7; 32])))
                .collect(),
            confirmed: vec![(id(1), 1_795_000_060_000)],
            pending_until_ms: 0,
            time_ms: 1_795_000_090_000,
        }
    }

    #[test]
    fn a_file_proves_what_was_signed_and_every_changed_one_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::create(&dir.path().join("key")).unwrap();
        let domain: TrustDomain = "fujian.example".parse().unwrap();
        let signed = key.sign(&domain, &form()).unwrap();
        let home = form().frame.channel.from;
        let file = write_erasure(&domain, home, &signed, key.public().spki());
        let proven = verify_erasure(file.as_bytes()).unwrap();
        assert_eq!(proven.form, form());
        assert_eq!(proven.key, key.public().id());
        for at in 0..file.len() {
            let mut changed = file.clone().into_bytes();
            changed[at] ^= 1;
            assert!(verify_erasure(&changed).is_err(), "byte {at}");
            assert!(verify_erasure(&file.as_bytes()[..at]).is_err(), "cut {at}");
        }
    }

    #[test]
    fn what_is_in_another_order_or_was_not_among_them_is_not_signed() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::create(&dir.path().join("key")).unwrap();
        let domain: TrustDomain = "fujian.example".parse().unwrap();
        let mut turned = form();
        turned.notices.reverse();
        let mut another = form();
        another.confirmed = vec![(form().erasure, 1)];
        for form in [turned, another] {
            assert!(key.sign(&domain, &form).is_err());
        }
    }
}
