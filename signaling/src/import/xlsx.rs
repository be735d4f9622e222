//! Workbooks (ECMA-376), cell by cell: a sheet that says it is a million rows wide takes no room for what is not there.

use super::sheet::{Answer, BadCell, Cell, Count, MAX_SHEETS, Refused, Row, Sheet};
use calamine::{DataRef, ExcelDateTime, Reader, SheetType, Xlsx, XlsxError};
use std::io::Cursor;

/// From here on a floating number does not hold each whole one; Excel itself keeps 15 digits.
const MAX_EXACT: f64 = 1e15;

/// Reads all sheets. The members are inflated and counted before.
pub fn read(bytes: &[u8]) -> Answer {
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|error| refused(&error))?;
    let names: Vec<String> = book
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .collect();
    if names.is_empty() {
        return Err(Refused::NotASheet);
    }
    if names.len() > MAX_SHEETS {
        return Err(Refused::Sheets);
    }
    let mut count = Count::default();
    names.into_iter().map(|name| sheet(&mut book, name, &mut count)).collect()
}

fn refused(error: &XlsxError) -> Refused {
    match error {
        XlsxError::Password => Refused::OldOrLocked,
        XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound => Refused::NotASheet,
        _ => Refused::Broken,
    }
}

fn sheet(book: &mut Xlsx<Cursor<&[u8]>>, name: String, count: &mut Count) -> Result<Sheet, Refused> {
    let mut reader = book.worksheet_cells_reader(&name).map_err(|error| refused(&error))?;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(cell) = reader.next_cell_with_formula_metadata().map_err(|error| refused(&error))? {
        let (row, column) = cell.pos;
        let Some(cell) = kept(&cell.value, cell.formula.is_some(), column, count)? else { continue };
        let number = row.saturating_add(1);
        match rows.last_mut() {
            Some(last) if last.number == number => last.cells.push((column, cell)),
            // Rows stand in their order (ECMA-376 part 1 §18.3.1.73).
            Some(last) if last.number > number => return Err(Refused::Broken),
            _ => rows.push(Row { number, cells: vec![(column, cell)] }),
        }
    }
    Ok(Sheet { name, rows })
}

fn kept(
    value: &DataRef<'_>,
    is_formula: bool,
    column: u32,
    count: &mut Count,
) -> Result<Option<Cell>, Refused> {
    let bad = |bad, count: &mut Count| count.kept(column, Cell::Bad(bad)).map(Some);
    let text = match value {
        DataRef::Empty if is_formula => return bad(BadCell::Formula, count),
        DataRef::Empty => return Ok(None),
        DataRef::Error(_) => return bad(BadCell::Error, count),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) if number.is_nan() || number.abs() >= MAX_EXACT => {
            return bad(BadCell::Digits, count);
        }
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(yes) => if *yes { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(at) => day_or_time(*at),
    };
    count.cell(column, &text)
}

/// `2026-09-01`, `08:30`, or both. Excel's day has fractions: to the nearest minute.
fn day_or_time(at: ExcelDateTime) -> String {
    const MINUTES: f64 = 24.0 * 60.0;
    let value = at.as_f64();
    if at.is_duration() || (0.0..1.0).contains(&value) {
        let minutes = (value.clamp(0.0, 366.0) * MINUTES).round() as u32;
        return format!("{:02}:{:02}", minutes / 60, minutes % 60);
    }
    let (year, month, day, hour, minute, ..) = at.to_ymd_hms_milli();
    match (hour, minute) {
        (0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"),
    }
}
