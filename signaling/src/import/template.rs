//! The empty workbook to fill in: what each sheet and column is, and an example of each row, which is not read.

use super::headings::{Col, EXAMPLE, EXPLANATIONS, Table, slot_heading};
use super::workbook::{Page, Said, slots};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// An empty workbook to fill in: what each sheet and column is, and an example of each row.
pub fn template(language: usize) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let help = book.add_worksheet();
    help.set_name(EXPLANATIONS[language])?;
    let (bold, wrap) = (Format::new().set_bold(), Format::new().set_text_wrap());
    help.set_column_width(0, 22)?.set_column_width(1, 28)?.set_column_width(2, 80)?;
    for (row, words) in (0..).zip(INTRODUCTION) {
        help.write_string(row, 0, words[language])?;
    }
    let mut row = INTRODUCTION.len() as u32 + 1;
    for table in Table::ALL {
        help.write_string_with_format(row, 0, table.names()[language], &bold)?;
        for column in table.columns() {
            let (_, words) = example(column.col, table, language);
            help.write_string(row, 1, column.names[language])?;
            help.write_string_with_format(row, 2, words[language], &wrap)?;
            row += 1;
        }
        if table.is_week() {
            help.write_string(row, 1, slot_heading(1, 1, language))?;
            help.write_string_with_format(row, 2, SLOT[language], &wrap)?;
            row += 1;
        }
        row += 1;
    }
    for table in Table::ALL {
        let week = if table.is_week() { slots(std::iter::empty()) } else { Vec::new() };
        let mut page = Page::new(&mut book, table, &week, language)?;
        let mut is_first = true;
        let mut cells: Vec<(Col, Said)> = Vec::new();
        for column in table.columns() {
            let (text, _) = example(column.col, table, language);
            let mark = if std::mem::take(&mut is_first) { EXAMPLE } else { "" };
            cells.push((column.col, format!("{mark}{text}").into()));
        }
        if table.is_week() {
            cells.push((Col::Slot(1, 1), ["语文", "Chinese"][language].into()));
            cells.push((
                Col::Slot(1, 2),
                ["音乐（单）；美术（双）", "Music (odd); Art (even)"][language].into(),
            ));
        }
        page.add(&mut cells)?;
    }
    book.save_to_buffer()
}

const INTRODUCTION: [[&str; 2]; 6] = [
    [
        "一个工作表是一种内容；不需要的工作表可以删去，也可以分几次导入。",
        "A sheet is a kind of thing; delete those you do not need, or import them one after the other.",
    ],
    [
        "第一行是列名。缺少的列不改动已有内容；空着的格子表示“没有”。自己用的列请取名“备注”。",
        "The first row has the headings. What a missing column would say stays; an empty cell says “none”. Call columns of your own “Remarks”.",
    ],
    [
        "代码相同就是同一个单位、班级或教师：已有的会更新，没有的会新建。导入不删除任何内容。",
        "The same code is the same place, class or teacher: what is there is changed, what is not is made. An import deletes nothing.",
    ],
    [
        "先检查，再导入：有一处错误就什么都不导入。",
        "A file is checked first: if one cell is wrong, nothing is imported.",
    ],
    ["以“示例”开头的行不读入。", "Rows that begin with “示例 Example” are not read."],
    ["不要填写学生姓名。", "Never write names of pupils."],
];

const SLOT: [&str; 2] = [
    "这一节上什么；只在单周或双周上的写成“音乐（单）；美术（双）”。空着：没有占用。一行是一个班（或一位教师）的全部占用。",
    "What is on in this period; of odd or even weeks only: “Music (odd); Art (even)”. Empty: it is free. A row is all that is taken.",
];

