//! `decide` by a table for people: `cases.txt`. A section holds agreements, what the two sides have
//! said of them, and below that a case a line.
//!
//! ```text
//! == what the section is about
//! agreement 350582-530111/1 FROM..UNTIL [production] [swapped]     party a is the lower code, or not
//! SIDE KIND: what may travel                                        as in a template, free_text too
//! paired VERSION DAY                                                signed by both in pairing
//! said SIDE VERSION DAY propose | accept | suspend all|SIDE:KIND FROM | resume | end FROM
//! KIND FROM > TO [facts] = ok VERSION, or code:field …
//! ```
//! The facts of a case: `of KIND` for a correction, `+field` beside the fields that the kind cannot do
//! without, `consent`, `production`, `on DAY` (2026-10-08 else), `today DAY` (that day else), `named
//! VERSION` and `purpose WORD` for a receiver. Without a `paired` or `said` line an agreement was signed in
//! pairing, as one without a standing is.

use std::{collections::BTreeSet, fmt::Write as _};

use jiff::civil::{Date, date};

use super::{
    Against, Agreement, Agreements, Request, Route, Side, decide,
    life::{Added, Says, Standing, Statement, What},
};
use crate::domain::{
    agreement::AgreementVersion,
    area::AreaCode,
    calendar::parse_day,
    channel::Channel,
    field::Field,
    notice::{Kind, Names},
    refusal::Refusal,
};

const CASES: &str = include_str!("cases.txt");

/// A section under way.
#[derive(Default)]
struct World {
    texts: Vec<String>,
    standings: Vec<Standing>,
}

impl World {
    fn agreement(&mut self, words: &[&str]) {
        let [name, dates, flags @ ..] = words else {
            panic!("{words:?}");
        };
        let (id, version) = name.split_once('/').unwrap();
        let (lower, higher) = id.split_once('-').unwrap();
        let (a, b) = if flags.contains(&"swapped") {
            (higher, lower)
        } else {
            (lower, higher)
        };
        let (from, until) = dates.split_once("..").unwrap();
        let sandbox = !flags.contains(&"production");
        let nines = "9".repeat(64);
        self.texts.push(format!(
            "id = \"{id}\"\nversion = {version}\nsandbox = {sandbox}\npurpose = \"mobility\"\n\
             legal_basis = \"basis\"\nvalid_from = \"{from}\"\nvalid_until = \"{until}\"\n\
             [parties]\na = \"{a}\"\nb = \"{b}\"\n\
             [impact_assessment]\ndigest = \"{nines}\"\ndate = \"2020-01-01\"\n"
        ));
    }

    fn grant(&mut self, side: Side, kind: &str, fields: &str) {
        let (from, to) = (side.name(), side.other().name());
        let (text, fields): (Vec<_>, Vec<_>) = fields
            .split_whitespace()
            .partition(|field| *field == "free_text");
        write!(
            self.texts.last_mut().unwrap(),
            "[[grant]]\nfrom = \"{from}\"\nto = \"{to}\"\nkinds = [\"{kind}\"]\n\
             fields = {fields:?}\nfree_text = {}\n",
            !text.is_empty()
        )
        .unwrap();
    }

    fn held(&self) -> Vec<Agreement> {
        let texts = self.texts.iter();
        texts.map(|text| Agreement::parse(text).unwrap()).collect()
    }

    fn agreements(&self) -> Agreements {
        Agreements::new(self.held(), self.standings.clone()).unwrap()
    }

    /// The text of a version and the standing of its agreement.
    fn of(&mut self, version: &str) -> (Agreement, &mut Standing) {
        let version: AgreementVersion = version.parse().unwrap();
        let mut held = self.held().into_iter();
        let agreement = held.find(|held| held.version == version).unwrap();
        let mut standings = self.standings.iter();
        let at = standings.position(|held| held.id() == version.id);
        let at = at.unwrap_or_else(|| {
            self.standings.push(Standing::new(version.id));
            self.standings.len() - 1
        });
        (agreement, &mut self.standings[at])
    }

    fn paired(&mut self, version: &str, on: &str) {
        let (agreement, standing) = self.of(version);
        standing.signed_in_pairing(agreement.version.version, agreement.digest(), day(on));
    }

    fn said(&mut self, side: &str, version: &str, on: &str, what: &[&str]) {
        let (agreement, standing) = self.of(version);
        let reason = || "because".parse().unwrap();
        let says = match what {
            ["propose"] => Says::Propose,
            ["accept"] => Says::Accept,
            ["suspend", "all", from] => Says::Suspend {
                what: What::All,
                from: day(from),
                reason: reason(),
            },
            ["suspend", kind, from] => {
                let (from_side, kind) = kind.split_once(':').unwrap();
                Says::Suspend {
                    what: What::Kinds([(self::side(from_side), kind.parse().unwrap())].into()),
                    from: day(from),
                    reason: reason(),
                }
            }
            ["resume"] => Says::Resume,
            ["end", from] => Says::End {
                from: day(from),
                reason: reason(),
            },
            _ => panic!("{what:?}"),
        };
        let side = self::side(side);
        let statement = Statement {
            side,
            number: standing.next_number(side),
            agreement: agreement.version,
            digest: agreement.digest(),
            on: day(on),
            says,
        };
        assert_eq!(standing.add(statement), Ok(Added::New));
    }
}

