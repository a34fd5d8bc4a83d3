//! Names that certificates carry, and the proofs that someone bears one.

use std::{fmt, str::FromStr, sync::Arc};

use crate::domain::area::County;

/// The trust domain of a SPIFFE id: up to 255 of `a`–`z`, `0`–`9`, `.`, `-`, `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustDomain(Arc<str>);

impl TrustDomain {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URI of the trust domain itself, which a root certificate carries.
    pub fn uri(&self) -> String {
        format!("{SCHEME}{self}")
    }
}

impl FromStr for TrustDomain {
    type Err = NotASpiffeId;

    fn from_str(text: &str) -> Result<Self, NotASpiffeId> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
        if (1..=255).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(NotASpiffeId)
        }
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a node, `spiffe://<trust-domain>/area/<code>`, or of one of its offices,
/// `spiffe://<trust-domain>/area/<code>/office/<name>`.
///
/// A name alone proves nothing: see [`PeerId`] and [`OfficeId`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpiffeId {
    trust_domain: TrustDomain,
    area: County,
    office: Option<Arc<str>>,
}

impl SpiffeId {
    /// The node whose first home area is `area`.
    pub const fn node(trust_domain: TrustDomain, area: County) -> Self {
        Self {
            trust_domain,
            area,
            office: None,
        }
    }

    /// The office of that name at the node of `self`.
    ///
    /// # Errors
    /// Unless the name is 1 to 64 of `a`–`z`, `0`–`9`, `.`, `-`, `_`, and neither `.` nor `..`.
    pub fn with_office(&self, name: &str) -> Result<Self, NotASpiffeId> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
        if !(1..=64).contains(&name.len())
            || !name.bytes().all(allowed)
            || matches!(name, "." | "..")
        {
            return Err(NotASpiffeId);
        }
        Ok(Self {
            office: Some(name.into()),
            ..self.clone()
        })
    }

    /// Its trust domain.
    pub const fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// The node's first home area.
    pub const fn area(&self) -> County {
        self.area
    }

    /// The office's name; none for a node.
    pub fn office_name(&self) -> Option<&str> {
        self.office.as_deref()
    }

    /// True for a node.
    pub const fn is_node(&self) -> bool {
        self.office.is_none()
    }

    /// The node that the office belongs to; a node's own name for a node.
    #[must_use]
    pub fn home(&self) -> Self {
        Self::node(self.trust_domain.clone(), self.area)
    }
}

impl FromStr for SpiffeId {
    type Err = NotASpiffeId;

    /// Takes the two forms exactly: no port, query, fragment, user, empty segment or escape.
    fn from_str(text: &str) -> Result<Self, NotASpiffeId> {
        let path = text.strip_prefix(SCHEME).ok_or(NotASpiffeId)?;
        let mut segments = path.split('/');
        let trust_domain = segments.next().ok_or(NotASpiffeId)?.parse()?;
        if segments.next() != Some("area") {
            return Err(NotASpiffeId);
        }
        let area = segments.next().ok_or(NotASpiffeId)?;
        let node = Self::node(trust_domain, area.parse().map_err(|_| NotASpiffeId)?);
        let id = match segments.next() {
            None => node,
            Some("office") => node.with_office(segments.next().ok_or(NotASpiffeId)?)?,
            Some(_) => return Err(NotASpiffeId),
        };
        match segments.next() {
            None => Ok(id),
            Some(_) => Err(NotASpiffeId),
        }
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/area/{}", self.trust_domain, self.area)?;
        match &self.office {
            Some(name) => write!(f, "/office/{name}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not a SPIFFE id of a node or an office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a node is spiffe://<trust-domain>/area/<six digits>, an office adds /office/<name>, all in lower case"
)]
pub struct NotASpiffeId;

/// Proof that the other end of a connection is that paired node.
///
/// Made only from a chain that was verified, together with the areas that its pairing lists.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PeerId {
    id: SpiffeId,
    areas: Arc<[County]>,
}

impl PeerId {
    pub(in crate::trust) const fn proven(id: SpiffeId, areas: Arc<[County]>) -> Self {
        Self { id, areas }
    }

    /// A peer without any certificate, for tests of what takes one.
    #[cfg(test)]
    #[allow(dead_code, reason = "for the tests of other modules")]
    pub(crate) fn for_test(id: &str, areas: &[&str]) -> Self {
        Self {
            id: id.parse().unwrap(),
            areas: areas.iter().map(|area| area.parse().unwrap()).collect(),
        }
    }

    /// Its name.
    pub const fn id(&self) -> &SpiffeId {
        &self.id
    }

    /// The areas that it speaks for: exactly those that the pairing lists.
    pub fn areas(&self) -> &[County] {
        &self.areas
    }

    /// True if it speaks for that area.
    pub fn speaks_for(&self, area: County) -> bool {
        self.areas.contains(&area)
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Proof that the other end of a connection is that office of this node. It says nothing of roles.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OfficeId(SpiffeId);

impl OfficeId {
    pub(in crate::trust) const fn proven(id: SpiffeId) -> Self {
        Self(id)
    }

    /// An office without any certificate, for tests of what takes one.
    #[cfg(test)]
    #[allow(dead_code, reason = "for the tests of other modules")]
    pub(crate) fn for_test(id: &str) -> Self {
        Self(id.parse().unwrap())
    }

    /// Its name, by which the configuration gives it roles and areas.
    pub const fn id(&self) -> &SpiffeId {
        &self.0
    }
}

impl fmt::Display for OfficeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for OfficeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const SCHEME: &str = "spiffe://";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip() {
        for text in [
            "spiffe://fujian.example/area/350582",
            "spiffe://a_b-c.1/area/350582/office/chendai.desk-2_x",
        ] {
            let id: SpiffeId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(id.is_node(), !text.contains("office"));
            assert!(text.starts_with(&id.home().to_string()));
        }
    }

    #[test]
    fn everything_else_is_no_id() {
        let long = format!("spiffe://td/area/350582/office/{}", "a".repeat(65));
        let wide = format!("spiffe://{}/area/350582", "a".repeat(256));
        for text in [
            "",
            "spiffe://",
            "spiffe://td",
            "spiffe:///area/350582",
            "SPIFFE://td/area/350582",
            "spiffe://Td/area/350582",
            "spiffe://td:443/area/350582",
            "spiffe://u@td/area/350582",
            "spiffe://td/area/350582?x=1",
            "spiffe://td/area/350582#x",
            "spiffe://td/area/350582/",
            "spiffe://td//area/350582",
            "spiffe://td/area/35058",
            "spiffe://td/area/350582104",
            "spiffe://td/area/35058２",
            "spiffe://td/AREA/350582",
            "spiffe://td/area/350582/office",
            "spiffe://td/area/350582/office/",
            "spiffe://td/area/350582/office/..",
            "spiffe://td/area/350582/office/Desk",
            "spiffe://td/area/350582/office/a%20b",
            "spiffe://td/area/350582/office/a/b",
            "spiffe://td/area/350582/desk/a",
            "https://td/area/350582",
            &long,
            &wide,
        ] {
            assert_eq!(text.parse::<SpiffeId>(), Err(NotASpiffeId), "{text}");
        }
    }

    #[test]
    fn a_peer_speaks_for_no_area_beyond_its_list() {
        let peer = PeerId::for_test("spiffe://td/area/350582", &["350582", "350583"]);
        assert!(peer.speaks_for("350583".parse().unwrap()));
        assert!(!peer.speaks_for("350581".parse().unwrap()));
    }
}
