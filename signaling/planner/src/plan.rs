//! The plan: what leaves the planner, as docs/planner.md describes it.

use crate::instance::Weeks;
use serde::{Deserialize, Serialize};

/// Pairings, weekly lessons, how good they are, and what is missing and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`crate::instance::VERSION`].
    pub version: u32,
    /// The seed it was made with.
    pub seed: u64,
    /// How long it took; 0 if nobody measured.
    pub seconds: f64,
    /// Was the search ended (time limit, cancelled) before its work was done? Then another run may give another plan.
    pub stopped_early: bool,
    /// Values, bounds, gaps.
    pub objectives: Objectives,
    /// Who teaches whom.
    pub pairings: Vec<Pairing>,
    /// When.
    pub lessons: Vec<Lesson>,
    /// Demands that are not served in full.
    pub unserved: Vec<Unserved>,
}

/// The objectives in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objectives {
    /// Prescribed periods a week that nobody delivers.
    pub uncovered_periods: Objective,
    /// The worst-served school's delivered share of its reachable periods, 0 to 1.
    pub worst_school_share: Objective,
    /// Existing agreements and published receptions that would no longer be so.
    pub changes: Objective,
    /// Weight of lessons at periods where their teachers would rather not.
    pub wishes: Objective,
    /// Prescribed periods a week in all.
    pub prescribed_periods: f64,
    /// The school of the least share, if any school can be served.
    pub worst_school: Option<String>,
}

/// One objective.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// What the plan has.
    pub value: f64,
    /// No plan has better, the objectives before it as they are here.
    pub bound: f64,
    /// |value − bound| / max(1, |value|) for uncovered periods, changes and wishes; bound − value for shares.
    pub gap: f64,
    /// What the bound is proved by.
    pub proof: Proof,
}

/// What a bound is proved by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The value cannot be better by its meaning, or what is statically impossible is counted.
    Counting,
    /// Dual values of the linear relaxation.
    LinearRelaxation,
    /// Prices at which no whole group is worth more than it costs.
    ColumnGeneration,
    /// The bound of branch and cut.
    BranchAndCut,
}

/// A master classroom's teacher and the classes taught from there, for the term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairing {
    /// Unique in the plan.
    pub id: String,
    /// The master teacher.
    pub teacher: String,
    /// The master room that most of its lessons use.
    pub room: String,
    /// The subject.
    pub subject: String,
    /// The grade.
    pub grade: u8,
    /// The textbook edition.
    pub edition: String,
    /// In which weeks.
    pub weeks: Weeks,
    /// The receiving classes.
    pub classes: Vec<String>,
}

/// A weekly lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// Its pairing.
    pub pairing: String,
    /// The master teacher.
    pub teacher: String,
    /// The master room.
    pub room: String,
    /// 1 Monday to 7 Sunday.
    pub weekday: u8,
    /// The period at the master school.
    pub period: u8,
    /// First minute, after midnight.
    pub start_minute: u16,
    /// The minute at which it is over.
    pub end_minute: u16,
    /// In which weeks.
    pub weeks: Weeks,
    /// Who receives.
    pub receiving: Vec<Receiving>,
}

/// A receiving class of a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiving {
    /// The class.
    pub class: String,
    /// The period at its own school.
    pub period: u8,
    /// The receiving room.
    pub room: String,
}

/// A demand that is not served in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unserved {
    /// The class.
    pub class: String,
    /// The subject.
    pub subject: String,
    /// Periods a week to be delivered.
    pub periods: u8,
    /// Of these in the plan.
    pub delivered: u8,
    /// What stands in the way, the most binding first.
    pub reasons: Vec<Reason>,
    /// Changes each of which would serve it better, the smallest first, at most three. Each was tried on this plan.
    pub relaxations: Vec<Relaxation>,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For programs.
    pub code: String,
    /// Names and numbers of the sentence.
    pub data: serde_json::Value,
    /// For people, Chinese.
    pub zh: String,
    /// For people, English.
    pub en: String,
}

/// What would help.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relaxation {
    /// For programs.
    pub code: String,
    /// Names and numbers of the sentence.
    pub data: serde_json::Value,
    /// How much is asked; smaller is less.
    pub size: u32,
    /// Periods a week that the demand gains.
    pub gains: u8,
    /// For people, Chinese.
    pub zh: String,
    /// For people, English.
    pub en: String,
}
