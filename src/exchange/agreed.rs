//! What each peer holds of the agreements between the two, as it told, and in what that differs
//! from what is held here.
//!
//! A probe tells digests. Whoever asked then shows the texts that the other does not hold, and asks
//! for those that it does not hold itself: in one call, so that both sides know both texts, though
//! only one of them may be able to dial.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::timeout;
use tonic::Request;

use super::{
    Exchange,
    failure::SessionError,
    link::OpenLink,
    wire::{self, ExchangeClient, NotOfItsForm, ShowAgreementsResponse, Standing, WireAgreements},
};
use crate::{
    agreement::{Agreement, Agreements, Difference, diff},
    domain::{
        agreement::{AgreementId, AgreementVersion},
        area::County,
        channel::{Channel, Digest},
    },
    trust::identity::PeerId,
};

/// A version of an agreement as both sides hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementComparison {
    /// Which version.
    pub version: AgreementVersion,
    /// Held here.
    pub here: bool,
    /// Held there.
    pub there: bool,
    /// Both hold the same text.
    pub equal: bool,
    /// Where it is not equal: the version that was compared on each side, and in what they differ.
    /// None where the other side's text is not known, or it has no version to compare with.
    pub compared: Option<Compared>,
}

/// Two texts of one agreement side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Version of the text here.
    pub here: u32,
    /// Version of the text there.
    pub there: u32,
    /// In what they differ.
    pub differences: Vec<Difference>,
}

/// What a peer was last heard to hold, compared with what is held here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastTold {
    /// The agreements that either side holds with the other.
    pub agreements: Vec<AgreementComparison>,
    /// When the peer told, in milliseconds since 1970; 0 for never since the start.
    pub at_ms: i64,
}

/// What each peer told, by its areas.
#[derive(Default)]
pub(super) struct Told(Mutex<HashMap<County, OfPeer>>);

#[derive(Default)]
struct OfPeer {
    digests: Vec<(AgreementVersion, Digest)>,
    /// When the digests were last found changed.
    changed: Option<Instant>,
    at_ms: i64,
    /// Texts that are not held here. Bounded.
    texts: BTreeMap<AgreementVersion, Arc<Agreement>>,
}

impl Told {
    /// When the agreements of the receiver of a channel were last found changed.
    pub(super) fn changed_at(&self, channel: Channel) -> Option<Instant> {
        self.lock().get(&channel.to).and_then(|told| told.changed)
    }

    pub(super) fn told(
        &self,
        areas: &[County],
        digests: &[(AgreementVersion, Digest)],
        now: Instant,
        at_ms: i64,
    ) {
        let mut all = self.lock();
        for area in areas {
            let told = all.entry(*area).or_default();
            told.at_ms = at_ms;
            if told.changed.is_none() || told.digests.as_slice() != digests {
                told.digests = digests.to_vec();
                told.changed = Some(now);
                let digests = &told.digests;
                told.texts
                    .retain(|_, text| is_told(digests, text.version, text.digest()));
            }
        }
    }

    /// Keeps a text that the peer shows, if it is the one that it told of.
    fn shown(&self, areas: &[County], text: &Arc<Agreement>) {
        let mut all = self.lock();
        for area in areas {
            let Some(told) = all.get_mut(area) else {
                continue;
            };
            if is_told(&told.digests, text.version, text.digest()) && told.texts.len() < MOST_TEXTS
            {
                told.texts.insert(text.version, Arc::clone(text));
            }
        }
    }

    /// Whether the text of that digest was shown by the peer of that area.
    fn knows(&self, area: County, version: AgreementVersion, digest: Digest) -> bool {
        let all = self.lock();
        let text = all.get(&area).and_then(|told| told.texts.get(&version));
        text.is_some_and(|text| text.digest() == digest)
    }

