//! What is seen of a running node, or of the store of one that does not run.

use super::{
    super::{
        exit::Failure,
        home::Home,
        language::both,
        link::{OPERATOR, block_on, connect},
        peer, store_by_hand,
    },
    Finding, State,
};

/// All of them.
pub(super) fn all(home: &Home) -> Vec<Finding> {
    match home.is_running() {
        Ok(true) => {
            peers(home).unwrap_or_else(|failure| vec![Finding::of_failure("node", failure)])
        }
        Ok(false) => store(home),
        Err(failure) => vec![Finding::of_failure("node", failure)],
    }
}

fn store(home: &Home) -> Vec<Finding> {
    let stopped = both(
        "节点未运行：hongyan serve",
        "the node is not running: hongyan serve",
    );
    let mut findings = vec![Finding::new("node", State::Soon, stopped)];
    let data = home.dir.data();
    if !data.join("journal").exists() {
        let sentence = both(
            "还没有日志，首次启动时建立",
            "no journal yet; the first start makes it",
        );
        findings.push(Finding::new("journal", State::Fine, sentence));
        return findings;
    }
    findings.push(match store_by_hand::check(home) {
        Ok(report) => {
            let (segments, entries) = (report.segments, report.records);
            let sentence = both(
                format!("日志完好：{segments}段，{entries}条"),
                format!("the journal is whole: {segments} segments, {entries} entries"),
            );
            Finding::new("journal", State::Fine, sentence)
        }
        Err(failure) => Finding::of_failure("journal", failure),
    });
    findings
}

fn peers(home: &Home) -> Result<Vec<Finding>, Failure> {
    block_on(async {
        let client = connect(home, OPERATOR).await?;
        let running = both("节点正在运行", "the node is running");
        let mut findings = vec![Finding::new("node", State::Fine, running)];
        for known in client.peers().await? {
            let area = known.id.area();
            let probe = client.probe(area).await?;
            let state = match (peer::agrees(&probe), peer::is_well(home, &probe)) {
                (true, true) => State::Fine,
                (true, false) => State::Soon,
                (false, _) => State::Wrong,
            };
            findings.push(Finding::new("peer", state, peer::words(home, area, &probe)));
        }
        for channel in client.channels().await? {
            if channel.state == "stopped" {
                let (from, to) = (channel.channel.from, channel.channel.to);
                let (zh, en) = channel.remedy.unwrap_or_default();
                let sentence = both(
                    format!("{from} → {to}：{zh}"),
                    format!("{from} → {to}: {en}"),
                );
                findings.push(Finding::new("channel", State::Wrong, sentence));
            }
        }
        Ok(findings)
    })
}
