//! The errors of the modules below as commands tell them: the one place that gives each its exit
//! code and its Chinese.

use std::path::Path;

use super::{
    exit::Failure,
    language::both,
    store_by_hand::{erasures_failed, journal_zh, vault_failed},
};
use crate::{
    agreement::TwoTexts,
    backup::BackupError,
    config::{ConfigError, HolidaysError, TableError},
    domain::problem::{Code, Sentence, Text},
    office::client::{ClientError, Refusal},
    pairing::{AgreementsError, InstallError, LoadError, PairingError, life::SayError},
    trust::{
        alert::Alert,
        authority::AuthorityError,
        files::FileError,
        identity_error::IdentityError,
        issue::IssueError,
        keys::{KeyError, NoRandomness},
        master_key::{MasterKeyError, MasterKeySource},
        rotation::RotateError,
        signature::SignatureError,
    },
};

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let zh = match &error {
            FileError::Exists { path } => format!("{} 已存在，请先移走。", path.display()),
            FileError::Io { path, source } => format!("{}：{source}", path.display()),
            FileError::Missing { path } => {
                format!("找不到 {}，{}。", path.display(), remedy_zh(path))
            }
            FileError::NotAFile { path } => {
                format!(
                    "{} 是目录，此处应为文件；请移走目录，放回文件。",
                    path.display()
                )
            }
            FileError::NoRandomness(_) => "系统不提供随机数。".to_owned(),
            FileError::TooLarge { path } => format!("{} 过大。", path.display()),
            FileError::TooOpen { path } => format!(
                "{} 可被他人读取，请执行：chmod 600 {}",
                path.display(),
                path.display()
            ),
        };
        Self::refused(both(zh, error.to_string()))
    }
}

/// How to come by a file that is missing, as [`FileError`] says it in English.
fn remedy_zh(path: &Path) -> &'static str {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("crl") {
        "请向证书机构取得吊销列表，放到该处"
    } else if name.ends_with(".key") {
        "请从备份恢复；没有备份，只能重建节点并重新配对"
    } else {
        "请放回该文件，或核对路径"
    }
}

/// Where the master key is to come from; of a command its program alone.
fn source_zh(source: &MasterKeySource) -> String {
    match source {
        MasterKeySource::Command(words) => {
            let program = words.first().map_or("", String::as_str);
            format!("命令 {program}")
        }
        MasterKeySource::Credential(name) => format!("凭据 {name}"),
        MasterKeySource::Environment(name) => format!("环境变量 {name}"),
        MasterKeySource::File(path) => path.display().to_string(),
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let zh = match &error {
            BackupError::Erasures(error) => return erasures_failed(error),
            BackupError::Vault(error) => return vault_failed(error),
            BackupError::Config(error) => format!("备份中的配置有误：{error}"),
            BackupError::File(error) => format!("文件无法使用：{error}"),
            BackupError::OwnKeys(error) => format!("备份中的签名密钥不可用：{error}"),
            BackupError::Altered(path) => format!(
                "备份已损坏：{} 与备份时不同，请换用其他备份。",
                path.display()
            ),
            BackupError::ErasuresDiffer(path) => format!(
                "删除清单 {} 与备份中的不一致，互不为对方的延续：其中之一不是本节点所写的副本；请查明后，使用本节点最新的 data/erasures。",
                path.display()
            ),
            BackupError::Disk { path, source } => format!(
                "{}：{source}；请检查磁盘是否挂载、有空间、本用户可写。",
                path.display()
            ),
            BackupError::Heads(error) => format!("日志链头无法核对：{error}"),
            BackupError::Journal(error) => journal_zh(error),
            BackupError::Manifest { path, line } => format!(
                "备份已损坏：{} 第{line}行与备份时不同，请换用其他备份。",
                path.display()
            ),
            BackupError::Missing(path) => {
                format!("备份不全：缺少 {}，请换用其他备份。", path.display())
            }
            BackupError::Newer(path) => {
                format!("{} 由较新的版本写成，请使用该版本。", path.display())
            }
            BackupError::NoRandomness(_) => "系统不提供随机数。".to_owned(),
            BackupError::NotWhole(path) => format!(
                "{} 不是备份，或备份中途中断：没有 manifest.jsonl。请换用其他备份，并清除中断的备份。",
                path.display()
            ),
            BackupError::Register(error) => format!("备份登记无法使用：{error}"),
            BackupError::Taken(path) => format!(
                "{} 已存在且不为空；恢复从不覆盖已有节点，请另选目录，或先移走。",
                path.display()
            ),
            BackupError::Within(path) => format!(
                "{} 在节点目录之内；备份应放在另一块磁盘上。",
                path.display()
            ),
        };
        Self::refused(both(zh, error.to_string()))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let zh = match &error {
            ConfigError::Range { key, least, most } => {
                format!("配置有误：node.toml 的 `{key}` 应为 {least} 至 {most}。")
            }
            ConfigError::Document(_)
            | ConfigError::OfficeClient { .. }
            | ConfigError::Value { .. } => format!("配置有误：{error}"),
        };
        Self::usage(both(zh, error.to_string()))
    }
}

