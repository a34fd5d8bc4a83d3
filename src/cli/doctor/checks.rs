//! What can be seen in the directory and on the machine.

use jiff::{
    Timestamp,
    civil::{Date, date},
};
use rustix::fs::statvfs;

use super::{
    super::{
        exit::Failure,
        home::Home,
        key::{lineage, own_keys},
        language::both,
        moment::{age, last_day, short},
        store_by_hand,
    },
    Finding, State,
};
use crate::{
    agreement::{Agreements, EndsSoon},
    config::{Restored, load_holidays},
    domain::{problem::Sentence, workdays::Workdays},
    node::{HeadsReport, check_heads},
    pairing::{load_agreements, load_all},
    store::backups::{self, Backup},
    trust::{
        expiry::{Stage, Warning},
        files,
        master_key::{MasterKeyError, MasterKeys},
        material::{TrustSnapshot, TrustSource},
        pairing::Pairing,
    },
};

/// All of them, in the order in which to mend what is wrong.
pub(super) fn all(home: &Home) -> Vec<Finding> {
    let mut findings = vec![Finding::new(
        "configuration",
        State::Fine,
        both(
            format!("node.toml 可用，节点 {}", home.config.id),
            format!("node.toml is one, node {}", home.config.id),
        ),
    )];
    findings.extend(keys(home));
    findings.push(clock(home));
    findings.extend(trust(home));
    findings.extend(agreements(home));
    findings.extend(holidays(home));
    findings.push(journal_heads(home));
    findings.push(backup(home));
    findings.extend(restored(home));
    findings.push(disk(home));
    findings
}

fn keys(home: &Home) -> Vec<Finding> {
    let paths = [
        home.dir.node_key(),
        home.dir.signing_key(),
        home.dir.reference_key(),
        home.dir.office_root_key(),
        home.dir.operator_key(),
    ];
    let wrong: Vec<Finding> = paths
        .iter()
        .filter_map(|path| files::read_secret(path).err())
        .map(|error| Finding::of_failure("keys", error.into()))
        .collect();
    if wrong.is_empty() {
        let sentence = both(
            "密钥文件齐全，仅本用户可读",
            "key files are there and closed to others",
        );
        return vec![
            Finding::new("keys", State::Fine, sentence),
            signing_key(home),
            master_key(home),
        ];
    }
    wrong.into_iter().chain([master_key(home)]).collect()
}

/// Whether the master key is there, and opens what is there.
fn master_key(home: &Home) -> Finding {
    let check = "master_key";
    let source = &home.config.master_key;
    let keys = match MasterKeys::load(source, home.dir.path()) {
        Ok(keys) => keys,
        // It is there for the node, maybe, and not for whoever asks.
        Err(error @ MasterKeyError::Unset(_)) => {
            let sentence = both(
                format!("此处看不到主密钥（{source}），无从核对；节点启动时须能取得。"),
                format!("cannot be looked at from here: {error}"),
            );
            return Finding::new(check, State::Soon, sentence);
        }
        Err(error) => return Finding::of_failure(check, error.into()),
    };
    let left = match store_by_hand::not_wrapped_by(home, &keys) {
        Ok(left) => left,
        Err(failure) => return Finding::of_failure(check, failure),
    };
    let id = keys.first().id();
    if keys.is_changing() || left > 0 {
        let sentence = both(
            format!("主密钥更换尚未完成（还有{left}块），请执行 hongyan key rotate-master。"),
            format!(
                "a change of the master key has not ended ({left} blocks left); run hongyan key rotate-master"
            ),
        );
        return Finding::new(check, State::Soon, sentence);
    }
    let sentence = both(format!("主密钥 {id}"), format!("master key {id}"));
    Finding::new(check, State::Fine, sentence)
}

/// The key in use by its fingerprint, so that it can be compared with what peers hold.
fn signing_key(home: &Home) -> Finding {
    let keys = match own_keys(home) {
        Ok(keys) => keys,
        Err(failure) => return Finding::of_failure("signing_key", failure),
    };
    let fingerprint = keys.signing.public().id().fingerprint().spoken();
    let changes = keys.earlier.len();
    let sentence = both(
        format!("签名密钥指纹 {fingerprint}，已更换{changes}次"),
        format!("signing key {fingerprint}, changed {changes} times"),
    );
    Finding::new("signing_key", State::Fine, sentence)
}

