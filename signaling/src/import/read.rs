//! Bytes become sheets. Pure, and afraid: it runs in a process of its own, whose limits are the second line.
//!
//! Enters: a file that somebody sent. Leaves: sheets of texts, or why not. What a zip says of its sizes is not believed:
//! every member is inflated once and counted before anything else looks at it.

use super::sheet::{Answer, Count, MAX_INFLATED_BYTES, MAX_MEMBERS, MAX_SHEETS, Refused, Sheet};
use super::{comma, xlsx};
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// How a zip begins (APPNOTE §4.3.7), and how an empty one does (§4.3.16).
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// How an OLE compound file begins ([MS-CFB] §2.2): Excel before 2007, and a workbook with a password.
const OLE: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// The part that makes a zip a package of Office (ECMA-376 part 2).
const OFFICE: &str = "[Content_Types].xml";
/// Bytes that are inflated at once.
const PIECE: usize = 64 << 10;

/// Reads a file, whatever it is; `name` is what a file of comma-separated values is called.
pub fn read(name: &str, bytes: &[u8]) -> Answer {
    if bytes.is_empty() {
        return Err(Refused::NotASheet);
    }
    if bytes.starts_with(OLE) {
        return Err(Refused::OldOrLocked);
    }
    if !ZIP.iter().any(|magic| bytes.starts_with(magic)) {
        return Ok(vec![comma::read(name, bytes, &mut Count::default())?]);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Refused::Broken)?;
    let members = inflate(&mut archive)?;
    if members.iter().any(|(name, _)| name == OFFICE) {
        return xlsx::read(bytes);
    }
    if members.len() > MAX_SHEETS {
        return Err(Refused::Sheets);
    }
    let mut count = Count::default();
    let sheets = members.iter().map(|(name, bytes)| comma::read(name, bytes, &mut count));
    let sheets: Vec<Sheet> = sheets.collect::<Result<_, _>>()?;
    if sheets.is_empty() { Err(Refused::NotASheet) } else { Ok(sheets) }
}

