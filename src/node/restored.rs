//! What a node does first that was made from a backup: it asks each peer how far it was set back.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{NodeError, operations::Node};
use crate::{
    config::Restored,
    domain::{area::County, calendar},
};

/// Asks every peer until each has answered once, then takes the mark away; waits until told to stop.
/// A channel in which this node was set back stops by the comparison that an answer leads to.
pub(super) async fn ask_peers(node: Arc<Node>, stop: CancellationToken) -> Result<(), NodeError> {
    match Restored::read(node.directory.dir()) {
        Ok(None) => {}
        Ok(Some(restored)) => {
            let made = calendar::rfc3339(restored.made_ms);
            tracing::warn!(backup_of = %made, "This node was made from a backup. It asks its peers how far it was set back; then see: hongyan channel list.");
            let mut answered = BTreeSet::new();
            while !stop.is_cancelled() && !all_answer(&node, &mut answered).await {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(AGAIN_AFTER) => {}
                }
            }
        }
        Err(error) => {
            tracing::error!(%error, "Whether this node was made from a backup cannot be read.");
        }
    }
    stop.cancelled().await;
    Ok(())
}

/// Asks those that have not answered yet.
async fn all_answer(node: &Node, answered: &mut BTreeSet<County>) -> bool {
    let trust = node.trust.current();
    let peers = trust
        .peers()
        .filter_map(|peer| peer.pairing().areas.first());
    let mut all = true;
    for area in peers {
        if answered.contains(area) {
            continue;
        }
        match node.exchange.probe(*area).await {
            Ok(_) => {
                answered.insert(*area);
            }
            Err(error) => {
                all = false;
                tracing::info!(%area, %error, "A peer has not said yet how far this node was set back.");
            }
        }
    }
    if all {
        match Restored::remove(node.directory.dir()) {
            Ok(()) => tracing::warn!(
                peers = answered.len(),
                "Every peer has been asked how far this node was set back."
            ),
            Err(error) => {
                tracing::error!(%error, "The mark of a backup cannot be taken away.");
            }
        }
    }
    all
}

const AGAIN_AFTER: Duration = Duration::from_secs(10);
