//! What a file holds, as the process that reads it tells the one that asked: sheets of rows of texts.

use serde::{Deserialize, Serialize};

/// Largest file. A county of 400 schools is 2 MB as xlsx. More is refused before it is read.
pub const MAX_FILE_BYTES: usize = 8 << 20;
/// What a file may inflate to, counted while it is inflated. More is refused.
pub const MAX_INFLATED_BYTES: u64 = 64 << 20;
/// Files within a zip.
pub const MAX_MEMBERS: usize = 512;
/// Cells that are not empty, of all sheets. More are refused: import a part at a time.
pub const MAX_CELLS: usize = 200_000;
/// Longest cell, in bytes of UTF-8. A longer one is an error of its row.
pub const MAX_CELL_BYTES: usize = 1_024;
/// All cells together, in bytes.
pub const MAX_TEXT_BYTES: usize = 8 << 20;
/// Sheets of a workbook, or files of a zip.
pub const MAX_SHEETS: usize = 64;
/// Columns of a sheet; what stands right of them is refused.
pub const MAX_COLUMNS: u32 = 256;

/// A cell that is not empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cell {
    /// What stands there.
    Text(String),
    /// What cannot be read.
    Bad(BadCell),
}

/// Why a cell cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BadCell {
    /// A number of more digits than a spreadsheet keeps: its end is lost.
    Digits,
    /// `#REF!` and the like.
    Error,
    /// A formula whose result is not in the file.
    Formula,
    /// Longer than [`MAX_CELL_BYTES`].
    Long,
}

/// A row that is not empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// From 1, as spreadsheets count.
    pub number: u32,
    /// By column, from 0; those that are not empty.
    pub cells: Vec<(u32, Cell)>,
}

/// A sheet, or a file of comma-separated values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// By number.
    pub rows: Vec<Row>,
}

/// Why a file is not taken at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refused {
    /// Neither xlsx, nor CSV, nor a zip of CSVs.
    NotASheet,
    /// Excel's old format, or a workbook with a password.
    OldOrLocked,
    /// It is broken off or damaged.
    Broken,
    /// It holds more than [`MAX_INFLATED_BYTES`].
    Inflated,
    /// More than [`MAX_CELLS`], or [`MAX_TEXT_BYTES`].
    Cells,
    /// More than [`MAX_SHEETS`] or [`MAX_MEMBERS`].
    Sheets,
    /// Wider than [`MAX_COLUMNS`].
    Wide,
    /// Neither UTF-8, nor UTF-16, nor GB18030.
    Encoding,
}

/// What the child answers.
pub type Answer = Result<Vec<Sheet>, Refused>;

/// Counts what was read, so that nothing grows without end.
#[derive(Debug, Default)]
pub struct Count {
    cells: usize,
    bytes: usize,
}

impl Count {
    /// A cell as it is kept; None: it is empty.
    pub fn cell(&mut self, column: u32, text: &str) -> Result<Option<Cell>, Refused> {
        let text = text.trim_matches(is_blank);
        if text.is_empty() {
            return Ok(None);
        }
        if text.len() > MAX_CELL_BYTES {
            return self.kept(column, Cell::Bad(BadCell::Long)).map(Some);
        }
        self.kept(column, Cell::Text(text.to_owned())).map(Some)
    }

    /// The same of one that is what it is.
    pub fn kept(&mut self, column: u32, cell: Cell) -> Result<Cell, Refused> {
        if column >= MAX_COLUMNS {
            return Err(Refused::Wide);
        }
        self.cells += 1;
        if let Cell::Text(text) = &cell {
            self.bytes += text.len();
        }
        if self.cells > MAX_CELLS || self.bytes > MAX_TEXT_BYTES {
            return Err(Refused::Cells);
        }
        Ok(cell)
    }
}

/// Blanks that people see as blanks: those of Unicode, and what web pages and old editors leave in cells.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{0}' | '\u{feff}' | '\u{200b}')
}
