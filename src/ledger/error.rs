//! Why a file cannot be read as a ledger at all.

use super::limits;

/// Why a file is no ledger. Nothing of it has been handed to the caller. Holds no value of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// It is something else.
    #[error("the file is no spreadsheet, no CSV and no JSON lines")]
    NotASpreadsheet,
    /// A kind of spreadsheet that is not read.
    #[error("this kind of spreadsheet is not read")]
    Unsupported,
    /// It begins well and does not go on so.
    #[error("the file is damaged")]
    Damaged,
    /// It asks for a password.
    #[error("the file is protected by a password")]
    Encrypted,
    /// No sheet has a row of headings.
    #[error("no row of headings was found")]
    NoHeader,
    /// A register says nowhere whose certificate has which status.
    #[error("the register has no columns of identity numbers and statuses")]
    NoRegister,
    /// A feedback sheet says nowhere what was found.
    #[error("the feedback sheet has no column of outcomes")]
    NoOutcomes,
    /// Neither title nor headings say which way the persons moved.
    #[error("the ledger does not say whether it lists departures or arrivals")]
    KindUnknown,
    /// It goes beyond a limit.
    #[error("the file goes beyond the limit of {0}")]
    TooMuch(Limit),
}

/// The limits on files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of the file.
    FileBytes,
    /// Parts of its archive.
    Parts,
    /// Bytes when unpacked.
    InflatedBytes,
    /// Texts.
    Texts,
    /// Formats of cells.
    Formats,
    /// Characters of a cell.
    CellCharacters,
    /// Lines.
    Rows,
    /// Columns.
    Columns,
    /// Cells.
    Cells,
    /// Bytes of text in all cells together.
    ShownBytes,
    /// Sheets.
    Sheets,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names().1)
    }
}

impl Limit {
    /// The limit in Chinese and in English.
    fn names(self) -> (String, String) {
        let both =
            |number: usize, zh: &str, en: &str| (format!("{number}{zh}"), format!("{number} {en}"));
        match self {
            Self::FileBytes => (
                format!(
                    "{} MiB（文本{} MiB）",
                    limits::FILE_BYTES >> 20,
                    limits::TEXT_BYTES >> 20
                ),
                format!(
                    "{} MiB ({} MiB of text)",
                    limits::FILE_BYTES >> 20,
                    limits::TEXT_BYTES >> 20
                ),
            ),
            Self::Parts => both(limits::PARTS, "个内部文件", "parts"),
            Self::InflatedBytes => (
                format!("解压后{} MiB", limits::INFLATED_BYTES >> 20),
                format!("{} MiB when unpacked", limits::INFLATED_BYTES >> 20),
            ),
            Self::Texts => both(limits::TEXTS, "段文字", "texts"),
            Self::Formats => both(limits::FORMATS, "种格式", "formats"),
            Self::CellCharacters => {
                both(limits::CELL_CHARACTERS, "字/单元格", "characters in a cell")
            }
            Self::Rows => both(limits::ROWS, "行", "rows"),
            Self::Columns => both(limits::COLUMNS, "列", "columns"),
            Self::Cells => both(limits::CELLS, "个单元格", "cells"),
            Self::ShownBytes => (
                format!("单元格文字共{} MiB", limits::SHOWN_BYTES >> 20),
                format!("{} MiB of text in its cells", limits::SHOWN_BYTES >> 20),
            ),
            Self::Sheets => both(limits::SHEETS, "个工作表", "sheets"),
        }
    }
}

impl LedgerError {
    /// What a person reads: what is wrong and what to do, in Chinese and in English.
    pub fn text(self) -> (String, String) {
        let both = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
        match self {
            Self::Empty => both(
                "文件是空的，请选对文件。",
                "The file is empty; choose the right one.",
            ),
            Self::NotASpreadsheet => both(
                "文件不是表格。请用表格软件另存为xlsx、xls、ods或CSV再导入。",
                "The file is no spreadsheet; save it from the spreadsheet program as xlsx, xls, ods or CSV.",
            ),
            Self::Unsupported => both(
                "不支持这种表格格式，请另存为xlsx再导入。",
                "This kind of spreadsheet is not read; save it as xlsx.",
            ),
            Self::Damaged => both(
                "文件已损坏，无法读取。请用表格软件打开，另存为新的xlsx再导入。",
                "The file is damaged; open it in the spreadsheet program and save it anew as xlsx.",
            ),
            Self::Encrypted => both(
                "文件设有打开密码，请取消密码后再导入。",
                "The file is protected by a password; save it without one.",
            ),
            Self::NoHeader => both(
                "找不到表头。表头须含姓名、身份证号等列名（反馈表须含通报编号、反馈结果）；列名特殊的，用 --mapping 指定对照文件。",
                "No row of headings was found; it needs columns such as name and identity number (a feedback sheet: notice id and outcome), or a file of their names given by --mapping.",
            ),
            Self::NoRegister => both(
                "登记册缺“身份证号”或“状态”一列。登记册须有身份证号、状态两列，可另有证号、有效期至。",
                "The register needs the columns 身份证号 (identity number) and 状态 (status); 证号 (certificate number) and 有效期至 (valid until) may stand beside them.",
            ),
            Self::NoOutcomes => both(
                "反馈表缺“反馈结果”一列。反馈表须有通报编号、反馈结果、反馈日期三列。",
                "The feedback sheet has no column 反馈结果 (outcome); it needs notice id, outcome and feedback date.",
            ),
            Self::KindUnknown => both(
                "标题和表头都没有写明流出还是流入，请加 --kind departure（流出）或 --kind arrival（流入）；反馈表须有通报编号和反馈结果两列。",
                "Neither title nor headings say 流出 or 流入; add --kind departure or --kind arrival. A feedback sheet has the columns 通报编号 and 反馈结果.",
            ),
            Self::TooMuch(limit) => {
                let (zh, en) = limit.names();
                (
                    format!("文件超过上限（{zh}）。请删去多余内容，或拆成几个文件再导入。"),
                    format!(
                        "The file goes beyond the limit of {en}; take out what is not needed or split it."
                    ),
                )
            }
        }
    }
}
