//! Sheets become rows of a county: whatever stands in them, each fault has a place and words in both languages, and no row is
//! taken that lies on a sheet which is no table. Sheets are separated by form feeds; the first line of each is its name.
//!
//! The importer's files are built in here; depending on its crate would build all of signaling.
#![no_main]
#![allow(dead_code, reason = "what the rest of the importer uses")]

#[path = "../../src/import/cells.rs"]
mod cells;
#[path = "../../src/import/comma.rs"]
mod comma;
#[path = "../../src/import/headings.rs"]
mod headings;
#[path = "../../src/import/oneroster.rs"]
mod oneroster;
#[path = "../../src/import/read.rs"]
mod read;
#[path = "../../src/import/rows.rs"]
mod rows;
#[path = "../../src/import/said.rs"]
mod said;
#[path = "../../src/import/sheet.rs"]
mod sheet;
#[path = "../../src/import/table.rs"]
mod table;
#[path = "../../src/import/wrong.rs"]
mod wrong;
#[path = "../../src/import/xlsx.rs"]
mod xlsx;

use libfuzzer_sys::fuzz_target;
use sheet::Count;
use wrong::MAX_TOLD;

fuzz_target!(|text: &[u8]| {
    let mut count = Count::default();
    let sheets: Vec<_> = text
        .split(|byte| *byte == 0x0c)
        .take(sheet::MAX_SHEETS)
        .filter_map(|part| {
            let (name, rows) = part.split_at(part.iter().position(|byte| *byte == b'\n')?);
            comma::read(std::str::from_utf8(name).ok()?, rows, &mut count).ok()
        })
        .collect();
    let mut kept = sheets.clone();
    oneroster::forget_pupils(&mut kept);
    for sheets in [sheets, kept] {
        let said = rows::said(&sheets);
        assert!(said.faults.told.len() <= MAX_TOLD && said.faults.told.len() <= said.faults.number as usize);
        for fault in &said.faults.told {
            assert!(fault.sheet < sheets.len() && fault.row > 0);
            assert!((0..2).all(|language| !fault.wrong.words(language).is_empty()));
        }
        let ats = said.classes.iter().map(|row| row.at).chain(said.teachers.iter().map(|row| row.at));
        for at in ats.chain(said.lessons.iter().map(|row| row.at)).chain(said.orgs.iter().map(|row| row.at)) {
            assert!(said.tables.contains_key(&at.sheet));
        }
    }
});
