//! Some notices at a time, on their way into the tree.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    cells,
    derived::{Derived, derived},
    keys,
    tags::Tag,
    thread::{Alike, Done, Reached, Thread, ThreadId, Told},
};
use crate::{
    domain::{
        area::County,
        case::{PersonKey, Role, Says},
        notice::NoticeId,
        workdays::Workdays,
    },
    store::{Shelf, ShelfError},
};

/// Changes that go into the tree as one.
pub(super) struct Batch<'a> {
    shelf: &'a Shelf,
    workdays: &'a Workdays,
    threads: HashMap<ThreadId, Loaded>,
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

/// A thread as it was, and as it is.
struct Loaded {
    before: Thread,
    now: Thread,
}

/// What followed from a thread, and what follows from it.
struct Change {
    was: Derived,
    is: Derived,
}

impl Loaded {
    fn change(&self, id: ThreadId, workdays: &Workdays) -> Change {
        Change {
            was: derived(id, &self.before, workdays),
            is: derived(id, &self.now, workdays),
        }
    }
}

impl<'a> Batch<'a> {
    pub(super) fn new(shelf: &'a Shelf, workdays: &'a Workdays) -> Self {
        Self {
            shelf,
            workdays,
            threads: HashMap::new(),
            changes: BTreeMap::new(),
        }
    }

    /// How many threads it holds.
    pub(super) fn len(&self) -> usize {
        self.threads.len()
    }

    /// Puts an entry in that follows from no thread.
    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    /// A notice that a home area sent or received. What speaks of a notice that is not there
    /// belongs to no case.
    pub(super) fn tell(&mut self, home: County, told: Told) -> Result<(), ShelfError> {
        let channel = told.fact.channel;
        let other = if channel.from == home {
            channel.to
        } else {
            channel.from
        };
        let by_itself = match told.fact.says {
            Says::Movement(_) => true,
            Says::Verification { .. } => told.fact.speaks_of.is_none(),
            _ => false,
        };
        // What was erased stays where the erasure put it.
        let erased = match self.person(home, other, told.fact.id)? {
            Some(person) => self.is_erased(ThreadId {
                home,
                other,
                person,
            })?,
            None => None,
        };
        let person = match (by_itself, told.fact.speaks_of) {
            _ if erased.is_some() => erased,
            (true, _) => told.person,
            (false, Some(of)) => self.person(home, other, of)?,
            (false, None) => None,
        };
        let Some(person) = person else {
            return Ok(());
        };
        let id = told.fact.id;
        // One that was read before, and belongs elsewhere now.
        if let Some(before) = self.person(home, other, id)?
            && before != person
        {
            self.thread(ThreadId {
                home,
                other,
                person: before,
            })?
            .remove(id);
        }
        let at = ThreadId {
            home,
            other,
            person,
        };
        let erased = self.is_erased(at)?.is_some();
        let mends = match told.fact.says {
            Says::Correction(_) if !erased => told.fact.speaks_of,
            _ => None,
        };
        let told = if erased {
            told.without_her(person)
        } else {
            told
        };
        self.thread(at)?.put(told);
        self.changes.insert(
            keys::notice(home, other, id),
            Some(person.as_bytes().to_vec()),
        );
        match mends {
            Some(root) => self.regroup(at, root),
            None => Ok(()),
        }
    }

    /// What became of a notice that went out.
    pub(super) fn settle(
        &mut self,
        home: County,
        other: County,
        id: NoticeId,
        reached: Reached,
    ) -> Result<(), ShelfError> {
        let Some(person) = self.person(home, other, id)? else {
            return Ok(());
        };
        let at = ThreadId {
            home,
            other,
            person,
        };
        let thread = self.thread(at)?;
        let Some(told) = thread.told.iter_mut().find(|told| told.fact.id == id) else {
            return Ok(());
        };
        told.reached = reached;
        match (&told.fact.says, told.fact.speaks_of) {
            (Says::Correction(_), Some(root)) if !thread.erased => self.regroup(at, root),
            _ => Ok(()),
        }
    }

