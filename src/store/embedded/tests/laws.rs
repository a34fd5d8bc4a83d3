//! The laws of the store, on this back end.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
};

use tempfile::TempDir;

use super::{LARGE, OFFICE_QUOTA, QUOTA, SMALL, block_on, entries, open, open_with};
use crate::store::{
    backend::Backend,
    conformance::{self, Open},
    embedded::open::OpenError,
};

/// Runs a law on a store that keeps its index, and on one whose index is gone at every opening: what
/// is built anew must keep the same laws. It must also be what was there before, key for key. All of it
/// over many segments, and in one.
fn run<F: Future<Output = ()>>(law: impl Fn(Open<'static>) -> F) {
    let ways = [(true, SMALL), (false, SMALL), (true, LARGE), (false, LARGE)];
    for (keeps_index, segment_bytes) in ways {
        let directory: &'static TempDir = Box::leak(Box::new(TempDir::new().unwrap()));
        let index = directory.path().join("index");
        let last: Arc<Mutex<Option<Arc<dyn Backend>>>> = Arc::default();
        let opened = Arc::clone(&last);
        let opener: Open<'static> = Box::leak(Box::new(move || {
            drop(opened.lock().unwrap_or_else(PoisonError::into_inner).take());
            if !keeps_index && index.exists() {
                fs::remove_dir_all(&index).unwrap();
            }
            let store = open_with(directory.path(), segment_bytes).unwrap().0;
            *opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&store));
            store
        }));
        block_on(law(opener));
        let store = last.lock().unwrap_or_else(PoisonError::into_inner).take();
        block_on(store.unwrap().stop());
        let before = entries(directory.path());
        fs::remove_dir_all(directory.path().join("index")).unwrap();
        let rebuilt = open_with(directory.path(), segment_bytes).unwrap().0;
        block_on(rebuilt.stop());
        drop(rebuilt);
        let after = entries(directory.path());
        let differ: Vec<_> = before.symmetric_difference(&after).collect();
        assert!(differ.is_empty(), "not rebuilt as it was: {differ:#?}");
        fs::remove_dir_all(directory.path()).unwrap();
    }
}

#[test]
fn accepted_notices_are_numbered_and_kept() {
    run(conformance::accepted_notices_are_numbered_and_kept);
}

#[test]
fn a_reference_is_used_once() {
    run(conformance::a_reference_is_used_once);
}

#[test]
fn the_last_correction_that_has_not_ended_counts() {
    run(conformance::the_last_correction_that_has_not_ended_counts);
}

#[test]
fn a_channel_is_read_as_it_stands() {
    run(conformance::a_channel_is_read_as_it_stands);
}

#[test]
fn a_refused_notice_may_be_tried_anew() {
    run(conformance::a_refused_notice_may_be_tried_anew);
}

#[test]
fn claims_follow_the_chain() {
    run(conformance::claims_follow_the_chain);
}

#[test]
fn the_head_follows_the_home_area() {
    run(conformance::the_head_follows_the_home_area);
}

#[test]
fn what_both_signed_is_found() {
    run(conformance::what_both_signed_is_found);
}

#[test]
fn a_newer_lease_fences() {
    run(conformance::a_newer_lease_fences);
}

#[test]
fn receipts_settle_once() {
    run(conformance::receipts_settle_once);
}

#[test]
fn an_end_waits_for_the_peer() {
    run(conformance::an_end_waits_for_the_peer);
}

#[test]
fn what_the_peer_has_is_on_hold_no_more() {
    run(conformance::what_the_peer_has_is_on_hold_no_more);
}

#[test]
fn what_is_on_hold_comes_again() {
    run(conformance::what_is_on_hold_comes_again);
}

#[test]
fn a_parcel_enters_once() {
    run(conformance::a_parcel_enters_once);
}

#[test]
fn a_parcel_that_comes_twice_at_once_enters_once() {
    run(conformance::a_parcel_that_comes_twice_at_once_enters_once);
}

#[test]
fn an_id_has_one_outcome() {
    run(conformance::an_id_has_one_outcome);
}

#[test]
fn ids_in_any_order_are_known() {
    run(conformance::ids_in_any_order_are_known);
}

