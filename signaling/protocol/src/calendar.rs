//! Terms, holidays and make-up days, bell times.

use crate::day::Day;
use crate::ids::{BellScheduleId, OrgId, TermId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Weeks of a term at most.
pub const MAX_WEEKS: u8 = 30;

/// Periods of a day at most.
pub const MAX_PERIODS: u8 = 16;

/// What is unlike other days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TermDayKind {
    /// No lessons.
    Holiday,
    /// Another weekday's lessons.
    MakeUp,
}

/// A day of a term that is unlike others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TermDay {
    /// Which.
    pub day: Day,
    /// How.
    pub kind: TermDayKind,
    /// On a make-up day: whose lessons, 1 to 7.
    pub follows_weekday: Option<u8>,
    /// E.g. 国庆节.
    pub name: String,
}

/// A term.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TermView {
    /// Identity.
    pub id: TermId,
    /// Its county (or a place above).
    pub org_id: OrgId,
    /// Name.
    pub name: String,
    /// A Monday: week 1 begins.
    pub first_day: Day,
    /// 1 to 30.
    pub weeks: u8,
    /// Holidays and make-up days.
    pub days: Vec<TermDay>,
}

/// `POST /api/terms`, `PUT /api/terms/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TermInput {
    /// Its county.
    pub org_id: OrgId,
    /// Name.
    pub name: String,
    /// A Monday.
    pub first_day: Day,
    /// 1 to 30.
    pub weeks: u8,
    /// Holidays and make-up days.
    #[serde(default)]
    pub days: Vec<TermDay>,
    /// Cancel lessons on days that become days off; without it they are named and nothing is changed.
    #[serde(default)]
    pub cancel_lessons: bool,
}

/// A period of the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BellPeriod {
    /// From 1.
    pub period: u8,
    /// Minutes after midnight.
    pub starts_min: u16,
    /// Minutes after midnight.
    pub ends_min: u16,
}

/// Bell times (作息时间).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BellScheduleView {
    /// Identity.
    pub id: BellScheduleId,
    /// The place that keeps them.
    pub org_id: OrgId,
    /// Name, e.g. 夏季作息.
    pub name: String,
    /// By period; they do not overlap.
    pub periods: Vec<BellPeriod>,
}

/// `POST /api/bell-schedules`, `PUT /api/bell-schedules/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BellScheduleInput {
    /// The place that keeps them.
    pub org_id: OrgId,
    /// Name.
    pub name: String,
    /// By period.
    pub periods: Vec<BellPeriod>,
}
