//! The agreements that a node holds.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use jiff::civil::Date;

use super::{
    grants::KindTerms,
    life::{Record, Standing, State, records, state_on},
    route::Route,
    terms::Agreement,
};
use crate::domain::{
    agreement::{AgreementId, AgreementVersion},
    calendar::Days,
    channel::Channel,
    notice::Kind,
    problem,
};

/// The agreements that a node holds, several versions of each at most, and how each stands.
///
/// Several agreements may cover one route: that of two townships, of their counties, of the
/// cities around them. The most specific governs: the one whose two codes are longest together;
/// of two alike, the one whose code on the sender's side is longer. A notice that speaks of
/// another names no address; it goes by the agreements that cover both counties whole, in the
/// same order, and only where there is none by those of their townships: of these the most
/// specific, of two alike the lower id.
#[derive(Clone, Debug, Default)]
pub struct Agreements {
    /// By their units.
    all: Vec<(Units, Versions)>,
    /// How many digits the codes of those that are held have, sender's and receiver's side, most
    /// specific first: so that a route is looked up as often as there are levels in use.
    depths: Vec<(usize, usize)>,
    /// Those with a township or village on a side, by the counties in their place, and where they
    /// stand in `all`.
    within: Vec<(Units, usize)>,
    /// As `depths`, of the counties in their place.
    within_depths: Vec<(usize, usize)>,
}

/// The versions of one agreement, newest first.
#[derive(Clone, Debug)]
struct Versions {
    id: AgreementId,
    held: Vec<Held>,
}

impl Versions {
    fn version(&self, version: u32) -> Option<&Held> {
        let mut held = self.held.iter();
        held.find(|held| held.agreement.version.version == version)
    }

    /// True if one of them is in force on that day, suspended or not.
    fn in_force(&self, on: Date) -> bool {
        self.held.iter().any(|held| {
            matches!(
                state_on(&held.record, on),
                State::InForce | State::Suspended
            )
        })
    }
}

/// A version that is held, and what was said of it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) agreement: Arc<Agreement>,
    pub(super) record: Record,
}

/// The two units of an agreement as numbers, the lower first: quicker to find than by their codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Units(u128, u128);

impl Units {
    fn of(id: AgreementId) -> Self {
        let (lower, higher) = id.pair();
        Self::between(Code::of(lower.as_str()), Code::of(higher.as_str()))
    }

    fn between(a: Code, b: Code) -> Self {
        Self(a.number.min(b.number), a.number.max(b.number))
    }
}

/// A code as a number: its digits as text, from the highest byte down, then zero bytes.
#[derive(Clone, Copy)]
struct Code {
    number: u128,
    depth: usize,
}

impl Code {
    fn of(code: &str) -> Self {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(code.bytes()) {
            *to = from;
        }
        Self {
            number: u128::from_be_bytes(bytes),
            depth: code.len(),
        }
    }

    /// The unit of so many digits around it; none where it does not go so far itself.
    fn first(self, depth: usize) -> Option<Self> {
        let unused = u32::try_from(16_usize.checked_sub(depth)?).ok()?;
        let mask = u128::MAX.checked_shl(unused.checked_mul(8)?)?;
        (depth <= self.depth).then_some(Self {
            number: self.number & mask,
            depth,
        })
    }
}

/// Two texts under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two different texts are both called agreement {0}; keep the one that both sides signed")]
pub struct TwoTexts(pub AgreementVersion);

/// An agreement that ends soon, with nothing to follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndsSoon {
    /// The version.
    pub version: AgreementVersion,
    /// Its last day.
    pub on: Date,
    /// Of how many days before the end this is the warning: 60, 30 or 7.
    pub days: u16,
}

impl Agreements {
    /// True if both hold the same versions with the same texts, and they stand alike.
    pub fn same_as(&self, other: &Self) -> bool {
        let stands = |held: &Self| -> Vec<_> {
            let versions = held.held();
            versions
                .map(|held| {
                    let Held { agreement, record } = held;
                    (agreement.version, agreement.digest(), record.clone())
                })
                .collect()
        };
        stands(self) == stands(other)
    }

