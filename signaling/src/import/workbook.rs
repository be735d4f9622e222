//! The same tables as a workbook that the import takes again.
//!
//! Every text is written as a text, so that none is a formula where it is opened, whatever it begins with.

use super::cells::taken_words;
use super::headings::{Col, Table, slot_heading};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tongtang_protocol::calendar::{BellScheduleView, MAX_PERIODS, TermDayKind, TermView};
use tongtang_protocol::ids::{ClassroomId, OrgId};
use tongtang_protocol::places::{
    Busy, ClassView, ClassroomView, MAX_GRADE, OrgKind, OrgView, Prescribed, TeacherView,
};
use tongtang_protocol::timetable::{LessonKind, TimetableLessonView, TimetableState};

/// Periods of a week that an empty workbook has columns for.
const USUAL_PERIODS: u8 = 8;
/// Monday to Friday.
const USUAL_DAYS: u8 = 5;

/// Everything that lies at a place and below it.
#[derive(Debug, Default)]
pub struct County {
    /// Places, those above first.
    pub orgs: Vec<OrgView>,
    /// Bell times that they keep, and that concern them.
    pub bells: Vec<BellScheduleView>,
    /// Terms that they keep.
    pub terms: Vec<TermView>,
    /// What they prescribe themselves.
    pub curriculum: Vec<(OrgId, Prescribed)>,
    /// Classrooms.
    pub rooms: Vec<ClassroomView>,
    /// Classes.
    pub classes: Vec<ClassView>,
    /// Teachers.
    pub teachers: Vec<TeacherView>,
}

/// Lessons, and the codes and names of whom they name.
#[derive(Debug, Default)]
pub struct Lessons {
    /// By time.
    pub lessons: Vec<TimetableLessonView>,
    /// Codes by id: of places, classes and teachers.
    pub codes: HashMap<String, String>,
    /// Their term's name.
    pub term: String,
}

/// What stands in a cell.
pub(super) enum Said {
    Text(String),
    Number(f64),
    Nothing,
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::Text(text.to_owned()) }
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<u32> for Said {
    fn from(number: u32) -> Self {
        Self::Number(f64::from(number))
    }
}

impl<T: Into<Self>> From<Option<T>> for Said {
    fn from(given: Option<T>) -> Self {
        given.map_or(Self::Nothing, Into::into)
    }
}

/// A table while it is written.
pub(super) struct Page<'b> {
    sheet: &'b mut Worksheet,
    columns: Vec<Col>,
    row: u32,
}

impl<'b> Page<'b> {
    pub(super) fn new(
        book: &'b mut Workbook,
        table: Table,
        week: &[(u8, u8)],
        at: usize,
    ) -> Result<Self, XlsxError> {
        let sheet = book.add_worksheet();
        sheet.set_name(table.names()[at])?;
        let bold = Format::new()
            .set_bold()
            .set_background_color("#E6F2F1")
            .set_border_bottom(rust_xlsxwriter::FormatBorder::Thin);
        let text = Format::new().set_num_format("@");
        let mut columns = Vec::new();
        let slots = week
            .iter()
            .map(|(weekday, period)| (Col::Slot(*weekday, *period), slot_heading(*weekday, *period, at)));
        let named = table.columns().iter().map(|column| (column.col, column.names[at].to_owned()));
        for (number, (col, heading)) in (0..).zip(named.chain(slots)) {
            if !is_number(col) {
                // What is typed here later stays what was typed: codes keep their zeros.
                sheet.set_column_format(number, &text)?;
            }
            sheet.write_string_with_format(0, number, &heading, &bold)?;
            sheet.set_column_width(number, width(&heading))?;
            columns.push(col);
        }
        sheet.set_freeze_panes(1, if table.is_week() { 1 } else { 0 })?;
        Ok(Self { sheet, columns, row: 0 })
    }

    pub(super) fn add(&mut self, cells: &mut [(Col, Said)]) -> Result<(), XlsxError> {
        self.row += 1;
        for (col, said) in cells {
            let Some(column) = self.columns.iter().position(|known| known == col) else { continue };
            let column = u16::try_from(column).unwrap_or(u16::MAX);
            match said {
                Said::Text(text) => self.sheet.write_string(self.row, column, text.as_str())?,
                Said::Number(number) => self.sheet.write_number(self.row, column, *number)?,
                Said::Nothing => continue,
            };
        }
        Ok(())
    }
}

/// Is it reckoned with?
fn is_number(col: Col) -> bool {
    use Col::{
        AtOnce, Delivered, Down, Follows, Grade, GradeFrom, GradeTo, OfGrade, OnSite, Period, Receivers,
        Size, Up, Weekly, Weeks,
    };
    matches!(
        col,
        AtOnce
            | Delivered
            | Down
            | Follows
            | Grade
            | GradeFrom
            | GradeTo
            | OfGrade(_)
            | OnSite
            | Period
            | Receivers
            | Size
            | Up
            | Weekly
            | Weeks
    )
}

