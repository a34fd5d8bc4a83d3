//! Whose keys signed: how each is pinned, and how one follows the other.

use super::{
    document::{RawNode, RawPaper, base64},
    error::{EvidenceError, Part},
    showing::ShownKey,
};
use crate::{
    domain::{area::County, channel::Channel},
    pairing::{SignedFiles, SignedPair, read_signed_pair},
    trust::{
        forms::{Form, Frame},
        identity::SpiffeId,
        keys::PublicKey,
        lineage::{EarlierKey, Lineage, SuccessionError},
        signature::{PinnedKey, SignatureError, Signed, Verified},
        succession::SuccessionForm,
    },
};

/// A node of a file, every key of which is known to be its.
pub(super) struct Node {
    pub(super) id: SpiffeId,
    lineage: Lineage,
    /// What its statements of succession say, the oldest first.
    pub(super) successions: Vec<SuccessionForm>,
}

impl Node {
    /// Verifies what one of its keys signed, whichever.
    pub(super) fn verify<F: Form>(
        &self,
        signed: Signed,
        part: Part,
    ) -> Result<Verified<F>, EvidenceError> {
        let verified = self.lineage.recognise(signed);
        verified.map_err(|error| EvidenceError::Signature(part, error))
    }

    /// The key that signed something.
    pub(super) fn signer<F: Form>(&self, signed: &Signed) -> Option<&PublicKey> {
        self.lineage.signer_of::<F>(signed)
    }

    /// The key that it used last.
    pub(super) fn newest(&self) -> &PublicKey {
        self.lineage.current().public()
    }
}

/// Both nodes of a file, by what it holds of their pairings.
///
/// # Errors
/// The first thing that does not hold, by part.
pub(super) fn read(
    [sender, receiver]: [&RawNode; 2],
    pairs: &[SignedPair],
    channel: Channel,
    sandbox: bool,
) -> Result<[Node; 2], EvidenceError> {
    let ids = [(sender, Part::Sender), (receiver, Part::Receiver)]
        .map(|(raw, part)| identity(&raw.identity, part));
    let [sender_id, receiver_id] = ids;
    let ids = [sender_id?, receiver_id?];
    for pair in pairs {
        let parties = pair.parties().map(|party| &party.id);
        let both = parties == [&ids[0], &ids[1]] || parties == [&ids[1], &ids[0]];
        let fits = pair.parties().iter().all(|party| party.sandbox == sandbox);
        if !both || !fits {
            return Err(EvidenceError::Other(Part::Pairing));
        }
    }
    // Two home areas of one node are paired by nothing: it is one node's word.
    let alone = ids[0] == ids[1];
    let of = |raw: &RawNode, id: &SpiffeId, part| {
        let areas = if alone {
            vec![channel.from, channel.to]
        } else {
            areas(id, pairs)
        };
        node(raw, id, part, &areas, pairs, sandbox, alone)
    };
    let sender = of(sender, &ids[0], Part::Sender)?;
    let receiver = of(receiver, &ids[1], Part::Receiver)?;
    Ok([sender, receiver])
}

/// The two files of each pairing, if both are signed and belong together.
pub(super) fn pairs(papers: &[RawPaper]) -> Result<Vec<SignedPair>, EvidenceError> {
    papers
        .iter()
        .map(|RawPaper { answer, invitation }| {
            read_signed_pair(invitation, answer).ok_or(EvidenceError::Pairing)
        })
        .collect()
}

/// The oldest of a node's keys that a pairing pins.
pub(super) fn first_pinned(
    id: &SpiffeId,
    keys: &[ShownKey],
    papers: &[SignedFiles],
) -> Option<usize> {
    let pairs: Vec<SignedPair> = papers
        .iter()
        .filter_map(|paper| read_signed_pair(&paper.invitation, &paper.answer))
        .collect();
    keys.iter().position(|key| pins(&pairs, id, &key.public))
}

fn pins(pairs: &[SignedPair], id: &SpiffeId, key: &PublicKey) -> bool {
    pairs
        .iter()
        .filter_map(|pair| pair.party(id))
        .any(|party| party.signing_key == *key)
}

