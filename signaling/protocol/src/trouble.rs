//! What goes wrong with recordings and jobs: a stable code with what its sentence needs, so that each page says it
//! in its own language, and beside it the English sentence for logs, the command line and whoever looks closer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a recording waits or has stopped. The lesson goes on in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum RecordingTrouble {
    /// Less is free than the recorder's configuration demands: stopped until there is room.
    DiskNearlyFull {
        /// What is free.
        free_mb: u64,
        /// What must be.
        min_mb: u64,
    },
    /// The disk took no more: stopped until there is room.
    DiskFull,
    /// The disk answers with errors: stopped, tried again.
    DiskFailing,
    /// The recorder gets nothing from the sfu; it connects again and again.
    MediaServerAway,
    /// No recorder is up.
    RecorderAway,
    /// The recorder captures as many lessons as it may.
    RecorderBusy,
}

/// A recording's trouble, with the sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordingAlarm {
    /// What it is.
    #[serde(flatten)]
    pub trouble: RecordingTrouble,
    /// The same in English, with what only a log needs.
    pub text: String,
}

impl RecordingAlarm {
    /// An alarm.
    pub fn new(trouble: RecordingTrouble, text: impl Into<String>) -> Self {
        Self { trouble, text: text.into() }
    }
}

/// Why a job failed. It can be retried in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum JobTrouble {
    /// No picture and no sound reached the recorder.
    NothingCaptured,
    /// The captured files cannot be read.
    Unreadable,
    /// The disk took no more.
    DiskFull,
    /// The disk answers with errors, or loses what is written.
    DiskFailing,
    /// A decoder, encoder or muxer failed.
    MediaFailed,
    /// The recorder ended under it each time.
    Interrupted {
        /// How often it was started.
        times: u32,
    },
    /// Killed: by a person, or because the machine ran out of memory.
    Killed,
    /// It used up its processor time.
    TookTooLong,
    /// The composing program crashed.
    Crashed,
    /// None of these.
    Other,
}

/// A job's trouble, with the sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobFailure {
    /// What it is.
    #[serde(flatten)]
    pub trouble: JobTrouble,
    /// The same in English, with what only a log needs.
    pub text: String,
}

impl JobFailure {
    /// A failure.
    pub fn new(trouble: JobTrouble, text: impl Into<String>) -> Self {
        Self { trouble, text: text.into() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_code_stands_beside_what_its_sentence_needs() {
        let trouble = RecordingTrouble::DiskNearlyFull { free_mb: 80, min_mb: 1024 };
        let alarm = RecordingAlarm::new(trouble, "the disk is nearly full");
        let json = serde_json::to_value(&alarm).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "code": "disk_nearly_full", "free_mb": 80, "min_mb": 1024, "text": "the disk is nearly full",
            })
        );
        assert_eq!(serde_json::from_value::<RecordingAlarm>(json).unwrap(), alarm);
    }
}
