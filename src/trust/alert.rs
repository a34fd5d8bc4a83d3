//! What the other end's alert says of us, and who remembers it.
//!
//! A client's handshake of TLS 1.3 ends well before the server has judged its certificate: a refusal
//! comes as an alert to whoever reads first. HTTP/2 stands between that reader and whoever made a
//! call, and hands on no more than that the connection broke. So the connection itself remembers
//! the alert in a [`Farewell`], and whoever made the call looks there.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use rustls::AlertDescription;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::domain::problem::Text;

/// Why the other end does not take our certificate, as far as its alert tells: it says no more than
/// it must, and its log names the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences of `text` say what each means")]
pub enum Alert {
    AccessDenied,
    BadCertificate,
    CertificateExpired,
    CertificateRequired,
    CertificateRevoked,
    CertificateUnknown,
    DecryptError,
    Other,
    UnknownAuthority,
    UnsupportedCertificate,
}

impl Alert {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::AccessDenied,
        Self::BadCertificate,
        Self::CertificateExpired,
        Self::CertificateRequired,
        Self::CertificateRevoked,
        Self::CertificateUnknown,
        Self::DecryptError,
        Self::Other,
        Self::UnknownAuthority,
        Self::UnsupportedCertificate,
    ];

    /// Its stable name, for logs and for peers' states.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "alert_access_denied",
            Self::BadCertificate => "alert_bad_certificate",
            Self::CertificateExpired => "alert_certificate_expired",
            Self::CertificateRequired => "alert_certificate_required",
            Self::CertificateRevoked => "alert_certificate_revoked",
            Self::CertificateUnknown => "alert_certificate_unknown",
            Self::DecryptError => "alert_decrypt_error",
            Self::Other => "alert_other",
            Self::UnknownAuthority => "alert_unknown_ca",
            Self::UnsupportedCertificate => "alert_unsupported_certificate",
        }
    }

    /// What it means and what to do.
    pub const fn text(self) -> Text {
        let (zh, en) = match self {
            Self::AccessDenied => (
                "对方不接受本方证书：证书所示节点未与对方配对；请双方重新配对。",
                "The other end refuses our certificate: it is not paired with the node that it names; pair the two anew.",
            ),
            Self::BadCertificate => (
                "对方不接受本方证书：证书无法解析；请重新签发。",
                "The other end refuses our certificate: it cannot read it; have it issued anew.",
            ),
            // The standard has one alert for both.
            Self::CertificateExpired => (
                "对方不接受本方证书：按对方时钟，证书已过期或尚未生效；请核对双方时钟，确已过期的请更换。",
                "The other end refuses our certificate: by its clock it has expired or is not yet valid; compare the clocks of both nodes, and renew it if it has expired.",
            ),
            Self::CertificateRequired => (
                "对方要求出示证书，而本方没有出示；请核对证书文件。",
                "The other end wants a certificate and was shown none; check the certificate's file.",
            ),
            Self::CertificateRevoked => (
                "对方不接受本方证书：证书已被吊销；请向签发机构申请新证书。",
                "The other end refuses our certificate: it is revoked; ask the authority for a new one.",
            ),
            Self::CertificateUnknown => (
                "对方不接受本方证书：所示标识或有效期不符合要求（办公室须列入 node.toml）；原因见对方日志。",
                "The other end refuses our certificate: its name or its lifetime does not do (an office has to be listed in node.toml); the log of the other end names the reason.",
            ),
            Self::DecryptError => (
                "对方认为本方签名不正确；请核对证书与私钥是否配套。",
                "The other end finds a signature of ours wrong; check that certificate and key belong together.",
            ),
            Self::Other => (
                "对方中断了 TLS 连接，原因与证书无关；原因见对方日志。",
                "The other end broke the TLS connection off, and not over our certificate; its log names the reason.",
            ),
            Self::UnknownAuthority => (
                "对方不接受本方证书：对方不认识签发机构，或该机构的吊销列表缺失、过期；请核对根证书和吊销列表，以及双方时钟。",
                "The other end refuses our certificate: it does not know its authority, or has no current revocation list of it; compare root certificates and lists, and the clocks of both nodes.",
            ),
            Self::UnsupportedCertificate => (
                "对方不接受本方证书：证书用途不符；请重新签发。",
                "The other end refuses our certificate: it is not for this use; have it issued anew.",
            ),
        };
        Text { zh, en }
    }

    /// The alert in an error of a read, a write or a handshake; none if something else ended it.
    pub fn of_io(error: &io::Error) -> Option<Self> {
        match error.get_ref()?.downcast_ref::<rustls::Error>()? {
            rustls::Error::AlertReceived(description) => Some(Self::of(*description)),
            _ => None,
        }
    }

    const fn of(description: AlertDescription) -> Self {
        match description {
            AlertDescription::AccessDenied => Self::AccessDenied,
            AlertDescription::BadCertificate => Self::BadCertificate,
            AlertDescription::CertificateExpired => Self::CertificateExpired,
            AlertDescription::CertificateRequired => Self::CertificateRequired,
            AlertDescription::CertificateRevoked => Self::CertificateRevoked,
            AlertDescription::CertificateUnknown => Self::CertificateUnknown,
            AlertDescription::DecryptError => Self::DecryptError,
            AlertDescription::UnknownCA => Self::UnknownAuthority,
            AlertDescription::UnsupportedCertificate => Self::UnsupportedCertificate,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.text().en)
    }
}

