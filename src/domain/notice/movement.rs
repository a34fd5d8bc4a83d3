//! A move, the person who moved, and what goes with her.

use jiff::civil::Date;

use crate::domain::{
    area::{AreaCode, County},
    resident::ResidentNumber,
};

/// A move between two areas.
#[derive(Clone, PartialEq, Eq)]
pub struct Movement {
    /// The person.
    pub subject: Person,
    /// Where she is registered (户籍地).
    pub origin_area: AreaCode,
    /// Where she lives now (现居住地).
    pub destination_area: AreaCode,
    /// Where her service record is kept (管理地), if that is neither.
    pub managing_area: Option<AreaCode>,
    /// Address in the destination area.
    pub destination_address: Option<String>,
    /// Day of the move.
    pub event_date: Date,
    /// Day up to which she is expected to stay.
    pub expected_until: Option<Date>,
    /// The entitlement certificate (婚育证明).
    pub certificate: Certificate,
    /// Sensitive care facts.
    pub care: Care,
}

impl Movement {
    /// Which of its two addresses is on the side of that county: where she is registered, or else
    /// where she lives now.
    pub fn area_in(&self, county: County) -> AreaCode {
        if self.origin_area.county() == county {
            self.origin_area
        } else {
            self.destination_area
        }
    }
}

/// The person whom a notice is about.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Name as registered.
    pub name: String,
    /// Identity number.
    pub resident_id: ResidentNumber,
    /// Why a number that fails only its check digit was let through.
    pub resident_id_verified: Option<String>,
    /// Marital status.
    pub marital_status: MaritalStatus,
    /// Telephone number in digits.
    pub phone: Option<String>,
}

/// Marital status within scope, GB/T 2261.2. Statuses out of scope have no value here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaritalStatus {
    /// 20 married 已婚
    Married,
    /// 21 first marriage 初婚
    FirstMarriage,
    /// 22 remarried 再婚
    Remarried,
    /// 23 remarried to the former spouse 复婚
    RemarriedToFormer,
}

impl MaritalStatus {
    /// Its code in GB/T 2261.2.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Married => "20",
            Self::FirstMarriage => "21",
            Self::Remarried => "22",
            Self::RemarriedToFormer => "23",
        }
    }
}

/// An entitlement certificate. All absent: none is told of.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Number.
    pub number: Option<String>,
    /// State as the issuing office names it.
    pub status: Option<String>,
    /// Last day of validity.
    pub valid_until: Option<Date>,
}

impl Certificate {
    /// What is told of a woman, or of a number, that is in no register: that, and nothing else.
    pub fn not_found() -> Self {
        Self {
            status: Some(NOT_FOUND.to_owned()),
            ..Self::default()
        }
    }
}

/// The status of a certificate that was not found, in the language in which offices name them.
const NOT_FOUND: &str = "未查到";

/// Sensitive care facts. All absent: none travels.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Care {
    /// Expected day of delivery.
    pub expected_delivery_date: Option<Date>,
    /// Day of the last antenatal check.
    pub last_check_on: Option<Date>,
    /// Day on which the next antenatal check is due.
    pub next_check_on: Option<Date>,
    /// Institution that gives the care.
    pub provider: Option<String>,
    /// Class of the contraception method, three characters.
    pub method_class: Option<String>,
    /// Day on which the next free supply is due.
    pub next_supply_on: Option<Date>,
    /// Day on which the child's next vaccination is due.
    pub vaccination_due_on: Option<Date>,
}

/// A separate consent of the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Consent {
    /// Day on which she gave it.
    pub date: Date,
    /// Reference of the record at the office that took it.
    pub reference: String,
}
