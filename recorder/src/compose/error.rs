//! Why composing failed, in words that help whoever reads them in the library.

use super::plan::PlanError;
use crate::recording::RecordingError;
use std::io;
use std::path::{Path, PathBuf};
use tongtang_protocol::trouble::{JobFailure, JobTrouble};

/// Why composing failed.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The recording's files cannot be read.
    #[error("the recording cannot be read: {0}")]
    Recording(#[from] RecordingError),
    /// There is nothing that could be kept.
    #[error("{0}")]
    Plan(#[from] PlanError),
    /// The lesson was live, but no picture and no sound reached the recorder.
    #[error("neither picture nor sound was captured during the lesson, so there is nothing to compose")]
    NothingCaptured,
    /// The disk is full.
    #[error("the disk is full: free some space, then retry")]
    DiskFull,
    /// What is left of the disk is for recordings.
    #[error(
        "the disk is nearly full: {free_mb} MB are free, of which {leave_mb} MB are left to the recordings; free some \
         space, then retry"
    )]
    NearlyFull {
        /// What is there.
        free_mb: u64,
        /// What composing leaves alone.
        leave_mb: u64,
    },
    /// A decoder, encoder or muxer.
    #[error("{what} failed: {source}")]
    Media {
        /// Doing what.
        what: &'static str,
        /// FFmpeg's reason.
        source: ffmpeg_next::Error,
    },
    /// Measuring loudness.
    #[error("measuring the loudness failed: {0}")]
    Loudness(#[from] ebur128::Error),
    /// A muxer lost data without saying so.
    #[error("{path} is shorter than what was written into it; is the disk failing?")]
    Short {
        /// Which folder.
        path: PathBuf,
    },
    /// A file.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ComposeError {
    /// What signaling and the library are told.
    pub fn failure(&self) -> JobFailure {
        let trouble = match self {
            Self::Plan(PlanError::NeverLive) | Self::NothingCaptured => JobTrouble::NothingCaptured,
            Self::Recording(_) => JobTrouble::Unreadable,
            Self::DiskFull | Self::NearlyFull { .. } => JobTrouble::DiskFull,
            Self::Media { .. } | Self::Loudness(_) => JobTrouble::MediaFailed,
            Self::Short { .. } | Self::Io { .. } => JobTrouble::DiskFailing,
        };
        JobFailure::new(trouble, self.to_string())
    }

    /// An I/O error with its file; a full disk gets its own name.
    pub fn io(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io { path: path.to_owned(), source },
        }
    }

    /// An FFmpeg error with what was being done; a full disk gets its own name.
    pub fn media(what: &'static str) -> impl Fn(ffmpeg_next::Error) -> Self {
        move |source| match source {
            ffmpeg_next::Error::Other { errno: libc::ENOSPC | libc::EDQUOT } => Self::DiskFull,
            source => Self::Media { what, source },
        }
    }
}
