//! Pairings and a planner's drafts. The plan itself is the planner's format: `docs/planner.md`.

use crate::ids::{ClassId, ClassroomId, OrgId, PairingId, PersonId, PlanId, TermId};
use crate::timetable::{LessonKind, TimetableLessonInput};
use crate::units::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A pairing that is in force. `GET /api/terms/{id}/pairings`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PairingView {
    /// Identity.
    pub id: PairingId,
    /// Its term.
    pub term_id: TermId,
    /// Subject.
    pub subject: String,
    /// 1 to 9.
    pub grade: u8,
    /// Textbook edition; empty: any.
    pub edition: String,
    /// Who teaches.
    pub teacher_id: PersonId,
    /// Their name.
    pub teacher_name: String,
    /// Their school.
    pub org_id: OrgId,
    /// Its name.
    pub org_name: String,
    /// From where.
    pub classroom_id: ClassroomId,
    /// That room's name.
    pub classroom_name: String,
    /// When its lessons are, in the next week that has any: by weekday and the master school's period.
    pub times: Vec<PairingTime>,
    /// Of its lessons, so many took place.
    pub held: u32,
    /// So many are over and did not.
    pub missed: u32,
    /// So many are to come.
    pub planned: u32,
    /// The classes.
    pub classes: Vec<PairedClass>,
}

/// A lesson of a pairing's week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct PairingTime {
    /// 1 to 7.
    pub weekday: u8,
    /// The master school's period.
    pub period: u8,
}

/// A class of a pairing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PairedClass {
    /// The class.
    pub class_id: ClassId,
    /// Its name.
    pub class_name: String,
    /// Its school.
    pub org_id: OrgId,
    /// The school's name.
    pub org_name: String,
    /// Lessons of the pairing that the class had: held, with its room in them.
    pub delivered: u32,
    /// Lessons that are over and that it did not have.
    pub missed: u32,
    /// Lessons to come.
    pub planned: u32,
}

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// The planner works.
    Running,
    /// To be looked at.
    Draft,
    /// It is the timetable now.
    Published,
    /// It could not be made.
    Failed,
    /// Thrown away.
    Discarded,
}

/// `POST /api/terms/{id}/plans`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanRequest {
    /// Same input and seed give the same plan; absent: 1.
    #[serde(default)]
    pub seed: Option<u32>,
    /// Seconds at most, 5 to 3600; absent: 120. What is best then becomes the draft.
    #[serde(default)]
    pub time_limit_s: Option<u32>,
    /// From this week on; absent: the next that has not begun.
    #[serde(default)]
    pub from_week: Option<u8>,
}

/// How far the planner is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanProgress {
    /// What it does, in the caller's language.
    pub words: String,
    /// 0 to 100.
    pub percent: u8,
    /// Periods a week in the best plan so far.
    pub served: Option<u32>,
    /// No plan has more, as far as is proven.
    pub bound: Option<u32>,
}

/// A plan in a list, and its progress. `GET /api/plans/{id}`, and as `GET /api/plans/{id}/events`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanView {
    /// Identity.
    pub id: PlanId,
    /// Its term.
    pub term_id: TermId,
    /// Where it stands.
    pub state: PlanState,
    /// While it runs.
    pub progress: Option<PlanProgress>,
    /// Periods demanded a week.
    pub demanded: u32,
    /// Of those, served.
    pub served: Option<u32>,
    /// Share by which a better plan could exceed it at most, 0 to 1.
    pub gap: Option<f64>,
    /// Seconds it took.
    pub seconds: Option<f64>,
    /// Lessons a week.
    pub lessons: Option<u32>,
    /// Was it stopped before its work was done? Then another run may find a better one.
    pub stopped_early: Option<bool>,
    /// It would be the timetable from this week on.
    pub from_week: u8,
    /// Same input and seed: same plan.
    pub seed: u32,
    /// Seconds at most.
    pub time_limit_s: u32,
    /// Why it failed, in the caller's language.
    pub error: Option<String>,
    /// Who asked for it.
    pub by_name: String,
    /// When.
    pub created_at: UnixMillis,
}

/// A lesson of the draft's week.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DraftLesson {
    /// As it would be published, on the first week's days.
    pub lesson: TimetableLessonInput,
    /// What kind.
    pub kind: LessonKind,
    /// Who teaches.
    pub teacher_name: String,
    /// Their school.
    pub org_name: String,
    /// 1 to 7.
    pub weekday: u8,
    /// Names of the classes with their schools.
    pub class_names: Vec<String>,
    /// Is it already so on the timetable?
    pub is_kept: bool,
}

/// A class and subject that the draft does not serve in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Unserved {
    /// The class.
    pub class_id: ClassId,
    /// Its name.
    pub class_name: String,
    /// Its school.
    pub org_name: String,
    /// Subject.
    pub subject: String,
    /// Periods a week that are missing.
    pub missing: u32,
    /// Why, in the caller's language.
    pub reasons: Vec<String>,
    /// What would serve it, smallest first, in the caller's language.
    pub remedies: Vec<String>,
}

/// What publishing changes for somebody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DraftChange {
    /// Teacher, class or school.
    pub name: String,
    /// In words, in the caller's language.
    pub words: String,
}

/// `GET /api/plans/{id}/draft`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DraftView {
    /// The plan.
    pub plan: PlanView,
    /// From this week on.
    pub from_week: u8,
    /// Its week.
    pub lessons: Vec<DraftLesson>,
    /// What it does not serve.
    pub unserved: Vec<Unserved>,
    /// What changes for whom, at most 500.
    pub changes: Vec<DraftChange>,
}

/// `POST /api/terms/{id}/repairs`: somebody or something (one of both) is not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RepairRequest {
    /// A teacher.
    #[serde(default)]
    pub teacher_id: Option<PersonId>,
    /// A classroom.
    #[serde(default)]
    pub classroom_id: Option<ClassroomId>,
    /// From.
    pub from: crate::day::Day,
    /// To, included; at most 14 days after `from`.
    pub to: crate::day::Day,
    /// Only these periods of the master school, 1 to 16; none: whole days.
    #[serde(default)]
    pub periods: Vec<u8>,
    /// Why, as the changes will say it; may be empty.
    #[serde(default)]
    pub reason: String,
}

/// A way out: each is a list of changes to send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RepairProposal {
    /// In words, in the caller's language.
    pub words: String,
    /// Lessons that go on.
    pub kept: u32,
    /// Lessons that are lost.
    pub lost: u32,
    /// What to do with which lesson.
    pub changes: Vec<ProposedChange>,
    /// Whom it concerns, and what changes for them: who steps in first, then the classes.
    pub concerned: Vec<DraftChange>,
}

/// One step of a proposal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProposedChange {
    /// The lesson.
    pub lesson_id: crate::ids::TimetableLessonId,
    /// What to do with it.
    pub change: crate::timetable::ChangeRequest,
    /// In words.
    pub words: String,
}
