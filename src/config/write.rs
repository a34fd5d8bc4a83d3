//! The first `node.toml` of a node.

use std::net::SocketAddr;

use super::Mode;
use crate::{domain::area::County, trust::identity::SpiffeId};

/// What `init` knows of a node.
#[derive(Clone, Debug)]
pub struct Initial<'a> {
    /// The node's name.
    pub id: &'a SpiffeId,
    /// Home areas besides the one of its name.
    pub further_areas: &'a [County],
    /// What it is for.
    pub mode: Mode,
    /// Where peers are served.
    pub exchange: SocketAddr,
    /// Address that peers dial, if it differs.
    pub public: Option<&'a str>,
    /// Where offices are served.
    pub office: SocketAddr,
    /// The operator whose certificate `init` makes.
    pub operator: &'a SpiffeId,
}

/// The text of `node.toml`, with its comments in both languages.
pub fn node_toml(initial: &Initial<'_>) -> String {
    let Initial {
        id,
        further_areas,
        mode,
        exchange,
        public,
        office,
        operator,
    } = initial;
    let public = public.map_or_else(
        || "# public = \"gate.example.cn:7443\"".to_owned(),
        // As a TOML string, whatever stands in it.
        |public| format!("public = {}", toml::Value::from(public)),
    );
    let areas = std::iter::once(id.area()).chain(further_areas.iter().copied());
    let areas: Vec<String> = areas.map(|area| format!("\"{area}\"")).collect();
    TEMPLATE
        .replace("{areas}", &areas.join(", "))
        .replace("{trust_domain}", id.trust_domain().as_str())
        .replace("{mode}", mode.name())
        .replace("{exchange}", &exchange.to_string())
        .replace("{public}", &public)
        .replace("{office}", &office.to_string())
        .replace("{operator}", &operator.to_string())
}

