//! Files that hold what others read of this program, to the byte: whoever changes one of them changes
//! what others know.

use std::{env, fs, path::PathBuf};

/// Compares with the file of that name in a directory of the sources; what differs is written beside
/// the program for people to look at, and to accept.
pub(crate) fn compare(directory: &str, name: &str, text: &str, faults: &mut Vec<String>) {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(directory);
    let path = golden.join(name);
    if fs::read_to_string(&path).is_ok_and(|held| held == text) {
        return;
    }
    let program = env::current_exe().unwrap();
    let beside = program.parent().unwrap().join("golden");
    fs::create_dir_all(&beside).unwrap();
    let written = beside.join(format!("{}-{name}", directory.replace('/', "-")));
    fs::write(&written, text).unwrap();
    faults.push(format!("cp {} {}", written.display(), path.display()));
}