    /// Those agreements. The same text twice is held once. One of which there is no standing was
    /// signed by both sides when they paired, and nothing was said of it since; of the others only
    /// those texts count to which both sides have said yes.
    ///
    /// # Errors
    /// [`TwoTexts`] for one name with two different texts.
    pub fn new(
        agreements: impl IntoIterator<Item = Agreement>,
        standings: impl IntoIterator<Item = Standing>,
    ) -> Result<Self, TwoTexts> {
        let mut texts: HashMap<AgreementId, Vec<Arc<Agreement>>> = HashMap::new();
        for agreement in agreements {
            let versions = texts.entry(agreement.version.id).or_default();
            match versions
                .iter()
                .find(|held| held.version == agreement.version)
            {
                Some(held) if held.digest() == agreement.digest() => {}
                Some(held) => return Err(TwoTexts(held.version)),
                None => versions.push(Arc::new(agreement)),
            }
        }
        let standings: HashMap<AgreementId, Standing> = standings
            .into_iter()
            .map(|standing| (standing.id(), standing))
            .collect();
        let mut all: Vec<(Units, Versions)> = texts
            .into_iter()
            .map(|(id, mut versions)| {
                versions.sort_by_key(|agreement| std::cmp::Reverse(agreement.version));
                let records = records(versions.iter().map(Arc::as_ref), standings.get(&id));
                let held = versions.into_iter().zip(records);
                let held = held.map(|(agreement, record)| Held { agreement, record });
                let held = held.collect();
                (Units::of(id), Versions { id, held })
            })
            .collect();
        all.sort_by_key(|(units, _)| *units);
        let ids = || all.iter().map(|(_, versions)| versions.id);
        let finer = || ids().enumerate().filter(|(_, id)| id.county_level() != *id);
        let mut within: Vec<(Units, usize)> = finer()
            .map(|(at, id)| (Units::of(id.county_level()), at))
            .collect();
        within.sort_unstable();
        Ok(Self {
            depths: depths(ids()),
            within_depths: depths(finer().map(|(_, id)| id.county_level())),
            within,
            all,
        })
    }

    /// The version of that name.
    pub(super) fn version(&self, version: AgreementVersion) -> Option<&Held> {
        self.between(Units::of(version.id))?
            .version(version.version)
    }

    /// What a version grants to a kind on a channel, and within what times; none if the version is
    /// not held, or grants nothing of the kind there.
    pub fn terms(
        &self,
        version: AgreementVersion,
        channel: Channel,
        kind: Kind,
    ) -> Option<&KindTerms> {
        let agreement = &self.version(version)?.agreement;
        agreement.terms(agreement.sender_on(channel)?, kind)
    }

    /// For how long a version has a notice of that kind on that channel kept; none if the version is not
    /// held, or grants nothing of the kind there. It does not matter whether it is in force still.
    pub fn keep_for(
        &self,
        version: AgreementVersion,
        channel: Channel,
        kind: Kind,
    ) -> Option<Days> {
        let terms = self.terms(version, channel, kind)?;
        Some(terms.times.keep_for)
    }

    /// The fewest days for which any version has anything kept; none if none is held.
    pub fn shortest_keep(&self) -> Option<u16> {
        self.iter().filter_map(|it| it.shortest_keep()).min()
    }

    fn between(&self, units: Units) -> Option<&Versions> {
        let at = self.all.binary_search_by_key(&units, |(units, _)| *units);
        self.all.get(at.ok()?).map(|(_, versions)| versions)
    }

    /// Of the versions that cover a route, the first that passes, from the most specific agreement
    /// to the least, of each from the newest version to the oldest.
    pub(super) fn governing(
        &self,
        route: Route,
        mut passes: impl FnMut(&Held) -> bool,
    ) -> Option<&Held> {
        let (from, to) = match route {
            Route::Movement { from, to } => (Code::of(from.as_str()), Code::of(to.as_str())),
            Route::Answer(Channel { from, to }) => (Code::of(from.as_str()), Code::of(to.as_str())),
        };
        for (from_depth, to_depth) in &self.depths {
            if let (Some(from), Some(to)) = (from.first(*from_depth), to.first(*to_depth))
                && let Some(versions) = self.between(Units::between(from, to))
                && let Some(held) = versions.held.iter().find(|held| passes(held))
            {
                return Some(held);
            }
        }
        match route {
            Route::Movement { .. } => None,
            Route::Answer(_) => self.inside(from, to, passes),
        }
    }

    /// The same of those that cover only townships of two counties.
    fn inside(&self, from: Code, to: Code, mut passes: impl FnMut(&Held) -> bool) -> Option<&Held> {
        let mut found: Vec<&Versions> = Vec::new();
        for (from_depth, to_depth) in &self.within_depths {
            let (Some(from), Some(to)) = (from.first(*from_depth), to.first(*to_depth)) else {
                continue;
            };
            let units = Units::between(from, to);
            let first = self.within.partition_point(|(other, _)| *other < units);
            let rest = self.within.iter().skip(first);
            let alike = rest.take_while(|(other, _)| *other == units);
            found.extend(alike.filter_map(|(_, at)| self.all.get(*at).map(|(_, it)| it)));
        }
        found.sort_by_key(|versions| {
            let (lower, higher) = versions.id.pair();
            (
                std::cmp::Reverse(lower.depth() + higher.depth()),
                versions.id,
            )
        });
        let mut held = found.into_iter().flat_map(|versions| &versions.held);
        held.find(|held| passes(held))
    }