    /// A case was erased: its notices leave the thread of the woman, and stand under its own id from
    /// now on.
    pub(super) fn erase(
        &mut self,
        home: County,
        other: County,
        case: NoticeId,
        notices: &[NoticeId],
    ) -> Result<(), ShelfError> {
        let instead = PersonKey::new(*case.as_bytes());
        let (mut told, mut done) = (Vec::new(), Vec::new());
        for id in notices.iter().chain([&case]) {
            let Some(person) = self.person(home, other, *id)?.filter(|it| *it != instead) else {
                continue;
            };
            let thread = self.thread(ThreadId {
                home,
                other,
                person,
            })?;
            let taken = thread.take_chain(*id);
            told.extend(taken.told);
            done.extend(taken.done);
        }
        for told in &told {
            let value = instead.as_bytes().to_vec();
            let key = keys::notice(home, other, told.fact.id);
            self.changes.insert(key, Some(value));
        }
        let thread = self.thread(ThreadId {
            home,
            other,
            person: instead,
        })?;
        let scrubbed = told.into_iter().map(|told| told.without_her(instead));
        let before = std::mem::take(&mut thread.told);
        let before = before.into_iter().map(|told| told.without_her(instead));
        thread.told = before.chain(scrubbed).collect();
        thread.done.extend(done);
        thread.done.sort_by_key(|done| done.position);
        thread.erased = true;
        Ok(())
    }

    /// Under what an erased thread stands; none if it is not erased.
    fn is_erased(&mut self, id: ThreadId) -> Result<Option<PersonKey>, ShelfError> {
        Ok(self.thread(id)?.erased.then_some(id.person))
    }

    /// What a desk did.
    pub(super) fn done(
        &mut self,
        home: County,
        other: County,
        done: Done,
    ) -> Result<(), ShelfError> {
        let Some(person) = self.person(home, other, done.about)? else {
            return Ok(());
        };
        let thread = self.thread(ThreadId {
            home,
            other,
            person,
        })?;
        if !thread.done.iter().any(|it| it.position == done.position) {
            thread.done.push(done);
        }
        Ok(())
    }

    /// Moves a departure or an arrival to the thread of whom it is about since its last correction.
    fn regroup(&mut self, at: ThreadId, root: NoticeId) -> Result<(), ShelfError> {
        let thread = self.thread(at)?;
        let Some(person) = thread.person_of(root).filter(|it| *it != at.person) else {
            return Ok(());
        };
        let Thread { told, done, .. } = thread.take_chain(root);
        for told in &told {
            self.changes.insert(
                keys::notice(at.home, at.other, told.fact.id),
                Some(person.as_bytes().to_vec()),
            );
        }
        let thread = self.thread(ThreadId { person, ..at })?;
        thread.told.extend(told);
        thread.done.extend(done);
        Ok(())
    }

    /// In whose thread a notice stands.
    fn person(
        &self,
        home: County,
        other: County,
        id: NoticeId,
    ) -> Result<Option<PersonKey>, ShelfError> {
        let key = keys::notice(home, other, id);
        let of = |bytes: &[u8]| bytes.try_into().ok().map(PersonKey::new);
        if let Some(changed) = self.changes.get(&key) {
            return Ok(changed.as_deref().and_then(of));
        }
        Ok(self.shelf.get(&key)?.and_then(|bytes| of(&bytes)))
    }

    fn thread(&mut self, id: ThreadId) -> Result<&mut Thread, ShelfError> {
        if !self.threads.contains_key(&id) {
            let before = load(self.shelf, id)?;
            let now = before.clone();
            self.threads.insert(id, Loaded { before, now });
        }
        let loaded = self.threads.entry(id).or_insert_with(|| Loaded {
            before: Thread::default(),
            now: Thread::default(),
        });
        Ok(&mut loaded.now)
    }

    /// Puts everything into the tree.
    pub(super) fn apply(mut self) -> Result<(), ShelfError> {
        let mut changed = HashMap::new();
        for (id, loaded) in &self.threads {
            if loaded.before != loaded.now {
                changed.insert(*id, loaded.change(*id, self.workdays));
            }
        }
        self.recognise(&mut changed)?;
        let mut changes = self.changes;
        let mut cells = cells::Changes::default();
        // A case may go from one thread to another under the same keys.
        let mut listed: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for (id, Change { was, is }) in changed {
            for key in is.listed.difference(&was.listed) {
                listed.insert(key.clone(), id.other.as_bytes().to_vec());
            }
            for key in was.listed.difference(&is.listed) {
                changes.insert(key.clone(), None);
            }
            cells.take(&was.figures);
            cells.add(&is.figures);
        }
        for (id, Loaded { before, now }) in self.threads {
            if before != now {
                let value = (!now.is_empty()).then(|| now.encode(id));
                changes.insert(keys::thread(id), value);
            }
        }
        for (key, entry) in listed {
            changes.insert(key, Some(entry));
        }
        changes.extend(cells.entries(self.shelf)?);
        self.shelf.apply(changes)
    }