    /// What the peer of that area was last heard to hold, beside what is held here.
    pub(super) fn compare(
        &self,
        area: County,
        ours: &[(AgreementVersion, Digest)],
        agreements: &Agreements,
    ) -> LastTold {
        let all = self.lock();
        let none = OfPeer::default();
        let told = all.get(&area).unwrap_or(&none);
        LastTold {
            agreements: compare(ours, &told.digests, agreements, &told.texts),
            at_ms: told.at_ms,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<County, OfPeer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_told(told: &[(AgreementVersion, Digest)], version: AgreementVersion, digest: Digest) -> bool {
    told.contains(&(version, digest))
}

/// Version by version: equal, only here, only there, or different. One that only one side holds is
/// compared with the newest of that agreement on the other.
fn compare(
    ours: &[(AgreementVersion, Digest)],
    theirs: &[(AgreementVersion, Digest)],
    agreements: &Agreements,
    texts: &BTreeMap<AgreementVersion, Arc<Agreement>>,
) -> Vec<AgreementComparison> {
    let mut both: BTreeMap<AgreementVersion, [Option<Digest>; 2]> = BTreeMap::new();
    for (version, digest) in ours {
        both.entry(*version).or_default()[0] = Some(*digest);
    }
    for (version, digest) in theirs {
        both.entry(*version).or_default()[1] = Some(*digest);
    }
    let held = |version: AgreementVersion| {
        let mut held = agreements.iter();
        held.find(|agreement| agreement.version == version)
    };
    let of_theirs = |version: AgreementVersion, digest: Digest| {
        let same = held(version).filter(|agreement| agreement.digest() == digest);
        let shown = texts.get(&version);
        same.or_else(|| shown.filter(|agreement| agreement.digest() == digest))
    };
    let newest = |all: &[(AgreementVersion, Digest)], id: AgreementId| {
        let of_id = all.iter().filter(|(version, _)| version.id == id);
        of_id.max_by_key(|(version, _)| *version).copied()
    };
    both.into_iter()
        .map(|(version, [here, there])| {
            let texts = match (here, there) {
                (Some(here), Some(there)) if here == there => None,
                (Some(_), Some(there)) => held(version).zip(of_theirs(version, there)),
                (Some(_), None) => newest(theirs, version.id)
                    .and_then(|(other, digest)| held(version).zip(of_theirs(other, digest))),
                (None, Some(there)) => newest(ours, version.id)
                    .and_then(|(other, _)| held(other).zip(of_theirs(version, there))),
                (None, None) => None,
            };
            AgreementComparison {
                version,
                here: here.is_some(),
                there: there.is_some(),
                equal: here == there,
                compared: texts.map(|(here, there)| Compared {
                    here: here.version.version,
                    there: there.version.version,
                    differences: diff(here, there),
                }),
            }
        })
        .collect()
}

/// True if an agreement of that id has to do with a channel between the two.
pub(super) fn is_between(id: AgreementId, ours: &[County], theirs: &[County]) -> bool {
    let mut channels = ours.iter().flat_map(|from| {
        theirs.iter().map(|to| Channel {
            from: *from,
            to: *to,
        })
    });
    channels.any(|channel| id.meets(channel))
}

impl Exchange {
    /// The agreements that this node holds with those areas of a peer, ascending.
    pub(super) fn digests_with(&self, areas: &[County]) -> Vec<(AgreementVersion, Digest)> {
        let (trust, agreements) = (self.trust(), self.agreements());
        let mut digests: Vec<_> = agreements
            .iter()
            .filter(|agreement| is_between(agreement.version.id, trust.areas(), areas))
            .map(|agreement| (agreement.version, agreement.digest()))
            .collect();
        digests.sort_by_key(|(version, _)| *version);
        digests
    }

    /// What the peer that speaks for an area last told, beside what is held here; none if no paired
    /// node does.
    pub fn last_told(&self, area: County) -> Option<LastTold> {
        let trust = self.trust();
        let areas = &trust.peer_for(area)?.pairing().areas;
        let ours = self.digests_with(areas);
        Some(self.0.told.compare(area, &ours, &self.agreements()))
    }

    /// Shows the peer what it does not hold, and asks for what is not held here.
    pub(super) async fn show_each_other(
        &self,
        areas: &[County],
        link: &OpenLink,
        ours: &Standing,
        theirs: &Standing,
    ) -> Result<(), SessionError> {
        let Some(area) = areas.first().copied() else {
            return Ok(());
        };
        let lacks = |of: &Standing, (version, digest): &(AgreementVersion, Digest)| {
            !is_told(&of.agreements, *version, *digest)
        };
        let wanted = theirs.agreements.iter().filter(|held| lacks(ours, held));
        let wanted = wanted.filter(|(version, digest)| {
            let told = &self.0.told;
            !told.knows(area, *version, *digest)
        });
        let mut wanted: Vec<_> = wanted.map(|(version, _)| *version).collect();
        wanted.truncate(MOST_TEXTS);
        let shown = ours.agreements.iter().filter(|held| lacks(theirs, held));
        let mut shown = self.texts_of(shown.map(|(version, _)| *version));
        shown.truncate(MOST_TEXTS);
        let (mut wanted, mut shown) = (wanted.chunks(A_CALL), shown.chunks(A_CALL));
        loop {
            let (asked, said) = (wanted.next(), shown.next());
            if asked.is_none() && said.is_none() {
                return Ok(());
            }
            let mut request = Request::new(wire::agreements_request(WireAgreements {
                wanted: asked.unwrap_or_default().to_vec(),
                shown: said.unwrap_or_default().to_vec(),
            }));
            request.set_timeout(WITHIN);
            let mut client = ExchangeClient::new(link.channel.clone());
            let answered = timeout(WITHIN, client.show_agreements(request)).await;
            let answered = answered.map_err(|_| SessionError::Silent)??.into_inner();
            self.keep(areas, &wire::agreements_response_in(answered)?)?;
        }
    }

    /// Keeps what a peer shows, and shows what it asks for: of the agreements between the two.
    pub(super) fn answer_agreements(
        &self,
        caller: &PeerId,
        asked: &WireAgreements,
    ) -> Result<ShowAgreementsResponse, NotOfItsForm> {
        self.keep(caller.areas(), &asked.shown)?;
        let ours = self.digests_with(caller.areas());
        let held = asked.wanted.iter().copied();
        let held = held.filter(|wanted| ours.iter().any(|(version, _)| version == wanted));
        Ok(wire::agreements_response(self.texts_of(held)))
    }

    /// Keeps those of the texts that the peer told of. One that this version cannot read is left
    /// out: a later one may have been written with more than this one knows.
    fn keep(&self, areas: &[County], texts: &[String]) -> Result<(), NotOfItsForm> {
        let trust = self.trust();
        for text in texts {
            let Ok(agreement) = Agreement::parse(text) else {
                continue;
            };
            if !is_between(agreement.version.id, trust.areas(), areas) {
                return Err(NotOfItsForm("an agreement between others"));
            }
            self.0.told.shown(areas, &Arc::new(agreement));
        }
        Ok(())
    }

    fn texts_of(&self, wanted: impl Iterator<Item = AgreementVersion>) -> Vec<String> {
        let agreements = self.agreements();
        let held = wanted.filter_map(|version| {
            let mut held = agreements.iter();
            held.find(|agreement| agreement.version == version)
        });
        held.map(|agreement| agreement.text())
            .filter(|text| text.len() <= wire::MOST_TEXT_BYTES)
            .map(ToOwned::to_owned)
            .collect()
    }
}

/// Texts that go in one call: with [`wire::MOST_TEXT_BYTES`] each they stay below the largest
/// message.
pub(super) const A_CALL: usize = 8;
/// Texts of a peer that are kept, and asked for after one probe.
const MOST_TEXTS: usize = 32;
const WITHIN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::samples::{TEXT, held};

    fn area() -> County {
        "530111".parse().unwrap()
    }

    fn version(text: &str, number: u32, until: &str) -> String {
        text.replace("version = 1", &format!("version = {number}"))
            .replace("2028-12-31", until)
    }

    fn digests(agreements: &Agreements) -> Vec<(AgreementVersion, Digest)> {
        let mut digests: Vec<_> = agreements
            .iter()
            .map(|it| (it.version, it.digest()))
            .collect();
        digests.sort_by_key(|(version, _)| *version);
        digests
    }

    /// What is found of each version: whether it is here, there and equal, and the keys that differ.
    fn found(told: &Told, here: &Agreements) -> Vec<(u32, [bool; 3], Option<Vec<String>>)> {
        let compared = told.compare(area(), &digests(here), here);
        let agreements = compared.agreements.into_iter().map(|it| {
            let keys = it.compared.map(|it| {
                let keys = it.differences.into_iter().map(|it| it.key);
                keys.collect::<Vec<_>>()
            });
            (it.version.version, [it.here, it.there, it.equal], keys)
        });
        agreements.collect()
    }

    #[test]
    fn each_version_is_equal_or_on_one_side_or_different_and_in_what() {
        let changed = version(TEXT, 2, "2027-12-31");
        let [other, third] = ["2027-06-30", "2026-12-31"].map(|until| version(TEXT, 2, until));
        let newer = third.replace("version = 2", "version = 3");
        let here = held(&[TEXT, &changed]);
        let there = held(&[TEXT, &other, &newer]);
        let now = crate::clock::Clock::system().monotonic();
        let told = Told::default();
        assert_eq!(
            found(&told, &here),
            [
                (1, [true, false, false], None),
                (2, [true, false, false], None)
            ],
            "nothing was told"
        );
        told.told(&[area()], &digests(&there), now, 7);
        assert_eq!(
            found(&told, &here),
            [
                (1, [true, true, true], None),
                (2, [true, true, false], None),
                (3, [false, true, false], None),
            ],
            "no text was shown"
        );
        for text in there.iter() {
            told.shown(&[area()], text);
        }
        let until = || vec!["valid_until".to_owned()];
        assert_eq!(
            found(&told, &here),
            [
                (1, [true, true, true], None),
                (2, [true, true, false], Some(until())),
                (
                    3,
                    [false, true, false],
                    Some(vec!["version".into(), "valid_until".into()])
                ),
            ]
        );
        // What the peer holds no more is forgotten, and what it never told of is not kept.
        told.told(&[area()], &digests(&held(&[TEXT])), now, 8);
        told.shown(&[area()], &Arc::new(Agreement::parse(&newer).unwrap()));
        assert_eq!(
            found(&told, &here),
            [
                (1, [true, true, true], None),
                (
                    2,
                    [true, false, false],
                    Some(vec!["version".into(), "valid_until".into()])
                ),
            ],
            "compared with the newest there"
        );
    }

    #[test]
    fn a_change_is_noted_once() {
        let told = Told::default();
        let channel = Channel {
            from: "350582".parse().unwrap(),
            to: area(),
        };
        let first = crate::clock::Clock::system().monotonic();
        let later = first + Duration::from_secs(1);
        assert_eq!(told.changed_at(channel), None);
        told.told(&[area()], &[], first, 1);
        assert_eq!(told.changed_at(channel), Some(first));
        told.told(&[area()], &[], later, 2);
        assert_eq!(told.changed_at(channel), Some(first));
        told.told(&[area()], &digests(&held(&[TEXT])), later, 3);
        assert_eq!(told.changed_at(channel), Some(later));
    }
}
