//! `node.toml` as written, and how it becomes a configuration.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use serde::Deserialize;

use super::{Exchange, Limits, Mode, NodeConfig, OfficeClient};
use crate::{
    document::{self, DocumentError},
    domain::{area::County, calendar},
    trust::{
        identity::{SpiffeId, TrustDomain},
        master_key::MasterKeySource,
        pairing::RevocationPolicy,
    },
};

/// Why a configuration cannot be used. Names the key and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No document of this form.
    #[error("node.toml: {0}")]
    Document(#[from] DocumentError),
    /// A value that the key does not take.
    #[error("node.toml: `{key}` {remedy}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it must be.
        remedy: &'static str,
    },
    /// A size or a count out of bounds.
    #[error("node.toml: `{key}` must be {least} to {most}")]
    Range {
        /// The key.
        key: &'static str,
        /// Least that it may be.
        least: u64,
        /// Most that it may be.
        most: u64,
    },
    /// A fault in the line of an office.
    #[error("node.toml: `office_client.{key}` of number {number} {remedy}")]
    OfficeClient {
        /// Which, from 1, in the order of the file.
        number: usize,
        /// The key.
        key: &'static str,
        /// What it must be.
        remedy: &'static str,
    },
}

pub(super) fn parse(text: &str) -> Result<NodeConfig, ConfigError> {
    let RawNode {
        areas,
        trust_domain,
        mode,
        exchange: RawExchange { listen, public },
        office: RawOffice {
            listen: office_listen,
        },
        limits,
        retry: RawRetry { cap_seconds },
        office_client,
        revocation: RawRevocation { policy },
        master_key,
        archive: RawArchive { after_days },
    } = document::parse(text)?;
    let areas = home_areas(&areas)?;
    let trust_domain: TrustDomain = trust_domain.parse().map_err(|_| {
        value(
            "trust_domain",
            "must be 1 to 255 characters of a-z, 0-9, `.`, `-` and `_`",
        )
    })?;
    let first = areas.first().ok_or_else(no_areas)?;
    let id = SpiffeId::node(trust_domain, *first);
    let exchange_listen = address("exchange.listen", &listen)?;
    let office_listen = address("office.listen", &office_listen)?;
    if exchange_listen == office_listen && exchange_listen.port() != 0 {
        return Err(value("office.listen", "must differ from `exchange.listen`"));
    }
    Ok(NodeConfig {
        exchange: Exchange {
            listen: exchange_listen,
            dialled: dialled(public, listen)?,
        },
        office_listen,
        mode: match mode.as_str() {
            "sandbox" => Mode::Sandbox,
            "production" => Mode::Production,
            _ => return Err(value("mode", "must be \"sandbox\" or \"production\"")),
        },
        revocation: policy
            .parse()
            .map_err(|_| value("revocation.policy", "must be \"crl\" or \"short-lived\""))?,
        limits: limits.check()?,
        retry_cap: Duration::from_secs(range("retry.cap_seconds", cap_seconds, 1, 3_600)?),
        master_key: master_key.check()?,
        archive_after_days: u32::try_from(range("archive.after_days", after_days, 1, 36_500)?)
            .unwrap_or(u32::MAX),
        office_clients: office_clients(office_client, &areas, &id)?,
        areas,
        id,
    })
}

fn home_areas(codes: &[String]) -> Result<Vec<County>, ConfigError> {
    let mut areas: Vec<County> = Vec::new();
    for code in codes {
        let area = code
            .parse()
            .ok()
            .filter(|area: &County| area.entry().is_some())
            .ok_or_else(|| {
                value(
                    "areas",
                    "must hold county-level codes of six digits that the area table knows",
                )
            })?;
        if areas.contains(&area) {
            return Err(value("areas", "must name each area once"));
        }
        areas.push(area);
    }
    Ok(areas)
}

const fn no_areas() -> ConfigError {
    value("areas", "must name at least one county-level area")
}

fn address(key: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| {
        value(
            key,
            "must be an address and a port, for example \"0.0.0.0:7443\"",
        )
    })
}

/// The address that peers dial. A wildcard cannot be dialled, but the node may not be meant to be.
fn dialled(public: Option<String>, listen: String) -> Result<String, ConfigError> {
    let Some(public) = public else {
        return Ok(listen);
    };
    let port = public.rsplit_once(':').and_then(|(host, port)| {
        let plain = !host.is_empty()
            && !host.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control());
        port.parse::<u16>().ok().filter(|port| plain && *port > 0)
    });
    match port {
        Some(_) => Ok(public),
        None => Err(value(
            "exchange.public",
            "must be host:port, for example \"gate.example.cn:7443\"",
        )),
    }
}

