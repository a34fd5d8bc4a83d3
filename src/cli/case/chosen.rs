//! The cases that something is done about.

use clap::Args;

use super::{
    super::{
        confirm::{confirmed, declined},
        exit::Failure,
        language::both,
    },
    lists::{self, List, WithinArguments},
};
use crate::{
    domain::{
        notice::NoticeId,
        problem::{Sentence, Text},
    },
    office::client::{CaseList, Client},
};

/// Which cases.
#[derive(Args)]
pub(super) struct ChosenArguments {
    /// 个案编号，或其中任一通报的编号，可多个。 Ids of cases, or of any notice of each
    #[arg(value_name = "ID", conflicts_with = "list")]
    ids: Vec<NoticeId>,
    /// 整份清单，执行前先询问。 All of a list, after asking
    #[arg(long, value_enum)]
    list: Option<List>,
    #[command(flatten)]
    within: WithinArguments,
    /// 不再询问。 Do not ask
    #[arg(long)]
    yes: bool,
}

impl ChosenArguments {
    /// # Errors
    /// A fault of usage where no cases are meant, or named ones are looked for within an area.
    pub(super) fn must_make_sense(&self) -> Result<(), Failure> {
        if self.ids.is_empty() && self.list.is_none() {
            return Err(Failure::usage(both(
                "请给出个案编号，或用 --list 给出一份清单。",
                "name cases by their ids, or a list of them with --list",
            )));
        }
        let is_within = self.within.home.is_some() || self.within.area.is_some();
        if self.list.is_none() && is_within {
            return Err(Failure::usage(both(
                "--home 和 --area 只与 --list 同用。",
                "--home and --area go with --list",
            )));
        }
        Ok(())
    }

    /// The ids of the cases. Those of a list only once a person has agreed that `doing` is done about
    /// all of them.
    ///
    /// # Errors
    /// Whatever stands against reading the list, and a person's no.
    pub(super) async fn ids(self, client: &Client, doing: Text) -> Result<Vec<NoticeId>, Failure> {
        let Self {
            ids,
            list,
            within,
            yes,
        } = self;
        let Some(list) = list else {
            return Ok(ids);
        };
        let list = CaseList::from(list);
        let (cases, _) = lists::read(client, &within.listing(list), u64::MAX).await?;
        if !cases.is_empty() && !confirmed(&question(doing, list, cases.len()), yes)? {
            return Err(declined());
        }
        Ok(cases.into_iter().map(|listed| listed.case.id).collect())
    }
}

fn question(doing: Text, list: CaseList, count: usize) -> Sentence {
    let words = lists::words(list);
    both(
        format!("“{}”共{count}件，全部{}？", words.zh, doing.zh),
        format!(
            "{count} cases on the list \"{}\": {} all of them?",
            words.en, doing.en
        ),
    )
}