/// The areas that a node named in its pairings.
fn areas(id: &SpiffeId, pairs: &[SignedPair]) -> Vec<County> {
    let parties = pairs.iter().filter_map(|pair| pair.party(id));
    parties.flat_map(|party| party.areas.clone()).collect()
}

fn identity(text: &str, part: Part) -> Result<SpiffeId, EvidenceError> {
    let id: Option<SpiffeId> = text.parse().ok();
    id.filter(SpiffeId::is_node)
        .filter(|id| id.to_string() == text)
        .ok_or(EvidenceError::Value(part))
}

fn node(
    raw: &RawNode,
    id: &SpiffeId,
    part: Part,
    areas: &[County],
    pairs: &[SignedPair],
    sandbox: bool,
    alone: bool,
) -> Result<Node, EvidenceError> {
    let keys = keys(raw, part)?;
    let mut successions: Vec<SuccessionForm> = Vec::new();
    let mut held = alone;
    for (at, key) in keys.iter().enumerate() {
        held = held || pins(pairs, id, &key.public);
        if !held {
            return Err(EvidenceError::KeyNotPinned(part));
        }
        let next = keys.get(at.saturating_add(1));
        let Some(statement) = &key.succession else {
            held = false;
            continue;
        };
        let next = next.ok_or(EvidenceError::Succession(part, SuccessionError::OutOfOrder))?;
        let form = follows(key, &next.public, statement, id, sandbox)
            .map_err(|error| EvidenceError::Succession(part, error))?;
        let number = successions.last().map(|last| last.number);
        let before = at.checked_sub(1).and_then(|at| keys.get(at));
        let in_a_row = before.is_some_and(|before| before.succession.is_some());
        if in_a_row && number.and_then(|number| number.checked_add(1)) != Some(form.number) {
            let error = SuccessionError::OutOfOrder;
            return Err(EvidenceError::Succession(part, error));
        }
        successions.push(form);
    }
    let (current, earlier) = keys.split_last().ok_or(EvidenceError::Value(part))?;
    let earlier: Vec<EarlierKey> = earlier
        .iter()
        .map(|key| EarlierKey {
            public: key.public.clone(),
            until_ms: 0,
            statement: key.succession.clone(),
        })
        .collect();
    let current = current.public.clone();
    Ok(Node {
        lineage: Lineage::new(id.clone(), areas.into(), sandbox, current, &earlier),
        id: id.clone(),
        successions,
    })
}

/// The keys as a file has them, each once.
fn keys(raw: &RawNode, part: Part) -> Result<Vec<ShownKey>, EvidenceError> {
    let mut keys: Vec<ShownKey> = Vec::new();
    for raw in &raw.keys {
        let spki = base64(&raw.key, part)?;
        let public = PublicKey::from_spki(&spki).map_err(|_| EvidenceError::Value(part))?;
        if keys.iter().any(|key| key.public == public) {
            return Err(EvidenceError::Value(part));
        }
        let succession = raw.succession.as_ref();
        keys.push(ShownKey {
            public,
            succession: succession.map(|signed| signed.read(part)).transpose()?,
        });
    }
    Ok(keys)
}

/// A statement by which one key gives way to the next.
fn follows(
    key: &ShownKey,
    next: &PublicKey,
    statement: &Signed,
    id: &SpiffeId,
    sandbox: bool,
) -> Result<SuccessionForm, SuccessionError> {
    let area = id.area();
    let pinned = PinnedKey::new(key.public.clone(), id.trust_domain().clone(), [area].into());
    let verified: Result<Verified<SuccessionForm>, SignatureError> =
        pinned.verify(statement.clone());
    let form = verified?.into_inner();
    let frame = Frame {
        channel: Channel {
            from: area,
            to: area,
        },
        sandbox,
    };
    if form.frame != frame {
        Err(SuccessionError::OtherNode)
    } else if form.successor != *next {
        Err(SuccessionError::Fork)
    } else {
        Ok(form)
    }
}
