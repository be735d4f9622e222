//! The importer's files, built in here: depending on its crate would build all of signaling.
#![allow(dead_code, reason = "what the rest of the importer uses")]

#[path = "../../../src/import/cells.rs"]
pub mod cells;
#[path = "../../../src/import/comma.rs"]
pub mod comma;
#[path = "../../../src/import/headings.rs"]
pub mod headings;
#[path = "../../../src/import/oneroster.rs"]
pub mod oneroster;
#[path = "../../../src/import/read.rs"]
pub mod read;
#[path = "../../../src/import/rows.rs"]
pub mod rows;
#[path = "../../../src/import/said.rs"]
pub mod said;
#[path = "../../../src/import/sheet.rs"]
pub mod sheet;
#[path = "../../../src/import/table.rs"]
pub mod table;
#[path = "../../../src/import/wrong.rs"]
pub mod wrong;
#[path = "../../../src/import/xlsx.rs"]
pub mod xlsx;
