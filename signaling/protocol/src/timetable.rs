//! Lessons of a term, and changes of them.

use crate::calendar::TermView;
use crate::day::Day;
use crate::ids::{
    ChangeId, ClassId, ClassroomId, LessonId, OrgId, PairingId, PersonId, TermId, TimetableLessonId,
};
use crate::units::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Receiving classes of a lesson at most.
pub const MAX_RECEIVERS: usize = 16;

/// Lessons a change touches at most.
pub const MAX_CHANGED: usize = 200;

/// What kind of lesson (三个课堂).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LessonKind {
    /// 专递课堂
    Delivery,
    /// 名师课堂
    Master,
    /// 名校网络课堂
    OpenSchool,
}

/// Where a timetable's lesson stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimetableState {
    /// To come, or going on.
    Planned,
    /// Called off.
    Cancelled,
    /// It took place.
    Held,
    /// Its time passed without it.
    Missed,
}

/// A receiving class of a lesson.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimetableClass {
    /// The class.
    pub class_id: ClassId,
    /// Its name.
    pub class_name: String,
    /// Its school.
    pub org_id: OrgId,
    /// The school's name.
    pub org_name: String,
    /// Where it sits.
    pub classroom_id: ClassroomId,
    /// Its own school's period, in which the lesson lies.
    pub period: u8,
    /// Was its room in the lesson? Absent before.
    pub attended: Option<bool>,
}

/// A lesson of a timetable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimetableLessonView {
    /// Identity.
    pub id: TimetableLessonId,
    /// Its term.
    pub term_id: TermId,
    /// Its pairing.
    pub pairing_id: Option<PairingId>,
    /// What kind.
    pub kind: LessonKind,
    /// Title.
    pub title: String,
    /// Subject.
    pub subject: String,
    /// 1 to 9.
    pub grade: u8,
    /// The master school.
    pub org_id: OrgId,
    /// Its name.
    pub org_name: String,
    /// The teacher.
    pub teacher_id: PersonId,
    /// Their name.
    pub teacher_name: String,
    /// Where they teach.
    pub classroom_id: ClassroomId,
    /// That room's name.
    pub classroom_name: String,
    /// Which day.
    pub day: Day,
    /// Week of the term, from 1.
    pub week: u8,
    /// The master school's period.
    pub period: u8,
    /// Begins.
    pub starts_at: UnixMillis,
    /// Ends.
    pub ends_at: UnixMillis,
    /// Where it stands.
    pub state: TimetableState,
    /// Why it was cancelled or missed.
    pub reason: Option<String>,
    /// The live lesson, once open.
    pub lesson_id: Option<LessonId>,
    /// Grows with every change.
    pub version: u32,
    /// Receiving classes.
    pub classes: Vec<TimetableClass>,
}

/// Whose week: exactly one of teacher, class, classroom, org.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WeekQuery {
    /// A teacher's.
    #[serde(default)]
    pub teacher_id: Option<PersonId>,
    /// A class's.
    #[serde(default)]
    pub class_id: Option<ClassId>,
    /// A classroom's.
    #[serde(default)]
    pub classroom_id: Option<ClassroomId>,
    /// A school's or the whole subtree's of a place, giving or receiving.
    #[serde(default)]
    pub org_id: Option<OrgId>,
}

/// `GET /api/terms/{id}/weeks/{week}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WeekView {
    /// The term.
    pub term: TermView,
    /// From 1.
    pub week: u8,
    /// Its Monday.
    pub monday: Day,
    /// At most 2,000, by time.
    pub lessons: Vec<TimetableLessonView>,
    /// There are more.
    pub is_cut: bool,
}

/// A lesson as somebody wants it. `POST /api/terms/{id}/lessons`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimetableLessonInput {
    /// What kind; absent: delivery.
    #[serde(default)]
    pub kind: Option<LessonKind>,
    /// Absent: grade and subject.
    #[serde(default)]
    pub title: Option<String>,
    /// Subject.
    pub subject: String,
    /// 1 to 9.
    pub grade: u8,
    /// Its pairing.
    #[serde(default)]
    pub pairing_id: Option<PairingId>,
    /// The teacher.
    pub teacher_id: PersonId,
    /// Where they teach.
    pub classroom_id: ClassroomId,
    /// Which day.
    pub day: Day,
    /// The master school's period.
    pub period: u8,
    /// Receiving classes, 0 to 16.
    pub class_ids: Vec<ClassId>,
}

/// `POST /api/timetable-lessons/{id}/changes`; each carries the lesson's `version` as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum ChangeRequest {
    /// To another day and period of the master school, in another room if named.
    Move {
        /// Which day.
        day: Day,
        /// The master school's period.
        period: u8,
        /// Absent: the same.
        #[serde(default)]
        classroom_id: Option<ClassroomId>,
        /// Why; may be empty.
        #[serde(default)]
        reason: String,
        /// As seen.
        version: u32,
    },
    /// Called off.
    Cancel {
        /// Why.
        reason: String,
        /// As seen.
        version: u32,
    },
    /// Takes place after all.
    Restore {
        /// As seen.
        version: u32,
    },
    /// Another teacher.
    Substitute {
        /// Who.
        teacher_id: PersonId,
        /// Where they teach; absent: the same room.
        #[serde(default)]
        classroom_id: Option<ClassroomId>,
        /// Why.
        #[serde(default)]
        reason: String,
        /// As seen.
        version: u32,
    },
    /// Changes times with another lesson.
    Swap {
        /// With which.
        with: TimetableLessonId,
        /// Why.
        #[serde(default)]
        reason: String,
        /// As seen.
        version: u32,
    },
}

