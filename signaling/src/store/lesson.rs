//! Lessons with their seats and the events of their recordings. A lesson is written whole, in one
//! transaction: it has at most some fifty seats.

use super::sight::Sight;
use super::{Slice, Store, StoreError, count, flag, from_json, json_list, parse, parse_opt, signed, word};
use crate::auth::policy::Lessons;
use crate::lesson::machine::{Code, Lesson, Seat, Step};
use sqlx::AnyConnection;
use std::collections::HashMap;
use tongtang_protocol::ids::{DeviceId, JobId, LessonId, NodeId, ParticipantId, RecordingId, ResourceId};
use tongtang_protocol::lesson::{LessonEvent, LessonState};
use tongtang_protocol::units::UnixMillis;

const COLUMNS: &str = "SELECT lesson.*, resource.id AS resource_id FROM lesson
    LEFT JOIN resource ON resource.lesson_id = lesson.id";

#[derive(sqlx::FromRow)]
struct LessonRow {
    id: String,
    title: String,
    state: String,
    video_codec: String,
    record: i64,
    code: Option<String>,
    on_stage: Option<String>,
    recording_id: Option<String>,
    last_event_seq: i64,
    created_at: i64,
    starts_at: Option<i64>,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    resource_id: Option<String>,
}

/// Of `Slice`: after, search, limit; the condition after it has the parameters from the fourth on.
const LISTED: &str = "WHERE ($1 IS NULL
        OR (lesson.created_at, lesson.id) < (SELECT created_at, id FROM lesson WHERE id = $1))
    AND instr(lower(lesson.title), lower($2)) > 0";
const NEWEST: &str = "ORDER BY lesson.created_at DESC, lesson.id DESC LIMIT $3";

#[derive(sqlx::FromRow)]
struct SeatOf {
    lesson_id: String,
    #[sqlx(flatten)]
    seat: SeatRow,
}

#[derive(sqlx::FromRow)]
struct SeatRow {
    id: String,
    role: String,
    name: String,
    device_id: Option<String>,
    muted: i64,
    hand_raised_at: Option<i64>,
    last_on_stage_at: Option<i64>,
    expelled_at: Option<i64>,
}

impl LessonRow {
    fn with(self, seats: Vec<Seat>) -> Result<Lesson, StoreError> {
        Ok(Lesson {
            id: parse("lesson", "id", self.id)?,
            title: self.title,
            state: parse("lesson", "state", self.state)?,
            video_codec: parse("lesson", "video_codec", self.video_codec)?,
            record: flag(self.record),
            code: self.code.as_deref().and_then(Code::parse),
            created_at: UnixMillis(self.created_at),
            starts_at: self.starts_at.map(UnixMillis),
            started_at: self.started_at.map(UnixMillis),
            ended_at: self.ended_at.map(UnixMillis),
            seats,
            on_stage: parse_opt("lesson", "on_stage", self.on_stage)?,
            recording_id: parse_opt("lesson", "recording_id", self.recording_id)?,
            last_event_seq: count(self.last_event_seq),
            resource_id: parse_opt("resource", "id", self.resource_id)?,
        })
    }
}

impl TryFrom<SeatRow> for Seat {
    type Error = StoreError;

    fn try_from(row: SeatRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse("participant", "id", row.id)?,
            role: parse("participant", "role", row.role)?,
            name: row.name,
            device_id: parse_opt("participant", "device_id", row.device_id)?,
            muted: flag(row.muted),
            hand_raised_at: row.hand_raised_at.map(UnixMillis),
            last_on_stage_at: row.last_on_stage_at.map(UnixMillis),
            expelled_at: row.expelled_at.map(UnixMillis),
        })
    }
}

/// What `ended → processing` adds: the draft resource and its first job.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The resource.
    pub resource_id: ResourceId,
    /// Its first job.
    pub job_id: JobId,
    /// The capture.
    pub recording_id: RecordingId,
}

impl Store {
    /// A new lesson and who is invited to it. Fails with [`StoreError::is_taken`] when another open
    /// lesson has its code.
    pub async fn insert_lesson(&self, lesson: &Lesson, invited: &[DeviceId]) -> Result<(), StoreError> {
        self.write(|tx| Box::pin(async move { insert(tx, lesson, invited).await })).await
    }

