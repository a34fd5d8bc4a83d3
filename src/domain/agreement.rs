//! How agreements are named: by their pair of areas and a version.

use std::{fmt, str::FromStr};

use super::{area::County, channel::Channel};

/// The id of the agreement of two county-level areas: `350582-530111`, the lower code first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgreementId {
    lower: County,
    higher: County,
}

impl AgreementId {
    /// The id of the pair that a channel joins, whichever way it goes.
    pub fn of(channel: Channel) -> Self {
        Self {
            lower: channel.from.min(channel.to),
            higher: channel.from.max(channel.to),
        }
    }

    /// The two areas, the lower code first.
    pub const fn pair(self) -> (County, County) {
        (self.lower, self.higher)
    }
}

impl FromStr for AgreementId {
    type Err = NotAnAgreement;

    fn from_str(text: &str) -> Result<Self, NotAnAgreement> {
        let (lower, higher) = text.split_once('-').ok_or(NotAnAgreement)?;
        let lower = lower.parse().map_err(|_| NotAnAgreement)?;
        let higher = higher.parse().map_err(|_| NotAnAgreement)?;
        if lower < higher {
            Ok(Self { lower, higher })
        } else {
            Err(NotAnAgreement)
        }
    }
}

impl fmt::Display for AgreementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.lower, self.higher)
    }
}

/// One version of one agreement, shown as `350582-530111/1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgreementVersion {
    /// Which agreement.
    pub id: AgreementId,
    /// Its version, from 1.
    pub version: u32,
}

impl FromStr for AgreementVersion {
    type Err = NotAnAgreement;

    fn from_str(text: &str) -> Result<Self, NotAnAgreement> {
        let (id, version) = text.split_once('/').ok_or(NotAnAgreement)?;
        if version.starts_with(['0', '+']) {
            return Err(NotAnAgreement);
        }
        Ok(Self {
            id: id.parse()?,
            version: version.parse().map_err(|_| NotAnAgreement)?,
        })
    }
}

impl fmt::Display for AgreementVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.id, self.version)
    }
}

/// Not the name of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an agreement is named by two county codes, the lower first, as in 350582-530111/1")]
pub struct NotAnAgreement;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_of_a_pair_have_one_agreement() {
        let channel = Channel {
            from: "530111".parse().unwrap(),
            to: "350582".parse().unwrap(),
        };
        let id = AgreementId::of(channel);
        assert_eq!(id, AgreementId::of(channel.opposite()));
        assert_eq!(id.to_string(), "350582-530111");
    }

    #[test]
    fn names_round_trip() {
        for name in ["350582-530111/1", "110101-350582/4294967295"] {
            let version: AgreementVersion = name.parse().unwrap();
            assert_eq!(version.to_string(), name);
        }
    }

    #[test]
    fn other_texts_name_no_agreement() {
        for text in [
            "",
            "350582-530111",
            "350582-530111/0",
            "350582-530111/01",
            "350582-530111/+1",
            "530111-350582/1",
            "350582-350582/1",
            "350582/1",
        ] {
            assert_eq!(
                text.parse::<AgreementVersion>(),
                Err(NotAnAgreement),
                "{text}"
            );
        }
    }
}
