//! The one table from what went wrong to the status that an office reads.
//!
//! The litmus test for the codes between which clients choose wrongly most often:
//!
//! * **UNAVAILABLE**: the same call may simply be made again, a little later, by itself.
//! * **ABORTED**: somebody overtook this call; start over one level higher, by opening anew.
//! * **FAILED_PRECONDITION**: do not repeat before a person has changed something.
//! * **RESOURCE_EXHAUSTED**: as UNAVAILABLE, but not before the delay in `RetryInfo`.
//! * **UNKNOWN**: nobody can say whether it was done; ask again with the same reference.
//!
//! Every status carries `ErrorInfo` with the stable code and, under `class`, whose turn it is, under
//! `agreement` the version of the agreement that stands against a draft, and a `LocalizedMessage` in
//! Chinese. Text and details carry codes, fields and roles, never a value that somebody sent.

use std::{collections::HashMap, time::Duration};

use tonic::{Code as Grpc, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use super::operations::OperationError;
use crate::{
    config::Role,
    domain::{
        agreement::AgreementVersion,
        audit::NotAReason,
        problem::{Code, Problem, Sentence, Text},
        refusal::{Class, Refusal},
    },
    store::{ConsumerError, NotNow, PublishError},
};

/// Why a call ends without what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// An argument of the request, by its path in the proto, and what is wrong with it.
    Argument(&'static str, Code),
    /// Cases, lists and figures are being made anew.
    CasesNotReady,
    /// Another consent has that reference.
    ConsentKnown,
    /// It was given after the day on which it is said to have been withdrawn.
    ConsentLater,
    /// A consumer cannot be opened or moved.
    Consumer(ConsumerError),
    /// The connection no longer passes.
    Cut,
    /// The notice is refused: everything that is wrong with it.
    Draft(Vec<Problem>),
    /// A task of the node broke off.
    Defect,
    /// The office has no line in the configuration, or its line has expired.
    NotListed,
    /// The store does not do it now.
    NotNow(NotNow),
    /// It is shown only once that is on record, and the disk is low.
    NotRecorded,
    /// An operation was not done.
    Operation(OperationError),
    /// The office acts for other areas.
    OutsideScope,
    /// What was given as a reason is none.
    Reason(NotAReason),
    /// One of these roles is needed.
    Role(&'static [Role]),
    /// There is no such case, as far as this office may know.
    UnknownCase,
    /// The office asks about certificates faster than it may; it can ask again after that time.
    TooManyQueries(Duration),
    /// The office looks people up faster than anybody may; it can go on after that time.
    TooManyLookups(Duration),
    /// The node holds no such agreement.
    UnknownAgreement,
    /// No consent has that reference.
    UnknownConsent,
    /// There is no such erasure, as far as this office may know.
    UnknownErasure,
    /// There is no such notice, as far as this office may know.
    UnknownNotice,
    /// The request cannot be read, or its sender is gone.
    Unread,
}

impl From<NotNow> for Fault {
    fn from(error: NotNow) -> Self {
        Self::NotNow(error)
    }
}

impl From<ConsumerError> for Fault {
    fn from(error: ConsumerError) -> Self {
        match error {
            ConsumerError::NotNow(error) => Self::NotNow(error),
            ConsumerError::BeyondHandout | ConsumerError::OtherFilter => Self::Consumer(error),
        }
    }
}

impl From<OperationError> for Fault {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::CasesNotReady => Self::CasesNotReady,
            OperationError::NotNow(error) => Self::NotNow(error),
            OperationError::Declined { .. }
            | OperationError::UnknownPeer
            | OperationError::Unreachable(_) => Self::Operation(error),
        }
    }
}

impl From<PublishError> for Fault {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Refused(refusal) => Self::Draft(vec![problem_of(refusal)]),
            PublishError::NotNow(error) => Self::NotNow(error),
        }
    }
}

/// A refusal of the store as a problem of the row; without a field it speaks of the whole.
pub(super) fn problem_of(refusal: Refusal) -> Problem {
    let Refusal { code, field } = refusal;
    match field {
        Some(field) => Problem::new(code, field),
        None => Problem::of_column(code, String::new()),
    }
}

/// What a status is made of.
struct Answer {
    grpc: Grpc,
    class: Class,
    /// Stable code.
    reason: &'static str,
    /// What is wrong and what to do.
    words: Sentence,
    retry: Option<Duration>,
}

