//! The machine, in a sentence.

use std::{fs, path::Path, thread};

/// What runs here, and on what disk.
pub fn machine() -> String {
    let line = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let memory = line("/proc/meminfo", "MemTotal");
    let memory = memory.trim_end_matches(" kB").parse::<f64>();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{} cores of {}, {:.0} GB of memory, Linux {}, journals on {}",
        thread::available_parallelism().map_or(0, usize::from),
        line("/proc/cpuinfo", "model name"),
        memory.unwrap_or_default() / 1e6,
        kernel.trim(),
        file_system(Path::new(env!("CARGO_TARGET_TMPDIR")))
    )
}

fn file_system(directory: &Path) -> String {
    let directory = fs::canonicalize(directory).unwrap();
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    mounts
        .filter(|(at, _)| directory.starts_with(at))
        .max_by_key(|(at, _)| at.len())
        .map_or_else(String::new, |(_, kind)| kind.to_owned())
}
