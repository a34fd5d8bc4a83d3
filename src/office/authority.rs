//! What an office may do, by the configuration of the moment.

use jiff::civil::Date;

use super::{problem::Fault, scope::Scope};
use crate::{
    config::{NodeConfig, OfficeClient, Role},
    domain::area::County,
    trust::identity::{OfficeId, SpiffeId},
};

/// Who publishes, subscribes and reads notices with their personal values.
pub(super) const DESKS: &[Role] = &[Role::Clerk, Role::Integrator];

/// Who keeps cases for a legal reason.
pub(super) const HOLDERS: &[Role] = &[Role::Integrator];

/// Who sees where notices stand.
pub(super) const READERS: &[Role] = &Role::ALL;

/// Who sees on what terms this node and its peers exchange.
pub(super) const OVERSEERS: &[Role] = &[Role::Operator, Role::Auditor];

/// Who reads what is on record.
pub(super) const AUDITORS: &[Role] = &[Role::Operator, Role::Auditor];

/// Who tells a person what is held of her.
pub(super) const REPORTERS: &[Role] = &[Role::Clerk, Role::Integrator, Role::Auditor];

/// Who sees what was due in a whole home area, notice by notice.
pub(super) const COUNTERS: &[Role] = &[Role::Operator, Role::Auditor, Role::Integrator];

/// Who runs peers, agreements and store.
pub(super) const OPERATORS: &[Role] = &[Role::Operator];

/// An office with its roles and areas, as they are now. Not to be kept over a change of the
/// configuration.
#[derive(Clone)]
pub(super) struct Authority {
    client: OfficeClient,
    homes: Vec<County>,
}

impl Authority {
    /// Looks the office up.
    ///
    /// # Errors
    /// [`Fault::NotListed`] if it has no line, or one that has expired.
    pub(super) fn of(office: &OfficeId, config: &NodeConfig, today: Date) -> Result<Self, Fault> {
        config
            .office_clients
            .iter()
            .find(|client| client.id == *office.id() && client.holds_on(today))
            .map(|client| Self {
                client: client.clone(),
                homes: config.areas.clone(),
            })
            .ok_or(Fault::NotListed)
    }

    /// An office of the configuration by its id, whether its line has expired or not: for what it was
    /// given before.
    pub(super) fn of_listed(office: &str, config: &NodeConfig) -> Option<Self> {
        let mut clients = config.office_clients.iter();
        let client = clients.find(|client| client.id.to_string() == office)?;
        Some(Self {
            client: client.clone(),
            homes: config.areas.clone(),
        })
    }

    /// The node's own, for what it says by itself.
    pub(super) fn of_node(config: &NodeConfig) -> Self {
        Self {
            client: OfficeClient {
                id: config.id.clone(),
                roles: vec![Role::Integrator],
                areas: config.areas.iter().copied().map(Into::into).collect(),
                expires: None,
            },
            homes: config.areas.clone(),
        }
    }

    /// What an office may do about a case of that home area that was handed on to it, wherever it
    /// lies.
    pub(super) fn for_all_of(mut self, home: County) -> Self {
        self.client.areas = vec![home.into()];
        self
    }

    /// Who it is.
    pub(super) const fn id(&self) -> &SpiffeId {
        &self.client.id
    }

    /// Lets only those on who have one of the roles.
    ///
    /// # Errors
    /// [`Fault::Role`].
    pub(super) fn require(&self, roles: &'static [Role]) -> Result<(), Fault> {
        if roles.iter().any(|role| self.client.has(*role)) {
            Ok(())
        } else {
            Err(Fault::Role(roles))
        }
    }

    /// The home area that is meant: the one named, else the office's own.
    ///
    /// # Errors
    /// [`Fault::OutsideScope`] if this node does not serve it, or the office has nothing to see
    /// there.
    pub(super) fn home(&self, wanted: Option<County>) -> Result<County, Fault> {
        let own = self.client.areas.first().map(|area| area.county());
        let home = wanted
            .or(own)
            .or_else(|| self.homes.first().copied())
            .ok_or(Fault::OutsideScope)?;
        let sees = self.sees_all_states() || !self.scope(home).is_empty();
        if self.homes.contains(&home) && sees {
            Ok(home)
        } else {
            Err(Fault::OutsideScope)
        }
    }

    /// Where in a home area it may see and send personal values.
    pub(super) fn scope(&self, home: County) -> Scope {
        let within = || {
            let areas = self.client.areas.iter().copied();
            areas.filter(|area| area.county() == home)
        };
        if self.client.has(Role::Integrator) && within().next().is_some() {
            Scope::whole(home)
        } else if self.client.has(Role::Clerk) {
            Scope::of(within())
        } else {
            Scope::default()
        }
    }

    /// The home areas of which it may tell a person all that is held of her: the one that is meant,
    /// else all of them.
    ///
    /// # Errors
    /// [`Fault::OutsideScope`] if it sees no more than a part of it, or of any: a part must not pass
    /// for all.
    pub(super) fn whole_homes(&self, wanted: Option<County>) -> Result<Vec<County>, Fault> {
        let sees =
            |home: &County| self.client.has(Role::Auditor) || self.scope(*home).is_whole(*home);
        let homes = self.homes.iter().copied();
        let homes = homes.filter(|home| wanted.is_none_or(|wanted| wanted == *home));
        let homes: Vec<County> = homes.filter(sees).collect();
        if homes.is_empty() {
            Err(Fault::OutsideScope)
        } else {
            Ok(homes)
        }
    }

    /// True if it sees the state of every notice, wherever it lies.
    pub(super) fn sees_all_states(&self) -> bool {
        self.client.has(Role::Auditor) || self.client.has(Role::Operator)
    }
}