fn day(text: &str) -> Date {
    parse_day(text).unwrap_or_else(|| panic!("{text}"))
}

fn side(name: &str) -> Side {
    Side::ALL.into_iter().find(|it| it.name() == name).unwrap()
}

/// What is answered to a case.
fn answer(facts: &[&str], agreements: &Agreements) -> String {
    let [kind, from, ">", to, rest @ ..] = facts else {
        panic!("{facts:?}");
    };
    let kind: Kind = kind.parse().unwrap();
    let [from, to]: [AreaCode; 2] = [from, to].map(|area| area.parse().unwrap());
    let corrects = rest.iter().position(|fact| *fact == "of");
    let corrects = corrects.map(|at| rest[at + 1].parse::<Kind>().unwrap());
    let (mut fields, route) = match kind {
        Kind::Departure | Kind::Arrival | Kind::Correction => {
            (MOVEMENT.to_vec(), Route::Movement { from, to })
        }
        kind => (needed(kind), answers(from, to)),
    };
    let mut request = Request {
        route,
        kind,
        corrects,
        filled_fields: &[],
        has_consent: false,
        sandbox: true,
        purpose: None,
        on: date(2026, 10, 8),
        today: date(2026, 10, 8),
        named: None,
    };
    let mut today = None;
    let mut rest = rest.iter();
    while let Some(fact) = rest.next() {
        let mut word = || *rest.next().unwrap();
        match *fact {
            "consent" => request.has_consent = true,
            "production" => request.sandbox = false,
            "on" => request.on = day(word()),
            "today" => today = Some(day(word())),
            "named" => request.named = Some(word().parse().unwrap()),
            "purpose" => request.purpose = Some(word()),
            "of" => {
                fields.extend([Field::Answers, Field::CorrectedOn, Field::Corrects]);
                word();
            }
            field => {
                let name = field.strip_prefix('+').unwrap_or_else(|| panic!("{field}"));
                fields.push(Field::from_name(name).unwrap_or_else(|| panic!("{field}")));
            }
        }
    }
    request.today = today.unwrap_or(request.on);
    request.filled_fields = &fields;
    let told = |refusal: Refusal| match refusal.field {
        Some(field) => format!("{}:{field}", refusal.code),
        None => refusal.code.to_string(),
    };
    match decide(&request, agreements) {
        Ok(version) => format!("ok {version}"),
        Err(Against { refusals, .. }) => {
            let told: Vec<String> = refusals.into_iter().map(told).collect();
            told.join(" ")
        }
    }
}

const MOVEMENT: [Field; 6] = [
    Field::DestinationArea,
    Field::EventDate,
    Field::MaritalStatus,
    Field::Name,
    Field::OriginArea,
    Field::ResidentId,
];

/// The fields that a kind without a movement cannot do without.
fn needed(kind: Kind) -> Vec<Field> {
    let mut fields: Vec<Field> = match kind {
        Kind::Departure | Kind::Arrival | Kind::Correction => panic!("{kind} tells of a movement"),
        Kind::Feedback => vec![Field::EventDate, Field::Outcome],
        Kind::Message => vec![Field::Text],
        Kind::VerificationRequest => vec![
            Field::EventDate,
            Field::Facts,
            Field::MaritalStatus,
            Field::Name,
            Field::ResidentId,
        ],
        Kind::ServiceRecord => vec![Field::EventDate, Field::Service],
        Kind::ContinuityTransfer => vec![Field::EventDate, Field::NextCheckOn],
        Kind::CertificateResult => vec![Field::CertificateStatus, Field::EventDate],
        Kind::Return | Kind::Withdrawal => vec![Field::EventDate, Field::Reason],
        Kind::ContinuityRequest | Kind::CertificateQuery | Kind::Erasure => {
            vec![Field::EventDate]
        }
        Kind::TakenUp => vec![],
        Kind::Reminder => vec![Field::DueOn],
        Kind::Bulletin => vec![Field::Month],
    };
    if kind.names_a_notice() == Names::Must {
        fields.insert(0, Field::Answers);
    }
    fields
}

fn answers(from: AreaCode, to: AreaCode) -> Route {
    Route::Answer(Channel {
        from: from.county(),
        to: to.county(),
    })
}

#[test]
fn every_line_of_the_table_is_answered_as_it_says() {
    let mut world = World::default();
    let mut section = "";
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for (at, line) in CASES.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [comment, ..] if comment.starts_with('#') => {}
            ["==", ..] => {
                section = line;
                world = World::default();
            }
            ["agreement", rest @ ..] => world.agreement(rest),
            [from @ ("a" | "b"), kind, ..] if kind.ends_with(':') => {
                let (_, fields) = line.split_once(':').unwrap();
                world.grant(side(from), kind.trim_end_matches(':'), fields);
            }
            ["paired", version, on] => world.paired(version, on),
            ["said", side, version, on, what @ ..] => world.said(side, version, on, what),
            _ => {
                let (facts, expected) = line.split_once(" = ").unwrap_or_else(|| panic!("{line}"));
                let facts: Vec<&str> = facts.split_whitespace().collect();
                assert!(seen.insert((section, facts.clone())), "twice: {line}");
                let told = answer(&facts, &world.agreements());
                if told != expected.trim() {
                    faults.push(format!("line {}: {line}\n    but {told}", at + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(seen.len() >= 200, "{}", seen.len());
}
