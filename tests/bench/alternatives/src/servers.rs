//! Two servers that run, and what they cost.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command},
    time::Duration,
};

use tempfile::TempDir;

use crate::{pki::Pki, process, relay::Relay};

/// Two servers; the first is published to, the second hands over.
pub struct Servers {
    /// Keeps everything that they write.
    pub _home: TempDir,
    pub pki: Pki,
    /// What was started: the servers first.
    pub children: Vec<Child>,
    /// The processes that do the work.
    pub processes: [u32; 2],
    /// Where clients connect.
    pub ports: [u16; 2],
    pub data: [PathBuf; 2],
    pub relay: Option<Relay>,
    /// What of their settings bears on the figures.
    pub setting: String,
}

impl Servers {
    pub fn cpu(&self) -> Duration {
        self.processes.iter().map(|&it| process::cpu(it)).sum()
    }

    pub fn peak_memory(&self) -> [u64; 2] {
        self.processes.map(process::peak_memory)
    }

    pub fn disk(&self) -> [u64; 2] {
        self.data.each_ref().map(|data| process::disk(data))
    }

    /// Stops what was started, in order.
    pub fn stop(&mut self) {
        for process in self.processes {
            terminate(process);
        }
        for mut child in self.children.drain(..) {
            // The servers end by themselves; what serves them does not.
            terminate(child.id());
            child.wait().unwrap();
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stop();
    }
}

fn terminate(process: u32) {
    // It may have ended meanwhile.
    let told = Command::new("kill")
        .args(["-TERM", &process.to_string()])
        .stderr(std::process::Stdio::null())
        .status();
    assert!(told.is_ok());
}

/// The version of a Debian package.
pub fn version(package: &str) -> String {
    let asked = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Version}", package])
        .output();
    String::from_utf8(asked.unwrap().stdout).unwrap()
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
