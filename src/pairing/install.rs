//! A pairing put on disk.

use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject as _};
use x509_parser::{prelude::FromDer as _, revocation_list::CertificateRevocationList};

use super::{accept::Joined, error::PairingError, signed::unseal};
use crate::{
    config::NodeDir,
    trust::files::{self, FileError},
};

/// A pairing that could not be put on disk.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The pairing could not be written out.
    #[error(transparent)]
    Pairing(#[from] PairingError),
}

/// Puts a pairing on disk: agreement and revocation list first, the pairing itself last, each whole
/// and synced. Until the last is there, nothing of it is in use; to repeat it does no harm.
///
/// # Errors
/// If a file cannot be written; then repeat it.
pub fn install(dir: &NodeDir, joined: &Joined) -> Result<(), InstallError> {
    let Joined {
        pairing,
        agreement,
        signed,
        foreign_crl,
        summary: _,
    } = joined;
    let text = pairing.to_text()?;
    files::make_dir(&dir.peers())?;
    // A running node writes there too, when a peer changes its key.
    let _turn = files::lock(&dir.peers())?;
    files::make_dir(&dir.agreements())?;
    let _turn_of_agreements = files::lock(&dir.agreements())?;
    let id = agreement.version.id;
    let held = files::read_if_present(&dir.signed_answer(id))?;
    let held = held.and_then(|held| String::from_utf8(held).ok());
    // The same answer may be signed again, and no two signatures are alike.
    let said = |answer: &str| unseal(answer).ok().map(|(body, _)| body.to_owned());
    if held.is_none_or(|held| said(&held) != said(&signed.answer)) {
        // Both sides begin anew with what they sign now, perhaps under other keys.
        let until = pairing.paired_at.as_second();
        files::set_aside(&dir.statements(id), &dir.earlier_statements(id, until))?;
        // What pinned the keys of before still shows whose they were.
        let [invitation, answer] = dir.earlier_signed(id, until);
        files::set_aside(&dir.signed_invitation(id), &invitation)?;
        files::set_aside(&dir.signed_answer(id), &answer)?;
    }
    files::write_public(&dir.agreement(id), agreement.text.as_bytes())?;
    files::write_public(&dir.signed_invitation(id), signed.invitation.as_bytes())?;
    files::write_public(&dir.signed_answer(id), signed.answer.as_bytes())?;
    if let Some((domain, pem)) = foreign_crl {
        let path = dir.foreign_crl(domain);
        let held = files::read_if_present(&path)?;
        // An older list would let in again whom a newer one keeps out.
        if held.is_none_or(|held| issued(&held) < issued(pem.as_bytes())) {
            files::write_public(&path, pem.as_bytes())?;
        }
    }
    files::write_public(&dir.peer(pairing.pairing.id.area()), text.as_bytes())?;
    Ok(())
}

/// When a revocation list was issued, in seconds since 1970; `None` if it is none.
pub(super) fn issued(pem: &[u8]) -> Option<i64> {
    let der = CertificateRevocationListDer::from_pem_slice(pem).ok()?;
    let (_, list) = CertificateRevocationList::from_der(&der).ok()?;
    Some(list.last_update().timestamp())
}