/// Whether the journal is still the one whose heads this node signed.
fn journal_heads(home: &Home) -> Finding {
    let check = "journal_heads";
    let own = match lineage(home) {
        Ok(own) => own,
        Err(failure) => return Finding::of_failure(check, failure),
    };
    let HeadsReport {
        signed,
        unsigned,
        wrong,
        gone,
    } = match check_heads(&home.dir, &own) {
        Ok(report) => report,
        Err(error) => {
            let failure = Failure::refused(both(
                format!("日志链头无法核对：{error}"),
                format!("the heads of the journal cannot be compared: {error}"),
            ));
            return Finding::of_failure(check, failure);
        }
    };
    if !wrong.is_empty() {
        let (zh, en) = (wrong.join("、"), wrong.join(", "));
        let sentence = both(
            format!("日志与本节点签署的链头不符：{zh}。请从备份恢复，并与对方持有的链头核对。"),
            format!(
                "the journal is not the one whose heads were signed: {en}; restore it from a backup, and compare with the heads that peers hold"
            ),
        );
        return Finding::new(check, State::Wrong, sentence);
    }
    if !gone.is_empty() {
        let (zh, en) = (gone.join("、"), gone.join(", "));
        let sentence = both(
            format!("日志缺少已签署链头的段：{zh}。请把文件放回 data/journal，或从备份恢复节点。"),
            format!(
                "segments of which the heads were signed are missing: {en}; bring their files back into data/journal, or restore the node from a backup"
            ),
        );
        return Finding::new(check, State::Wrong, sentence);
    }
    if unsigned > 0 {
        let sentence = both(
            format!(
                "日志有{unsigned}段尚未签署链头，节点运行时会补签；如持续出现，请查看节点日志。"
            ),
            format!(
                "{unsigned} segments of the journal have no signed head; a running node signs them; if it stays so, look at its log"
            ),
        );
        return Finding::new(check, State::Soon, sentence);
    }
    let sentence = both(
        format!("日志{signed}段的链头均已签署且相符"),
        format!("the heads of all {signed} segments are signed and fit"),
    );
    Finding::new(check, State::Fine, sentence)
}

/// The newest backup. A node that is young, or on trial, may have none.
fn backup(home: &Home) -> Finding {
    let check = "backup";
    let backups = match backups::list(&home.dir.data()) {
        Ok(backups) => backups,
        Err(error) => {
            let failure = Failure::refused(both(
                format!("备份登记无法使用：{error}"),
                error.to_string(),
            ));
            return Finding::of_failure(check, failure);
        }
    };
    let now_ms = home.clock.now_ms();
    // Made with the node, or with its directory when that was restored, and never changed.
    let made = home.dir.reference_key().metadata();
    let made = made.and_then(|file| file.modified()).ok();
    let made = made.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let made_ms = made.and_then(|at| i64::try_from(at.as_millis()).ok());
    let node_ms = made_ms.map_or(0, |made_ms| now_ms.saturating_sub(made_ms));
    let (state, sentence) = of_backups(&backups, now_ms, node_ms);
    match state {
        State::Soon if home.config.mode.is_sandbox() => Finding::new(check, State::Fine, sentence),
        state => Finding::new(check, state, sentence),
    }
}

/// What there is to say of these backups of a node that is so many milliseconds old.
fn of_backups(backups: &[Backup], now_ms: i64, node_ms: i64) -> (State, Sentence) {
    let kept = backups.iter().filter(|backup| backup.until_ms > now_ms);
    let Some(newest) = kept.max_by_key(|backup| backup.made_ms) else {
        let state = if node_ms > BACKUP_MS {
            State::Soon
        } else {
            State::Fine
        };
        let sentence = both(
            "没有仍保留的备份：hongyan backup",
            "no backup that is still kept: hongyan backup",
        );
        return (state, sentence);
    };
    let age_ms = now_ms.saturating_sub(newest.made_ms).max(0);
    // Of one that was made this moment too.
    let age = age(u64::try_from(age_ms / 1_000).unwrap_or(0).max(1));
    let (until, place) = (last_day(newest.until_ms), &newest.place);
    let mut sentence = both(
        format!("最近一次备份在 {} 之前，保留到 {until}：{place}", age.zh),
        format!(
            "the newest backup is {} old and kept until {until}: {place}",
            age.en
        ),
    );
    if age_ms <= BACKUP_MS {
        return (State::Fine, sentence);
    }
    sentence.zh += "。请再备份一次：hongyan backup";
    sentence.en += "; make another: hongyan backup";
    (State::Soon, sentence)
}

