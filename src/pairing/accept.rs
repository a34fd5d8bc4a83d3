//! The two steps that make a pairing. Pure: what is to be written comes back.

use jiff::{SignedDuration, Timestamp};

use super::{
    answer::{Answer, answer},
    error::PairingError,
    file::PairingFile,
    invitation::{Invitation, read_invitation},
    issued::Issued,
    nonce::Nonce,
    party::Party,
    signed::Statement,
    summary::Summary,
};
use crate::{
    agreement::{self, Agreement},
    domain::{agreement::AgreementVersion, channel::Channel},
    trust::{identity::TrustDomain, keys::PublicKey, lineage::EarlierKey, pairing::Pairing},
};

/// This node, when it pairs.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// What it tells about itself.
    pub party: &'a Party,
    /// The nodes that it is paired with.
    pub pairings: &'a [PairingFile],
    /// The time.
    pub now: Timestamp,
}

/// What a pairing writes, and what a person is shown first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The other node.
    pub pairing: PairingFile,
    /// The agreement between the two.
    pub agreement: AgreementText,
    /// What both sides signed.
    pub signed: SignedFiles,
    /// The revocation list of the other's trust domain, where that is another than this node's.
    pub foreign_crl: Option<(TrustDomain, String)>,
    /// Who the other side is, and on what terms.
    pub summary: Summary,
}

/// An agreement as both sides hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementText {
    /// Which version.
    pub version: AgreementVersion,
    /// Its text.
    pub text: String,
}

/// The two files of a pairing, each with the signature of its side: they prove that both sides have
/// signed the agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedFiles {
    /// What one side wrote.
    pub invitation: String,
    /// What the other wrote to it, with the final agreement.
    pub answer: String,
}

/// Accepts an invitation: gives what to write here, and the file that answers it. The same
/// invitation may be accepted again by the same node.
///
/// # Errors
/// Everything for which a pairing must not be made; nothing was written.
pub fn accept_invitation(
    invitation: &Invitation,
    here: &Here<'_>,
    sign: impl FnOnce(&Statement) -> Vec<u8>,
) -> Result<(Joined, String), PairingError> {
    if here.now >= invitation.expires {
        return Err(PairingError::Expired);
    }
    let ahead = SignedDuration::from_hours(CLOCK_HOURS);
    if here
        .now
        .checked_add(ahead)
        .is_ok_and(|limit| invitation.created > limit)
    {
        return Err(PairingError::FromTheFuture);
    }
    check_other(&invitation.inviter, here, invitation.created)?;
    if let Some(invited) = invitation.invited
        && !here.party.areas.contains(&invited)
    {
        return Err(PairingError::ForAnother(invited));
    }
    let superseded = here.pairings.iter().any(|held| {
        held.pairing.id == invitation.inviter.id
            && held.invitation != invitation.nonce
            && held.paired_at > invitation.created
    });
    if superseded {
        return Err(PairingError::Superseded);
    }
    let a = invitation.inviter.area();
    let text = match invitation.invited {
        Some(_) => invitation.agreement.clone(),
        None => agreement::close(&invitation.agreement, a.into(), here.party.area().into())?,
    };
    let agreement = checked(&text, &invitation.inviter, here)?;
    let file = answer(invitation, here.party, &text, sign)?;
    let signed = SignedFiles {
        invitation: invitation.file.clone(),
        answer: file.clone(),
    };
    let agreement = (&agreement, text);
    let joined = join(
        &invitation.inviter,
        invitation.nonce,
        agreement,
        signed,
        here,
    );
    Ok((joined, file))
}

/// Takes the answer to an invitation of one's own: gives what to write here. The same answer may be
/// taken again.
///
/// # Errors
/// Everything for which a pairing must not be made; nothing was written.
pub fn accept_answer(
    answer: &Answer,
    issued: Option<&Issued>,
    here: &Here<'_>,
    verify: impl FnOnce(&PublicKey, &Statement, &[u8]) -> bool,
) -> Result<Joined, PairingError> {
    let issued = issued.ok_or(PairingError::UnknownInvitation)?;
    let invitation = read_invitation(&issued.file, verify)?;
    let ours = invitation.nonce == answer.nonce
        && invitation.digest == answer.invitation
        && invitation.inviter.id == here.party.id
        && answer.inviter == here.party.area();
    if !ours {
        return Err(PairingError::UnknownInvitation);
    }
    let other = &answer.accepter;
    let repeated = here.pairings.iter().any(|held| {
        held.invitation == answer.nonce && says_the_same(&held.pairing, &other.pairing())
    });
    let used = issued.used_by.is_some()
        || here
            .pairings
            .iter()
            .any(|held| held.invitation == answer.nonce);
    if used && !repeated {
        return Err(PairingError::AlreadyUsed);
    }
    if here.now >= invitation.expires && !repeated {
        return Err(PairingError::Expired);
    }
    check_other(other, here, invitation.created)?;
    let text = match invitation.invited {
        Some(invited) if !other.areas.contains(&invited) => {
            return Err(PairingError::ForAnother(invited));
        }
        Some(_) => invitation.agreement,
        None => agreement::close(
            &invitation.agreement,
            here.party.area().into(),
            other.area().into(),
        )?,
    };
    if text != answer.agreement {
        return Err(PairingError::AgreementDiffers);
    }
    let agreement = checked(&text, other, here)?;
    let signed = SignedFiles {
        invitation: invitation.file,
        answer: answer.file.clone(),
    };
    Ok(join(other, answer.nonce, (&agreement, text), signed, here))
}

