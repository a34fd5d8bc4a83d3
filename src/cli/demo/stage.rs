//! The directory of the demonstration.

use std::{
    env, fs, io,
    path::{Path, PathBuf, absolute},
};

use super::place::Place;
use crate::{
    cli::{exit::Failure, language::both},
    domain::area::County,
    trust::{files, keys::draw},
};

/// Where everything lies.
pub(super) struct Stage {
    root: PathBuf,
    temporary: bool,
}

impl Stage {
    /// Makes the directory: that one, or a temporary one.
    ///
    /// # Errors
    /// A fault of usage if something lies in it.
    pub(super) fn build(dir: Option<PathBuf>) -> Result<Self, Failure> {
        let (root, temporary) = match dir {
            Some(dir) => (absolute(dir)?, false),
            None => {
                let drawn = u64::from_be_bytes(draw()?);
                let name = format!("hongyan-demo-{drawn:016x}");
                (env::temp_dir().join(name), true)
            }
        };
        files::make_dir(&root)?;
        let stage = Self { root, temporary };
        if fs::read_dir(stage.root())
            .map_err(|error| stage.fault(&error))?
            .next()
            .is_some()
        {
            let shown = stage.root().display();
            return Err(Failure::usage(both(
                format!("{shown} 不是空目录，请换一个。"),
                format!("{shown} is not empty; name another directory"),
            )));
        }
        files::make_dir(&stage.ledgers())?;
        Ok(stage)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn authority(&self) -> PathBuf {
        self.root.join("authority")
    }

    /// Invitations and their answers.
    pub(super) fn letter(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A node's directory.
    pub(super) fn node(&self, area: County) -> PathBuf {
        self.root.join(area.as_str())
    }

    /// What a node logs.
    pub(super) fn log(&self, area: County) -> PathBuf {
        self.node(area).join("serve.log")
    }

    fn ledgers(&self) -> PathBuf {
        self.root.join("ledgers")
    }

    /// A county's sample ledger, for people to look at and to publish again.
    pub(super) fn ledger(&self, place: &Place) -> PathBuf {
        self.ledgers().join(place.ledger)
    }

    /// Removes the directory where it is a temporary one and all went well; whether it is gone.
    pub(super) fn remove(&self, went_well: bool) -> Result<bool, Failure> {
        let goes = self.temporary && went_well;
        if goes {
            fs::remove_dir_all(&self.root).map_err(|error| self.fault(&error))?;
        }
        Ok(goes)
    }

    fn fault(&self, error: &io::Error) -> Failure {
        let shown = self.root.display();
        Failure::refused(both(
            format!("{shown}：{error}"),
            format!("{shown}: {error}"),
        ))
    }
}
