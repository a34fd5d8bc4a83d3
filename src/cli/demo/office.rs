//! The office of a node, as this process plays it.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use crate::{
    cli::{
        exit::Failure,
        home::Home,
        link::{OPERATOR, connect},
    },
    office::client::{Client, ClientError},
};

/// An office that comes back to its node whenever the link is broken.
#[derive(Clone)]
pub(super) struct Office {
    /// The node's directory.
    pub(super) home: Arc<Home>,
}

impl Office {
    /// Connects, for as long as it takes.
    ///
    /// # Errors
    /// If the node refuses.
    pub(super) async fn reach(&self) -> Result<Client, Failure> {
        loop {
            match connect(&self.home, OPERATOR).await {
                Ok(client) => return Ok(client),
                Err(error) => Self::patient(error).await?,
            }
        }
    }

    /// Waits a moment after a failure that passes.
    ///
    /// # Errors
    /// A failure that does not.
    pub(super) async fn patient(error: ClientError) -> Result<(), Failure> {
        match error {
            ClientError::Unreachable(_) | ClientError::Ended(_) => {
                sleep(BETWEEN).await;
                Ok(())
            }
            error => Err(error.into()),
        }
    }
}

const BETWEEN: Duration = Duration::from_millis(100);