impl Answer {
    fn new(
        grpc: Grpc,
        class: Class,
        reason: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Self {
            grpc,
            class,
            reason,
            words: Sentence {
                zh: zh.into(),
                en: en.into(),
            },
            retry: None,
        }
    }

    fn after(mut self, seconds: u64) -> Self {
        self.retry = Some(Duration::from_secs(seconds));
        self
    }
}

impl Fault {
    /// Its stable code, for a log line.
    pub(super) fn reason(&self) -> &'static str {
        self.answer().reason
    }

    fn answer(&self) -> Answer {
        match self {
            Self::Argument(field, code) => {
                let Text { zh, en } = code.text();
                Answer::new(
                    Grpc::InvalidArgument,
                    Class::of(*code),
                    code.name(),
                    format!("{field}：{zh}"),
                    format!("{field}: {en}"),
                )
            }
            Self::CasesNotReady => Answer::new(
                Grpc::Unavailable,
                Class::RetryLater,
                "cases_not_ready",
                "个案、待办和指标正在由通报重新整理，请稍后再试。",
                "cases, lists and figures are being made from the notices; ask again in a moment",
            )
            .after(2),
            Self::ConsentKnown => Answer::new(
                Grpc::AlreadyExists,
                Class::Final,
                "consent_known",
                "该编号已登记另一份同意书，或已撤回；新的同意请用新编号登记。",
                "another consent has that reference, or it was withdrawn; register a new consent under a new reference",
            ),
            Self::ConsentLater => Answer::new(
                Grpc::InvalidArgument,
                Class::Final,
                "consent_later",
                "该同意书签于撤回日期之后，请核对两个日期。",
                "this consent was given after the day on which it is to have been withdrawn; compare both days",
            ),
            Self::Consumer(error) => of_consumer(error),
            Self::Cut => Answer::new(
                Grpc::Unauthenticated,
                Class::Operator,
                "cut",
                "连接已断开：证书不再有效，请更新证书后重连。",
                "the connection was cut: the certificate no longer passes",
            ),
            Self::Draft(problems) => of_draft(problems),
            Self::Defect => Answer::new(
                Grpc::Unknown,
                Class::RetryLater,
                "outcome_unknown",
                "节点处理中断，结果不明；请用同一业务编号再问一次。",
                "the node broke off; ask again with the same reference",
            ),
            Self::NotListed => Answer::new(
                Grpc::PermissionDenied,
                Class::Operator,
                "office_not_listed",
                "node.toml 中没有本办公室，或已到期，请联系管理员。",
                "node.toml has no line for this office, or the line has expired; ask the operator",
            ),
            Self::NotNow(error) => of_not_now(error),
            Self::NotRecorded => Answer::new(
                Grpc::ResourceExhausted,
                Class::RetryLater,
                "not_recorded",
                "磁盘空间不足，查看无法记入审计，故暂不提供；腾出空间后节点自行恢复。",
                "the node is low on disk, so looking cannot be put on record, and nothing is shown; free some space, then the node goes on by itself",
            )
            .after(10),
            Self::Operation(error) => of_operation(error),
            Self::OutsideScope => Answer::new(
                Grpc::PermissionDenied,
                Class::Operator,
                Code::AreaOutsideScope.name(),
                "该区域不在 node.toml 给本办公室的范围内。",
                "the area lies outside those that node.toml gives this office",
            ),
            Self::Reason(fault) => {
                let Sentence { zh, en } = fault.sentence();
                Answer::new(Grpc::InvalidArgument, Class::Final, fault.code(), zh, en)
            }
            Self::Role(roles) => {
                let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
                Answer::new(
                    Grpc::PermissionDenied,
                    Class::Operator,
                    "role_needed",
                    format!("此项操作需要角色 {}，请联系管理员。", names.join(" 或 ")),
                    format!(
                        "this needs the role {}; ask the operator",
                        names.join(" or ")
                    ),
                )
            }
            Self::UnknownCase => Answer::new(
                Grpc::NotFound,
                Class::Final,
                "unknown_case",
                "没有包含该编号的个案。",
                "there is no case with a notice of that id",
            ),
            Self::TooManyQueries(after) => {
                let (code, grpc) = (Code::TooManyQueries, Grpc::ResourceExhausted);
                let Text { zh, en } = code.text();
                // Whole seconds, begun ones counted.
                let seconds = after.as_secs().saturating_add(1);
                Answer::new(grpc, Class::of(code), code.name(), zh, en).after(seconds)
            }
            Self::TooManyLookups(after) => {
                // Whole seconds, begun ones counted.
                let seconds = after.as_secs().saturating_add(1);
                Answer::new(
                    Grpc::ResourceExhausted,
                    Class::RetryLater,
                    "too_many_lookups",
                    format!("本人查询过于频繁，请在 {seconds} 秒后再试。"),
                    format!("people are looked up too fast; ask again in {seconds} s"),
                )
                .after(seconds)
            }
            Self::UnknownAgreement => Answer::new(
                Grpc::NotFound,
                Class::Final,
                "unknown_agreement",
                "本节点没有这份协议；hongyan agreement list 列出现有协议。",
                "this node holds no such agreement; hongyan agreement list names those it holds",
            ),
            Self::UnknownConsent => Answer::new(
                Grpc::NotFound,
                Class::Final,
                "unknown_consent",
                "没有登记该编号的同意书。",
                "no consent is registered under that reference",
            ),
            Self::UnknownErasure => Answer::new(
                Grpc::NotFound,
                Class::Final,
                "unknown_erasure",
                "没有该编号的删除；这里要的是删除编号，不是个案或通报的编号，见 hongyan erasure list。",
                "there is no erasure of that id; the id of an erasure is meant, not that of a case or a notice: hongyan erasure list names them",
            ),
            Self::UnknownNotice => Answer::new(
                Grpc::NotFound,
                Class::Final,
                Code::UnknownNotice.name(),
                "没有该编号的通报。",
                "there is no notice of that id",
            ),
            Self::Unread => Answer::new(
                Grpc::InvalidArgument,
                Class::Final,
                Code::Malformed.name(),
                "请求无法读取。",
                "the request cannot be read",
            ),
        }
    }

    /// The version of an agreement that stands against a draft.
    fn agreement(&self) -> Option<AgreementVersion> {
        match self {
            Self::Draft(problems) => problems.iter().find_map(|problem| problem.agreement),
            _ => None,
        }
    }

    /// The fields that a person can mend.
    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::Argument(field, code) => vec![violation(field, *code, code.text().en)],
            Self::Draft(problems) => problems
                .iter()
                .map(|problem| violation(&problem.field, problem.code, &problem.sentence().en))
                .collect(),
            Self::CasesNotReady
            | Self::ConsentKnown
            | Self::ConsentLater
            | Self::Consumer(_)
            | Self::Cut
            | Self::Defect
            | Self::NotListed
            | Self::NotNow(_)
            | Self::NotRecorded
            | Self::Operation(_)
            | Self::OutsideScope
            | Self::Reason(_)
            | Self::Role(_)
            | Self::TooManyLookups(_)
            | Self::TooManyQueries(_)
            | Self::UnknownAgreement
            | Self::UnknownCase
            | Self::UnknownConsent
            | Self::UnknownErasure
            | Self::UnknownNotice
            | Self::Unread => Vec::new(),
        }
    }
}

