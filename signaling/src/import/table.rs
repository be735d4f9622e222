//! A sheet's headings are found, and its cells are read one by one: what is wrong with one is kept, with its place.

use super::headings::{
    Col, Column, EXAMPLE, EXPLANATIONS, REMARKS, Table, narrow, plain, slot_heading, slot_of,
};
use super::sheet::{Cell, Row, Sheet};
use super::wrong::{Fault, Faults, Wrong};
use std::collections::HashMap;

/// Which row of which sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// From 0.
    pub sheet: usize,
    /// From 1.
    pub row: u32,
}

/// What a sheet is called, and its columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The sheet's name.
    pub name: String,
    /// Headings as they stand there.
    pub headings: HashMap<Col, String>,
}

/// What a cell says of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given<T> {
    /// The sheet has no such column: what is there stays.
    Absent,
    /// This.
    Said(T),
}

impl<T> Given<T> {
    /// What it says, or what was there.
    pub fn or(self, kept: T) -> T {
        match self {
            Self::Absent => kept,
            Self::Said(value) => value,
        }
    }

    /// The same of another kind.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Given<U> {
        match self {
            Self::Absent => Given::Absent,
            Self::Said(value) => Given::Said(change(value)),
        }
    }

    /// What it says, if the column is there.
    pub fn said(self) -> Option<T> {
        match self {
            Self::Absent => None,
            Self::Said(value) => Some(value),
        }
    }
}

/// A sheet that is a table.
pub struct Found<'s> {
    /// Which.
    pub table: Table,
    /// Number of the sheet.
    pub sheet: usize,
    /// Its columns.
    columns: HashMap<u32, Col>,
    rows: &'s [Row],
}

/// Which table a sheet is. None: nothing is to be read there, or it is wrong, which `faults` then says.
pub fn find<'s>(
    sheet: usize,
    of: &'s Sheet,
    is_only: bool,
    layout: &mut Layout,
    faults: &mut Faults,
) -> Option<Found<'s>> {
    layout.name.clone_from(&of.name);
    let (head, rows) = of.rows.split_first()?;
    let name = plain(&of.name);
    let is = |names: &[&str]| names.iter().any(|known| plain(known) == name);
    if is(EXPLANATIONS) && !is_only {
        return None;
    }
    let headings: Vec<(u32, String)> = head
        .cells
        .iter()
        .map(|(column, cell)| match cell {
            Cell::Text(text) => (*column, text.clone()),
            Cell::Bad(_) => (*column, String::new()),
        })
        .collect();
    let named = Table::ALL.into_iter().find(|table| is(table.names()));
    let mut wrong = |row, column: &str, wrong| {
        faults.add(Fault { sheet, row, column: column.to_owned(), wrong });
    };
    let Some(table) = named.or_else(|| by_headings(&headings)) else {
        wrong(head.number, headings.first().map_or("", |(_, text)| text), Wrong::UnknownTable);
        return None;
    };
    let mut columns = HashMap::new();
    for (column, text) in &headings {
        let heading = plain(text);
        let known = column_of(table, &heading).or_else(|| slot_of(&heading).filter(|_| table.is_week()));
        match known {
            Some(col) if layout.headings.contains_key(&col) => wrong(head.number, text, Wrong::ColumnTwice),
            Some(col) => {
                layout.headings.insert(col, text.clone());
                columns.insert(*column, col);
            }
            None if REMARKS.iter().any(|known| plain(known) == heading) => {}
            None => wrong(head.number, text, Wrong::UnknownColumn(nearest(table, &heading))),
        }
    }
    let missing: Vec<&Column> = table
        .columns()
        .iter()
        .filter(|column| column.is_needed && !layout.headings.contains_key(&column.col))
        .collect();
    for column in &missing {
        wrong(head.number, column.names[0], Wrong::NoColumn(column.names));
    }
    missing.is_empty().then_some(Found { table, sheet, columns, rows })
}

fn column_of(table: Table, heading: &str) -> Option<Col> {
    let is = |column: &&Column| column.names.iter().any(|name| plain(name) == heading);
    table.columns().iter().find(is).map(|column| column.col)
}

/// The table that has most of these columns, if it has all that it needs; of equals the first.
fn by_headings(headings: &[(u32, String)]) -> Option<Table> {
    let known = |table: Table| {
        let cols: Vec<Col> = headings
            .iter()
            .filter_map(|(_, text)| {
                let heading = plain(text);
                column_of(table, &heading).or_else(|| slot_of(&heading).filter(|_| table.is_week()))
            })
            .collect();
        let mut needed = table.columns().iter().filter(|column| column.is_needed);
        // A key alone is in many tables.
        (needed.all(|column| cols.contains(&column.col)) && cols.len() > 1).then_some(cols.len())
    };
    Table::ALL
        .into_iter()
        .rev()
        .filter_map(|table| Some((known(table)?, table)))
        .max_by_key(|(n, _)| *n)
        .map(|(_, table)| table)
}

/// The column that somebody may have meant.
fn nearest(table: Table, heading: &str) -> Option<&'static [&'static str]> {
    let far = |column: &Column| column.names.iter().map(|name| distance(&plain(name), heading)).min();
    let letters = heading.chars().count();
    let near = table.columns().iter().filter_map(|column| Some((far(column)?, column)));
    near.min_by_key(|(far, _)| *far).filter(|(far, _)| *far <= letters / 2).map(|(_, column)| column.names)
}

