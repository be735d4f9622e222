//! Each table's rows as they are meant. Pure: whether a code is somebody's and a number may be so, the store asks.
//!
//! Enters: sheets of texts. Leaves: [`Said`], with everything that is wrong with single cells.

use super::cells::{
    PARITY, day, day_kind, grade, is_past, kind, lesson_kind, number, taken, time, weekday, yes,
};
use super::headings::{Col, Table, narrow};
use super::oneroster;
use super::said::{
    BellRow, BusyRow, ClassRow, ClassSubjectRow, CurriculumRow, DayRow, LessonRow, OrgRow, RoomRow, Said,
    TeacherRow, TeacherSubjectRow, TermRow,
};
use super::sheet::Sheet;
use super::table::{Found, Given, Layout, Line, find};
use super::wrong::{Faults, Wrong};
use std::collections::{HashMap, HashSet};
use tongtang_protocol::places::Busy;

/// What sheets say.
pub fn said(sheets: &[Sheet]) -> Said {
    if oneroster::is_it(sheets) {
        return oneroster::said(sheets);
    }
    let mut said = Said::default();
    for (number, sheet) in sheets.iter().enumerate() {
        let mut layout = Layout::default();
        let found = find(number, sheet, sheets.len() == 1, &mut layout, &mut said.faults);
        if let Some(found) = &found {
            said.tables.insert(number, found.table);
            read(found, &layout, &mut said);
        }
        said.layouts.push(layout);
    }
    said
}

fn read(found: &Found<'_>, layout: &Layout, said: &mut Said) {
    let mut faults = std::mem::take(&mut said.faults);
    let mut seen = Seen::default();
    for line in found.lines(layout) {
        let mut of = Reading { line, faults: &mut faults, seen: &mut seen };
        match found.table {
            Table::Orgs => of.org(said),
            Table::Bells => of.bell(said),
            Table::Terms => of.term(said),
            Table::Days => of.day(said),
            Table::Curriculum => of.curriculum(said),
            Table::Rooms => of.room(said),
            Table::Classes => of.class(said),
            Table::ClassSubjects => of.class_subject(said),
            Table::ClassBusy => of.class_busy(said),
            Table::Teachers => of.teacher(said),
            Table::TeacherSubjects => of.teacher_subject(said),
            Table::TeacherBusy => of.teacher_busy(said),
            Table::Timetable => of.lesson(said),
        }
    }
    said.faults = faults;
}

/// Keys of a sheet's rows, and in which they stood.
#[derive(Default)]
struct Seen(HashMap<String, u32>);

struct Reading<'r, 'l> {
    line: Line<'l>,
    faults: &'r mut Faults,
    seen: &'r mut Seen,
}

impl Reading<'_, '_> {
    /// Says so if another row has this key.
    fn once(&mut self, col: Col, key: &[&str]) {
        if key.iter().any(|part| part.is_empty()) {
            return;
        }
        let key = key.join("\u{0}");
        match self.seen.0.get(&key) {
            Some(row) => self.line.wrong(col, Wrong::Twice(*row), self.faults),
            None => {
                self.seen.0.insert(key, self.line.at.row);
            }
        }
    }

    /// A row that is right is taken; of one that is not, the code is kept.
    fn keep<T>(&self, rows: &mut Vec<T>, row: Option<T>, code: &str, bad: &mut HashSet<String>) {
        match row.filter(|_| self.line.is_right) {
            Some(row) => rows.push(row),
            None => {
                bad.insert(code.to_owned());
            }
        }
    }

    fn number<T: TryFrom<u64>>(&mut self, col: Col) -> Given<Option<T>> {
        self.line.parsed(col, self.faults, number)
    }

    fn must_number<T: TryFrom<u64> + Default>(&mut self, col: Col) -> T {
        self.line.must_be(col, self.faults, number).unwrap_or_default()
    }

    fn must(&mut self, col: Col) -> String {
        self.line.must(col, self.faults)
    }

    fn text(&mut self, col: Col) -> Option<String> {
        self.line.text(col, self.faults).said().flatten().map(str::to_owned)
    }

    fn yes(&mut self, col: Col) -> Given<Option<bool>> {
        self.line.parsed(col, self.faults, yes)
    }

    fn place(&mut self) -> Option<String> {
        self.line.code(Col::Org, self.faults)
    }

