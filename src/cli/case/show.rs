//! `hongyan case show`.

use std::io;

use clap::Args;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        link::{LinkArguments, block_on, connect},
        moment::short,
        notice::{self, label, rows},
        output::{Output, OutputArguments},
        subscribe,
    },
    lists, object, words,
};
use crate::{
    domain::{area::County, audit::Reason, case::WorkList, draft::onward, notice::NoticeId},
    ledger::write_object,
    office::client::{CaseDebt, CaseEvent, CaseList, CaseShown, CaseState, DebtStanding, Says},
};

/// Arguments of `case show`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 个案编号，或其中任一通报的编号。 Id of the case, or of any notice of it
    #[arg(value_name = "ID")]
    id: NoticeId,
    /// 查看事由，记入审计；审计、管理人员不写事由则内容遮盖。 Why you look, put on record; without one an auditor or operator sees masked values
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        id,
        reason,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let output = Output::new(*output);
    let CaseShown {
        case,
        notices,
        masked,
    } = block_on(async {
        let client = connect(&home, &link.office).await?;
        Ok(client.case(*id, reason.as_ref()).await?)
    })?;
    let waits = case.lists.contains(&CaseList::Work(WorkList::ToPassOn));
    let told = notices.iter().flatten().map(|notice| &notice.content);
    let onward = waits.then(|| onward(told)).flatten();
    let onward = onward.map(|departure| write_object(None, None, &departure));
    let masked = masked.iter().zip(&case.history);
    let masked = masked.filter_map(|(says, event)| match says {
        Says::Masked(fields) if !fields.is_empty() => {
            let mut object = notice::masked(fields);
            let id = event.notice.to_string();
            object.insert("notice_id".to_owned(), Value::String(id));
            Some(object)
        }
        Says::Masked(_) | Says::Full(_) => None,
    });
    let notices = notices.iter().flatten().map(subscribe::content);
    let notices = notices.chain(masked);
    if output.is_json() {
        let mut object = object::case(&case);
        object.insert("notices".to_owned(), notices.map(Value::Object).collect());
        if let Some(onward) = onward {
            object.insert("onward".to_owned(), Value::Object(onward));
        }
        output.object(&object)?;
        return Ok(Exit::Done);
    }
    let page = Page {
        case: &case,
        today: home.today()?,
        output,
    };
    page.summary()?;
    page.owed()?;
    page.history()?;
    page.work()?;
    for notice in notices {
        page.notice(&notice)?;
    }
    if let Some(onward) = onward {
        page.onward(&onward)?;
    }
    Ok(Exit::Done)
}

/// A case as a person reads it.
struct Page<'a> {
    case: &'a CaseState,
    today: Date,
    output: Output,
}

