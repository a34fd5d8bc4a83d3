//! What the node's directory says, read as a whole and published as a whole.

use std::{
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{Timestamp, civil::Date};
use tokio::sync::watch;

use super::master_key::MasterKeyFile;
use crate::{
    agreement::Agreements,
    clock::Clock,
    config::{ConfigError, HolidaysError, NodeConfig, NodeDir, load_holidays},
    domain::{agreement::AgreementVersion, calendar, channel::Digest, workdays::Workdays},
    exchange::{PeerKeys, PinError, Statements},
    office::ReloadView,
    pairing::{
        AgreementsError, LoadError, PairingError, SucceedError,
        life::{self, Act, Handed, Heard, Holding, Proof, Said, SayError, Shown},
        load_agreements, load_all, own_endpoint, succeed,
    },
    store::VaultError,
    trust::{
        identity::SpiffeId,
        master_key::MasterKeyError,
        material::{MaterialError, TrustSource, TrustStore},
        signature::Signed,
    },
};

/// Everything that the directory says, but keys and certificates themselves.
pub struct Loaded {
    /// The configuration.
    pub config: NodeConfig,
    /// Where trust comes from.
    pub trust: TrustSource,
    /// The agreements held.
    pub agreements: Agreements,
    /// Which days are worked on.
    pub workdays: Workdays,
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
    /// The table of holidays is wrong.
    #[error(transparent)]
    Holidays(#[from] HolidaysError),
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
    let workdays = load_holidays(dir)?;
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
        workdays,
    })
}

/// What is in use now, for everyone who follows it.
pub(super) struct Current {
    pub(super) config: watch::Sender<Arc<NodeConfig>>,
    pub(super) agreements: watch::Sender<Arc<Agreements>>,
    pub(super) workdays: watch::Sender<Arc<Workdays>>,
}

impl Current {
    pub(super) fn new(loaded: Loaded) -> Self {
        Self {
            config: watch::Sender::new(Arc::new(loaded.config)),
            agreements: watch::Sender::new(Arc::new(loaded.agreements)),
            workdays: watch::Sender::new(Arc::new(loaded.workdays)),
        }
    }

    /// Publishes what has changed; what a running node cannot change stays as it was.
    pub(super) fn publish(&self, config: NodeConfig, agreements: Agreements, workdays: Workdays) {
        let changed = **self.config.borrow() != config;
        if changed {
            self.config.send_replace(Arc::new(config));
        }
        let changed = !self.agreements.borrow().same_as(&agreements);
        if changed {
            self.agreements.send_replace(Arc::new(agreements));
        }
        let changed = **self.workdays.borrow() != workdays;
        if changed {
            self.workdays.send_replace(Arc::new(workdays));
        }
    }
}

/// The directory of a running node, and what of it is in use.
pub(super) struct Directory {
    dir: NodeDir,
    master_key: MasterKeyFile,
    trust: Arc<TrustStore>,
    clock: Clock,
    pub(super) current: Current,
    /// Whoever reads first publishes first.
    turns: Mutex<()>,
}

