//! RFC 9457 problem details: the one error shape of every HTTP answer and refused request.

use crate::timetable::Conflict;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Media type of a problem (RFC 9457 §3).
pub const CONTENT_TYPE: &str = "application/problem+json";

/// What went wrong, what it means and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A stable word for programs, e.g. `lesson_full`. Stands where RFC 9457 has a URI reference.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, short, in the caller's language.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What it means and what to do next.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// Who or what is taken already, if a timetable's lesson was refused for it; at most 50.
    #[serde(skip_serializing_if = "<[_]>::is_empty", default)]
    #[schema(value_type = Vec<Conflict>)]
    pub conflicts: Box<[Conflict]>,
}

impl Problem {
    /// A problem without detail.
    pub fn new(status: u16, kind: impl Into<String>, title: impl Into<String>) -> Self {
        Self { kind: kind.into(), title: title.into(), status, detail: None, conflicts: Box::default() }
    }

    /// The same with what it means and what to do next.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}