impl Page<'_> {
    fn pick(&self, zh: &str, en: &str) -> String {
        self.output.language.pick(zh, en).to_owned()
    }

    /// A heading of its own, and a table of what is there.
    fn table(
        &self,
        title: (&str, &str),
        headings: &[(&str, &str)],
        rows: Vec<Vec<String>>,
    ) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut table = self.output.table(headings);
        table.add_rows(rows);
        self.output.line(&self.pick(title.0, title.1))?;
        self.output.line(&table.to_string())
    }

    fn summary(&self) -> io::Result<()> {
        let case = self.case;
        let language = self.output.language;
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut add = |zh: &str, en: &str, value: String| rows.push(vec![self.pick(zh, en), value]);
        add("个案编号", "case", case.id.to_string());
        add("本方", "this side", case.home.label());
        add("对方", "other side", case.other.label());
        if let Some(origin) = case.origin {
            add("户籍地", "registered in", origin.label());
        }
        add("状态", "state", language.of(&words::state(case)).to_owned());
        add("立案时间", "opened", short(case.opened_ms));
        let marks = [
            (case.urgent, "加急", "urgent"),
            (case.overdue, "本方逾期", "this side is late"),
            (case.one_sided, "一方未建卡", "one-sided"),
            (case.held, "对方尚未收齐", "the other side lacks a notice"),
            (case.erased, "应本人要求删除", "erased at her request"),
        ];
        let marks = marks.iter().filter(|(is, ..)| *is);
        let marks: Vec<String> = marks.map(|(_, zh, en)| self.pick(zh, en)).collect();
        if !marks.is_empty() {
            add("注意", "mind", marks.join(language.pick("、", ", ")));
        }
        if !case.lists.is_empty() {
            let lists = case
                .lists
                .iter()
                .map(|list| language.word(lists::words(*list)));
            let lists: Vec<&str> = lists.collect();
            add(
                "所在清单",
                "on the lists",
                lists.join(language.pick("、", ", ")),
            );
        }
        if let Some(office) = &case.responsible {
            add("负责科室", "responsible", words::office(office));
        }
        for near in &case.near_matches {
            add("疑似同一人", "near match", near.to_string());
        }
        self.table(
            ("个案", "Case"),
            &[("项目", "field"), ("内容", "value")],
            rows,
        )
    }

    fn owed(&self) -> io::Result<()> {
        let headings = [
            ("应由", "by"),
            ("通报", "notice"),
            ("类别", "kind"),
            ("接收期限", "take up by"),
            ("接收时间", "taken up"),
            ("反馈期限", "answer by"),
            ("结果", "standing"),
        ];
        let rows = self.case.owed.iter().map(|debt| self.debt(debt));
        self.table(("应答复的通报", "What is owed"), &headings, rows.collect())
    }

    fn debt(&self, debt: &CaseDebt) -> Vec<String> {
        let CaseDebt {
            notice,
            by,
            take_up_due,
            answer_due,
            taken_up_at_ms,
            standing,
        } = debt;
        let language = self.output.language;
        let kind = self.case.event(*notice).map(|event| event.kind);
        let day = |day: &Option<Date>| day.map_or_else(|| "–".to_owned(), |day| day.to_string());
        let standing = match standing {
            DebtStanding::Open => match answer_due {
                Some(due) => {
                    let off = words::off(*due, self.today);
                    format!("{} {}", self.pick("待反馈", "open"), language.of(&off))
                }
                None => self.pick("待反馈", "open"),
            },
            DebtStanding::Answered { at_ms, .. } => {
                format!("{} {}", self.pick("已反馈", "answered"), short(*at_ms))
            }
            DebtStanding::Lapsed { at_ms } => {
                format!("{} {}", self.pick("无需再反馈", "lapsed"), short(*at_ms))
            }
        };
        vec![
            self.side(*by),
            self.place(*notice),
            kind.map_or_else(String::new, |kind| words::kind(kind, language)),
            day(take_up_due),
            taken_up_at_ms.map_or_else(|| "–".to_owned(), short),
            day(answer_due),
            standing,
        ]
    }

    fn side(&self, area: County) -> String {
        if area == self.case.home {
            self.pick("本方", "this side")
        } else {
            self.pick("对方", "other side")
        }
    }

    fn history(&self) -> io::Result<()> {
        let headings = [
            ("", ""),
            ("时间", "at"),
            ("发自", "from"),
            ("类别", "kind"),
            ("所指", "speaks of"),
            ("此后状态", "state since"),
            ("送达", "reached"),
            ("收方接收", "taken up"),
            ("通报编号", "notice"),
        ];
        let rows = self.case.history.iter().map(|event| self.event(event));
        self.table(("经过", "History"), &headings, rows.collect())
    }

    fn event(&self, event: &CaseEvent) -> Vec<String> {
        let CaseEvent {
            notice,
            kind,
            from,
            at_ms,
            phase,
            reached,
            taken_up_at_ms,
            speaks_of,
        } = event;
        let language = self.output.language;
        vec![
            self.place(*notice),
            short(*at_ms),
            self.side(*from),
            words::kind(*kind, language),
            speaks_of.map_or_else(String::new, |id| self.place(id)),
            language.word(words::phase(*phase)).to_owned(),
            if *reached {
                self.pick("已送达", "yes")
            } else {
                self.pick("未送达", "not yet")
            },
            match taken_up_at_ms {
                Some(at_ms) => short(*at_ms),
                None if words::is_mending(*kind) => self.pick("未接收", "not yet"),
                None => String::new(),
            },
            notice.to_string(),
        ]
    }

    /// A notice by its place in the history.
    fn place(&self, notice: NoticeId) -> String {
        let mut history = self.case.history.iter();
        let place = history.position(|event| event.notice == notice);
        place.map_or_else(
            || notice.to_string(),
            |place| format!("#{}", place.saturating_add(1)),
        )
    }

    fn work(&self) -> io::Result<()> {
        let headings = [
            ("时间", "at"),
            ("科室", "office"),
            ("办理", "did"),
            ("说明", "detail"),
        ];
        let rows = self.case.work.iter().map(|doing| {
            let act = self.output.language.word(words::act(doing.act));
            vec![
                short(doing.at_ms),
                words::office(&doing.office),
                act.to_owned(),
                doing.detail.clone().unwrap_or_default(),
            ]
        });
        self.table(
            ("本方办理", "What this side did"),
            &headings,
            rows.collect(),
        )
    }

    /// What `case pass-on` would tell the next county.
    fn onward(&self, onward: &Map<String, Value>) -> io::Result<()> {
        let language = self.output.language;
        let rows = rows("", onward).into_iter();
        let rows = rows.map(|(name, value)| vec![label(&name, language), value]);
        self.table(
            (
                "备好的流出通报（case pass-on 发出）",
                "Departure prepared (sent by case pass-on)",
            ),
            &[("项目", "field"), ("内容", "value")],
            rows.collect(),
        )
    }

    /// What a notice says, without what stands in the history already.
    fn notice(&self, notice: &Map<String, Value>) -> io::Result<()> {
        let language = self.output.language;
        let id = notice.get("notice_id").and_then(Value::as_str);
        let id: Option<NoticeId> = id.and_then(|id| id.parse().ok());
        let Some(event) = id.and_then(|id| self.case.event(id)) else {
            return Ok(());
        };
        let mut says = notice.clone();
        says.retain(|key, _| !IN_HISTORY.contains(&key.as_str()));
        if says.keys().all(|key| key == "sandbox") {
            return Ok(());
        }
        let rows = rows("", &says).into_iter();
        let rows = rows.map(|(name, value)| vec![label(&name, language), value]);
        let place = self.place(event.notice);
        let kind = words::kind(event.kind, language);
        self.table(
            (&format!("{place} {kind}"), &format!("{place} {kind}")),
            &[("项目", "field"), ("内容", "value")],
            rows.collect(),
        )
    }
}

/// The members of a notice that its line in the history tells.
const IN_HISTORY: [&str; 6] = [
    "answers",
    "case_id",
    "from_area",
    "kind",
    "notice_id",
    "to_area",
];