    /// A step of a lesson: all of it or nothing.
    pub async fn save_step(&self, step: &Step, draft: Option<&Draft>) -> Result<(), StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                write_lesson(tx, &step.lesson).await?;
                if let Some(recording) = &step.lesson.recording_id {
                    write_events(tx, recording, &step.log).await?;
                }
                if let Some(draft) = draft {
                    super::resource::insert(tx, &step.lesson, draft).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// One lesson.
    pub async fn lesson(&self, id: &LessonId) -> Result<Option<Lesson>, StoreError> {
        let row =
            sqlx::query_as::<_, LessonRow>(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE lesson.id = $1")))
                .bind(id.as_str())
                .fetch_optional(&self.pool)
                .await?;
        match row {
            Some(row) => Ok(Some(self.with_seats(row).await?)),
            None => Ok(None),
        }
    }

    /// The lesson that classroom screens reach with this code.
    pub async fn lesson_of_code(&self, code: &Code) -> Result<Option<LessonId>, StoreError> {
        let id: Option<String> = sqlx::query_scalar("SELECT id FROM lesson WHERE code = $1")
            .bind(code.as_str())
            .fetch_optional(&self.pool)
            .await?;
        parse_opt("lesson", "id", id)
    }

    /// Of these lessons a part, the newest first; two statements, however many there are.
    pub async fn lessons(
        &self,
        of: &Lessons,
        slice: &Slice,
        now: UnixMillis,
    ) -> Result<Vec<Lesson>, StoreError> {
        let mut tx = self.read().await?;
        let sight = Sight::of(of, now);
        let sql = format!("{COLUMNS} {LISTED} AND {} {NEWEST}", Sight::condition(4));
        let rows = sqlx::query_as::<_, LessonRow>(sqlx::AssertSqlSafe(sql))
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
        let seats = sqlx::query_as::<_, SeatOf>(
            "SELECT * FROM participant WHERE lesson_id IN (SELECT value FROM json_each($1)) ORDER BY position",
        )
        .bind(json_list(rows.iter().map(|row| row.id.as_str())))
        .fetch_all(&mut *tx)
        .await?;
        let mut seats_of: HashMap<String, Vec<Seat>> = HashMap::new();
        for SeatOf { lesson_id, seat } in seats {
            seats_of.entry(lesson_id).or_default().push(seat.try_into()?);
        }
        rows.into_iter()
            .map(|row| {
                let seats = seats_of.remove(&row.id).unwrap_or_default();
                row.with(seats)
            })
            .collect()
    }

    /// How many lessons may have media now.
    pub async fn count_open_lessons(&self) -> Result<usize, StoreError> {
        let number: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM lesson WHERE state IN ($1, $2, $3)")
            .bind(word(&LessonState::Open))
            .bind(word(&LessonState::Live))
            .bind(word(&LessonState::Paused))
            .fetch_one(&self.pool)
            .await?;
        Ok(usize::try_from(number).unwrap_or(0))
    }

    /// Scheduled lessons that are to begin by then, the earliest first.
    pub async fn due_lessons(&self, by: UnixMillis) -> Result<Vec<LessonId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM lesson WHERE state = $1 AND starts_at <= $2 ORDER BY starts_at",
        )
        .bind(word(&LessonState::Scheduled))
        .bind(by.0)
        .fetch_all(&self.pool)
        .await?;
        ids.into_iter().map(|id| parse("lesson", "id", id)).collect()
    }

    /// Lessons that the nodes have something to do for.
    pub async fn unfinished_lessons(&self) -> Result<Vec<LessonId>, StoreError> {
        let [open, live, paused, ended, processing] = [
            LessonState::Open,
            LessonState::Live,
            LessonState::Paused,
            LessonState::Ended,
            LessonState::Processing,
        ]
        .map(|state| word(&state));
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM lesson WHERE state IN ($1, $2, $3, $4)
             OR (state = $5 AND recording_id IS NOT NULL) ORDER BY created_at",
        )
        .bind(open)
        .bind(live)
        .bind(paused)
        .bind(processing)
        .bind(ended)
        .fetch_all(&self.pool)
        .await?;
        ids.into_iter().map(|id| parse("lesson", "id", id)).collect()
    }

    /// The lesson of a recording.
    pub async fn lesson_of_recording(&self, recording: &RecordingId) -> Result<Option<LessonId>, StoreError> {
        let id: Option<String> = sqlx::query_scalar("SELECT id FROM lesson WHERE recording_id = $1")
            .bind(recording.as_str())
            .fetch_optional(&self.pool)
            .await?;
        parse_opt("lesson", "id", id)
    }

    /// The recorder that has this recording; None: no recorder took it (yet).
    pub async fn recorder_of(&self, recording: &RecordingId) -> Result<Option<NodeId>, StoreError> {
        let node: Option<Option<String>> =
            sqlx::query_scalar("SELECT recorder FROM lesson WHERE recording_id = $1")
                .bind(recording.as_str())
                .fetch_optional(&self.pool)
                .await?;
        parse_opt("lesson", "recorder", node.flatten())
    }

    /// This recorder has it from now on, unless another one has it already.
    pub async fn keep_recorder(&self, recording: &RecordingId, node: &NodeId) -> Result<(), StoreError> {
        sqlx::query("UPDATE lesson SET recorder = $1 WHERE recording_id = $2 AND recorder IS NULL")
            .bind(node.as_str())
            .bind(recording.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// What a recording has to know after event `after`, in order.
    pub async fn lesson_events(
        &self,
        recording: &RecordingId,
        after: u64,
    ) -> Result<Vec<LessonEvent>, StoreError> {
        let rows: Vec<(i64, i64, String)> = sqlx::query_as(
            "SELECT seq, at, kind FROM lesson_event WHERE recording_id = $1 AND seq > $2 ORDER BY seq",
        )
        .bind(recording.as_str())
        .bind(signed(after))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(seq, at, kind)| {
                Ok(LessonEvent {
                    seq: count(seq),
                    at: UnixMillis(at),
                    kind: from_json("lesson_event", "kind", &kind)?,
                })
            })
            .collect()
    }

    async fn with_seats(&self, row: LessonRow) -> Result<Lesson, StoreError> {
        let seats =
            sqlx::query_as::<_, SeatRow>("SELECT * FROM participant WHERE lesson_id = $1 ORDER BY position")
                .bind(&row.id)
                .fetch_all(&self.pool)
                .await?;
        row.with(seats.into_iter().map(Seat::try_from).collect::<Result<_, _>>()?)
    }
}