/// How many letters have to change (Levenshtein); headings are short.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(32).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().take(32).enumerate() {
        let mut before = row[0];
        row[0] = at + 1;
        for (n, known) in other.iter().enumerate() {
            let cost = before + usize::from(letter != *known);
            before = row[n + 1];
            row[n + 1] = cost.min(row[n] + 1).min(before + 1);
        }
    }
    row[other.len()]
}

impl<'s> Found<'s> {
    /// Each row, to be read.
    pub fn lines<'l>(&'l self, layout: &'l Layout) -> impl Iterator<Item = Line<'l>> + use<'l, 's> {
        self.rows.iter().filter_map(move |row| {
            let cell = |(column, cell): &'s (u32, Cell)| Some((*self.columns.get(column)?, cell));
            let cells: HashMap<Col, &Cell> = row.cells.iter().filter_map(cell).collect();
            // A row of remarks alone says nothing, and the template's example is none of theirs.
            let is_example =
                matches!(row.cells.first(), Some((_, Cell::Text(text))) if text.starts_with(EXAMPLE));
            (!cells.is_empty() && !is_example).then_some(Line {
                at: At { sheet: self.sheet, row: row.number },
                table: self.table,
                cells,
                layout,
                is_right: true,
            })
        })
    }
}

/// A row while it is read.
pub struct Line<'l> {
    /// Where.
    pub at: At,
    table: Table,
    cells: HashMap<Col, &'l Cell>,
    layout: &'l Layout,
    /// Nothing was wrong so far.
    pub is_right: bool,
}

impl<'l> Line<'l> {
    /// Something is wrong with this column.
    pub fn wrong(&mut self, col: Col, wrong: Wrong, faults: &mut Faults) {
        self.is_right = false;
        let column = heading(self.table, self.layout, col, 0);
        faults.add(Fault { sheet: self.at.sheet, row: self.at.row, column, wrong });
    }

    /// What stands there; an empty cell says nothing.
    pub fn text(&mut self, col: Col, faults: &mut Faults) -> Given<Option<&'l str>> {
        if !self.layout.headings.contains_key(&col) {
            return Given::Absent;
        }
        match self.cells.get(&col).copied() {
            None => Given::Said(None),
            Some(Cell::Text(text)) => Given::Said(Some(text.as_str())),
            Some(Cell::Bad(bad)) => {
                self.wrong(col, Wrong::Bad(*bad), faults);
                Given::Said(None)
            }
        }
    }

    /// The same where something has to be; the empty text if it is not.
    pub fn must(&mut self, col: Col, faults: &mut Faults) -> String {
        let was_right = self.is_right;
        match self.text(col, faults) {
            Given::Said(Some(text)) => text.to_owned(),
            // A cell that cannot be read has been told.
            _ if self.is_right == was_right => {
                self.wrong(col, Wrong::Empty, faults);
                String::new()
            }
            _ => String::new(),
        }
    }

    /// Nothing is fine if the column is not there.
    pub fn filled(&mut self, col: Col, faults: &mut Faults) -> Given<String> {
        match self.layout.headings.contains_key(&col) {
            true => Given::Said(self.must(col, faults)),
            false => Given::Absent,
        }
    }

    /// A code: wide digits are narrow ones.
    pub fn code(&mut self, col: Col, faults: &mut Faults) -> Option<String> {
        let text = self.text(col, faults).said().flatten()?;
        Some(text.chars().map(narrow).collect())
    }

    /// One that has to be there.
    pub fn must_code(&mut self, col: Col, faults: &mut Faults) -> String {
        self.must(col, faults).chars().map(narrow).collect()
    }

    /// What is read of a text, or what is wrong with it.
    pub fn parsed<T>(
        &mut self,
        col: Col,
        faults: &mut Faults,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Given<Option<T>> {
        match self.text(col, faults) {
            Given::Absent => Given::Absent,
            Given::Said(None) => Given::Said(None),
            Given::Said(Some(text)) => match parse(text) {
                Ok(value) => Given::Said(Some(value)),
                Err(wrong) => {
                    self.wrong(col, wrong, faults);
                    Given::Said(None)
                }
            },
        }
    }

    /// The same where something has to be.
    pub fn must_be<T>(
        &mut self,
        col: Col,
        faults: &mut Faults,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let was_right = self.is_right;
        let value = self.parsed(col, faults, parse).said().flatten();
        if value.is_none() && self.is_right == was_right {
            self.wrong(col, Wrong::Empty, faults);
        }
        value
    }

    /// The periods of the week in which something stands.
    pub fn week(&self) -> Vec<(u8, u8, &'l str)> {
        let mut week: Vec<(u8, u8, &str)> = self
            .cells
            .iter()
            .filter_map(|(col, cell)| match (col, cell) {
                (Col::Slot(weekday, period), Cell::Text(text)) => Some((*weekday, *period, text.as_str())),
                _ => None,
            })
            .collect();
        week.sort_unstable();
        week
    }
}

/// What a column is called: as it stands in the sheet, else as the template has it.
pub fn heading(table: Table, layout: &Layout, col: Col, language: usize) -> String {
    if let Some(heading) = layout.headings.get(&col) {
        return heading.clone();
    }
    if let Col::Slot(weekday, period) = col {
        return slot_heading(weekday, period, language);
    }
    let column = table.columns().iter().find(|column| column.col == col);
    column.map_or_else(String::new, |column| column.names[language].to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_that_is_nearly_right_is_guessed() {
        assert_eq!(nearest(Table::Classes, "班级编号").unwrap()[0], "班级代码");
        assert_eq!(nearest(Table::Teachers, "出生年月日"), None);
    }
}
