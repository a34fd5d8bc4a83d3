//! Invitations.

use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::{
    error::PairingError,
    nonce::Nonce,
    party::{Party, RawParty},
    signed::{Statement, digest_of, seal, unseal},
};
use crate::{
    agreement::{self, Opening},
    document,
    domain::{area::County, calendar, channel::Digest},
    trust::keys::PublicKey,
};

/// An invitation whose signature fits the key that stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// What tells it from every other.
    pub nonce: Nonce,
    /// When it was made.
    pub created: Timestamp,
    /// Up to when it may be used.
    pub expires: Timestamp,
    /// The area that is invited, where the inviter named one.
    pub invited: Option<County>,
    /// Who invites.
    pub inviter: Party,
    /// The agreement that is proposed: whole where an area is named, else open for the accepter's.
    pub agreement: String,
    /// SHA-256 of its text.
    pub digest: Digest,
    /// The file.
    pub file: String,
}

/// What an invitation is made of.
#[derive(Clone, Copy, Debug)]
pub struct Inviting<'a> {
    /// Who invites.
    pub inviter: &'a Party,
    /// For which of its areas, if not for that of its name; only where the invited area is known.
    pub area: Option<County>,
    /// The area that is invited, where it is known.
    pub invited: Option<County>,
    /// The template of the agreement.
    pub template: &'a str,
    /// Drawn at random.
    pub nonce: Nonce,
    /// The time.
    pub now: Timestamp,
}

/// Writes an invitation. The agreement that it proposes is in force for three years from today; it
/// may be used for 14 days.
///
/// # Errors
/// If the template cannot be used, or the node invites itself.
pub fn invite(
    inviting: &Inviting<'_>,
    sign: impl FnOnce(&Statement) -> Vec<u8>,
) -> Result<String, PairingError> {
    let Inviting {
        inviter,
        area,
        invited,
        template,
        nonce,
        now,
    } = *inviting;
    let area = area.unwrap_or_else(|| inviter.area());
    if !inviter.areas.contains(&area) {
        return Err(PairingError::NotAtHome(area));
    }
    if invited.is_some_and(|area| inviter.areas.contains(&area)) {
        return Err(PairingError::Own);
    }
    let opening = opening(area, inviter.sandbox, now)?;
    let mut agreement = agreement::open(template, &opening)?;
    if let Some(invited) = invited {
        agreement = agreement::close(&agreement, area.into(), invited.into())?;
    }
    let valid = SignedDuration::from_hours(24 * VALID_DAYS);
    let raw = RawInvitation {
        format: FORMAT,
        nonce: nonce.to_string(),
        created: now.to_string(),
        expires: now
            .checked_add(valid)
            .map_err(|_| PairingError::Value("created"))?
            .to_string(),
        invited: invited.map(|area| area.to_string()),
        agreement,
        inviter: inviter.into(),
    };
    let text = toml::to_string_pretty(&raw).map_err(|_| PairingError::NotAFile)?;
    let body = format!("{HEAD}{text}");
    let statement = Statement::Invitation {
        from: inviter.area(),
        to: invited,
        sandbox: inviter.sandbox,
        document: digest_of(&body),
    };
    Ok(seal(&body, &sign(&statement)))
}

/// What an area that opens an agreement fills in: in force for three years from today.
pub(super) fn opening(a: County, sandbox: bool, now: Timestamp) -> Result<Opening, PairingError> {
    let clock = || PairingError::Value("created");
    let today = calendar::day_of(now.as_millisecond()).ok_or_else(clock)?;
    Ok(Opening {
        a: a.into(),
        sandbox,
        valid_from: today,
        valid_until: today
            .checked_add(3.years())
            .and_then(|day| day.yesterday())
            .map_err(|_| clock())?,
    })
}

/// Reads an invitation and checks that nobody changed it since its key signed it.
///
/// # Errors
/// If it is none, or was altered.
pub fn read_invitation(
    file: &str,
    verify: impl FnOnce(&PublicKey, &Statement, &[u8]) -> bool,
) -> Result<Invitation, PairingError> {
    let (body, signature) = unseal(file)?;
    let RawInvitation {
        format,
        nonce,
        created,
        expires,
        invited,
        agreement,
        inviter,
    } = document::parse(body)?;
    if format != FORMAT {
        return Err(PairingError::Value("format"));
    }
    let invitation = Invitation {
        nonce: nonce.parse().map_err(|_| PairingError::Value("nonce"))?,
        created: created
            .parse()
            .map_err(|_| PairingError::Value("created"))?,
        expires: expires
            .parse()
            .map_err(|_| PairingError::Value("expires"))?,
        invited: invited
            .map(|area| area.parse().map_err(|_| PairingError::Value("for")))
            .transpose()?,
        inviter: inviter.try_into()?,
        agreement,
        digest: digest_of(body),
        file: file.to_owned(),
    };
    let statement = Statement::Invitation {
        from: invitation.inviter.area(),
        to: invitation.invited,
        sandbox: invitation.inviter.sandbox,
        document: invitation.digest,
    };
    if verify(&invitation.inviter.signing_key, &statement, &signature) {
        Ok(invitation)
    } else {
        Err(PairingError::Altered)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInvitation {
    format: u32,
    nonce: String,
    created: String,
    expires: String,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    invited: Option<String>,
    agreement: String,
    inviter: RawParty,
}

pub(super) const FORMAT: u32 = 1;

/// For how many days an invitation may be used.
const VALID_DAYS: i64 = 14;

const HEAD: &str = "\
# 鸿雁配对邀请。请勿改动：任何改动都会使签名失效。
# 接受前，请通过已知的电话号码与对方核对签名密钥指纹。
# An invitation to pair with a Hongyan node. Change nothing, or the signature no longer fits.
# Before you accept it, compare the fingerprint of the signing key with the other side, over a
# telephone number that you know already.

";
