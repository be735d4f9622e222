//! Resources of the library, each with the newest job that makes or made it.

use super::job::{Job, JobRow};
use super::lesson::Draft;
use super::sight::Sight;
use super::{Slice, Store, StoreError, count, from_json, json_list, parse, parse_opt, signed, word};
use crate::auth::policy::Lessons;
use crate::lesson::machine::{Lesson, Step};
use sqlx::AnyConnection;
use std::collections::HashMap;
use tongtang_protocol::control::ComposeOutput;
use tongtang_protocol::ids::{JobId, NodeId, RecordingId, ResourceId};
use tongtang_protocol::library::{JobState, ResourceFacts};
use tongtang_protocol::units::UnixMillis;

/// A resource as it is stored: paths instead of signed addresses.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// What is known of it.
    pub facts: ResourceFacts,
    /// Master playlist, relative to the media folder.
    pub playlist: Option<String>,
    /// Poster, relative to the media folder.
    pub poster: Option<String>,
    /// The newest attempt.
    pub job: Job,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    lesson_id: String,
    recording_id: String,
    title: String,
    recorded_at: i64,
    duration_ms: Option<i64>,
    playlist: Option<String>,
    poster: Option<String>,
    chapters: String,
    gap_ms: i64,
}

impl Row {
    fn with(self, job: Job) -> Result<Resource, StoreError> {
        let facts = ResourceFacts {
            id: parse("resource", "id", self.id)?,
            lesson_id: parse("resource", "lesson_id", self.lesson_id)?,
            recording_id: parse("resource", "recording_id", self.recording_id)?,
            title: self.title,
            recorded_at: UnixMillis(self.recorded_at),
            duration_ms: self.duration_ms.map(count),
            chapters: from_json("resource", "chapters", &self.chapters)?,
            gap_ms: count(self.gap_ms),
        };
        Ok(Resource { facts, playlist: self.playlist, poster: self.poster, job })
    }
}

impl Store {
    /// What became of these lessons, the newest first; two statements, however many there are.
    pub async fn resources(
        &self,
        of: &Lessons,
        slice: &Slice,
        now: UnixMillis,
    ) -> Result<Vec<Resource>, StoreError> {
        // One snapshot: a job is not seen done before its output.
        let mut tx = self.read().await?;
        let sight = Sight::of(of, now);
        let sql = format!(
            "SELECT * FROM resource WHERE
                 ($1 IS NULL OR (recorded_at, id) < (SELECT recorded_at, id FROM resource WHERE id = $1))
                 AND instr(lower(title), lower($2)) > 0
                 AND EXISTS (SELECT 1 FROM lesson WHERE lesson.id = resource.lesson_id AND {})
             ORDER BY recorded_at DESC, id DESC LIMIT $3",
            Sight::condition(4)
        );
        let rows = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(sql))
            .bind(&slice.after)
            .bind(&slice.search)
            .bind(i64::from(slice.limit))
            .bind(sight.all)
            .bind(&sight.only)
            .bind(&sight.at)
            .bind(&sight.taught_by)
            .bind(&sight.received_at)
            .bind(&sight.today)
            .fetch_all(&mut *tx)
            .await?;
        let jobs = sqlx::query_as::<_, JobRow>(
            "SELECT * FROM job WHERE resource_id IN (SELECT value FROM json_each($1)) ORDER BY attempt",
        )
        .bind(json_list(rows.iter().map(|row| row.id.as_str())))
        .fetch_all(&mut *tx)
        .await?;
        let mut newest: HashMap<ResourceId, Job> = HashMap::new();
        for job in jobs {
            let job = Job::try_from(job)?;
            newest.insert(job.resource_id.clone(), job);
        }
        rows.into_iter()
            .map(|row| {
                let id = parse("resource", "id", row.id.clone())?;
                let job = newest.remove(&id).ok_or(sqlx::Error::RowNotFound)?;
                row.with(job)
            })
            .collect()
    }

    /// One resource.
    pub async fn resource(&self, id: &ResourceId) -> Result<Option<Resource>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query_as::<_, Row>("SELECT * FROM resource WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        match row {
            Some(row) => {
                let job = newest_job(&mut tx, &row.id).await?;
                Ok(Some(row.with(job)?))
            }
            None => Ok(None),
        }
    }

    /// The job is done: its output becomes the resource's, its lesson is published.
    pub async fn publish(&self, step: &Step, job: &JobId, output: &ComposeOutput) -> Result<(), StoreError> {
        self.write(|tx| { Box::pin(async move {
            super::lesson::write_lesson(tx, &step.lesson).await?;
            sqlx::query(
                "UPDATE resource SET duration_ms = $1, playlist = $2, poster = $3, chapters = $4, gap_ms = $5
                 WHERE id = (SELECT resource_id FROM job WHERE id = $6)",
            )
            .bind(signed(output.duration_ms))
            .bind(&output.playlist)
            .bind(&output.poster)
            .bind(serde_json::to_string(&output.chapters).unwrap_or_default())
            .bind(signed(output.gap_ms))
            .bind(job.as_str())
            .execute(&mut **tx)
            .await?;
            sqlx::query("UPDATE job SET state = $1, percent = 100, eta_s = NULL, error = NULL, trouble = NULL WHERE id = $2")
                .bind(word(&JobState::Done))
                .bind(job.as_str())
                .execute(&mut **tx)
                .await?;
            Ok(())
        }) })
        .await
    }

    /// Another attempt: the lesson is processing again.
    pub async fn retry(
        &self,
        step: &Step,
        resource: &Resource,
        job: &JobId,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                super::lesson::write_lesson(tx, &step.lesson).await?;
                let Resource { facts, job: last, .. } = resource;
                super::job::insert(tx, job, &facts.id, &facts.recording_id, last.attempt + 1, now).await?;
                Ok(())
            })
        })
        .await
    }

    /// The resource is gone, and with it what its lesson recorded; its files are to be removed.
    pub async fn delete_resource(
        &self,
        step: &Step,
        resource: &Resource,
        recorder: Option<&NodeId>,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO removal (recording_id, job_id, recorder, asked_at) VALUES ($1, $2, $3, $4)",
                )
                .bind(resource.facts.recording_id.as_str())
                .bind(resource.job.id.as_str())
                .bind(recorder.map(NodeId::as_str))
                .bind(now.0)
                .execute(&mut **tx)
                .await?;
                sqlx::query("DELETE FROM resource WHERE id = $1")
                    .bind(resource.facts.id.as_str())
                    .execute(&mut **tx)
                    .await?;
                sqlx::query("DELETE FROM lesson_event WHERE recording_id = $1")
                    .bind(resource.facts.recording_id.as_str())
                    .execute(&mut **tx)
                    .await?;
                super::lesson::write_lesson(tx, &step.lesson).await?;
                Ok(())
            })
        })
        .await
    }
}

