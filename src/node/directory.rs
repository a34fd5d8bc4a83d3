//! What the node's directory says, read as a whole and published as a whole.

use std::{fs, io, path::PathBuf, sync::Arc};

use tokio::sync::watch;

use crate::{
    agreement::Agreements,
    config::{ConfigError, NodeConfig, NodeDir},
    pairing::{AgreementsError, LoadError, load_agreements, load_all, own_endpoint},
    trust::material::TrustSource,
};

/// Everything that the directory says, but keys and certificates themselves.
pub struct Loaded {
    /// The configuration.
    pub config: NodeConfig,
    /// Where trust comes from.
    pub trust: TrustSource,
    /// The agreements held.
    pub agreements: Agreements,
}

/// Why a node's directory cannot be used. Each names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}; is this the directory of a node, made by `hongyan init`?", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A pairing is wrong.
    #[error(transparent)]
    Pairings(#[from] LoadError),
    /// An agreement is wrong.
    #[error(transparent)]
    Agreements(#[from] AgreementsError),
}

/// Reads a node's directory.
///
/// # Errors
/// [`DirectoryError`].
pub(super) fn load(dir: &NodeDir) -> Result<Loaded, DirectoryError> {
    let path = dir.config();
    let text = fs::read_to_string(&path).map_err(|source| DirectoryError::File { path, source })?;
    let config = NodeConfig::parse(&text)?;
    let pairings = load_all(dir)?
        .into_iter()
        .map(|file| file.pairing)
        .collect();
    let agreements = load_agreements(dir)?;
    let trust = TrustSource {
        dir: dir.path().to_owned(),
        areas: config.areas.clone(),
        sandbox: config.mode.is_sandbox(),
        revocation: config.revocation,
        pairings,
        own_endpoint: own_endpoint(&config, &agreements),
        offices: config
            .office_clients
            .iter()
            .map(|client| client.id.clone())
            .collect(),
        office_hosts: vec![config.office_listen.ip().to_string()],
    };
    Ok(Loaded {
        config,
        trust,
        agreements,
    })
}

/// What is in use now, for everyone who follows it.
pub(super) struct Current {
    pub(super) config: watch::Sender<Arc<NodeConfig>>,
    pub(super) agreements: watch::Sender<Arc<Agreements>>,
}

impl Current {
    pub(super) fn new(loaded: Loaded) -> Self {
        Self {
            config: watch::Sender::new(Arc::new(loaded.config)),
            agreements: watch::Sender::new(Arc::new(loaded.agreements)),
        }
    }

    /// Publishes what has changed; what a running node cannot change stays as it was.
    pub(super) fn publish(&self, config: NodeConfig, agreements: Agreements) {
        let changed = **self.config.borrow() != config;
        if changed {
            self.config.send_replace(Arc::new(config));
        }
        let changed = !self.agreements.borrow().same_as(&agreements);
        if changed {
            self.agreements.send_replace(Arc::new(agreements));
        }
    }
}
