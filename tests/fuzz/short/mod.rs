//! The short form: every target over its seeds and over changed ones, each in a process of its own
//! with little memory, in which no input may take long.
//!
//! `HONGYAN_FUZZ=100000` tries as many changes of each target, however long that takes;
//! `HONGYAN_SEED=7` draws again what was drawn from that seed. The seeds lie under `fuzz` beside the
//! test's program, where the long form finds them; the input of a target that failed stays there.

mod mutate;
mod seeds;

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::PathBuf,
    process::{Command, exit},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use self::{
    mutate::{Draw, mutated},
    seeds::seeds,
};
use super::{TARGETS, Target};

/// Targets that break in the ways that the short form must notice.
const BROKEN: &[Target] = &[("hangs", hangs), ("hoards", hoards), ("panics", panics)];

fn panics(bytes: &[u8]) {
    assert!(bytes.first() == Some(&b'0'), "broken on purpose");
}

fn hangs(bytes: &[u8]) {
    while bytes.first() != Some(&b'0') {
        thread::sleep(Duration::from_millis(10));
    }
}

fn hoards(bytes: &[u8]) {
    let length = if bytes.first() == Some(&b'0') {
        1
    } else {
        MEMORY
    };
    let hoard = vec![1_u8; length];
    assert_eq!(hoard.len(), length);
}

/// Where the seeds and the last input of a target lie.
fn place(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    // `target/debug/deps/hongyan-…`.
    program.ancestors().nth(2).unwrap().join("fuzz").join(name)
}

/// Runs a target in a process of its own; what it tried, or how it failed.
fn apart(name: &str) -> Result<String, String> {
    let said = Command::new("prlimit")
        .arg(format!("--as={MEMORY}"))
        .arg("--core=0")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "fuzz::short::within", "--ignored", "--nocapture"])
        .env(NAME, name)
        .output()
        .unwrap();
    let told = [said.stdout.as_slice(), &said.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    if said.status.success() {
        let tried = told.lines().find(|line| line.contains(" inputs of "));
        return tried.map(str::to_owned).ok_or(told);
    }
    let input = place(name).join("last");
    Err(format!(
        "{name}: {}; the input is {}\n{told}",
        said.status,
        input.display()
    ))
}

#[test]
fn no_reader_panics_hangs_or_hoards_whatever_it_is_given() {
    let (send, faults) = mpsc::channel();
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                while let Some((name, _)) =
                    TARGETS.get(usize::try_from(next.fetch_add(1, Ordering::SeqCst)).unwrap())
                {
                    match apart(name) {
                        Ok(tried) => eprintln!("{tried}"),
                        Err(fault) => send.send(fault).unwrap(),
                    }
                }
            });
        }
    });
    drop(send);
    let faults: Vec<String> = faults.iter().collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_reader_that_breaks_is_noticed() {
    for (name, words) in [
        ("panics", "broken on purpose"),
        ("hangs", "no end within"),
        ("hoards", "memory allocation of"),
    ] {
        let fault = apart(name).unwrap_err();
        assert!(fault.contains(words), "{fault}");
        let input = fs::read(place(name).join("last")).unwrap();
        assert_ne!(input.first(), Some(&b'0'), "the input that it broke on");
    }
}

#[test]
fn every_target_has_its_long_form() {
    let package = include_str!("../Cargo.toml");
    let package: toml::Table = package.parse().unwrap();
    let programs = package["bin"].as_array().unwrap();
    let names: Vec<&str> = programs
        .iter()
        .map(|program| program["name"].as_str().unwrap())
        .collect();
    let targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, targets);
}

#[test]
#[ignore = "what the process of a target does"]
fn within() {
    let name = std::env::var(NAME).unwrap();
    let all = || TARGETS.iter().chain(BROKEN);
    let (_, target) = *all().find(|(known, _)| **known == *name).unwrap();
    let place = place(&name);
    // Of an earlier run, whose seeds had other keys.
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(place.join("seeds")).unwrap();
    let seeds = seeds(&name);
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(place.join(format!("seeds/{number}")), seed).unwrap();
    }
    // Open all the time: closing a file that was emptied is slow.
    let last = File::create(place.join("last")).unwrap();
    let longest = if name == "hangs" { SHORT } else { LONGEST };
    let tries = watched(longest);
    let run = |input: &[u8]| {
        last.set_len(0).unwrap();
        last.write_all_at(input, 0).unwrap();
        tries.fetch_add(1, Ordering::SeqCst);
        target(input);
    };
    seeds.iter().for_each(|seed| run(seed));
    let knob = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = knob("HONGYAN_SEED").unwrap_or_else(|| std::process::id().into());
    let mut draw = Draw::of(seed);
    let begun = Instant::now();
    // Unless told how many, as many as the short form has time for.
    let rounds = knob("HONGYAN_FUZZ");
    for round in 0..rounds.unwrap_or(ROUNDS) {
        if rounds.is_none() && begun.elapsed() > TIME {
            break;
        }
        let input = mutated(&seeds, round, &mut draw);
        run(&input);
    }
    fs::remove_file(place.join("last")).unwrap();
    let tries = tries.load(Ordering::SeqCst);
    println!("\n{tries} inputs of {name}, HONGYAN_SEED={seed}");
}

/// Counts inputs, and ends the process if one of them takes too long.
fn watched(longest: Duration) -> Arc<AtomicU64> {
    let tries = Arc::new(AtomicU64::new(0));
    let watched = Arc::clone(&tries);
    thread::spawn(move || {
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            thread::sleep(longest / 20);
            let now = watched.load(Ordering::SeqCst);
            if now != seen {
                (seen, since) = (now, Instant::now());
            } else if seen > 0 && since.elapsed() > longest {
                eprintln!("no end within {longest:?}");
                exit(2);
            }
        }
    });
    tries
}

/// Names the target to the process that runs it.
const NAME: &str = "HONGYAN_FUZZ_TARGET";
/// Changes of a target, and time for them, unless told otherwise.
const ROUNDS: u64 = 4_000;
const TIME: Duration = Duration::from_millis(700);
/// Longest that one input may take, on a busy machine and without optimisation.
const LONGEST: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(400);
/// Memory of a process, all that it maps counted: readers of ledgers may use 256 MiB.
const MEMORY: usize = 1 << 30;
