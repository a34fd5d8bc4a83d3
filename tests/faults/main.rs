//! Faults from outside against the built program: a file a row.
//!
//! Nothing here looks into a node. A row starts real nodes, attacks them, and compares what offices
//! were told with what was handed over. Each row then runs against a node that lacks the guard
//! which the row is about, and must fail: see [`harness::notices`].

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test fails by panicking, and waits by the system's clock"
)]

#[path = "../harness/book.rs"]
mod book;
#[path = "../harness/frames.rs"]
mod frames;
#[path = "../harness/grpc.rs"]
mod grpc;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../harness/knock.rs"]
mod knock;
#[path = "../harness/papers.rs"]
mod papers;
#[path = "../harness/protobuf.rs"]
mod protobuf;

mod apart;
mod at_rest;
mod canaries;
mod clock;
mod damage;
mod disk;
mod draw;
mod hostile;
mod http2;
mod identity;
mod kill;
mod link;
mod order;
mod outage;
mod power;
mod reminders;
mod restore;
mod subscriber;