    /// Finds who may be one woman under two numbers, among those whom one side alone knows.
    fn recognise(&mut self, changed: &mut HashMap<ThreadId, Change>) -> Result<(), ShelfError> {
        let mut turned: HashSet<(ThreadId, Tag, Role)> = HashSet::new();
        let mut entries: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
        for (id, Change { was, is }) in changed.iter() {
            let (was, is) = (&was.likenesses, &is.likenesses);
            for (tag, role, _) in was.difference(is) {
                entries.insert(
                    keys::likeness(id.home, id.other, *tag, *role, id.person),
                    None,
                );
                turned.insert((*id, *tag, *role));
            }
            for (tag, role, notice) in is.difference(was) {
                entries.insert(
                    keys::likeness(id.home, id.other, *tag, *role, id.person),
                    Some(notice.as_bytes().to_vec()),
                );
                turned.insert((*id, *tag, *role));
            }
        }
        let mut affected: BTreeSet<ThreadId> = BTreeSet::new();
        for (id, tag, role) in turned {
            affected.insert(id);
            for alike in self.alike(&entries, id, tag, opposite(role))? {
                affected.insert(ThreadId {
                    person: alike.person,
                    ..id
                });
            }
        }
        for id in affected {
            let known = match changed.get(&id) {
                Some(change) => change.is.likenesses.clone(),
                None => {
                    let workdays = self.workdays;
                    derived(id, self.thread(id)?, workdays).likenesses
                }
            };
            let mut found = BTreeSet::new();
            for (tag, role, _) in known {
                found.extend(self.alike(&entries, id, tag, opposite(role))?);
            }
            let thread = self.thread(id)?;
            if thread.alike != found {
                thread.alike = found;
                if let Some(loaded) = self.threads.get(&id) {
                    changed.insert(id, loaded.change(id, self.workdays));
                }
            }
        }
        self.changes.extend(entries);
        Ok(())
    }

    /// Those others whom that side alone knows, and who share what the tag stands for.
    fn alike(
        &self,
        entries: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
        id: ThreadId,
        tag: Tag,
        role: Role,
    ) -> Result<Vec<Alike>, ShelfError> {
        let prefix = keys::likenesses(id.home, id.other, tag, role);
        let mut found: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for entry in self.shelf.from(&prefix, &prefix).take(MOST_ALIKE) {
            let (key, value) = entry?;
            found.insert(key.to_vec(), value.to_vec());
        }
        let changed = entries.range(prefix.clone()..);
        for (key, value) in changed.take_while(|(key, _)| key.starts_with(&prefix)) {
            match value {
                Some(value) => found.insert(key.clone(), value.clone()),
                None => found.remove(key),
            };
        }
        let alike = found.iter().filter_map(|(key, value)| {
            Some(Alike {
                person: keys::person_at(key)?,
                notice: NoticeId::try_from(value.as_slice()).ok()?,
            })
        });
        Ok(alike
            .filter(|alike| alike.person != id.person)
            .take(MOST_ALIKE)
            .collect())
    }
}

/// A thread of the tree; an empty one if there is none.
pub(super) fn load(shelf: &Shelf, id: ThreadId) -> Result<Thread, ShelfError> {
    let Some(bytes) = shelf.get(&keys::thread(id))? else {
        return Ok(Thread::default());
    };
    Thread::decode(id, &bytes).ok_or_else(|| ShelfError::unreadable("a thread"))
}

const fn opposite(role: Role) -> Role {
    match role {
        Role::Departure => Role::Arrival,
        Role::Arrival => Role::Departure,
    }
}

/// What more people share, a telephone of the village, tells nothing of any of them.
const MOST_ALIKE: usize = 8;
