//! What a desk does about cases: many at a time, each for itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Office,
    authority::{Authority, DESKS, HOLDERS},
    problem::Fault,
    publish::{Desk, Prepared},
};
use crate::{
    cases::CaseView,
    domain::{
        area::AreaCode,
        case::Owed,
        draft::RawDraft,
        erasure::ErasureReason,
        field::Field,
        notice::{Content, Kind, NoticeId},
        problem::{Code, Problem},
        work::{Act, Note, SubArea, Worked},
    },
    store::{Erasing, LocalAct, PublishError},
    trust::identity::OfficeId,
};

/// What is to be done about each of some cases.
pub(super) enum Doing {
    /// The office is responsible from now on.
    Take,
    /// As taking, and she is looked for.
    Verify,
    /// Another desk is to see to it.
    Forward(AreaCode),
    /// Something is written down.
    Note(Note),
    /// The area that she moved on to is told.
    PassOn,
    /// It has been told by other means.
    PassedOn,
    /// Another woman is meant by that notice.
    Part(NoticeId),
    /// Whatever is owed is answered with that feedback.
    Answer(RawDraft),
    /// It ends with that return.
    Close(RawDraft),
    /// It is erased.
    Erase(ErasureReason),
    /// It is kept for that legal reason.
    Hold(Note),
    /// That reason is gone.
    Release,
}

/// What became of one case: the notices that tell the other side, or the erasure; or what stands
/// against it.
pub(super) struct Outcome {
    pub(super) id: NoticeId,
    pub(super) result: Result<Vec<NoticeId>, Vec<Problem>>,
}

/// What is to be done about one case.
struct Plan {
    case: CaseView,
    notices: Vec<Prepared>,
    acts: Vec<(NoticeId, Act)>,
    /// What the other side asked to erase while it was held is erased after.
    releases: bool,
}

impl Office {
    /// Does one thing about some cases; answers once everything is durable. What cannot be done
    /// about one is said of it, and changes nothing for the others.
    pub(super) async fn work_on_cases(
        &self,
        caller: &OfficeId,
        ids: Vec<NoticeId>,
        doing: Doing,
    ) -> Result<Vec<Outcome>, Fault> {
        let authority = self.authority(caller)?;
        authority.require(match doing {
            Doing::Hold(_) | Doing::Release => HOLDERS,
            _ => DESKS,
        })?;
        if let Doing::Erase(reason) = doing {
            return self.erase_cases(&authority, ids, reason).await;
        }
        let mut plans = Vec::new();
        let mut seen = BTreeSet::new();
        for id in &ids {
            let plan = match self.case_of(&authority, *id).await? {
                Some((case, true)) if !seen.insert((case.home, case.other, case.id)) => {
                    Err(vec![Problem::new(Code::DuplicateInFile, Field::Answers)])
                }
                Some((case, true)) => {
                    let desk = self.desk(caller)?.for_all_of(case.home);
                    plan(&desk, case, &doing).await?
                }
                Some((_, false)) | None => {
                    Err(vec![Problem::new(Code::UnknownNotice, Field::Answers)])
                }
            };
            plans.push(plan);
        }
        let office = authority.id().to_string();
        let done = self.carry_out(plans, &office).await?;
        Ok(ids
            .into_iter()
            .zip(done)
            .map(|(id, result)| Outcome { id, result })
            .collect())
    }

    /// Erases some cases, one after the other. Of each it gives the id of its erasure, or nothing where
    /// nothing was left.
    async fn erase_cases(
        &self,
        authority: &Authority,
        ids: Vec<NoticeId>,
        reason: ErasureReason,
    ) -> Result<Vec<Outcome>, Fault> {
        let mut outcomes = Vec::new();
        for id in ids {
            let erased = self.erase_case(authority, id, reason).await?;
            // It is the case as a whole that stands against it, no field of a notice.
            let refused = |code| Err(vec![Problem::of_column(code, String::new())]);
            let result = match erased {
                Some(Erasing::Done(erasure)) => Ok(vec![erasure]),
                Some(Erasing::NothingLeft) => Ok(Vec::new()),
                Some(Erasing::Held) => refused(Code::LegalHold),
                None => refused(Code::UnknownNotice),
            };
            outcomes.push(Outcome { id, result });
        }
        Ok(outcomes)
    }