/// Wide enough for its heading, in characters of the sheet's font; a Chinese one takes two.
fn width(heading: &str) -> f64 {
    let letters: u32 = heading.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum();
    f64::from(letters.max(10) + 4)
}

/// All tables of places and people; `language` is 0 (Chinese) or 1.
pub fn places(county: &County, language: usize) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let codes: HashMap<&OrgId, &str> = county.orgs.iter().map(|org| (&org.id, org.code.as_str())).collect();
    let code = |org: &OrgId| codes.get(org).copied().unwrap_or_default();
    orgs(&mut book, county, &codes, language)?;
    let mut page = Page::new(&mut book, Table::Bells, &[], language)?;
    for bells in county.bells.iter().filter(|bells| codes.contains_key(&bells.org_id)) {
        for period in &bells.periods {
            page.add(&mut [
                (Col::Org, code(&bells.org_id).into()),
                (Col::Name, bells.name.as_str().into()),
                (Col::Period, u32::from(period.period).into()),
                (Col::Starts, clock(period.starts_min).into()),
                (Col::Ends, clock(period.ends_min).into()),
            ])?;
        }
    }
    terms(&mut book, county, &code, language)?;
    curriculum(&mut book, county, &code, language)?;
    let mut page = Page::new(&mut book, Table::Rooms, &[], language)?;
    for room in &county.rooms {
        page.add(&mut [
            (Col::Org, code(&room.org_id).into()),
            (Col::Name, room.name.as_str().into()),
            (Col::Receivers, u32::from(room.max_receivers).into()),
        ])?;
    }
    classes(&mut book, county, &code, language)?;
    teachers(&mut book, county, &code, language)?;
    book.save_to_buffer()
}

fn orgs(
    book: &mut Workbook,
    county: &County,
    codes: &HashMap<&OrgId, &str>,
    at: usize,
) -> Result<(), XlsxError> {
    let mut page = Page::new(book, Table::Orgs, &[], at)?;
    for org in &county.orgs {
        let bells =
            org.bell_schedule_id.as_ref().and_then(|id| county.bells.iter().find(|bells| bells.id == *id));
        // The place above the exported one is not in the file.
        let parent = org.parent_id.as_ref().and_then(|parent| codes.get(parent)).copied();
        page.add(&mut [
            (Col::Code, org.code.as_str().into()),
            (Col::Name, org.name.as_str().into()),
            (Col::Kind, kind_word(org.kind, at).into()),
            (Col::Parent, parent.into()),
            (Col::Down, org.link_down_kbps.into()),
            (Col::Up, org.link_up_kbps.into()),
            (Col::AtOnce, u32::from(org.lessons_at_once).into()),
            (Col::Bells, bells.map(|bells| bells.name.as_str()).into()),
        ])?;
    }
    Ok(())
}

fn terms<'c>(
    book: &mut Workbook,
    county: &'c County,
    code: &impl Fn(&OrgId) -> &'c str,
    at: usize,
) -> Result<(), XlsxError> {
    let mut page = Page::new(book, Table::Terms, &[], at)?;
    for term in &county.terms {
        page.add(&mut [
            (Col::Org, code(&term.org_id).into()),
            (Col::Name, term.name.as_str().into()),
            (Col::FirstDay, term.first_day.to_string().into()),
            (Col::Weeks, u32::from(term.weeks).into()),
        ])?;
    }
    let mut page = Page::new(book, Table::Days, &[], at)?;
    for term in &county.terms {
        for day in &term.days {
            let kind = match day.kind {
                TermDayKind::Holiday => ["放假", "holiday"][at],
                TermDayKind::MakeUp => ["调休", "make-up"][at],
            };
            page.add(&mut [
                (Col::Org, code(&term.org_id).into()),
                (Col::Term, term.name.as_str().into()),
                (Col::Day, day.day.to_string().into()),
                (Col::DayKind, kind.into()),
                (Col::Follows, day.follows_weekday.map(u32::from).into()),
                (Col::Name, day.name.as_str().into()),
            ])?;
        }
    }
    Ok(())
}

fn curriculum<'c>(
    book: &mut Workbook,
    county: &'c County,
    code: &impl Fn(&OrgId) -> &'c str,
    at: usize,
) -> Result<(), XlsxError> {
    let mut rows: BTreeMap<(&str, &str), Vec<&Prescribed>> = BTreeMap::new();
    for (org, one) in &county.curriculum {
        rows.entry((code(org), &one.subject)).or_default().push(one);
    }
    let mut page = Page::new(book, Table::Curriculum, &[], at)?;
    for ((org, subject), of) in rows {
        let mut cells: Vec<(Col, Said)> = vec![(Col::Org, org.into()), (Col::Subject, subject.into())];
        cells.extend(of.iter().map(|one| (Col::OfGrade(one.grade), u32::from(one.weekly_periods).into())));
        page.add(&mut cells)?;
    }
    Ok(())
}

