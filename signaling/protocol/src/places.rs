//! The organisation tree, classrooms, class groups, teachers, and what is prescribed.

use crate::ids::{BellScheduleId, ClassId, ClassroomId, DeviceId, OrgId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Largest grade: compulsory schooling has nine.
pub const MAX_GRADE: u8 = 9;

/// What a place is. A place's parent is of a kind before its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrgKind {
    /// 省
    Province,
    /// 市
    City,
    /// 县
    County,
    /// A school or teaching site (教学点).
    School,
}

/// A place of the organisation tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrgView {
    /// Identity.
    pub id: OrgId,
    /// The place it belongs to; absent: the root.
    pub parent_id: Option<OrgId>,
    /// What it is.
    pub kind: OrgKind,
    /// The state's code (一校一码).
    pub code: String,
    /// Name.
    pub name: String,
    /// A school's link towards it, in kbit/s; absent: unknown.
    pub link_down_kbps: Option<u32>,
    /// A school's link from it, in kbit/s.
    pub link_up_kbps: Option<u32>,
    /// How many lessons its link carries at once.
    pub lessons_at_once: u16,
    /// Its own bell times; absent: those of its parent.
    pub bell_schedule_id: Option<BellScheduleId>,
}

/// `POST /api/orgs`, `PUT /api/orgs/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrgInput {
    /// The place it belongs to.
    pub parent_id: Option<OrgId>,
    /// What it is.
    pub kind: OrgKind,
    /// The state's code.
    pub code: String,
    /// Name.
    pub name: String,
    /// kbit/s.
    #[serde(default)]
    pub link_down_kbps: Option<u32>,
    /// kbit/s.
    #[serde(default)]
    pub link_up_kbps: Option<u32>,
    /// Absent: 1.
    #[serde(default)]
    pub lessons_at_once: Option<u16>,
    /// Absent: its parent's.
    #[serde(default)]
    pub bell_schedule_id: Option<BellScheduleId>,
}

/// A classroom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClassroomView {
    /// Identity.
    pub id: ClassroomId,
    /// Its school.
    pub org_id: OrgId,
    /// Name, one of its kind in the school.
    pub name: String,
    /// Classes a master teacher can teach from here at most; 0: it only receives.
    pub max_receivers: u8,
    /// Its screens.
    pub device_ids: Vec<DeviceId>,
}

/// `POST /api/classrooms`, `PUT /api/classrooms/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClassroomInput {
    /// Its school.
    pub org_id: OrgId,
    /// Name.
    pub name: String,
    /// 0 to 16.
    pub max_receivers: u8,
}

/// What a class's guardians agreed to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consent {
    /// To be seen and heard by the other classrooms of a lesson.
    pub live: bool,
    /// To be recorded.
    pub record: bool,
    /// To be shown in the library.
    pub publish: bool,
}

/// What a class has of a subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClassSubject {
    /// Subject, e.g. 音乐.
    pub subject: String,
    /// Textbook edition; empty: any.
    pub edition: String,
    /// Periods a week its own school teaches.
    pub on_site_periods: u8,
}

/// Odd weeks, even weeks, or every week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Parity {
    /// Every week.
    Every,
    /// Weeks 1, 3, 5 …
    Odd,
    /// Weeks 2, 4, 6 …
    Even,
}

/// A period of the week that is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Busy {
    /// 1 (Monday) to 7.
    pub weekday: u8,
    /// The school's period, from 1.
    pub period: u8,
    /// In which weeks.
    pub parity: Parity,
    /// By what: a subject, a duty.
    pub what: String,
}

/// A class group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClassView {
    /// Identity.
    pub id: ClassId,
    /// Its school.
    pub org_id: OrgId,
    /// The state's code.
    pub code: String,
    /// Name, e.g. 三（1）班.
    pub name: String,
    /// 1 to 9.
    pub grade: u8,
    /// Pupils.
    pub size: u16,
    /// Where it sits.
    pub classroom_id: Option<ClassroomId>,
    /// Consent.
    pub consent: Consent,
    /// Subjects.
    pub subjects: Vec<ClassSubject>,
    /// When it is taught on site.
    pub busy: Vec<Busy>,
}