impl From<HolidaysError> for Failure {
    fn from(error: HolidaysError) -> Self {
        let zh = match &error {
            HolidaysError::File(_) => format!("节假日表无法读取：{error}"),
            HolidaysError::NotText => format!("holidays.toml 不是UTF-8文本。{MEND_HOLIDAYS}"),
            HolidaysError::Table(TableError::Misarranged { line, why }) => format!(
                "holidays.toml 第{line}行：{}。{MEND_HOLIDAYS}",
                why.sentence().zh
            ),
            HolidaysError::Table(fault) => {
                format!("holidays.toml 无法使用（{fault}）。{MEND_HOLIDAYS}")
            }
        };
        Self::refused(both(zh, error.to_string()))
    }
}

impl From<AuthorityError> for Failure {
    fn from(error: AuthorityError) -> Self {
        if let AuthorityError::File(error) = error {
            return error.into();
        }
        Self::refused(both(format!("证书机构：{error}"), error.to_string()))
    }
}

impl From<IssueError> for Failure {
    fn from(error: IssueError) -> Self {
        Self::refused(both(format!("无法签发：{error}"), error.to_string()))
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        if let KeyError::File(error) = error {
            return error.into();
        }
        Self::refused(both(format!("密钥无法使用：{error}"), error.to_string()))
    }
}

impl From<MasterKeyError> for Failure {
    fn from(error: MasterKeyError) -> Self {
        let zh = match &error {
            MasterKeyError::Command { program, why } => {
                format!("程序 {program} 没有给出主密钥：{why}；请检查 node.toml 的 [master_key]。")
            }
            MasterKeyError::File(FileError::TooOpen { path }) => format!(
                "主密钥 {} 可被他人读取，请执行：chmod 600 {}",
                path.display(),
                path.display()
            ),
            MasterKeyError::File(FileError::NotAFile { path }) => format!(
                "主密钥 {} 是目录，此处应为文件；请移走目录，从保管处取回主密钥。",
                path.display()
            ),
            MasterKeyError::File(error) => format!("主密钥：{error}"),
            MasterKeyError::Missing { path } => format!(
                "找不到主密钥 {}，请从保管处取回；没有它，本节点保存的内容无法打开。",
                path.display()
            ),
            MasterKeyError::NoRandomness(_) => "系统不提供随机数。".to_owned(),
            MasterKeyError::NotAKey(source) => format!(
                "{} 中没有主密钥：应为一行一把、每把64位十六进制数字，最新的在前。请从保管处取回。",
                source_zh(source)
            ),
            MasterKeyError::Unset(source) => format!(
                "找不到主密钥（{}），请为本进程设置，或检查 node.toml 的 [master_key]。",
                source_zh(source)
            ),
        };
        Self::refused(both(zh, error.to_string()))
    }
}

impl From<NoRandomness> for Failure {
    fn from(error: NoRandomness) -> Self {
        Self::refused(both("系统不提供随机数。", error.to_string()))
    }
}

impl From<SignatureError> for Failure {
    fn from(error: SignatureError) -> Self {
        Self::refused(both(format!("无法签名：{error}"), error.to_string()))
    }
}

impl From<RotateError> for Failure {
    fn from(error: RotateError) -> Self {
        match error {
            RotateError::File(error) => error.into(),
            RotateError::Key(error) => error.into(),
            RotateError::Signature(error) => error.into(),
            RotateError::EarlierKeys { .. } => Self::refused(both(
                format!("以前的签名密钥清单不可用：{error}"),
                error.to_string(),
            )),
            RotateError::NotWritten => {
                Self::refused(both("以前的签名密钥清单无法写出。", error.to_string()))
            }
        }
    }
}

impl From<PairingError> for Failure {
    fn from(error: PairingError) -> Self {
        Self::refused(both(error.zh(), error.to_string()))
    }
}

impl From<SayError> for Failure {
    fn from(error: SayError) -> Self {
        match error {
            SayError::Agreements(error) => error.into(),
            SayError::File(error) => error.into(),
            SayError::Pairing(error) => error.into(),
            SayError::Signature(error) => error.into(),
            SayError::Unsaid(why) => Self::refused(why.text().into()),
            SayError::Template(_) | SayError::Terms(_) => Self::refused(both(
                format!("协议文本无法使用：{error}"),
                error.to_string(),
            )),
        }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let zh = match &error {
            LoadError::Content { name, error } => format!("peers/{name}：{}", error.zh()),
            LoadError::File(_) | LoadError::Directory(_) => format!("配对文件：{error}"),
        };
        Self::refused(both(zh, error.to_string()))
    }
}

impl From<InstallError> for Failure {
    fn from(error: InstallError) -> Self {
        match error {
            InstallError::File(error) => error.into(),
            InstallError::Pairing(error) => error.into(),
        }
    }
}