    /// The agreements of which no version is in force on that day, suspended or not, ascending.
    pub fn not_in_force(&self, on: Date) -> Vec<AgreementId> {
        let lapsed = self.all.iter().filter(|(_, it)| !it.in_force(on));
        lapsed.map(|(_, versions)| versions.id).collect()
    }

    /// The agreements whose end is near and of which no other version goes on beyond it, ascending.
    pub fn ending_soon(&self, today: Date) -> Vec<EndsSoon> {
        let ending = self.all.iter().filter_map(|(_, versions)| {
            let agreed = versions.held.iter().filter(|held| held.record.agreed());
            let last = agreed.max_by_key(|held| held.record.ends_on())?;
            Some(EndsSoon {
                version: last.agreement.version,
                on: last.record.ends_on(),
                days: last.record.warning_due(today)?,
            })
        });
        ending.collect()
    }

    /// Where a version stands on a day; none if it is not held.
    pub fn state(&self, version: AgreementVersion, on: Date) -> Option<State> {
        self.version(version).map(|held| state_on(&held.record, on))
    }

    /// Why a notice of that kind under that version does not leave on that day: a side has suspended
    /// it, or no version of the agreement is in force any more. One that rests on a version which
    /// this node does not hold is for the peer to judge.
    pub fn keeps_back(
        &self,
        version: AgreementVersion,
        channel: Channel,
        kind: Kind,
        on: Date,
    ) -> Option<problem::Code> {
        let versions = self.between(Units::of(version.id))?;
        let held = versions.version(version.version)?;
        let from = held.agreement.sender_on(channel)?;
        if held.record.suspends(from, kind, on) {
            Some(problem::Code::AgreementSuspended)
        } else {
            (!versions.in_force(on)).then_some(problem::Code::AgreementExpired)
        }
    }

    /// True if anything at all may be kept back on that channel on that day.
    pub fn keeps_any_back(&self, channel: Channel, on: Date) -> bool {
        self.all.iter().any(|(_, versions)| {
            let lapsed = !versions.in_force(on);
            versions.held.iter().any(|held| {
                let from = held.agreement.sender_on(channel);
                let suspends = |from| {
                    let mut kinds = Kind::ALL.into_iter();
                    kinds.any(|kind| held.record.suspends(from, kind, on))
                };
                from.is_some_and(|from| lapsed || suspends(from))
            })
        })
    }

    /// How many agreements there are, whatever their versions.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// All versions: the agreements in the order of their ids, of each the newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Agreement>> {
        self.held().map(|held| &held.agreement)
    }

    /// As [`Agreements::iter`], each with what was said of it.
    pub fn with_records(&self) -> impl Iterator<Item = (&Arc<Agreement>, &Record)> {
        self.held().map(|held| (&held.agreement, &held.record))
    }

    fn held(&self) -> impl Iterator<Item = &Held> {
        self.all.iter().flat_map(|(_, versions)| &versions.held)
    }
}