fn office_clients(
    raw: Vec<RawOfficeClient>,
    homes: &[County],
    node: &SpiffeId,
) -> Result<Vec<OfficeClient>, ConfigError> {
    let mut clients: Vec<OfficeClient> = Vec::new();
    for (index, raw) in raw.into_iter().enumerate() {
        let RawOfficeClient {
            id,
            roles,
            areas,
            expires,
        } = raw;
        let wrong = |key, remedy| ConfigError::OfficeClient {
            number: index + 1,
            key,
            remedy,
        };
        let id: SpiffeId = id
            .parse()
            .ok()
            .filter(|id: &SpiffeId| !id.is_node() && id.home() == *node)
            .ok_or_else(|| {
                wrong(
                    "id",
                    "must be spiffe://<trust domain>/area/<first area>/office/<name> of this node",
                )
            })?;
        if clients.iter().any(|client| client.id == id) {
            return Err(wrong("id", "stands twice; give each office one entry"));
        }
        let roles = roles
            .iter()
            .map(|role| role.parse())
            .collect::<Result<Vec<_>, _>>()
            .ok()
            .filter(|roles| !roles.is_empty())
            .ok_or_else(|| {
                wrong(
                    "roles",
                    "must name one or more of clerk, integrator, auditor, operator",
                )
            })?;
        let areas = match areas {
            None => homes.iter().map(|home| (*home).into()).collect(),
            Some(codes) => codes
                .iter()
                .map(|code| code.parse())
                .collect::<Result<Vec<crate::domain::area::AreaCode>, _>>()
                .ok()
                .filter(|areas| {
                    !areas.is_empty() && areas.iter().all(|area| homes.contains(&area.county()))
                })
                .ok_or_else(|| {
                    wrong(
                        "areas",
                        "must hold codes of 6, 9 or 12 digits within the node's own areas",
                    )
                })?,
        };
        let expires = match expires {
            None => None,
            Some(text) => Some(
                calendar::parse_day(&text)
                    .ok_or_else(|| wrong("expires", "must be a day written as \"2026-10-08\""))?,
            ),
        };
        clients.push(OfficeClient {
            id,
            roles,
            areas,
            expires,
        });
    }
    Ok(clients)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNode {
    areas: Vec<String>,
    trust_domain: String,
    mode: String,
    exchange: RawExchange,
    office: RawOffice,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    retry: RawRetry,
    #[serde(default)]
    office_client: Vec<RawOfficeClient>,
    #[serde(default)]
    revocation: RawRevocation,
    #[serde(default)]
    master_key: RawMasterKey,
    #[serde(default)]
    archive: RawArchive,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawArchive {
    after_days: u64,
}

impl Default for RawArchive {
    /// Three years, for which the record of what was done with personal data is kept (个人信息保护法 art. 56).
    fn default() -> Self {
        Self { after_days: 1_096 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExchange {
    listen: String,
    public: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOffice {
    listen: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOfficeClient {
    id: String,
    roles: Vec<String>,
    areas: Option<Vec<String>>,
    expires: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRetry {
    cap_seconds: u64,
}

impl Default for RawRetry {
    fn default() -> Self {
        Self { cap_seconds: 300 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRevocation {
    policy: String,
}

impl Default for RawRevocation {
    fn default() -> Self {
        Self {
            policy: RevocationPolicy::Crl.name().to_owned(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    message_bytes: Option<u64>,
    parcels_in_flight: Option<u64>,
    connections: Option<u64>,
    streams: Option<u64>,
    channel_quota: Option<u64>,
    office_quota: Option<u64>,
    idle_bytes_per_hour: Option<u64>,
    certificate_queries_per_minute: Option<u64>,
    low_bytes: Option<u64>,
    ballast_bytes: Option<u64>,
    segment_bytes: Option<u64>,
    index_cache_bytes: Option<u64>,
}

/// Where the master key comes from: from one place.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMasterKey {
    file: Option<String>,
    environment: Option<String>,
    credential: Option<String>,
    command: Option<Vec<String>>,
}

impl RawMasterKey {
    fn check(self) -> Result<MasterKeySource, ConfigError> {
        let Self {
            file,
            environment,
            credential,
            command,
        } = self;
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|it| it.is_ascii_graphic() && it != b'/')
        };
        let name = |key, name: String| match is_name(&name) {
            true => Ok(name),
            false => Err(value(key, "must be a name of plain letters and digits")),
        };
        Ok(match (file, environment, credential, command) {
            (None, None, None, None) => MasterKeySource::default(),
            (Some(file), None, None, None) if !file.is_empty() => {
                MasterKeySource::File(file.into())
            }
            (None, Some(variable), None, None) => {
                MasterKeySource::Environment(name("master_key.environment", variable)?)
            }
            (None, None, Some(credential), None) => {
                MasterKeySource::Credential(name("master_key.credential", credential)?)
            }
            (None, None, None, Some(command)) if !command.is_empty() => {
                MasterKeySource::Command(command)
            }
            _ => {
                return Err(value(
                    "master_key",
                    "must name one of `file`, `environment`, `credential`, `command`, and nothing empty",
                ));
            }
        })
    }
}

impl RawLimits {
    fn check(self) -> Result<Limits, ConfigError> {
        let Self {
            message_bytes,
            parcels_in_flight,
            connections,
            streams,
            channel_quota,
            office_quota,
            idle_bytes_per_hour,
            certificate_queries_per_minute,
            low_bytes,
            ballast_bytes,
            segment_bytes,
            index_cache_bytes,
        } = self;
        let or = Limits::default();
        Ok(Limits {
            message_bytes: match message_bytes {
                // A parcel holds at least one notice of the largest size, and its frame.
                Some(bytes) => small(range("limits.message_bytes", bytes, 128 << 10, 64 << 20)?),
                None => or.message_bytes,
            },
            parcels_in_flight: match parcels_in_flight {
                Some(count) => small(range("limits.parcels_in_flight", count, 1, 64)?),
                None => or.parcels_in_flight,
            },
            connections: match connections {
                Some(count) => small(range("limits.connections", count, 8, 65_536)?),
                None => or.connections,
            },
            streams: match streams {
                Some(count) => {
                    u32::try_from(range("limits.streams", count, 8, 65_536)?).unwrap_or(or.streams)
                }
                None => or.streams,
            },
            channel_quota: within(
                "limits.channel_quota",
                channel_quota,
                or.channel_quota,
                1,
                MOST,
            )?,
            office_quota: within(
                "limits.office_quota",
                office_quota,
                or.office_quota,
                1,
                MOST,
            )?,
            idle_bytes_per_hour: within(
                "limits.idle_bytes_per_hour",
                idle_bytes_per_hour,
                or.idle_bytes_per_hour,
                1 << 20,
                MOST,
            )?,
            certificate_queries_per_minute: match certificate_queries_per_minute {
                Some(count) => {
                    let key = "limits.certificate_queries_per_minute";
                    u32::try_from(range(key, count, 1, 60_000)?)
                        .ok()
                        .and_then(NonZeroU32::new)
                        .unwrap_or(or.certificate_queries_per_minute)
                }
                None => or.certificate_queries_per_minute,
            },
            low_bytes: within("limits.low_bytes", low_bytes, or.low_bytes, 1 << 20, MOST)?,
            ballast_bytes: within(
                "limits.ballast_bytes",
                ballast_bytes,
                or.ballast_bytes,
                1 << 20,
                1 << 32,
            )?,
            segment_bytes: within(
                "limits.segment_bytes",
                segment_bytes,
                or.segment_bytes,
                1 << 20,
                1 << 32,
            )?,
            index_cache_bytes: within(
                "limits.index_cache_bytes",
                index_cache_bytes,
                or.index_cache_bytes,
                1 << 20,
                1 << 36,
            )?,
        })
    }
}

/// Beyond any disk; TOML knows no larger numbers.
const MOST: u64 = i64::MAX as u64;

fn within(
    key: &'static str,
    number: Option<u64>,
    or: u64,
    least: u64,
    most: u64,
) -> Result<u64, ConfigError> {
    range(key, number.unwrap_or(or), least, most)
}

const fn range(key: &'static str, number: u64, least: u64, most: u64) -> Result<u64, ConfigError> {
    if least <= number && number <= most {
        Ok(number)
    } else {
        Err(ConfigError::Range { key, least, most })
    }
}

/// A number whose range was checked fits.
fn small(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

const fn value(key: &'static str, remedy: &'static str) -> ConfigError {
    ConfigError::Value { key, remedy }
}