const TEMPLATE: &str = include_str!("../../config/node.toml");

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::civil::date;

    use super::*;
    use crate::{
        config::{Limits, NodeConfig, OfficeClient, Role},
        trust::{master_key::MasterKeySource, pairing::RevocationPolicy},
    };

    fn initial(public: Option<&str>) -> String {
        let id: SpiffeId = "spiffe://fj.test/area/350582".parse().unwrap();
        let operator = id.with_office("operator").unwrap();
        node_toml(&Initial {
            id: &id,
            further_areas: &[],
            mode: Mode::Sandbox,
            exchange: "127.0.0.1:7443".parse().unwrap(),
            public,
            office: "127.0.0.1:7444".parse().unwrap(),
            operator: &operator,
        })
    }

    #[test]
    fn the_first_configuration_is_one_and_shows_the_defaults() {
        let config = NodeConfig::parse(&initial(None)).unwrap();
        assert_eq!(config.id.to_string(), "spiffe://fj.test/area/350582");
        assert_eq!(config.mode, Mode::Sandbox);
        assert_eq!(config.exchange.dialled, "127.0.0.1:7443");
        assert_eq!(config.revocation, RevocationPolicy::Crl);
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.retry_cap, Duration::from_secs(300));
        assert_eq!(config.archive_after_days, 1_096);
        assert_eq!(config.master_key, MasterKeySource::default());
        assert_eq!(
            config.office_clients,
            [OfficeClient {
                id: "spiffe://fj.test/area/350582/office/operator"
                    .parse()
                    .unwrap(),
                roles: vec![Role::Operator, Role::Integrator],
                areas: vec!["350582".parse().unwrap()],
                expires: None,
            }]
        );
        let public = NodeConfig::parse(&initial(Some("gate.example.cn:443"))).unwrap();
        assert_eq!(public.exchange.dialled, "gate.example.cn:443");
    }

    #[test]
    fn what_may_be_left_out_has_the_documented_defaults() {
        let short = "areas = ['350582']\ntrust_domain = 'fj.test'\nmode = 'production'\n\
                     [exchange]\nlisten = '0.0.0.0:7443'\n[office]\nlisten = '0.0.0.0:7444'\n";
        let config = NodeConfig::parse(short).unwrap();
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.retry_cap, Duration::from_secs(300));
        assert_eq!(config.archive_after_days, 1_096);
        assert_eq!(config.office_clients, []);
        assert_eq!(config.master_key, MasterKeySource::default());
    }

    #[test]
    fn the_master_key_comes_from_one_place() {
        let of = |line: &str| {
            let text = initial(None).replace("file = \"keys/master.key\"\n", line);
            NodeConfig::parse(&text).map(|config| config.master_key)
        };
        let elsewhere = MasterKeySource::File("/run/k".into());
        assert_eq!(of("file = '/run/k'\n"), Ok(elsewhere));
        let variable = MasterKeySource::Environment("K".into());
        assert_eq!(of("environment = 'K'\n"), Ok(variable));
        let credential = MasterKeySource::Credential("k".into());
        assert_eq!(of("credential = 'k'\n"), Ok(credential));
        let command = MasterKeySource::Command(vec!["get".into(), "key".into()]);
        assert_eq!(of("command = ['get', 'key']\n"), Ok(command));
        for line in [
            "file = ''\n",
            "environment = ''\n",
            "credential = '../k'\n",
            "command = []\n",
            "file = 'k'\nenvironment = 'K'\n",
            "key = 'k'\n",
        ] {
            assert!(of(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_wrong_value_is_refused_by_key_with_the_remedy() {
        let cases = [
            (
                "areas = [\"350582\"]",
                "areas = []",
                "`areas` must name at least one county-level area",
            ),
            (
                "areas = [\"350582\"]",
                "areas = [\"999999\"]",
                "`areas` must hold county-level codes of six digits that the area table knows",
            ),
            (
                "areas = [\"350582\"]",
                "areas = [\"350582\", \"350582\"]",
                "`areas` must name each area once",
            ),
            (
                "\"fj.test\"",
                "\"FJ\"",
                "`trust_domain` must be 1 to 255 characters of a-z, 0-9, `.`, `-` and `_`",
            ),
            (
                "\"sandbox\"\n",
                "\"test\"\n",
                "`mode` must be \"sandbox\" or \"production\"",
            ),
            (
                "127.0.0.1:7443",
                "localhost",
                "`exchange.listen` must be an address and a port, for example \"0.0.0.0:7443\"",
            ),
            (
                "127.0.0.1:7444",
                "127.0.0.1:7443",
                "`office.listen` must differ from `exchange.listen`",
            ),
            (
                "# public = \"gate.example.cn:7443\"",
                "public = \"gate\"",
                "`exchange.public` must be host:port, for example \"gate.example.cn:7443\"",
            ),
            (
                "policy = \"crl\"",
                "policy = \"none\"",
                "`revocation.policy` must be \"crl\" or \"short-lived\"",
            ),
            (
                "parcels_in_flight = 4",
                "parcels_in_flight = 0",
                "`limits.parcels_in_flight` must be 1 to 64",
            ),
            (
                "message_bytes = 4194304",
                "message_bytes = 1",
                "`limits.message_bytes` must be 131072 to 67108864",
            ),
            (
                "cap_seconds = 300",
                "cap_seconds = 0",
                "`retry.cap_seconds` must be 1 to 3600",
            ),
            (
                "/office/operator",
                "",
                "`office_client.id` of number 1 must be spiffe://<trust domain>/area/<first area>/office/<name> of this node",
            ),
            (
                "[\"operator\", ",
                "[\"boss\", ",
                "`office_client.roles` of number 1 must name one or more of clerk, integrator, auditor, operator",
            ),
            (
                "roles = [\"operator\"",
                "areas = [\"350583\"]\nroles = [\"operator\"",
                "`office_client.areas` of number 1 must hold codes of 6, 9 or 12 digits within the node's own areas",
            ),
            (
                "roles = [\"operator\"",
                "expires = \"soon\"\nroles = [\"operator\"",
                "`office_client.expires` of number 1 must be a day written as \"2026-10-08\"",
            ),
            (
                "streams = 256",
                "stream = 256",
                "line 51: unknown key `stream`; did you mean `streams`?",
            ),
        ];
        for (from, to, expected) in cases {
            let text = initial(None);
            let changed = text.replacen(from, to, 1);
            assert_ne!(text, changed, "{from}");
            let error = NodeConfig::parse(&changed).unwrap_err().to_string();
            assert_eq!(error, format!("node.toml: {expected}"));
        }
    }

    #[test]
    fn an_office_acts_within_its_scope_until_it_expires() {
        let text = initial(None)
            + "[[office_client]]\nid = 'spiffe://fj.test/area/350582/office/chidian'\n\
               roles = ['clerk']\nareas = ['350582104']\nexpires = '2026-12-31'\n";
        let config = NodeConfig::parse(&text).unwrap();
        let desk = config.office_clients.last().unwrap();
        assert!(desk.has(Role::Clerk) && !desk.has(Role::Operator));
        assert!(desk.covers("350582104001".parse().unwrap()));
        assert!(!desk.covers("350582".parse().unwrap()));
        assert!(desk.holds_on(date(2026, 12, 31)) && !desk.holds_on(date(2027, 1, 1)));
    }
}