pub(super) async fn insert(
    connection: &mut AnyConnection,
    lesson: &Lesson,
    invited: &[DeviceId],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO lesson (id, title, state, video_codec, record, code, last_event_seq,
             created_at, starts_at)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)",
    )
    .bind(lesson.id.as_str())
    .bind(&lesson.title)
    .bind(word(&lesson.state))
    .bind(word(&lesson.video_codec))
    .bind(i64::from(lesson.record))
    .bind(lesson.code.as_ref().map(Code::as_str))
    .bind(lesson.created_at.0)
    .bind(lesson.starts_at.map(|at| at.0))
    .execute(&mut *connection)
    .await?;
    write_seats(connection, lesson).await?;
    for device in invited {
        super::device::invite(connection, &lesson.id, device, lesson.created_at).await?;
    }
    Ok(())
}

pub(super) async fn write_lesson(connection: &mut AnyConnection, lesson: &Lesson) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE lesson SET title = $1, state = $2, record = $3, code = $4, on_stage = $5, recording_id = $6,
         last_event_seq = $7, started_at = $8, ended_at = $9 WHERE id = $10",
    )
    .bind(&lesson.title)
    .bind(word(&lesson.state))
    .bind(i64::from(lesson.record))
    .bind(lesson.code.as_ref().map(Code::as_str))
    .bind(lesson.on_stage.as_ref().map(ParticipantId::as_str))
    .bind(lesson.recording_id.as_ref().map(RecordingId::as_str))
    .bind(signed(lesson.last_event_seq))
    .bind(lesson.started_at.map(|at| at.0))
    .bind(lesson.ended_at.map(|at| at.0))
    .bind(lesson.id.as_str())
    .execute(&mut *connection)
    .await?;
    write_seats(connection, lesson).await
}

async fn write_seats(connection: &mut AnyConnection, lesson: &Lesson) -> Result<(), StoreError> {
    for (position, seat) in lesson.seats.iter().enumerate() {
        sqlx::query(
            "INSERT INTO participant (id, lesson_id, position, role, name, device_id, muted,
                 hand_raised_at, last_on_stage_at, expelled_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, muted = excluded.muted,
                 hand_raised_at = excluded.hand_raised_at, last_on_stage_at = excluded.last_on_stage_at,
                 expelled_at = excluded.expelled_at",
        )
        .bind(seat.id.as_str())
        .bind(lesson.id.as_str())
        .bind(signed(position as u64))
        .bind(word(&seat.role))
        .bind(&seat.name)
        .bind(seat.device_id.as_ref().map(DeviceId::as_str))
        .bind(i64::from(seat.muted))
        .bind(seat.hand_raised_at.map(|at| at.0))
        .bind(seat.last_on_stage_at.map(|at| at.0))
        .bind(seat.expelled_at.map(|at| at.0))
        .execute(&mut *connection)
        .await?;
        // Who was expelled is not invited any more, unless it typed the code again since.
        if let (Some(device), Some(expelled_at)) = (&seat.device_id, seat.expelled_at) {
            sqlx::query(
                "DELETE FROM invitation WHERE lesson_id = $1 AND device_id = $2 AND invited_at <= $3",
            )
            .bind(lesson.id.as_str())
            .bind(device.as_str())
            .bind(expelled_at.0)
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

async fn write_events(
    connection: &mut AnyConnection,
    recording: &RecordingId,
    events: &[LessonEvent],
) -> Result<(), StoreError> {
    for event in events {
        sqlx::query("INSERT INTO lesson_event (recording_id, seq, at, kind) VALUES ($1, $2, $3, $4)")
            .bind(recording.as_str())
            .bind(signed(event.seq))
            .bind(event.at.0)
            .bind(serde_json::to_string(&event.kind).unwrap_or_default())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
