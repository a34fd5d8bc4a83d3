//! Everything that can be wrong with what an office says or a peer sends, as one closed
//! vocabulary with stable codes and a sentence in each language.

use std::{borrow::Cow, fmt};

use super::{agreement::AgreementVersion, field::Field};

/// A stable code. Clients decide by it; it never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the sentences of `text` say what each means")]
pub enum Code {
    // Of a row.
    MissingField,
    ResidentIdFormat,
    ResidentIdCheckDigit,
    ResidentIdBirthDate,
    ResidentIdPrecisionLost,
    ResidentIdUnassigned,
    OutOfScopeSex,
    OutOfScopeAge,
    OutOfScopeMaritalStatus,
    AreaUnknown,
    AreaNotOurs,
    AreaOutsideScope,
    AreaOutsideCounty,
    SameArea,
    DateFormat,
    DateInFuture,
    DuplicateInFile,
    ForbiddenValue,
    UnknownField,
    ValueFormat,
    ValueTooLong,
    UnknownNotice,
    /// Nothing waits for an answer there.
    NothingOwed,
    /// It is kept for a legal reason.
    LegalHold,
    MadeByNode,
    CountTooSmall,
    // Of the gate.
    NoAgreement,
    AgreementExpired,
    AgreementSuperseded,
    AgreementSuspended,
    AreaNotCovered,
    PurposeMismatch,
    KindNotPermitted,
    FieldNotPermitted,
    ConsentMissing,
    ConsentScope,
    ConsentWithdrawn,
    // Of the store and of the office.
    ReferenceConflict,
    IdConflict,
    QuotaExceeded,
    TooManyQueries,
    StorageLow,
    // Of the exchange.
    Malformed,
    FieldRepeated,
    TooLarge,
    SandboxMismatch,
    AreaOfAnother,
    SetBack,
}