/// A recording of a deleted resource.
#[derive(Debug, Clone)]
pub struct Removal {
    /// Whose files.
    pub recording_id: RecordingId,
    /// Its last job.
    pub job_id: JobId,
    /// Who has it.
    pub recorder: Option<NodeId>,
}

impl Store {
    /// What is still to be removed, the oldest first.
    pub async fn removals(&self) -> Result<Vec<Removal>, StoreError> {
        let rows: Vec<(String, String, Option<String>)> =
            sqlx::query_as("SELECT recording_id, job_id, recorder FROM removal ORDER BY asked_at")
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter()
            .map(|(recording, job, recorder)| {
                Ok(Removal {
                    recording_id: parse("removal", "recording_id", recording)?,
                    job_id: parse("removal", "job_id", job)?,
                    recorder: parse_opt("removal", "recorder", recorder)?,
                })
            })
            .collect()
    }

    /// It is removed.
    pub async fn removed(&self, recording: &RecordingId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM removal WHERE recording_id = $1")
            .bind(recording.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

async fn newest_job(connection: &mut AnyConnection, resource: &str) -> Result<Job, StoreError> {
    sqlx::query_as::<_, JobRow>("SELECT * FROM job WHERE resource_id = $1 ORDER BY attempt DESC LIMIT 1")
        .bind(resource)
        .fetch_one(connection)
        .await?
        .try_into()
}

/// The draft resource of a lesson that ended, and its first job.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    lesson: &Lesson,
    draft: &Draft,
) -> Result<(), StoreError> {
    let now = lesson.ended_at.unwrap_or(lesson.created_at);
    sqlx::query(
        "INSERT INTO resource (id, lesson_id, recording_id, title, recorded_at, chapters, gap_ms, created_at)
         VALUES ($1, $2, $3, $4, $5, '[]', 0, $6)",
    )
    .bind(draft.resource_id.as_str())
    .bind(lesson.id.as_str())
    .bind(draft.recording_id.as_str())
    .bind(&lesson.title)
    .bind(lesson.started_at.unwrap_or(lesson.created_at).0)
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    super::job::insert(connection, &draft.job_id, &draft.resource_id, &draft.recording_id, 1, now).await
}
