//! What the nodes themselves say that they have stored.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{office::Office, tally::Tally};
use crate::{
    cli::exit::Failure,
    domain::{area::County, notice::Kind},
    office::client::{Client, ClientError, Listing, Way},
};

/// Asks a node again and again how far its channels have come.
pub(super) struct Watcher {
    pub(super) office: Office,
    pub(super) tally: Arc<Tally>,
}

impl Watcher {
    /// Runs for as long as it is let.
    ///
    /// # Errors
    /// If the node refuses.
    pub(super) async fn run(self) -> Result<(), Failure> {
        loop {
            let client = self.office.reach().await?;
            if let Err(error) = self.watch(&client).await {
                Office::patient(error).await?;
            }
        }
    }

    async fn watch(&self, client: &Client) -> Result<(), ClientError> {
        loop {
            let channels = client.channels().await?;
            let inbound = channels.iter().filter(|channel| channel.way == Way::In);
            let stored = inbound.map(|channel| channel.last_sequence).sum();
            self.tally.stored(self.office.home.config.id.area(), stored);
            sleep(BETWEEN).await;
        }
    }
}

/// How many departures and arrivals of each sender a node lists as stored.
///
/// # Errors
/// [`ClientError`].
pub(super) async fn listed(client: &Client) -> Result<BTreeMap<County, u64>, ClientError> {
    let listing = Listing {
        way: Some(Way::In),
        kinds: vec![Kind::Departure, Kind::Arrival],
        states: vec![STORED.to_owned()],
        ..Listing::default()
    };
    let mut stored: BTreeMap<County, u64> = BTreeMap::new();
    let mut token = String::new();
    loop {
        let (page, next) = client.notices(&listing, PAGE, token).await?;
        for notice in page {
            let count = stored.entry(notice.channel.from).or_default();
            *count = count.saturating_add(1);
        }
        if next.is_empty() {
            return Ok(stored);
        }
        token = next;
    }
}

const STORED: &str = "stored";
const PAGE: u32 = 500;
const BETWEEN: Duration = Duration::from_millis(250);
