//! A TCP relay between two nodes that does to a link what networks do: cuts it at a chosen byte,
//! stands still, crawls, loses the other end without a word, and delivers late.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
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

/// What becomes of bytes that go one way on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Pass,
    /// They wait.
    Hold,
    /// They are lost, and nobody is told.
    Swallow,
    /// So many a second.
    Crawl(u64),
}

/// Listens on a port and passes everything on to another.
#[derive(Clone)]
pub struct Relay {
    pub port: u16,
    plan: Arc<Mutex<Option<Cut>>>,
    open: Arc<AtomicBool>,
    cuts: Arc<AtomicU64>,
    passed: Arc<[AtomicU64; 2]>,
    live: Arc<Mutex<Lines>>,
}

/// The lines, and how a new one begins.
struct Lines {
    lines: Vec<Arc<Line>>,
    manners: [Manner; 2],
}

/// One connection through the relay.
struct Line {
    near: TcpStream,
    far: TcpStream,
    manners: Mutex<[Manner; 2]>,
    changed: Condvar,
}

impl Line {
    fn set(&self, manners: [Manner; 2]) {
        *self.manners.lock().unwrap() = manners;
        self.changed.notify_all();
    }

    /// What becomes of the next bytes, once they need not wait.
    fn manner(&self, way: Way) -> Manner {
        let holds = |manners: &mut [Manner; 2]| manners[way as usize] == Manner::Hold;
        let manners = self.manners.lock().unwrap();
        self.changed.wait_while(manners, holds).unwrap()[way as usize]
    }

    /// Ends it; what waits is lost.
    fn end(&self) {
        for stream in [&self.near, &self.far] {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.set([Manner::Pass; 2]);
    }
}

impl Relay {
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Self {
            port: listener.local_addr().unwrap().port(),
            plan: Arc::default(),
            open: Arc::new(AtomicBool::new(true)),
            cuts: Arc::default(),
            passed: Arc::default(),
            live: Arc::new(Mutex::new(Lines {
                lines: Vec::new(),
                manners: [Manner::Pass; 2],
            })),
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

    /// Lets connections live, and what waited go on.
    pub fn heal(&self) {
        *self.plan.lock().unwrap() = None;
        self.open.store(true, Ordering::SeqCst);
        self.change([Manner::Pass; 2]);
    }

    /// Ends what is open and takes nothing new.
    pub fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        self.cut_all();
    }

    /// Ends what is open.
    pub fn cut_all(&self) {
        for line in self.live.lock().unwrap().lines.drain(..) {
            line.end();
        }
    }

    /// How many connections there are or were since all were cut.
    pub fn lines(&self) -> usize {
        self.live.lock().unwrap().lines.len()
    }

    /// How many connections were cut as planned.
    pub fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::SeqCst)
    }

    /// Bytes that go that way wait, on old connections and new, until [`Self::heal`].
    pub fn hold(&self, way: Way) {
        let mut manners = self.live.lock().unwrap().manners;
        manners[way as usize] = Manner::Hold;
        self.change(manners);
    }

    /// So many bytes a second each way, until [`Self::heal`].
    pub fn crawl(&self, bytes_per_second: u64) {
        self.change([Manner::Crawl(bytes_per_second); 2]);
    }

    /// The other end of each open connection is gone, and neither side is told: what is sent is
    /// lost. New connections live.
    pub fn vanish(&self) {
        for line in self.live.lock().unwrap().lines.drain(..) {
            line.set([Manner::Swallow; 2]);
            // The relay keeps both ends open as long as it lives.
            std::mem::forget(line);
        }
    }

    /// Whoever dialled loses its connections, but what it had sent still waits here: it comes after
    /// whatever goes over newer connections, when the one returned lets it. New connections live.
    pub fn set_aside(&self) -> Late {
        let mut live = self.live.lock().unwrap();
        live.manners = [Manner::Pass; 2];
        let lines: Vec<_> = live.lines.drain(..).collect();
        for line in &lines {
            line.set([Manner::Hold, Manner::Swallow]);
            let _ = line.near.shutdown(Shutdown::Write);
        }
        Late(lines)
    }

    fn change(&self, manners: [Manner; 2]) {
        let mut live = self.live.lock().unwrap();
        live.manners = manners;
        for line in &live.lines {
            line.set(manners);
        }
    }

    fn serve(&self, near: TcpStream, target: u16) {
        if !self.open.load(Ordering::SeqCst) {
            return;
        }
        let Ok(far) = TcpStream::connect(("127.0.0.1", target)) else {
            return;
        };
        // A planned cut is for one connection.
        let cut = self.plan.lock().unwrap().take();
        let line = {
            let mut live = self.live.lock().unwrap();
            let line = Arc::new(Line {
                near,
                far,
                manners: Mutex::new(live.manners),
                changed: Condvar::new(),
            });
            live.lines.push(Arc::clone(&line));
            line
        };
        for way in [Way::There, Way::Back] {
            let limit = cut.filter(|cut| cut.way == way).map(|cut| cut.after);
            let (relay, line) = (self.clone(), Arc::clone(&line));
            thread::spawn(move || relay.pass(&line, way, limit));
        }
    }

    fn pass(&self, line: &Line, way: Way, limit: Option<u64>) {
        let (mut from, mut to) = match way {
            Way::There => (&line.near, &line.far),
            Way::Back => (&line.far, &line.near),
        };
        let mut left = limit.unwrap_or(u64::MAX);
        let mut buffer = [0; 16 << 10];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            match line.manner(way) {
                Manner::Swallow => continue,
                Manner::Crawl(rate) => {
                    thread::sleep(Duration::from_micros(count as u64 * 1_000_000 / rate));
                }
                Manner::Pass | Manner::Hold => {}
            }
            let passed = usize::try_from(left).unwrap_or(usize::MAX).min(count);
            if to.write_all(&buffer[..passed]).is_err() {
                break;
            }
            self.passed[way as usize].fetch_add(passed as u64, Ordering::SeqCst);
            left -= passed as u64;
            if left == 0 {
                self.cuts.fetch_add(1, Ordering::SeqCst);
                break;
            }
        }
        if line.manner(way) != Manner::Swallow {
            line.end();
        }
    }
}

/// Connections that their dialler has lost, and whose bytes are still to come.
pub struct Late(Vec<Arc<Line>>);

impl Late {
    /// Delivers what had been sent.
    pub fn deliver(self) {
        for line in self.0 {
            line.set([Manner::Pass, Manner::Swallow]);
        }
    }
}
