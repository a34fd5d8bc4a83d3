#![no_main]

libfuzzer_sys::fuzz_target!(
    // A reader of others' making may panic, and is caught: only what gets out counts.
    init: drop(std::panic::take_hook()),
    |bytes: &[u8]| hongyan::fuzz::run("ledger_xlsx_sheet", bytes)
);
