//! Two home areas of one node: they need no pairing, for the node knows itself, but an agreement
//! like any other two.

use jiff::Timestamp;

use super::{accept::AgreementText, error::PairingError, invitation::opening};
use crate::{
    agreement::{self, Agreement, Agreements, plain_words},
    config::NodeConfig,
    domain::{area::County, problem::Sentence},
};

/// The agreement between two home areas, and what a person is shown before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAgreement {
    /// What both hold.
    pub agreement: AgreementText,
    /// Its terms.
    pub terms: Sentence,
}

/// Makes the agreement between two home areas from a template, in force for three years from today.
///
/// # Errors
/// If one of them is no home area, both are the same, or the template cannot be used.
pub fn agree_at_home(
    config: &NodeConfig,
    a: County,
    b: County,
    template: &str,
    now: Timestamp,
) -> Result<OwnAgreement, PairingError> {
    for area in [a, b] {
        if !config.areas.contains(&area) {
            return Err(PairingError::NotAtHome(area));
        }
    }
    if a == b {
        return Err(PairingError::OneArea);
    }
    let open = agreement::open(template, &opening(a, config.mode.is_sandbox(), now)?)?;
    let text = agreement::close(&open, a.into(), b.into())?;
    let agreement = Agreement::parse(&text)?;
    let (zh, en) = plain_words(&agreement);
    Ok(OwnAgreement {
        agreement: AgreementText {
            version: agreement.version,
            text,
        },
        terms: Sentence { zh, en },
    })
}

/// Where a node dials itself, `host:port`, if any two of its home areas have an agreement; none
/// where no one needs to.
pub fn own_endpoint(config: &NodeConfig, agreements: &Agreements) -> Option<String> {
    let at_home = agreements.iter().any(|agreement| {
        let (lower, higher) = agreement.version.id.pair();
        // No county meets both of them.
        let mut areas = config.areas.iter();
        let one = areas.any(|area| lower.meets(*area));
        one && config.areas.iter().any(|area| higher.meets(*area))
    });
    at_home.then(|| config.exchange.dialled_from_here().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::DEFAULT;

    fn config() -> NodeConfig {
        let text = "areas = ['350582', '350583']\ntrust_domain = 'fj.test'\nmode = 'sandbox'\n\
                    [exchange]\nlisten = '0.0.0.0:7443'\npublic = 'gate.example.cn:443'\n\
                    [office]\nlisten = '127.0.0.1:7444'\n";
        NodeConfig::parse(text).unwrap()
    }

    fn agree(a: &str, b: &str) -> Result<OwnAgreement, PairingError> {
        let now = "2026-10-08T01:00:00Z".parse().unwrap();
        let (a, b) = (a.parse().unwrap(), b.parse().unwrap());
        agree_at_home(&config(), a, b, DEFAULT, now)
    }

    #[test]
    fn two_home_areas_agree_and_no_others() {
        let agreed = agree("350583", "350582").unwrap();
        assert_eq!(agreed.agreement.version.id.to_string(), "350582-350583");
        assert!(
            agreed
                .agreement
                .text
                .contains("valid_until = \"2029-10-07\"")
        );
        assert!(agreed.terms.zh.contains("晋江市") && agreed.terms.zh.contains("南安市"));
        let stranger = "530111".parse().unwrap();
        assert_eq!(
            agree("350582", "530111"),
            Err(PairingError::NotAtHome(stranger))
        );
        assert_eq!(agree("350582", "350582"), Err(PairingError::OneArea));
    }

    #[test]
    fn a_node_dials_itself_only_for_an_agreement_between_its_own_areas() {
        let held = |a: &str, b: &str| {
            let a: County = a.parse().unwrap();
            let opening = opening(a, true, "2026-10-08T01:00:00Z".parse().unwrap());
            let open = agreement::open(DEFAULT, &opening.unwrap()).unwrap();
            let text = agreement::close(&open, a.into(), b.parse().unwrap()).unwrap();
            Agreements::new([Agreement::parse(&text).unwrap()], []).unwrap()
        };
        let endpoint = |held| own_endpoint(&config(), &held);
        assert_eq!(endpoint(Agreements::default()), None);
        assert_eq!(endpoint(held("350582", "530111")), None);
        assert_eq!(endpoint(held("530111", "350583")), None);
        // From inside, the public address may lead nowhere.
        assert_eq!(
            endpoint(held("350583", "350582")),
            Some("127.0.0.1:7443".into())
        );
    }
}
