//! A file as somebody sends it, xlsx, CSV or zip: it is read within its bounds or refused, never more, and what is read can be
//! told to the process that asked.
#![no_main]

#[path = "importer/mod.rs"]
mod importer;

use importer::sheet::{Answer, Cell, MAX_CELL_BYTES, MAX_CELLS, MAX_COLUMNS, MAX_SHEETS};
use importer::{oneroster, read, rows};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let answer = read::read("课表.csv", file);
    let told: Answer = serde_json::from_slice(&serde_json::to_vec(&answer).unwrap()).unwrap();
    assert_eq!(answer, told);
    let Ok(mut sheets) = answer else { return };
    assert!(!sheets.is_empty() && sheets.len() <= MAX_SHEETS);
    let cells = sheets.iter().flat_map(|sheet| &sheet.rows).flat_map(|row| &row.cells);
    assert!(cells.clone().count() <= MAX_CELLS);
    for (column, cell) in cells {
        assert!(*column < MAX_COLUMNS);
        assert!(matches!(cell, Cell::Bad(_)) || matches!(cell, Cell::Text(text) if !text.is_empty() && text.len() <= MAX_CELL_BYTES));
    }
    oneroster::forget_pupils(&mut sheets);
    let said = rows::said(&sheets);
    assert_eq!(said.layouts.len(), sheets.len());
});
