//! How agreements are named: by the two units that made them and a version.

use std::{fmt, str::FromStr};

use super::{channel::Channel, territory::Territory};

/// The id of the agreement of two administrative units of any level: `350582-530111`,
/// `3505-5301`, `350582104-530111`; the lower code first, as text.
///
/// The two never lie in one county, nor one around the other's: no channel joins them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgreementId {
    lower: Territory,
    higher: Territory,
}

impl AgreementId {
    /// The id of two units, whichever is named first.
    ///
    /// # Errors
    /// If they are one, one contains the other, or both lie in one county.
    pub fn between(a: Territory, b: Territory) -> Result<Self, NotAnAgreement> {
        let (in_a, in_b) = (a.county_level(), b.county_level());
        if in_a.contains(in_b) || in_b.contains(in_a) {
            return Err(NotAnAgreement);
        }
        Ok(Self {
            lower: a.min(b),
            higher: a.max(b),
        })
    }

    /// The two units, the lower code first.
    pub const fn pair(self) -> (Territory, Territory) {
        (self.lower, self.higher)
    }

    /// The id with the county in the place of a township or village.
    #[must_use]
    pub fn county_level(self) -> Self {
        let (a, b) = (self.lower.county_level(), self.higher.county_level());
        Self {
            lower: a.min(b),
            higher: a.max(b),
        }
    }

    /// True if an agreement of that id has to do with that channel: each end of the channel meets
    /// another of the two.
    pub fn meets(self, channel: Channel) -> bool {
        let Channel { from, to } = channel;
        self.lower.meets(from) && self.higher.meets(to)
            || self.lower.meets(to) && self.higher.meets(from)
    }
}

impl FromStr for AgreementId {
    type Err = NotAnAgreement;

    fn from_str(text: &str) -> Result<Self, NotAnAgreement> {
        let (lower, higher) = text.split_once('-').ok_or(NotAnAgreement)?;
        let lower: Territory = lower.parse().map_err(|_| NotAnAgreement)?;
        let higher: Territory = higher.parse().map_err(|_| NotAnAgreement)?;
        if lower < higher {
            Self::between(lower, higher)
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
#[error(
    "an agreement is named by the codes of two units that share no county, the lower first, as in 350582-530111/1"
)]
pub struct NotAnAgreement;

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(from: &str, to: &str) -> Channel {
        Channel {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        }
    }

    #[test]
    fn both_orders_of_a_pair_have_one_agreement() {
        let (a, b) = ("530111".parse().unwrap(), "350582104".parse().unwrap());
        let id = AgreementId::between(a, b).unwrap();
        assert_eq!(AgreementId::between(b, a), Ok(id));
        assert_eq!(id.to_string(), "350582104-530111");
        assert_eq!(id.pair(), (b, a));
        assert_eq!(id.county_level().to_string(), "350582-530111");
    }

    #[test]
    fn an_agreement_has_to_do_with_the_channels_that_its_units_meet() {
        for (id, meets) in [
            ("350582-530111", true),
            ("35-53", true),
            ("3505-530111001", true),
            ("350582104001-53", true),
            ("350583-530111", false),
            ("3501-5301", false),
            ("110101-350582", false),
        ] {
            let id: AgreementId = id.parse().unwrap();
            assert_eq!(id.meets(channel("350582", "530111")), meets, "{id}");
            assert_eq!(id.meets(channel("530111", "350582")), meets, "{id}");
        }
    }

    #[test]
    fn names_round_trip() {
        for name in [
            "350582-530111/1",
            "110101-350582/4294967295",
            "35-53/2",
            "3505-5301/1",
            "350582104-530111/1",
            "350582104001-530111001201/7",
        ] {
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
            // One around the other, or both in one county.
            "35-3505/1",
            "3505-350582104/1",
            "350582104-350582105/1",
            "350582-350582104/1",
            "350582104000-530111/1",
        ] {
            assert_eq!(
                text.parse::<AgreementVersion>(),
                Err(NotAnAgreement),
                "{text}"
            );
        }
    }
}
