//! Reminders of what the other side owes, sent by the node before and after the day on which it is
//! due.
//!
//! What was sent is in the journal, so a restart sends nothing twice: a reminder is a notice in its
//! case, the day of the last one says which number comes next, and each number has a reference of
//! its own. A clock that is ahead for a moment sends nothing: the day to go by has passed for
//! certain.

use std::time::Duration;

use jiff::{ToSpan, civil::Date};
use tokio_util::sync::CancellationToken;

use super::{
    Office,
    authority::Authority,
    problem::Fault,
    publish::{Desk, Prepared},
};
use crate::{
    cases::{CaseView, ListAsked, ListName},
    clock::Certain,
    domain::{
        area::County,
        audit::{Act, Came, Counts, Entry, LOCAL, Purpose, Who},
        calendar::day_of,
        case::Owed,
        notice::{Content, Kind, NoticeId, Reminder},
        reminders::{next_reminder, reminders},
        urgency::Urgency,
        workdays::Workdays,
    },
    store::PublishError,
};

/// A reminder that is to be sent.
#[derive(Debug, PartialEq, Eq)]
struct ToSend {
    /// What it reminds of.
    about: NoticeId,
    number: u8,
    due_on: Date,
}

impl Office {
    /// Reminds until the node stops.
    pub(super) async fn remind(&self, stop: CancellationToken) {
        let mut certain = Certain::default();
        loop {
            let passed = certain.read(&self.parts.clock);
            if let Some(today) = passed.and_then(day_of) {
                for home in self.config().areas.clone() {
                    match self.remind_of(home, today).await {
                        Ok(0) => {}
                        Ok(sent) => tracing::info!(%home, sent, "Peers were reminded."),
                        Err(fault) => {
                            tracing::warn!(%home, reason = fault.reason(), "Reminders wait.");
                        }
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Sends the reminders of a home area that are due on a day; says how many.
    pub(super) async fn remind_of(&self, home: County, today: Date) -> Result<u64, Fault> {
        let workdays = self.parts.workdays.borrow().clone();
        let authority = Authority::of_node(&self.config());
        let mut after = None;
        let mut sent = 0_u64;
        loop {
            let asked = ListAsked {
                home,
                list: ListName::Awaited,
                areas: vec![home.into()],
                peer: None,
                today,
                after,
                limit: PAGE,
            };
            let page = self.parts.cases.list(asked).await?;
            let horizon = today.saturating_add(HORIZON_DAYS.days());
            let near = page
                .cases
                .iter()
                .take_while(|(day, _)| day.is_some_and(|day| day <= horizon));
            let near: Vec<&CaseView> = near.map(|(_, case)| case).collect();
            let is_last = near.len() < page.cases.len();
            sent = sent.saturating_add(self.send(&authority, &near, today, &workdays).await?);
            after = match page.next {
                Some(next) if !is_last => Some(next),
                _ => return Ok(sent),
            };
        }
    }

    async fn send(
        &self,
        authority: &Authority,
        cases: &[&CaseView],
        today: Date,
        workdays: &Workdays,
    ) -> Result<u64, Fault> {
        let desk = self.desk_of(authority.clone());
        let mut outgoing = Vec::new();
        for case in cases {
            for to_send in due(case, today, workdays) {
                // What no agreement lets through now is tried again with the next round.
                if let Ok(Prepared { outgoing: it, .. }) = compose(&desk, case, &to_send)? {
                    outgoing.push(it);
                }
            }
        }
        let mut sent = 0_u64;
        let act = Entry {
            at_ms: self.parts.clock.now_ms(),
            who: Who::Node,
            role: String::new(),
            from: LOCAL.to_owned(),
            act: Act::Published,
            on: Vec::new(),
            purpose: Purpose::None,
            came: Came::Done,
            counts: Counts::default(),
        };
        for answer in self.parts.store.publish_on_record(outgoing, act).await {
            match answer {
                Ok(accepted) if accepted.repeated => {}
                Ok(_) => sent = sent.saturating_add(1),
                Err(PublishError::Refused(_)) => {}
                Err(PublishError::NotNow(error)) => return Err(error.into()),
            }
        }
        Ok(sent)
    }
}

fn compose(
    desk: &Desk<'_>,
    case: &CaseView,
    to_send: &ToSend,
) -> Result<Result<Prepared, Vec<crate::domain::problem::Problem>>, Fault> {
    let ToSend {
        about,
        number,
        due_on,
    } = *to_send;
    let reference = format!("reminder-{about}-{number}");
    let content = Content::Reminder(Reminder { due_on });
    desk.compose(case, about, content, reference.parse().ok())
}

/// The reminders of a case that are to be sent on a day.
fn due(case: &CaseView, today: Date, workdays: &Workdays) -> Vec<ToSend> {
    let owed = case.open(case.other);
    owed.filter_map(|owed| of_owed(case, owed, today, workdays))
        .collect()
}

fn of_owed(case: &CaseView, owed: &Owed, today: Date, workdays: &Workdays) -> Option<ToSend> {
    let entry = |id: NoticeId| case.history.iter().find(move |entry| entry.notice == id);
    let asked = entry(owed.notice).filter(|entry| entry.reached)?;
    let about = match asked.kind {
        // Reminded of is what is corrected; and once, if that is open itself.
        Kind::Correction => {
            let corrected = asked.speaks_of?;
            let is_open = case.open(case.other).any(|owed| owed.notice == corrected);
            (!is_open).then_some(corrected)?
        }
        _ => owed.notice,
    };
    let due_on = owed.due.answer?;
    let urgency = if case.urgent {
        Urgency::Urgent
    } else {
        Urgency::Ordinary
    };
    // Of a year that the table lacks nothing can be told; the log and doctor say so.
    let plan = reminders(due_on, urgency, workdays).ok()?;
    let mut earlier = case.history.iter().rev();
    let last = earlier.find(|entry| {
        let own = entry.kind == Kind::Reminder && entry.channel.from == case.home;
        own && entry.speaks_of == Some(about) && entry.at_ms >= owed.since_ms
    });
    // Days that had come by the last reminder, or by the notice itself, count as sent.
    let counted = day_of(last.map_or(owed.since_ms, |entry| entry.at_ms))?;
    let already = next_reminder(&plan, 0, counted).unwrap_or(0);
    let number = next_reminder(&plan, already, today)?;
    Some(ToSend {
        about,
        number,
        due_on,
    })
}

/// How often it is looked what is due: a day's reminders go out in its first hours.
const EVERY: Duration = Duration::from_secs(600);
/// The first reminder of an answer lies three working days before it: fewer calendar days, over the
/// longest holidays, than these.
const HORIZON_DAYS: i64 = 20;
const PAGE: usize = 500;

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        cases::HistoryEntry,
        domain::{
            calendar::begin_ms,
            case::{Due, Standing, State},
            channel::Channel,
            workdays::samples::two_years,
        },
    };

    const PUBLISHED: Date = date(2026, 9, 15);

    fn id(number: u64) -> NoticeId {
        NoticeId::new([1; 8], number)
    }

    fn at(day: Date) -> i64 {
        begin_ms(day).unwrap() + 10 * 3_600_000
    }

    fn entry(number: u64, kind: Kind, on: Date, speaks_of: Option<NoticeId>) -> HistoryEntry {
        HistoryEntry {
            notice: id(number),
            kind,
            channel: Channel {
                from: "350582".parse().unwrap(),
                to: "530111".parse().unwrap(),
            },
            at_ms: at(on),
            state: State::Opened,
            reached: true,
            speaks_of,
        }
    }

    /// Published on Tuesday 15 September, due on 14 October behind National Day.
    fn case(reminded: &[Date]) -> CaseView {
        let mut history = vec![entry(1, Kind::Departure, PUBLISHED, None)];
        for (number, on) in (2..).zip(reminded) {
            history.push(entry(number, Kind::Reminder, *on, Some(id(1))));
        }
        CaseView {
            home: "350582".parse().unwrap(),
            other: "530111".parse().unwrap(),
            id: id(1),
            origin: None,
            state: State::Opened,
            opened_ms: at(PUBLISHED),
            urgent: false,
            one_sided: true,
            erased: false,
            lists: std::collections::BTreeSet::new(),
            owed: vec![Owed {
                notice: id(1),
                by: "530111".parse().unwrap(),
                since_ms: at(PUBLISHED),
                due: Due {
                    take_up: None,
                    answer: Some(date(2026, 10, 14)),
                },
                taken_up_at_ms: None,
                standing: Standing::Open,
            }],
            history,
            mended: Vec::new(),
            done: Vec::new(),
            responsible: None,
            near_matches: Vec::new(),
        }
    }

    fn number(case: &CaseView, today: Date) -> Option<u8> {
        let due = due(case, today, &two_years());
        assert!(due.len() < 2);
        due.first().map(|to_send| {
            assert_eq!((to_send.about, to_send.due_on), (id(1), date(2026, 10, 14)));
            to_send.number
        })
    }

    #[test]
    fn each_reminder_is_sent_once_whatever_the_days_between() {
        // Three working days before the 14th lie behind the holidays: Saturday the 10th is worked on.
        let days = [
            date(2026, 10, 10),
            date(2026, 10, 15),
            date(2026, 10, 22),
            date(2026, 10, 29),
            date(2026, 11, 5),
        ];
        assert_eq!(number(&case(&[]), date(2026, 10, 9)), None);
        let mut reminded = Vec::new();
        for (expected, day) in (1..).zip(days) {
            assert_eq!(number(&case(&reminded), day), Some(expected), "{day}");
            reminded.push(day);
            assert_eq!(number(&case(&reminded), day), None, "twice on {day}");
            let next = day.saturating_add(4.days());
            assert_eq!(number(&case(&reminded), next), None, "{next}");
        }
        assert_eq!(number(&case(&reminded), date(2026, 12, 1)), None);
        // A node that stood still for long says it once.
        assert_eq!(number(&case(&days[..1]), date(2026, 10, 30)), Some(4));
    }

    #[test]
    fn nobody_is_reminded_of_what_has_not_come_or_is_answered() {
        let day = date(2026, 10, 15);
        let mut away = case(&[]);
        away.history[0].reached = false;
        assert_eq!(number(&away, day), None);
        let mut answered = case(&[]);
        answered.owed[0].standing = Standing::Lapsed { at_ms: at(day) };
        assert_eq!(number(&answered, day), None);
        let mut ours = case(&[]);
        ours.owed[0].by = ours.home;
        assert_eq!(number(&ours, day), None);
    }

    #[test]
    fn of_a_correction_what_it_corrects_is_reminded_of_and_only_once() {
        let mut both = case(&[]);
        both.history
            .push(entry(2, Kind::Correction, PUBLISHED, Some(id(1))));
        let mut of_correction = both.owed[0].clone();
        of_correction.notice = id(2);
        both.owed.push(of_correction);
        assert_eq!(number(&both, date(2026, 10, 15)), Some(2));
        let mut alone = both;
        alone.owed.remove(0);
        assert_eq!(number(&alone, date(2026, 10, 15)), Some(2));
    }
}
