//! Doing one thing about cases: a line of answer for each, in order.

use clap::Args;
use serde::Serialize;

use super::{
    super::{
        exit::{Exit, Failure},
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        output::{Output, OutputArguments},
        told::Item,
    },
    chosen::ChosenArguments,
};
use crate::{
    domain::{
        notice::NoticeId,
        problem::{Sentence, Text},
    },
    office::client::{CaseAct, CaseWorked, Client, Told},
};

/// What every command about cases takes.
#[derive(Args)]
pub(in crate::cli) struct WorkArguments {
    #[command(flatten)]
    link: LinkArguments,
    #[command(flatten)]
    chosen: ChosenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Does that about the cases chosen.
pub(super) fn run(
    arguments: WorkArguments,
    doing: Text,
    act: impl FnOnce(&Home) -> Result<CaseAct, Failure>,
) -> Result<Exit, Failure> {
    let WorkArguments {
        link,
        chosen,
        output,
    } = arguments;
    let home = Home::open(&link.node)?;
    let act = act(&home)?;
    chosen.must_make_sense()?;
    let output = Output::new(output);
    block_on(async {
        let client = connect(&home, &link.office).await?;
        let ids = chosen.ids(&client, doing).await?;
        all(&client, &ids, act, output).await
    })
}

/// Does it about all of them, some at a time; once the node is gone, those without a line are unknown.
pub(super) async fn all(
    client: &Client,
    ids: &[NoticeId],
    act: CaseAct,
    output: Output,
) -> Result<Exit, Failure> {
    let (mut done, mut refused) = (0_u64, 0_u64);
    let mut ended = Ok(());
    for some in ids.chunks(AT_ONCE) {
        let worked = match client.work_on_cases(some, act.clone()).await {
            Ok(worked) => worked,
            Err(error) => {
                ended = Err(Failure::from(error));
                break;
            }
        };
        for worked in &worked {
            let count = if worked.result.is_ok() {
                &mut done
            } else {
                &mut refused
            };
            *count = count.saturating_add(1);
            output.result(&Line::of(worked), &sentence(worked))?;
        }
    }
    if ended.is_ok() || done > 0 || refused > 0 {
        output.say(&both(
            format!("办理 {done}，未办 {refused}"),
            format!("{done} done, {refused} refused"),
        ))?;
    }
    ended?;
    Ok(if refused == 0 {
        Exit::Done
    } else {
        Exit::Refused
    })
}

/// The line as an object.
#[derive(Serialize)]
struct Line<'a> {
    case_id: String,
    status: &'static str,
    notice_ids: Vec<String>,
    problems: Vec<Item<'a>>,
}

impl<'a> Line<'a> {
    fn of(worked: &'a CaseWorked) -> Self {
        let CaseWorked { id, result } = worked;
        let (status, notices, problems) = match result {
            Ok(notices) => ("done", notices.as_slice(), [].as_slice()),
            Err(problems) => ("refused", [].as_slice(), problems.as_slice()),
        };
        Self {
            case_id: id.to_string(),
            status,
            notice_ids: notices.iter().map(ToString::to_string).collect(),
            problems: problems.iter().map(Item::of).collect(),
        }
    }
}

fn sentence(worked: &CaseWorked) -> Sentence {
    let CaseWorked { id, result } = worked;
    match result {
        Ok(notices) if notices.is_empty() => both(
            format!("{id} 已办，仅本方记录"),
            format!("{id} done, for this side only"),
        ),
        Ok(notices) => {
            let count = notices.len();
            let plural = if count == 1 { "notice" } else { "notices" };
            both(
                format!("{id} 已办，发往对方{count}条通报"),
                format!("{id} done, {count} {plural} on the way to the other side"),
            )
        }
        Err(problems) => {
            let told = |word: fn(&Told) -> &str| -> String {
                problems.iter().map(word).collect::<Vec<_>>().join(" ")
            };
            let (zh, en) = (told(|told| &told.zh), told(|told| &told.en));
            both(format!("{id} 未办：{zh}"), format!("{id} refused: {en}"))
        }
    }
}

/// Cases worked on in one call.
const AT_ONCE: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_the_documented_ones() {
        let id = NoticeId::new([1; 8], 2);
        let line = |result| {
            let worked = CaseWorked { id, result };
            serde_json::to_string(&Line::of(&worked)).unwrap()
        };
        assert_eq!(
            line(Ok(vec![NoticeId::new([1; 8], 3)])),
            r#"{"case_id":"01010101-0101-8101-8000-000000000002","status":"done","notice_ids":["01010101-0101-8101-8000-000000000003"],"problems":[]}"#
        );
        let told = Told {
            code: "nothing_owed".to_owned(),
            field: "answers".to_owned(),
            zh: "甲".to_owned(),
            en: "a".to_owned(),
            agreement: None,
        };
        assert_eq!(
            line(Err(vec![told])),
            r#"{"case_id":"01010101-0101-8101-8000-000000000002","status":"refused","notice_ids":[],"problems":[{"code":"nothing_owed","field":"answers","severity":"error","message":{"zh":"甲","en":"a"}}]}"#
        );
    }
}
