//! The grants of an agreement, from what people write to what each channel and kind may carry.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::terms::TermsError;
use crate::{
    document::nearest,
    domain::{
        area::County,
        channel::Channel,
        field::{Field, Group},
        notice::Kind,
    },
};

/// What one kind may carry in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindTerms {
    /// The fields that may travel besides those of the frame.
    pub fields: BTreeSet<Field>,
    /// Calendar days, from publication, up to which delivery is tried.
    pub deadline_days: u16,
}

impl KindTerms {
    /// Whether that field may travel. What a kind cannot do without travels wherever it does.
    pub fn lets(&self, field: Field) -> bool {
        field.group() == Group::Frame || self.fields.contains(&field)
    }
}

/// The grants of both directions, in order.
pub(super) type Grants = BTreeMap<(Channel, Kind), KindTerms>;

/// A `[[grant]]` table as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGrant {
    from: String,
    to: String,
    kinds: Vec<String>,
    fields: Vec<String>,
    #[serde(default)]
    free_text: bool,
}

/// Spreads the tables out over channels and kinds. Grants for the same kind and direction add up.
pub(super) fn grants(
    raw: Vec<RawGrant>,
    deadline_days: &BTreeMap<String, u16>,
    a: County,
    b: County,
) -> Result<Grants, TermsError> {
    for (name, days) in deadline_days {
        kind(name)?;
        if !DEADLINE_DAYS.contains(days) {
            return Err(TermsError::DeadlineDays { kind: name.clone() });
        }
    }
    let mut grants = Grants::new();
    for grant in raw {
        let RawGrant {
            from,
            to,
            kinds,
            fields,
            free_text,
        } = grant;
        let channel = match (from.as_str(), to.as_str()) {
            ("a", "b") => Channel { from: a, to: b },
            ("b", "a") => Channel { from: b, to: a },
            _ => return Err(TermsError::GrantSides),
        };
        if kinds.is_empty() {
            return Err(TermsError::NoKinds);
        }
        let fields = expand(&fields, free_text)?;
        for name in &kinds {
            let kind = kind(name)?;
            if kind == Kind::Message && !free_text {
                return Err(TermsError::MessageWithoutFreeText);
            }
            let deadline_days = deadline_days
                .get(name)
                .copied()
                .unwrap_or(DEFAULT_DEADLINE_DAYS);
            grants
                .entry((channel, kind))
                .or_insert_with(|| KindTerms {
                    fields: BTreeSet::new(),
                    deadline_days,
                })
                .fields
                .extend(&fields);
        }
    }
    if grants.is_empty() {
        return Err(TermsError::NoGrants);
    }
    Ok(grants)
}

/// The fields behind names of groups and of single fields.
fn expand(names: &[String], free_text: bool) -> Result<BTreeSet<Field>, TermsError> {
    let mut fields = BTreeSet::new();
    let of_group = |group: Group| {
        Field::ALL
            .into_iter()
            .filter(move |field| field.group() == group)
    };
    for name in names {
        match GROUPS.into_iter().find(|group| group.name() == name) {
            Some(group) => fields.extend(of_group(group)),
            None => {
                fields.insert(single(name)?);
            }
        }
    }
    if free_text {
        fields.extend(of_group(Group::FreeText));
    }
    Ok(fields)
}

fn single(name: &str) -> Result<Field, TermsError> {
    if name == Group::Care.name() {
        return Err(TermsError::CareAsAGroup);
    }
    if name == Group::FreeText.name() {
        return Err(TermsError::FreeTextAsAField);
    }
    let field = Field::from_name(name).ok_or_else(|| TermsError::UnknownField {
        name: name.to_owned(),
        nearest: nearest(
            name,
            Field::ALL
                .into_iter()
                .map(Field::name)
                .chain(GROUPS.map(Group::name)),
        )
        .map(ToOwned::to_owned),
    })?;
    match field.group() {
        Group::FreeText => Err(TermsError::FreeTextAsAField),
        Group::Identity | Group::Movement | Group::Entitlement | Group::Care | Group::Frame => {
            Ok(field)
        }
    }
}

fn kind(name: &str) -> Result<Kind, TermsError> {
    name.parse().map_err(|_| TermsError::UnknownKind {
        name: name.to_owned(),
        nearest: nearest(name, Kind::ALL.into_iter().map(Kind::name)).map(ToOwned::to_owned),
    })
}

/// The groups that may be granted as a whole.
const GROUPS: [Group; 3] = [Group::Identity, Group::Movement, Group::Entitlement];

/// For a kind that `[deadline_days]` leaves out: 15 working days for the answer are some three
/// weeks, and a national holiday may fall among them.
const DEFAULT_DEADLINE_DAYS: u16 = 30;

const DEADLINE_DAYS: std::ops::RangeInclusive<u16> = 1..=365;
