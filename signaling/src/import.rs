//! A county in and out by spreadsheet.
//!
//! ```text
//!  file ─▶ process of its own (read: xlsx, CSV, a zip of CSVs; bounded) ─▶ sheets of texts ─▶ rows (pure) ─┐
//!                                                                                                         ▼
//!  report: counts, or errors by sheet, row and column ◀── store::import: one transaction, kept or not ◀── what a county says
//!  places, people, timetable of the store ─▶ workbook (xlsx), which the import takes again
//! ```
//!
//! * [`sheet`]: what a file holds, and how much of it is taken
//! * [`read`]: bytes become sheets, by [`xlsx`] or [`comma`]; runs in the child
//! * [`child`]: starts the child, waits for it, kills it
//! * [`headings`]: which tables there are, and what their columns are called
//! * [`table`]: a sheet's headings are found, its cells are read
//! * [`cells`]: what single cells say, as people write it
//! * [`rows`]: each table's rows as they are meant, which are [`said`]
//! * [`oneroster`]: the same from OneRoster's files
//! * [`wrong`]: what is wrong with a cell, in words
//! * [`workbook`]: the same tables as a workbook; [`template`]: the empty one to fill in

pub mod cells;
pub mod child;
pub mod comma;
pub mod headings;
pub mod oneroster;
pub mod read;
pub mod rows;
pub mod said;
pub mod sheet;
pub mod table;
pub mod template;
pub mod workbook;
pub mod wrong;
pub mod xlsx;
