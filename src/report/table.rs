//! Reports and lists for a terminal.

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};

use super::{
    Owes,
    list::{Item, List},
    told::{Told, ToldRow},
    words,
};
use crate::domain::{
    indicator::{Indicator, Value},
    language::Language,
};

impl Told {
    /// For people: what all areas come to, then how each of them answered.
    pub fn table(&self, language: Language) -> String {
        let mut text = vec![
            stamped(&self.title(language), self.sandbox, language),
            self.as_of(language),
            self.summary(language),
        ];
        for side in Owes::ALL {
            if self.parts(side).next().is_some() {
                text.push(language.word(words::question(side)).to_owned());
                text.push(self.answering(side, language));
            }
        }
        if self.has_gaps() {
            text.push(language.word(words::GAPS).to_owned());
        }
        text.join("\n")
    }

    fn summary(&self, language: Language) -> String {
        let sides = Owes::ALL.map(|side| language.word(words::side(side)));
        let [they, we] = sides;
        let mut table = table(
            [
                language.pick("指标 (n)", "indicator (n)"),
                they,
                we,
                language.pick("参考值", "reference"),
            ],
            1,
        );
        for indicator in self.told_of() {
            let [they, we] = Owes::ALL.map(|side| {
                let value = self.overall(side, indicator);
                words::with_n(value, language)
            });
            let reference = indicator.reference().map(words::reference);
            table.add_row([
                words::heading(indicator, language),
                they,
                we,
                reference.unwrap_or_default(),
            ]);
        }
        table.to_string()
    }

    /// The indicators that anything is known of.
    pub(super) fn told_of(&self) -> impl Iterator<Item = Indicator> {
        Indicator::ALL.into_iter().filter(|indicator| {
            let known = |side| match self.overall(side, *indicator) {
                Value::Nothing | Value::NotKnown | Value::Count(0) => false,
                Value::Rate(_)
                | Value::Days { .. }
                | Value::Count(_)
                | Value::Fewer
                | Value::Withheld => true,
            };
            Owes::ALL.into_iter().any(known)
        })
    }

    fn answering(&self, side: Owes, language: Language) -> String {
        let has_kinds = self.parts(side).any(|row| row.kind.is_some());
        let mut headings = vec![language.pick("地区", "area").to_owned()];
        if has_kinds {
            headings.push(language.pick("类别", "kind").to_owned());
        }
        let labels = headings.len();
        headings.extend(ANSWERING.map(|indicator| words::heading(indicator, language)));
        let mut table = table(headings, labels);
        // Sums below what they are the sums of.
        let of_peers = |row: &&ToldRow| row.peer.is_some();
        let rows = self.parts(side).filter(of_peers);
        let sums = self.parts(side).filter(|row| !of_peers(row));
        for row in rows.chain(sums).chain(self.whole(side)) {
            table.add_row(cells(row, has_kinds, language));
        }
        table.to_string()
    }
}

/// What an area's answers are told by.
pub(super) const ANSWERING: [Indicator; 4] = [
    Indicator::FeedbackRate,
    Indicator::OnTimeFeedbackRate,
    Indicator::ResponseTime,
    Indicator::TakeUpRate,
];

fn cells(row: &ToldRow, has_kinds: bool, language: Language) -> Vec<String> {
    let mut cells = vec![words::peer(row.peer, language)];
    if has_kinds {
        cells.push(words::kind(row.kind, language).to_owned());
    }
    let values = ANSWERING.map(|indicator| words::with_n(row.value(indicator), language));
    cells.extend(values);
    cells
}

impl List {
    /// For people.
    pub fn table(&self, language: Language) -> String {
        let title = stamped(&self.title(language), self.sandbox, language);
        if self.items.is_empty() {
            let none = language.pick("没有个案。", "No cases.");
            return format!("{title}\n{none}");
        }
        let headings = self.headings(language);
        let mut table = table(headings, headings.len());
        if let Some(late) = table.column_mut(LATE) {
            late.set_cell_alignment(CellAlignment::Right);
        }
        for item in &self.items {
            let Item {
                case,
                notice,
                peer,
                side,
                kind,
                since,
                due,
                days_late,
                state: _,
                state_words,
            } = item;
            table.add_row([
                case.to_string(),
                notice.to_string(),
                peer.label(),
                language.word(words::party(*side)).to_owned(),
                words::kind(Some(*kind), language).to_owned(),
                since.to_string(),
                due.map_or_else(String::new, |due| due.to_string()),
                days_late.to_string(),
                language.of(state_words).to_owned(),
            ]);
        }
        format!("{title}\n{table}")
    }

    /// What its columns are called.
    pub(super) fn headings(&self, language: Language) -> [&'static str; 9] {
        let side = language.word(words::waits_for(self.list));
        match language {
            Language::Zh => [
                "个案编号",
                "通报编号",
                "地区",
                side,
                "类别",
                "通报日期",
                "截止日期",
                "逾期工作日",
                "状态",
            ],
            Language::En => [
                "case",
                "notice",
                "area",
                side,
                "kind",
                "since",
                "due",
                "working days late",
                "state",
            ],
        }
    }
}

/// The column of the days that it is late.
const LATE: usize = 7;

/// An empty table of which the columns behind the first `labels` hold numbers.
fn table<T: ToString>(headings: impl IntoIterator<Item = T>, labels: usize) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    let headings: Vec<String> = headings.into_iter().map(|it| it.to_string()).collect();
    table.set_header(headings);
    for column in table.column_iter_mut().skip(labels) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn stamped(title: &str, sandbox: bool, language: Language) -> String {
    if sandbox {
        format!("{}{title}", language.pick("【沙箱】", "[SANDBOX] "))
    } else {
        title.to_owned()
    }
}
