//! One file a job: `MEDIA/jobs/ID.json`, replaced whole.

use crate::clock::now_unix_us;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tongtang_protocol::control::{ComposeState, ComposeStatus};
use tongtang_protocol::ids::{JobId, RecordingId};

/// Folder of the job files.
const FOLDER: &str = "jobs";

/// A job as it is written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The job.
    pub job_id: JobId,
    /// What it composes.
    pub recording_id: RecordingId,
    /// How often it was started since it was submitted or retried.
    pub attempts: u32,
    /// When it ended, if it has.
    #[serde(default)]
    pub ended_unix_us: Option<u64>,
    /// How it stands.
    #[serde(flatten)]
    pub state: ComposeState,
}

impl Job {
    /// As signaling hears it.
    pub fn status(&self) -> ComposeStatus {
        ComposeStatus {
            job_id: self.job_id.clone(),
            recording_id: self.recording_id.clone(),
            state: self.state.clone(),
        }
    }

    /// It stands otherwise from now on.
    pub fn turn(&mut self, state: ComposeState) {
        self.state = state;
        self.ended_unix_us = (!self.is_active()).then(now_unix_us);
    }

    /// Does it wait or run?
    pub fn is_active(&self) -> bool {
        matches!(self.state, ComposeState::Queued | ComposeState::Running { .. })
    }
}

/// The folder of job files.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Makes the folder if it is not there.
    pub fn open(media_dir: &Path) -> io::Result<Self> {
        let folder = media_dir.join(FOLDER);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// All jobs. A file that is none, or cannot be read, is skipped and said so: its job is submitted again.
    pub fn read_all(&self) -> io::Result<Vec<Job>> {
        let mut jobs = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match fs::read(&path).and_then(|text| Ok(serde_json::from_slice::<Job>(&text)?)) {
                Ok(job) => jobs.push(job),
                Err(error) => {
                    tracing::warn!(file = %path.display(), %error, "no readable job, skipped");
                }
            }
        }
        Ok(jobs)
    }

    /// Replaces a job's file; it is on disk when this returns.
    pub fn write(&self, job: &Job) -> io::Result<()> {
        let path = self.folder.join(format!("{}.json", job.job_id));
        let aside = self.folder.join(format!("{}.json.new", job.job_id));
        let mut file = File::create(&aside)?;
        file.write_all(&serde_json::to_vec(job)?)?;
        file.sync_all()?;
        fs::rename(&aside, &path)?;
        File::open(&self.folder)?.sync_all()
    }

    /// Removes a job's file. After a power cut it may be there again, and is removed again.
    pub fn remove(&self, id: &JobId) -> io::Result<()> {
        fs::remove_file(self.folder.join(format!("{id}.json")))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tongtang_protocol::trouble::{JobFailure, JobTrouble};

    #[test]
    fn a_job_reads_back_and_a_damaged_file_harms_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let job = Job {
            job_id: JobId::new("job-1").unwrap(),
            recording_id: RecordingId::new("rec-1").unwrap(),
            attempts: 2,
            ended_unix_us: Some(1),
            state: ComposeState::Failed { failure: JobFailure::new(JobTrouble::DiskFull, "no") },
        };
        store.write(&job).unwrap();
        fs::write(folder.path().join("jobs/job-2.json"), b"{\"job_id\":").unwrap();
        fs::write(folder.path().join("jobs/job-3.json.new"), b"{}").unwrap();
        assert_eq!(store.read_all().unwrap(), [job.clone()]);
        store.remove(&job.job_id).unwrap();
        assert_eq!(store.read_all().unwrap(), []);
    }
}
