//! What is wrong with a cell, in words: what happened, and what to write.

use super::sheet::{BadCell, MAX_CELL_BYTES};

/// Faults that are told; the others are counted.
pub const MAX_TOLD: usize = 200;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// A sheet that is no table of a county.
    UnknownTable,
    /// A column that has to be there is not.
    NoColumn(&'static [&'static str]),
    /// A heading that is none of the table's; perhaps this one is meant.
    UnknownColumn(Option<&'static [&'static str]>),
    /// Two columns say the same.
    ColumnTwice,
    /// Nothing, where something has to be.
    Empty,
    /// No whole number.
    Number,
    /// No day.
    Day,
    /// No time of day.
    Time,
    /// Neither yes nor no.
    YesNo,
    /// None of these.
    Choice([&'static str; 2]),
    /// A cell that cannot be read.
    Bad(BadCell),
    /// The same stands in this row already.
    Twice(u32),
    /// Not a row of a spreadsheet of this kind, said by OneRoster.
    Unlike([&'static str; 2]),
}

impl Wrong {
    /// In Chinese (0) or English (1).
    pub fn words(&self, language: usize) -> String {
        let [chinese, english] = match self {
            Self::UnknownTable => [
                "不认识这个工作表。请用模板里的工作表名称和列名；不需要导入的工作表请删除".to_owned(),
                "this sheet is not known. Use the names and headings of the template, or delete the sheet".to_owned(),
            ],
            Self::NoColumn(names) => [
                format!("缺少“{}”列，请加上", names[0]),
                format!("the column “{}” is missing; add it", names[1]),
            ],
            Self::UnknownColumn(Some(names)) => [
                format!("不认识这一列，是不是“{}”？自己用的列请把列名改成“备注”", names[0]),
                format!("this column is not known; is it “{}”? Call columns of your own “Remarks”", names[1]),
            ],
            Self::UnknownColumn(None) => [
                "不认识这一列。请用模板里的列名；自己用的列请把列名改成“备注”".to_owned(),
                "this column is not known. Use the headings of the template; call columns of your own “Remarks”".to_owned(),
            ],
            Self::ColumnTwice => [
                "这一列出现了两次，请只保留一列".to_owned(),
                "this column is there twice; keep one".to_owned(),
            ],
            Self::Empty => ["这里不能空着，请填写".to_owned(), "this is empty; fill it in".to_owned()],
            Self::Number => [
                "请填写不小于 0 的整数，不带单位".to_owned(),
                "write a whole number, 0 or more, without a unit".to_owned(),
            ],
            Self::Day => [
                "日期请写成 2026-09-01".to_owned(),
                "write the day as 2026-09-01".to_owned(),
            ],
            Self::Time => ["时间请写成 08:30".to_owned(), "write the time as 08:30".to_owned()],
            Self::YesNo => ["请填写“是”或“否”".to_owned(), "write “yes” or “no”".to_owned()],
            Self::Choice([chinese, english]) => {
                [format!("请填写其中之一：{chinese}"), format!("write one of: {english}")]
            }
            Self::Bad(BadCell::Digits) => [
                "数字太长，表格软件已丢掉末几位。请把这一列设为“文本”格式后重新填写".to_owned(),
                "the number is so long that its end was lost; make the column a text column and write it again".to_owned(),
            ],
            Self::Bad(BadCell::Error) => [
                "这里是公式错误（如 #REF!），请改成内容".to_owned(),
                "this is the error of a formula (such as #REF!); write what is meant".to_owned(),
            ],
            Self::Bad(BadCell::Formula) => [
                "公式没有计算结果。请用表格软件打开并保存一次，或改成内容".to_owned(),
                "the formula has no result in the file; open and save it once, or write what is meant".to_owned(),
            ],
            Self::Bad(BadCell::Long) => [
                format!("内容太长（超过 {MAX_CELL_BYTES} 字节），请缩短"),
                format!("this is longer than {MAX_CELL_BYTES} bytes; shorten it"),
            ],
            Self::Twice(row) => [
                format!("与第 {row} 行重复，请只保留一行"),
                format!("row {row} says this already; keep one of them"),
            ],
            Self::Unlike([chinese, english]) => [(*chinese).to_owned(), (*english).to_owned()],
        };
        if language == 0 { chinese } else { english }
    }
}

/// A cell that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Number of its sheet.
    pub sheet: usize,
    /// Its row.
    pub row: u32,
    /// Its column's heading.
    pub column: String,
    /// What is wrong.
    pub wrong: Wrong,
}

/// Faults as they are found: the first are kept, all are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first [`MAX_TOLD`].
    pub told: Vec<Fault>,
    /// How many there are.
    pub number: u32,
}

impl Faults {
    /// One more.
    pub fn add(&mut self, fault: Fault) {
        self.number = self.number.saturating_add(1);
        if self.told.len() < MAX_TOLD {
            self.told.push(fault);
        }
    }
}
