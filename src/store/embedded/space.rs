//! Room on the disk: two marks and a ballast file.
//!
//! Below the first mark nothing new is taken. The ballast is given up only so that what was begun
//! can be finished: receipts, acknowledgements, ends and snapshots.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Enough for everything.
    Plenty,
    /// Only for finishing what was begun.
    Low,
}

/// The marks of one directory.
pub(crate) struct Space {
    directory: PathBuf,
    low_bytes: u64,
    ballast: PathBuf,
    ballast_bytes: u64,
}

impl Space {
    /// Watches a directory, and lays the ballast down if there is room for it.
    pub(crate) fn new(directory: &Path, low_bytes: u64, ballast_bytes: u64) -> Self {
        let space = Self {
            directory: directory.to_owned(),
            low_bytes,
            ballast: directory.join("ballast"),
            ballast_bytes,
        };
        space.lay_ballast();
        space
    }

    /// How much room there is now, the ballast not counted.
    pub(crate) fn room(&self) -> Room {
        match self.free() {
            Ok(free) if free < self.low_bytes => Room::Low,
            Ok(_) => {
                if !self.ballast.exists() {
                    self.lay_ballast();
                }
                Room::Plenty
            }
            Err(error) => {
                tracing::warn!(%error, "The free space cannot be read.");
                Room::Plenty
            }
        }
    }

    /// Gives the ballast up if a write of `bytes` would not fit otherwise.
    pub(crate) fn make_room(&self, bytes: u64) {
        if self
            .free()
            .is_ok_and(|free| free < bytes.saturating_mul(2).saturating_add(MARGIN))
            && self.ballast.exists()
        {
            tracing::warn!("The disk is nearly full; the ballast is given up.");
            if let Err(error) = fs::remove_file(&self.ballast) {
                tracing::error!(%error, "The ballast cannot be removed.");
            }
        }
    }

    fn free(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.directory)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn lay_ballast(&self) {
        let room = self
            .free()
            .is_ok_and(|free| free > self.low_bytes.saturating_add(self.ballast_bytes));
        let there = fs::metadata(&self.ballast).is_ok_and(|it| it.len() >= self.ballast_bytes);
        if there || !room || self.ballast_bytes == 0 {
            return;
        }
        let laid = File::create(&self.ballast).and_then(|file| {
            rustix::fs::fallocate(
                &file,
                rustix::fs::FallocateFlags::empty(),
                0,
                self.ballast_bytes,
            )
            .map_err(io::Error::from)
        });
        if let Err(error) = laid {
            tracing::warn!(%error, "The ballast cannot be laid; the node runs without it.");
        }
    }
}

/// Room that a file system needs for its own doings.
const MARGIN: u64 = 1 << 20;
