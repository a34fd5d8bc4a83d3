//! Nodes under `libfaketime`: their clock is off, jumps, or runs fast.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{County, Node, World};

/// A clock that a node is started with, and that can be set while it runs.
#[derive(Clone)]
pub struct Faked {
    setting: PathBuf,
}

impl Faked {
    /// A clock that is right.
    pub fn of(world: &World) -> Self {
        let clock = Self {
            setting: world.path("clock"),
        };
        clock.set("+0");
        clock
    }

    /// Sets it: so far from the true time (`+5m`, `-1d`), and so fast (`+31d x100`).
    pub fn set(&self, setting: &str) {
        // As a whole: it is read at every look at the clock.
        let new = self.setting.with_extension("new");
        fs::write(&new, format!("{setting}\n")).unwrap();
        fs::rename(new, &self.setting).unwrap();
    }

    /// Starts a node by this clock. Its monotonic time is the true one.
    pub fn start(&self, county: &County) -> Node {
        county.start_with(|command| {
            self.apply(command);
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        })
    }

    /// Starts a node by this clock, monotonic time and all.
    pub fn start_whole(&self, county: &County) -> Node {
        county.start_with(|command| self.apply(command))
    }

    /// Has a command run by this clock.
    pub fn apply(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", library())
            .env("FAKETIME_TIMESTAMP_FILE", &self.setting)
            .env("FAKETIME_NO_CACHE", "1");
    }
}

/// Where the package `libfaketime` puts it.
fn library() -> PathBuf {
    let places = fs::read_dir("/usr/lib").unwrap();
    places
        .map(|place| place.unwrap().path())
        .chain([Path::new("/usr/lib").to_owned()])
        .map(|place| place.join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .unwrap_or_else(|| panic!("install the package libfaketime"))
}
