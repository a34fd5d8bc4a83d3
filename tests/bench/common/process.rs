//! What a process costs, as the system counts it.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path, time::Duration};

/// The time that a process has spent on processors, all its threads together.
pub fn cpu(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name may hold anything; what follows its bracket may not.
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let ticks = |place: usize| -> u64 {
        let word = rest.split_whitespace().nth(place);
        word.and_then(|word| word.parse().ok()).unwrap()
    };
    Duration::from_millis((ticks(11) + ticks(12)) * 1_000 / TICKS_PER_SECOND)
}

/// The time that all processors have been busy, and their time in all, since the machine started.
pub fn machine() -> [Duration; 2] {
    let stat = fs::read_to_string("/proc/stat").unwrap();
    let all = stat.lines().next().unwrap();
    let ticks = all.split_whitespace().skip(1).take(8);
    let ticks: Vec<u64> = ticks.map(|word| word.parse().unwrap()).collect();
    let total: u64 = ticks.iter().sum();
    // The fourth and the fifth are idle and waiting for a disk.
    let busy = total - ticks[3] - ticks[4];
    [busy, total].map(|ticks| Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// The most memory that a process has had resident, in bytes.
pub fn peak_memory(process: u32) -> u64 {
    memory(process, "VmHWM:")
}

/// The memory that a process has resident, in bytes.
pub fn resident_memory(process: u32) -> u64 {
    memory(process, "VmRSS:")
}

fn memory(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes.and_then(|text| text.parse::<u64>().ok()).unwrap() * 1024
}

/// The bytes that a directory takes on disk: allocated blocks, not lengths.
pub fn disk(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else {
        return 0;
    };
    // A file may be gone between the listing and the look.
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => disk(&entry.path()),
        Ok(meta) => meta.blocks() * 512,
        Err(_) => 0,
    });
    sizes.sum()
}

/// Of `/proc/PID/stat`, on every Linux that Rust runs on.
const TICKS_PER_SECOND: u64 = 100;
