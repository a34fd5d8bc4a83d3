//! A file that a command is asked to write.

use std::path::Path;

use super::{exit::Failure, language::both};
use crate::trust::files::FileError;

/// Looks, before anything is asked of a node, whether a file can be made there: what is there, an
/// earlier export, what somebody worked on, a link or a device, is never written over.
///
/// # Errors
/// [`FileError::Exists`]; a fault of usage if the path names no file, or one in no directory.
pub(super) fn must_be_new(path: &Path) -> Result<(), Failure> {
    must_name_a_file(path)?;
    match path.symlink_metadata() {
        Ok(there) if there.is_file() => Err(FileError::Exists { path: path.into() }.into()),
        Ok(_) => Err(not_plain(path)),
        Err(_) => must_have_its_directory(path),
    }
}

/// As [`must_be_new`], for what is renewed in its place, as a certificate is: a plain file may stand
/// there, and its directory is made where it is missing.
///
/// # Errors
/// A fault of usage if the path names no file, or what is there is none.
pub(super) fn must_be_new_or_plain(path: &Path) -> Result<(), Failure> {
    must_name_a_file(path)?;
    match path.symlink_metadata() {
        Ok(there) if !there.is_file() => Err(not_plain(path)),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn must_name_a_file(path: &Path) -> Result<(), Failure> {
    let names_a_directory = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if path.file_name().is_some() && !names_a_directory {
        return Ok(());
    }
    let shown = path.display();
    Err(Failure::usage(both(
        format!("{shown} 不是文件名；请写出新文件的名称。"),
        format!("{shown} names no file; name a new one"),
    )))
}

fn not_plain(path: &Path) -> Failure {
    let shown = path.display();
    Failure::usage(both(
        format!("{shown} 已存在，且不是普通文件；请另写一个新文件的名称。"),
        format!("{shown} exists already and is no plain file; name a new one"),
    ))
}

fn must_have_its_directory(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() && !dir.is_dir() => {
            let dir = dir.display();
            Err(Failure::usage(both(
                format!("没有 {dir} 这个目录；请先建立，或另写路径。"),
                format!("there is no directory {dir}; make it first, or name another"),
            )))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::{super::exit::Exit, *};

    #[test]
    fn nothing_that_is_there_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        must_be_new(&at("new.json")).unwrap();
        must_be_new(Path::new("new-in-no-directory-named.json")).unwrap();
        fs::write(at("there.json"), "1").unwrap();
        symlink(at("there.json"), at("link.json")).unwrap();
        symlink(at("nowhere"), at("dangling.json")).unwrap();
        for (path, exit, words) in [
            (at("there.json"), Exit::Refused, "exists already"),
            (at("link.json"), Exit::Usage, "no plain file"),
            (at("dangling.json"), Exit::Usage, "no plain file"),
            (dir.path().into(), Exit::Usage, "no plain file"),
            ("/dev/null".into(), Exit::Usage, "no plain file"),
            (at("new/"), Exit::Usage, "names no file"),
            ("..".into(), Exit::Usage, "names no file"),
            (at("none/new.json"), Exit::Usage, "no directory"),
            (at("there.json/new.json"), Exit::Usage, "no directory"),
        ] {
            let failure = must_be_new(&path).unwrap_err();
            let told = failure.sentence.unwrap().en;
            assert_eq!(failure.exit, exit, "{told}");
            assert!(told.contains(words), "{told}");
            let renewed = ["exists already", "no directory"].contains(&words);
            assert_eq!(must_be_new_or_plain(&path).is_ok(), renewed, "{told}");
        }
    }
}