/// Inflates all members and counts; kept are those of comma-separated values, and the name that tells a workbook.
fn inflate(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Vec<(String, Vec<u8>)>, Refused> {
    if archive.len() > MAX_MEMBERS {
        return Err(Refused::Sheets);
    }
    let mut left = MAX_INFLATED_BYTES;
    let mut kept = Vec::new();
    let mut piece = vec![0; PIECE];
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).map_err(|_| Refused::Broken)?;
        let name = member.name().map_err(|_| Refused::Broken)?.into_owned();
        let is_kept = name.to_ascii_lowercase().ends_with(".csv") && !name.contains("__MACOSX");
        let mut bytes = Vec::new();
        loop {
            let some = member.read(&mut piece).map_err(|_| Refused::Broken)?;
            if some == 0 {
                break;
            }
            left = left.checked_sub(some as u64).ok_or(Refused::Inflated)?;
            if is_kept {
                bytes.extend_from_slice(&piece[..some]);
            }
        }
        if is_kept || name == OFFICE {
            kept.push((name, bytes));
        }
    }
    Ok(kept)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::sheet::{BadCell, Cell, MAX_CELL_BYTES, MAX_CELLS};
    use super::*;
    use rust_xlsxwriter::{Format, Formula, Workbook};
    use std::io::Write;

    fn texts(sheet: &Sheet) -> Vec<(u32, Vec<String>)> {
        let said = |cell: &Cell| match cell {
            Cell::Text(text) => text.clone(),
            Cell::Bad(bad) => format!("{bad:?}"),
        };
        let of = |row: &super::super::sheet::Row| row.cells.iter().map(|(_, cell)| said(cell)).collect();
        sheet.rows.iter().map(|row| (row.number, of(row))).collect()
    }

    fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        for (name, bytes) in members {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn a_workbooks_numbers_days_times_and_results_are_texts_as_a_person_reads_them() {
        let mut book = Workbook::new();
        let day = Format::new().set_num_format("yyyy-mm-dd");
        let time = Format::new().set_num_format("hh:mm");
        let sheet = book.add_worksheet().set_name("学校").unwrap();
        sheet.write(0, 0, " 编码\u{a0}").unwrap().write(0, 3, "名称").unwrap();
        sheet.write(2, 0, 430_100).unwrap().write(2, 1, 0.5).unwrap();
        sheet.write_with_format(2, 2, 46_266, &day).unwrap();
        sheet.write_with_format(2, 3, 0.354_166_666_7, &time).unwrap();
        sheet.write(3, 0, 3.6e17).unwrap().write(3, 1, true).unwrap();
        sheet.write_formula(3, 2, Formula::new("=1+1").set_result("2")).unwrap();
        sheet.write(4, 0, "长".repeat(MAX_CELL_BYTES)).unwrap();
        let read = read("x.xlsx", &book.save_to_buffer().unwrap()).unwrap();
        assert_eq!(read[0].name, "学校");
        let own = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            texts(&read[0]),
            [
                (1, own(&["编码", "名称"])),
                (3, own(&["430100", "0.5", "2026-09-01", "08:30"])),
                (4, own(&["Digits", "TRUE", "2"])),
                (5, own(&["Long"])),
            ]
        );
        assert_eq!(read[0].rows[0].cells[1].0, 3, "a column keeps its place");
        assert_eq!(read[0].rows[2].cells[0].1, Cell::Bad(BadCell::Digits));
    }

    #[test]
    fn a_formula_counts_by_its_result_and_one_without_is_no_cell() {
        let whole = std::fs::read("fuzz/seeds/sheet/workbook.xlsx").unwrap();
        let with = |value: &str| {
            let mut archive = ZipArchive::new(Cursor::new(whole.as_slice())).unwrap();
            let mut members: Vec<(String, String)> = Vec::new();
            for at in 0..archive.len() {
                let mut member = archive.by_index(at).unwrap();
                let (name, mut text) = (member.name().unwrap().into_owned(), String::new());
                member.read_to_string(&mut text).unwrap();
                members.push((name, text.replace("<v>中心小学</v>", value)));
            }
            let members: Vec<(&str, &[u8])> =
                members.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
            texts(&read("x.xlsx", &zip_of(&members)).unwrap()[0])[1].1.clone()
        };
        assert_eq!(with("<v>中心小学</v>"), ["4301001", "中心小学"]);
        assert_eq!(with(""), ["4301001", "Formula"]);
    }

    #[test]
    fn comma_separated_values_come_in_the_encodings_that_chinese_computers_write() {
        let text = "编码,名称\r\n4301001,\"中心小学, 一部\"\r\n\r\n4301002,河口教学点\r\n";
        let gb = encoding_rs::GB18030.encode(text).0.into_owned();
        let bom = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let wide: Vec<u8> = "\u{feff}编码\t名称\r\n4301001\t中心小学, 一部\r\n\r\n4301002\t河口教学点"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for bytes in
            [text.as_bytes(), &gb, &bom, &wide, text.replace(',', ";").replace("; 一", ", 一").as_bytes()]
        {
            let sheets = read("folder/学校.csv", bytes).unwrap();
            assert_eq!(sheets[0].name, "学校");
            let rows = texts(&sheets[0]);
            assert_eq!(rows[1], (2, vec!["4301001".to_owned(), "中心小学, 一部".to_owned()]));
            assert_eq!(rows[2].0, 4, "an empty line counts: {rows:?}");
        }
        assert_eq!(read("x.csv", &[b'a', b',', 0xff, 0xff, b'\n']), Err(Refused::Encoding));
    }

    #[test]
    fn what_is_no_spreadsheet_what_is_broken_and_what_is_too_much_says_so() {
        assert_eq!(read("a.xlsx", b""), Err(Refused::NotASheet));
        assert_eq!(read("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Err(Refused::NotASheet));
        assert_eq!(read("a.xls", &[OLE, &[0; 600]].concat()), Err(Refused::OldOrLocked));
        assert_eq!(read("a.zip", &zip_of(&[("a.txt", b"x")])), Err(Refused::NotASheet));
        let book = Workbook::new().add_worksheet().write(0, 0, "x").map(|_| ()).is_ok();
        assert!(book);
        let whole = Workbook::new().save_to_buffer().unwrap();
        assert_eq!(read("a.xlsx", &whole[..whole.len() / 2]), Err(Refused::Broken));
        let bomb = zip_of(&[("a.csv", &vec![b','; MAX_INFLATED_BYTES as usize + 1])]);
        assert!(bomb.len() < 128 << 10);
        assert_eq!(read("a.zip", &bomb), Err(Refused::Inflated));
        let line = format!("{}\n", ["1"; 100].join(","));
        let full = line.repeat(MAX_CELLS / 100);
        assert!(read("a.csv", full.as_bytes()).is_ok());
        assert_eq!(read("a.csv", (full + "1").as_bytes()), Err(Refused::Cells));
        assert_eq!(read("a.csv", format!("{}x", ",".repeat(256)).as_bytes()), Err(Refused::Wide));
        let many: Vec<(String, &[u8])> =
            (0..MAX_SHEETS + 1).map(|n| (format!("{n}.csv"), &b"a"[..])).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        assert_eq!(read("a.zip", &zip_of(&many)), Err(Refused::Sheets));
    }
}
