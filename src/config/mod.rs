//! A node's configuration: `node.toml`, the table of holidays, and where everything of a node lies.
//!
//! What people write is read into raw structs that know every key, and only then becomes a
//! [`NodeConfig`], in which nothing is misconfigured any more.

mod dir;
mod holidays;
mod office_client;
mod raw;
mod restored;
mod write;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

pub use dir::NodeDir;
pub use holidays::{HolidaysError, TableError, load_holidays};
pub use office_client::{OfficeClient, Role};
pub use raw::ConfigError;
pub use restored::Restored;
pub use write::{Initial, node_toml};

use crate::{
    domain::area::County,
    trust::{
        identity::{SpiffeId, TrustDomain},
        master_key::MasterKeySource,
        pairing::RevocationPolicy,
    },
};

/// A node's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeConfig {
    /// The home areas: at least one, each once. The first names the node.
    pub areas: Vec<County>,
    /// The node's name, made of trust domain and first area.
    pub id: SpiffeId,
    /// Whether it is a sandbox node.
    pub mode: Mode,
    /// Where peers are served.
    pub exchange: Exchange,
    /// Where offices are served.
    pub office_listen: SocketAddr,
    /// How the node's own trust domain revokes.
    pub revocation: RevocationPolicy,
    /// The bounds of everything.
    pub limits: Limits,
    /// Longest time between two tries.
    pub retry_cap: Duration,
    /// So many days evidence is kept ready; what is older may leave the journal for the archive.
    pub archive_after_days: u32,
    /// Where the master key comes from.
    pub master_key: MasterKeySource,
    /// The offices, each once.
    pub office_clients: Vec<OfficeClient>,
}

impl NodeConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// The first fault: its key, what is wrong, and what to do.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        raw::parse(text)
    }

    /// The trust domain that the node belongs to.
    pub const fn trust_domain(&self) -> &TrustDomain {
        self.id.trust_domain()
    }
}

/// What a node is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Trials: only trial notices, in and out.
    Sandbox,
    /// The real thing: no trial notices.
    Production,
}

impl Mode {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }

    /// Whether notices carry the sandbox mark.
    pub const fn is_sandbox(self) -> bool {
        matches!(self, Self::Sandbox)
    }
}

/// Where peers are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Address that peers dial, `host:port`: the public one if there is one.
    pub dialled: String,
}

impl Exchange {
    /// Where the node dials itself.
    pub fn dialled_from_here(&self) -> SocketAddr {
        dialled_from_here(self.listen)
    }
}

/// Where a listener of this machine is reached from this machine, also one on every address of it.
pub fn dialled_from_here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}

/// The bounds of everything that could grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest gRPC message, in bytes.
    pub message_bytes: usize,
    /// Parcels in flight on a channel.
    pub parcels_in_flight: usize,
    /// Connections at each listener whose callers are proven.
    pub connections: usize,
    /// Streams on a connection, and calls of one caller over all its connections.
    pub streams: u32,
    /// Unanswered notices that one channel may have.
    pub channel_quota: u64,
    /// Of these, how many may be one office's.
    pub office_quota: u64,
    /// Bytes of the journal that one peer may use up in an hour with what puts nothing into the
    /// inbox: voids, refused notices, stops.
    pub idle_bytes_per_hour: u64,
    /// Certificate queries that one office may publish in a minute.
    pub certificate_queries_per_minute: NonZeroU32,
    /// Free bytes below which nothing new is taken.
    pub low_bytes: u64,
    /// Bytes held back for receipts, acknowledgements and erasure.
    pub ballast_bytes: u64,
    /// Size of a journal segment, in bytes.
    pub segment_bytes: u64,
    /// Cache of the index, in bytes as on disk; in memory it takes several times as many.
    pub index_cache_bytes: u64,
}

impl Default for Limits {
    /// What `config/node.toml` documents.
    fn default() -> Self {
        Self {
            message_bytes: 4 << 20,
            parcels_in_flight: 4,
            connections: 1_024,
            streams: 256,
            channel_quota: 2_000_000,
            office_quota: 1_600_000,
            idle_bytes_per_hour: 64 << 20,
            certificate_queries_per_minute: NonZeroU32::MIN.saturating_add(59),
            low_bytes: 1 << 30,
            ballast_bytes: 64 << 20,
            segment_bytes: 64 << 20,
            index_cache_bytes: 8 << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_dialled_on_loopback() {
        for (listen, expected) in [
            ("0.0.0.0:7444", "127.0.0.1:7444"),
            ("[::]:7444", "[::1]:7444"),
            ("10.1.2.3:7444", "10.1.2.3:7444"),
        ] {
            let listen: SocketAddr = listen.parse().unwrap();
            assert_eq!(dialled_from_here(listen).to_string(), expected);
        }
    }
}