/// The alert by which a connection ended, if one did. Cheap to clone; all clones tell the same.
#[derive(Clone, Debug, Default)]
pub struct Farewell(Arc<Mutex<Option<Alert>>>);

impl Farewell {
    /// The alert; none as long as none came. It is there before any call on the connection fails
    /// by it.
    pub fn alert(&self) -> Option<Alert> {
        *self.lock()
    }

    fn note(&self, error: &io::Error) {
        if let Some(alert) = Alert::of_io(error) {
            *self.lock() = Some(alert);
        }
    }

    /// The value is whole whatever thread panicked over it.
    fn lock(&self) -> MutexGuard<'_, Option<Alert>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A TLS stream that notes the alert by which it ends.
#[derive(Debug)]
pub struct Attentive<S> {
    stream: S,
    farewell: Farewell,
}

impl<S> Attentive<S> {
    /// Notes there; what an earlier connection left there is forgotten.
    pub(in crate::trust) fn new(stream: S, farewell: Farewell) -> Self {
        *farewell.lock() = None;
        Self { stream, farewell }
    }

    pub(in crate::trust) const fn get_ref(&self) -> &S {
        &self.stream
    }

    pub(in crate::trust) const fn farewell(&self) -> &Farewell {
        &self.farewell
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Attentive<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Err(error)) = &read {
            self.farewell.note(error);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Attentive<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::identity_error::IdentityError;

    #[test]
    fn names_are_unique_and_no_identity_errors() {
        let names: std::collections::HashSet<_> = Alert::ALL
            .iter()
            .map(|alert| alert.name())
            .chain(IdentityError::ALL.iter().map(|error| error.name()))
            .collect();
        assert_eq!(names.len(), Alert::ALL.len() + IdentityError::ALL.len());
    }

    #[test]
    fn a_new_connection_forgets_the_alert_of_the_last() {
        let refused = rustls::Error::AlertReceived(AlertDescription::CertificateExpired);
        let farewell = Farewell::default();
        farewell.note(&io::Error::other(refused));
        assert_eq!(farewell.alert(), Some(Alert::CertificateExpired));
        farewell.note(&io::ErrorKind::ConnectionReset.into());
        assert_eq!(
            farewell.alert(),
            Some(Alert::CertificateExpired),
            "it stays"
        );
        let _next = Attentive::new(tokio::io::empty(), farewell.clone());
        assert_eq!(farewell.alert(), None);
    }
}
