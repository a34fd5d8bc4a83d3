//! Segments that left the journal: compressed, whole, and still read by position.
//!
//! The file is a chain of gzip members of at most 64 KiB (BGZF, SAM/BAM format specification §4.1), so
//! that any gzip gives the segment back byte for byte, and one entry is read without what stands before
//! it. Its last member is empty: a file that was cut lacks it.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::Path,
};

use flate2::{Compression, GzBuilder, read::GzDecoder};

use super::segment;

/// Where each member begins: in what it holds, and in the file.
pub(crate) struct Members {
    begins: Vec<(u64, u64)>,
    /// Bytes of the whole segment.
    len: u64,
}

/// Compresses a segment, puts that in place and reads it back.
///
/// # Errors
/// Of the disk, also where what is read back is not the segment.
pub(crate) fn put_in_place(path: &Path, segment: &[u8]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(segment.len());
    for part in segment.chunks(MEMBER).chain([&[][..]]) {
        put_member(&mut bytes, part)?;
    }
    segment::put_in_place(path, &[&bytes])?;
    if read(path)? != segment {
        return Err(not_what_was_written());
    }
    Ok(())
}

/// The segment in an archived file.
///
/// # Errors
/// Of the disk; [`io::ErrorKind::InvalidData`] where it is not what was written.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = BufReader::new(File::open(path)?);
    let mut segment = Vec::new();
    loop {
        let mut head = [0; HEAD];
        file.read_exact(&mut head).map_err(cut_off)?;
        let rest = size_of(&head)?.saturating_sub(HEAD as u64);
        let member = head.chain(file.by_ref().take(rest));
        if decompress(member, &mut segment)? == 0 {
            break;
        }
    }
    match file.read(&mut [0])? {
        0 => Ok(segment),
        _ => Err(not_what_was_written()),
    }
}

impl Members {
    /// Where the members of an archived file begin.
    ///
    /// # Errors
    /// Of the disk; [`io::ErrorKind::InvalidData`] where it is not what was written.
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        let mut file = BufReader::new(file);
        let mut begins = Vec::new();
        let (mut at, mut len) = (file.seek(SeekFrom::Start(0))?, 0u64);
        loop {
            let mut head = [0; HEAD];
            file.read_exact(&mut head).map_err(cut_off)?;
            let size = size_of(&head)?;
            let skipped = size.saturating_sub(HEAD as u64).saturating_sub(4);
            file.seek_relative(i64::try_from(skipped).unwrap_or(i64::MAX))?;
            let mut held = [0; 4];
            file.read_exact(&mut held).map_err(cut_off)?;
            match u32::from_le_bytes(held) {
                0 => return Ok(Self { begins, len }),
                held => {
                    begins.push((len, at));
                    len = len.saturating_add(held.into());
                }
            }
            at = at.saturating_add(size);
        }
    }

    /// The `len` bytes at an offset of the segment. `newest` holds the member that was read last, for
    /// whoever goes on where he ended.
    ///
    /// # Errors
    /// Of the disk; [`io::ErrorKind::InvalidData`] also behind the end of the segment.
    pub(crate) fn bytes(
        &self,
        file: &File,
        newest: &mut Newest,
        offset: u64,
        len: usize,
    ) -> io::Result<Vec<u8>> {
        let end = offset.saturating_add(len as u64);
        if end > self.len {
            return Err(not_what_was_written());
        }
        let first = self.begins.partition_point(|(at, _)| *at <= offset);
        let mut bytes = Vec::with_capacity(len);
        for (at, in_file) in self.begins.iter().skip(first.saturating_sub(1)) {
            if *at >= end {
                break;
            }
            let held = newest.of(file, *in_file)?;
            let within = |position: u64| {
                let within = usize::try_from(position.saturating_sub(*at));
                within.unwrap_or(usize::MAX).min(held.len())
            };
            bytes.extend(held.get(within(offset)..within(end)).unwrap_or_default());
        }
        match bytes.len() == len {
            true => Ok(bytes),
            false => Err(not_what_was_written()),
        }
    }
}

/// The member that was read last.
#[derive(Default)]
pub(crate) struct Newest {
    in_file: Option<u64>,
    holds: Vec<u8>,
}

impl Newest {
    fn of(&mut self, file: &File, in_file: u64) -> io::Result<&[u8]> {
        if self.in_file != Some(in_file) {
            self.in_file = None;
            self.holds.clear();
            let member = At {
                file,
                offset: in_file,
            };
            decompress(member, &mut self.holds)?;
            self.in_file = Some(in_file);
        }
        Ok(&self.holds)
    }
}

