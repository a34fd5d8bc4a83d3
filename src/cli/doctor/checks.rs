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
        moment::short,
        store_by_hand,
    },
    Finding, State,
};
use crate::{
    agreement::{Agreements, EndsSoon},
    config::load_holidays,
    domain::workdays::Workdays,
    node::{HeadsReport, check_heads},
    pairing::{load_agreements, load_all},
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
