//! How much room the media folder has, and what a full or failing disk is called.

use rustix::fs::statvfs;
use std::io;
use std::path::{Path, PathBuf};
use tongtang_protocol::trouble::{RecordingAlarm, RecordingTrouble};

/// The media folder's file system.
#[derive(Debug, Clone)]
pub struct Disk {
    folder: PathBuf,
    min_free_bytes: u64,
}

/// Why nothing may be written.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// Less free space than the configuration demands.
    #[error(
        "the disk of {folder} is nearly full: {free_mb} MB are free, recorder.min_free_bytes asks for {min_mb} MB; \
         delete or move something and recording goes on by itself",
        folder = folder.display()
    )]
    NearlyFull {
        /// The media folder.
        folder: PathBuf,
        /// What is there.
        free_mb: u64,
        /// What must be.
        min_mb: u64,
    },
    /// Writing failed because the disk is full.
    #[error("the disk is full; delete or move something and recording goes on by itself")]
    Full,
    /// The disk answers with an error.
    #[error("the disk cannot be used: {0}")]
    Failing(io::Error),
}

impl DiskError {
    /// What signaling and the pages are told.
    pub fn alarm(&self) -> RecordingAlarm {
        let trouble = match self {
            Self::NearlyFull { free_mb, min_mb, .. } => {
                RecordingTrouble::DiskNearlyFull { free_mb: *free_mb, min_mb: *min_mb }
            }
            Self::Full => RecordingTrouble::DiskFull,
            Self::Failing(_) => RecordingTrouble::DiskFailing,
        };
        RecordingAlarm::new(trouble, self.to_string())
    }
}

impl From<io::Error> for DiskError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full
            }
            _ => Self::Failing(error),
        }
    }
}

impl Disk {
    /// Watches the file system that holds `folder`.
    pub fn new(folder: &Path, min_free_bytes: u64) -> Self {
        Self { folder: folder.to_owned(), min_free_bytes }
    }

    /// Bytes that an ordinary user may still write.
    pub fn free_bytes(&self) -> Result<u64, DiskError> {
        let stat = statvfs(&self.folder).map_err(|errno| DiskError::Failing(errno.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// May capturing go on?
    pub fn check(&self) -> Result<(), DiskError> {
        let free = self.free_bytes()?;
        if free < self.min_free_bytes {
            return Err(DiskError::NearlyFull {
                folder: self.folder.clone(),
                free_mb: free >> 20,
                min_mb: self.min_free_bytes.div_ceil(1 << 20),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_below_its_minimum_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Disk::new(folder.path(), 1).check().is_ok());
        let RecordingAlarm { trouble, text } =
            Disk::new(folder.path(), u64::MAX).check().unwrap_err().alarm();
        assert!(text.contains("nearly full") && text.contains("goes on by itself"), "{text}");
        let RecordingTrouble::DiskNearlyFull { free_mb, min_mb } = trouble else { panic!("{trouble:?}") };
        assert!(free_mb < min_mb, "{free_mb} {min_mb}");
    }
}
