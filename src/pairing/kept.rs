//! What was signed when two nodes were paired, as it is kept: what shows later whose a key is.

use std::{fs, io};

use jiff::Timestamp;
use rustls_pki_types::UnixTime;

use super::{
    accept::SignedFiles,
    answer::{Answer, read_answer},
    invitation::{Invitation, read_invitation},
    party::Party,
};
use crate::{
    agreement::Agreement,
    config::NodeDir,
    domain::agreement::AgreementVersion,
    trust::{
        files::{self, FileError},
        identity::SpiffeId,
        keys::Fingerprint,
    },
};

/// An invitation and its answer, each signed with the key that stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPair {
    invitation: Invitation,
    answer: Answer,
}

/// Reads the two files of a pairing; none if they do not belong together, or either was altered.
pub fn read_signed_pair(invitation: &str, answer: &str) -> Option<SignedPair> {
    // Read once for the trust domain that the signer names, and once to be believed.
    let inviter = read_invitation(invitation, |_, _, _| true).ok()?.inviter.id;
    let invitation = read_invitation(invitation, |key, statement, signature| {
        let signed = statement.signed_by(key, inviter.trust_domain(), signature);
        signed.is_some()
    });
    let invitation = invitation.ok()?;
    let accepter = read_answer(answer, |_, _, _| true).ok()?.accepter.id;
    let answer = read_answer(answer, |key, statement, signature| {
        let signed = statement.signed_by(key, accepter.trust_domain(), signature);
        signed.is_some()
    });
    let answer = answer.ok()?;
    let fits = answer.invitation == invitation.digest
        && answer.nonce == invitation.nonce
        && answer.inviter == invitation.inviter.area();
    fits.then_some(SignedPair { invitation, answer })
}

impl SignedPair {
    /// Who invited, and who accepted.
    pub const fn parties(&self) -> [&Party; 2] {
        [&self.invitation.inviter, &self.answer.accepter]
    }

    /// What the node of that name told of itself.
    pub fn party(&self, id: &SpiffeId) -> Option<&Party> {
        self.parties().into_iter().find(|party| party.id == *id)
    }

    /// When the invitation was made, by the clock of the inviter.
    pub const fn created(&self) -> Timestamp {
        self.invitation.created
    }

    /// The version of the agreement that both have signed with it.
    pub fn agreement(&self) -> Option<AgreementVersion> {
        let agreement = Agreement::parse(&self.answer.agreement).ok()?;
        Some(agreement.version)
    }

    /// The root under which the certificate of a party vouches for its signing key. None if its file
    /// has no certificate.
    ///
    /// # Errors
    /// [`NotVouched`] if it has one that does not.
    pub fn root_of(&self, party: &Party) -> Result<Option<Fingerprint>, NotVouched> {
        party.vouched(self.created())
    }
}

/// A certificate in a file of a pairing does not vouch for the signing key beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a certificate that does not vouch for the signing key")]
pub struct NotVouched;

impl Party {
    /// The root under which its certificate vouches for its signing key at that time; none if it
    /// told no certificate.
    ///
    /// # Errors
    /// [`NotVouched`].
    pub(super) fn vouched(&self, at: Timestamp) -> Result<Option<Fingerprint>, NotVouched> {
        let Some(certification) = &self.certification else {
            return Ok(None);
        };
        let seconds = u64::try_from(at.as_second()).map_err(|_| NotVouched)?;
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        certification
            .root(
                &self.id,
                self.sandbox,
                &self.signing_key,
                &self.root_pem,
                at,
            )
            .map(Some)
            .ok_or(NotVouched)
    }
}

/// The files of every pairing between the two nodes, the oldest first. Blocks.
///
/// # Errors
/// If the directory cannot be read. A file that no longer holds is left out.
pub fn signed_between(dir: &NodeDir, nodes: [&SpiffeId; 2]) -> Result<Vec<SignedFiles>, FileError> {
    if nodes[0] == nodes[1] {
        // With itself a node is paired by no file.
        return Ok(Vec::new());
    }
    let path = dir.agreements();
    let unread = |source| FileError::Io {
        path: path.clone(),
        source,
    };
    let listed = match fs::read_dir(&path) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unread(error)),
    };
    let mut found: Vec<(Timestamp, SignedFiles)> = Vec::new();
    for entry in listed {
        let name = entry.map_err(unread)?.file_name();
        let name = name.to_string_lossy();
        let Some((id, earlier)) = name.split_once(".invitation") else {
            continue;
        };
        let answer = path.join(format!("{id}.answer{earlier}"));
        let text = |path| -> Result<Option<String>, FileError> {
            let bytes = files::read_if_present(path)?;
            Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
        };
        let Some(answer) = text(&answer)? else {
            continue;
        };
        let invitation = text(&path.join(&*name))?.unwrap_or_default();
        let Some(pair) = read_signed_pair(&invitation, &answer) else {
            continue;
        };
        let between = nodes.iter().all(|id| pair.party(id).is_some());
        let known = found.iter().any(|(_, files)| files.answer == answer);
        if between && !known {
            found.push((pair.created(), SignedFiles { invitation, answer }));
        }
    }
    found.sort_by_key(|(created, _)| *created);
    Ok(found.into_iter().map(|(_, files)| files).collect())
}
