//! 开齐开足: for a class, subject and week: prescribed, on site, delivered, missed. Definitions: `docs/ledger.md`.

use crate::ids::{ClassId, ClassroomId, OrgId, PairingId, PersonId, TermId};
use crate::places::OrgKind;
use crate::planning::PairingTime;
use crate::timetable::TimetableLessonView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Periods of one class and subject, or sums of them. What is prescribed and on site counts only past weeks and
/// teaching days, like the rest, unless it says planned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LedgerSum {
    /// Periods the state prescribes.
    pub prescribed: u32,
    /// Periods the class's own school taught.
    pub on_site: u32,
    /// Periods delivered: the lesson was held and the class's room was in it.
    pub delivered: u32,
    /// Lessons that were planned for it and cancelled, not held or not attended.
    pub missed: u32,
    /// Lessons planned for it, still to come.
    pub planned: u32,
}

/// Which ledger. `GET /api/terms/{id}/ledger`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    /// Below this place; absent: all the caller may see.
    #[serde(default)]
    pub org_id: Option<OrgId>,
    /// One week; absent: the term so far.
    #[serde(default)]
    pub week: Option<u8>,
}

/// A place, or class, by subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LedgerRow {
    /// The place.
    pub org_id: OrgId,
    /// Absent on sums of a place.
    pub class_id: Option<ClassId>,
    /// Name of place or class.
    pub name: String,
    /// Subject.
    pub subject: String,
    /// The periods.
    pub sum: LedgerSum,
    /// The term will end with so many periods too few, if nothing changes.
    pub forecast_short: u32,
}

/// The ledger of a place: one row a child place (or class) and subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LedgerView {
    /// The term.
    pub term_id: TermId,
    /// The place.
    pub org_id: OrgId,
    /// Its name.
    pub org_name: String,
    /// What it is: the rows of a school are its classes, those of others the places right below.
    pub org_kind: OrgKind,
    /// One week, or the term so far.
    pub week: Option<u8>,
    /// Weeks of the term that are past or have begun.
    pub weeks_so_far: u8,
    /// By name, then subject.
    pub rows: Vec<LedgerRow>,
    /// Sums by subject.
    pub totals: Vec<LedgerRow>,
}

/// Which lessons. `GET /api/terms/{id}/ledger/lessons`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LedgerLessonsQuery {
    /// Of this class.
    pub class_id: ClassId,
    /// In this subject.
    pub subject: String,
    /// One week; absent: the whole term.
    #[serde(default)]
    pub week: Option<u8>,
}

/// As what the ledger counts a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LessonCounts {
    /// Held, with the class's room in it.
    Delivered,
    /// Its time has passed without the class.
    Missed,
    /// To come.
    Planned,
    /// Called off, and its time is still to come: in no sum yet.
    Cancelled,
}

/// A lesson behind a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LedgerLesson {
    /// The lesson.
    pub lesson: TimetableLessonView,
    /// In which sum it stands.
    pub counts_as: LessonCounts,
    /// Why it was missed, in the caller's language.
    pub why: Option<String>,
}

/// For which class and subject. `GET /api/terms/{id}/ledger/remedies`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LedgerRemediesQuery {
    /// The class that will be short.
    pub class_id: ClassId,
    /// In this subject.
    pub subject: String,
}

/// What would give a class the periods it will lack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LedgerRemedies {
    /// The forecast: so many periods will be missing.
    pub short: u32,
    /// Pairings that would give some of them, those that give most first; at most 3.
    pub remedies: Vec<LedgerRemedy>,
    /// Lessons were tried until this week of the term.
    pub until_week: u8,
}

/// A pairing that would mend it, tried on the timetable as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LedgerRemedy {
    /// The agreement that the class could join; absent: a new one.
    pub pairing_id: Option<PairingId>,
    /// Who teaches.
    pub teacher_id: PersonId,
    /// Their name.
    pub teacher_name: String,
    /// Their school.
    pub org_name: String,
    /// From where.
    pub classroom_id: ClassroomId,
    /// That room's name.
    pub classroom_name: String,
    /// Classes that have these lessons already.
    pub classes: u32,
    /// Weekly times in which something was found, by weekday and the master school's period.
    pub times: Vec<PairingTime>,
    /// Periods it would give the class until the term ends, at most as many as are missing.
    pub gives: u32,
}