/// That a node was made from a backup, until every peer has been heard.
fn restored(home: &Home) -> Option<Finding> {
    let check = "restored";
    let restored = match Restored::read(&home.dir) {
        Ok(restored) => restored?,
        Err(error) => return Some(Finding::of_failure(check, error.into())),
    };
    let (made, at) = (short(restored.made_ms), short(restored.restored_ms));
    let sentence = both(
        format!(
            "本节点于 {at} 由 {made} 的备份恢复，尚有对方未答复被退回多少；节点运行时自行询问，见 hongyan channel list。"
        ),
        format!(
            "this node was made at {at} from the backup of {made}, and not every peer has said yet how far it was set back; it asks while it runs, see hongyan channel list"
        ),
    );
    Some(Finding::new(check, State::Soon, sentence))
}

/// A clock that runs behind this program, or behind the node's own files, is wrong.
fn clock(home: &Home) -> Finding {
    let now = home.clock.now_ms();
    let written = home
        .dir
        .config()
        .metadata()
        .and_then(|file| file.modified())
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .and_then(|at| i64::try_from(at.as_millis()).ok());
    let early = Timestamp::from_millisecond(now)
        .is_ok_and(|now| now.to_zoned(jiff::tz::TimeZone::UTC).date() < date(2026, 1, 1));
    if early || written.is_some_and(|written| written > now.saturating_add(MINUTE_MS)) {
        return Finding::new(
            "clock",
            State::Wrong,
            both(
                format!(
                    "系统时钟 {} 偏慢，请与时间服务器同步（例如 chronyd）。",
                    short(now)
                ),
                format!(
                    "the clock of this machine ({}) is behind; keep it by a time server, for example with chronyd",
                    short(now)
                ),
            ),
        );
    }
    Finding::new(
        "clock",
        State::Fine,
        both(
            format!("系统时钟 {}", short(now)),
            format!("clock {}", short(now)),
        ),
    )
}

fn trust(home: &Home) -> Vec<Finding> {
    let pairings: Vec<Pairing> = match load_all(&home.dir) {
        Ok(pairings) => pairings.into_iter().map(|file| file.pairing).collect(),
        Err(error) => return vec![Finding::of_failure("pairings", error.into())],
    };
    let peers = pairings.len();
    let config = &home.config;
    let source = TrustSource {
        dir: home.dir.path().into(),
        areas: config.areas.clone(),
        sandbox: config.mode.is_sandbox(),
        revocation: config.revocation,
        pairings,
        // Agreements are looked at by a check of their own.
        own_endpoint: None,
        offices: config
            .office_clients
            .iter()
            .map(|office| office.id.clone())
            .collect(),
        office_hosts: Vec::new(),
    };
    let snapshot = match TrustSnapshot::load(&source, &home.clock) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            let failure = Failure::refused(both(
                format!("证书或密钥不可用：{error}"),
                format!("certificates or keys cannot be used: {error}"),
            ));
            return vec![Finding::of_failure("trust", failure)];
        }
    };
    let warnings = snapshot.warnings(home.clock.now());
    let mut findings: Vec<Finding> = warnings.iter().map(warned).collect();
    if findings.is_empty() {
        let sentence = both(
            format!("证书和吊销列表有效，已配对{peers}个节点"),
            format!("certificates and lists hold, {peers} peers are paired"),
        );
        findings.push(Finding::new("trust", State::Fine, sentence));
    }
    findings
}

