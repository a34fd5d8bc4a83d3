//! Edits, removals, insertions and truncations, drawn from a seed that is the same in every run.

use std::{
    fs,
    io::BufReader,
    path::{Path, PathBuf},
};

use hongyan::audit::verify;

use super::{
    harness::{County, World, binary, run},
    verified,
};

/// Numbers that look drawn.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// The segments of a county, in order.
pub(crate) fn segments(county: &County) -> Vec<PathBuf> {
    let entries = fs::read_dir(county.dir.join("data/journal")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "segment"))
        .collect();
    paths.sort();
    paths
}

/// Where each group of a segment begins, and where the last ends.
fn groups(segment: &[u8]) -> Vec<usize> {
    let magic = b"HYg1";
    let mut at = segment.windows(4).position(|it| it == magic).unwrap();
    let mut begins = vec![at];
    while at < segment.len() {
        assert_eq!(&segment[at..at + 4], magic);
        let len: [u8; 4] = segment[at + 4..at + 8].try_into().unwrap();
        at += 16 + u32::from_be_bytes(len) as usize;
        begins.push(at);
    }
    begins
}

/// Cuts a segment where its last group begins: nothing torn is left.
pub(crate) fn cut_the_last_group(segment: &Path) {
    let whole = fs::read(segment).unwrap();
    let begins = groups(&whole);
    fs::write(segment, &whole[..begins[begins.len() - 2]]).unwrap();
}

/// A change of bytes, and the range of offsets where it may be found.
fn changed(bytes: &[u8], begins: &[usize], draw: &mut Draw) -> (Vec<u8>, usize, usize, String) {
    let at = draw.below(bytes.len());
    let group = |at: usize| {
        let begin = begins.iter().rev().find(|begin| **begin <= at).copied();
        let end = begins.iter().find(|end| **end > at).copied();
        (begin.unwrap_or(0), end.unwrap_or(bytes.len()))
    };
    let whole = 1 + draw.below(begins.len() - 2);
    let (begin, end) = (begins[whole], begins[whole + 1]);
    let mut edited = bytes.to_vec();
    match draw.below(7) {
        0 => {
            let bit = draw.below(8);
            edited[at] ^= 1 << bit;
            let (begin, end) = group(at);
            (edited, begin, end, format!("bit {bit} of {at} flipped"))
        }
        1 => {
            let count = 1 + draw.below(64.min(bytes.len() - at));
            edited.drain(at..at + count);
            (
                edited,
                group(at).0,
                bytes.len(),
                format!("{count} bytes at {at} removed"),
            )
        }
        2 => {
            let count = 1 + draw.below(64);
            edited.splice(at..at, vec![0xa5; count]);
            (
                edited,
                group(at).0,
                bytes.len(),
                format!("{count} bytes at {at} put in"),
            )
        }
        3 => {
            edited.truncate(at);
            (edited, group(at).0, bytes.len(), format!("cut at {at}"))
        }
        4 => {
            edited.drain(begin..end);
            (edited, 0, bytes.len(), format!("group at {begin} removed"))
        }
        5 => {
            let copied = bytes[begin..end].to_vec();
            edited.splice(end..end, copied);
            (
                edited,
                0,
                bytes.len() * 2,
                format!("group at {begin} put in again"),
            )
        }
        _ => {
            edited.truncate(end);
            (
                edited,
                0,
                bytes.len(),
                format!("cut behind the group at {begin}"),
            )
        }
    }
}

/// So many edits of the journal of a county that is stopped, one after the other.
pub(crate) fn of_journal(county: &County, count: usize) {
    let segments = segments(county);
    assert!(segments.len() > 1);
    let names: Vec<&str> = segments
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .collect();
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    for number in 0..count {
        let chosen = draw.below(segments.len());
        let path = &segments[chosen];
        let whole = fs::read(path).unwrap();
        let (edited, from, to, how) = changed(&whole, &groups(&whole), &mut draw);
        if edited == whole {
            continue;
        }
        fs::write(path, &edited).unwrap();
        let told = verified(county, &[]);
        fs::write(path, &whole).unwrap();
        let said = format!("{number}: {how} in {}: {told:?}", names[chosen]);
        let fault = &told.expect(1).lines()[0];
        assert_eq!(fault["holds"], false, "{said}");
        // What is gone from the end of a segment shows where the next one begins.
        let found = fault["segment"].as_str().unwrap();
        let place = names.iter().position(|name| *name == found).unwrap();
        assert!(place == chosen || place == chosen + 1, "{said}");
        if place == chosen {
            let offset = usize::try_from(fault["offset"].as_u64().unwrap()).unwrap();
            assert!((from..=to).contains(&offset), "{said}");
        } else {
            assert_eq!(fault["offset"], 0, "{said}");
        }
    }
}

/// So many edits of a file that was exported.
pub(crate) fn of_file(world: &World, file: &Path, count: usize) {
    let whole = fs::read(file).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let mut draw = Draw(0x2545_f491_4f6c_dd1d);
    for number in 0..count {
        let chosen = draw.below(lines.len());
        let mut edited: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
        let line = &mut edited[chosen];
        let at = draw.below(line.len());
        let how = match draw.below(8) {
            0 => {
                line[at] ^= 1;
                "a bit flipped"
            }
            1 => {
                line.remove(at);
                "a byte removed"
            }
            2 => {
                line.insert(at, b'1');
                "a byte put in"
            }
            3 => {
                edited.remove(chosen);
                "the line removed"
            }
            4 => {
                let again = edited[chosen].clone();
                edited.insert(chosen, again);
                "the line put in again"
            }
            5 => {
                let other = (chosen + 1) % lines.len();
                edited.swap(chosen, other);
                "the line moved"
            }
            6 => {
                edited.truncate(chosen);
                "cut before the line"
            }
            _ => {
                line.truncate(at);
                edited.truncate(chosen + 1);
                "cut within the line"
            }
        };
        let edited = edited.concat();
        if edited == whole {
            continue;
        }
        let said = verify(BufReader::new(edited.as_slice())).unwrap();
        let line = u64::try_from(chosen).unwrap() + 1;
        let Err(fault) = said else {
            panic!("{number}: line {line}, {how}: not found");
        };
        let last = u64::try_from(lines.len()).unwrap();
        let near = fault.line.abs_diff(line) <= 1
            // The first two swapped, or the last with the first.
            || (how == "the line moved" && line == last && fault.line == 1);
        assert!(near, "{number}: line {line}, {how}: {fault:?}");
        if number % 16 == 0 {
            let path = world.path("edited");
            fs::write(&path, &edited).unwrap();
            let mut command = binary();
            command.args(["audit", "verify", "--format", "json"]);
            let told = run(command.arg(&path)).expect(1).lines();
            assert_eq!(told[0]["line"], fault.line);
            assert_eq!(told[0]["code"], fault.what.code());
        }
    }
}