    /// Publishes what is to be told, all of it at once, and then writes down what was done.
    async fn carry_out(
        &self,
        plans: Vec<Result<Plan, Vec<Problem>>>,
        office: &str,
    ) -> Result<Vec<Result<Vec<NoticeId>, Vec<Problem>>>, Fault> {
        let mut outgoing = Vec::new();
        let mut done = Vec::new();
        for plan in plans {
            done.push(plan.map(|plan| {
                let Plan {
                    case,
                    notices,
                    acts,
                    releases,
                } = plan;
                let count = notices.len();
                outgoing.extend(notices.into_iter().map(|it| it.outgoing));
                (case, count, acts, releases)
            }));
        }
        let store = self.parts.store.clone();
        // What was begun goes on if the caller goes.
        let answers = tokio::spawn(async move { store.publish(outgoing).await })
            .await
            .map_err(|_| Fault::Defect)?;
        let mut answers = answers.into_iter();
        let mut results = Vec::new();
        for plan in done {
            let (case, count, acts, releases) = match plan {
                Ok(plan) => plan,
                Err(problems) => {
                    results.push(Err(problems));
                    continue;
                }
            };
            let (mut told, mut problems) = (Vec::new(), Vec::new());
            for answer in answers.by_ref().take(count) {
                match answer {
                    Ok(accepted) => told.push(accepted.id),
                    Err(PublishError::Refused(refusal)) => {
                        problems.push(super::problem::problem_of(refusal));
                    }
                    Err(PublishError::NotNow(error)) => return Err(error.into()),
                }
            }
            if !problems.is_empty() {
                results.push(Err(problems));
                continue;
            }
            self.write_down(&case, acts, office).await?;
            if releases {
                self.erase_as_asked(&case).await?;
            }
            results.push(Ok(told));
        }
        Ok(results)
    }

    async fn write_down(
        &self,
        case: &CaseView,
        acts: Vec<(NoticeId, Act)>,
        office: &str,
    ) -> Result<(), Fault> {
        let at_ms = self.parts.clock.now_ms();
        let office_key = self.parts.store.index_key().office_hash(office.as_bytes());
        let acts: Vec<LocalAct> = (acts.into_iter())
            .map(|(about, act)| LocalAct {
                other: case.other,
                office_key,
                worked: Worked {
                    about,
                    act,
                    office: office.to_owned(),
                    at_ms,
                },
            })
            .collect();
        if acts.is_empty() {
            return Ok(());
        }
        for kept in self.parts.store.work(case.home, acts).await {
            kept?;
        }
        Ok(())
    }
}

