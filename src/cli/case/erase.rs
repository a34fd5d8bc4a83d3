//! `hongyan case erase`.

use clap::{Args, ValueEnum};

use serde_json::{Value, json};

use super::super::{
    confirm::{confirmed, declined},
    exit::{Exit, Failure},
    home::Home,
    language::both,
    link::{LinkArguments, block_on, connect},
    output::{Output, OutputArguments},
    told::Item,
};
use crate::{
    domain::{erasure::ErasureReason, notice::NoticeId, problem::Sentence},
    office::client::{CaseAct, CaseWorked, Told},
};

/// Arguments of `case erase`.
#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    link: LinkArguments,
    /// 删除原因。 Why
    #[arg(long, value_enum, default_value = "person_asked")]
    reason: Why,
    /// 个案编号，或其中任一通报的编号，可多个。 Ids of cases, or of any notice of each
    #[arg(value_name = "ID", required = true)]
    ids: Vec<NoticeId>,
    /// 不再询问。 Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArguments,
}

/// Why a case is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Why {
    /// 本人要求删除。 She asked for it
    PersonAsked,
    /// 录入有误。 Entered in error
    EnteredInError,
    /// 处理目的已实现。 No longer needed
    NoLongerNeeded,
}

impl From<Why> for ErasureReason {
    fn from(why: Why) -> Self {
        match why {
            Why::PersonAsked => Self::PersonAsked,
            Why::EnteredInError => Self::EnteredInError,
            Why::NoLongerNeeded => Self::NoLongerNeeded,
        }
    }
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        link,
        reason,
        ids,
        yes,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let count = ids.len();
    let question = both(
        format!(
            "将永久删除{count}件个案的全部内容，并要求已收到的对方节点一并删除；不能恢复。继续？"
        ),
        format!(
            "the content of {count} cases is destroyed for good, here and wherever it was sent; go on?"
        ),
    );
    if !confirmed(&question, yes)? {
        return Err(declined());
    }
    let output = Output::new(output);
    let mut exit = Exit::Done;
    block_on(async {
        let client = connect(&home, &link.office).await?;
        for some in ids.chunks(AT_ONCE) {
            let act = CaseAct::Erase(reason.into());
            for erased in client.work_on_cases(some, act).await? {
                if erased.result.is_err() {
                    exit = Exit::Refused;
                }
                output.result(&object(&erased), &sentence(&erased))?;
            }
        }
        Ok(exit)
    })
}

fn object(erased: &CaseWorked) -> Value {
    let CaseWorked { id, result } = erased;
    let (status, erasure, problems) = match result {
        Ok(erasures) => match erasures.first() {
            Some(erasure) => ("erased", Some(erasure.to_string()), [].as_slice()),
            None => ("nothing_left", None, [].as_slice()),
        },
        Err(problems) => ("refused", None, problems.as_slice()),
    };
    let problems: Vec<Item<'_>> = problems.iter().map(Item::of).collect();
    json!({
        "case_id": id.to_string(),
        "status": status,
        "erasure_id": erasure,
        "problems": problems,
    })
}

fn sentence(erased: &CaseWorked) -> Sentence {
    let CaseWorked { id, result } = erased;
    match result {
        Ok(erasures) if erasures.is_empty() => both(
            format!("{id} 已无内容可删"),
            format!("{id}: nothing of it was left"),
        ),
        Ok(_) => both(
            format!("{id} 已删除；对方节点的办理情况见 hongyan erasure list"),
            format!("{id} erased; hongyan erasure list tells how far its receivers are"),
        ),
        Err(problems) => {
            let told = |word: fn(&Told) -> &str| -> String {
                problems.iter().map(word).collect::<Vec<_>>().join(" ")
            };
            let (zh, en) = (told(|told| &told.zh), told(|told| &told.en));
            both(format!("{id} 未删除：{zh}"), format!("{id} refused: {en}"))
        }
    }
}

/// Cases erased in one call.
const AT_ONCE: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_are_those_that_an_office_may_give() {
        let given = Why::value_variants().iter().map(|why| {
            let reason = ErasureReason::from(*why);
            assert_eq!(why.to_possible_value().unwrap().get_name(), reason.name());
            reason
        });
        assert!(given.eq(ErasureReason::OF_OFFICES));
    }
}
