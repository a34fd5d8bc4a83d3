//! Whatever the agreement and whatever the notice, no field travels that no one allowed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;
use proptest::{collection::btree_map, prelude::*, sample::subsequence};

use super::{Agreement, Agreements, Expected, Sending, Verdict, judge_incoming, permit_draft};
use crate::{
    domain::{
        channel::Channel,
        draft::{Draft, entries},
        field::Field,
        notice::{Content, Correction, Kind},
    },
    envelope::{Outgoing, decode, samples},
};

/// What travels with every notice, whatever an agreement says. Written out here, so that nobody
/// adds to it without a second thought.
const FRAME: [&str; 24] = [
    "answers",
    "consent.date",
    "consent.reference",
    "corrected_on",
    "corrects",
    "due_on",
    "duplicate_of",
    "event_date",
    "facts",
    "figures.answered",
    "figures.answered_in_time",
    "figures.arrivals_sent",
    "figures.departures_sent",
    "figures.notices_received",
    "figures.one_sided",
    "figures.overdue",
    "figures.taken_up",
    "from_area",
    "kind",
    "month",
    "outcome",
    "reason",
    "reference",
    "to_area",
];

/// What no agreement grants and any lets through, with nothing but the frame.
const FOLLOWING: [&str; 4] = ["erasure", "reminder", "taken_up", "withdrawal"];

const CARE: [&str; 9] = [
    "expected_delivery_date",
    "last_check_on",
    "method_class",
    "next_check_on",
    "next_due_on",
    "next_supply_on",
    "provider",
    "service",
    "vaccination_due_on",
];

const FREE_TEXT: [&str; 2] = ["note", "text"];

/// An agreement as a generator sees it.
#[derive(Clone, Debug)]
struct Model {
    a: &'static str,
    b: &'static str,
    /// By side and kind, the fields that may travel besides the frame.
    grants: BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>>,
}

impl Model {
    fn text(&self) -> String {
        let Self { a, b, grants } = self;
        let mut text = format!(
            "id = \"{}-{}\"\nversion = 1\nsandbox = true\npurpose = \"mobility_service\"\n\
             legal_basis = \"basis\"\nvalid_from = \"2026-01-01\"\nvalid_until = \"2027-01-01\"\n\
             [parties]\na = \"{a}\"\nb = \"{b}\"\n",
            a.min(b),
            a.max(b)
        );
        for ((side, kind), fields) in grants {
            let other = if *side == "a" { "b" } else { "a" };
            let free = fields.contains("text");
            let listed = fields.iter().filter(|field| !FREE_TEXT.contains(field));
            text += &format!(
                "[[grant]]\nfrom = \"{side}\"\nto = \"{other}\"\nkinds = [\"{kind}\"]\n\
                 fields = {:?}\nfree_text = {free}\n",
                listed.collect::<Vec<_>>()
            );
        }
        text
    }

    fn held(&self) -> Agreements {
        Agreements::new([Agreement::parse(&self.text()).unwrap()], []).unwrap()
    }

    /// Whether 350582 may send that to 530111.
    fn allows(&self, content: &Content, consent: bool) -> bool {
        // As which kind its fields are judged, and where it goes.
        let (judged, own, other) = match content {
            Content::Departure(moved)
            | Content::Correction(Correction {
                corrects: Kind::Departure,
                movement: moved,
                ..
            }) => (
                "departure",
                Some(moved.origin_area),
                Some(moved.destination_area),
            ),
            Content::Arrival(moved)
            | Content::Correction(Correction {
                movement: moved, ..
            }) => (
                "arrival",
                Some(moved.destination_area),
                Some(moved.origin_area),
            ),
            other => (other.kind().name(), None, None),
        };
        let answer = own.is_none();
        let own = own.map_or_else(|| "350582".to_owned(), |area| area.to_string());
        let other = other.map_or_else(|| "530111".to_owned(), |area| area.to_string());
        let within =
            |unit: &str, area: &str| area.starts_with(unit) || answer && unit.starts_with(area);
        let side = if within(self.a, &own) && within(self.b, &other) {
            "a"
        } else if within(self.b, &own) && within(self.a, &other) {
            "b"
        } else {
            return false;
        };
        let nothing = BTreeSet::new();
        let granted = match self.grants.get(&(side, judged)) {
            Some(granted) => granted,
            None if FOLLOWING.contains(&judged) => &nothing,
            None => return false,
        };
        let filled = entries(None, None, content);
        let mut names = filled.iter().map(|(field, _)| field.name());
        let care = filled.iter().any(|(field, _)| CARE.contains(&field.name()));
        names.all(|name| FRAME.contains(&name) || granted.contains(name)) && (consent || !care)
    }
}

