//! Files that sheets are written to.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{exit::Failure, language::both, output::Output};
use crate::domain::problem::Sentence;

/// The form of a sheet.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// Excel.
    Xlsx,
    /// Text.
    Csv,
}

impl Form {
    /// The form that the name of a file says.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "xlsx" => Some(Self::Xlsx),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// The path of a sheet that can be written.
pub(super) fn path(text: &str) -> Result<PathBuf, &'static str> {
    let path = PathBuf::from(text);
    match Form::of(&path) {
        Some(_) => Ok(path),
        None => Err("文件名应以 .xlsx 或 .csv 结尾。 a sheet is named .xlsx or .csv"),
    }
}

/// Says how many rows were written where.
pub(super) fn told(path: &Path, rows: usize, output: Output) -> Result<(), Failure> {
    let file = path.display();
    let sentence: Sentence = both(
        format!("已写出{rows}行：{file}"),
        format!("{rows} rows written to {file}"),
    );
    Ok(output.result(&json!({"file": path, "rows": rows}), &sentence)?)
}