impl From<AgreementsError> for Failure {
    fn from(error: AgreementsError) -> Self {
        let zh = match &error {
            AgreementsError::TwoTexts(TwoTexts(version)) => {
                format!("协议 {version} 有两份不同的文本，请保留双方签署的那一份。")
            }
            AgreementsError::Statements { name, line, why } => format!(
                "agreements/{name} 第{line}行：{}请从备份恢复该文件，并一并换入最新的 keys/。",
                why.text().zh
            ),
            AgreementsError::NotText { name } => format!("agreements/{name} 不是UTF-8文本。"),
            AgreementsError::File(_)
            | AgreementsError::Directory(_)
            | AgreementsError::Signers(_)
            | AgreementsError::Terms { .. } => format!("协议无法读取：{error}"),
        };
        Self::refused(both(zh, error.to_string()))
    }
}

/// What a person reads of a failure that begins with the name of why a certificate does not do; none
/// of any other.
pub(super) fn of_certificates(failure: &str) -> Option<Text> {
    let (name, _) = failure.split_once(": ")?;
    let alerts = Alert::ALL.iter().map(|alert| (alert.name(), alert.text()));
    let errors = IdentityError::ALL
        .iter()
        .map(|error| (error.name(), error.text()));
    alerts
        .chain(errors)
        .find_map(|(known, text)| (known == name).then_some(text))
}

/// What a person reads of the node's no: of a field what its code says, else the node's own words,
/// which speak of the call.
pub(super) fn sentence_of(refusal: &Refusal) -> Sentence {
    let of_call = refusal.fields.is_empty() && !refusal.message_zh.is_empty();
    match Code::from_name(&refusal.code).map(Code::text) {
        Some(Text { zh, en }) if !of_call => both(zh, en),
        Some(_) | None => {
            let Refusal {
                message,
                message_zh,
                ..
            } = refusal;
            let zh = if message_zh.is_empty() {
                message
            } else {
                message_zh
            };
            both(zh, message)
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Unreachable(reason) => Self::unreachable(match of_certificates(&reason) {
                Some(Text { zh, en }) => both(
                    format!("无法连接节点：{zh}"),
                    format!("the node cannot be reached: {en}"),
                ),
                None => both(
                    format!("无法连接节点（{reason}）。请确认节点正在运行：hongyan serve"),
                    format!("the node cannot be reached ({reason}); is it running? hongyan serve"),
                ),
            }),
            ClientError::NotLetIn(alert) => {
                let Text { zh, en } = alert.text();
                Self::refused(both(
                    format!("节点拒绝本办公室：{zh}"),
                    format!("the node does not let this office in: {en}"),
                ))
            }
            ClientError::Ended(reason) => Self::unreachable(both(
                format!("节点中断了通话，可能正在停止；已发出而未答复的，结果不明。{reason}"),
                format!(
                    "the node ended the call, it may be stopping; what was sent and not answered is unknown. {reason}"
                ),
            )),
            ClientError::Refused(refusal) => {
                let fields = match refusal.fields.as_slice() {
                    [] => String::new(),
                    fields => format!(" ({})", fields.join(", ")),
                };
                let Sentence { zh, en } = sentence_of(&refusal);
                Self::refused(both(
                    format!("节点拒绝：{zh}{fields}"),
                    format!("the node refuses: {en}{fields}"),
                ))
            }
            ClientError::Unreadable => Self::refused(both(
                "节点的答复无法读取，版本是否一致？",
                error.to_string(),
            )),
            ClientError::File(error) => error.into(),
            ClientError::Certificate(_) => Self::refused(both(
                format!("办公室证书无法使用：{error}"),
                error.to_string(),
            )),
        }
    }
}

const MEND_HOLIDAYS: &str = "请改正，或移走该文件，改用随程序提供的节假日表。";

#[cfg(test)]
mod tests {
    use super::{super::exit::Exit, *};

    #[test]
    fn a_failure_over_certificates_is_told_in_both_languages() {
        for failure in [
            Alert::CertificateExpired.to_string(),
            IdentityError::NotYetValid.to_string(),
        ] {
            let text = of_certificates(&failure).unwrap();
            assert!(failure.ends_with(text.en), "{failure}");
            let Failure { exit, sentence } = ClientError::Unreachable(failure).into();
            let told = sentence.unwrap();
            assert_eq!(exit, Exit::Unreachable);
            assert!(told.zh.contains(text.zh) && told.en.contains(text.en));
            assert!(!told.en.contains("is it running"), "{}", told.en);
        }
        assert_eq!(of_certificates("Connection refused (os error 111)"), None);
        assert_eq!(of_certificates("the peer: gone"), None);
    }

    #[test]
    fn an_office_that_is_not_let_in_is_refused() {
        let Failure { exit, sentence } = ClientError::NotLetIn(Alert::CertificateExpired).into();
        assert_eq!(exit, Exit::Refused);
        let told = sentence.unwrap();
        assert!(told.en.contains("compare the clocks"), "{}", told.en);
        assert!(told.zh.contains("核对双方时钟"), "{}", told.zh);
    }
}