/// How many digits the codes of these have, sender's and receiver's side, most specific first; of
/// two alike the one with the longer code on the sender's side.
fn depths(ids: impl Iterator<Item = AgreementId>) -> Vec<(usize, usize)> {
    let both = ids.flat_map(|id| {
        let (lower, higher) = id.pair();
        [
            (lower.depth(), higher.depth()),
            (higher.depth(), lower.depth()),
        ]
    });
    let depths: BTreeSet<(usize, usize)> = both.collect();
    let mut depths: Vec<_> = depths.into_iter().collect();
    depths.sort_by_key(|(from, to)| std::cmp::Reverse((from + to, *from)));
    depths
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::agreement::samples::TEXT;

    #[test]
    fn an_agreement_is_not_in_force_before_and_after_all_its_versions() {
        let first = Agreement::parse(TEXT).unwrap();
        let renewed = TEXT
            .replace("version = 1", "version = 2")
            .replace("2026-01-01", "2029-01-01")
            .replace("2028-12-31", "2029-12-31");
        let id = first.version.id;
        let both = [first, Agreement::parse(&renewed).unwrap()];
        let held = Agreements::new(both, []).unwrap();
        assert_eq!(held.count(), 1);
        for (day, ended) in [
            (date(2025, 12, 31), vec![id]),
            (date(2028, 12, 31), vec![]),
            (date(2029, 1, 1), vec![]),
            (date(2030, 1, 1), vec![id]),
        ] {
            assert_eq!(held.not_in_force(day), ended, "{day}");
        }
    }

    #[test]
    fn only_a_version_that_is_held_says_for_how_long_it_has_things_kept() {
        let agreement = Agreement::parse(TEXT).unwrap();
        let version = agreement.version;
        let held = Agreements::new([agreement], []).unwrap();
        let channel = Channel {
            from: "350582".parse().unwrap(),
            to: "530111".parse().unwrap(),
        };
        let keep = |version, kind| held.keep_for(version, channel, kind);
        assert_eq!(keep(version, Kind::Departure), Some(Days::calendar(730)));
        assert_eq!(keep(version, Kind::TakenUp), None);
        let unknown = "350582-530111/9".parse().unwrap();
        assert_eq!(keep(unknown, Kind::Departure), None);
        assert_eq!(held.shortest_keep(), Some(730));
        assert_eq!(Agreements::default().shortest_keep(), None);
    }

    #[test]
    fn what_is_queued_is_kept_back_while_no_version_is_in_force() {
        let first = Agreement::parse(TEXT).unwrap();
        let later = TEXT
            .replace("version = 1", "version = 2")
            .replace("2026-01-01", "2029-02-01")
            .replace("2028-12-31", "2029-12-31");
        let versions = [first.version, Agreement::parse(&later).unwrap().version];
        let held = Agreements::new([first, Agreement::parse(&later).unwrap()], []).unwrap();
        let channel = |from: &str, to: &str| Channel {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        };
        let (own, others) = (channel("350582", "530111"), channel("350582", "530112"));
        let lapsed = Some(problem::Code::AgreementExpired);
        for (day, why) in [
            (date(2028, 12, 31), None),
            (date(2029, 1, 1), lapsed),
            (date(2029, 1, 31), lapsed),
            (date(2029, 2, 1), None),
            (date(2030, 1, 1), lapsed),
        ] {
            for version in versions {
                let kept = |channel| held.keeps_back(version, channel, Kind::Departure, day);
                assert_eq!(kept(own), why, "{version} on {day}");
                assert_eq!(kept(own.opposite()), why, "{version} on {day}");
                assert_eq!(kept(others), None, "not one of that channel");
            }
            assert_eq!(held.keeps_any_back(own, day), why.is_some(), "{day}");
            assert!(!held.keeps_any_back(others, day));
        }
        let unknown = "350582-530111/3".parse().unwrap();
        let day = date(2030, 1, 1);
        assert_eq!(held.keeps_back(unknown, own, Kind::Departure, day), None);
    }

    #[test]
    fn people_are_warned_60_30_and_7_days_before_an_end_that_nothing_follows() {
        let text = TEXT.replace("2028-12-31", "2026-12-31");
        let warned = |texts: &[&str], day| {
            let parsed = texts.iter().map(|text| Agreement::parse(text).unwrap());
            let held = Agreements::new(parsed, []).unwrap();
            let ending = held.ending_soon(day);
            ending.first().map(|ends| (ends.version.version, ends.days))
        };
        for (day, days) in [
            (date(2026, 11, 1), Some((1, 60))),
            (date(2026, 10, 31), None),
            (date(2026, 12, 1), Some((1, 30))),
            (date(2026, 11, 30), Some((1, 60))),
            (date(2026, 12, 24), Some((1, 7))),
            (date(2026, 12, 31), Some((1, 7))),
            (date(2027, 1, 1), None),
        ] {
            assert_eq!(warned(&[&text], day), days, "{day}");
        }
        let renewed = TEXT
            .replace("version = 1", "version = 2")
            .replace("2026-01-01", "2027-01-01");
        assert_eq!(warned(&[&text, &renewed], date(2026, 12, 31)), None);
    }

    #[test]
    fn one_name_for_two_texts_is_refused() {
        let other = TEXT.replace("2028-12-31", "2029-12-31");
        let parsed = || [TEXT, &other].map(|text| Agreement::parse(text).unwrap());
        let name = "350582-530111/1".parse().unwrap();
        assert_eq!(Agreements::new(parsed(), []).err(), Some(TwoTexts(name)));
        let twice = [TEXT, TEXT].map(|text| Agreement::parse(text).unwrap());
        assert_eq!(Agreements::new(twice, []).unwrap().iter().count(), 1);
    }
}
