//! `hongyan demo`: five sandbox nodes on this machine, from the first certificate to the last answer.
//!
//! The nodes are child processes of this very program with directories of their own; this process
//! plays their offices. It publishes sample ledgers and generated notices, answers what arrives,
//! kills one node hard half-way, starts it again, and counts from both ends what became of every
//! notice. Whatever way the command ends, the children end with it.

mod account;
mod course;
mod generated;
mod hints;
mod office;
mod place;
mod process;
mod progress;
mod publisher;
mod rows;
mod setup;
mod show;
mod stage;
mod stop;
mod stored;
mod subscriber;
mod table;
mod tally;

use std::{env, io, path::PathBuf};

use clap::Args;

use self::{place::cast, process::Nodes, show::Show, stage::Stage, stop::Stop};
use super::{
    exit::{Exit, Failure},
    language::{Language, both},
    link::block_on,
    output::{Format, Output},
};

/// Arguments of `demo`.
#[derive(Args)]
#[command(after_help = "示例 Example:\n  hongyan demo --notices 2000 --exit")]
pub(super) struct Arguments {
    /// 样例台账之外，另生成多少条模拟通报。 Synthetic notices besides the sample ledgers
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(..=100_000))]
    notices: u32,
    /// 放在哪个目录（须为空）；省略则用临时目录。 In which directory, empty; a temporary one if left out
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// 结束后退出，不再等待 Ctrl-C。 Exit at the end
    #[arg(long)]
    exit: bool,
}

pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { notices, dir, exit } = arguments;
    let output = Output {
        format: Format::Table,
        language: Language::of_process(),
    };
    let show = Show {
        program: env::current_exe().map_err(nameless)?,
        stage: Stage::build(dir)?,
        cast: cast()?,
        notices,
        output,
        stays: !exit,
    };
    let ended = block_on(perform(&show));
    match ended {
        Ok(Some(arrived)) => {
            let kept = !show.stage.remove(arrived)?;
            show.farewell(kept)?;
            Ok(if arrived { Exit::Done } else { Exit::Refused })
        }
        Ok(None) => {
            show.stage.remove(true)?;
            Err(Failure::refused(both(
                "演示中断，未完成。",
                "interrupted before the demonstration was over",
            )))
        }
        Err(failure) => {
            show.stage.remove(false)?;
            Err(failure.with_place(&show))
        }
    }
}

/// Runs the demonstration; whether every notice arrived once, or nothing if it was interrupted.
async fn perform(show: &Show) -> Result<Option<bool>, Failure> {
    let mut stop = Stop::new()?;
    let mut nodes = Nodes::default();
    let arrived = tokio::select! {
        biased;
        () = stop.asked() => None,
        arrived = Box::pin(show.run(&mut nodes)) => Some(arrived?),
    };
    if arrived.is_some() && show.stays {
        show.stay()?;
        stop.asked().await;
    }
    nodes.end();
    Ok(arrived)
}

impl Failure {
    /// The same, and where the nodes' directories are left to look into.
    fn with_place(self, show: &Show) -> Self {
        let root = show.stage.root().display();
        Self {
            sentence: self.sentence.map(|sentence| {
                both(
                    format!("{}\n目录保留在 {root}", sentence.zh),
                    format!("{}\nthe directories are left in {root}", sentence.en),
                )
            }),
            ..self
        }
    }
}

fn nameless(error: io::Error) -> Failure {
    Failure::refused(both(
        format!("找不到本程序的文件：{error}"),
        format!("cannot tell the file of this program: {error}"),
    ))
}
