//! The offices of a node, as its configuration knows them.

use std::{fmt, str::FromStr};

use jiff::civil::Date;

use crate::{domain::area::AreaCode, trust::identity::SpiffeId};

/// An office: what its certificate does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeClient {
    /// Its name, as in its certificate.
    pub id: SpiffeId,
    /// What it may do; at least one.
    pub roles: Vec<Role>,
    /// The areas that it may act for; at least one.
    pub areas: Vec<AreaCode>,
    /// Last day on which it may do anything.
    pub expires: Option<Date>,
}

impl OfficeClient {
    /// Whether it may still act on that day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.expires.is_none_or(|last| day <= last)
    }

    /// Whether it has the role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether that area lies within its scope.
    pub fn covers(&self, area: AreaCode) -> bool {
        self.areas.iter().any(|scope| scope.contains(area))
    }
}

/// What an office may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Publishes, subscribes and answers within its area scope.
    Clerk,
    /// The same for the whole home area.
    Integrator,
    /// Reads evidence and audit, no personal value without a reason.
    Auditor,
    /// Runs peers, agreements, keys and store.
    Operator,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Clerk, Self::Integrator, Self::Auditor, Self::Operator];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Integrator => "integrator",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(UnknownRole)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No role of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is clerk, integrator, auditor or operator")]
pub struct UnknownRole;
