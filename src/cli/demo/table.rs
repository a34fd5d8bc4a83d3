//! What came of it, at one glance.

use std::{collections::BTreeMap, io};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Row};

use super::{account::Account, show::Show, tally::Standing};
use crate::{
    cli::language::both,
    domain::{area::County, problem::Code},
};

impl Show {
    /// Prints what became of everything that each county published.
    pub(super) fn print(
        &self,
        standing: &Standing,
        stored: &BTreeMap<County, u64>,
    ) -> io::Result<()> {
        let total = standing.total();
        self.output.line("")?;
        self.output.say(&both(
            "测试环境（沙盒）：人员均为虚构，以下数字不是真实业务数据。",
            "SANDBOX: all people are made up; none of these figures is a real one.",
        ))?;
        if total.refusals() > 0 {
            self.output.line(&self.reasons(standing, &total))?;
        }
        self.output.line(&self.counties(standing, stored, &total))?;
        self.output.say(&both(
            "每行是该区县发出的通报，在对方一端逐条核对；耗时为发布到交办，含节点被强行终止的时间。",
            "A row is what that county published, followed to the other side. Times run from \
             publishing to hand-over, the outage of the killed node included.",
        ))?;
        let Account {
            accepted,
            replies: (replies, _),
            doubled,
            lost,
            ..
        } = total;
        self.output.say(&both(
            format!("受理通报 {accepted} 条、反馈 {replies} 条：重复 {doubled}，丢失 {lost}。"),
            format!(
                "{accepted} notices and {replies} answers accepted: doubled {doubled}, lost {lost}."
            ),
        ))?;
        match standing.again {
            0 => Ok(()),
            again => self.output.say(&both(
                format!("断线后再次交办 {again} 次，均已标明。"),
                format!("{again} were handed over again after a broken link, each marked so."),
            )),
        }
    }

    fn counties(
        &self,
        standing: &Standing,
        stored: &BTreeMap<County, u64>,
        total: &Account,
    ) -> String {
        let mut table = self.output.table(&[
            ("节点", "node"),
            ("已受理", "published"),
            ("对方已入库", "stored"),
            ("已交办", "handed over"),
            ("已反馈", "answered"),
            ("拒收", "refused"),
            ("重复", "doubled"),
            ("丢失", "lost"),
            ("p50 毫秒", "p50 ms"),
            ("p99 毫秒", "p99 ms"),
        ]);
        for place in &self.cast {
            if let Some(account) = standing.accounts.get(&place.area) {
                let stored = stored.get(&place.area).copied().unwrap_or_default();
                table.add_row(row(&place.label(self.output.language), account, stored));
            }
        }
        let name = self.output.language.pick("合计", "total");
        table.add_row(row(name, total, stored.values().sum()));
        table.to_string()
    }

    fn reasons(&self, standing: &Standing, total: &Account) -> String {
        let mut table = self.output.table(&[
            ("拒收原因", "refused because"),
            ("说明", "that is"),
            ("行数", "rows"),
            ("节点", "at"),
        ]);
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(WIDTH);
        let mut reasons: Vec<_> = total.refused.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (code, count) in reasons {
            let text = Code::from_name(code).map(Code::text);
            let text = text.map_or("", |text| self.output.language.pick(text.zh, text.en));
            let at = standing.accounts.iter().filter_map(|(area, account)| {
                let count = account.refused.get(code)?;
                Some(format!("{area}×{count}"))
            });
            table.add_row(Row::from(vec![
                Cell::new(code),
                Cell::new(text),
                number(Some(*count)),
                Cell::new(at.collect::<Vec<_>>().join(" ")),
            ]));
        }
        table.to_string()
    }
}

fn row(name: &str, account: &Account, stored: u64) -> Row {
    let mut cells = vec![Cell::new(name)];
    let counts = [
        account.accepted,
        stored,
        account.handed,
        account.answered,
        account.refusals(),
        account.doubled,
        account.lost,
    ];
    cells.extend(counts.map(|count| number(Some(count))));
    cells.extend([50, 99].map(|percent| number(account.within(percent))));
    Row::from(cells)
}

fn number(count: Option<u64>) -> Cell {
    let text = count.map_or_else(|| "–".to_owned(), |count| count.to_string());
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// No wider than the table of the counties.
const WIDTH: u16 = 110;
