//! An agreement as a person names it.

use std::str::FromStr;

use crate::domain::agreement::{AgreementId, AgreementVersion, NotAnAgreement};

/// `350582-530111`, or with a version `350582-530111/1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) id: AgreementId,
    /// Without one it is that in force today, else the newest.
    pub(super) version: Option<u32>,
}

impl FromStr for Named {
    type Err = NotAnAgreement;

    fn from_str(text: &str) -> Result<Self, NotAnAgreement> {
        if text.contains('/') {
            let AgreementVersion { id, version } = text.parse()?;
            let version = Some(version);
            return Ok(Self { id, version });
        }
        let id = text.parse()?;
        Ok(Self { id, version: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agreement_is_named_with_and_without_a_version() {
        let id = "350582-530111".parse().unwrap();
        for (text, version) in [("350582-530111", None), ("350582-530111/2", Some(2))] {
            assert_eq!(text.parse(), Ok(Named { id, version }));
        }
        for text in ["350582", "350582-530111/", "350582-530111/0"] {
            assert_eq!(text.parse::<Named>(), Err(NotAnAgreement), "{text}");
        }
    }
}
