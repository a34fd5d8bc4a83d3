//! What somebody may change in a file of evidence: every part of it, by bits, by exchange with other
//! files, by values that look right; and the same with the seal put anew, by the node that wrote it.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::Shown;

/// A file that was changed.
pub(crate) struct Alteration {
    pub(crate) bytes: Vec<u8>,
    /// What was changed, for whoever reads a failure.
    pub(crate) how: String,
}

/// A drawing that is the same each time.
struct Draw(u64);

impl Draw {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below).unwrap()).unwrap()
    }
}

/// Files changed in every way, one after the other. Each kind of change comes in turn.
pub(crate) struct Drawing<'a> {
    shown: &'a Shown,
    originals: Vec<(Vec<u8>, Value)>,
    draw: Draw,
    round: usize,
}

impl<'a> Drawing<'a> {
    pub(crate) fn of(shown: &'a Shown) -> Self {
        let read = |path| {
            let bytes = std::fs::read(path).unwrap();
            let value = serde_json::from_slice(&bytes).unwrap();
            (bytes, value)
        };
        Self {
            shown,
            originals: shown.files.iter().map(read).collect(),
            draw: Draw(0x9e37_79b9_7f4a_7c15),
            round: 0,
        }
    }

    /// The next one.
    pub(crate) fn one_more(&mut self) -> Alteration {
        loop {
            let (draw, shown) = (&mut self.draw, self.shown);
            let (bytes, value) = &self.originals[draw.next(self.originals.len())];
            let (_, other) = &self.originals[draw.next(self.originals.len())];
            self.round += 1;
            let found = match self.round % 8 {
                0 => Some(of_bytes(draw, bytes)),
                1 | 2 => Some(of_leaf(draw, value, None)),
                3 | 4 => Some(of_leaf(draw, value, Some(shown))),
                5 => exchanged(draw, value, other, shown),
                6 => Some(of_keys(draw, value, shown)),
                _ => Some(of_values(draw, value, shown)),
            };
            if let Some(found) = found {
                return found;
            }
        }
    }
}

/// A byte of the file, whatever it means.
fn of_bytes(draw: &mut Draw, bytes: &[u8]) -> Alteration {
    let mut bytes = bytes.to_vec();
    let at = draw.next(bytes.len());
    let how = match draw.next(3) {
        0 => {
            bytes[at] ^= 1 << draw.next(8);
            "a bit"
        }
        1 => {
            bytes.remove(at);
            "a byte less"
        }
        _ => {
            bytes.insert(at, b' ');
            "a byte more"
        }
    };
    Alteration {
        bytes,
        how: format!("{how} at {at}"),
    }
}

/// One value of the file: a bit of what stands there in base64, a character of a text, a number.
/// With the seal put anew if `reseal`; then not of the seal, nor of what is only the writer's word.
fn of_leaf(draw: &mut Draw, file: &Value, reseal: Option<&Shown>) -> Alteration {
    let mut paths = Vec::new();
    leaves(file, &mut String::new(), &mut paths);
    paths.retain(|path| reseal.is_none() || !path.starts_with("/seal"));
    let path = paths[draw.next(paths.len())].clone();
    let (original, mut file) = (file, file.clone());
    let leaf = file.pointer_mut(&path).unwrap();
    match leaf {
        Value::Bool(value) => *value = !*value,
        Value::Number(number) => {
            let bit = 1 << draw.next(8);
            *leaf = (number.as_u64().unwrap() ^ bit).into();
        }
        Value::String(text) => *text = flipped(draw, text),
        Value::Null | Value::Array(_) | Value::Object(_) => *leaf = json!("AAAA"),
    }
    finished(file, original, reseal, format!("the value at {path}"))
}

/// Another text: a bit of the bytes that it stands for, or another character.
fn flipped(draw: &mut Draw, text: &str) -> String {
    if let Ok(mut bytes) = BASE64.decode(text.as_bytes())
        && text.len() > 40
    {
        let at = draw.next(bytes.len());
        bytes[at] ^= 1 << draw.next(8);
        return BASE64.encode(&bytes);
    }
    let characters: Vec<char> = text.chars().collect();
    // A line feed behind a file of a pairing says nothing.
    let said = text.trim_end().chars().count();
    let at = draw.next(said);
    let mut changed = characters;
    changed[at] = match changed[at] {
        '0' => '1',
        'a' => 'b',
        _ => 'a',
    };
    if changed.iter().collect::<String>() == text {
        changed[at] = '7';
    }
    changed.into_iter().collect()
}

/// The paths of all leaves of a file.
fn leaves(value: &Value, path: &mut String, found: &mut Vec<String>) {
    let mut each = |key: &str, value: &Value| {
        let length = path.len();
        path.push('/');
        path.push_str(key);
        leaves(value, path, found);
        path.truncate(length);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| each(key, value)),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                each(&at.to_string(), item);
            }
        }
        // What is absent in a file of this kind is not added by anybody.
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(path.clone()),
    }
}