fn warned(warning: &Warning) -> Finding {
    match warning {
        Warning::CrlMissing(domain) => Finding::new(
            "trust",
            State::Wrong,
            both(
                format!(
                    "缺少信任域 {domain} 的吊销列表，其节点无法连接；请向其机构索取，放到 tls/crl-{domain}.pem。"
                ),
                format!(
                    "the revocation list of {domain} is missing, so its nodes are shut out; ask its authority and put it in tls/crl-{domain}.pem"
                ),
            ),
        ),
        Warning::Expires { subject, at, stage } => {
            let when = short(at.saturating_mul(1_000));
            let (state, sentence) = match stage {
                Stage::Past => (
                    State::Wrong,
                    both(
                        format!("{subject} 已于 {when} 过期，请立即更换。"),
                        format!("{subject} expired on {when}; replace it now"),
                    ),
                ),
                Stage::Days2 | Stage::Days7 | Stage::Days14 => (
                    State::Soon,
                    both(
                        format!("{subject} 将于 {when} 过期，请及时更换。"),
                        format!("{subject} expires on {when}; replace it in time"),
                    ),
                ),
            };
            Finding::new("trust", state, sentence)
        }
    }
}

fn agreements(home: &Home) -> Vec<Finding> {
    let held = match load_agreements(&home.dir) {
        Ok(held) => held,
        Err(error) => return vec![Finding::of_failure("agreements", error.into())],
    };
    let today = match home.today() {
        Ok(today) => today,
        Err(failure) => return vec![Finding::of_failure("agreements", failure)],
    };
    let ended = held.not_in_force(today);
    let count = held.count();
    if ended.is_empty() {
        let sentence = both(
            format!("{count}份协议在有效期内"),
            format!("{count} agreements are in force"),
        );
        let ending = ending(&held, today);
        if !ending.is_empty() {
            return ending;
        }
        return vec![Finding::new("agreements", State::Fine, sentence)];
    }
    let list: Vec<String> = ended.iter().map(ToString::to_string).collect();
    let list = list.join(", ");
    let sentence = both(
        format!("协议不在有效期内：{list}。请重新配对续签。"),
        format!("not in force today: {list}; pair again to renew"),
    );
    vec![Finding::new("agreements", State::Soon, sentence)]
}

/// Agreements that end within 60 days, with nothing to follow them.
fn ending(held: &Agreements, today: Date) -> Vec<Finding> {
    let ending = held.ending_soon(today).into_iter();
    let findings = ending.map(|EndsSoon { version, on, .. }| {
        let sentence = both(
            format!("协议 {version} 将于 {on} 到期，请重新配对续签。"),
            format!("agreement {version} ends on {on}; pair again to renew"),
        );
        Finding::new("agreements", State::Soon, sentence)
    });
    findings.collect()
}

fn holidays(home: &Home) -> Vec<Finding> {
    let workdays = match load_holidays(&home.dir) {
        Ok(workdays) => workdays,
        Err(error) => return vec![Finding::of_failure("holidays", error.into())],
    };
    match home.today() {
        Ok(today) => of_workdays(&workdays, today),
        Err(failure) => vec![Finding::of_failure("holidays", failure)],
    }
}

/// The years that the table lacks; if it lacks none, those that it has.
fn of_workdays(workdays: &Workdays, today: Date) -> Vec<Finding> {
    let lacking = workdays.lacking(today);
    if lacking.is_empty() {
        let years: Vec<_> = workdays.years().collect();
        let listed: Vec<String> = years.iter().map(|year| year.year().to_string()).collect();
        let newest = years
            .last()
            .map_or("", |year| year.notice().number.as_str());
        let sentence = both(
            format!("节假日表有{}年，最近依据 {newest}", listed.join("、")),
            format!(
                "the table of holidays has {}, the last by {newest}",
                listed.join(", ")
            ),
        );
        return vec![Finding::new("holidays", State::Fine, sentence)];
    }
    let findings = lacking.into_iter();
    findings
        .map(|unknown| Finding::new("holidays", State::Soon, unknown.sentence()))
        .collect()
}

