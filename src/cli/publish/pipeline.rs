//! Publishing rows, many in flight, and printing their answers in the order of the rows.

use std::{collections::VecDeque, io};

use super::{
    super::{
        exit::{Exit, Failure},
        faults::sentence_of,
    },
    answer::{Place, Verdict},
    printer::Printer,
    reader::{Read, Reader},
};
use crate::{
    domain::problem::Sentence,
    office::client::{Client, ClientError, Published, Publishing, Refusal, Told},
};

/// Rows on their way.
pub(super) struct Pipeline<'a> {
    publishing: Publishing,
    printer: &'a mut Printer,
    /// Rows that are not printed, in their order; a verdict where it is known already.
    rows: VecDeque<(Place, Option<Verdict>)>,
    /// How many of them the node has not answered.
    waiting: usize,
    /// Whether it has answered any.
    answered: bool,
    /// Whether there may be rows that were not read.
    reading: bool,
}

/// Prints what the rows would get.
pub(super) async fn judge_only(reader: &mut Reader, printer: &mut Printer) -> Result<(), Failure> {
    while let Some(read) = reader.next().await {
        match read {
            Read::Row(place, Ok(_)) => printer.answer(place, Verdict::Accepted(None))?,
            Read::Row(place, Err(verdict)) => printer.answer(place, verdict)?,
            Read::Noticed(summary) => printer.noticed(summary),
            Read::Opened => {}
            Read::Failed(failure) => return Err(failure),
        }
    }
    Ok(())
}

impl<'a> Pipeline<'a> {
    pub(super) fn new(client: &Client, printer: &'a mut Printer) -> Self {
        Self {
            publishing: client.publish(WINDOW),
            printer,
            rows: VecDeque::new(),
            waiting: 0,
            answered: false,
            reading: true,
        }
    }

    /// Publishes everything that the reader gives.
    ///
    /// # Errors
    /// If the node or the reader fails; rows that the node had accepted are printed, those of
    /// unknown outcome are counted.
    pub(super) async fn run(mut self, reader: &mut Reader) -> Result<(), Failure> {
        let result = self.publish(reader).await;
        self.printer.unknown(self.waiting);
        result.map_err(|failure| Failure {
            // What became of rows without an answer is not known, or they never reached the node.
            exit: match failure.exit {
                Exit::Refused if self.waiting > 0 || self.reading => Exit::Unreachable,
                exit => exit,
            },
            ..failure
        })
    }

    async fn publish(&mut self, reader: &mut Reader) -> Result<(), Failure> {
        let mut failed = None;
        while self.reading || self.waiting > 0 {
            tokio::select! {
                answer = self.publishing.next() => {
                    let verdict = match answer {
                        Ok(Published::Accepted { id, repeated: true }) => Verdict::Repeated(id),
                        Ok(Published::Accepted { id, repeated: false }) => {
                            Verdict::Accepted(Some(id))
                        }
                        Ok(Published::Refused(problems)) => Verdict::Refused(problems),
                        Err(ClientError::Refused(refusal)) if !self.answered => {
                            // The call as a whole: nothing of it was kept.
                            self.refused(&refusal)?;
                            return Err(ClientError::Refused(refusal).into());
                        }
                        Err(error) => return Err(error.into()),
                    };
                    self.answered(verdict)?;
                }
                read = reader.next(), if self.reading && self.rows.len() < WINDOW => match read {
                    Some(Read::Row(place, Ok(draft))) => {
                        // The row counts as on its way even where sending fails.
                        self.rows.push_back((place, None));
                        self.waiting = self.waiting.saturating_add(1);
                        if self.publishing.send(&draft).is_err() {
                            // The call has ended: what comes instead of an answer says why.
                            self.reading = false;
                        }
                    }
                    Some(Read::Row(place, Err(verdict))) => {
                        self.rows.push_back((place, Some(verdict)));
                        self.print()?;
                    }
                    Some(Read::Noticed(summary)) => self.printer.noticed(summary),
                    Some(Read::Opened) => {}
                    Some(Read::Failed(failure)) => {
                        // What is on its way is still answered.
                        failed = Some(failure);
                        self.reading = false;
                    }
                    None => self.reading = false,
                },
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Notes the answer to the first row that waits for one.
    fn answered(&mut self, verdict: Verdict) -> io::Result<()> {
        if let Some((_, place)) = self.rows.iter_mut().find(|(_, verdict)| verdict.is_none()) {
            *place = Some(verdict);
            self.waiting = self.waiting.saturating_sub(1);
            self.answered = true;
        }
        self.print()
    }

    /// Notes that every row that waits was refused, for what was said of the call; none is read
    /// any more.
    fn refused(&mut self, refusal: &Refusal) -> io::Result<()> {
        let Sentence { zh, en } = sentence_of(refusal);
        let told = Told {
            code: refusal.code.clone(),
            field: String::new(),
            zh,
            en,
            agreement: None,
        };
        for (_, verdict) in &mut self.rows {
            verdict.get_or_insert_with(|| Verdict::Refused(vec![told.clone()]));
        }
        self.waiting = 0;
        self.reading = false;
        self.print()
    }

    /// Prints every row before the first that waits.
    fn print(&mut self) -> io::Result<()> {
        while let Some((place, verdict)) = self.rows.pop_front() {
            match verdict {
                Some(verdict) => self.printer.answer(place, verdict)?,
                None => {
                    self.rows.push_front((place, None));
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Rows that may be on their way.
const WINDOW: usize = 1_000;
