//! From what an office wrote to a notice that an agreement lets travel.

use std::sync::Arc;

use jiff::civil::Date;

use super::{
    Office,
    audit::Caller,
    authority::{Authority, DESKS},
    problem::{Fault, problem_of},
    scope,
};
use crate::{
    agreement::{self, Agreements, Permitted, Sending, permit_draft},
    cases::CaseView,
    config::NodeConfig,
    domain::{
        area::{AreaCode, County},
        audit::Act,
        case::WorkList,
        consent::is_sensitive,
        draft::{Asked, Draft, RawDraft, Reference, Rules, filled, onward},
        field::Field,
        notice::{Content, Kind, Names, NoticeId, Outcome, Spoken, Way},
        problem::{Code, Problem},
        refusal::Refusal,
    },
    envelope,
    guard::Guard,
    store::{Accepted, Direction, NoticeView, Outgoing, PublishError, Side},
    trust::{identity::OfficeId, keys},
};

/// A draft that passed: what the store takes, and the reference under which it is known.
pub(super) struct Prepared {
    pub(super) outgoing: Permitted<Outgoing>,
    pub(super) reference: String,
}

/// A notice that is durable.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) accepted: Accepted,
    pub(super) reference: String,
}

/// The notice that a draft speaks of, as far as it fits the draft.
struct Answered {
    from: County,
    to: County,
    case_id: NoticeId,
}

/// Judges drafts by the configuration and the agreements of one moment.
pub(super) struct Desk<'a> {
    office: &'a Office,
    authority: Authority,
    /// What the store knows of the office.
    office_key: [u8; 16],
    config: Arc<NodeConfig>,
    agreements: Arc<Agreements>,
    rules: Rules,
}

/// What the node says of a notice, by itself or for an office.
pub(super) struct Say {
    pub(super) side: Side,
    /// The case that the notice has the id of.
    pub(super) case: NoticeId,
    /// The notice.
    pub(super) about: NoticeId,
    pub(super) content: Content,
    pub(super) reference: Option<Reference>,
}

impl Office {
    /// Publishes one notice; answers once it is durable. What was begun goes on if the caller goes.
    /// What is accepted is on record with it as that act.
    pub(super) async fn publish(
        &self,
        caller: &Caller,
        raw: RawDraft,
        act: Act,
    ) -> Result<Kept, Fault> {
        let desk = self.desk(&caller.id)?;
        self.count_query(&caller.id, &raw)?;
        let prepared = desk.prepare(raw).await?;
        let Prepared {
            outgoing,
            reference,
        } = prepared.map_err(Fault::Draft)?;
        let store = self.parts.store.clone();
        let entry = self.entry(caller, act, Vec::new());
        let publishing = async move {
            if Guard::Audit.holds() {
                store.publish_on_record(vec![outgoing], entry).await
            } else {
                store.publish(vec![outgoing]).await
            }
        };
        let answers = tokio::spawn(publishing).await.map_err(|_| Fault::Defect)?;
        let accepted = answers.into_iter().next().ok_or(Fault::Defect)??;
        Ok(Kept {
            accepted,
            reference,
        })
    }

    /// The desk of an office that may publish.
    pub(super) fn desk(&self, caller: &OfficeId) -> Result<Desk<'_>, Fault> {
        let authority = self.authority(caller)?;
        authority.require(DESKS)?;
        Ok(self.desk_of(authority))
    }

    /// The desk of whoever has that authority.
    pub(super) fn desk_of(&self, authority: Authority) -> Desk<'_> {
        let config = self.config();
        let rules = Rules {
            today: self.today(),
            home_areas: config.areas.clone(),
            sandbox: config.mode.is_sandbox(),
        };
        let office_key = self
            .parts
            .store
            .index_key()
            .office_hash(authority.id().to_string().as_bytes());
        Desk {
            office: self,
            authority,
            office_key,
            agreements: Arc::clone(&self.parts.agreements.borrow()),
            config,
            rules,
        }
    }
}