impl Code {
    /// Its stable spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingField => "missing_field",
            Self::ResidentIdFormat => "resident_id_format",
            Self::ResidentIdCheckDigit => "resident_id_check_digit",
            Self::ResidentIdBirthDate => "resident_id_birth_date",
            Self::ResidentIdPrecisionLost => "resident_id_precision_lost",
            Self::ResidentIdUnassigned => "resident_id_unassigned",
            Self::OutOfScopeSex => "out_of_scope_sex",
            Self::OutOfScopeAge => "out_of_scope_age",
            Self::OutOfScopeMaritalStatus => "out_of_scope_marital_status",
            Self::AreaUnknown => "area_unknown",
            Self::AreaNotOurs => "area_not_ours",
            Self::AreaOutsideScope => "area_outside_scope",
            Self::AreaOutsideCounty => "area_outside_county",
            Self::SameArea => "same_area",
            Self::DateFormat => "date_format",
            Self::DateInFuture => "date_in_future",
            Self::DuplicateInFile => "duplicate_in_file",
            Self::ForbiddenValue => "forbidden_value",
            Self::UnknownField => "unknown_field",
            Self::ValueFormat => "value_format",
            Self::ValueTooLong => "value_too_long",
            Self::UnknownNotice => "unknown_notice",
            Self::NothingOwed => "nothing_owed",
            Self::LegalHold => "legal_hold",
            Self::MadeByNode => "made_by_node",
            Self::CountTooSmall => "count_too_small",
            Self::NoAgreement => "no_agreement",
            Self::AgreementExpired => "agreement_expired",
            Self::AgreementSuperseded => "agreement_superseded",
            Self::AgreementSuspended => "agreement_suspended",
            Self::AreaNotCovered => "area_not_covered",
            Self::PurposeMismatch => "purpose_mismatch",
            Self::KindNotPermitted => "kind_not_permitted",
            Self::FieldNotPermitted => "field_not_permitted",
            Self::ConsentMissing => "consent_missing",
            Self::ConsentScope => "consent_scope",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::ReferenceConflict => "reference_conflict",
            Self::IdConflict => "id_conflict",
            Self::QuotaExceeded => "quota_exceeded",
            Self::TooManyQueries => "too_many_queries",
            Self::StorageLow => "storage_low",
            Self::Malformed => "malformed",
            Self::FieldRepeated => "field_repeated",
            Self::TooLarge => "too_large",
            Self::SandboxMismatch => "sandbox_mismatch",
            Self::AreaOfAnother => "area_of_another",
            Self::SetBack => "set_back",
        }
    }

    /// All of them.
    pub const ALL: [Self; 48] = [
        Self::MissingField,
        Self::ResidentIdFormat,
        Self::ResidentIdCheckDigit,
        Self::ResidentIdBirthDate,
        Self::ResidentIdPrecisionLost,
        Self::ResidentIdUnassigned,
        Self::OutOfScopeSex,
        Self::OutOfScopeAge,
        Self::OutOfScopeMaritalStatus,
        Self::AreaUnknown,
        Self::AreaNotOurs,
        Self::AreaOutsideScope,
        Self::AreaOutsideCounty,
        Self::SameArea,
        Self::DateFormat,
        Self::DateInFuture,
        Self::DuplicateInFile,
        Self::ForbiddenValue,
        Self::UnknownField,
        Self::ValueFormat,
        Self::ValueTooLong,
        Self::UnknownNotice,
        Self::NothingOwed,
        Self::LegalHold,
        Self::MadeByNode,
        Self::CountTooSmall,
        Self::NoAgreement,
        Self::AgreementExpired,
        Self::AgreementSuperseded,
        Self::AgreementSuspended,
        Self::AreaNotCovered,
        Self::PurposeMismatch,
        Self::KindNotPermitted,
        Self::FieldNotPermitted,
        Self::ConsentMissing,
        Self::ConsentScope,
        Self::ConsentWithdrawn,
        Self::ReferenceConflict,
        Self::IdConflict,
        Self::QuotaExceeded,
        Self::TooManyQueries,
        Self::StorageLow,
        Self::Malformed,
        Self::FieldRepeated,
        Self::TooLarge,
        Self::SandboxMismatch,
        Self::AreaOfAnother,
        Self::SetBack,
    ];

    /// The code of that spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// One sentence in each language that says what is wrong and what to do.
    pub const fn text(self) -> Text {
        let (zh, en) = match self {
            Self::MissingField => (
                "必填项为空，请补填。",
                "A required field is empty; fill it in.",
            ),
            Self::ResidentIdFormat => (
                "身份证号应为18位（前17位数字，末位数字或X），15位旧号请换成新号。",
                "The identity number must have 18 characters (17 digits, then a digit or X); ask for the new number in place of an old 15-digit one.",
            ),
            Self::ResidentIdCheckDigit => (
                "身份证号校验位不符，请核对；确经核实无误的，在备注写“已核实：原因”。",
                "The identity number fails its check digit; compare it with the card, or, if a person has verified it, let the remark begin with 已核实 and give the reason.",
            ),
            Self::ResidentIdBirthDate => (
                "身份证号中的出生日期不存在，请核对号码。",
                "The birth date inside the identity number does not exist; compare the number with the card.",
            ),
            Self::ResidentIdPrecisionLost => (
                "表格把身份证号存成了数字，末几位已丢失；请把该列设为文本后重新录入。",
                "The spreadsheet kept the identity number as a number and lost its last digits; make the column text and enter it again.",
            ),
            Self::ResidentIdUnassigned => (
                "99开头的号码是测试号码，正式节点不接收。",
                "A number that begins with 99 is a test number; a production node does not take it.",
            ),
            Self::OutOfScopeSex => (
                "只登记女性，身份证号显示为男性；请核对，非服务对象请删除。",
                "Only women are recorded and the identity number is a man's; check it, or take the row out.",
            ),
            Self::OutOfScopeAge => (
                "事发日年龄不在15至49周岁之内，不属服务对象。",
                "On the day of the event her age is not within 15 to 49; she is out of scope.",
            ),
            Self::OutOfScopeMaritalStatus => (
                "只登记已婚（20、21、22、23）妇女，该婚姻状况不属服务对象或无法识别。",
                "Only married women (20, 21, 22, 23) are recorded; this marital status is out of scope or not known.",
            ),
            Self::AreaUnknown => (
                "区划代码不在县级代码表内或位数不对，请核对。",
                "The area code is not of the county table or has a wrong length; check it.",
            ),
            Self::AreaNotOurs => (
                "发送方不是本节点所在区县，请由所属区县报送。",
                "The sending side is not this node's area; let the county concerned send it.",
            ),
            Self::AreaOutsideScope => (
                "该地址不在本岗位的管辖范围内，请由所属乡镇报送。",
                "The address lies outside this office's areas; let the office concerned send it.",
            ),
            Self::AreaOutsideCounty => (
                "只能转给本区县的乡镇街道或村居，请填写其9位或12位区划代码。",
                "It is handed on within the county only: give the code, of 9 or 12 digits, of a township or village of this county.",
            ),
            Self::SameArea => (
                "户籍地与现居住地在同一区县，无需跨区县通报。",
                "Origin and destination lie in the same county; nothing needs to be told.",
            ),
            Self::DateFormat => (
                "日期无法识别，请写成2026-10-08的形式。",
                "The date cannot be read; write it as 2026-10-08.",
            ),
            Self::DateInFuture => (
                "日期晚于今天，请核对。",
                "The date lies after today; check it.",
            ),
            Self::DuplicateInFile => (
                "同一文件内已有相同的记录（号码、类别和日期相同，或所答通报和反馈结果相同），以第一条为准。",
                "The file already has this row (the same number, kind and date, or the same notice and outcome); the first one stands.",
            ),
            Self::ForbiddenValue => (
                "含有本系统不予登记的内容，请删除后再报。",
                "The row carries a value that this system refuses to hold; take it out and send again.",
            ),
            Self::UnknownField => (
                "没有这个字段，请核对字段名。",
                "There is no such field; check its name.",
            ),
            Self::ValueFormat => (
                "填写的值不在允许范围内，请核对。",
                "The value is not one that this field takes; check it.",
            ),
            Self::ValueTooLong => (
                "填写内容过长，请缩短。",
                "The value is too long; shorten it.",
            ),
            Self::NothingOwed => (
                "该个案没有待反馈的事项，或已经结束。",
                "Nothing waits for an answer in this case, or it has ended.",
            ),
            Self::LegalHold => (
                "该个案依法留存，解除前不能删除。",
                "The case is kept under a legal hold; it cannot be erased before it is released.",
            ),
            Self::UnknownNotice => (
                "在这两个区县之间没有该编号的通报，请核对编号。",
                "Between these two areas there is no notice of that id; check the id.",
            ),
            Self::MadeByNode => (
                "这类通报由节点自动发出，无需也不能报送：科室接收后即发接收通知，临近或超过期限即发催办。",
                "The node makes this kind of notice itself, when a desk takes a notice up or an answer falls due; it is not published by an office.",
            ),
            Self::CountTooSmall => (
                "1至4的数字可能指向个人，不得上报，请留空。",
                "A count of 1 to 4 could point at a person and is not told; leave it out.",
            ),
            Self::NoAgreement => (
                "与对方区县没有有效协议，请联系节点管理员先行配对。",
                "There is no agreement with that area; ask the operator to pair with it first.",
            ),
            Self::AgreementExpired => (
                "与对方区县的协议不在有效期内，请联系节点管理员续签。",
                "The agreement with that area is not in force today; ask the operator to renew it.",
            ),
            Self::AgreementSuperseded => (
                "该通报发布时，所依据的协议已被新版本取代，请重新报送。",
                "When the notice was published, a newer version had replaced its agreement; send it again.",
            ),
            Self::AgreementSuspended => (
                "与对方区县的协议或其中此类通报已暂停，恢复后再报；详情请问节点管理员。",
                "The agreement with that area is suspended, wholly or for this kind; send again once it is resumed, and ask the operator for the reason.",
            ),
            Self::AreaNotCovered => (
                "现有协议只覆盖对方或本方的部分乡镇，不含该地址；请填写到乡镇一级，或联系节点管理员扩大协议范围。",
                "The agreements in force cover other townships than this address; give the address down to the township, or ask the operator for a wider agreement.",
            ),
            Self::PurposeMismatch => (
                "通报注明的处理目的与协议不符。",
                "The purpose that the notice names is not that of the agreement.",
            ),
            Self::KindNotPermitted => (
                "协议不允许在此方向发送这类通报。",
                "The agreement does not let this kind of notice travel in this direction.",
            ),
            Self::FieldNotPermitted => (
                "协议不允许发送该字段，请清空后再报。",
                "The agreement does not let this field travel; leave it out and send again.",
            ),
            Self::ConsentMissing => (
                "敏感信息须有本人单独同意，请填写同意日期和编号。",
                "Sensitive fields need her separate consent; give its date and reference.",
            ),
            Self::ConsentScope => (
                "本人在该同意书中没有同意提供此项，请删去此项，或取得新的同意。",
                "The consent that is named does not cover this field; take the field out, or ask her for a new consent.",
            ),
            Self::ConsentWithdrawn => (
                "本人已撤回该同意，不得再发送敏感信息。",
                "She has withdrawn the consent that is named; nothing sensitive is sent under it any more.",
            ),
            Self::ReferenceConflict => (
                "该业务编号已用于内容不同的通报，请换一个编号。",
                "This reference was used for a notice with other content; use a new one.",
            ),
            Self::IdConflict => (
                "同一编号对应的内容不同，已拒收并报警，请联系对方节点管理员。",
                "The same id came with other bytes; it is refused and an alarm is raised. Ask the operator of the sending node.",
            ),
            Self::QuotaExceeded => (
                "限额已用完：等待对方回执的通报过多，或被拒收、作废的过多。请等对方回执后再发；长时间不恢复的，请联系管理员用 hongyan channel list 查看该通道。",
                "The quota is used up: too much waits for the other side's answer, or too much was refused or void. Send again once it is answered; if it lasts, let the operator look at the channel with hongyan channel list.",
            ),
            Self::TooManyQueries => (
                "本科室的婚育证明查验过于频繁，请稍后再查。",
                "This office asks about certificates faster than it may; ask again in a moment.",
            ),
            Self::StorageLow => (
                "节点磁盘空间不足，暂不接收；腾出空间后自动恢复。",
                "The node is low on disk and takes nothing new for now; it goes on by itself once there is room.",
            ),
            Self::Malformed => (
                "内容无法按规定格式读取。",
                "The bytes cannot be read as a notice.",
            ),
            Self::FieldRepeated => (
                "同一字段出现两次。",
                "A field that may stand once stands twice.",
            ),
            Self::TooLarge => (
                "单条通报超过大小上限。",
                "The notice is larger than the limit.",
            ),
            Self::SandboxMismatch => (
                "测试通报与正式通报不能混用。",
                "A sandbox notice and a production node, or the reverse, do not go together.",
            ),
            Self::AreaOfAnother => (
                "对方节点无权代表该区县发送。",
                "The sending node does not speak for that area.",
            ),
            Self::SetBack => (
                "双方记录不一致：一方数据被恢复到旧版本，请管理员执行 hongyan channel adopt。",
                "The histories differ: one side's store was set back; let its operator run hongyan channel adopt.",
            ),
        };
        Text { zh, en }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A sentence in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

/// What a person reads of a problem, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<Text> for Sentence {
    fn from(Text { zh, en }: Text) -> Self {
        Self {
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    }
}

/// One thing that is wrong with a row or a draft. Never carries the value itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Stable code.
    pub code: Code,
    /// The field, by its stable name; for `unknown_field` the name as it was written.
    pub field: Cow<'static, str>,
    /// The version of the agreement that stands against it; `None` where it is none.
    pub agreement: Option<AgreementVersion>,
}

