//! What a person or a program did with the node, as it is kept: who, as what, from where, what, on
//! what, for what purpose, and what came of it.
//!
//! It names ids, counts and codes, never a personal value. The one free text in it is the reason that
//! a person gives for looking at personal values, and that is refused where it looks like one.

use std::{fmt, str::FromStr};

use super::{
    agreement::AgreementId,
    area::County,
    notice::NoticeId,
    problem::{Sentence, Text},
};

/// What can be done. The numbers are those of stored records and never given anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the stable name of each says what it is")]
pub enum Act {
    AgreementAccepted,
    AgreementAmended,
    AgreementEnded,
    AgreementProposed,
    AgreementResumed,
    AgreementSuspended,
    AreasJoined,
    AuditExported,
    AuditListed,
    BackupMade,
    BreachReported,
    CaseRead,
    CasesAnswered,
    CasesClosed,
    CasesErased,
    CasesForwarded,
    CasesHeld,
    CasesListed,
    CasesNoted,
    CasesParted,
    CasesPassedOn,
    CasesPurged,
    CasesReleased,
    CasesTakenUp,
    CasesVerified,
    CertificateAsked,
    ChannelsAdopted,
    ConfigurationReloaded,
    ConsentRecorded,
    ConsentWithdrawn,
    ConsentsRead,
    DueCompared,
    ErasureExported,
    ErasuresListed,
    EvidenceExported,
    FiguresRead,
    IndexRebuilt,
    LossAccepted,
    MasterKeyRotated,
    NoticeRead,
    NoticesHandedOver,
    NoticesListed,
    OfficeAdded,
    PeerAccepted,
    PeerInvited,
    PeerProbed,
    Published,
    Restored,
    RetentionListed,
    SegmentsArchived,
    SigningKeyRotated,
    SubjectReported,
}

/// Number, stable name, and what people call it.
struct Known(Act, u16, &'static str, &'static str);

