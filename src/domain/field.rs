//! The fields of a notice, by the names that offices, agreements and refusals use.

use std::fmt;

/// A field that an office can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the stable name of each says what it is")]
pub enum Field {
    Answers,
    CertificateNumber,
    CertificateStatus,
    ConsentDate,
    ConsentReference,
    DestinationAddress,
    DestinationArea,
    DuplicateOf,
    EventDate,
    ExpectedDeliveryDate,
    ExpectedUntil,
    FromArea,
    Kind,
    LastCheckOn,
    ManagingArea,
    MaritalStatus,
    MethodClass,
    MovedToArea,
    Name,
    NextCheckOn,
    NextSupplyOn,
    Note,
    OriginArea,
    Outcome,
    Phone,
    Provider,
    Reference,
    ResidentId,
    ResidentIdVerified,
    Text,
    ToArea,
    VaccinationDueOn,
    ValidUntil,
}

/// The groups by which agreements let fields travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Who she is.
    Identity,
    /// Where she went.
    Movement,
    /// Her entitlement certificate.
    Entitlement,
    /// Sensitive care facts: field by field, with a consent.
    Care,
    /// Free text.
    FreeText,
    /// What a kind cannot do without: travels wherever the kind does.
    Frame,
}

impl Field {
    /// All of them, alphabetically.
    pub const ALL: [Self; 33] = [
        Self::Answers,
        Self::CertificateNumber,
        Self::CertificateStatus,
        Self::ConsentDate,
        Self::ConsentReference,
        Self::DestinationAddress,
        Self::DestinationArea,
        Self::DuplicateOf,
        Self::EventDate,
        Self::ExpectedDeliveryDate,
        Self::ExpectedUntil,
        Self::FromArea,
        Self::Kind,
        Self::LastCheckOn,
        Self::ManagingArea,
        Self::MaritalStatus,
        Self::MethodClass,
        Self::MovedToArea,
        Self::Name,
        Self::NextCheckOn,
        Self::NextSupplyOn,
        Self::Note,
        Self::OriginArea,
        Self::Outcome,
        Self::Phone,
        Self::Provider,
        Self::Reference,
        Self::ResidentId,
        Self::ResidentIdVerified,
        Self::Text,
        Self::ToArea,
        Self::VaccinationDueOn,
        Self::ValidUntil,
    ];

    /// Its stable name: the path of the field in a row of JSON lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::CertificateNumber => "certificate_number",
            Self::CertificateStatus => "certificate_status",
            Self::ConsentDate => "consent.date",
            Self::ConsentReference => "consent.reference",
            Self::DestinationAddress => "destination_address",
            Self::DestinationArea => "destination_area",
            Self::DuplicateOf => "duplicate_of",
            Self::EventDate => "event_date",
            Self::ExpectedDeliveryDate => "expected_delivery_date",
            Self::ExpectedUntil => "expected_until",
            Self::FromArea => "from_area",
            Self::Kind => "kind",
            Self::LastCheckOn => "last_check_on",
            Self::ManagingArea => "managing_area",
            Self::MaritalStatus => "subject.marital_status",
            Self::MethodClass => "method_class",
            Self::MovedToArea => "moved_to_area",
            Self::Name => "subject.name",
            Self::NextCheckOn => "next_check_on",
            Self::NextSupplyOn => "next_supply_on",
            Self::Note => "note",
            Self::OriginArea => "origin_area",
            Self::Outcome => "outcome",
            Self::Phone => "subject.phone",
            Self::Provider => "provider",
            Self::Reference => "reference",
            Self::ResidentId => "subject.resident_id",
            Self::ResidentIdVerified => "resident_id_verified",
            Self::Text => "text",
            Self::ToArea => "to_area",
            Self::VaccinationDueOn => "vaccination_due_on",
            Self::ValidUntil => "valid_until",
        }
    }

    /// The group through which an agreement lets it travel.
    pub const fn group(self) -> Group {
        match self {
            Self::MaritalStatus
            | Self::Name
            | Self::Phone
            | Self::ResidentId
            | Self::ResidentIdVerified => Group::Identity,
            Self::DestinationAddress
            | Self::DestinationArea
            | Self::ExpectedUntil
            | Self::ManagingArea
            | Self::MovedToArea
            | Self::OriginArea => Group::Movement,
            Self::CertificateNumber | Self::CertificateStatus | Self::ValidUntil => {
                Group::Entitlement
            }
            Self::ExpectedDeliveryDate
            | Self::LastCheckOn
            | Self::MethodClass
            | Self::NextCheckOn
            | Self::NextSupplyOn
            | Self::Provider
            | Self::VaccinationDueOn => Group::Care,
            Self::Note | Self::Text => Group::FreeText,
            Self::Answers
            | Self::ConsentDate
            | Self::ConsentReference
            | Self::DuplicateOf
            | Self::EventDate
            | Self::FromArea
            | Self::Kind
            | Self::Outcome
            | Self::Reference
            | Self::ToArea => Group::Frame,
        }
    }

    /// The field of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Group {
    /// Its stable name in agreements.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Movement => "movement",
            Self::Entitlement => "entitlement",
            Self::Care => "care",
            Self::FreeText => "free_text",
            Self::Frame => "frame",
        }
    }
}
