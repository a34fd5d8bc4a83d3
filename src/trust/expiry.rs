//! What will expire, and how loudly to say so.

use std::{collections::BTreeSet, fmt};

use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use super::identity::TrustDomain;

/// Something that expires.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The node's own certificate.
    Certificate,
    /// The revocation list of that trust domain.
    Crl(TrustDomain),
    /// The root of the node's own offices.
    OfficeRoot,
    /// The revocation list of the node's own offices.
    OfficeCrl,
    /// A root of that trust domain.
    Root(TrustDomain),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate => f.write_str("tls/node.crt"),
            Self::Crl(domain) => write!(f, "the revocation list of {domain}"),
            Self::OfficeRoot => f.write_str("office/ca.crt"),
            Self::OfficeCrl => f.write_str("office/crl.pem"),
            Self::Root(domain) => write!(f, "the root of {domain}"),
        }
    }
}

/// How near an expiry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Within 14 days.
    Days14,
    /// Within 7 days.
    Days7,
    /// Within 2 days; for what lives less than 4 days, within a quarter of its life.
    Days2,
    /// It has expired.
    Past,
}

/// Something to tell the operator.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// There is no revocation list where the policy wants one: no peer of that trust domain is let
    /// in.
    CrlMissing(TrustDomain),
    /// Something expires soon, or has expired.
    Expires {
        /// What.
        subject: Subject,
        /// When: seconds since 1970.
        at: i64,
        /// How near that is.
        stage: Stage,
    },
}

/// The life of something.
#[derive(Clone, Debug)]
pub(in crate::trust) struct Expiry {
    pub(in crate::trust) subject: Subject,
    pub(in crate::trust) from: i64,
    pub(in crate::trust) to: i64,
}

impl Expiry {
    pub(in crate::trust) fn of_certificate(
        subject: Subject,
        der: &CertificateDer<'_>,
    ) -> Option<Self> {
        let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
        let validity = certificate.validity();
        Some(Self {
            subject,
            from: validity.not_before.timestamp(),
            to: validity.not_after.timestamp(),
        })
    }

    pub(in crate::trust) fn of_list(
        subject: Subject,
        der: &CertificateRevocationListDer<'_>,
    ) -> Option<Self> {
        let (_, list) = CertificateRevocationList::from_der(der).ok()?;
        Some(Self {
            subject,
            from: list.last_update().timestamp(),
            to: list.next_update()?.timestamp(),
        })
    }

    fn stage(&self, now: i64) -> Option<Stage> {
        let left = self.to.saturating_sub(now);
        let life = self.to.saturating_sub(self.from);
        // What lives a month is not warned about from its first day on.
        let near = |days: i64| {
            let days = days.saturating_mul(DAY);
            left <= days && life >= days.saturating_mul(2)
        };
        if left < 0 {
            Some(Stage::Past)
        } else if near(2) || (life < 4 * DAY && left.saturating_mul(4) <= life) {
            Some(Stage::Days2)
        } else if near(7) {
            Some(Stage::Days7)
        } else if near(14) {
            Some(Stage::Days14)
        } else {
            None
        }
    }
}

/// What to say at that moment, each once.
pub(in crate::trust) fn due(expiries: &[Expiry], now: UnixTime) -> Vec<Warning> {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let warnings: BTreeSet<Warning> = expiries
        .iter()
        .filter_map(|expiry| {
            Some(Warning::Expires {
                subject: expiry.subject.clone(),
                at: expiry.to,
                stage: expiry.stage(now)?,
            })
        })
        .collect();
    warnings.into_iter().collect()
}

const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_rise_at_14_7_and_2_days() {
        let expiry = |life: i64| Expiry {
            subject: Subject::Certificate,
            from: 0,
            to: life,
        };
        let year = expiry(365 * DAY);
        for (left, stage) in [
            (15 * DAY, None),
            (14 * DAY, Some(Stage::Days14)),
            (7 * DAY, Some(Stage::Days7)),
            (2 * DAY, Some(Stage::Days2)),
            (-1, Some(Stage::Past)),
        ] {
            assert_eq!(year.stage(365 * DAY - left), stage, "{left}");
        }
        let day = expiry(DAY);
        assert_eq!(day.stage(DAY / 2), None);
        assert_eq!(day.stage(DAY - DAY / 4), Some(Stage::Days2));
    }
}
