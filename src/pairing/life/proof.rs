//! What both sides have signed of one version, for whoever wants to check it.

use super::{Books, Signers};
use crate::{
    agreement::{Agreement, Side},
    config::NodeDir,
    domain::{agreement::AgreementVersion, area::County, channel::Digest},
    pairing::{AgreementsError, read_answer, read_invitation},
    trust::{files, signature::Signed, statement::StatementForm},
};

/// One thing that a side has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The area in the name of the node that signed.
    pub by: County,
    /// What it is.
    pub what: Proven,
    /// The key that signed: SubjectPublicKeyInfo, DER.
    pub key_spki: Vec<u8>,
    /// The canonical form, and the signature over it.
    pub signed: Signed,
}

/// What a side has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proven {
    /// The file with which the pairing began: its form names the SHA-256 of the text before the
    /// signature.
    Invitation(String),
    /// The answer to it, with the agreement; likewise.
    Answer(String),
    /// A statement: its form holds what it says, and the digest of the version.
    Statement,
}

impl Proven {
    /// Its stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Invitation(_) => "invitation",
            Self::Answer(_) => "answer",
            Self::Statement => "statement",
        }
    }
}

/// What both sides have signed of a version that is held with that digest: the two files of a
/// pairing, then their statements. Blocks.
///
/// # Errors
/// If the directory cannot be read.
pub fn proofs(
    dir: &NodeDir,
    version: AgreementVersion,
    digest: Digest,
) -> Result<Vec<Proof>, AgreementsError> {
    let mut proofs = of_pairing(dir, version, digest)?;
    let book = Books::load(dir, |id| id == version.id)?.into_book(version.id);
    let signers = Signers::load(dir)?;
    for side in Side::ALL {
        let said = book.standing.said(side).iter().zip(book.said(side));
        let of_version =
            said.filter(|(says, _)| says.agreement == version && says.digest == digest);
        for (_, said) in of_version {
            let signer = signers.named(said.by);
            let key = signer.and_then(|it| it.keys.signer_of::<StatementForm>(&said.signed));
            // What does not stand was not loaded.
            proofs.extend(key.map(|key| Proof {
                by: said.by,
                what: Proven::Statement,
                key_spki: key.spki().to_vec(),
                signed: said.signed.clone(),
            }));
        }
    }
    Ok(proofs)
}

/// The two files, where they are kept and speak of that version.
fn of_pairing(
    dir: &NodeDir,
    version: AgreementVersion,
    digest: Digest,
) -> Result<Vec<Proof>, AgreementsError> {
    let read = |path| -> Result<Option<String>, AgreementsError> {
        let bytes = files::read_if_present(path)?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
    };
    let id = version.id;
    let files = read(&dir.signed_invitation(id))?.zip(read(&dir.signed_answer(id))?);
    Ok(files
        .and_then(|(invitation, answer)| both(invitation, answer, version, digest))
        .unwrap_or_default())
}

/// Both, if both were signed and the answer fits the invitation and the version.
fn both(
    invitation: String,
    answer: String,
    version: AgreementVersion,
    digest: Digest,
) -> Option<Vec<Proof>> {
    let (mut invited, mut answered) = (None, None);
    // Read once for the trust domain that the signer names, and once to be believed.
    let inviter = read_invitation(&invitation, |_, _, _| true)
        .ok()?
        .inviter
        .id;
    let first = read_invitation(&invitation, |key, statement, signature| {
        invited = statement.signed_by(key, inviter.trust_domain(), signature);
        invited.is_some()
    });
    let first = first.ok()?;
    let accepter = read_answer(&answer, |_, _, _| true).ok()?.accepter.id;
    let second = read_answer(&answer, |key, statement, signature| {
        answered = statement.signed_by(key, accepter.trust_domain(), signature);
        answered.is_some()
    });
    let second = second.ok()?;
    let agreement = Agreement::parse(&second.agreement).ok()?;
    if second.invitation != first.digest
        || agreement.version != version
        || agreement.digest() != digest
    {
        return None;
    }
    Some(vec![
        Proof {
            by: inviter.area(),
            what: Proven::Invitation(invitation),
            key_spki: first.inviter.signing_key.spki().to_vec(),
            signed: invited?,
        },
        Proof {
            by: accepter.area(),
            what: Proven::Answer(answer),
            key_spki: second.accepter.signing_key.spki().to_vec(),
            signed: answered?,
        },
    ])
}
