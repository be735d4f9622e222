//! RFC 9457 problem details: the one error shape of every HTTP answer and refused request.

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
}

impl Problem {
    /// A problem without detail.
    pub fn new(status: u16, kind: impl Into<String>, title: impl Into<String>) -> Self {
        Self { kind: kind.into(), title: title.into(), status, detail: None }
    }

    /// The same with what it means and what to do next.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}