fn violation(field: &str, code: Code, description: &str) -> FieldViolation {
    FieldViolation {
        field: field.to_owned(),
        description: description.to_owned(),
        reason: code.name().to_owned(),
        ..FieldViolation::default()
    }
}

/// A draft is the office's to mend, unless all that stands against it is for others to change.
fn of_draft(problems: &[Problem]) -> Answer {
    let all = |codes: &[Code]| problems.iter().all(|problem| codes.contains(&problem.code));
    let grpc = if all(&[Code::ReferenceConflict, Code::IdConflict]) {
        Grpc::AlreadyExists
    } else if all(&[
        Code::NoAgreement,
        Code::AgreementExpired,
        Code::AgreementSuspended,
    ]) {
        Grpc::FailedPrecondition
    } else if all(&[Code::QuotaExceeded, Code::TooManyQueries]) {
        Grpc::ResourceExhausted
    } else if all(&[Code::AreaOutsideScope]) {
        Grpc::PermissionDenied
    } else {
        Grpc::InvalidArgument
    };
    let first = problems.first();
    let reason = first.map_or(Code::Malformed, |problem| problem.code);
    let told = |it: &Problem| format!("{} ({})", it.field, it.code);
    let list = problems.iter().map(told).collect::<Vec<_>>().join(", ");
    Answer::new(
        grpc,
        class_of(problems),
        reason.name(),
        format!("通报被拒绝：{list}"),
        format!("the notice is refused: {list}"),
    )
}

