//! Sheets become rows of a county: whatever stands in them, each fault has a place and words in both languages, and no row is
//! taken that lies on a sheet which is no table. Sheets are separated by form feeds; the first line of each is its name.
#![no_main]

#[path = "importer/mod.rs"]
mod importer;

use importer::sheet::Count;
use importer::wrong::MAX_TOLD;
use importer::{comma, oneroster, rows, sheet};
use libfuzzer_sys::fuzz_target;

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