fn disk(home: &Home) -> Finding {
    let free = match statvfs(home.dir.path()) {
        Ok(space) => space.f_bavail.saturating_mul(space.f_frsize),
        Err(error) => {
            let sentence = both(
                format!("无法读取磁盘空间：{error}"),
                format!("free space cannot be read: {error}"),
            );
            return Finding::new("disk", State::Wrong, sentence);
        }
    };
    let (free, low) = (free >> 20, home.config.limits.low_bytes >> 20);
    if free < low {
        let sentence = both(
            format!("磁盘剩余 {free} MiB，低于 {low} MiB，节点暂不接收；请腾出空间。"),
            format!("{free} MiB are free, below {low} MiB, so nothing new is taken; make room"),
        );
        return Finding::new("disk", State::Wrong, sentence);
    }
    let sentence = both(
        format!("磁盘剩余 {free} MiB"),
        format!("{free} MiB are free"),
    );
    Finding::new("disk", State::Fine, sentence)
}

const MINUTE_MS: i64 = 60_000;
/// A backup that is older is worth a word.
const BACKUP_MS: i64 = 7 * 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agreement::samples::{TEXT, held},
        domain::workdays::samples::two_years,
    };

    #[test]
    fn an_agreement_that_ends_soon_is_named_with_its_last_day() {
        let held = held(&[TEXT]);
        assert!(ending(&held, date(2028, 10, 31)).is_empty());
        let [finding] = ending(&held, date(2028, 11, 1)).try_into().ok().unwrap();
        assert!(
            finding
                .sentence
                .en
                .contains("350582-530111/1 ends on 2028-12-31")
        );
        assert!(finding.sentence.zh.contains("2028-12-31 到期"));
    }

    #[test]
    fn a_backup_that_is_old_or_missing_is_told_and_a_young_node_is_left_alone() {
        let of = |made_ms, until_ms| Backup {
            made_ms,
            until_ms,
            place: "/backup/x".into(),
        };
        let now = 100 * BACKUP_MS;
        let day = BACKUP_MS / 7;
        let told = |backups: &[Backup], age| {
            let (state, sentence) = of_backups(backups, now, age);
            (state, sentence.en)
        };
        assert_eq!(told(&[], day).0, State::Fine);
        assert_eq!(told(&[], BACKUP_MS + 1).0, State::Soon);
        // One that is kept no longer is none.
        assert_eq!(told(&[of(now - day, now)], BACKUP_MS + 1).0, State::Soon);
        let (state, said) = told(&[of(now - day, now + day), of(0, now + 2)], 2 * BACKUP_MS);
        assert_eq!(state, State::Fine);
        assert!(
            said.contains("1 d 0 h old") && said.ends_with("/backup/x"),
            "{said}"
        );
        let (state, said) = told(&[of(now - 8 * day, now + day)], 2 * BACKUP_MS);
        assert_eq!(state, State::Soon);
        assert!(said.ends_with("make another: hongyan backup"), "{said}");
    }

    #[test]
    fn a_year_that_the_table_of_holidays_lacks_is_named_in_time() {
        let told = |today: Date| -> Vec<(State, String, String)> {
            let findings = of_workdays(&two_years(), today).into_iter();
            let told = findings.map(|found| (found.state, found.sentence.zh, found.sentence.en));
            told.collect()
        };
        let [(state, zh, en)] = told(date(2026, 10, 31)).try_into().ok().unwrap();
        assert_eq!(state, State::Fine);
        assert_eq!(zh, "节假日表有2025、2026年，最近依据 国办发明电〔2025〕7号");
        assert!(en.ends_with("has 2025, 2026, the last by 国办发明电〔2025〕7号"));
        for (today, years) in [
            (date(2026, 11, 1), &[2027][..]),
            (date(2027, 1, 1), &[2027]),
            (date(2027, 11, 1), &[2027, 2028]),
        ] {
            let told = told(today);
            assert_eq!(told.len(), years.len(), "{today}");
            for ((state, zh, en), year) in told.iter().zip(years) {
                assert_eq!(*state, State::Soon);
                assert!(zh.contains(&format!("没有{year}年")), "{zh}");
                assert!(en.contains(&format!("lacks {year};")), "{en}");
            }
        }
    }
}
