//! Hongyan 鸿雁: the gateway by which county offices tell each other that a married woman of
//! childbearing age has moved, so that the place where she lives serves her and the place she came
//! from knows it, and she need not travel for a paper or a check. Each county runs a *node*. Nodes
//! speak gRPC to each other over mutual TLS, point to point, with no centre.
//!
//! # Promises
//!
//! 1. **Kept.** A notice that an office was told is accepted survives `kill -9`, a power cut and a
//!    full disk.
//! 2. **Once.** A notice enters the receiving inbox exactly once, whatever is repeated, re-sent or
//!    restored.
//! 3. **In order.** The notices of a channel enter the inbox in sequence, with no gap.
//! 4. **Same answer.** A repeat of a notice gets the outcome that the first one got. The same id
//!    with other bytes is refused and raises an alarm.
//! 5. **Handed over.** A subscriber gets every notice at least once, in order, from its last
//!    acknowledged position, but for what was erased before it came to that; what it acknowledged it
//!    never gets again.
//! 6. **Apart.** A peer that is slow, dead or hostile does not slow the others.
//! 7. **No silent giving up.** A notice is tried until its business deadline; every end is visible
//!    to the office, with the reason.
//! 8. **Provable.** For any notice, either side keeps signed evidence of what was sent, received
//!    and answered, and when, and hands it out as one file that needs no node to verify.
//! 9. **Permitted.** Nothing leaves and nothing enters that no agreement in force allows, down to
//!    the field.
//! 10. **Quiet.** No personal value appears in a log, a metric, an error text, the record of who did
//!     what or a file in clear: what tells of a person is sealed under a key of her case, the keys open
//!     with the node's master key alone, and whoever looks at it leaves an entry on record. Erasing a
//!     case destroys its key, here and wherever it was sent, and no restore brings it back.
//!
//! # The life of a notice
//!
//! 1. An office calls `Publish` ([`office`]). What it says is parsed into a
//!    [`Draft`](domain::draft::Draft) that reports everything wrong with it at once.
//! 2. [`agreement`] lets it travel, or names the fields that may not.
//! 3. [`store`] numbers it and commits: one journal group, one `fdatasync`, then the index. Only
//!    then is the office told *accepted*.
//! 4. The channel's courier ([`exchange`]) claims the next notices, signs them as one parcel, and
//!    streams it to the peer.
//! 5. The peer proves who calls ([`trust`]), verifies the signature over the bytes as received,
//!    judges each notice, compares sequence, head and ids in its writer, commits to its own
//!    journal, and only then signs the receipt.
//! 6. The courier commits the receipt, which settles the notices.
//! 7. On the other side, offices that subscribe are handed the notices in order, and acknowledge.
//! 8. Feedback travels back as a notice of its own, on the opposite channel, naming the case.
//!
//! # Modules, in the order of dependency
//!
//! Nothing below depends on anything further down.
//!
//! | module | is |
//! |---|---|
//! | [`domain`] | the field, pure: areas, people, notices, delivery, refusals, working days, cases |
//! | `guard` | what the fault harness leaves out to see its rows fail |
//! | `fuzz` | what reads bytes of others, as targets for fuzzing; only in tests |
//! | [`clock`], [`document`] | the time; TOML with errors that name the key |
//! | `in_order` | futures side by side, answered in their order |
//! | [`envelope`] | a notice's bytes, written once and read strictly |
//! | [`agreement`] | what two areas have agreed on, how that stands, and what it lets through; pure |
//! | [`trust`] | identities, certificates, TLS, signatures, connections |
//! | [`ledger`] | spreadsheets in and out, JSON lines in |
//! | [`report`] | from figures to what people read: tables, sheets, lists, the monthly bulletin; pure |
//! | [`config`], [`pairing`] | the node's directory, with the table of holidays; how two nodes come to know each other, and what they sign later |
//! | [`evidence`] | one file about one notice that proves itself, and what it proves; pure |
//! | [`store`] | journal, index, vault of keys, verbs, laws |
//! | [`audit`] | what is on record, as a file that proves itself |
//! | [`cases`] | cases, work lists, figures: what follows from the notices |
//! | [`exchange`] | node to node |
//! | [`office`] | node to office |
//! | [`node`] | the composition root: the one place that knows all of the above |
//! | [`backup`] | a copy of a node, and a node from it |
//! | [`telemetry`], [`cli`] | logs; the command line, a file a command |

pub mod agreement;
pub mod audit;
pub mod backup;
pub mod cases;
pub mod cli;
pub mod clock;
pub mod config;
pub mod document;
pub mod domain;
pub mod envelope;
pub mod evidence;
pub mod exchange;
#[cfg(any(test, fuzzing))]
#[path = "../tests/fuzz/targets/mod.rs"]
pub mod fuzz;
#[cfg(test)]
mod golden;
#[cfg(feature = "broken")]
pub mod guard;
#[cfg(not(feature = "broken"))]
mod guard;
mod in_order;
pub mod ledger;
pub mod node;
pub mod office;
pub mod pairing;
mod proto;
pub mod report;
pub mod store;
pub mod telemetry;
pub mod trust;
