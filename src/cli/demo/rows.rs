//! What is to be published: the sample ledgers and generated notices, read and judged as `publish`
//! does.

use std::{ops::ControlFlow, path::Path};

use tokio::sync::{mpsc, watch};

use super::{
    generated::generate,
    place::{PAIRS, Place, area},
    tally::Tally,
};
use crate::{
    agreement::{Agreements, Sending, problems},
    cli::{exit::Failure, home::Home, language::both},
    domain::{
        area::County,
        draft::{Asked, Draft, RawDraft, Rules},
        problem::Problem,
    },
    ledger::{Judge, Mapping, Options, read_ledger},
    pairing::load_agreements,
    trust::reference::ReferenceKey,
};

/// Judges what one county publishes.
struct Desk<'a> {
    area: County,
    rules: Rules,
    agreements: Agreements,
    references: ReferenceKey,
    tally: &'a Tally,
    drafts: Vec<Draft>,
}

/// All that a county publishes: its sample ledger, and its share of the generated notices.
///
/// # Errors
/// If the ledger or the node's directory cannot be read.
pub(super) fn rows(
    home: &Home,
    cast: &[Place],
    place: &Place,
    notices: u32,
    tally: &Tally,
) -> Result<Vec<Draft>, Failure> {
    let mut desk = Desk {
        area: place.area,
        rules: Rules {
            today: home.today()?,
            home_areas: home.config.areas.clone(),
            sandbox: home.config.mode.is_sandbox(),
        },
        agreements: load_agreements(&home.dir)?,
        references: ReferenceKey::load(&home.dir.reference_key())?,
        tally,
        drafts: Vec::new(),
    };
    desk.read(place)?;
    for number in 0..notices {
        let Some((from, to)) = direction(number, cast)? else {
            continue;
        };
        if from.area == place.area {
            desk.judge(&generate(number, from, to, desk.rules.today));
        }
    }
    let count = u64::try_from(desk.drafts.len()).unwrap_or(u64::MAX);
    tally.expect(place.area, count);
    Ok(desk.drafts)
}

/// Who tells whom: each pair in turn, both ways.
fn direction(number: u32, cast: &[Place]) -> Result<Option<(&Place, &Place)>, Failure> {
    let turn = usize::try_from(number).unwrap_or_default();
    let Some((a, b)) = PAIRS.iter().cycle().nth(turn % PAIRS.len()) else {
        return Ok(None);
    };
    let find = |code| area(code).map(|area| cast.iter().find(|place| place.area == area));
    let (a, b) = (find(a)?, find(b)?);
    let there = (turn / PAIRS.len()).is_multiple_of(2);
    Ok(a.zip(b).map(|(a, b)| if there { (a, b) } else { (b, a) }))
}

impl Desk<'_> {
    fn read(&mut self, place: &Place) -> Result<(), Failure> {
        let mapping = Mapping::default();
        let options = Options {
            name: place.ledger,
            kind: None,
            mapping: &mapping,
        };
        let sending = self.sending();
        let gate = |asked: &Asked<'_>| problems(asked, &sending, &self.agreements);
        let judge = Judge {
            rules: &self.rules,
            gate: &gate,
        };
        let mut judged = Vec::new();
        let read = read_ledger(place.bytes.to_vec(), &options, &judge, &mut |row| {
            let reference = row.reference;
            judged.push((row.raw, reference, row.result));
            ControlFlow::Continue(())
        });
        if let Err(error) = read {
            let (zh, en) = error.text();
            let name = Path::new(place.ledger).display();
            return Err(Failure::refused(both(
                format!("{name}：{zh}"),
                format!("{name}: {en}"),
            )));
        }
        for (raw, reference, result) in judged {
            let result = result.map(|mut draft| {
                draft.reference = reference;
                draft
            });
            self.keep(&raw, result);
        }
        Ok(())
    }

    fn judge(&mut self, raw: &RawDraft) {
        let sending = self.sending();
        let gate = |asked: &Asked<'_>| problems(asked, &sending, &self.agreements);
        let result = Draft::judge(raw, &self.rules, &gate);
        self.keep(raw, result);
    }

    /// Keeps a draft under the reference that `publish` would give it; counts what is refused.
    fn keep(&mut self, raw: &RawDraft, result: Result<Draft, Vec<Problem>>) {
        match result {
            Ok(mut draft) => {
                if draft.reference.is_none() {
                    draft.reference = self.references.derive(&raw.canonical()).parse().ok();
                }
                self.drafts.push(draft);
            }
            Err(problems) => {
                let code = problems.first().map(|problem| problem.code.name());
                self.tally
                    .refused_row(self.area, code.unwrap_or_default().to_owned());
            }
        }
    }

    const fn sending(&self) -> Sending {
        Sending {
            to: None,
            sandbox: self.rules.sandbox,
            today: self.rules.today,
        }
    }
}

/// Hands the rows to the publisher: most of them at once, the rest when the gate opens.
pub(super) async fn feed(
    rows: Vec<Draft>,
    publisher: mpsc::Sender<Draft>,
    mut gate: watch::Receiver<bool>,
) {
    let first = rows.len().saturating_mul(FIRST_PERCENT).div_ceil(100);
    for (place, draft) in rows.into_iter().enumerate() {
        if place == first && gate.wait_for(|open| *open).await.is_err() {
            return;
        }
        if publisher.send(draft).await.is_err() {
            return;
        }
    }
}

/// More than half, so that half of all can arrive before the gate opens.
const FIRST_PERCENT: usize = 60;
