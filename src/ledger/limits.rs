//! How much of a file is read at most. Whoever sends a file is not trusted: with these limits a
//! reading stays within 256 MiB of memory and half a minute, whatever the file holds.

/// Largest spreadsheet file, packed as it is.
pub const FILE_BYTES: usize = 32 << 20;
/// Largest text file.
pub const TEXT_BYTES: usize = 48 << 20;
/// Most parts in the archive of a spreadsheet.
pub const PARTS: usize = 4_096;
/// Most bytes that all parts of an archive may inflate to.
pub const INFLATED_BYTES: u64 = 256 << 20;
/// Most bytes that the table of texts of an xlsx file may inflate to.
pub const TEXT_TABLE_BYTES: u64 = 80 << 20;
/// Most texts in the table of texts of a workbook.
pub const TEXTS: usize = 1_500_000;
/// Most formats in a workbook; Excel has at most 65,490.
pub const FORMATS: usize = 1 << 17;
/// Most bytes of a single tag or run of text.
pub const TOKEN_BYTES: u64 = 1 << 20;
/// Most bytes of a single cell with all its markup.
pub const CELL_MARKUP_BYTES: u64 = 4 << 20;
/// Most characters in a cell, as in Excel.
pub const CELL_CHARACTERS: usize = 32_767;
/// Most lines that hold anything, over all sheets.
pub const ROWS: usize = 200_000;
/// Most columns.
pub const COLUMNS: usize = 512;
/// Most cells that hold anything, over all sheets.
pub const CELLS: usize = 3_000_000;
/// Most bytes of text in all cells together, each counted as often as it is shown: one text that a
/// million cells share or that is repeated costs a million times its length to go through.
pub const SHOWN_BYTES: usize = 128 << 20;
/// Most bytes of a heading or title: what is longer is read as neither.
pub const HEADING_BYTES: usize = 512;
/// Most sheets.
pub const SHEETS: usize = 256;
/// Most bytes in a row of JSON lines.
pub const JSON_ROW_BYTES: usize = 256 << 10;
