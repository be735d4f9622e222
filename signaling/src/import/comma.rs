//! Comma-separated values (RFC 4180), with commas, semicolons or tabs, in the encodings that Excel and WPS write.

use super::sheet::{Count, Refused, Row, Sheet};
use encoding_rs::{Encoding, GB18030, UTF_8};
use std::borrow::Cow;

/// Reads one file.
pub fn read(name: &str, bytes: &[u8], count: &mut Count) -> Result<Sheet, Refused> {
    let text = decoded(bytes)?.replace("\r\n", "\n") + "\n";
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let apart = [b',', b'\t', b';'].into_iter().max_by_key(|&apart| {
        // Of equals the comma: the last of the greatest is taken.
        (first.bytes().filter(|&byte| byte == apart).count(), apart == b',')
    });
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(apart.unwrap_or(b','))
        .from_reader(text.as_bytes());
    let mut rows: Vec<Row> = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut number = 0;
    loop {
        let before = reader.position().line();
        if !reader.read_record(&mut record).map_err(|_| Refused::Broken)? {
            break;
        }
        // An empty line is no record, but people count it; a line break within quotes they do not.
        let within: usize = record.iter().map(|field| field.matches('\n').count()).sum();
        let lines = usize::try_from(reader.position().line() - before).unwrap_or(0);
        number += u32::try_from(lines.saturating_sub(within).max(1)).unwrap_or(1);
        let mut cells = Vec::new();
        for (column, field) in (0..).zip(&record) {
            if let Some(cell) = count.cell(column, field)? {
                cells.push((column, cell));
            }
        }
        if !cells.is_empty() {
            rows.push(Row { number, cells });
        }
    }
    Ok(Sheet { name: plain(name), rows })
}

/// `folder/学校.csv` is 学校; a file's own extension stays if it is another.
fn plain(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = name
        .len()
        .checked_sub(4)
        .filter(|&at| name.is_char_boundary(at) && name[at..].eq_ignore_ascii_case(".csv"));
    name[..stem.unwrap_or(name.len())].chars().filter(|letter| !letter.is_control()).take(64).collect()
}

/// UTF-8 and UTF-16 by their marks, else UTF-8 if it is, else GB18030. Text has no control characters but blanks.
fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, Refused> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((UTF_8, 0));
    let bytes = &bytes[mark..];
    let text = match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => text,
        None if mark > 0 => return Err(Refused::Encoding),
        None => match GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
            Some(text) => text,
            None if bytes.iter().take(512).any(|&byte| is_binary(byte)) => return Err(Refused::NotASheet),
            None => return Err(Refused::Encoding),
        },
    };
    if text.bytes().any(is_binary) { Err(Refused::NotASheet) } else { Ok(text) }
}

fn is_binary(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}
