//! The node's directory that a command works on.

use std::{
    fs::{File, TryLockError},
    path::PathBuf,
};

use clap::Args;
use jiff::civil::Date;

use super::{exit::Failure, language::both};
use crate::{
    clock::Clock,
    config::{NodeConfig, NodeDir},
    domain::calendar,
    trust::{
        files::{self, FileError},
        master_key::MasterKeys,
    },
};

/// Which node.
#[derive(Args, Clone, Debug)]
pub(super) struct NodeArguments {
    /// 节点目录。 The node's directory
    #[arg(long, value_name = "DIR", env = "HONGYAN_NODE")]
    pub(super) node: PathBuf,
}

/// A node's directory with its configuration.
pub(super) struct Home {
    pub(super) dir: NodeDir,
    pub(super) config: NodeConfig,
    pub(super) clock: Clock,
}

impl Home {
    /// Opens the directory.
    ///
    /// # Errors
    /// A fault of usage if it is no node's directory or its configuration cannot be used.
    pub(super) fn open(arguments: &NodeArguments) -> Result<Self, Failure> {
        let dir = NodeDir::new(&arguments.node);
        let bytes = files::read_public(&dir.config()).map_err(|error| match error {
            FileError::Missing { .. } => {
                let shown = dir.path().display();
                Failure::usage(both(
                    format!("{shown} 不是节点目录（没有 node.toml）。请先执行 hongyan init。"),
                    format!(
                        "{shown} is no node's directory (no node.toml); make one with hongyan init"
                    ),
                ))
            }
            error => Failure::from(error).into_usage(),
        })?;
        let config = NodeConfig::parse(&String::from_utf8_lossy(&bytes))?;
        Ok(Self {
            dir,
            config,
            clock: Clock::system(),
        })
    }

    /// The master keys, for whoever opens the store by hand.
    pub(super) fn master_keys(&self) -> Result<MasterKeys, Failure> {
        Ok(MasterKeys::load(&self.config.master_key, self.dir.path())?)
    }

    /// Today in Asia/Shanghai.
    pub(super) fn today(&self) -> Result<Date, Failure> {
        calendar::day_of(self.clock.now_ms()).ok_or_else(|| {
            Failure::refused(both(
                "系统时钟不可用，请校准。",
                "the clock of this machine is beyond any calendar; set it",
            ))
        })
    }

    /// Whether a process runs this node: it then holds the lock of its data.
    pub(super) fn is_running(&self) -> Result<bool, Failure> {
        let path = self.dir.data().join("lock");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(FileError::Io { path, source }.into()),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(source)) => Err(FileError::Io { path, source }.into()),
        }
    }

    /// What works on the store by hand needs it for itself.
    ///
    /// # Errors
    /// If the node runs.
    pub(super) fn must_not_run(&self) -> Result<(), Failure> {
        if self.is_running()? {
            return Err(Failure::refused(both(
                "节点正在运行，请先停止节点。",
                "the node is running; stop the node first",
            )));
        }
        Ok(())
    }
}