    fn org(&mut self, said: &mut Said) {
        let code = self.line.must_code(Col::Code, self.faults);
        self.once(Col::Code, &[&code]);
        let row = OrgRow {
            at: self.line.at,
            name: self.line.filled(Col::Name, self.faults),
            kind: match self.line.parsed(Col::Kind, self.faults, kind) {
                Given::Said(Some(kind)) => Given::Said(kind),
                _ => Given::Absent,
            },
            parent: self.line.code(Col::Parent, self.faults),
            down: self.number(Col::Down),
            up: self.number(Col::Up),
            at_once: self.number(Col::AtOnce),
            bells: self.line.text(Col::Bells, self.faults).map(|text| text.map(str::to_owned)),
            code: code.clone(),
        };
        self.keep(&mut said.orgs, Some(row), &code, &mut said.bad);
    }

    fn bell(&mut self, said: &mut Said) {
        let (org, name) = (self.place(), self.must(Col::Name));
        let period: u8 = self.must_number(Col::Period);
        self.once(Col::Period, &[org.as_deref().unwrap_or(" "), &name, &period.to_string()]);
        let starts_min = self.line.must_be(Col::Starts, self.faults, time).unwrap_or_default();
        let ends_min = self.line.must_be(Col::Ends, self.faults, time).unwrap_or_default();
        let row = BellRow { at: self.line.at, org, name: name.clone(), period, starts_min, ends_min };
        self.keep(&mut said.bells, Some(row), &name, &mut said.bad);
    }

    fn term(&mut self, said: &mut Said) {
        let (org, name) = (self.place(), self.must(Col::Name));
        let first_day = self.line.must_be(Col::FirstDay, self.faults, day);
        let at = self.line.at;
        let weeks = self.must_number(Col::Weeks);
        if let Some(first_day) = first_day {
            self.once(Col::FirstDay, &[org.as_deref().unwrap_or(" "), &first_day.to_string()]);
            let mine = org.as_deref().unwrap_or(" ").to_owned() + "\u{0}name";
            self.once(Col::Name, &[&mine, &name]);
        }
        let row = first_day.map(|first_day| TermRow { at, org, name: name.clone(), first_day, weeks });
        self.keep(&mut said.terms, row, &name, &mut said.bad);
    }

    fn day(&mut self, said: &mut Said) {
        let (org, term) = (self.place(), self.must(Col::Term));
        let day = self.line.must_be(Col::Day, self.faults, day);
        let kind = self.line.must_be(Col::DayKind, self.faults, day_kind);
        let follows = self.line.parsed(Col::Follows, self.faults, weekday).said().flatten();
        let (at, name) = (self.line.at, self.must(Col::Name));
        if let Some(day) = day {
            self.once(Col::Day, &[org.as_deref().unwrap_or(" "), &term, &day.to_string()]);
        }
        let row =
            day.zip(kind).map(|(day, kind)| DayRow { at, org, term: term.clone(), day, kind, follows, name });
        self.keep(&mut said.days, row, "", &mut said.bad);
    }

