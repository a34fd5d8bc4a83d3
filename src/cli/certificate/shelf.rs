//! The register on its file: read at the start, and again when the file has changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{sync::Mutex, task::spawn_blocking};

use super::super::{
    exit::Failure,
    language::{Language, both},
};
use crate::{
    clock::Clock,
    domain::problem::Sentence,
    ledger::{Register, RegisterForm},
};

/// The register that is in use.
pub(super) struct Shelf {
    path: PathBuf,
    clock: Clock,
    held: Mutex<Held>,
}

struct Held {
    register: Arc<Register>,
    /// Of the file that it was read from.
    stamp: Stamp,
    /// Of a newer one that cannot be used, and was told of.
    unusable: Option<Stamp>,
}

/// By what a file is known to be another: when it was written, and its length.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    written: SystemTime,
    length: u64,
}

impl Shelf {
    /// Reads the register, and says of what use it is.
    ///
    /// # Errors
    /// If the file is not there, or is no register.
    pub(super) fn open(path: PathBuf, clock: Clock) -> Result<Self, Failure> {
        let stamp = Stamp::of(&path).map_err(|error| absent(&path, &error))?;
        let register = read(&path).map_err(Failure::refused)?;
        tell(&register, &path);
        Ok(Self {
            path,
            clock,
            held: Mutex::new(Held {
                register: Arc::new(register),
                stamp,
                unusable: None,
            }),
        })
    }

    /// The register as the file has it, once the file has been left alone for a moment: half a
    /// register would have women not found who are in it. While it cannot be used, and while it is
    /// gone, the one before stays in use.
    pub(super) async fn register(&self) -> Arc<Register> {
        let mut held = self.held.lock().await;
        let Ok(stamp) = Stamp::of(&self.path) else {
            return Arc::clone(&held.register);
        };
        if stamp == held.stamp || held.unusable == Some(stamp) || !self.is_quiet(stamp) {
            return Arc::clone(&held.register);
        }
        let path = self.path.clone();
        let read = spawn_blocking(move || {
            let read = read(&path);
            // Written to in the meantime, it is not what it was.
            (Stamp::of(&path).is_ok_and(|now| now == stamp)).then_some(read)
        });
        match read.await {
            Ok(Some(Ok(register))) => {
                tell(&register, &self.path);
                held.register = Arc::new(register);
                held.stamp = stamp;
                held.unusable = None;
            }
            Ok(Some(Err(why))) => {
                held.unusable = Some(stamp);
                let Sentence { zh, en } = why;
                say(&both(
                    format!("{zh} 仍用原来的登记册。"),
                    format!("{en} The register before it stays in use."),
                ));
            }
            // It is read at the next question.
            Ok(None) | Err(_) => {}
        }
        Arc::clone(&held.register)
    }

    /// Whether nobody has written to the file for a moment. One that is of a time to come, by this
    /// machine's clock, is.
    fn is_quiet(&self, stamp: Stamp) -> bool {
        let written = stamp.written.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(self.clock.now_ms()).unwrap_or_default();
        let age = Duration::from_millis(now).checked_sub(written);
        age.is_none_or(|age| age >= QUIET)
    }
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            written: metadata.modified()?,
            length: metadata.len(),
        })
    }
}

fn read(path: &Path) -> Result<Register, Sentence> {
    let shown = path.display();
    let bytes = fs::read(path).map_err(|error| {
        both(
            format!("无法读取 {shown}：{error}。"),
            format!("cannot read {shown}: {error}."),
        )
    })?;
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let form = if extension == "jsonl" || extension == "ndjson" {
        RegisterForm::Lines
    } else {
        RegisterForm::Sheet
    };
    Register::read(bytes, form).map_err(|error| {
        let (zh, en) = error.text();
        both(format!("{shown}：{zh}"), format!("{shown}: {en}"))
    })
}

/// Says what was read, and which lines were not: never a value.
fn tell(register: &Register, path: &Path) {
    let (women, shown) = (register.women(), path.display());
    say(&both(
        format!("已读登记册 {shown}：{women} 人"),
        format!("register {shown}: {women} women"),
    ));
    let unread = register.unread();
    if unread.is_empty() {
        return;
    }
    let lines: Vec<String> = unread.iter().take(SHOWN).map(u32::to_string).collect();
    let (count, lines) = (unread.len(), lines.join(", "));
    let more = if count > SHOWN { " …" } else { "" };
    say(&both(
        format!("其中 {count} 行身份证号无法读取，将按“未查到”答复，请改正：第 {lines}{more} 行"),
        format!(
            "of {count} rows the identity number cannot be read, and these women are answered as not found; mend lines {lines}{more}"
        ),
    ));
}

/// For people, beside the answers.
fn say(sentence: &Sentence) {
    eprintln!("{}", Language::of_process().of(sentence));
}

fn absent(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display();
    Failure::usage(both(
        format!("无法打开 {shown}：{error}"),
        format!("cannot open {shown}: {error}"),
    ))
}

/// How long a file must have been left alone.
const QUIET: Duration = Duration::from_secs(1);

/// Lines that a person is shown.
const SHOWN: usize = 50;

#[cfg(test)]
mod tests {
    use std::fs::File;

    use rustls_pki_types::UnixTime;

    use super::*;
    use crate::{domain::resident::ResidentNumber, ledger::Entry};

    const NUMBER: &str = "994409198707016347";

    fn status(register: &Register) -> String {
        match register.find(&ResidentNumber::readable(NUMBER).unwrap(), None) {
            Entry::Certificate(it) => it.status.clone().unwrap(),
            Entry::NotFound => "not found".into(),
            Entry::Unclear { .. } => "unclear".into(),
        }
    }

    const NOW: Duration = Duration::from_secs(1_790_000_000);

    /// Writes the file as if so many seconds ago.
    fn write(path: &Path, text: &str, seconds_ago: u64) {
        fs::write(path, text).unwrap();
        let file = File::options().append(true).open(path).unwrap();
        let then = UNIX_EPOCH + NOW - Duration::from_secs(seconds_ago);
        file.set_modified(then).unwrap();
    }

    #[tokio::test]
    async fn a_file_that_has_changed_is_read_again_once_it_is_left_alone_and_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("register.csv");
        let text = |status: &str| format!("身份证号,状态\n{NUMBER},{status}\n");
        write(&path, &text("有效"), 900);
        let clock = Clock::new(|| UnixTime::since_unix_epoch(NOW));
        let shelf = Shelf::open(path.clone(), clock).unwrap();
        assert_eq!(status(&*shelf.register().await), "有效");
        // Somebody is writing to it.
        write(&path, "身份证号,状态\n", 0);
        assert_eq!(status(&*shelf.register().await), "有效");
        write(&path, &text("注销"), 600);
        assert_eq!(status(&*shelf.register().await), "注销");
        write(&path, "no register at all", 300);
        assert_eq!(status(&*shelf.register().await), "注销");
        fs::remove_file(&path).unwrap();
        assert_eq!(status(&*shelf.register().await), "注销");
        write(&path, &text("过期"), 200);
        assert_eq!(status(&*shelf.register().await), "过期");
    }
}