/// `POST /api/classes`, `PUT /api/classes/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClassInput {
    /// Its school.
    pub org_id: OrgId,
    /// The state's code.
    pub code: String,
    /// Name.
    pub name: String,
    /// 1 to 9.
    pub grade: u8,
    /// Pupils.
    pub size: u16,
    /// Where it sits.
    #[serde(default)]
    pub classroom_id: Option<ClassroomId>,
    /// Absent: none.
    #[serde(default)]
    pub consent: Consent,
    /// Subjects.
    #[serde(default)]
    pub subjects: Vec<ClassSubject>,
    /// When it is taught on site.
    #[serde(default)]
    pub busy: Vec<Busy>,
}

/// What somebody can teach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TeachableSubject {
    /// Subject.
    pub subject: String,
    /// From this grade.
    pub grade_from: u8,
    /// To this one.
    pub grade_to: u8,
    /// Textbook edition; empty: any.
    pub edition: String,
}

/// A teacher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TeacherView {
    /// Identity.
    pub id: PersonId,
    /// Their school.
    pub org_id: OrgId,
    /// The state's code (一人一号).
    pub code: String,
    /// Name.
    pub name: String,
    /// Periods a week at most.
    pub max_weekly: u8,
    /// Of those, delivered to other schools at most; 0: no master teacher.
    pub max_delivered: u8,
    /// What they teach.
    pub subjects: Vec<TeachableSubject>,
    /// When they have no time.
    pub busy: Vec<Busy>,
}

/// `POST /api/teachers`, `PUT /api/teachers/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TeacherInput {
    /// Their school.
    pub org_id: OrgId,
    /// The state's code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Periods a week at most.
    pub max_weekly: u8,
    /// Of those, delivered.
    pub max_delivered: u8,
    /// What they teach.
    #[serde(default)]
    pub subjects: Vec<TeachableSubject>,
    /// When they have no time.
    #[serde(default)]
    pub busy: Vec<Busy>,
}

/// Periods a week the state prescribes. `GET/PUT /api/orgs/{id}/curriculum`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Prescribed {
    /// Subject.
    pub subject: String,
    /// 1 to 9.
    pub grade: u8,
    /// Periods a week.
    pub weekly_periods: u8,
}

/// Rows of one table of an import: what happens or would happen to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportCount {
    /// Which table: `orgs`, `bells`, `terms`, `curriculum`, `classrooms`, `classes`, `teachers`, `timetable`.
    pub table: String,
    /// New rows.
    pub added: u32,
    /// Rows that change what is there.
    pub changed: u32,
    /// Rows that say what is there already.
    pub same: u32,
}

/// A cell that cannot be imported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportError {
    /// Sheet or file.
    pub sheet: String,
    /// From 1, as the spreadsheet counts.
    pub row: u32,
    /// The column's heading.
    pub column: String,
    /// What is wrong and what to write, in the caller's language.
    pub words: String,
}

/// `POST /api/orgs/{id}/imports?dry_run=…`: all or nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportReport {
    /// Was it carried out? Never on a dry run or with errors.
    pub done: bool,
    /// By table.
    pub counts: Vec<ImportCount>,
    /// The first 200.
    pub errors: Vec<ImportError>,
    /// How many there are.
    pub error_count: u32,
    /// What was not taken and why, in the caller's language.
    pub notes: Vec<String>,
}

/// What is done with a file. `POST /api/orgs/{id}/imports`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Only say what would happen? Absent: yes.
    #[serde(default)]
    pub dry_run: Option<bool>,
    /// What the file is called; of comma-separated values it may say which table they are.
    #[serde(default)]
    pub name: Option<String>,
}

/// Which part of a list of places, people or times.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlaceQuery {
    /// Of this place and those below it; absent: all that the caller may read.
    #[serde(default)]
    pub org_id: Option<OrgId>,
}

/// Which places. `GET /api/orgs`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OrgQuery {
    /// This place and those below it; absent: all that the caller may read.
    #[serde(default)]
    pub org_id: Option<OrgId>,
    /// Only those right below this place.
    #[serde(default)]
    pub parent_id: Option<OrgId>,
}
