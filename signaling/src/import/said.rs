//! What a file says: rows of each table, by the codes that stand there.

use super::headings::Table;
use super::table::{At, Given, Layout};
use super::wrong::Faults;
use std::collections::{HashMap, HashSet};
use tongtang_protocol::calendar::TermDayKind;
use tongtang_protocol::day::Day;
use tongtang_protocol::places::{Busy, MAX_GRADE, OrgKind};
use tongtang_protocol::timetable::LessonKind;

/// All that a file says.
#[derive(Debug, Default)]
pub struct Said {
    /// By number of the sheet.
    pub layouts: Vec<Layout>,
    /// Which table each of them is.
    pub tables: HashMap<usize, Table>,
    /// Places.
    pub orgs: Vec<OrgRow>,
    /// Periods of bell times.
    pub bells: Vec<BellRow>,
    /// Terms.
    pub terms: Vec<TermRow>,
    /// Their days.
    pub days: Vec<DayRow>,
    /// What is prescribed.
    pub curriculum: Vec<CurriculumRow>,
    /// Classrooms.
    pub rooms: Vec<RoomRow>,
    /// Classes.
    pub classes: Vec<ClassRow>,
    /// Their subjects.
    pub class_subjects: Vec<ClassSubjectRow>,
    /// Their weeks.
    pub class_busy: Vec<BusyRow>,
    /// Teachers.
    pub teachers: Vec<TeacherRow>,
    /// What they teach.
    pub teacher_subjects: Vec<TeacherSubjectRow>,
    /// Their weeks.
    pub teacher_busy: Vec<BusyRow>,
    /// Lessons of a term.
    pub lessons: Vec<LessonRow>,
    /// What is wrong.
    pub faults: Faults,
    /// Codes of rows that are wrong: whoever names one is not told that it is not there.
    pub bad: HashSet<String>,
    /// What was not taken and why, in Chinese and English.
    pub notes: Vec<[String; 2]>,
}

/// A place.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct OrgRow {
    pub at: At,
    pub code: String,
    pub name: Given<String>,
    pub kind: Given<OrgKind>,
    /// None: where it is, or the place that is imported into.
    pub parent: Option<String>,
    pub down: Given<Option<u32>>,
    pub up: Given<Option<u32>>,
    pub at_once: Given<Option<u16>>,
    pub bells: Given<Option<String>>,
}

/// A period of bell times.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct BellRow {
    pub at: At,
    /// None: the place that is imported into.
    pub org: Option<String>,
    pub name: String,
    pub period: u8,
    pub starts_min: u16,
    pub ends_min: u16,
}

/// A term.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct TermRow {
    pub at: At,
    pub org: Option<String>,
    pub name: String,
    pub first_day: Day,
    pub weeks: u8,
}

/// A holiday or make-up day.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct DayRow {
    pub at: At,
    pub org: Option<String>,
    pub term: String,
    pub day: Day,
    pub kind: TermDayKind,
    pub follows: Option<u8>,
    pub name: String,
}

/// A subject's periods by grade.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct CurriculumRow {
    pub at: At,
    pub org: Option<String>,
    pub subject: String,
    pub of_grade: [Given<Option<u8>>; MAX_GRADE as usize],
}

/// A classroom.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct RoomRow {
    pub at: At,
    pub org: Option<String>,
    pub name: String,
    pub receivers: Given<Option<u8>>,
}

/// A class.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct ClassRow {
    pub at: At,
    pub code: String,
    /// Of its school; None: where it is.
    pub org: Option<String>,
    pub name: Given<String>,
    pub grade: Given<Option<u8>>,
    pub size: Given<Option<u16>>,
    pub room: Given<Option<String>>,
    pub live: Given<Option<bool>>,
    pub record: Given<Option<bool>>,
    pub publish: Given<Option<bool>>,
}

/// What a class has of a subject.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct ClassSubjectRow {
    pub at: At,
    pub class: String,
    pub subject: String,
    pub edition: String,
    pub on_site: u8,
}

/// The week of a class or teacher.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct BusyRow {
    pub at: At,
    pub whose: String,
    pub busy: Vec<Busy>,
}

/// A teacher.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct TeacherRow {
    pub at: At,
    pub code: String,
    pub org: Option<String>,
    pub name: Given<String>,
    pub weekly: Given<Option<u8>>,
    pub delivered: Given<Option<u8>>,
}

/// What a teacher teaches.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct TeacherSubjectRow {
    pub at: At,
    pub teacher: String,
    pub subject: String,
    pub from: u8,
    pub to: u8,
    pub edition: String,
}

/// A lesson of a term.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the wire")]
pub struct LessonRow {
    pub at: At,
    pub day: Day,
    pub period: u8,
    pub subject: String,
    pub grade: u8,
    pub teacher: String,
    /// Of the room's school; None: the teacher's.
    pub org: Option<String>,
    pub room: String,
    pub classes: Vec<String>,
    pub kind: Option<LessonKind>,
    pub title: Option<String>,
    pub term: Option<String>,
    /// It stands on the sheet as held, missed or cancelled: only one that is there already is taken.
    pub is_past: bool,
}

impl Said {
    /// Does it say something of places and people?
    pub fn has_places(&self) -> bool {
        self.tables.values().any(|table| !matches!(table, Table::Terms | Table::Days | Table::Timetable))
    }

    /// Does it say something of terms or their lessons?
    pub fn has_time(&self) -> bool {
        self.tables.values().any(|table| matches!(table, Table::Terms | Table::Days | Table::Timetable))
    }
}