/// Any subset of what may be granted; small ones and nearly whole ones alike.
fn any_fields() -> impl Strategy<Value = BTreeSet<&'static str>> {
    let all: Vec<&'static str> = Field::ALL
        .into_iter()
        .map(Field::name)
        .filter(|name| !FRAME.contains(name) && !FREE_TEXT.contains(name))
        .collect();
    let count = all.len();
    let some = prop_oneof![
        subsequence(all.clone(), 0..=count),
        subsequence(all.clone(), count - 2..=count),
        Just(all),
    ];
    (some, any::<bool>()).prop_map(|(some, free)| {
        let mut fields: BTreeSet<_> = some.into_iter().collect();
        if free {
            fields.extend(FREE_TEXT);
        }
        fields
    })
}

fn any_model() -> impl Strategy<Value = Model> {
    let parties = prop_oneof![
        4 => Just(("350582", "530111")),
        1 => Just(("35", "53")),
        1 => Just(("3505", "530111")),
        1 => Just(("350582104", "530111")),
        1 => Just(("350582", "530111001001")),
        1 => Just(("350582", "530112")),
        1 => Just(("350583", "530111")),
    ];
    let sides = prop_oneof![Just("a"), Just("b")];
    let granted = |kind: &Kind| !kind.follows();
    let kinds: Vec<_> = Kind::ALL.into_iter().filter(granted).collect();
    let kinds = proptest::sample::select(kinds).prop_map(Kind::name);
    let grants = btree_map((sides, kinds), any_fields(), 1..=16);
    (parties, any::<bool>(), grants).prop_map(|((a, b), swapped, mut grants)| {
        for ((_, kind), fields) in &mut grants {
            if *kind == "message" {
                // It is nothing but free text, and no agreement can grant it without.
                fields.extend(FREE_TEXT);
            }
        }
        let (a, b) = if swapped { (b, a) } else { (a, b) };
        Model { a, b, grants }
    })
}

fn channel() -> Channel {
    Channel {
        from: "350582".parse().unwrap(),
        to: "530111".parse().unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// Sent under one agreement, received under another of the same name: each side lets through
    /// what its own allows, exactly.
    #[test]
    fn no_field_outside_the_allow_list_is_sent_or_taken(
        here in any_model(),
        there in any_model(),
        same in any::<bool>(),
        samples::Sample(content) in samples::any_content(),
        samples::Sample(consent) in samples::any_consent(),
    ) {
        let there = if same { here.clone() } else { Model { a: here.a, b: here.b, ..there } };
        let answers = samples::answers(content.kind());
        let draft = Draft {
            reference: None,
            from: channel().from,
            from_follows: false,
            to: Some(channel().to),
            answers,
            consent: consent.clone(),
            content: content.clone(),
        };
        let sending = Sending { to: None, sandbox: true, today: date(2026, 10, 8) };
        let sent = permit_draft(draft, &sending, &here.held());
        prop_assert_eq!(sent.is_ok(), here.allows(&content, consent.is_some()));

        // Whether that node lets it go or not: the receiver trusts nothing.
        let name = format!("{}-{}/1", here.a.min(here.b), here.a.max(here.b));
        let bytes = samples::bytes(&Outgoing {
            answers,
            agreement: name.parse().unwrap(),
            consent: consent.as_ref(),
            ..samples::outgoing(&content)
        });
        let incoming = decode(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let expected = Expected { channel: channel(), sandbox: true, today: date(2026, 10, 8) };
        let verdict = judge_incoming(incoming, &expected, &there.held());
        let taken = matches!(verdict, Verdict::Permitted(_));
        prop_assert_eq!(taken, there.allows(&content, consent.is_some()));
    }
}
