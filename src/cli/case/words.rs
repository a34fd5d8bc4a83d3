//! Cases in the words of those who work on them.

use jiff::{ToSpan, civil::Date};

use super::{
    super::language::{Language, both},
    lists,
};
use crate::{
    agreement,
    domain::{
        area::County,
        calendar::day_of,
        case::WorkList,
        notice::Kind,
        outcome::OUTCOMES,
        problem::{Sentence, Text},
        work::ActKind,
        workdays::Workdays,
    },
    office::client::{CaseList, CaseState, Phase},
    trust::identity::SpiffeId,
};

/// Where a case stands.
pub(in crate::cli) fn state(case: &CaseState) -> Sentence {
    let Text { zh, en } = phase(case.phase);
    let reason = case.reason.map(reason);
    let (mut zh, mut en) = match reason {
        Some(reason) => (
            format!("{zh}：{}", reason.zh),
            format!("{en}: {}", reason.en),
        ),
        None => (zh.to_owned(), en.to_owned()),
    };
    if let Some(area) = case.moved_to {
        zh += &format!(" → {}", area.county().label());
        en += &format!(" → {}", area.county().label());
    }
    both(zh, en)
}

/// Where a case stands, without what belongs to that.
pub(in crate::cli) const fn phase(phase: Phase) -> Text {
    let (zh, en) = match phase {
        Phase::Opened => ("未反馈", "opened"),
        Phase::Answered => ("已反馈", "answered"),
        Phase::Active => ("已确认居住", "active"),
        Phase::ReconfirmationRequired => ("须重新确认", "to be confirmed anew"),
        Phase::MovedOn => ("已再流出", "moved on"),
        Phase::Withdrawn => ("已撤回", "withdrawn"),
        Phase::Closed => ("已结案", "closed"),
    };
    Text { zh, en }
}

/// What was found, or why a case was closed, by its stable name.
fn reason(name: &'static str) -> Sentence {
    let en = name.replace('_', " ");
    let closed = match name {
        "returned" => Some("已返回户籍地"),
        "registered_here" => Some("已在现居住地落户"),
        "deceased" => Some("死亡"),
        "left_scope" => Some("不再属服务对象"),
        "error" => Some("误立个案"),
        _ => None,
    };
    let found = || {
        let outcome = OUTCOMES.iter().find(|(outcome, _)| *outcome == name);
        outcome.and_then(|(_, words)| words.first().copied())
    };
    both(closed.or_else(found).unwrap_or(name), en)
}

/// What an office did.
pub(in crate::cli) const fn act(kind: ActKind) -> Text {
    let (zh, en) = match kind {
        ActKind::Took => ("接收", "took it up"),
        ActKind::Verifying => ("着手核实", "looks for her"),
        ActKind::Forwarded => ("转办", "handed it on"),
        ActKind::Noted => ("备注", "noted"),
        ActKind::PassedOn => ("已转告", "told the next area"),
        ActKind::NotTheSame => ("并非同一人", "another woman"),
        ActKind::Held => ("依法留存", "held it"),
        ActKind::Released => ("解除留存", "released it"),
    };
    Text { zh, en }
}

/// A kind of notice.
pub(in crate::cli) fn kind(kind: Kind, language: Language) -> String {
    let name = || kind.name().replace('_', " ");
    language.pick(agreement::kind_words(kind).zh.to_owned(), name())
}

/// An office as its own node calls it.
pub(in crate::cli) fn office(id: &SpiffeId) -> String {
    id.office_name()
        .map_or_else(|| id.to_string(), str::to_owned)
}

/// For what a case stands on a list: the kinds of the notices that wait.
pub(super) fn waiting(case: &CaseState, list: CaseList) -> Sentence {
    let here: Vec<Kind> = match list {
        CaseList::Work(WorkList::CorrectionsWaiting) => (case.history.iter())
            .filter(|event| event.from == case.other && event.taken_up_at_ms.is_none())
            .map(|event| event.kind)
            .filter(|kind| is_mending(*kind))
            .collect(),
        CaseList::Work(WorkList::ToTakeUp) => {
            let open = case.open(case.home);
            let waiting = open.filter(|debt| debt.taken_up_at_ms.is_none());
            waiting
                .filter_map(|debt| Some(case.event(debt.notice)?.kind))
                .collect()
        }
        CaseList::Awaited => Vec::new(),
        CaseList::Work(_) | CaseList::NearMatches | CaseList::All => owed(case, case.home),
    };
    if !here.is_empty() {
        return joined(&here);
    }
    let there = joined(&owed(case, case.other));
    if list == CaseList::Awaited || there.zh.is_empty() {
        return there;
    }
    both(
        format!("{}（待对方）", there.zh),
        format!("{} (theirs)", there.en),
    )
}

/// Whether such a notice mends, takes back or deletes what was told.
pub(super) const fn is_mending(kind: Kind) -> bool {
    matches!(kind, Kind::Correction | Kind::Withdrawal | Kind::Erasure)
}

fn owed(case: &CaseState, by: County) -> Vec<Kind> {
    let open = case.open(by);
    open.filter_map(|debt| Some(case.event(debt.notice)?.kind))
        .collect()
}

fn joined(kinds: &[Kind]) -> Sentence {
    let (mut zh, mut en): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for it in kinds {
        let words = [Language::Zh, Language::En].map(|language| kind(*it, language));
        let [chinese, english] = words;
        if !zh.contains(&chinese) {
            zh.push(chinese);
            en.push(english);
        }
    }
    both(zh.join("、"), en.join(", "))
}

