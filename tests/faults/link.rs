//! A link that is cut at any byte, stands still, crawls, loses its other end without a word, or
//! delivers late: exactly one inbox record of each notice.

use std::{sync::Arc, thread, time::Duration};

use crate::{
    book::{Book, Follower},
    harness::{
        Build, County, GUANDU, Node, World, departure, notices,
        relay::{Cut, Relay, Way},
        rounds, two_linked_counties_of,
    },
};

/// Two counties that run, the link between them, and who watches.
struct Linked {
    jinjiang: County,
    relay: Relay,
    book: Arc<Book>,
    follower: Follower,
    published: u32,
    _nodes: [Node; 2],
    _world: World,
}

impl Linked {
    /// Both have exchanged a first notice: a stream is open.
    fn of(build: Build) -> Self {
        let (world, jinjiang, guandu, relay) = two_linked_counties_of(build);
        let book = Book::of(&world);
        let nodes = [guandu.start(), jinjiang.start()];
        let mut linked = Self {
            follower: book.follow(&guandu, GUANDU),
            jinjiang,
            relay,
            book,
            published: 0,
            _nodes: nodes,
            _world: world,
        };
        linked.publish(1);
        linked.answered();
        linked
    }

    fn publish(&mut self, count: u32) {
        let rows: Vec<_> = (1..=count)
            .map(|it| departure(self.published + it))
            .collect();
        self.published += count;
        self.book.publish_all(&self.jinjiang, &rows);
    }

    fn answered(&self) {
        self.book.wait_until_answered(&self.jinjiang);
    }

    fn judge(self) {
        self.follower.finish();
        self.book.judge();
    }
}

fn cut_at_bytes(build: Build, cuts: u64) {
    let mut linked = Linked::of(build);
    let relay = linked.relay.clone();
    // One round without a cut says how many bytes a connection moves for one notice.
    relay.cut_all();
    let passed = || [Way::There, Way::Back].map(|way| relay.passed(way));
    let before = passed();
    linked.publish(1);
    linked.answered();
    let after = passed();
    // From the last byte to the first.
    for number in (0..cuts).rev() {
        let way = if number % 2 == 0 {
            Way::There
        } else {
            Way::Back
        };
        let bytes = after[way as usize] - before[way as usize];
        let after = 1 + (number / 2) * bytes / (cuts / 2).max(1);
        relay.cut_next(Cut { way, after });
        linked.publish(1);
        linked.answered();
    }
    assert!(relay.cuts() > cuts / 2, "only {} cuts", relay.cuts());
    relay.heal();
    linked.judge();
}

/// Nothing passes one way, the other way, or both, for a while; then what waited goes on.
fn stands_still() {
    let mut linked = Linked::of(Build::Sound);
    for ways in [&[Way::There][..], &[Way::Back], &[Way::There, Way::Back]] {
        for way in ways {
            linked.relay.hold(*way);
        }
        linked.publish(100);
        // Not an event but the attack itself.
        thread::sleep(Duration::from_secs(3));
        linked.relay.heal();
        linked.answered();
    }
    linked.judge();
}

/// A line slower than what is to go over it.
fn crawls() {
    let mut linked = Linked::of(Build::Sound);
    linked.relay.crawl(16 << 10);
    linked.publish(100);
    linked.answered();
    // Also a new connection, with its handshake.
    linked.relay.cut_all();
    linked.publish(20);
    linked.answered();
    linked.relay.heal();
    linked.judge();
}

/// The other end is gone, and no packet says so.
fn is_half_open() {
    let mut linked = Linked::of(Build::Sound);
    linked.publish(50);
    linked.relay.vanish();
    linked.publish(100);
    linked.answered();
    linked.judge();
}

/// What was sent over a connection that its dialler has lost arrives after all of it came over a
/// newer one, or between.
fn delivers_late(build: Build) {
    let mut linked = Linked::of(build);
    for round in 0..4 {
        linked.relay.hold(Way::There);
        linked.publish(10);
        // What is on the line is what the first stream sent: it has had the time of a publication.
        let late = linked.relay.set_aside();
        if round % 2 == 0 {
            linked.answered();
            late.deliver();
        } else {
            late.deliver();
            linked.answered();
        }
        linked.publish(10);
        linked.answered();
    }
    linked.judge();
}

#[test]
fn a_cut_at_any_byte_leaves_exactly_one_inbox_record() {
    cut_at_bytes(Build::Sound, rounds("HONGYAN_CUTS", 120) as u64);
    notices("doubled: ", || cut_at_bytes(Build::Without("once"), 60));
}

#[test]
fn a_line_that_stands_still_doubles_nothing() {
    stands_still();
}

#[test]
fn a_line_that_crawls_doubles_nothing() {
    crawls();
}

#[test]
fn a_half_open_line_is_given_up() {
    is_half_open();
}

#[test]
fn what_arrives_after_a_newer_stream_doubles_nothing() {
    delivers_late(Build::Sound);
    notices("doubled: ", || delivers_late(Build::Without("once")));
}