fn classes<'c>(
    book: &mut Workbook,
    county: &'c County,
    code: &impl Fn(&OrgId) -> &'c str,
    at: usize,
) -> Result<(), XlsxError> {
    let rooms: HashMap<&ClassroomId, &str> =
        county.rooms.iter().map(|room| (&room.id, room.name.as_str())).collect();
    let mut page = Page::new(book, Table::Classes, &[], at)?;
    for class in &county.classes {
        let room = class.classroom_id.as_ref().and_then(|room| rooms.get(room)).copied();
        page.add(&mut [
            (Col::Code, class.code.as_str().into()),
            (Col::Org, code(&class.org_id).into()),
            (Col::Name, class.name.as_str().into()),
            (Col::Grade, u32::from(class.grade).into()),
            (Col::Size, u32::from(class.size).into()),
            (Col::Room, room.into()),
            (Col::Live, yes_word(class.consent.live, at).into()),
            (Col::Record, yes_word(class.consent.record, at).into()),
            (Col::Publish, yes_word(class.consent.publish, at).into()),
        ])?;
    }
    let mut page = Page::new(book, Table::ClassSubjects, &[], at)?;
    for class in &county.classes {
        for of in &class.subjects {
            page.add(&mut [
                (Col::Class, class.code.as_str().into()),
                (Col::Subject, of.subject.as_str().into()),
                (Col::Edition, of.edition.as_str().into()),
                (Col::OnSite, u32::from(of.on_site_periods).into()),
            ])?;
        }
    }
    let weeks = county.classes.iter().map(|class| (class.code.as_str(), class.busy.as_slice()));
    week(book, Table::ClassBusy, Col::Class, &weeks.collect::<Vec<_>>(), at)
}

fn teachers<'c>(
    book: &mut Workbook,
    county: &'c County,
    code: &impl Fn(&OrgId) -> &'c str,
    at: usize,
) -> Result<(), XlsxError> {
    let mut page = Page::new(book, Table::Teachers, &[], at)?;
    for teacher in &county.teachers {
        page.add(&mut [
            (Col::Code, teacher.code.as_str().into()),
            (Col::Org, code(&teacher.org_id).into()),
            (Col::Name, teacher.name.as_str().into()),
            (Col::Weekly, u32::from(teacher.max_weekly).into()),
            (Col::Delivered, u32::from(teacher.max_delivered).into()),
        ])?;
    }
    let mut page = Page::new(book, Table::TeacherSubjects, &[], at)?;
    for teacher in &county.teachers {
        for of in &teacher.subjects {
            page.add(&mut [
                (Col::Teacher, teacher.code.as_str().into()),
                (Col::Subject, of.subject.as_str().into()),
                (Col::GradeFrom, u32::from(of.grade_from).into()),
                (Col::GradeTo, u32::from(of.grade_to).into()),
                (Col::Edition, of.edition.as_str().into()),
            ])?;
        }
    }
    let weeks = county.teachers.iter().map(|teacher| (teacher.code.as_str(), teacher.busy.as_slice()));
    week(book, Table::TeacherBusy, Col::Teacher, &weeks.collect::<Vec<_>>(), at)
}

/// A row for each, a column for each period of the usual week and for what is used besides.
fn week(
    book: &mut Workbook,
    table: Table,
    whose: Col,
    of: &[(&str, &[Busy])],
    at: usize,
) -> Result<(), XlsxError> {
    let used = of.iter().flat_map(|(_, busy)| busy.iter().map(|taken| (taken.weekday, taken.period)));
    let mut page = Page::new(book, table, &slots(used), at)?;
    for (code, busy) in of {
        let mut cells: Vec<(Col, Said)> = vec![(whose, (*code).into())];
        let mut by_slot: BTreeMap<(u8, u8), Vec<&Busy>> = BTreeMap::new();
        for taken in *busy {
            by_slot.entry((taken.weekday, taken.period)).or_default().push(taken);
        }
        for ((weekday, period), taken) in by_slot {
            cells.push((Col::Slot(weekday, period), taken_words(&taken, at).into()));
        }
        page.add(&mut cells)?;
    }
    Ok(())
}