/// What is to be done about a case, judged by everything that any notice is judged by.
async fn plan(
    desk: &Desk<'_>,
    case: CaseView,
    doing: &Doing,
) -> Result<Result<Plan, Vec<Problem>>, Fault> {
    // What a desk does is about what it received last, or else about the whole case.
    let mut received = case.history.iter().rev();
    let last = received.find(|entry| entry.channel.to == case.home);
    let about = last.map_or(case.id, |entry| entry.notice);
    let local = |act: Act| vec![(about, act)];
    let mut notices = Vec::new();
    let acts = match doing {
        Doing::Take | Doing::Verify => {
            for id in untaken(&case) {
                match desk.compose(&case, id, Content::TakenUp, None)? {
                    Ok(prepared) => notices.push(prepared),
                    Err(problems) => return Ok(Err(problems)),
                }
            }
            let mut acts = local(Act::Took);
            if matches!(doing, Doing::Verify) {
                acts.extend(local(Act::Verifying));
            }
            acts
        }
        Doing::Forward(area) => match SubArea::of(case.home, *area) {
            Ok(to) => local(Act::Forwarded { to }),
            Err(code) => return Ok(Err(vec![Problem::new(code, Field::ToArea)])),
        },
        Doing::Note(text) => local(Act::Noted { text: text.clone() }),
        Doing::Hold(reason) => (case.openings())
            .map(|id| {
                let reason = reason.clone();
                (id, Act::Held { reason })
            })
            .collect(),
        Doing::Release => (case.holds())
            .map(|held| (held.about, Act::Released))
            .collect(),
        Doing::PassOn => {
            let Some(onward) = desk.onward(&case).await? else {
                return Ok(Err(vec![Problem::new(Code::NothingOwed, Field::Answers)]));
            };
            match desk.prepare(onward).await? {
                Ok(prepared) => notices.push(prepared),
                Err(problems) => return Ok(Err(problems)),
            }
            local(Act::PassedOn)
        }
        Doing::PassedOn => local(Act::PassedOn),
        Doing::Part(other) if case.near_matches.contains(other) => {
            local(Act::NotTheSame { other: *other })
        }
        Doing::Part(_) => {
            return Ok(Err(vec![Problem::new(Code::UnknownNotice, Field::Answers)]));
        }
        Doing::Answer(feedback) => {
            let asked = owed_answers(&case);
            if asked.is_empty() {
                return Ok(Err(vec![Problem::new(Code::NothingOwed, Field::Answers)]));
            }
            for (id, owed) in asked {
                let mut feedback = feedback.clone();
                // The same words about a correction are another answer than those before it.
                feedback.set(Field::Reference, &format!("answer {owed}"));
                match prepared(desk, &case, id, &feedback).await? {
                    Ok(prepared) => notices.push(prepared),
                    Err(problems) => return Ok(Err(problems)),
                }
            }
            Vec::new()
        }
        Doing::Close(ending) => {
            if case.state.is_ended() {
                return Ok(Err(vec![Problem::new(Code::NothingOwed, Field::Answers)]));
            }
            match prepared(desk, &case, case.id, ending).await? {
                Ok(prepared) => notices.push(prepared),
                Err(problems) => return Ok(Err(problems)),
            }
            Vec::new()
        }
        // It is no work, and was seen to before.
        Doing::Erase(_) => Vec::new(),
    };
    Ok(Ok(Plan {
        case,
        notices,
        acts,
        releases: matches!(doing, Doing::Release),
    }))
}

async fn prepared(
    desk: &Desk<'_>,
    case: &CaseView,
    about: NoticeId,
    template: &RawDraft,
) -> Result<Result<Prepared, Vec<Problem>>, Fault> {
    let mut raw = template.clone();
    raw.set(Field::Answers, &about.to_string());
    raw.set(Field::FromArea, case.home.as_str());
    desk.prepare(raw).await
}

/// What no desk of the home area has taken up.
fn untaken(case: &CaseView) -> BTreeSet<NoticeId> {
    let owed = case.open(case.home).filter(|owed| owed.waits_for_a_desk());
    let mended = case.mended.iter();
    let mended = mended.filter(|it| it.told_to == case.home && it.taken_up_at_ms.is_none());
    // That an erasure was carried out the node says by itself, once it was.
    let is_erasure = |id: NoticeId| {
        let mut history = case.history.iter();
        history.any(|entry| entry.notice == id && entry.kind == Kind::Erasure)
    };
    let mended = mended.filter(|it| !is_erasure(it.notice));
    owed.map(|owed| owed.notice)
        .chain(mended.map(|it| it.notice))
        .collect()
}

/// What is answered with feedback, of what the home area owes, each with the notice that asks for it
/// last: of a correction the notice that it corrects.
fn owed_answers(case: &CaseView) -> BTreeMap<NoticeId, NoticeId> {
    let entry = |id: NoticeId| case.history.iter().find(move |entry| entry.notice == id);
    let asked = |owed: &Owed| {
        let asks = entry(owed.notice)?;
        let asks = match asks.kind {
            Kind::Correction => entry(asks.speaks_of?)?,
            _ => asks,
        };
        let is_answered = asks.kind.answered_by() == Some(Kind::Feedback);
        is_answered.then_some((asks.notice, owed.notice))
    };
    case.open(case.home).filter_map(asked).collect()
}
