//! How many cases stand on each list: a desk's morning view.

use clap::ValueEnum as _;
use serde_json::json;

use super::{
    super::{
        exit::Failure,
        home::Home,
        language::both,
        link::{LinkArguments, block_on, connect},
        output::Output,
    },
    lists::{self, List, WithinArguments},
};
use crate::{cases::MOST_COUNTED, office::client::CaseList};

/// Shows the counts, and how to go on.
pub(super) fn show(
    home: &Home,
    link: &LinkArguments,
    within: WithinArguments,
    output: Output,
) -> Result<(), Failure> {
    let counts = block_on(async {
        let client = connect(home, &link.office).await?;
        Ok(client.case_counts(within.home, within.area).await?)
    })?;
    if output.is_json() {
        for (list, cases) in counts {
            output.object(&json!({"list": list.name(), "cases": cases}))?;
        }
        return Ok(());
    }
    let mut table = output.table(&[("清单", "list"), ("件数", "cases"), ("名称", "name")]);
    for (list, cases) in &counts {
        table.add_row([
            output.language.word(lists::words(*list)).to_owned(),
            shown(*cases),
            argument(*list),
        ]);
    }
    output.line(&table.to_string())?;
    let first = counts.iter().find(|(_, cases)| *cases > 0);
    output.say(&match first {
        Some((list, _)) => {
            let name = argument(*list);
            both(
                format!(
                    "查看一份清单：hongyan case list --list {name}；导出表格加 --out 文件名.xlsx。"
                ),
                format!(
                    "one of them: hongyan case list --list {name}; as a sheet: --out FILE.xlsx"
                ),
            )
        }
        None => both("没有待办。", "nothing to do"),
    })?;
    Ok(())
}

/// A count for people: what is counted ends somewhere.
fn shown(cases: u64) -> String {
    if cases >= MOST_COUNTED as u64 {
        format!("{MOST_COUNTED}+")
    } else {
        cases.to_string()
    }
}

/// How a list is called on the command line.
fn argument(list: CaseList) -> String {
    let mut all = List::value_variants().iter();
    let argument = all.find(|known| CaseList::from(**known) == list);
    let value = argument.and_then(List::to_possible_value);
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_counting_ends_is_said() {
        assert_eq!([9_999, 10_000].map(shown), ["9999", "10000+"]);
        assert_eq!(argument(CaseList::NearMatches), "near-matches");
    }
}