/// The periods of the usual week, and those that are used besides.
pub(super) fn slots(used: impl Iterator<Item = (u8, u8)>) -> Vec<(u8, u8)> {
    let usual = (1..=USUAL_DAYS).flat_map(|weekday| (1..=USUAL_PERIODS).map(move |period| (weekday, period)));
    let used =
        used.filter(|(weekday, period)| (1..=7).contains(weekday) && (1..=MAX_PERIODS).contains(period));
    usual.chain(used).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The lessons of a term.
pub fn timetable(of: &Lessons, language: usize) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let code = |id: &str| of.codes.get(id).map(String::as_str).unwrap_or_default();
    let mut page = Page::new(&mut book, Table::Timetable, &[], language)?;
    for lesson in &of.lessons {
        let classes: Vec<&str> = lesson.classes.iter().map(|class| code(class.class_id.as_str())).collect();
        page.add(&mut [
            (Col::Day, lesson.day.to_string().into()),
            (Col::Period, u32::from(lesson.period).into()),
            (Col::Subject, lesson.subject.as_str().into()),
            (Col::Grade, u32::from(lesson.grade).into()),
            (Col::Teacher, code(lesson.teacher_id.as_str()).into()),
            (Col::Org, code(lesson.org_id.as_str()).into()),
            (Col::Room, lesson.classroom_name.as_str().into()),
            (Col::Receiving, classes.join(["、", ", "][language]).into()),
            (Col::LessonKind, lesson_kind_word(lesson.kind, language).into()),
            (Col::Title, lesson.title.as_str().into()),
            (Col::Term, of.term.as_str().into()),
            (Col::State, state_word(lesson.state, language).into()),
        ])?;
    }
    book.save_to_buffer()
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn yes_word(yes: bool, at: usize) -> &'static str {
    if yes { ["是", "yes"][at] } else { ["否", "no"][at] }
}

fn kind_word(kind: OrgKind, at: usize) -> &'static str {
    match kind {
        OrgKind::Province => ["省", "province"][at],
        OrgKind::City => ["市", "city"][at],
        OrgKind::County => ["县", "county"][at],
        OrgKind::School => ["学校", "school"][at],
    }
}

fn lesson_kind_word(kind: LessonKind, at: usize) -> &'static str {
    match kind {
        LessonKind::Delivery => ["专递课堂", "delivery"][at],
        LessonKind::Master => ["名师课堂", "master"][at],
        LessonKind::OpenSchool => ["名校网络课堂", "open school"][at],
    }
}

fn state_word(state: TimetableState, at: usize) -> &'static str {
    match state {
        TimetableState::Planned => ["计划", "planned"][at],
        TimetableState::Cancelled => ["已取消", "cancelled"][at],
        TimetableState::Held => ["已上", "held"][at],
        TimetableState::Missed => ["未上", "missed"][at],
    }
}

/// Grades of compulsory schooling have a column each.
const _: () = assert!(MAX_GRADE == 9);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::read::read;
    use super::super::rows::said;
    use super::*;
    use crate::demo::{Scale, county};

    #[test]
    fn a_county_is_read_as_it_was_written_in_both_languages() {
        let made = county(Scale::default(), 1, "2026-11-28".parse().unwrap());
        let org = made.county.clone();
        let written = County {
            orgs: made.orgs[2..].to_vec(),
            bells: made.bells,
            terms: vec![made.term],
            curriculum: made.curriculum.into_iter().map(|row| (org.clone(), row)).collect(),
            rooms: made.classrooms,
            classes: made.classes,
            teachers: made.teachers,
        };
        for language in [0, 1] {
            let said = said(&read("c.xlsx", &places(&written, language).unwrap()).unwrap());
            assert_eq!(said.faults.told, [], "language {language}");
            let numbers = (said.orgs.len(), said.rooms.len(), said.classes.len(), said.teachers.len());
            assert_eq!(numbers, (37, written.rooms.len(), written.classes.len(), 60));
            let busy: usize = said.class_busy.iter().map(|row| row.busy.len()).sum();
            assert_eq!(busy, written.classes.iter().map(|class| class.busy.len()).sum::<usize>());
        }
    }

    #[test]
    fn what_begins_like_a_formula_is_a_text() {
        let teacher = |name: &str| TeacherView {
            id: crate::fresh::person_id(),
            org_id: crate::fresh::org_id(),
            code: crate::fresh::secret()[..8].to_owned(),
            name: name.into(),
            max_weekly: 1,
            max_delivered: 0,
            subjects: Vec::new(),
            busy: Vec::new(),
        };
        let names = ["=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://x\")"];
        let county = County { teachers: names.map(teacher).to_vec(), ..County::default() };
        let file = places(&county, 0).unwrap();
        let said = said(&read("c.xlsx", &file).unwrap());
        let read: Vec<_> = said.teachers.iter().map(|row| row.name.clone().said().unwrap()).collect();
        assert_eq!(read, names);
        use calamine::Reader;
        let mut book: calamine::Xlsx<_> =
            calamine::open_workbook_from_rs(std::io::Cursor::new(file)).unwrap();
        let formulas = book.worksheet_formula("教师").unwrap();
        assert!(formulas.used_cells().next().is_none());
    }
}