/// Why the directory could not be taken up. What was in use stays in use.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReloadError {
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    Material(#[from] MaterialError),
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Directory {
    pub(super) fn new(
        dir: NodeDir,
        master_key: MasterKeyFile,
        trust: Arc<TrustStore>,
        clock: Clock,
        current: Current,
    ) -> Self {
        Self {
            dir,
            master_key,
            trust,
            clock,
            current,
            turns: Mutex::default(),
        }
    }

    /// Where it lies.
    pub(super) const fn dir(&self) -> &NodeDir {
        &self.dir
    }

    /// Reads the directory anew and puts it to use. Reads files: not on a thread that serves
    /// others.
    pub(super) fn take_up(&self) -> Result<ReloadView, ReloadError> {
        let _turn = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = load(&self.dir)?;
        let master_key = loaded.config.master_key.clone();
        // Agreements first: a peer that becomes known finds them in place.
        let peers = loaded.trust.pairings.len();
        let agreements = loaded.agreements.iter().count();
        self.current
            .publish(loaded.config, loaded.agreements, loaded.workdays);
        let before = self.trust.current();
        self.trust.reload(&loaded.trust)?;
        let (before, now) = (before.own_keys(), self.trust.current());
        let (before, now) = (before.current().id(), now.own_keys().current().id());
        if before != now {
            tracing::warn!(%before, %now, "This node signs with another key from now on.");
        }
        // Last: it changes nothing of the above, and may take a while.
        self.master_key.take_up(&master_key, &self.dir)?;
        Ok(ReloadView {
            peers: u32::try_from(peers).unwrap_or(u32::MAX),
            agreements: u32::try_from(agreements).unwrap_or(u32::MAX),
        })
    }
}

/// Why something was not said of an agreement.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSaid {
    /// Nothing was signed.
    #[error(transparent)]
    Say(#[from] SayError),
    /// It is signed and on disk, and counts only once the directory can be taken up.
    #[error("it is signed, but not in use yet: {0}")]
    NotInUse(#[from] ReloadError),
}

impl Directory {
    /// Says something of an agreement for this node's side; done when it counts. Reads and writes
    /// files: not on a thread that serves others.
    pub(super) fn say(&self, act: Act) -> Result<Said, NotSaid> {
        let now = Timestamp::from_millisecond(self.clock.now_ms());
        let now = now.map_err(|_| SayError::from(PairingError::Value("created")))?;
        let said = life::say(&self.dir, act, now)?;
        self.take_up()?;
        Ok(said)
    }

    /// What both sides have signed of a version. Reads files, as [`Directory::say`] does.
    pub(super) fn proofs(
        &self,
        version: AgreementVersion,
        digest: Digest,
    ) -> Result<Vec<Proof>, AgreementsError> {
        life::proofs(&self.dir, version, digest)
    }
}

impl Statements for Directory {
    fn show(&self, peer: &SpiffeId, theirs: Option<&[Holding]>) -> Result<Shown, String> {
        life::show(&self.dir, peer, theirs).map_err(|error| error.to_string())
    }

    fn hear(&self, peer: &SpiffeId, handed: Vec<Handed>) -> Result<Heard, String> {
        let today = calendar::day_of(self.clock.now_ms()).unwrap_or(Date::MAX);
        let heard =
            life::hear(&self.dir, peer, handed, today).map_err(|error| error.to_string())?;
        if heard.news > 0 {
            self.take_up().map_err(|error| error.to_string())?;
        }
        Ok(heard)
    }
}

impl PeerKeys for Directory {
    fn succeed(&self, peer: &SpiffeId, shown: &[Signed]) -> Result<(), PinError> {
        let taken = succeed(&self.dir, peer, shown, self.clock.now_ms());
        let changes = taken.map_err(|error| match error {
            SucceedError::Refused(error) => PinError::Refused(error),
            error @ (SucceedError::File(_) | SucceedError::Pairing { .. }) => {
                PinError::NotKept(error.to_string())
            }
        })?;
        self.take_up()
            .map_err(|error| PinError::NotKept(error.to_string()))?;
        if changes > 0 {
            let trust = self.trust.current();
            let now = trust.lineage(peer).map(|keys| keys.current().id());
            let now = now.ok_or(PinError::NotPaired)?;
            tracing::warn!(%peer, changes, %now, "A peer has changed its signing key; the new one is pinned.");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::config::{Initial, Mode, node_toml};

    const YEAR: &str = "\
[[year]]\nyear = 2027\nnumber = \"国办发明电〔2026〕0号\"\nissued = \"2026-11-05\"\n\
[[year.festival]]\nzh = \"元旦\"\nen = \"New Year\"\n\
first = \"2027-01-01\"\nlast = \"2027-01-03\"\n";

    fn made() -> (tempfile::TempDir, NodeDir) {
        let home = tempfile::tempdir().unwrap();
        let dir = NodeDir::new(home.path());
        let id: SpiffeId = "spiffe://fujian.example/area/350582".parse().unwrap();
        let config = node_toml(&Initial {
            id: &id,
            further_areas: &[],
            mode: Mode::Sandbox,
            exchange: "127.0.0.1:7443".parse().unwrap(),
            public: None,
            office: "127.0.0.1:7444".parse().unwrap(),
            operator: &id.with_office("operator").unwrap(),
        });
        fs::write(dir.config(), config).unwrap();
        (home, dir)
    }

    #[test]
    fn a_table_of_holidays_is_in_use_once_it_can_be_read_and_until_another_can() {
        let (_home, dir) = made();
        let current = Current::new(load(&dir).unwrap());
        let mut followed = current.workdays.subscribe();
        let publish = |loaded: Loaded| {
            current.publish(loaded.config, loaded.agreements, loaded.workdays);
        };
        let of_2027 = || current.workdays.borrow().is_working(date(2027, 1, 4)).ok();
        assert_eq!(of_2027(), None);
        publish(load(&dir).unwrap());
        assert!(!followed.has_changed().unwrap(), "nothing has changed");

        fs::write(dir.holidays(), YEAR).unwrap();
        publish(load(&dir).unwrap());
        assert!(followed.has_changed().unwrap());
        followed.mark_unchanged();
        assert_eq!(of_2027(), Some(true));

        fs::write(dir.holidays(), YEAR.replace("01-03", "01-33")).unwrap();
        let error = load(&dir).err().unwrap().to_string();
        assert!(
            error.starts_with("holidays.toml: line 9: `year.festival.last` must be a day"),
            "{error}"
        );
        assert!(!followed.has_changed().unwrap());
        assert_eq!(of_2027(), Some(true));

        fs::remove_file(dir.holidays()).unwrap();
        publish(load(&dir).unwrap());
        assert_eq!(of_2027(), None);
    }
}
