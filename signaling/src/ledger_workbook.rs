//! The ledger as a workbook (xlsx): a sheet of rows and a sheet of sums, numbers as numbers.

use crate::problem::Language;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use tongtang_protocol::ledger::{LedgerRow, LedgerView};

/// The workbook could not be written.
#[derive(Debug, thiserror::Error)]
#[error("workbook: {0}")]
pub struct WorkbookError(pub String);

impl From<XlsxError> for WorkbookError {
    fn from(error: XlsxError) -> Self {
        Self(error.to_string())
    }
}

const HEADINGS: [[&str; 2]; 8] = [
    ["单位或班级", "Place or class"],
    ["学科", "Subject"],
    ["应开", "Prescribed"],
    ["本校开出", "On site"],
    ["专递课堂已上", "Delivered"],
    ["缺课", "Missed"],
    ["待上", "Planned"],
    ["预计学期末缺", "Forecast short"],
];

/// The bytes of the file.
pub fn workbook(view: &LedgerView, language: Language) -> Result<Vec<u8>, WorkbookError> {
    let at = usize::from(language == Language::English);
    let mut book = Workbook::new();
    let what = match view.week {
        Some(week) => [format!("第 {week} 周"), format!("Week {week}")],
        None => ["学期至今".to_owned(), "Term so far".to_owned()],
    };
    sheet(book.add_worksheet().set_name(&what[at])?, &view.rows, at)?;
    sheet(book.add_worksheet().set_name(["合计", "Sums"][at])?, &view.totals, at)?;
    Ok(book.save_to_buffer()?)
}

fn sheet(sheet: &mut Worksheet, rows: &[LedgerRow], at: usize) -> Result<(), WorkbookError> {
    let bold = Format::new().set_bold();
    for (column, heading) in (0..).zip(HEADINGS) {
        sheet.write_with_format(0, column, heading[at], &bold)?;
    }
    for (number, row) in (1..).zip(rows) {
        sheet.write(number, 0, row.name.as_str())?.write(number, 1, row.subject.as_str())?;
        let of = row.sum;
        let values = [of.prescribed, of.on_site, of.delivered, of.missed, of.planned, row.forecast_short];
        for (column, value) in (2..).zip(values) {
            sheet.write(number, column, value)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?.autofit();
    Ok(())
}