/// Up to 16 something leaves the node for whoever asked; 17 to 39 is work with notices, cases and consents;
/// from 40 on the node itself is run.
const KNOWN: [Known; 52] = [
    Known(Act::NoticeRead, 1, "notice_read", "查看通报"),
    Known(Act::NoticesListed, 2, "notices_listed", "列出通报"),
    Known(Act::NoticesHandedOver, 3, "notices_handed_over", "接收通报"),
    Known(Act::CaseRead, 4, "case_read", "查看个案"),
    Known(Act::CasesListed, 5, "cases_listed", "列出个案"),
    Known(Act::FiguresRead, 6, "figures_read", "读取统计"),
    Known(Act::DueCompared, 7, "due_compared", "双方核对"),
    Known(Act::AuditListed, 8, "audit_listed", "查看审计"),
    Known(Act::AuditExported, 9, "audit_exported", "导出审计"),
    Known(Act::BreachReported, 10, "breach_reported", "核查泄露"),
    Known(Act::SubjectReported, 11, "subject_reported", "本人查询"),
    Known(Act::ConsentsRead, 12, "consents_read", "查看同意书"),
    Known(Act::EvidenceExported, 16, "evidence_exported", "导出证据"),
    Known(Act::Published, 17, "published", "发布通报"),
    Known(Act::CertificateAsked, 18, "certificate_asked", "查验证明"),
    Known(Act::CasesErased, 20, "cases_erased", "删除个案"),
    Known(Act::ErasuresListed, 21, "erasures_listed", "查看删除"),
    Known(Act::ErasureExported, 22, "erasure_exported", "导出删除证明"),
    Known(Act::ConsentRecorded, 19, "consent_recorded", "登记同意书"),
    Known(Act::RetentionListed, 23, "retention_listed", "查看保存期限"),
    Known(Act::CasesTakenUp, 24, "cases_taken_up", "接收个案"),
    Known(Act::CasesVerified, 25, "cases_verified", "核实个案"),
    Known(Act::CasesForwarded, 26, "cases_forwarded", "转办个案"),
    Known(Act::CasesNoted, 27, "cases_noted", "备注个案"),
    Known(Act::CasesPassedOn, 28, "cases_passed_on", "转告下一地"),
    Known(Act::CasesParted, 29, "cases_parted", "认定非同一人"),
    Known(Act::CasesAnswered, 30, "cases_answered", "反馈个案"),
    Known(Act::CasesClosed, 31, "cases_closed", "结案"),
    Known(Act::ConsentWithdrawn, 32, "consent_withdrawn", "撤回同意"),
    Known(Act::CasesHeld, 33, "cases_held", "依法留存个案"),
    Known(Act::CasesReleased, 34, "cases_released", "解除留存"),
    Known(Act::CasesPurged, 35, "cases_purged", "到期清除个案"),
    Known(Act::AgreementProposed, 40, "agreement_proposed", "提出协议"),
    Known(Act::AgreementAmended, 41, "agreement_amended", "修订协议"),
    Known(Act::AgreementAccepted, 42, "agreement_accepted", "接受协议"),
    Known(
        Act::AgreementSuspended,
        43,
        "agreement_suspended",
        "暂停协议",
    ),
    Known(Act::AgreementResumed, 44, "agreement_resumed", "恢复协议"),
    Known(Act::AgreementEnded, 45, "agreement_ended", "终止协议"),
    Known(Act::PeerInvited, 48, "peer_invited", "邀请对方"),
    Known(Act::PeerAccepted, 49, "peer_accepted", "接受配对"),
    Known(Act::AreasJoined, 50, "areas_joined", "本节点区县互通"),
    Known(Act::PeerProbed, 51, "peer_probed", "探测对方"),
    Known(Act::ChannelsAdopted, 52, "channels_adopted", "对齐通道"),
    Known(
        Act::ConfigurationReloaded,
        56,
        "configuration_reloaded",
        "重新读取配置",
    ),
    Known(Act::OfficeAdded, 57, "office_added", "增加办公室"),
    Known(Act::IndexRebuilt, 58, "index_rebuilt", "重建索引"),
    Known(Act::LossAccepted, 59, "loss_accepted", "承认日志丢失"),
    Known(Act::SegmentsArchived, 60, "segments_archived", "归档日志"),
    Known(
        Act::MasterKeyRotated,
        64,
        "master_key_rotated",
        "更换主密钥",
    ),
    Known(
        Act::SigningKeyRotated,
        65,
        "signing_key_rotated",
        "更换签名密钥",
    ),
    Known(Act::BackupMade, 66, "backup_made", "备份"),
    Known(Act::Restored, 67, "restored", "由备份恢复"),
];

impl Act {
    /// All of them, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        KNOWN.iter().map(|known| known.0)
    }

    fn known(self) -> Option<&'static Known> {
        KNOWN.iter().find(|known| known.0 == self)
    }

    /// Its number in stored records.
    pub fn number(self) -> u16 {
        self.known().map_or(0, |known| known.1)
    }

    /// The act of that number.
    pub fn from_number(number: u16) -> Option<Self> {
        KNOWN
            .iter()
            .find(|known| known.1 == number)
            .map(|known| known.0)
    }

    /// Its stable name.
    pub fn name(self) -> &'static str {
        self.known().map_or("", |known| known.2)
    }

    /// What people call it.
    pub fn text(self) -> Text {
        self.known().map_or(Text { zh: "", en: "" }, |known| Text {
            zh: known.3,
            en: known.2,
        })
    }

    /// True where something leaves the node for whoever asked: it stays if that cannot be recorded.
    pub fn is_reading(self) -> bool {
        self.number() <= 16
    }

    /// True for what runs the node: done by a few people, it is recorded even on a disk that is low.
    pub fn runs_the_node(self) -> bool {
        self.number() >= 40
    }
}

impl FromStr for Act {
    type Err = UnknownAct;

    fn from_str(name: &str) -> Result<Self, UnknownAct> {
        KNOWN
            .iter()
            .find(|known| known.2 == name)
            .map(|known| known.0)
            .ok_or(UnknownAct)
    }
}

/// No act of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such act; `hongyan audit list` shows them, for example published or notice_read")]
pub struct UnknownAct;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// An office, by its SPIFFE id.
    Office(String),
    /// Somebody at the node's own machine, by the name of the system's user.
    ByHand(String),
    /// The node by itself.
    Node,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Office(id) => f.write_str(id),
            Self::ByHand(user) => write!(f, "by hand: {user}"),
            Self::Node => f.write_str("node"),
        }
    }
}

