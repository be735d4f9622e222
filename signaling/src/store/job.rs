//! Jobs: composing recordings. One row an attempt, with a lease of the node that works on it.

use super::{Store, StoreError, count, from_json, parse, parse_opt, signed, word};
use crate::lesson::machine::Step;
use sqlx::AnyConnection;
use tongtang_protocol::ids::{JobId, NodeId, RecordingId, ResourceId};
use tongtang_protocol::library::{JobState, JobStep};
use tongtang_protocol::trouble::{JobFailure, JobTrouble};
use tongtang_protocol::units::UnixMillis;

/// An attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Identity.
    pub id: JobId,
    /// What it makes.
    pub resource_id: ResourceId,
    /// Of what.
    pub recording_id: RecordingId,
    /// From 1.
    pub attempt: u32,
    /// Where it stands.
    pub state: JobState,
    /// 0 to 100.
    pub percent: u8,
    /// What it is doing.
    pub step: Option<JobStep>,
    /// Seconds left.
    pub eta_s: Option<u32>,
    /// Why it failed.
    pub failure: Option<JobFailure>,
    /// Which node has it.
    pub lease_node: Option<NodeId>,
    /// Until when that node need not say so again.
    pub lease_until: Option<UnixMillis>,
}

#[derive(sqlx::FromRow)]
pub(super) struct JobRow {
    id: String,
    resource_id: String,
    recording_id: String,
    attempt: i64,
    state: String,
    percent: i64,
    step: Option<String>,
    eta_s: Option<i64>,
    error: Option<String>,
    trouble: Option<String>,
    lease_node: Option<String>,
    lease_until: Option<i64>,
}

impl TryFrom<JobRow> for Job {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse("job", "id", row.id)?,
            resource_id: parse("job", "resource_id", row.resource_id)?,
            recording_id: parse("job", "recording_id", row.recording_id)?,
            attempt: u32::try_from(row.attempt).unwrap_or(u32::MAX),
            state: parse("job", "state", row.state)?,
            percent: u8::try_from(row.percent.clamp(0, 100)).unwrap_or(0),
            step: parse_opt("job", "step", row.step)?,
            eta_s: row.eta_s.map(|eta| u32::try_from(count(eta)).unwrap_or(u32::MAX)),
            failure: failure_of(row.error, row.trouble.as_deref())?,
            lease_node: parse_opt("job", "lease_node", row.lease_node)?,
            lease_until: row.lease_until.map(UnixMillis),
        })
    }
}

/// How a job ends without an output.
#[derive(Debug, Clone, PartialEq)]
pub enum Stopped {
    /// It failed.
    Failed(JobFailure),
    /// A person stopped it.
    Cancelled,
}

/// Rows of the first days have the sentence alone.
fn failure_of(text: Option<String>, trouble: Option<&str>) -> Result<Option<JobFailure>, StoreError> {
    let Some(text) = text else { return Ok(None) };
    let trouble = match trouble {
        Some(trouble) => from_json("job", "trouble", trouble)?,
        None => JobTrouble::Other,
    };
    Ok(Some(JobFailure { trouble, text }))
}

impl Store {
    /// Jobs somebody should be working on, the oldest first.
    pub async fn open_jobs(&self) -> Result<Vec<Job>, StoreError> {
        let rows =
            sqlx::query_as::<_, JobRow>("SELECT * FROM job WHERE state IN ($1, $2) ORDER BY created_at, id")
                .bind(word(&JobState::Queued))
                .bind(word(&JobState::Running))
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter().map(Job::try_from).collect()
    }

    /// One job.
    pub async fn job(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        sqlx::query_as::<_, JobRow>("SELECT * FROM job WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .map(Job::try_from)
            .transpose()
    }

    /// A node took the job, or says again that it has it; false: the job is over.
    pub async fn lease_job(&self, id: &JobId, node: &NodeId, until: UnixMillis) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE job SET lease_node = $1, lease_until = $2 WHERE id = $3 AND state IN ($4, $5)",
        )
        .bind(node.as_str())
        .bind(until.0)
        .bind(id.as_str())
        .bind(word(&JobState::Queued))
        .bind(word(&JobState::Running))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// How far a job is; false: the job is over, or nothing changed.
    pub async fn progress_job(
        &self,
        id: &JobId,
        state: JobState,
        percent: u8,
        step: Option<JobStep>,
        eta_s: Option<u32>,
    ) -> Result<bool, StoreError> {
        let step = step.map(|step| word(&step));
        let done = sqlx::query(
            "UPDATE job SET state = $1, percent = $2, step = $3, eta_s = $4
             WHERE id = $5 AND state IN ($6, $7)
             AND (state, percent, step, eta_s) IS DISTINCT FROM ($1, $2, $3, $4)",
        )
        .bind(word(&state))
        .bind(i64::from(percent))
        .bind(step)
        .bind(eta_s.map(i64::from))
        .bind(id.as_str())
        .bind(word(&JobState::Queued))
        .bind(word(&JobState::Running))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// The job failed or was stopped: so its lesson has failed, until somebody retries.
    pub async fn stop_job(&self, step: &Step, id: &JobId, how: &Stopped) -> Result<(), StoreError> {
        let (state, failure) = match how {
            Stopped::Failed(failure) => (JobState::Failed, Some(failure)),
            Stopped::Cancelled => (JobState::Cancelled, None),
        };
        let trouble = failure.map(|failure| serde_json::to_string(&failure.trouble).unwrap_or_default());
        let trouble = trouble.as_deref();
        self.write(|tx| {
            Box::pin(async move {
                super::lesson::write_lesson(tx, &step.lesson).await?;
                sqlx::query(
                    "UPDATE job SET state = $1, error = $2, trouble = $3, eta_s = NULL WHERE id = $4",
                )
                .bind(word(&state))
                .bind(failure.map(|failure| failure.text.as_str()))
                .bind(trouble)
                .bind(id.as_str())
                .execute(&mut **tx)
                .await?;
                Ok(())
            })
        })
        .await
    }
}

pub(super) async fn insert(
    connection: &mut AnyConnection,
    id: &JobId,
    resource: &ResourceId,
    recording: &RecordingId,
    attempt: u32,
    now: UnixMillis,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO job (id, resource_id, recording_id, attempt, state, percent, created_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6)",
    )
    .bind(id.as_str())
    .bind(resource.as_str())
    .bind(recording.as_str())
    .bind(signed(u64::from(attempt)))
    .bind(word(&JobState::Queued))
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}
