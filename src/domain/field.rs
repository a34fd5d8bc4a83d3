//! The fields of a notice, by the names that offices, agreements and refusals use.

use std::fmt;

use super::{notice::Figure, problem::Text};

/// A field that an office can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the stable name of each says what it is")]
pub enum Field {
    Answers,
    CertificateNumber,
    CertificateStatus,
    ConsentDate,
    ConsentReference,
    CorrectedOn,
    Corrects,
    DestinationAddress,
    DestinationArea,
    DueOn,
    DuplicateOf,
    EventDate,
    ExpectedDeliveryDate,
    ExpectedUntil,
    Facts,
    Figure(Figure),
    FromArea,
    Kind,
    LastCheckOn,
    ManagingArea,
    MaritalStatus,
    MethodClass,
    Month,
    MovedToArea,
    Name,
    NextCheckOn,
    NextDueOn,
    NextSupplyOn,
    Note,
    OriginArea,
    Outcome,
    Phone,
    Provider,
    Reason,
    Reference,
    ResidentId,
    ResidentIdVerified,
    Service,
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
    pub const ALL: [Self; 49] = [
        Self::Answers,
        Self::CertificateNumber,
        Self::CertificateStatus,
        Self::ConsentDate,
        Self::ConsentReference,
        Self::CorrectedOn,
        Self::Corrects,
        Self::DestinationAddress,
        Self::DestinationArea,
        Self::DueOn,
        Self::DuplicateOf,
        Self::EventDate,
        Self::ExpectedDeliveryDate,
        Self::ExpectedUntil,
        Self::Facts,
        Self::Figure(Figure::DeparturesSent),
        Self::Figure(Figure::ArrivalsSent),
        Self::Figure(Figure::NoticesReceived),
        Self::Figure(Figure::TakenUp),
        Self::Figure(Figure::Answered),
        Self::Figure(Figure::AnsweredInTime),
        Self::Figure(Figure::Overdue),
        Self::Figure(Figure::OneSided),
        Self::FromArea,
        Self::Kind,
        Self::LastCheckOn,
        Self::ManagingArea,
        Self::MaritalStatus,
        Self::MethodClass,
        Self::Month,
        Self::MovedToArea,
        Self::Name,
        Self::NextCheckOn,
        Self::NextDueOn,
        Self::NextSupplyOn,
        Self::Note,
        Self::OriginArea,
        Self::Outcome,
        Self::Phone,
        Self::Provider,
        Self::Reason,
        Self::Reference,
        Self::ResidentId,
        Self::ResidentIdVerified,
        Self::Service,
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
            Self::CorrectedOn => "corrected_on",
            Self::Corrects => "corrects",
            Self::DestinationAddress => "destination_address",
            Self::DestinationArea => "destination_area",
            Self::DueOn => "due_on",
            Self::DuplicateOf => "duplicate_of",
            Self::EventDate => "event_date",
            Self::ExpectedDeliveryDate => "expected_delivery_date",
            Self::ExpectedUntil => "expected_until",
            Self::Facts => "facts",
            Self::Figure(figure) => figure.path(),
            Self::FromArea => "from_area",
            Self::Kind => "kind",
            Self::LastCheckOn => "last_check_on",
            Self::ManagingArea => "managing_area",
            Self::MaritalStatus => "subject.marital_status",
            Self::MethodClass => "method_class",
            Self::Month => "month",
            Self::MovedToArea => "moved_to_area",
            Self::Name => "subject.name",
            Self::NextCheckOn => "next_check_on",
            Self::NextDueOn => "next_due_on",
            Self::NextSupplyOn => "next_supply_on",
            Self::Note => "note",
            Self::OriginArea => "origin_area",
            Self::Outcome => "outcome",
            Self::Phone => "subject.phone",
            Self::Provider => "provider",
            Self::Reason => "reason",
            Self::Reference => "reference",
            Self::ResidentId => "subject.resident_id",
            Self::ResidentIdVerified => "resident_id_verified",
            Self::Service => "service",
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
            | Self::NextDueOn
            | Self::NextSupplyOn
            | Self::Provider
            | Self::Service
            | Self::VaccinationDueOn => Group::Care,
            Self::Note | Self::Text => Group::FreeText,
            Self::Answers
            | Self::ConsentDate
            | Self::ConsentReference
            | Self::CorrectedOn
            | Self::Corrects
            | Self::DueOn
            | Self::DuplicateOf
            | Self::EventDate
            | Self::Facts
            | Self::Figure(_)
            | Self::FromArea
            | Self::Kind
            | Self::Month
            | Self::Outcome
            | Self::Reason
            | Self::Reference
            | Self::ToArea => Group::Frame,
        }
    }

    /// How people call it.
    pub const fn label(self) -> Text {
        let (zh, en) = match self {
            Self::Answers => ("所答通报编号", "notice answered"),
            Self::CertificateNumber => ("婚育证明编号", "certificate number"),
            Self::CertificateStatus => ("婚育证明状态", "certificate status"),
            Self::ConsentDate => ("同意日期", "consent date"),
            Self::ConsentReference => ("同意书编号", "consent reference"),
            Self::CorrectedOn => ("更正日期", "day of the correction"),
            Self::Corrects => ("所更正的通报类别", "kind corrected"),
            Self::DestinationAddress => ("现居住地详细地址", "destination address"),
            Self::DestinationArea => ("现居住地区划代码", "destination area"),
            Self::DueOn => ("答复期限", "answer due on"),
            Self::DuplicateOf => ("重复的通报编号", "notice it repeats"),
            Self::EventDate => ("流动日期", "event date"),
            Self::ExpectedDeliveryDate => ("预产期", "expected delivery date"),
            Self::ExpectedUntil => ("预计居住至", "expected until"),
            Self::Facts => ("请核实的事项", "facts to check"),
            Self::Figure(figure) => return figure.label(),
            Self::FromArea => ("发送方区划代码", "sending area"),
            Self::Kind => ("通报类别", "kind of notice"),
            Self::LastCheckOn => ("上次产检日期", "last check"),
            Self::ManagingArea => ("管理地区划代码", "managing area"),
            Self::MaritalStatus => ("婚姻状况", "marital status"),
            Self::MethodClass => ("避孕方式类别", "method class"),
            Self::Month => ("统计月份", "month"),
            Self::MovedToArea => ("再流往地区划代码", "area moved to"),
            Self::Name => ("姓名", "name"),
            Self::NextCheckOn => ("下次产检日期", "next check"),
            Self::NextDueOn => ("下次服务日期", "next service due"),
            Self::NextSupplyOn => ("下次领取药具日期", "next supply"),
            Self::Note => ("说明", "note"),
            Self::OriginArea => ("户籍地区划代码", "origin area"),
            Self::Outcome => ("反馈结果", "outcome"),
            Self::Phone => ("联系电话", "telephone number"),
            Self::Provider => ("服务机构", "provider of care"),
            Self::Reason => ("原因", "reason"),
            Self::Reference => ("业务编号", "reference"),
            Self::ResidentId => ("身份证号", "identity number"),
            Self::ResidentIdVerified => ("身份证号核实原因", "reason of verification"),
            Self::Service => ("服务种类", "kind of service"),
            Self::Text => ("正文", "text"),
            Self::ToArea => ("接收方区划代码", "receiving area"),
            Self::VaccinationDueOn => ("接种到期日", "vaccination due"),
            Self::ValidUntil => ("婚育证明有效期", "certificate valid until"),
        };
        Text { zh, en }
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
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Identity,
        Self::Movement,
        Self::Entitlement,
        Self::Care,
        Self::FreeText,
        Self::Frame,
    ];

    /// How people call it.
    pub const fn label(self) -> Text {
        let (zh, en) = match self {
            Self::Identity => ("身份信息", "identity"),
            Self::Movement => ("流动信息", "movement"),
            Self::Entitlement => ("婚育证明", "entitlement certificate"),
            Self::Care => ("健康服务信息（敏感）", "care (sensitive)"),
            Self::FreeText => ("自由文本", "free text"),
            Self::Frame => ("业务要素", "what the kind needs"),
        };
        Text { zh, en }
    }

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
