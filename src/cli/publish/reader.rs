//! The thread that reads rows and judges them.

use std::{
    fs::{self, File},
    io::{self, BufReader},
    ops::ControlFlow,
    path::{Path, PathBuf},
    thread,
};

use tokio::sync::mpsc;

use super::{
    super::{
        exit::{Exit, Failure},
        language::both,
    },
    answer::{Place, Verdict},
};
use crate::{
    agreement::{Agreements, Sending, problems},
    domain::{
        draft::{Asked, Draft, Rules},
        notice::Kind,
    },
    ledger::{Judge, LedgerError, Mapping, Options, Row, Summary, read_ledger, read_lines},
    trust::reference::ReferenceKey,
};

/// What is read, and by what it is judged.
pub(super) struct Reading {
    pub(super) files: Vec<PathBuf>,
    pub(super) kind: Option<Kind>,
    pub(super) mapping: Mapping,
    pub(super) rules: Rules,
    pub(super) agreements: Agreements,
    pub(super) references: ReferenceKey,
}

/// What the thread hands on.
pub(super) enum Read {
    /// A row that passed, or the verdict on it.
    Row(Place, Result<Box<Draft>, Verdict>),
    /// What was noticed of a ledger beside its rows.
    Noticed(Summary),
    /// The input can be read as far as can be said beforehand.
    Opened,
    /// It cannot be read.
    Failed(Failure),
}

/// The rows as they come.
pub(super) struct Reader {
    reads: mpsc::Receiver<Read>,
    first: Option<Read>,
}

impl Reader {
    /// Begins to read. The thread is not waited for: it may hang on an input that gives nothing.
    pub(super) fn start(reading: Reading) -> Result<Self, Failure> {
        let (sender, reads) = mpsc::channel(AHEAD);
        thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || {
                if let Err(failure) = reading.read(&sender) {
                    // Nobody is left to tell if the other side has gone.
                    drop(sender.blocking_send(Read::Failed(failure)));
                }
            })?;
        Ok(Self { reads, first: None })
    }

    /// Waits until it is known that the input can be read.
    ///
    /// # Errors
    /// If it cannot.
    pub(super) async fn opened(&mut self) -> Result<(), Failure> {
        match self.reads.recv().await {
            Some(Read::Failed(failure)) => Err(failure),
            first => {
                self.first = first;
                Ok(())
            }
        }
    }

    /// What comes next; `None` at the end. Losing the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Read> {
        match self.first.take() {
            Some(first) => Some(first),
            None => self.reads.recv().await,
        }
    }
}

impl Reading {
    fn read(&self, sender: &mpsc::Sender<Read>) -> Result<(), Failure> {
        // A ledger alone is looked through before its first row anyway.
        if let [file] = self.files.as_slice()
            && let Source::Ledger = Source::of(file)
        {
        } else {
            for file in &self.files {
                self.probe(file)?;
            }
            if sender.blocking_send(Read::Opened).is_err() {
                return Ok(());
            }
        }
        let sending = Sending {
            to: None,
            sandbox: self.rules.sandbox,
            today: self.rules.today,
        };
        let gate = |asked: &Asked<'_>| problems(asked, &sending, &self.agreements);
        let judge = Judge {
            rules: &self.rules,
            gate: &gate,
        };
        for file in &self.files {
            let mut gone = false;
            let mut each = |row: Row| {
                let (place, result) = self.placed(row);
                match sender.blocking_send(Read::Row(place, result)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => {
                        gone = true;
                        ControlFlow::Break(())
                    }
                }
            };
            match Source::of(file) {
                Source::Input => {
                    read_lines(io::stdin().lock(), self.kind, &judge, &mut each).map_err(lost)?;
                }
                Source::Lines => {
                    let input =
                        BufReader::new(File::open(file).map_err(|error| absent(file, &error))?);
                    read_lines(input, self.kind, &judge, &mut each).map_err(lost)?;
                }
                Source::Ledger => {
                    let summary = self.ledger(file, &judge, &mut each)?;
                    if summary != Summary::default() {
                        // Noticed below if nobody listens any more.
                        drop(sender.blocking_send(Read::Noticed(summary)));
                    }
                }
            }
            if gone {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Looks, before any row is handed on, whether a file can be read at all.
    fn probe(&self, file: &Path) -> Result<(), Failure> {
        match Source::of(file) {
            Source::Input => Ok(()),
            Source::Lines => File::open(file)
                .map(drop)
                .map_err(|error| absent(file, &error)),
            Source::Ledger => {
                let judge = Judge {
                    rules: &self.rules,
                    gate: &|_| Vec::new(),
                };
                self.ledger(file, &judge, &mut |_| ControlFlow::Break(()))
                    .map(drop)
            }
        }
    }

    fn ledger(
        &self,
        file: &Path,
        judge: &Judge<'_>,
        each: &mut crate::ledger::Visit<'_>,
    ) -> Result<Summary, Failure> {
        let bytes = fs::read(file).map_err(|error| absent(file, &error))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let options = Options {
            name: &name,
            kind: self.kind,
            mapping: &self.mapping,
        };
        match read_ledger(bytes, &options, judge, each) {
            Ok(summary) => Ok(summary),
            Err(error) => {
                let (zh, en) = error.text();
                let shown = file.display();
                Err(Failure {
                    exit: if error == LedgerError::KindUnknown {
                        Exit::Usage
                    } else {
                        Exit::Refused
                    },
                    sentence: Some(both(format!("{shown}：{zh}"), format!("{shown}: {en}"))),
                })
            }
        }
    }

    /// The row with its reference: its own, or one that tells nothing of what it is derived from.
    fn placed(&self, row: Row) -> (Place, Result<Box<Draft>, Verdict>) {
        let Row {
            sheet,
            line,
            raw,
            reference,
            result,
        } = row;
        let own = reference
            .as_ref()
            .map(|reference| reference.as_str().to_owned());
        let reference = own.unwrap_or_else(|| self.references.derive(&raw.canonical()));
        let result = match result {
            Ok(mut draft) => {
                // A derived reference is always one.
                draft.reference = reference.parse().ok();
                Ok(Box::new(draft))
            }
            Err(problems) => Err(Verdict::of_problems(&problems)),
        };
        let place = Place {
            sheet,
            line,
            reference,
        };
        (place, result)
    }
}

/// Where rows come from.
enum Source {
    Input,
    Lines,
    Ledger,
}

impl Source {
    fn of(file: &Path) -> Self {
        let extension = file.extension().unwrap_or_default().to_ascii_lowercase();
        if file == Path::new("-") {
            Self::Input
        } else if extension == "jsonl" || extension == "ndjson" {
            Self::Lines
        } else {
            Self::Ledger
        }
    }
}

fn absent(file: &Path, error: &io::Error) -> Failure {
    let shown = file.display();
    Failure::usage(both(
        format!("无法打开 {shown}：{error}"),
        format!("cannot open {shown}: {error}"),
    ))
}

fn lost(error: io::Error) -> Failure {
    Failure::refused(both(
        format!("输入读到一半失败：{error}"),
        format!("the input failed half-way: {error}"),
    ))
}

/// Rows read ahead of what is published.
const AHEAD: usize = 256;
