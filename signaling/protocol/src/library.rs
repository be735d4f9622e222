//! Resources and jobs as pages see them.

use crate::ids::{JobId, LessonId, RecordingId, ResourceId};
use crate::trouble::JobFailure;
use crate::units::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for a recorder.
    Queued,
    /// Being worked on.
    Running,
    /// Finished.
    Done,
    /// Failed; can be retried.
    Failed,
    /// Stopped by a person; can be retried.
    Cancelled,
}

/// What a running job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobStep {
    /// Reading fragments, mending what a crash left.
    Reading,
    /// Decoding, composing and encoding.
    Composing,
    /// Writing playlists, poster and chapters.
    Finishing,
}

/// Long work, for a progress bar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobView {
    /// Identity.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// 0 to 100.
    pub percent: u8,
    /// What it is doing.
    pub step: Option<JobStep>,
    /// Seconds left, estimated.
    pub eta_s: Option<u32>,
    /// Why it failed.
    pub failure: Option<JobFailure>,
    /// How often it was tried.
    pub attempts: u32,
}

/// A place in the lesson worth jumping to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Chapter {
    /// Position in the composed video.
    pub at_ms: u64,
    /// What begins here.
    pub title: String,
}

/// What is known of a resource wherever its files stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResourceFacts {
    /// Identity.
    pub id: ResourceId,
    /// The lesson it was made of.
    pub lesson_id: LessonId,
    /// Its capture.
    pub recording_id: RecordingId,
    /// Title.
    pub title: String,
    /// When the lesson began.
    pub recorded_at: UnixMillis,
    /// Length of the composed video; absent before it is composed.
    pub duration_ms: Option<u64>,
    /// Chapters by position.
    pub chapters: Vec<Chapter>,
    /// Milliseconds of the lesson that were not captured (recorder down, disk full), if any.
    pub gap_ms: u64,
}

/// A resource, or the lesson that is becoming one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResourceView {
    /// What is known of it.
    #[serde(flatten)]
    pub facts: ResourceFacts,
    /// HLS master playlist; absent before it is composed.
    pub playlist_url: Option<String>,
    /// Poster JPEG; absent before it is composed.
    pub poster_url: Option<String>,
    /// The job that makes or made it.
    pub job: JobView,
}