#[test]
fn a_pause_consumes_nothing() {
    run(conformance::a_pause_consumes_nothing);
}

#[test]
fn what_brings_nothing_waits_behind_the_allowance() {
    run(conformance::what_brings_nothing_waits_behind_the_allowance);
}

#[test]
fn a_stop_is_written_once() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    block_on(conformance::a_stop_is_written_once(
        &|| open(data).unwrap().0,
        &|| {
            let segments = fs::read_dir(data.join("journal")).unwrap();
            segments
                .map(|segment| segment.unwrap().metadata().unwrap().len())
                .sum()
        },
    ));
}

#[test]
fn a_reference_is_forgotten_after_400_days() {
    let directory = TempDir::new().unwrap();
    let data = directory.path();
    block_on(conformance::a_reference_is_forgotten_after_400_days(
        &|| open(data).unwrap().0,
        &|| fs::remove_dir_all(data.join("index")).unwrap(),
    ));
}

#[test]
fn consumers_are_handed_everything() {
    run(conformance::consumers_are_handed_everything);
}

#[test]
fn a_consumer_is_what_it_was_made() {
    run(conformance::a_consumer_is_what_it_was_made);
}

#[test]
fn a_set_back_sender_goes_on() {
    run(conformance::a_set_back_sender_goes_on);
}

#[test]
fn a_set_back_receiver_asks_again() {
    run(conformance::a_set_back_receiver_asks_again);
}

#[test]
fn each_home_area_knows_its_own_side() {
    run(conformance::each_home_area_knows_its_own_side);
}

#[test]
fn both_ways_between_home_areas_are_told_apart() {
    run(conformance::both_ways_between_home_areas_are_told_apart);
}

#[test]
fn a_hold_between_home_areas_is_the_senders() {
    run(conformance::a_hold_between_home_areas_is_the_senders);
}

#[test]
fn a_consent_stands_until_it_is_withdrawn() {
    run(conformance::a_consent_stands_until_it_is_withdrawn);
}

#[test]
fn acts_are_kept_in_order() {
    run(conformance::acts_are_kept_in_order);
}

#[test]
fn an_act_said_again_is_that_act() {
    run(conformance::an_act_said_again_is_that_act);
}

#[test]
fn acts_on_record_are_a_chain() {
    run(conformance::acts_on_record_are_a_chain);
}

#[test]
fn a_publication_is_on_record_with_its_notices() {
    run(conformance::a_publication_is_on_record_with_its_notices);
}

#[test]
fn an_erased_case_says_nothing() {
    run(conformance::an_erased_case_says_nothing);
}

#[test]
fn what_was_queued_of_an_erased_case_goes_out_as_a_void() {
    run(conformance::what_was_queued_of_an_erased_case_goes_out_as_a_void);
}

#[test]
fn what_went_by_its_time_can_be_asked_to_go_elsewhere() {
    run(conformance::what_went_by_its_time_can_be_asked_to_go_elsewhere);
}

#[test]
fn what_is_held_is_not_erased_before_it_is_released() {
    run(conformance::what_is_held_is_not_erased_before_it_is_released);
}

#[test]
fn what_is_told_of_an_erased_case_is_read_until_it_is_erased_again() {
    run(conformance::what_is_told_of_an_erased_case_is_read_until_it_is_erased_again);
}

#[test]
fn a_case_is_erased_as_its_area_asks() {
    run(conformance::a_case_is_erased_as_its_area_asks);
}

#[test]
fn the_quota_is_kept() {
    run(|open| conformance::the_quota_is_kept(open, QUOTA as usize));
}

#[test]
fn an_office_leaves_room_for_the_others() {
    run(|open| conformance::an_office_leaves_room_for_the_others(open, OFFICE_QUOTA as usize));
}

#[test]
fn a_second_process_is_told_so() {
    let directory = TempDir::new().unwrap();
    let (store, _) = open(directory.path()).unwrap();
    assert!(matches!(open(directory.path()), Err(OpenError::InUse(_))));
    block_on(store.stop());
    drop(store);
    assert!(open(directory.path()).is_ok());
}