/// A part of another file in its place. None where both have the same.
fn exchanged(draw: &mut Draw, file: &Value, other: &Value, shown: &Shown) -> Option<Alteration> {
    let parts = [
        "/parcel",
        "/parcel/form",
        "/parcel/signature",
        "/parcel/digests",
        "/receipt",
        "/receipt/form",
        "/receipt/signature",
        "/content",
        "/digest",
        "/notice_id",
        "/sequence",
        "/sender/keys",
        "/receiver/keys",
        "/seal",
    ];
    let path = parts[draw.next(parts.len())];
    let (own, theirs) = (file.pointer(path)?, other.pointer(path)?);
    if own == theirs {
        return None;
    }
    // The same parcel answered once more is as good as the first answer.
    let same_parcel = file["parcel"] == other["parcel"];
    if path == "/receipt" && same_parcel {
        return None;
    }
    let (original, mut file) = (file, file.clone());
    *file.pointer_mut(path).unwrap() = theirs.clone();
    let reseal = (path != "/seal" && draw.next(2) == 0).then_some(shown);
    Some(finished(
        file,
        original,
        reseal,
        format!("{path} of another file"),
    ))
}

/// What is said of keys and pairings: less of it, or another's.
fn of_keys(draw: &mut Draw, file: &Value, shown: &Shown) -> Alteration {
    let (original, mut file) = (file, file.clone());
    let node = ["sender", "receiver"][draw.next(2)];
    let stranger = || {
        let dir = tempfile::tempdir().unwrap();
        hongyan::trust::keys::SigningKey::create(&dir.path().join("key")).unwrap()
    };
    let how = match draw.next(6) {
        0 => {
            file["pairings"] = json!([]);
            "without pairings"
        }
        1 => {
            file[node]["keys"][0]["succession"] = Value::Null;
            "without a succession"
        }
        2 => {
            file[node]["keys"].as_array_mut().unwrap().remove(0);
            "without the key that was pinned"
        }
        3 => {
            let spki = BASE64.encode(stranger().public().spki());
            file[node]["keys"][1]["key"] = spki.into();
            "with a stranger's key"
        }
        4 => {
            let spki = BASE64.encode(stranger().public().spki());
            let stranger = json!({"key": spki, "succession": null});
            file[node]["keys"].as_array_mut().unwrap().push(stranger);
            "with one key more"
        }
        _ => {
            let [one, other] = [&file["sender"], &file["receiver"]].map(Value::clone);
            file["sender"] = other;
            file["receiver"] = one;
            "with the nodes exchanged"
        }
    };
    let reseal = (draw.next(2) == 0).then_some(shown);
    finished(file, original, reseal, format!("{how} ({node})"))
}

/// Values that look right and are not.
fn of_values(draw: &mut Draw, file: &Value, shown: &Shown) -> Alteration {
    let (original, mut file) = (file, file.clone());
    let how = match draw.next(7) {
        0 => {
            let sequence = file["sequence"].as_u64().unwrap();
            file["sequence"] = (sequence + 1).into();
            "the next place"
        }
        1 => {
            file["agreement"]["name"] = "350582-530111/2".into();
            "another agreement"
        }
        2 => {
            let digests = file["parcel"]["digests"].as_array_mut().unwrap();
            digests.pop();
            "a digest less"
        }
        3 => {
            file["sandbox"] = false.into();
            "no trial data"
        }
        4 => {
            let side = file["side"].clone();
            file["side"] = if side == "sender" {
                "receiver"
            } else {
                "sender"
            }
            .into();
            "the other end"
        }
        5 => {
            // A receipt that says the same of a refusal: the byte that tells a run of stored.
            let form = file["receipt"]["form"].as_str().unwrap();
            let mut form = BASE64.decode(form.as_bytes()).unwrap();
            let at = form.len() - 32 - 8 - 32 - 8 - 40 - 5;
            form[at] = 1;
            file["receipt"]["form"] = BASE64.encode(&form).into();
            "another outcome"
        }
        _ => {
            // The time that the sender signed: before the voids and the journal.
            let form = file["parcel"]["form"].as_str().unwrap();
            let mut form = BASE64.decode(form.as_bytes()).unwrap();
            let at = form.len() - 40 - 4 - 4;
            form[at] ^= 1;
            file["parcel"]["form"] = BASE64.encode(&form).into();
            "another time"
        }
    };
    let reseal = (draw.next(2) == 0).then_some(shown);
    finished(file, original, reseal, how.to_owned())
}

fn finished(file: Value, original: &Value, reseal: Option<&Shown>, how: String) -> Alteration {
    let (file, how) = match reseal {
        Some(shown) => (shown.sealed(file, original), format!("{how}, sealed anew")),
        None => (file, how),
    };
    Alteration {
        bytes: format!("{file}\n").into_bytes(),
        how,
    }
}
