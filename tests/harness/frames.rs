//! HTTP/2 by hand, for callers who keep none of its manners.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits by the system's clock"
)]

use std::{
    io::{self, ErrorKind, Read, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::knock::{Caller, HTTP2, Stream, client, connect};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const END_HEADERS: u8 = 4;

/// Kinds of frame.
pub mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    pub const CONTINUATION: u8 = 9;
}

pub fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(body);
    bytes
}

/// What every connection begins with, with a window for answers of that size.
pub fn preface(window: u32) -> Vec<u8> {
    let mut settings = vec![0, 4];
    settings.extend(window.to_be_bytes());
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(kind::SETTINGS, 0, 0, &settings));
    bytes
}

/// The headers of a gRPC call, in literals.
pub fn headers(path: &str) -> Vec<u8> {
    // :method POST, :scheme https, :path
    let mut bytes = vec![0x83, 0x87, 0x04, u8::try_from(path.len()).unwrap()];
    bytes.extend(path.bytes());
    // content-type, te
    bytes.extend([0x0f, 0x10, 16]);
    bytes.extend(b"application/grpc");
    bytes.extend([0x00, 2]);
    bytes.extend(b"te");
    bytes.push(8);
    bytes.extend(b"trailers");
    bytes
}

/// A header that names itself once and is then in the table: `x: <that many bytes>`.
pub fn remembered(bytes: usize) -> Vec<u8> {
    let mut header = vec![0x40, 1, b'x', 0x7f];
    // An integer behind seven bits that are full.
    let mut rest = bytes - 0x7f;
    while rest >= 0x80 {
        header.push(u8::try_from(rest % 0x80).unwrap() | 0x80);
        rest /= 0x80;
    }
    header.push(u8::try_from(rest).unwrap());
    header.resize(header.len() + bytes, b'y');
    header
}

/// The newest header of the table once more, in one byte.
pub const REPEATED: u8 = 0xbe;

/// A gRPC message in its frame.
pub fn message(body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

/// A connection on which anything can be said at any time.
pub struct Line<'a> {
    stream: Stream,
    stop: &'a AtomicBool,
    next: u32,
    /// Whether what the other end says is taken off the line.
    listens: bool,
}

impl<'a> Line<'a> {
    /// Connects and says how much of each answer it would take.
    pub fn open(
        port: u16,
        caller: &Caller,
        window: u32,
        listens: bool,
        stop: &'a AtomicBool,
    ) -> io::Result<Self> {
        let mut stream = connect(port, Arc::new(client(Some(caller), &[HTTP2])))?;
        stream.write_all(&preface(window))?;
        stream.flush()?;
        stream.sock.set_nonblocking(true)?;
        Ok(Self {
            stream,
            stop,
            next: 1,
            listens,
        })
    }

    /// The number of a new stream.
    pub fn stream(&mut self) -> u32 {
        let number = self.next;
        self.next += 2;
        number
    }

    /// How many streams it has opened.
    pub fn streams(&self) -> u32 {
        self.next / 2
    }

    /// Says something, however long the other end takes to take it.
    pub fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut said = 0;
        while said < bytes.len() {
            if self.stop.load(Ordering::SeqCst) {
                return Err(ErrorKind::Interrupted.into());
            }
            match self.stream.write(&bytes[said..]) {
                Ok(count) => said += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.listen()?;
                    thread::sleep(Duration::from_millis(2));
                }
                Err(error) => return Err(error),
            }
        }
        self.listen()
    }

    /// Says nothing for a while.
    pub fn rest(&mut self) -> io::Result<()> {
        if self.stop.load(Ordering::SeqCst) {
            return Err(ErrorKind::Interrupted.into());
        }
        thread::sleep(Duration::from_millis(20));
        self.listen()
    }

    /// Takes what the other end said, if this end listens; fails when it has ended.
    pub fn listen(&mut self) -> io::Result<()> {
        let mut sink = [0; 16 << 10];
        while self.listens {
            match self.stream.read(&mut sink) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
