//! Where everything of a node lies.

use std::path::{Path, PathBuf};

use crate::{
    domain::{
        agreement::{AgreementId, AgreementVersion},
        area::County,
    },
    trust::{identity::TrustDomain, master_key::MasterKeySource},
};

/// A node's directory: the one place that knows its paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeDir(PathBuf);

impl NodeDir {
    /// The directory of that path, there or not.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.0.join("node.toml")
    }

    /// The table of holidays by which the node goes, where it has one of its own.
    pub fn holidays(&self) -> PathBuf {
        self.0.join("holidays.toml")
    }

    /// The node's certificate.
    pub fn node_certificate(&self) -> PathBuf {
        self.0.join("tls/node.crt")
    }

    /// The node's TLS key.
    pub fn node_key(&self) -> PathBuf {
        self.0.join("tls/node.key")
    }

    /// The root of the node's own trust domain.
    pub fn root(&self) -> PathBuf {
        self.0.join("tls/ca.crt")
    }

    /// The revocation list of the node's own trust domain.
    pub fn crl(&self) -> PathBuf {
        self.0.join("tls/crl.pem")
    }

    /// The revocation list of a peer's trust domain, where that is another than the node's own.
    pub fn foreign_crl(&self, trust_domain: &TrustDomain) -> PathBuf {
        self.0.join(format!("tls/crl-{trust_domain}.pem"))
    }

    /// The key under which references are derived.
    pub fn reference_key(&self) -> PathBuf {
        self.0.join("keys/reference.key")
    }

    /// The master key that `init` makes.
    pub fn master_key(&self) -> PathBuf {
        self.0.join(MasterKeySource::FILE)
    }

    /// The key with which the node signs.
    pub fn signing_key(&self) -> PathBuf {
        self.0.join("keys/signing.key")
    }

    /// The keys with which the node signed before, public halves only.
    pub fn earlier_keys(&self) -> PathBuf {
        self.0.join("keys/earlier.toml")
    }

    /// The root of the office authority.
    pub fn office_root(&self) -> PathBuf {
        self.0.join("office/ca.crt")
    }

    /// The key of the office authority.
    pub fn office_root_key(&self) -> PathBuf {
        self.0.join("office/ca.key")
    }

    /// The operator's certificate.
    pub fn operator_certificate(&self) -> PathBuf {
        self.0.join("office/operator.crt")
    }

    /// The operator's key.
    pub fn operator_key(&self) -> PathBuf {
        self.0.join("office/operator.key")
    }

    /// The pairings, a file a peer.
    pub fn peers(&self) -> PathBuf {
        self.0.join("peers")
    }

    /// The pairing with the node whose first home area is that.
    pub fn peer(&self, area: County) -> PathBuf {
        self.0.join(format!("peers/{area}.toml"))
    }

    /// The invitations that this node issued and has not seen answered, a file a nonce, and marks
    /// of those that were used.
    pub fn invitations(&self) -> PathBuf {
        self.0.join("peers/invitations")
    }

    /// The agreements, a file a pair of areas.
    pub fn agreements(&self) -> PathBuf {
        self.0.join("agreements")
    }

    /// The agreement of that pair.
    pub fn agreement(&self, id: AgreementId) -> PathBuf {
        self.0.join(format!("agreements/{id}.toml"))
    }

    /// The invitation with which the agreement of that pair began, as its side signed it.
    pub fn signed_invitation(&self, id: AgreementId) -> PathBuf {
        self.0.join(format!("agreements/{id}.invitation"))
    }

    /// The answer to it, as the other side signed it.
    pub fn signed_answer(&self, id: AgreementId) -> PathBuf {
        self.0.join(format!("agreements/{id}.answer"))
    }

    /// The text of a version that came after the one that was signed in pairing.
    pub fn agreement_version(&self, version: AgreementVersion) -> PathBuf {
        let AgreementVersion { id, version } = version;
        self.0.join(format!("agreements/{id}.{version}.toml"))
    }

    /// What both sides have signed of the agreement of that pair.
    pub fn statements(&self, id: AgreementId) -> PathBuf {
        self.0.join(format!("agreements/{id}.statements"))
    }

    /// What both sides had signed of it before they paired anew at that time, in seconds since 1970.
    pub fn earlier_statements(&self, id: AgreementId, until: i64) -> PathBuf {
        self.0.join(format!("agreements/{id}.statements.{until}"))
    }

    /// The invitation and the answer by which they were paired before that time, in seconds since
    /// 1970.
    pub fn earlier_signed(&self, id: AgreementId, until: i64) -> [PathBuf; 2] {
        ["invitation", "answer"].map(|kind| self.0.join(format!("agreements/{id}.{kind}.{until}")))
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.0.join("data/journal")
    }

    /// What is signed of the journal, a file a segment.
    pub fn heads(&self) -> PathBuf {
        self.0.join("data/heads")
    }

    /// What is signed of the beginning of the segment of that name.
    pub fn signed_heads(&self, segment: &str) -> PathBuf {
        self.heads().join(format!("{segment}.heads"))
    }

    /// What was done by hand and is not on record yet, a file an act.
    pub fn by_hand(&self) -> PathBuf {
        self.0.join("data/by-hand")
    }

    /// Journal, index and keys of cases.
    pub fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_documented_one() {
        let dir = NodeDir::new("n");
        let area: County = "350582".parse().unwrap();
        let domain: TrustDomain = "fj.test".parse().unwrap();
        let paths = [
            (dir.config(), "node.toml"),
            (dir.holidays(), "holidays.toml"),
            (dir.node_certificate(), "tls/node.crt"),
            (dir.node_key(), "tls/node.key"),
            (dir.root(), "tls/ca.crt"),
            (dir.crl(), "tls/crl.pem"),
            (dir.foreign_crl(&domain), "tls/crl-fj.test.pem"),
            (dir.master_key(), "keys/master.key"),
            (dir.reference_key(), "keys/reference.key"),
            (dir.signing_key(), "keys/signing.key"),
            (dir.earlier_keys(), "keys/earlier.toml"),
            (dir.office_root(), "office/ca.crt"),
            (dir.office_root_key(), "office/ca.key"),
            (dir.operator_certificate(), "office/operator.crt"),
            (dir.operator_key(), "office/operator.key"),
            (dir.peers(), "peers"),
            (dir.peer(area), "peers/350582.toml"),
            (dir.invitations(), "peers/invitations"),
            (dir.agreements(), "agreements"),
            (
                dir.agreement("350582-530111".parse().unwrap()),
                "agreements/350582-530111.toml",
            ),
            (
                dir.agreement_version("350582-530111/2".parse().unwrap()),
                "agreements/350582-530111.2.toml",
            ),
            (
                dir.statements("350582-530111".parse().unwrap()),
                "agreements/350582-530111.statements",
            ),
            (dir.by_hand(), "data/by-hand"),
            (dir.data(), "data"),
        ];
        for (path, expected) in paths {
            assert_eq!(path, Path::new("n").join(expected));
        }
    }
}