/// `POST /api/terms/{id}/changes`: changes of several lessons that are made together or not at all, as one change of the
/// history; what a repair proposes is sent as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TogetherRequest {
    /// Each of another lesson, 1 to 200; none of them a swap.
    pub changes: Vec<LessonChange>,
    /// Why; may be empty.
    #[serde(default)]
    pub reason: String,
}

/// One lesson's part of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LessonChange {
    /// Which.
    pub lesson_id: TimetableLessonId,
    /// What.
    pub change: ChangeRequest,
}

/// Somebody who can take a lesson over as it is: they teach subject, grade and edition, and nothing is in their way.
/// `GET /api/timetable-lessons/{id}/substitutes`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SubstituteView {
    /// Who.
    pub teacher_id: PersonId,
    /// Their name.
    pub teacher_name: String,
    /// Their school.
    pub org_name: String,
    /// From where they would teach; absent: from the lesson's own room.
    pub classroom_id: Option<ClassroomId>,
    /// That room's name.
    pub classroom_name: String,
    /// Lessons they give in that week already.
    pub lessons_that_week: u32,
    /// The number a week that is agreed with them, if this lesson is more.
    pub over: Option<u8>,
}

/// Who is taken already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// The teacher.
    Teacher,
    /// A class.
    Class,
    /// A classroom.
    Classroom,
    /// A school's link carries no more lessons at once.
    Link,
}

/// Why a lesson cannot be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Conflict {
    /// Who or what.
    pub kind: ConflictKind,
    /// Their name.
    pub name: String,
    /// By which lesson.
    pub lesson_id: Option<TimetableLessonId>,
    /// Its title.
    pub title: String,
    /// Where.
    pub place: String,
    /// From.
    pub starts_at: UnixMillis,
    /// To.
    pub ends_at: UnixMillis,
}

/// `POST /api/timetable-lessons/{id}/checks` (a [`ChangeRequest`] that is only looked at): may it be there?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CheckView {
    /// Nothing: it may. At most 50.
    pub conflicts: Vec<Conflict>,
    /// What else forbids it, in the caller's language, e.g. the bell times do not overlap.
    pub reasons: Vec<String>,
}

/// What changed. `GET /api/timetable/events` sends it as event `changed`; whoever shows one of these weeks or lessons
/// reads them anew. An event `missed` has no data: some changes were not told, so everything shown is read anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimetableEvent {
    /// The term.
    pub term_id: TermId,
    /// Weeks of it, from 1.
    pub weeks: Vec<u8>,
    /// The first [`MAX_CHANGED`] of the lessons.
    pub lesson_ids: Vec<TimetableLessonId>,
}

/// What was done to a timetable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A plan was published.
    Publish,
    /// A lesson was added.
    Add,
    /// Moved.
    Move,
    /// Called off.
    Cancel,
    /// Takes place after all.
    Restore,
    /// Another teacher.
    Substitute,
    /// Two changed times.
    Swap,
    /// An earlier change was undone.
    Undo,
    /// Several lessons at once, because somebody or something is not there.
    Repair,
    /// Lessons came from a spreadsheet.
    Import,
}

/// A change, for the history. `GET /api/terms/{id}/changes`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangeView {
    /// Identity.
    pub id: ChangeId,
    /// What.
    pub kind: ChangeKind,
    /// Why.
    pub reason: String,
    /// Who.
    pub by_name: String,
    /// When.
    pub at: UnixMillis,
    /// Undone since; `POST /api/changes/{id}/undo` does it.
    pub undone_at: Option<UnixMillis>,
    /// How many lessons.
    pub lessons: u32,
    /// In one sentence, in the caller's language.
    pub words: String,
}

/// Answer of every change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangedView {
    /// The change.
    pub change: ChangeView,
    /// The lessons as they are now, the first 200.
    pub lessons: Vec<TimetableLessonView>,
}

/// `GET /api/today`: what the caller teaches, or what their school receives and gives today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TodayView {
    /// Which day it is in Shanghai.
    pub day: Day,
    /// By time.
    pub lessons: Vec<TodayLesson>,
}

/// A lesson of today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TodayLesson {
    /// The lesson.
    pub lesson: TimetableLessonView,
    /// Can the caller start it? `POST /api/timetable-lessons/{id}/start` answers with the page to open.
    pub can_start: bool,
}

/// `POST /api/timetable-lessons/{id}/start`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StartedView {
    /// The live lesson.
    pub lesson_id: LessonId,
    /// The teacher's page, secret included.
    pub teacher_url: String,
}

/// `POST /api/calendar-feeds`: an address for calendar programs (iCalendar).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalendarFeedInput {
    /// Of a teacher.
    #[serde(default)]
    pub teacher_id: Option<PersonId>,
    /// Of a classroom.
    #[serde(default)]
    pub classroom_id: Option<ClassroomId>,
}

/// The address, secret included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalendarFeedView {
    /// `…/api/calendar/SECRET.ics`
    pub url: String,
}