/// An example of a column's cell, and what to write there.
fn example(col: Col, table: Table, at: usize) -> (&'static str, [&'static str; 2]) {
    match (col, table) {
        (Col::Code, Table::Orgs) => (
            "4301001",
            [
                "一校一码，1–32 位字母、数字或连字符。必填",
                "the state's code of the place, 1 to 32 letters, digits or hyphens; needed",
            ],
        ),
        (Col::Code, Table::Classes) | (Col::Class, _) => {
            ("430100103011", ["班级的代码，全省唯一。必填", "code of the class; needed"])
        }
        (Col::Code, _) | (Col::Teacher, _) => {
            ("T4301001001", ["一人一号。必填", "the state's code of the teacher; needed"])
        }
        (Col::Name, Table::Orgs) => {
            (["中心小学", "Central School"][at], ["新建时必填", "needed for a new one"])
        }
        (Col::Name, Table::Bells) => (
            ["夏季作息", "Summer"][at],
            ["同一份作息时间的各节写同一个名称。必填", "the same for all periods of the bell times; needed"],
        ),
        (Col::Name, Table::Terms) | (Col::Term, _) => {
            (["2026 年秋季学期", "Autumn 2026"][at], ["学期的名称", "name of the term"])
        }
        (Col::Name, Table::Days) => {
            (["国庆节", "National Day"][at], ["如 国庆节、国庆节调休。必填", "e.g. National Day; needed"])
        }
        (Col::Name, Table::Rooms) => (
            ["录播教室 1", "Studio 1"][at],
            ["在一所学校内不重复。必填", "one of its name in the school; needed"],
        ),
        (Col::Name, Table::Classes) => {
            (["三（1）班", "Class 3-1"][at], ["新建时必填", "needed for a new one"])
        }
        (Col::Name, _) => (["李明", "Li Ming"][at], ["新建时必填", "needed for a new one"]),
        (Col::Kind, _) => (
            ["学校", "school"][at],
            [
                "省、市、县、学校（教学点也写学校）。不填：学校",
                "province, city, county, school; empty: school",
            ],
        ),
        (Col::Parent, _) => (
            "430100",
            ["上级单位的代码。不填：导入到的单位", "code of the place above; empty: the place imported into"],
        ),
        (Col::Down | Col::Up, _) => (
            "20000",
            [
                "学校网络带宽，如 20000 是 20 兆。不知道可以不填",
                "of the school's link, e.g. 20000 is 20 Mbit/s; may be empty",
            ],
        ),
        (Col::AtOnce, _) => (
            "2",
            [
                "学校网络能同时带几节互动课，1–64。不填：1",
                "lessons that the link carries at once, 1 to 64; empty: 1",
            ],
        ),
        (Col::Bells, _) => (
            ["夏季作息", "Summer"][at],
            [
                "作息时间的名称，本单位或上级的。不填：用上级的",
                "name of bell times of the place or one above; empty: those of the place above",
            ],
        ),
        (Col::Org, _) => (
            "4301001",
            [
                "学校（或单位）的代码。导入到一所学校时可以不填",
                "code of the school (or place); may be empty when importing into one school",
            ],
        ),
        (Col::Period, _) => ("1", ["第几节，1–16。必填", "1 to 16; needed"]),
        (Col::Starts, _) => ("08:30", ["如 08:30。必填", "e.g. 08:30; needed"]),
        (Col::Ends, _) => ("09:10", ["如 09:10。必填", "e.g. 09:10; needed"]),
        (Col::FirstDay, _) => ("2026-08-31", ["第一周的星期一。必填", "the Monday of week 1; needed"]),
        (Col::Weeks, _) => ("20", ["1–30。必填", "1 to 30; needed"]),
        (Col::Day, _) => ("2026-10-08", ["如 2026-10-08。必填", "e.g. 2026-10-08; needed"]),
        (Col::DayKind, _) => (["放假", "holiday"][at], ["放假或调休。必填", "holiday or make-up; needed"]),
        (Col::Follows, _) => {
            ("", ["调休日补星期几的课，1–7；放假不填", "on a make-up day: whose lessons, 1 to 7"])
        }
        (Col::Subject, _) => (["音乐", "Music"][at], ["必填", "needed"]),
        (Col::OfGrade(_), _) => {
            ("2", ["这个年级每周几节；空着：没有这门课", "periods a week in this grade; empty: none"])
        }
        (Col::Receivers, _) => (
            "3",
            [
                "在这里主讲时最多带几个班，0–16；0：只能听课",
                "classes taught from here at most, 0 to 16; 0: it only receives",
            ],
        ),
        (Col::Grade, _) => ("3", ["1–9，也可写 三年级", "1 to 9"]),
        (Col::Size, _) => ("32", ["学生人数，0–200", "pupils, 0 to 200"]),
        (Col::Room, Table::Timetable) => (
            ["录播教室 1", "Studio 1"][at],
            ["主讲教室的名称，在主讲学校内。必填", "where it is taught, in the master school; needed"],
        ),
        (Col::Room, _) => (
            ["三（1）班教室", "Room 3-1"][at],
            [
                "班级所在教室，须在“教室”表或系统里已有",
                "where the class sits; it has to be among the classrooms",
            ],
        ),
        (Col::Live | Col::Record | Col::Publish, _) => (
            ["是", "yes"][at],
            ["家长是否同意：是或否。空着：否", "did the guardians agree: yes or no; empty: no"],
        ),
        (Col::Edition, _) => (["人音版", ""][at], ["空着：都可以", "empty: any"]),
        (Col::OnSite, _) => {
            ("0", ["本校老师每周上几节；不填：0", "periods a week its own school teaches; empty: 0"])
        }
        (Col::Weekly, _) => ("16", ["0–60；不填：16", "0 to 60; empty: 16"]),
        (Col::Delivered, _) => (
            "4",
            [
                "给别的学校上的课，每周最多几节；0：不做主讲教师",
                "periods a week delivered to other schools at most; 0: no master teacher",
            ],
        ),
        (Col::GradeFrom, _) => ("1", ["1–9。必填", "1 to 9; needed"]),
        (Col::GradeTo, _) => ("6", ["1–9。必填", "1 to 9; needed"]),
        (Col::LessonKind, _) => (
            ["专递课堂", "delivery"][at],
            [
                "专递课堂、名师课堂、名校网络课堂。不填：专递课堂",
                "delivery, master, open school; empty: delivery",
            ],
        ),
        (Col::Title, _) => ("", ["不填：年级和学科", "empty: grade and subject"]),
        (Col::Receiving, _) => {
            ("430100203011", ["几个班用顿号隔开，最多 16 个", "separated by commas, at most 16"])
        }
        (Col::State, _) => ("", ["导入时不填", "empty when importing"]),
        (Col::Slot(..), _) => ("", SLOT),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::read::read;
    use super::super::rows::said;
    use super::*;

    #[test]
    fn the_template_is_known_sheet_by_sheet_and_says_nothing() {
        for language in [0, 1] {
            let sheets = read("t.xlsx", &template(language).unwrap()).unwrap();
            assert_eq!(sheets.len(), Table::ALL.len() + 1);
            let said = said(&sheets);
            assert_eq!(said.faults.told, [], "language {language}");
            assert_eq!(said.tables.len(), Table::ALL.len());
            assert_eq!((said.orgs.len(), said.classes.len(), said.lessons.len()), (0, 0, 0));
        }
    }
}