impl Problem {
    /// That code at that field.
    pub const fn new(code: Code, field: Field) -> Self {
        Self {
            code,
            field: Cow::Borrowed(field.name()),
            agreement: None,
        }
    }

    /// That code at a column that is no field: by its heading or its place.
    pub const fn of_column(code: Code, column: String) -> Self {
        Self {
            code,
            field: Cow::Owned(column),
            agreement: None,
        }
    }

    /// The sentence of the code behind the field's label, for a person: `身份证号：…`.
    pub fn sentence(&self) -> Sentence {
        let text = self.code.text();
        let mut sentence = match Field::from_name(&self.field) {
            Some(field) => Sentence {
                zh: format!("{}：{}", field.label().zh, text.zh),
                en: format!("{}: {}", field.label().en, text.en),
            },
            None if self.field.is_empty() => Sentence {
                zh: text.zh.to_owned(),
                en: text.en.to_owned(),
            },
            None => Sentence {
                zh: format!("{}：{}", self.field, text.zh),
                en: format!("{}: {}", self.field, text.en),
            },
        };
        if let Some(version) = self.agreement {
            sentence.zh += &format!("（协议 {version}）");
            sentence.en += &format!(" (agreement {version})");
        }
        sentence
    }

    /// An unknown field of that name.
    pub const fn unknown_field(name: String) -> Self {
        Self {
            code: Code::UnknownField,
            field: Cow::Owned(name),
            agreement: None,
        }
    }
}
