//! What the benches measure with: that a percentile is where it says, and that a load is what it
//! says.

#![allow(unreachable_pub, reason = "a test file is a crate of its own")]
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "shared with the benches, which measure by the system's clock"
)]

#[path = "bench/common/flow.rs"]
mod flow;
#[path = "bench/common/histogram.rs"]
mod histogram;

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use tokio_stream::Stream as _;

use self::{
    flow::{Flow, Load},
    histogram::Histogram,
};

#[test]
fn a_percentile_is_never_too_low_and_hardly_too_high() {
    // Squares spread over many powers of two.
    let times: Vec<u64> = (1..=100_000).map(|it: u64| it * it).collect();
    let mut histogram = Histogram::default();
    for time in &times {
        histogram.record(*time);
    }
    for percent in [0.01, 1.0, 50.0, 99.0, 99.9, 100.0] {
        let rank = (times.len() as f64 * percent / 100.0).ceil() as usize;
        let exact = times[rank - 1] as f64 / 1_000.0;
        let read = histogram.percentile(percent);
        assert!(
            (exact..=exact * 1.016).contains(&read),
            "{percent}: {read}, {exact}"
        );
    }
}

#[test]
fn no_more_are_under_way_than_the_window_lets_and_each_counts_once() {
    let flow = Flow::begin(Load {
        notices: 5,
        window: 2,
        pace: None,
    });
    assert_eq!(sent(&flow), [0, 1]);
    flow.accepted(0);
    flow.accepted(1);
    assert!(sent(&flow).is_empty(), "accepted is half of the way");
    flow.handed(0);
    flow.handed(0);
    assert_eq!(sent(&flow), [2]);
    for number in [1, 2] {
        flow.accepted(number);
        flow.handed(number);
    }
    assert_eq!(sent(&flow), [3, 4]);
    assert!(!flow.is_through());
    for number in [3, 4] {
        flow.handed(number);
        flow.accepted(number);
    }
    assert!(flow.is_through());
}

/// What may be sent now.
fn sent(flow: &Arc<Flow>) -> Vec<u64> {
    let mut numbers = flow.numbers();
    let mut context = Context::from_waker(Waker::noop());
    let mut sent = Vec::new();
    while let Poll::Ready(Some(number)) = Pin::new(&mut numbers).poll_next(&mut context) {
        sent.push(number);
    }
    sent
}