/// What it was done on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// An agreement, or a version of it.
    Agreement(AgreementId, Option<u32>),
    /// A case, by the id of any of its notices.
    Case(NoticeId),
    /// A consumer of the home area's feed.
    Consumer(String),
    /// Of the feed of a home area, what lies from a position to another, both of them included, and
    /// is for whoever was handed it.
    Feed(County, u64, u64),
    /// A notice.
    Notice(NoticeId),
    /// An office, by its SPIFFE id.
    Office(String),
    /// The node that speaks for an area.
    Peer(County),
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agreement(id, None) => write!(f, "agreement:{id}"),
            Self::Agreement(id, Some(version)) => write!(f, "agreement:{id}/{version}"),
            Self::Case(id) => write!(f, "case:{id}"),
            Self::Consumer(name) => write!(f, "consumer:{name}"),
            Self::Feed(home, first, last) => write!(f, "feed:{home}/{first}-{last}"),
            Self::Notice(id) => write!(f, "notice:{id}"),
            Self::Office(id) => write!(f, "office:{id}"),
            Self::Peer(area) => write!(f, "peer:{area}"),
        }
    }
}

/// For what purpose personal values were shown, or that none were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// No personal value was shown.
    #[default]
    None,
    /// The work of a clerk or of the county's system within its areas.
    Duty,
    /// They were asked for without a reason, and shown masked.
    Masked,
    /// The reason that was given.
    Reason(Reason),
}

impl Purpose {
    /// Its stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::Duty => "duty",
            Self::Masked => "masked",
            Self::Reason(_) => "reason",
        }
    }

    /// The reason that was given; empty if none was.
    pub fn reason(&self) -> &str {
        match self {
            Self::Reason(reason) => reason.as_str(),
            Self::None | Self::Duty | Self::Masked => "",
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// It was done.
    Done,
    /// It was refused; the stable code says why.
    Refused(String),
}

impl Came {
    /// Its stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused(_) => "refused",
        }
    }

    /// The stable code of a refusal; else empty.
    pub fn code(&self) -> &str {
        match self {
            Self::Done => "",
            Self::Refused(code) => code,
        }
    }
}

/// How many notices or cases it was done on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Done anew.
    pub done: u64,
    /// Said again, and so done before.
    pub repeated: u64,
    /// Refused one by one.
    pub refused: u64,
}

impl Counts {
    /// So many, all done.
    pub const fn of(done: usize) -> Self {
        Self {
            done: done as u64,
            repeated: 0,
            refused: 0,
        }
    }

    /// All of them.
    pub const fn total(self) -> u64 {
        self.done
            .saturating_add(self.repeated)
            .saturating_add(self.refused)
    }
}

/// One act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Who.
    pub who: Who,
    /// The roles that it had, by their names, with commas.
    pub role: String,
    /// From where: the address of the caller, or [`LOCAL`].
    pub from: String,
    /// What.
    pub act: Act,
    /// On what.
    pub on: Vec<On>,
    /// For what purpose.
    pub purpose: Purpose,
    /// What came of it.
    pub came: Came,
    /// How many.
    pub counts: Counts,
}

/// Why a person looks at personal values: 1 to 200 characters, none of them a control character, and
/// nothing in it that may be an identity number. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A reason that was let through when it was given.
    pub(crate) const fn kept(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reason(..)")
    }
}

/// Why a text is no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAReason {
    /// Nothing is said.
    #[error("the reason is empty; say why you look, for example: complaint of 12 May")]
    Empty,
    /// Too much is said.
    #[error("the reason is longer than 200 characters; shorten it")]
    TooLong,
    /// It has line breaks or other control characters.
    #[error("the reason holds a line break or another control character; write it in one line")]
    Control,
    /// It holds what may be an identity number.
    #[error(
        "the reason holds what may be an identity number; it is kept for years, so name the case by its id instead"
    )]
    Number,
}

