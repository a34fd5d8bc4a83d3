//! Why a certificate does not prove who someone is.

use std::{fmt, sync::Arc};

use rustls::{CertificateError, OtherError};

use crate::domain::problem::Text;

/// Why a chain was refused. Each has a stable name and a sentence that says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences of `text` say what each means")]
pub enum IdentityError {
    AuthorityAsLeaf,
    BadSignature,
    CrlExpired,
    CrlMissing,
    CrlOfAnother,
    Expired,
    LivesTooLong,
    NoSpiffeId,
    NotANode,
    NotAnOffice,
    NotListed,
    NotPaired,
    NotYetValid,
    OtherPeer,
    Revoked,
    SeveralSpiffeIds,
    UnknownIssuer,
    UnknownTrustDomain,
    Unparsable,
    WrongUsage,
}

impl IdentityError {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::AuthorityAsLeaf,
        Self::BadSignature,
        Self::CrlExpired,
        Self::CrlMissing,
        Self::CrlOfAnother,
        Self::Expired,
        Self::LivesTooLong,
        Self::NoSpiffeId,
        Self::NotANode,
        Self::NotAnOffice,
        Self::NotListed,
        Self::NotPaired,
        Self::NotYetValid,
        Self::OtherPeer,
        Self::Revoked,
        Self::SeveralSpiffeIds,
        Self::UnknownIssuer,
        Self::UnknownTrustDomain,
        Self::Unparsable,
        Self::WrongUsage,
    ];

    /// Its stable name, for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorityAsLeaf => "authority_as_leaf",
            Self::BadSignature => "bad_signature",
            Self::CrlExpired => "crl_expired",
            Self::CrlMissing => "crl_missing",
            Self::CrlOfAnother => "crl_of_another",
            Self::Expired => "expired",
            Self::LivesTooLong => "lives_too_long",
            Self::NoSpiffeId => "no_spiffe_id",
            Self::NotANode => "not_a_node",
            Self::NotAnOffice => "not_an_office",
            Self::NotListed => "not_listed",
            Self::NotPaired => "not_paired",
            Self::NotYetValid => "not_yet_valid",
            Self::OtherPeer => "other_peer",
            Self::Revoked => "revoked",
            Self::SeveralSpiffeIds => "several_spiffe_ids",
            Self::UnknownIssuer => "unknown_issuer",
            Self::UnknownTrustDomain => "unknown_trust_domain",
            Self::Unparsable => "unparsable",
            Self::WrongUsage => "wrong_usage",
        }
    }

    /// What it means and what to do.
    pub const fn text(self) -> Text {
        let (zh, en) = match self {
            Self::AuthorityAsLeaf => (
                "对方出示的是签发机构证书，不是节点证书；请对方安装由签发机构签发的节点证书。",
                "It shows an authority's certificate as its own; install a certificate that the authority signed.",
            ),
            Self::BadSignature => (
                "证书或握手的签名不正确；请重新签发证书并核对私钥。",
                "A signature in the chain or the handshake is wrong; have the certificate issued anew and check its key.",
            ),
            Self::CrlExpired => (
                "该信任域的吊销列表已过期；请向签发机构取得新的列表并放入 tls/ 目录。",
                "The revocation list of its trust domain has expired; get a new one from the authority and put it under tls/.",
            ),
            Self::CrlMissing => (
                "缺少该信任域的吊销列表；请向签发机构取得列表并放入 tls/ 目录。",
                "There is no revocation list for its trust domain; get one from the authority and put it under tls/.",
            ),
            Self::CrlOfAnother => (
                "吊销列表不是由该签发机构签名的；请换上正确的列表。",
                "The revocation list is not signed by the authority that it names; put the right list in its place.",
            ),
            Self::Expired => (
                "证书已过期；请更换证书，并核对双方时钟。",
                "The certificate has expired; renew it, and compare the clocks.",
            ),
            Self::LivesTooLong => (
                "该信任域约定不用吊销列表，证书有效期不得超过24小时；请换短期证书，或改用吊销列表。",
                "Without a revocation list certificates live at most 24 hours; use short-lived ones, or agree on a list.",
            ),
            Self::NoSpiffeId => (
                "证书中没有 SPIFFE 标识；请按 spiffe://信任域/area/行政区划代码 重新签发。",
                "The certificate names no SPIFFE id; have it issued for spiffe://<trust-domain>/area/<code>.",
            ),
            Self::NotANode => (
                "证书标识不是节点；交换端口只接受节点证书。",
                "The certificate names no node; the exchange takes nodes only.",
            ),
            Self::NotAnOffice => (
                "证书标识不是本节点的窗口单位；请使用由本节点签发的证书。",
                "The certificate names no office of this node; use one that this node issued.",
            ),
            Self::NotListed => (
                "该单位未列入本节点的配置；请由管理员登记其角色。",
                "The office is not in this node's configuration; have the operator give it a role.",
            ),
            Self::NotPaired => (
                "该节点未与本节点配对；请先用 hongyan peer invite 配对。",
                "The node is not paired with this one; pair them with hongyan peer invite.",
            ),
            Self::NotYetValid => (
                "证书尚未生效；请核对双方时钟。",
                "The certificate is not valid yet; compare the clocks.",
            ),
            Self::OtherPeer => (
                "应答的不是所拨的节点；请核对配对中的地址。",
                "Another node answered than the one dialled; check the address in the pairing.",
            ),
            Self::Revoked => (
                "证书已被吊销；请向签发机构申请新证书。",
                "The certificate is revoked; ask the authority for a new one.",
            ),
            Self::SeveralSpiffeIds => (
                "证书含有多个标识，只允许一个；请重新签发。",
                "The certificate names several ids where one is allowed; have it issued anew.",
            ),
            Self::UnknownIssuer => (
                "证书不是由该信任域配对时认可的签发机构签发；请核对根证书。",
                "The certificate is not from the authority that the pairing pins; compare the root certificates.",
            ),
            Self::UnknownTrustDomain => (
                "没有与该信任域的节点配对。",
                "No node of its trust domain is paired with this one.",
            ),
            Self::Unparsable => (
                "证书无法解析；请重新签发。",
                "The certificate cannot be read; have it issued anew.",
            ),
            Self::WrongUsage => (
                "证书用途不符：需要数字签名，以及服务器和客户端认证；请重新签发。",
                "The certificate is not for this use (digital signature, server and client authentication); have it issued anew.",
            ),
        };
        Text { zh, en }
    }

    /// What the other end is told: an alert that says no more than it must.
    ///
    /// Where rustls has a word of its own, that is used, and [`IdentityError::of_tls`] finds the
    /// way back; else ours travels inside, for our log, and the other end reads *certificate
    /// unknown*.
    pub fn to_tls(self) -> rustls::Error {
        let error = match self {
            Self::BadSignature => CertificateError::BadSignature,
            Self::CrlExpired => CertificateError::ExpiredRevocationList,
            Self::CrlMissing => CertificateError::UnknownRevocationStatus,
            Self::Expired => CertificateError::Expired,
            Self::NotPaired => CertificateError::ApplicationVerificationFailure,
            Self::NotYetValid => CertificateError::NotValidYet,
            Self::OtherPeer => CertificateError::NotValidForName,
            Self::Revoked => CertificateError::Revoked,
            Self::UnknownIssuer => CertificateError::UnknownIssuer,
            Self::Unparsable => CertificateError::BadEncoding,
            Self::WrongUsage => CertificateError::InvalidPurpose,
            Self::AuthorityAsLeaf
            | Self::CrlOfAnother
            | Self::LivesTooLong
            | Self::NoSpiffeId
            | Self::NotANode
            | Self::NotAnOffice
            | Self::NotListed
            | Self::SeveralSpiffeIds
            | Self::UnknownTrustDomain => CertificateError::Other(OtherError(Arc::new(self))),
        };
        rustls::Error::InvalidCertificate(error)
    }

    /// The reason inside an error of a handshake that our verifier ended; none if something else
    /// ended it.
    pub fn of_tls(error: &rustls::Error) -> Option<Self> {
        let rustls::Error::InvalidCertificate(error) = error else {
            return None;
        };
        match error {
            CertificateError::Other(OtherError(inner)) => inner.downcast_ref().copied(),
            CertificateError::ApplicationVerificationFailure => Some(Self::NotPaired),
            CertificateError::BadEncoding => Some(Self::Unparsable),
            CertificateError::BadSignature => Some(Self::BadSignature),
            CertificateError::Expired => Some(Self::Expired),
            CertificateError::ExpiredRevocationList => Some(Self::CrlExpired),
            CertificateError::InvalidPurpose => Some(Self::WrongUsage),
            CertificateError::NotValidForName => Some(Self::OtherPeer),
            CertificateError::NotValidYet => Some(Self::NotYetValid),
            CertificateError::Revoked => Some(Self::Revoked),
            CertificateError::UnknownIssuer => Some(Self::UnknownIssuer),
            CertificateError::UnknownRevocationStatus => Some(Self::CrlMissing),
            _ => None,
        }
    }

    /// As [`IdentityError::of_tls`], for the error that a TLS stream reports.
    pub fn of_io(error: &std::io::Error) -> Option<Self> {
        error
            .get_ref()?
            .downcast_ref::<rustls::Error>()
            .and_then(Self::of_tls)
    }

    /// What webpki found.
    pub(in crate::trust) fn of_path(error: &webpki::Error) -> Self {
        use webpki::Error;
        match error {
            Error::CaUsedAsEndEntity => Self::AuthorityAsLeaf,
            Error::CertExpired { .. } => Self::Expired,
            Error::CertNotValidYet { .. } => Self::NotYetValid,
            Error::CertRevoked => Self::Revoked,
            Error::CrlExpired { .. } => Self::CrlExpired,
            Error::UnknownRevocationStatus => Self::CrlMissing,
            Error::InvalidCrlSignatureForPublicKey | Error::IssuerNotCrlSigner => {
                Self::CrlOfAnother
            }
            Error::EmptyEkuExtension
            | Error::EndEntityUsedAsCa
            | Error::RequiredEkuNotFoundContext(_) => Self::WrongUsage,
            // Another authority under the name of the pinned one is no better than any other.
            Error::InvalidSignatureForPublicKey | Error::UnknownIssuer => Self::UnknownIssuer,
            Error::BadDer
            | Error::BadDerTime
            | Error::ExtensionValueInvalid
            | Error::InvalidCertValidity
            | Error::InvalidSerialNumber
            | Error::MalformedExtensions
            | Error::TrailingData(_)
            | Error::UnsupportedCertVersion
            | Error::UnsupportedCriticalExtension => Self::Unparsable,
            // Whatever else there is, now or later: the chain is not proven.
            _ => Self::BadSignature,
        }
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.text().en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_reason_comes_back_from_what_rustls_reports() {
        for error in IdentityError::ALL {
            assert_eq!(IdentityError::of_tls(&error.to_tls()), Some(error));
            let io = std::io::Error::new(std::io::ErrorKind::InvalidData, error.to_tls());
            assert_eq!(IdentityError::of_io(&io), Some(error));
        }
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::HashSet<_> = IdentityError::ALL
            .iter()
            .map(|error| error.name())
            .collect();
        assert_eq!(names.len(), IdentityError::ALL.len());
    }
}