/// What holds for either step: another node, of the same environment, with areas and a root that
/// nobody else has, and a certificate that vouches for its key if there is one.
fn check_other(other: &Party, here: &Here<'_>, invited: Timestamp) -> Result<(), PairingError> {
    let own = here.party;
    if other.vouched(invited).is_err() {
        return Err(PairingError::NotVouched);
    }
    if other.id == own.id || other.areas.iter().any(|area| own.areas.contains(area)) {
        return Err(PairingError::Own);
    }
    if other.sandbox != own.sandbox {
        return Err(PairingError::SandboxMixed);
    }
    let domain = other.id.trust_domain();
    let known = here
        .pairings
        .iter()
        .map(|held| (held.pairing.id.trust_domain(), &held.pairing.root_pem))
        .chain([(own.id.trust_domain(), &own.root_pem)]);
    for (held, root) in known {
        if held == domain && root.trim() != other.root_pem.trim() {
            return Err(PairingError::OtherRoot(domain.clone()));
        }
    }
    for held in here.pairings {
        let taken = other
            .areas
            .iter()
            .find(|area| held.pairing.areas.contains(area));
        if let Some(area) = taken
            && held.pairing.id != other.id
        {
            return Err(PairingError::AreaTaken {
                area: *area,
                by: held.pairing.id.clone(),
            });
        }
    }
    Ok(())
}

/// The agreement, if it is one between the two nodes and their environment.
fn checked(text: &str, other: &Party, here: &Here<'_>) -> Result<Agreement, PairingError> {
    let agreement = Agreement::parse(text)?;
    let id = agreement.version.id;
    let between = here.party.areas.iter().any(|from| {
        let (from, mut others) = (*from, other.areas.iter());
        others.any(|to| id.meets(Channel { from, to: *to }))
    });
    if between && agreement.sandbox == here.party.sandbox {
        Ok(agreement)
    } else {
        Err(PairingError::AgreementDiffers)
    }
}

fn join(
    other: &Party,
    invitation: Nonce,
    (agreement, text): (&Agreement, String),
    signed: SignedFiles,
    here: &Here<'_>,
) -> Joined {
    let domain = other.id.trust_domain();
    let pairing = with_earlier_keys(other.pairing(), invitation, here);
    // A repeat changes nothing, not even the time.
    let earlier = here
        .pairings
        .iter()
        .find(|held| held.invitation == invitation && held.pairing == pairing);
    let foreign = domain != here.party.id.trust_domain();
    Joined {
        pairing: PairingFile {
            pairing,
            paired_at: earlier.map_or(here.now, |held| held.paired_at),
            invitation,
        },
        agreement: AgreementText {
            version: agreement.version,
            text,
        },
        signed,
        foreign_crl: other
            .crl_pem
            .clone()
            .filter(|_| foreign)
            .map(|pem| (domain.clone(), pem)),
        summary: Summary::new(other, agreement),
    }
}

/// Whether two pairings differ at most in the keys that were given up.
fn says_the_same(held: &Pairing, other: &Pairing) -> bool {
    let other = Pairing {
        earlier_keys: held.earlier_keys.clone(),
        ..other.clone()
    };
    *held == other
}

/// The pairing with the keys that the other node had before: what it signed with them is still
/// recognised.
fn with_earlier_keys(mut pairing: Pairing, invitation: Nonce, here: &Here<'_>) -> Pairing {
    let mut pairings = here.pairings.iter();
    let Some(held) = pairings.find(|held| held.pairing.id == pairing.id) else {
        return pairing;
    };
    let Pairing {
        signing_key_spki,
        earlier_keys,
        ..
    } = &held.pairing;
    pairing.earlier_keys.clone_from(earlier_keys);
    if pairing.signing_key_spki == *signing_key_spki {
        return pairing;
    }
    let given_up = |key: &EarlierKey| key.public.spki() == pairing.signing_key_spki;
    match earlier_keys.iter().position(given_up) {
        // The same file once more: it does not undo the succession that came after it.
        Some(_) if held.invitation == invitation => {
            pairing.signing_key_spki.clone_from(signing_key_spki);
        }
        // The node was set back, and a person has compared its fingerprint.
        Some(at) => pairing.earlier_keys.truncate(at),
        None => pairing
            .earlier_keys
            .extend(
                PublicKey::from_spki(signing_key_spki).map(|public| EarlierKey {
                    public,
                    until_ms: here.now.as_millisecond(),
                    statement: None,
                }),
            ),
    }
    pairing
}

/// By how much the inviter's clock may be ahead.
const CLOCK_HOURS: i64 = 24;
