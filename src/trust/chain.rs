//! The hash chain of a channel.

use super::{identity::TrustDomain, keys::sha256};
use crate::domain::channel::{Channel, Digest};

/// The digest of a notice, over its exact bytes.
pub fn notice_digest(notice: &[u8]) -> Digest {
    Digest::new(sha256(&[b"hongyan notice v1\0", notice]))
}

/// The head behind a place: `SHA-256(head before it ‖ digest of the notice in it)`.
pub fn chain(head: Digest, digest: Digest) -> Digest {
    Digest::new(sha256(&[head.as_bytes(), digest.as_bytes()]))
}

/// The head before the first place: the digest of the channel's name. Two trust domains, or
/// sandbox and production, never share a chain.
pub fn channel_origin(
    from: &TrustDomain,
    to: &TrustDomain,
    channel: Channel,
    sandbox: bool,
) -> Digest {
    let mut name = b"hongyan channel v1\0".to_vec();
    for domain in [from, to] {
        // At most 255 bytes, so one byte says how many.
        name.push(u8::try_from(domain.as_str().len()).unwrap_or(u8::MAX));
        name.extend_from_slice(domain.as_str().as_bytes());
    }
    name.extend_from_slice(channel.from.as_bytes());
    name.extend_from_slice(channel.to.as_bytes());
    name.push(u8::from(sandbox));
    Digest::new(sha256(&[&name]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_golden() {
        assert_eq!(
            notice_digest(b"abc").to_string(),
            Digest::new(sha256(&[b"hongyan notice v1\0abc"])).to_string()
        );
        assert_ne!(notice_digest(b"abc"), Digest::new(sha256(&[b"abc"])));
    }

    #[test]
    fn every_part_of_a_channels_name_changes_its_origin() {
        let domain = |text: &str| text.parse::<TrustDomain>().unwrap();
        let there = Channel {
            from: "350582".parse().unwrap(),
            to: "530111".parse().unwrap(),
        };
        let base = channel_origin(&domain("a"), &domain("bc"), there, false);
        for other in [
            channel_origin(&domain("ab"), &domain("c"), there, false),
            channel_origin(&domain("bc"), &domain("a"), there, false),
            channel_origin(&domain("a"), &domain("bc"), there.opposite(), false),
            channel_origin(&domain("a"), &domain("bc"), there, true),
        ] {
            assert_ne!(base, other);
        }
    }
}
