//! Services that a person was given, and care that needs to go on.

use jiff::civil::Date;

use super::Care;

/// A service that the person of the case was given where she lives: that it was given and when it
/// is due again, never what was found.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceRecord {
    /// Which service.
    pub service: Service,
    /// Day on which it was given.
    pub event_date: Date,
    /// Institution that gave it.
    pub provider: Option<String>,
    /// Day on which the next one is due.
    pub next_due_on: Option<Date>,
}

/// Services that are told of, by kind. A finding has no value here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// A check in pregnancy.
    AntenatalCheck,
    /// A visit after birth.
    PostnatalVisit,
    /// A health check.
    HealthCheck,
    /// A contraception service.
    ContraceptionService,
    /// Free contraceptives.
    ContraceptionSupply,
    /// A vaccination of the child.
    Vaccination,
    /// Counselling.
    Counselling,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::AntenatalCheck,
        Self::PostnatalVisit,
        Self::HealthCheck,
        Self::ContraceptionService,
        Self::ContraceptionSupply,
        Self::Vaccination,
        Self::Counselling,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AntenatalCheck => "antenatal_check",
            Self::PostnatalVisit => "postnatal_visit",
            Self::HealthCheck => "health_check",
            Self::ContraceptionService => "contraception_service",
            Self::ContraceptionSupply => "contraception_supply",
            Self::Vaccination => "vaccination",
            Self::Counselling => "counselling",
        }
    }

    /// The service of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }
}

/// Asks the other area to pass on what care needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContinuityRequest {
    /// Day from which this area looks after her.
    pub event_date: Date,
}

/// What care needs next.
#[derive(Clone, PartialEq, Eq)]
pub struct ContinuityTransfer {
    /// Day as of which it is so.
    pub event_date: Date,
    /// The care facts; one of them at least.
    pub care: Care,
}