impl Desk<'_> {
    /// Judges a draft and encodes it. The inner error is everything that is wrong with it.
    ///
    /// # Errors
    /// [`Fault::NotNow`] if the store cannot be asked.
    pub(super) async fn prepare(
        &self,
        mut raw: RawDraft,
    ) -> Result<Result<Prepared, Vec<Problem>>, Fault> {
        if !Guard::Quiet.holds() {
            tracing::info!(number = raw.get(Field::ResidentId), "Judges a draft.");
        }
        assert!(Guard::Calm.holds(), "{:?}", raw.get(Field::ResidentId));
        let mut problems = Vec::new();
        let kind: Option<Kind> = raw.get(Field::Kind).and_then(|name| name.parse().ok());
        let mut answered = None;
        // Of what no office says, only that is told.
        if let Some(kind) = kind.filter(|kind| !kind.made_by_node()) {
            if kind.names_a_notice() != Names::Never {
                answered = self.answered(kind, &raw, &mut problems).await?;
            }
            problems.extend(self.outside(kind, &raw));
        }
        if let Some(Answered { from, .. }) = &answered
            && raw.get(Field::FromArea).is_none()
        {
            raw.set(Field::FromArea, from.as_str());
        }
        let sending = self.sending(answered.as_ref(), self.rules.today);
        let gate = |asked: &Asked<'_>| agreement::problems(asked, &sending, &self.agreements);
        let draft = match Draft::judge(&raw, &self.rules, &gate) {
            Ok(draft) if problems.is_empty() => draft,
            Ok(_) => return Ok(Err(sorted(problems))),
            Err(told) => {
                problems.extend(told);
                return Ok(Err(sorted(problems)));
            }
        };
        if let Some(problem) = self.unknown_duplicate(&draft, answered.as_ref()).await? {
            return Ok(Err(vec![problem]));
        }
        let against = self.consent_against(&draft).await?;
        if !against.is_empty() {
            return Ok(Err(sorted(against)));
        }
        self.encode(draft, answered.as_ref(), &sending)
    }

    /// What stands against sensitive fields by the consent that a draft names. One that is not
    /// registered is the office's own word.
    async fn consent_against(&self, draft: &Draft) -> Result<Vec<Problem>, Fault> {
        let Some(consent) = &draft.consent else {
            return Ok(Vec::new());
        };
        let filled = filled(draft.answers, Some(consent), &draft.content);
        if !filled.iter().any(|field| is_sensitive(*field)) {
            return Ok(Vec::new());
        }
        let store = &self.office.parts.store;
        let key = self.office.consent_key(draft.from, &consent.reference);
        let registered = store.consent_of(draft.from, key).await?;
        let against = registered.map(|registered| registered.against(&filled));
        let against = against.into_iter().flatten();
        Ok(against
            .map(|(code, field)| Problem::new(code, field))
            .collect())
    }

    fn sending(&self, answered: Option<&Answered>, today: Date) -> Sending {
        Sending {
            to: answered.map(|answered| answered.to),
            sandbox: self.rules.sandbox,
            today,
        }
    }

    /// What an office tells of outside of its areas, though within the node's: a movement whose own
    /// side lies elsewhere; or what lies nowhere, as it names neither address nor notice, and so
    /// concerns the whole county. What names a notice lies where that does.
    fn outside(&self, kind: Kind, raw: &RawDraft) -> Option<Problem> {
        let home_areas = &self.config.areas;
        if let Some((own, _)) = kind.ends() {
            let area: AreaCode = raw.get(own)?.parse().ok()?;
            let home = area.county();
            let outside = home_areas.contains(&home) && !self.authority.scope(home).covers(area);
            return outside.then(|| Problem::new(Code::AreaOutsideScope, own));
        }
        let lies_with_another = match kind.names_a_notice() {
            Names::Never => false,
            Names::May => raw.get(Field::Answers).is_some(),
            Names::Must => true,
        };
        if lies_with_another {
            return None;
        }
        let named = raw.get(Field::FromArea).and_then(|text| text.parse().ok());
        let named = named.map(|area: AreaCode| area.county());
        let home = named.or_else(|| home_areas.first().copied())?;
        let outside = home_areas.contains(&home) && !self.authority.scope(home).is_whole(home);
        outside.then(|| Problem::new(Code::AreaOutsideScope, Field::FromArea))
    }

    /// The same desk, for everything within a home area: for one to which a case was handed on.
    pub(super) fn for_all_of(mut self, home: County) -> Self {
        self.authority = self.authority.for_all_of(home);
        self
    }

    /// The departure to the area to which the woman of a case moved on; none if nobody waits for it.
    pub(super) async fn onward(&self, case: &CaseView) -> Result<Option<RawDraft>, Fault> {
        if !case.lists.contains(&WorkList::ToPassOn) {
            return Ok(None);
        }
        let side = Side {
            home: case.home,
            other: case.other,
        };
        let mut told = Vec::new();
        for entry in &case.history {
            let view = self.office.parts.store.notice_of_pair(side, entry.notice);
            let bytes = view.await?.and_then(|view| view.bytes);
            let notice = bytes.map(|bytes| envelope::decode(&bytes));
            told.extend(notice.and_then(Result::ok).map(|notice| notice.content));
        }
        let mut onward = onward(&told).map(|departure| RawDraft::of(&departure));
        if let Some(onward) = &mut onward {
            // Said again it is a repeat, whoever says it.
            onward.set(Field::Reference, &format!("onward {}", case.id));
        }
        Ok(onward)
    }

    /// What the node says of a notice of a case, for the office or by itself.
    pub(super) fn compose(
        &self,
        case: &CaseView,
        about: NoticeId,
        content: Content,
        reference: Option<Reference>,
    ) -> Result<Result<Prepared, Vec<Problem>>, Fault> {
        self.say(Say {
            side: Side {
                home: case.home,
                other: case.other,
            },
            case: case.id,
            about,
            content,
            reference,
        })
    }

    /// What the node says of a notice.
    pub(super) fn say(&self, say: Say) -> Result<Result<Prepared, Vec<Problem>>, Fault> {
        let Say {
            side: Side { home, other },
            case,
            about,
            content,
            reference,
        } = say;
        let answered = Answered {
            from: home,
            to: other,
            case_id: case,
        };
        let draft = Draft {
            reference,
            from: home,
            from_follows: false,
            to: Some(other),
            answers: Some(about),
            consent: None,
            content,
        };
        let sending = self.sending(Some(&answered), self.rules.today);
        self.encode(draft, Some(&answered), &sending)
    }

    /// Looks up the notice that a draft speaks of. One that is unknown between the two areas, that
    /// the office may not know, or of which this kind may not speak, is a problem; an id that cannot
    /// be read is left to the draft.
    async fn answered(
        &self,
        kind: Kind,
        raw: &RawDraft,
        problems: &mut Vec<Problem>,
    ) -> Result<Option<Answered>, Fault> {
        let id = raw.get(Field::Answers).and_then(|text| text.parse().ok());
        let Some(id) = id else {
            return Ok(None);
        };
        let corrects: Option<Kind> = raw.get(Field::Corrects).and_then(|name| name.parse().ok());
        let corrects = corrects.filter(|_| kind == Kind::Correction);
        // A correction names its two counties by its addresses.
        let ends = corrects.and_then(Kind::ends);
        let (from, to) = ends.unwrap_or((Field::FromArea, Field::ToArea));
        let county = |field| -> Option<County> {
            let area: AreaCode = raw.get(field)?.parse().ok()?;
            Some(area.county())
        };
        let fits = |view: &NoticeView| spoken(view).fits(kind, corrects);
        let found = self.spoken_of(id, county(from), county(to), &fits).await?;
        let Some(view) = found else {
            problems.push(Problem::new(Code::UnknownNotice, Field::Answers));
            return Ok(None);
        };
        if let Err(refusal) = fits(&view) {
            problems.push(problem_of(refusal));
        }
        let Side { home, other } = view.side();
        Ok(Some(Answered {
            from: home,
            to: other,
            case_id: view.facts.case_id,
        }))
    }

    /// A notice as the side has it that speaks of it, where that lies between the areas named and
    /// within the office's: of the two sides of one node the one that may speak so, and of two that
    /// may the receiving one.
    async fn spoken_of(
        &self,
        id: NoticeId,
        from: Option<County>,
        to: Option<County>,
        fits: &(dyn Fn(&NoticeView) -> Result<(), Refusal> + Sync),
    ) -> Result<Option<NoticeView>, Fault> {
        let store = &self.office.parts.store;
        let found = match (from, to) {
            (Some(home), Some(other)) => {
                let found = store.notice_of_pair(Side { home, other }, id).await?;
                found.into_iter().collect()
            }
            _ => store.notices(id).await?,
        };
        let mut unfit = None;
        for view in found.into_iter().rev() {
            let Side { home, other } = view.side();
            let meant = from.is_none_or(|from| from == home) && to.is_none_or(|to| to == other);
            let ours = self.config.areas.contains(&home);
            let scope = self.authority.scope(home);
            if meant && ours && scope::covers_view(store, &scope, &view).await? {
                if fits(&view).is_ok() {
                    return Ok(Some(view));
                }
                unfit.get_or_insert(view);
            }
        }
        Ok(unfit)
    }

    /// A notice named as the one that stands, which these two areas do not know.
    async fn unknown_duplicate(
        &self,
        draft: &Draft,
        answered: Option<&Answered>,
    ) -> Result<Option<Problem>, Fault> {
        let (Content::Feedback(feedback), Some(answered)) = (&draft.content, answered) else {
            return Ok(None);
        };
        let Outcome::DuplicateOf(id) = feedback.outcome else {
            return Ok(None);
        };
        let side = Side {
            home: answered.from,
            other: answered.to,
        };
        let known = self.office.parts.store.notice_of_pair(side, id).await?;
        Ok(known
            .is_none()
            .then(|| Problem::new(Code::UnknownNotice, Field::DuplicateOf)))
    }

    /// A judged draft as the store takes it.
    fn encode(
        &self,
        mut draft: Draft,
        answered: Option<&Answered>,
        sending: &Sending,
    ) -> Result<Result<Prepared, Vec<Problem>>, Fault> {
        // An area that is left to the notice answered would else count as absent in the content.
        draft.to = draft.to.or(sending.to);
        let permitted = match permit_draft(draft, sending, &self.agreements) {
            Ok(permitted) => permitted,
            Err(problems) => return Ok(Err(problems)),
        };
        let (draft, grant) = (permitted.value(), permitted.grant());
        let channel = grant.channel;
        let Some(origin) = self.office.parts.operations.origin(channel) else {
            return Ok(Err(vec![Problem::new(Code::NoAgreement, Field::ToArea)]));
        };
        let case_id = answered.map(|answered| answered.case_id);
        let published_at_ms = self.office.parts.clock.now_ms();
        let deadline_ms = grant.deadline_ms(published_at_ms);
        let body = envelope::encode_body(&envelope::Outgoing {
            from: channel.from,
            to: channel.to,
            case_id,
            answers: draft.answers,
            agreement: grant.agreement,
            purpose: &grant.purpose,
            published_at_ms,
            deadline_ms,
            sandbox: self.rules.sandbox,
            nonce: keys::draw().map_err(|_| Fault::Defect)?,
            consent: draft.consent.as_ref(),
            content: &draft.content,
        });
        if body.len() > envelope::SIZE_LIMIT.saturating_sub(MOST_PREFIX) {
            return Ok(Err(vec![problem_of(Refusal::whole(Code::TooLarge))]));
        }
        let Keyed {
            reference,
            reference_key,
            content_key,
        } = self.names(draft, channel.from);
        let stored = reference.clone();
        let outgoing = permitted.map(|draft, grant| Outgoing {
            channel,
            origin,
            kind: draft.content.kind(),
            case_id,
            answers: draft.answers,
            agreement: grant.agreement,
            published_at_ms,
            deadline_ms,
            office_key: self.office_key,
            reference: stored,
            reference_key,
            content_key,
            body: body.into(),
        });
        Ok(Ok(Prepared {
            outgoing,
            reference,
        }))
    }

    /// The reference and what the index holds of it. A reference that an office gives is its own:
    /// the same one of another office is another. One that the node derives belongs to the home
    /// area, so that the same row is one notice whoever brings it, also if the office gives it back.
    fn names(&self, draft: &Draft, home: County) -> Keyed {
        let key = &self.office.parts.reference_key;
        let content = draft.canonical();
        let home = home.as_bytes().as_slice();
        let given = draft
            .reference
            .as_ref()
            .map(|reference| reference.as_str().to_owned());
        let derived = || key.derive(&content);
        let (reference, own) = match given {
            None => (derived(), false),
            Some(given) => {
                let own = !given.starts_with(DERIVED) || given != derived();
                (given, own)
            }
        };
        let mut whose = home.to_vec();
        if own {
            whose.extend_from_slice(self.authority.id().to_string().as_bytes());
        }
        let index = self.office.parts.store.index_key();
        Keyed {
            reference_key: index.index_hash(&whose, reference.as_bytes()),
            content_key: index.index_hash(home, &content),
            reference,
        }
    }
}

struct Keyed {
    reference: String,
    reference_key: [u8; 16],
    content_key: [u8; 16],
}

/// A notice as this node speaks of it.
const fn spoken(view: &NoticeView) -> Spoken {
    Spoken {
        kind: view.facts.kind,
        way: match view.direction {
            Direction::Out => Way::Along,
            Direction::In => Way::Against,
        },
    }
}

fn sorted(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort();
    problems.dedup();
    problems
}

/// What the store did with an item of a batch.
pub(super) fn kept(
    answer: Result<Accepted, PublishError>,
    reference: String,
) -> Result<Kept, PublishError> {
    answer.map(|accepted| Kept {
        accepted,
        reference,
    })
}

/// What derived references begin with.
const DERIVED: &str = "d-";

/// The most that the writer puts before a body.
const MOST_PREFIX: usize = 32;
