//! Entries of the journal that one entry of the index tells of, with others between them.
//!
//! Groups of a quiet node hold one or two notices each. What goes on where the group before it ended
//! lengthens what that one put into the index, so that some groups share one entry; and a reader still
//! reads no more than the stretch that it wants.

use crate::store::journal::{
    bytes::{Put, Take, Unreadable},
    group::Placed,
    record::Position,
};

/// Entries that stand one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) at: Position,
    pub(crate) len: u32,
    /// What else there is to say of it.
    pub(crate) mark: u64,
}

/// Stretches of one segment, in the order of their positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stretches(Vec<Stretch>);

impl Stretch {
    fn of(placed: &Placed, mark: u64) -> Self {
        Self {
            at: placed.position,
            len: placed.len,
            mark,
        }
    }

    /// The position behind it.
    pub(crate) fn end(&self) -> Position {
        self.at.plus(u64::from(self.len))
    }
}

impl Stretches {
    /// One entry.
    pub(crate) fn new(placed: &Placed, mark: u64) -> Self {
        Self(vec![Stretch::of(placed, mark)])
    }

    /// Adds an entry: to the last stretch, if it stands right behind that and `joined` gives the mark of
    /// both, else as a stretch of its own.
    pub(crate) fn add(
        &mut self,
        placed: &Placed,
        mark: u64,
        joined: impl FnOnce(u64) -> Option<u64>,
    ) {
        if let Some(last) = self.0.last_mut()
            && last.end() == placed.position
            && let Some(len) = last.len.checked_add(placed.len)
            && len <= MOST_BYTES
            && let Some(mark) = joined(last.mark)
        {
            last.len = len;
            last.mark = mark;
        } else {
            self.0.push(Stretch::of(placed, mark));
        }
    }

    /// Whether another entry goes in here, if the open segment began at `segment`.
    pub(crate) fn goes_on(&self, segment: Position) -> bool {
        !self.0.is_empty() && self.0.len() < MOST && self.at() >= segment
    }

    /// Where the first begins.
    pub(crate) fn at(&self) -> Position {
        self.0.first().map_or(Position::START, |first| first.at)
    }

    /// The position behind the last.
    pub(crate) fn end(&self) -> Position {
        self.0.last().map_or(Position::START, Stretch::end)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Stretch> {
        self.0.iter().copied()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut put = Put::default();
        self.put(&mut put);
        put.0
    }

    pub(crate) fn put(&self, put: &mut Put) {
        let mut end = self.at();
        put.u64(end.get());
        for stretch in &self.0 {
            put.small(stretch.at.get().saturating_sub(end.get()))
                .small(stretch.len.into())
                .small(stretch.mark);
            end = stretch.end();
        }
    }

    /// Reads the bytes of [`encode`](Self::encode).
    ///
    /// # Errors
    /// [`Unreadable`] if they are none.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::take(Take(bytes))
    }

    /// Takes all that is left.
    pub(crate) fn take(mut take: Take<'_>) -> Result<Self, Unreadable> {
        let mut end = Position::new(take.u64()?);
        let mut stretches = Vec::new();
        while !take.0.is_empty() {
            let stretch = Stretch {
                at: end.plus(take.small()?),
                len: u32::try_from(take.small()?).map_err(|_| Unreadable)?,
                mark: take.small()?,
            };
            end = stretch.end();
            stretches.push(stretch);
        }
        if stretches.is_empty() {
            return Err(Unreadable);
        }
        Ok(Self(stretches))
    }
}

/// With more, the bytes of an entry of the index would be too many to be written anew with each group.
const MOST: usize = 128;
/// Longer stretches would make a reader read too much for one notice, or for a short page.
const MOST_BYTES: u32 = 64 << 10;
