//! Keyed digests: what stands in the tree for values that tell of a person.

use std::sync::Arc;

use crate::{
    domain::{
        area::{AreaCode, County},
        case::PersonKey,
        notice::Person,
        resident::ResidentNumber,
    },
    trust::reference::ReferenceKey,
};

/// What stands for an area within a home area, or for what two people may have in common.
pub(super) type Tag = [u8; 8];

/// The tag of a whole home area.
pub(super) const WHOLE: Tag = [0; 8];

/// Makes the digests under the node's key.
#[derive(Clone)]
pub(super) struct Tags(Arc<ReferenceKey>);

impl Tags {
    pub(super) const fn new(key: Arc<ReferenceKey>) -> Self {
        Self(key)
    }

    pub(super) fn person(&self, number: &ResidentNumber) -> PersonKey {
        PersonKey::new(self.0.subject_hash(number.as_str().as_bytes()))
    }

    /// The tags under which an address of a home area is found: that of the whole area, its
    /// township's, its village's, as far as it is known.
    pub(super) fn area(&self, home: County, area: AreaCode) -> Vec<Tag> {
        let mut tags = vec![WHOLE];
        if area.county() == home {
            let digits = area.shortest();
            let digits = digits.as_str();
            let finer = [9, 12].into_iter().filter_map(|len| digits.get(..len));
            tags.extend(finer.map(|digits| self.tag(b"area", digits)));
        }
        tags
    }

    /// The tag under which everything within an area is found.
    pub(super) fn within(&self, home: County, area: AreaCode) -> Option<Tag> {
        (area.county() == home).then(|| self.area(home, area).last().copied())?
    }

    /// What two people have in common who may be one: name and day of birth, or the telephone.
    pub(super) fn likenesses(&self, person: &Person) -> Vec<Tag> {
        let name: String = person.name.split_whitespace().collect();
        let born = person.resident_id.birth_date();
        let mut tags = vec![self.tag(b"name", &format!("{name} {born}"))];
        let phone = person.phone.as_deref().filter(|phone| !phone.is_empty());
        tags.extend(phone.map(|phone| self.tag(b"phone", phone)));
        tags
    }

    fn tag(&self, of: &[u8], value: &str) -> Tag {
        let [a, b, c, d, e, f, g, h, ..] = self.0.trait_hash(of, value.as_bytes());
        [a, b, c, d, e, f, g, h]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags() -> Tags {
        Tags::new(Arc::new(ReferenceKey::new([1; 32])))
    }

    #[test]
    fn an_address_is_found_by_each_area_around_it_and_no_other() {
        let (tags, home): (_, County) = (tags(), "350582".parse().unwrap());
        let of = |area: &str| tags.area(home, area.parse().unwrap());
        let within = |area: &str| tags.within(home, area.parse().unwrap()).unwrap();
        assert_eq!(of("350582104001").len(), 3);
        for around in ["350582", "350582104", "350582104000", "350582104001"] {
            assert!(of("350582104001").contains(&within(around)), "{around}");
        }
        assert!(!of("350582104001").contains(&within("350582105")));
        assert!(!of("350582104001").contains(&within("350582104002")));
        assert_eq!(of("350582104000"), of("350582104"));
        assert_eq!(of("350582000000"), [WHOLE]);
        assert_eq!(tags.within(home, "530111".parse().unwrap()), None);
        assert_eq!(of("530111001"), [WHOLE], "an address elsewhere");
    }
}