/// Reads a file from an offset on, wherever others read it.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset = self.offset.saturating_add(count as u64);
        Ok(count)
    }
}

fn put_member(bytes: &mut Vec<u8>, part: &[u8]) -> io::Result<()> {
    let begin = bytes.len();
    let mut member = GzBuilder::new()
        .extra(EXTRA)
        .write(&mut *bytes, Compression::default());
    member.write_all(part)?;
    member.finish()?;
    let size = bytes.len().saturating_sub(begin).saturating_sub(1);
    let size = u16::try_from(size).map_err(|_| not_what_was_written())?;
    let at = begin.saturating_add(SIZE_AT);
    let place = bytes.get_mut(at..at.saturating_add(2));
    place
        .ok_or_else(not_what_was_written)?
        .copy_from_slice(&size.to_le_bytes());
    Ok(())
}

/// How long the member is that begins so.
fn size_of(head: &[u8; HEAD]) -> io::Result<u64> {
    let [0x1f, 0x8b, 8, FLAGS, .., 6, 0, b'B', b'C', 2, 0, low, high] = *head else {
        return Err(not_what_was_written());
    };
    let size = u64::from(u16::from_le_bytes([low, high])).saturating_add(1);
    match size < SMALLEST {
        true => Err(not_what_was_written()),
        false => Ok(size),
    }
}

/// Appends what a member holds.
fn decompress(member: impl Read, into: &mut Vec<u8>) -> io::Result<usize> {
    let read = GzDecoder::new(member).read_to_end(into);
    read.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => not_what_was_written(),
        _ => cut_off(error),
    })
}

fn cut_off(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => not_what_was_written(),
        _ => error,
    }
}

fn not_what_was_written() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the archived segment is not what was written",
    )
}

/// Bytes of a segment in one member: as many as fit whatever they are (as bgzip has it).
const MEMBER: usize = 0xff00;
/// Bytes of a member before what is compressed.
const HEAD: usize = 18;
/// Those, and checksum and length behind it.
const SMALLEST: u64 = HEAD as u64 + 8;
/// There is an extra field.
const FLAGS: u8 = 4;
/// The field `BC` of two bytes: the size of the member less one, which is put in once it is known.
const EXTRA: &[u8] = b"BC\x02\0\0\0";
const SIZE_AT: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn archived(segment: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("1.segment.gz");
        put_in_place(&path, segment).unwrap();
        (directory, path)
    }

    /// Half of it does not compress.
    fn segment(len: usize) -> Vec<u8> {
        let mut state = 1u64;
        let noise = std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as u8
        });
        let pairs = noise.enumerate();
        pairs
            .map(|(at, noise)| if at / 1_000 % 2 == 0 { noise } else { 7 })
            .take(len)
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_was_archived_is_read_as_it_was(len in 0usize..300_000, at in 0usize..300_000, count in 0usize..200_000) {
            let segment = segment(len);
            let (_directory, path) = archived(&segment);
            prop_assert_eq!(&read(&path).unwrap(), &segment);
            let file = File::open(&path).unwrap();
            let members = Members::of(&file).unwrap();
            let mut newest = Newest::default();
            for at in [at, at / 2, at + count] {
                let read = members.bytes(&file, &mut newest, at as u64, count);
                match segment.get(at..at.saturating_add(count)) {
                    Some(part) => prop_assert_eq!(read.unwrap(), part),
                    None => prop_assert!(read.is_err()),
                }
            }
        }
    }

    #[test]
    fn any_gzip_reads_it() {
        let segment = segment(200_000);
        let (_directory, path) = archived(&segment);
        let mut told = Vec::new();
        let mut gzip = flate2::read::MultiGzDecoder::new(File::open(&path).unwrap());
        gzip.read_to_end(&mut told).unwrap();
        assert!(told == segment);
        assert!(std::fs::metadata(&path).unwrap().len() < 120_000);
    }

    #[test]
    fn one_that_was_changed_or_cut_is_refused() {
        let (_directory, path) = archived(&segment(150_000));
        let whole = std::fs::read(&path).unwrap();
        let refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
        };
        for at in [0, 16, whole.len() - 28, whole.len() - 1] {
            refused(&whole[..at]);
        }
        refused(&[&whole[..], b"x"].concat());
        for at in [1, 14, 16, whole.len() - 6] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            refused(&changed);
        }
    }
}