impl NotAReason {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "reason_empty",
            Self::TooLong => "reason_too_long",
            Self::Control => "reason_control_character",
            Self::Number => "reason_identity_number",
        }
    }

    /// What is wrong and what to do.
    pub fn sentence(self) -> Sentence {
        let zh = match self {
            Self::Empty => "事由为空，请写明为何查看，例如“5月12日投诉核查”",
            Self::TooLong => "事由超过200字，请缩短",
            Self::Control => "事由含有换行或其他控制字符，请写成一行",
            Self::Number => "事由中似有身份证号；事由将长期保存，请改写个案编号",
        };
        Sentence {
            zh: zh.to_owned(),
            en: self.to_string(),
        }
    }
}

impl FromStr for Reason {
    type Err = NotAReason;

    /// Reads a reason, without the white space around it.
    fn from_str(text: &str) -> Result<Self, NotAReason> {
        let text = text.trim();
        if text.is_empty() {
            Err(NotAReason::Empty)
        } else if text.chars().nth(MAX_REASON).is_some() {
            Err(NotAReason::TooLong)
        } else if text.contains(|c: char| c.is_control() || is_line_break(c)) {
            Err(NotAReason::Control)
        } else if may_hold_a_number(text) {
            Err(NotAReason::Number)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

/// Line breaks that are no control characters.
const fn is_line_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Fifteen digits on end or more, however wide they are written and whatever stands between them to
/// part them.
fn may_hold_a_number(text: &str) -> bool {
    let mut run = 0_usize;
    for c in text.chars() {
        match c {
            '0'..='9' | '０'..='９' => run = run.saturating_add(1),
            _ if parts_digits(c) => {}
            _ => run = 0,
        }
        if run >= SHORTEST_NUMBER {
            return true;
        }
    }
    false
}

fn parts_digits(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '－' | '—' | '–' | '_' | '.' | '·' | ',' | '，' | '、'
        )
        || ('\u{200b}'..='\u{200f}').contains(&c)
}

/// From where the node itself acts, and whoever stands at its machine.
pub const LOCAL: &str = "local";

/// The most characters of a reason.
const MAX_REASON: usize = 200;

/// The digits of an old identity number; a new one has seventeen before its check digit.
const SHORTEST_NUMBER: usize = 15;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_act_has_a_number_and_a_name_of_its_own() {
        let numbers: BTreeSet<u16> = Act::all().map(Act::number).collect();
        let names: BTreeSet<&str> = Act::all().map(Act::name).collect();
        assert_eq!((numbers.len(), names.len()), (KNOWN.len(), KNOWN.len()));
        assert!(!numbers.contains(&0) && !names.contains(""));
        for act in Act::all() {
            assert_eq!(Act::from_number(act.number()), Some(act));
            assert_eq!(act.name().parse(), Ok(act));
        }
        assert_eq!(Act::EvidenceExported.number(), 16);
        assert_eq!(Act::from_number(u16::MAX), None);
        assert_eq!("read".parse::<Act>(), Err(UnknownAct));
    }

    #[test]
    fn a_reason_is_one_short_line_without_an_identity_number() {
        for text in [
            "5月12日投诉核查",
            "complaint 2026-05-12, case of township 350582104",
            "  spaces around  ",
            "档案 20260512-0001",
        ] {
            let reason: Reason = text.parse().unwrap();
            assert_eq!(reason.as_str(), text.trim());
            assert_eq!(format!("{reason:?}"), "Reason(..)");
        }
        for (text, fault) in [
            ("", NotAReason::Empty),
            ("  ", NotAReason::Empty),
            ("a\nb", NotAReason::Control),
            ("a\u{2028}b", NotAReason::Control),
            ("a\u{1b}[31mb", NotAReason::Control),
            ("查990001199503040021", NotAReason::Number),
            ("99000119950304002X", NotAReason::Number),
            ("990001950304002", NotAReason::Number),
            ("990001 19950304 0021", NotAReason::Number),
            ("990001-19950304-0021", NotAReason::Number),
            ("９９０００１１９９５０３０４００２１", NotAReason::Number),
        ] {
            assert_eq!(text.parse::<Reason>(), Err(fault), "{text}");
        }
        assert_eq!("字".repeat(201).parse::<Reason>(), Err(NotAReason::TooLong));
        assert!("字".repeat(200).parse::<Reason>().is_ok());
    }
}