/// Whoever must act first, of all that stands against a draft: its office, the two sides, a person
/// who runs a node; and only where nobody need act it is to be tried again.
fn class_of(problems: &[Problem]) -> Class {
    let classes = problems.iter().map(|problem| Class::of(problem.code));
    classes.min().unwrap_or(Class::Final)
}

fn of_consumer(error: &ConsumerError) -> Answer {
    let message = error.to_string();
    match error {
        ConsumerError::BeyondHandout => Answer::new(
            Grpc::OutOfRange,
            Class::Final,
            "beyond_handout",
            "确认的位置超出了已交付的范围。",
            message,
        ),
        ConsumerError::OtherFilter => Answer::new(
            Grpc::FailedPrecondition,
            Class::Final,
            "consumer_differs",
            "同名的接收端已按其他条件建立，请换一个名称或沿用原条件。",
            message,
        ),
        ConsumerError::NotNow(error) => of_not_now(error),
    }
}

fn of_not_now(error: &NotNow) -> Answer {
    let later = |grpc, reason, zh: &str| {
        Answer::new(grpc, Class::RetryLater, reason, zh, error.to_string())
    };
    match error {
        NotNow::Archived => Answer::new(
            Grpc::FailedPrecondition,
            Class::Operator,
            "archived",
            "该记录已归档，但归档文件缺失，请联系管理员放回（节点日志写明文件名）。",
            error.to_string(),
        ),
        NotNow::StorageLow => {
            let Text { zh, en: _ } = Code::StorageLow.text();
            later(Grpc::ResourceExhausted, Code::StorageLow.name(), zh).after(10)
        }
        NotNow::Busy => later(Grpc::ResourceExhausted, "busy", "节点正忙，请稍后再试。").after(2),
        NotNow::Unknown => later(
            Grpc::Unknown,
            "outcome_unknown",
            "结果不明；请用同一业务编号再问一次。",
        ),
        NotNow::Poisoned => Answer::new(
            Grpc::Unavailable,
            Class::Operator,
            "journal_stopped",
            "日志写入失败，节点已停止受理，请联系管理员。",
            error.to_string(),
        ),
        NotNow::IndexFailed => later(
            Grpc::Unavailable,
            "index_failed",
            "索引失效，正在重建，请稍后再试。",
        )
        .after(10),
        NotNow::Unreadable => Answer::new(
            Grpc::DataLoss,
            Class::Operator,
            "record_unreadable",
            "已存的记录无法读取，请停止节点并运行 hongyan journal check。",
            error.to_string(),
        ),
        NotNow::Stopping => {
            later(Grpc::Unavailable, "stopping", "节点正在停止，请稍后再试。").after(5)
        }
        NotNow::Fenced => later(Grpc::Aborted, "fenced", "已被更新的连接取代，请重新打开。"),
    }
}

fn of_operation(error: &OperationError) -> Answer {
    let message = error.to_string();
    match error {
        OperationError::Declined { code, words } => Answer::new(
            Grpc::FailedPrecondition,
            Class::Operator,
            code,
            words.zh.as_str(),
            words.en.as_str(),
        ),
        OperationError::CasesNotReady => Fault::CasesNotReady.answer(),
        OperationError::NotNow(error) => of_not_now(error),
        OperationError::UnknownPeer => Answer::new(
            Grpc::NotFound,
            Class::Operator,
            "unknown_peer",
            "没有已配对的节点代表该区县，请先配对。",
            message,
        ),
        OperationError::Unreachable(why) => Answer::new(
            Grpc::Unavailable,
            Class::RetryLater,
            "peer_unreachable",
            format!("无法连接对方节点：{why}"),
            message,
        ),
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let Answer {
            grpc,
            class,
            reason,
            words: Sentence { zh, en },
            retry,
        } = fault.answer();
        let mut whose = HashMap::from([("class".to_owned(), class.name().to_owned())]);
        if let Some(version) = fault.agreement() {
            whose.insert("agreement".to_owned(), version.to_string());
        }
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, whose);
        details.set_localized_message("zh-CN", zh);
        let violations = fault.violations();
        if !violations.is_empty() {
            details.set_bad_request(violations);
        }
        if retry.is_some() {
            details.set_retry_info(retry);
        }
        Self::with_error_details(grpc, en, details)
    }
}

/// The `domain` of every `ErrorInfo`.
const DOMAIN: &str = "hongyan";

#[cfg(test)]
#[path = "problem_tests.rs"]
mod tests;
