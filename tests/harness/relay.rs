//! A TCP relay between two nodes that cuts the link at a chosen byte.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

/// Which way the bytes are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the one who dials.
    There,
    /// To the one who dials.
    Back,
}

/// Where the next connection is cut.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    pub way: Way,
    pub after: u64,
}

/// Listens on a port and passes everything on to another.
#[derive(Clone)]
pub struct Relay {
    pub port: u16,
    plan: Arc<Mutex<Option<Cut>>>,
    open: Arc<AtomicBool>,
    connections: Arc<AtomicU64>,
    cuts: Arc<AtomicU64>,
    passed: Arc<[AtomicU64; 2]>,
    live: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Self {
            port: listener.local_addr().unwrap().port(),
            plan: Arc::default(),
            open: Arc::new(AtomicBool::new(true)),
            connections: Arc::default(),
            cuts: Arc::default(),
            passed: Arc::default(),
            live: Arc::default(),
        };
        let own = relay.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                own.serve(stream, target);
            }
        });
        relay
    }

    /// Cuts the next connection there.
    pub fn cut_next(&self, cut: Cut) {
        *self.plan.lock().unwrap() = Some(cut);
        self.cut_all();
    }

    /// Bytes passed since the relay was made.
    pub fn passed(&self, way: Way) -> u64 {
        self.passed[way as usize].load(Ordering::SeqCst)
    }

    /// Lets connections live.
    pub fn heal(&self) {
        *self.plan.lock().unwrap() = None;
        self.open.store(true, Ordering::SeqCst);
    }

    /// Ends what is open and takes nothing new.
    pub fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        self.cut_all();
    }

    /// Ends what is open.
    pub fn cut_all(&self) {
        for stream in self.live.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// How many connections were cut as planned.
    pub fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::SeqCst)
    }

    fn serve(&self, near: TcpStream, target: u16) {
        if !self.open.load(Ordering::SeqCst) {
            return;
        }
        let Ok(far) = TcpStream::connect(("127.0.0.1", target)) else {
            return;
        };
        self.connections.fetch_add(1, Ordering::SeqCst);
        // A planned cut is for one connection.
        let cut = self.plan.lock().unwrap().take();
        {
            let mut live = self.live.lock().unwrap();
            live.push(near.try_clone().unwrap());
            live.push(far.try_clone().unwrap());
        }
        for (way, from, to) in [
            (
                Way::There,
                near.try_clone().unwrap(),
                far.try_clone().unwrap(),
            ),
            (Way::Back, far, near),
        ] {
            let limit = cut.filter(|cut| cut.way == way).map(|cut| cut.after);
            let (cuts, passed) = (Arc::clone(&self.cuts), Arc::clone(&self.passed));
            thread::spawn(move || pass(from, to, limit, &cuts, &passed[way as usize]));
        }
    }
}

fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    limit: Option<u64>,
    cuts: &AtomicU64,
    total: &AtomicU64,
) {
    let mut left = limit.unwrap_or(u64::MAX);
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let passed = usize::try_from(left).unwrap_or(usize::MAX).min(count);
        if to.write_all(&buffer[..passed]).is_err() {
            break;
        }
        total.fetch_add(passed as u64, Ordering::SeqCst);
        left -= passed as u64;
        if left == 0 {
            cuts.fetch_add(1, Ordering::SeqCst);
            break;
        }
    }
    for stream in [from, to] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}