/// The day under which a case stands on a list, with how far off it is where something is due by it.
pub(super) fn day(day: Date, list: CaseList, today: Date) -> Sentence {
    if !lists::is_by_due_day(list) {
        return both(day.to_string(), day.to_string());
    }
    let off = off(day, today);
    both(format!("{day} {}", off.zh), format!("{day} {}", off.en))
}

/// How far off a day is by which something is due.
pub(super) fn off(due: Date, today: Date) -> Sentence {
    let days = (due - today).get_days();
    let plural = |days: u32| if days == 1 { "day" } else { "days" };
    let count = days.unsigned_abs();
    match days {
        0 => both("今天到期", "today"),
        1.. => both(
            format!("还剩{count}天"),
            format!("in {count} {}", plural(count)),
        ),
        _ => both(
            format!("逾期{count}天"),
            format!("{count} {} late", plural(count)),
        ),
    }
}

/// Why a due day cannot be told: the first year from the notice on that the table of holidays lacks.
/// None where the table has since come to know it.
pub(super) fn lacking(case: &CaseState, workdays: &Workdays) -> Option<Sentence> {
    let open = case.owed.iter();
    let since = open
        .filter_map(|debt| case.event(debt.notice))
        .map(|it| it.at_ms)
        .max()?;
    let day = day_of(since)?;
    let next = day.checked_add(1.year()).ok()?;
    let years = [day.year(), next.year()];
    let mut lacks = years.into_iter().filter(|year| {
        let mut known = workdays.years();
        !known.any(|arrangement| arrangement.year() == *year)
    });
    let year = lacks.next()?;
    Some(both(
        format!("节假日表缺{year}年"),
        format!("no holidays of {year}"),
    ))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        domain::{notice::NoticeId, workdays::samples},
        office::client::{CLOSE_REASONS, CaseDebt, CaseEvent, DebtStanding},
    };

    /// A case of 350582 with 530111, in which both sides owe an answer.
    fn case(told_on: Date) -> CaseState {
        let [home, other] = ["350582", "530111"].map(|area| area.parse().unwrap());
        let at_ms = crate::domain::calendar::begin_ms(told_on).unwrap();
        let id = |number| NoticeId::new([1; 8], number);
        let told = |number, kind, from| CaseEvent {
            notice: id(number),
            kind,
            from,
            at_ms,
            phase: Phase::Opened,
            reached: true,
            taken_up_at_ms: None,
            speaks_of: None,
        };
        let owed = |number, by| CaseDebt {
            notice: id(number),
            by,
            take_up_due: None,
            answer_due: None,
            taken_up_at_ms: Some(at_ms),
            standing: DebtStanding::Open,
        };
        CaseState {
            home,
            other,
            id: id(1),
            origin: Some(home),
            phase: Phase::Answered,
            reason: Some("not_found"),
            moved_to: None,
            opened_ms: at_ms,
            urgent: false,
            overdue: false,
            one_sided: true,
            erased: false,
            held: false,
            lists: vec![],
            responsible: None,
            owed: vec![owed(1, other), owed(2, home)],
            history: vec![
                told(1, Kind::Departure, home),
                told(2, Kind::VerificationRequest, other),
                told(3, Kind::Withdrawal, other),
            ],
            work: vec![],
            near_matches: vec![],
        }
    }

    #[test]
    fn what_waits_is_told_of_the_side_that_the_list_is_about() {
        let mut case = case(date(2026, 10, 8));
        assert_eq!(
            state(&case),
            both("已反馈：查无此人", "answered: not found")
        );
        for (list, zh, en) in [
            (
                CaseList::Work(WorkList::ToAnswer),
                "协查",
                "verification request",
            ),
            (CaseList::Awaited, "流出通报", "departure"),
            (
                CaseList::Work(WorkList::CorrectionsWaiting),
                agreement::kind_words(Kind::Withdrawal).zh,
                "withdrawal",
            ),
        ] {
            assert_eq!(waiting(&case, list), both(zh, en));
        }
        case.owed.truncate(1);
        let theirs = both("流出通报（待对方）", "departure (theirs)");
        assert_eq!(waiting(&case, CaseList::All), theirs);
        case.owed.clear();
        assert_eq!(waiting(&case, CaseList::All), both("", ""));
    }

    #[test]
    fn the_year_is_named_that_the_table_of_holidays_lacks() {
        let table = samples::two_years();
        let lacks = |told_on| lacking(&case(told_on), &table);
        assert_eq!(
            lacks(date(2026, 12, 20)),
            Some(both("节假日表缺2027年", "no holidays of 2027"))
        );
        assert_eq!(
            lacks(date(2024, 12, 31)),
            Some(both("节假日表缺2024年", "no holidays of 2024"))
        );
        assert_eq!(lacks(date(2025, 12, 31)), None, "it has come to know it");
    }

    #[test]
    fn a_due_day_is_told_with_how_far_off_it_is() {
        let today = date(2026, 10, 8);
        for (due, zh, en) in [
            (date(2026, 10, 8), "今天到期", "today"),
            (date(2026, 10, 9), "还剩1天", "in 1 day"),
            (date(2026, 11, 7), "还剩30天", "in 30 days"),
            (date(2026, 10, 7), "逾期1天", "1 day late"),
            (date(2025, 10, 8), "逾期365天", "365 days late"),
        ] {
            assert_eq!(off(due, today), both(zh, en));
        }
        let opened = day(today, CaseList::All, today);
        assert_eq!(opened, both("2026-10-08", "2026-10-08"), "nothing is due");
    }

    #[test]
    fn every_reason_has_words() {
        let outcomes = OUTCOMES.iter().map(|(name, _)| *name);
        for name in outcomes.chain(CLOSE_REASONS) {
            assert_ne!(reason(name).zh, name);
            assert!(!reason(name).en.contains('_'));
        }
    }
}
