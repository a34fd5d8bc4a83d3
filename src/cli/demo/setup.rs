//! Authority, nodes and pairings, made as an operator makes them: with the commands of this program.

use std::{
    ffi::{OsStr, OsString},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::Stdio,
};

use tokio::process::Command;

use super::{
    place::{PAIRS, Place, area},
    show::Show,
};
use crate::{
    cli::{exit::Failure, language::both},
    domain::area::County,
    trust::{files, keys::draw},
};

impl Show {
    /// Makes everything that must be there before the nodes start.
    pub(super) async fn set_up(&self) -> Result<(), Failure> {
        let authority = self.stage.authority();
        self.command(&[
            "authority".as_ref(),
            "init".as_ref(),
            "--trust-domain".as_ref(),
            TRUST_DOMAIN.as_ref(),
            "--dir".as_ref(),
            authority.as_ref(),
        ])
        .await?;
        let mut ports = free_ports(self.cast.len().saturating_mul(2))?.into_iter();
        for place in &self.cast {
            let (Some(exchange), Some(office)) = (ports.next(), ports.next()) else {
                return Err(no_ports());
            };
            self.make_node(place, exchange, office).await?;
            files::write_public(&self.stage.ledger(place), place.bytes)?;
        }
        for (a, b) in PAIRS {
            self.pair(area(a)?, area(b)?).await?;
        }
        Ok(())
    }

    async fn make_node(
        &self,
        place: &Place,
        exchange: SocketAddr,
        office: SocketAddr,
    ) -> Result<(), Failure> {
        let dir = self.stage.node(place.area);
        self.command(&[
            "init".as_ref(),
            "--sandbox".as_ref(),
            "--area".as_ref(),
            place.area.as_str().as_ref(),
            "--dir".as_ref(),
            dir.as_ref(),
            "--authority".as_ref(),
            self.stage.authority().as_ref(),
            "--exchange".as_ref(),
            exchange.to_string().as_ref(),
            "--office".as_ref(),
            office.to_string().as_ref(),
        ])
        .await?;
        let config = dir.join("node.toml");
        let text = files::read_public(&config)?;
        let text = quickened(&String::from_utf8_lossy(&text));
        files::write_public(&config, text.as_bytes())?;
        Ok(())
    }

    async fn pair(&self, a: County, b: County) -> Result<(), Failure> {
        let (dir_a, dir_b) = (self.stage.node(a), self.stage.node(b));
        let invitation = self.stage.letter(&format!("{a}-{b}.invitation"));
        let answer = self.stage.letter(&format!("{a}-{b}.answer"));
        let peer = OsStr::new("peer");
        let accept = OsStr::new("accept");
        let node = OsStr::new("--node");
        self.command(&[
            peer,
            "invite".as_ref(),
            node,
            dir_a.as_ref(),
            "--for".as_ref(),
            b.as_str().as_ref(),
            "--out".as_ref(),
            invitation.as_ref(),
        ])
        .await?;
        self.command(&[
            peer,
            accept,
            "--yes".as_ref(),
            node,
            dir_b.as_ref(),
            invitation.as_ref(),
            "--answer".as_ref(),
            answer.as_ref(),
        ])
        .await?;
        self.command(&[
            peer,
            accept,
            "--yes".as_ref(),
            node,
            dir_a.as_ref(),
            answer.as_ref(),
        ])
        .await
    }

    /// Runs a command of this program to its end.
    async fn command(&self, words: &[&OsStr]) -> Result<(), Failure> {
        let output = Command::new(&self.program)
            .args(words)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| not_run(words, &error.to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        Err(not_run(
            words,
            String::from_utf8_lossy(&output.stderr).trim(),
        ))
    }
}

fn not_run(words: &[&OsStr], why: &str) -> Failure {
    let line: OsString = words.join(OsStr::new(" "));
    let line = line.display();
    Failure::refused(both(
        format!("准备失败：hongyan {line}\n{why}"),
        format!("setting up failed: hongyan {line}\n{why}"),
    ))
}

/// `node.toml` with values that suit five nodes on a small machine.
fn quickened(text: &str) -> String {
    let mut changed = String::with_capacity(text.len());
    for line in text.lines() {
        let key = line.split(" = ").next().unwrap_or_default();
        match QUICK.iter().find(|(name, _)| *name == key) {
            Some((name, value)) => changed.push_str(&format!("{name} = {value}")),
            None => changed.push_str(line),
        }
        changed.push('\n');
    }
    changed
}

/// Addresses on loopback that nobody listens on, below the ports from which connections are dialled:
/// a node that is down must find its own again.
fn free_ports(count: usize) -> Result<Vec<SocketAddr>, Failure> {
    let start = u16::from_be_bytes(draw()?) % 8_000;
    let mut held = Vec::new();
    for step in 0..8_000_u16 {
        let port = 20_000_u16.saturating_add(start.wrapping_add(step) % 8_000);
        if let Ok(socket) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            held.push((SocketAddr::from((Ipv4Addr::LOCALHOST, port)), socket));
        }
        if held.len() == count {
            return Ok(held.into_iter().map(|(address, _)| address).collect());
        }
    }
    Err(no_ports())
}

fn no_ports() -> Failure {
    Failure::refused(both("本机没有空闲端口。", "no free ports on this machine"))
}

/// Tries again after a second at most; keeps to small disks.
const QUICK: [(&str, &str); 3] = [
    ("cap_seconds", "1"),
    ("low_bytes", "67108864"),
    ("ballast_bytes", "1048576"),
];

const TRUST_DOMAIN: &str = "demo.hongyan.test";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_node_are_quickened_and_its_comments_stay() {
        let template = include_str!("../../../config/node.toml");
        let quick = quickened(template);
        for (key, value) in QUICK {
            assert!(quick.contains(&format!("\n{key} = {value}\n")), "{key}");
        }
        assert_eq!(quick.lines().count(), template.lines().count());
    }

    #[test]
    fn free_ports_differ() {
        let mut ports = free_ports(10).unwrap();
        ports.sort();
        ports.dedup();
        assert_eq!(ports.len(), 10);
    }
}
