//! Areas that an office acts for, and whether a notice lies in them.

use crate::{
    domain::{
        area::{AreaCode, County},
        notice::{Kind, NoticeId},
    },
    envelope,
    store::{NotNow, NoticeView, Side, Store},
};

/// Areas of one home area, none within another, in order. The default is nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scope(Vec<AreaCode>);

impl Scope {
    /// The whole home area.
    pub(super) fn whole(home: County) -> Self {
        Self(vec![home.into()])
    }

    /// Those areas.
    pub(super) fn of(areas: impl IntoIterator<Item = AreaCode>) -> Self {
        let mut areas: Vec<AreaCode> = areas.into_iter().map(AreaCode::shortest).collect();
        // Shorter codes of the same beginning come first.
        areas.sort_unstable();
        let mut kept: Vec<AreaCode> = Vec::new();
        for area in areas {
            if !kept.iter().any(|wider| wider.contains(area)) {
                kept.push(area);
            }
        }
        Self(kept)
    }

    /// Its areas.
    pub(super) fn areas(&self) -> &[AreaCode] {
        &self.0
    }

    /// True if it is nowhere.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if that area lies in it.
    pub(super) fn covers(&self, area: AreaCode) -> bool {
        self.0.iter().any(|own| own.contains(area))
    }

    /// True if it is all of the home area.
    pub(super) fn is_whole(&self, home: County) -> bool {
        self.covers(home.into())
    }

    /// The same text for the same areas: part of what a consumer is.
    pub(super) fn text(&self) -> String {
        let codes: Vec<&str> = self.0.iter().map(AreaCode::as_str).collect();
        codes.join(",")
    }
}

/// Where a notice lies, as far as its bytes tell.
pub(super) enum Place {
    /// At that address on this side.
    At(AreaCode),
    /// Where that notice lies.
    With(NoticeId),
    /// At that address on this side, and where the notice lies that it mends.
    Both(AreaCode, NoticeId),
    /// Nowhere that can be told.
    Nowhere,
}

/// Where a notice lies, seen from that home area.
pub(super) fn place(home: County, bytes: &[u8]) -> Place {
    let Ok(notice) = envelope::decode(bytes) else {
        return Place::Nowhere;
    };
    let at = notice.content.movement();
    let at = at.map(|(_, movement)| movement.area_in(home));
    match (at, notice.header.answers) {
        (Some(at), None) => Place::At(at),
        (None, Some(id)) => Place::With(id),
        (Some(at), Some(id)) => Place::Both(at, id),
        (None, None) => Place::Nowhere,
    }
}

/// Whether a notice that one side has lies in a scope. What speaks of another is followed back to
/// that. Where something lay that was erased nobody can tell any more, so what says that it was erased
/// concerns every desk: one of them may have a copy.
///
/// # Errors
/// [`NotNow`] if the store cannot be asked.
pub(super) async fn covers(
    store: &Store,
    scope: &Scope,
    side: Side,
    bytes: &[u8],
) -> Result<bool, NotNow> {
    let home = side.home;
    if scope.is_whole(home) || scope.is_empty() {
        return Ok(!scope.is_empty());
    }
    let mut at = place(home, bytes);
    for _ in 0..MOST_STEPS {
        let id = match at {
            Place::At(area) => return Ok(scope.covers(area)),
            Place::Nowhere => return Ok(false),
            Place::Both(area, _) if scope.covers(area) => return Ok(true),
            Place::With(id) | Place::Both(_, id) => id,
        };
        let Some(view) = store.notice_of_pair(side, id).await? else {
            return Ok(false);
        };
        let Some(named) = view.bytes else {
            return Ok(is_erasure(bytes));
        };
        at = place(home, &named);
    }
    Ok(false)
}

fn is_erasure(bytes: &[u8]) -> bool {
    envelope::decode(bytes).is_ok_and(|notice| notice.header.kind == Kind::Erasure)
}

/// As [`covers`], for a notice that was looked up.
///
/// # Errors
/// [`NotNow`] if the store cannot be asked.
pub(super) async fn covers_view(
    store: &Store,
    scope: &Scope,
    view: &NoticeView,
) -> Result<bool, NotNow> {
    // What was erased lies nowhere any more.
    let bytes = view.bytes.as_deref().unwrap_or_default();
    covers(store, scope, view.side(), bytes).await
}

/// A chain of answers and notes that is longer is nobody's conversation.
const MOST_STEPS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(codes: &[&str]) -> Scope {
        Scope::of(codes.iter().map(|code| code.parse().unwrap()))
    }

    #[test]
    fn the_same_areas_have_one_text() {
        let all = [
            "350582105",
            "350582104000",
            "350582104",
            "350582104002",
            "350582105001",
        ];
        assert_eq!(scope(&all).text(), "350582104,350582105");
        assert_eq!(
            scope(&["350582000000", "350582104"]),
            Scope::whole("350582".parse().unwrap())
        );
        assert!(Scope::default().is_empty());
    }

    #[test]
    fn a_scope_covers_what_lies_in_it() {
        let scope = scope(&["350582104", "350582105001"]);
        let covers = |code: &str| scope.covers(code.parse().unwrap());
        assert!(covers("350582104002") && covers("350582105001"));
        assert!(!covers("350582105002") && !covers("350582"));
        assert!(!scope.is_whole("350582".parse().unwrap()));
    }
}