    fn curriculum(&mut self, said: &mut Said) {
        let (org, subject) = (self.place(), self.must(Col::Subject));
        self.once(Col::Subject, &[org.as_deref().unwrap_or(" "), &subject]);
        let of_grade = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|grade| self.number(Col::OfGrade(grade)));
        let row = CurriculumRow { at: self.line.at, org, subject, of_grade };
        self.keep(&mut said.curriculum, Some(row), "", &mut said.bad);
    }

    fn room(&mut self, said: &mut Said) {
        let (org, name) = (self.place(), self.must(Col::Name));
        self.once(Col::Name, &[org.as_deref().unwrap_or(" "), &name]);
        let receivers = self.number(Col::Receivers);
        let row = RoomRow { at: self.line.at, org, name: name.clone(), receivers };
        self.keep(&mut said.rooms, Some(row), &name, &mut said.bad);
    }

    fn class(&mut self, said: &mut Said) {
        let code = self.line.must_code(Col::Code, self.faults);
        self.once(Col::Code, &[&code]);
        let row = ClassRow {
            at: self.line.at,
            org: self.place(),
            name: self.line.filled(Col::Name, self.faults),
            grade: self.line.parsed(Col::Grade, self.faults, grade),
            size: self.number(Col::Size),
            room: self.line.text(Col::Room, self.faults).map(|text| text.map(str::to_owned)),
            live: self.yes(Col::Live),
            record: self.yes(Col::Record),
            publish: self.yes(Col::Publish),
            code: code.clone(),
        };
        self.keep(&mut said.classes, Some(row), &code, &mut said.bad);
    }

    fn class_subject(&mut self, said: &mut Said) {
        let class = self.line.must_code(Col::Class, self.faults);
        let subject = self.must(Col::Subject);
        self.once(Col::Subject, &[&class, &subject]);
        let row = ClassSubjectRow {
            at: self.line.at,
            edition: self.text(Col::Edition).unwrap_or_default(),
            on_site: self.number(Col::OnSite).said().flatten().unwrap_or_default(),
            class: class.clone(),
            subject,
        };
        self.keep(&mut said.class_subjects, Some(row), &class, &mut said.bad);
    }

    fn busy(&mut self, whose: Col) -> BusyRow {
        let code = self.line.must_code(whose, self.faults);
        self.once(whose, &[&code]);
        let mut busy = Vec::new();
        for (weekday, period, text) in self.line.week() {
            match taken(text) {
                Some(taken) => busy.extend(taken.into_iter().map(|(parity, what)| Busy {
                    weekday,
                    period,
                    parity,
                    what,
                })),
                None => self.line.wrong(Col::Slot(weekday, period), PARITY, self.faults),
            }
        }
        BusyRow { at: self.line.at, whose: code, busy }
    }

    fn class_busy(&mut self, said: &mut Said) {
        let row = self.busy(Col::Class);
        let code = row.whose.clone();
        self.keep(&mut said.class_busy, Some(row), &code, &mut said.bad);
    }

    fn teacher_busy(&mut self, said: &mut Said) {
        let row = self.busy(Col::Teacher);
        let code = row.whose.clone();
        self.keep(&mut said.teacher_busy, Some(row), &code, &mut said.bad);
    }

    fn teacher(&mut self, said: &mut Said) {
        let code = self.line.must_code(Col::Code, self.faults);
        self.once(Col::Code, &[&code]);
        let row = TeacherRow {
            at: self.line.at,
            org: self.place(),
            name: self.line.filled(Col::Name, self.faults),
            weekly: self.number(Col::Weekly),
            delivered: self.number(Col::Delivered),
            code: code.clone(),
        };
        self.keep(&mut said.teachers, Some(row), &code, &mut said.bad);
    }

    fn teacher_subject(&mut self, said: &mut Said) {
        let teacher = self.line.must_code(Col::Teacher, self.faults);
        let subject = self.must(Col::Subject);
        let from = self.line.must_be(Col::GradeFrom, self.faults, grade).unwrap_or_default();
        let to = self.line.must_be(Col::GradeTo, self.faults, grade).unwrap_or_default();
        let edition = self.text(Col::Edition).unwrap_or_default();
        let from_edition = format!("{from} {edition}");
        self.once(Col::Subject, &[&teacher, &subject, &from_edition]);
        let row =
            TeacherSubjectRow { at: self.line.at, teacher: teacher.clone(), subject, from, to, edition };
        self.keep(&mut said.teacher_subjects, Some(row), &teacher, &mut said.bad);
    }

    fn lesson(&mut self, said: &mut Said) {
        let day = self.line.must_be(Col::Day, self.faults, day);
        let period = self.must_number(Col::Period);
        let subject = self.must(Col::Subject);
        let grade = self.line.must_be(Col::Grade, self.faults, grade).unwrap_or_default();
        let teacher = self.line.must_code(Col::Teacher, self.faults);
        let room = self.must(Col::Room);
        let receiving = self.text(Col::Receiving).unwrap_or_default();
        let classes = receiving.split(|letter: char| letter.is_whitespace() || "、,，;；/".contains(letter));
        let classes = classes.filter(|code| !code.is_empty());
        let classes = classes.map(|code| code.chars().map(narrow).collect()).collect();
        let org = self.place();
        let kind = self.line.parsed(Col::LessonKind, self.faults, lesson_kind).said().flatten();
        let title = self.text(Col::Title);
        let term = self.text(Col::Term);
        let is_past = self.line.parsed(Col::State, self.faults, is_past).said().flatten().unwrap_or(false);
        let at = self.line.at;
        let row = day.map(|day| LessonRow {
            at,
            day,
            period,
            subject,
            grade,
            teacher,
            org,
            room,
            classes,
            kind,
            title,
            term,
            is_past,
        });
        self.keep(&mut said.lessons, row, "", &mut said.bad);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::cells::taken_words;
    use super::super::sheet::{Cell, Row};
    use super::*;
    use tongtang_protocol::places::Parity;

    fn sheet(name: &str, rows: &[&[&str]]) -> Sheet {
        let row = |(number, cells): (u32, &&[&str])| {
            let cells = (0..).zip(*cells).filter(|(_, text)| !text.is_empty());
            Row { number, cells: cells.map(|(at, text)| (at, Cell::Text((*text).to_owned()))).collect() }
        };
        Sheet { name: name.to_owned(), rows: (1..).zip(rows).map(row).collect() }
    }

    fn faults(said: &Said) -> Vec<(u32, String, Wrong)> {
        said.faults.told.iter().map(|fault| (fault.row, fault.column.clone(), fault.wrong.clone())).collect()
    }

    #[test]
    fn a_table_is_known_by_its_sheet_or_by_its_headings() {
        let classes: &[&[&str]] = &[
            &["班级代码", "学校代码", "班级名称", "年级", "人数"],
            &["C1", "S1", "三（1）班", "三年级", "30"],
        ];
        for name in ["班级", "Classes", "2026年秋"] {
            let said = said(&[sheet(name, classes)]);
            assert_eq!((said.classes.len(), said.faults.number), (1, 0), "{name}: {:?}", said.faults);
            assert_eq!(said.classes[0].grade, Given::Said(Some(3)));
            assert_eq!(said.classes[0].room, Given::Absent, "no column: what is there stays");
        }
        let unknown = said(&[
            sheet("Sheet1", &[&["姓氏", "电话"], &["王", "1"]]),
            sheet("说明", &[&["x"]]),
            sheet("Sheet2", &[]),
        ]);
        assert_eq!(faults(&unknown), [(1, "姓氏".into(), Wrong::UnknownTable)]);
    }

    #[test]
    fn what_is_wrong_is_told_by_row_and_column_and_the_rest_is_read() {
        let said = said(&[sheet(
            "教师",
            &[
                &["教师编号", "学校代码", "姓名", "每周最多课时", "电话", "备注"],
                &["T1", "S1", "李明", "十六", "", "x"],
                &["", "S1", "王芳", "16"],
                &["T3", "S1", "", "16"],
                &["T1", "S1", "赵强", "16"],
                &["T5", "S1", "周兰", "16"],
                &["", "", "", "", "", "只有备注"],
            ],
        )]);
        let told = faults(&said);
        assert_eq!(
            told,
            [
                (1, "电话".into(), Wrong::UnknownColumn(None)),
                (2, "每周最多课时".into(), Wrong::Number),
                (3, "教师编号".into(), Wrong::Empty),
                (4, "姓名".into(), Wrong::Empty),
                (5, "教师编号".into(), Wrong::Twice(2)),
            ]
        );
        assert_eq!(said.teachers.iter().map(|row| row.code.as_str()).collect::<Vec<_>>(), ["T5"]);
        assert!(said.bad.contains("T1"));
    }

    #[test]
    fn a_week_is_a_row_and_odd_and_even_weeks_are_told_apart() {
        let said = said(&[sheet(
            "班级课表",
            &[
                &["班级代码", "周一第1节", "周一第2节", "周三1"],
                &["C1", "语文", "音乐（单）；美术（双周）", "a;b"],
            ],
        )]);
        assert_eq!(faults(&said), [(2, "周三1".into(), PARITY)]);
        assert_eq!(
            taken("音乐（单）；美术（双周）").unwrap(),
            [(Parity::Odd, "音乐".into()), (Parity::Even, "美术".into())]
        );
        assert_eq!(taken("Music (Odd)").unwrap(), [(Parity::Odd, "Music".into())]);
        assert_eq!(taken("数学（一）").unwrap(), [(Parity::Every, "数学（一）".into())]);
        let busy = |parity, what: &str| Busy { weekday: 1, period: 1, parity, what: what.into() };
        let (odd, even) = (busy(Parity::Odd, "音乐"), busy(Parity::Even, "美术"));
        for language in [0, 1] {
            let words = taken_words(&[&odd, &even], language);
            assert_eq!(taken(&words).unwrap(), [(Parity::Odd, "音乐".into()), (Parity::Even, "美术".into())]);
        }
    }
}
