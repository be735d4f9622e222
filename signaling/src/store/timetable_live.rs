//! Timetable lessons as they are held: they open as live lessons, once, and are settled when those end.

use super::timetable::{Whose, fetch, ids};
use super::{Store, StoreError, flag, parse, parse_opt, word};
use crate::lesson::Lesson;
use sqlx::AnyConnection;
use tongtang_protocol::ids::{DeviceId, LessonId, OrgId, TimetableLessonId};
use tongtang_protocol::lesson::{LessonState, Role};
use tongtang_protocol::timetable::{TimetableLessonView, TimetableState};
use tongtang_protocol::units::UnixMillis;

/// Lessons of one sweep at most; the next sweep sees to the others.
const AT_ONCE: i64 = 500;

/// How a planned lesson stands whose live lesson was opened, or whose time is over.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The lesson.
    pub id: TimetableLessonId,
    /// When it is to end.
    pub ends_at: UnixMillis,
    /// Its live lesson.
    pub live: Option<Live>,
}

/// A live lesson, as far as its timetable asks.
#[derive(Debug, Clone)]
pub struct Live {
    /// Which.
    pub id: LessonId,
    /// Its state.
    pub state: LessonState,
    /// Did anybody teach?
    pub was_started: bool,
}

#[derive(sqlx::FromRow)]
struct StandingRow {
    id: String,
    ends_at: i64,
    lesson_id: Option<String>,
    live_state: Option<String>,
    started_at: Option<i64>,
}

impl StandingRow {
    fn read(self) -> Result<Standing, StoreError> {
        let state: Option<LessonState> = parse_opt("lesson", "state", self.live_state)?;
        let id: Option<LessonId> = parse_opt("timetable_lesson", "lesson_id", self.lesson_id)?;
        let was_started = self.started_at.is_some();
        Ok(Standing {
            id: parse("timetable_lesson", "id", self.id)?,
            ends_at: UnixMillis(self.ends_at),
            live: id.zip(state).map(|(id, state)| Live { id, state, was_started }),
        })
    }
}

impl Store {
    /// Planned lessons that begin until `by`, are not over, and have not been opened, the earliest first.
    pub async fn due_timetable_lessons(
        &self,
        by: UnixMillis,
        now: UnixMillis,
    ) -> Result<Vec<TimetableLessonView>, StoreError> {
        let mut tx = self.read().await?;
        let due: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM timetable_lesson WHERE state = $1 AND starts_at <= $2 AND ends_at > $3
                 AND lesson_id IS NULL ORDER BY starts_at, id LIMIT $4",
        )
        .bind(word(&TimetableState::Planned))
        .bind(by.0)
        .bind(now.0)
        .bind(AT_ONCE)
        .fetch_all(&mut *tx)
        .await?;
        let due: Vec<TimetableLessonId> =
            due.into_iter().map(|id| parse("timetable_lesson", "id", id)).collect::<Result<_, _>>()?;
        fetch(&mut tx, &ids(due.iter())).await
    }

    /// May a lesson be recorded: does every class agree that receives it?
    pub async fn may_record(&self, lesson: &TimetableLessonId) -> Result<bool, StoreError> {
        let refusing: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM timetable_class JOIN class_group ON class_group.id = timetable_class.class_id
             WHERE timetable_class.timetable_lesson_id = $1 AND class_group.consent_record = 0",
        )
        .bind(lesson.as_str())
        .fetch_one(&self.pool)
        .await?;
        Ok(!flag(refusing))
    }

    /// Opens a timetable's lesson: `live` is made, the screens of its classrooms are invited, and it is this lesson's from
    /// now on, instead of `instead_of`. None: another process was faster, or it is not to be opened any more. Fails with
    /// [`StoreError::is_taken`] when another open lesson has its code.
    pub async fn open_timetable_lesson(
        &self,
        lesson: &TimetableLessonView,
        live: &Lesson,
        instead_of: Option<&LessonId>,
    ) -> Result<Option<Vec<DeviceId>>, StoreError> {
        self.write_in_turn(|tx| {
            Box::pin(async move {
                let free: i64 = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM timetable_lesson WHERE id = $1 AND state = $2
                         AND COALESCE(lesson_id, '') = $3",
                )
                .bind(lesson.id.as_str())
                .bind(word(&TimetableState::Planned))
                .bind(instead_of.map_or("", LessonId::as_str))
                .fetch_one(&mut **tx)
                .await?;
                if free == 0 {
                    return Ok(None);
                }
                let screens = screens_of(tx, &lesson.id).await?;
                super::lesson::insert(tx, live, &screens).await?;
                sqlx::query("UPDATE lesson SET org_id = $1 WHERE id = $2")
                    .bind(lesson.org_id.as_str())
                    .bind(live.id.as_str())
                    .execute(&mut **tx)
                    .await?;
                sqlx::query("UPDATE timetable_lesson SET lesson_id = $1 WHERE id = $2")
                    .bind(live.id.as_str())
                    .bind(lesson.id.as_str())
                    .execute(&mut **tx)
                    .await?;
                Ok(Some(screens))
            })
        })
        .await
    }

    /// Planned lessons that may have been held or missed: their live lesson was opened, or their time is over.
    pub async fn unsettled_timetable_lessons(&self, now: UnixMillis) -> Result<Vec<Standing>, StoreError> {
        let rows = sqlx::query_as::<_, StandingRow>(
            "SELECT planned.id, planned.ends_at, planned.lesson_id, live.state AS live_state, live.started_at
             FROM timetable_lesson AS planned LEFT JOIN lesson AS live ON live.id = planned.lesson_id
             WHERE planned.state = $1 AND planned.starts_at <= $2
                 AND (planned.ends_at <= $3 OR planned.lesson_id IS NOT NULL)
             ORDER BY planned.starts_at, planned.id LIMIT $4",
        )
        .bind(word(&TimetableState::Planned))
        // A live lesson may begin and end before its time, on its day.
        .bind(now.0 + DAY_MS)
        .bind(now.0)
        .bind(AT_ONCE)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(StandingRow::read).collect()
    }

    /// It was held or missed; the classes were there whose screens came. False: it was settled before.
    pub async fn settle_timetable_lesson(
        &self,
        id: &TimetableLessonId,
        state: TimetableState,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.write_in_turn(|tx| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE timetable_lesson SET state = $1, updated_at = $2 WHERE id = $3 AND state = $4",
                )
                .bind(word(&state))
                .bind(at.0)
                .bind(id.as_str())
                .bind(word(&TimetableState::Planned))
                .execute(&mut **tx)
                .await?;
                if done.rows_affected() == 0 {
                    return Ok(false);
                }
                // A class in the master room was there if anybody was.
                sqlx::query(
                    "UPDATE timetable_class SET attended = (SELECT CASE WHEN $1 = 1 AND (
                             held.classroom_id = timetable_class.classroom_id
                             OR EXISTS (SELECT 1 FROM participant JOIN device ON device.id = participant.device_id
                                 WHERE participant.lesson_id = held.lesson_id AND participant.role = $2
                                     AND device.classroom_id = timetable_class.classroom_id)) THEN 1 ELSE 0 END
                         FROM timetable_lesson AS held WHERE held.id = timetable_class.timetable_lesson_id)
                     WHERE timetable_lesson_id = $3",
                )
                .bind(i64::from(state == TimetableState::Held))
                .bind(word(&Role::Classroom))
                .bind(id.as_str())
                .execute(&mut **tx)
                .await?;
                Ok(true)
            })
        })
        .await
    }

    /// Lessons of one day that these places give or receive (a [`Scope`](crate::auth::policy::Scope) as JSON).
    pub async fn lessons_of_day(
        &self,
        scope: String,
        from: UnixMillis,
        limit: u32,
    ) -> Result<Vec<TimetableLessonView>, StoreError> {
        self.lessons_between(None, &Whose::Within(scope), from, UnixMillis(from.0 + DAY_MS), limit).await
    }

    /// Which of these places lie within a scope.
    pub async fn orgs_within(&self, scope: &str, orgs: &[&OrgId]) -> Result<Vec<OrgId>, StoreError> {
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM org WHERE id IN (SELECT value FROM json_each($1))
                 AND EXISTS (SELECT 1 FROM json_each($2) AS s WHERE substr(org.path, 1, length(s.value)) = s.value)",
        )
        .bind(super::json_list(orgs.iter().map(|org| org.as_str())))
        .bind(scope)
        .fetch_all(&self.pool)
        .await?;
        found.into_iter().map(|id| parse("org", "id", id)).collect()
    }
}

const DAY_MS: i64 = 24 * 3_600_000;

/// The screens in the classrooms of a lesson, the master's too.
async fn screens_of(
    connection: &mut AnyConnection,
    lesson: &TimetableLessonId,
) -> Result<Vec<DeviceId>, StoreError> {
    // A class whose consent was taken back since it was booked stays out of sight.
    let screens: Vec<String> = sqlx::query_scalar(
        "SELECT id FROM device WHERE classroom_id IN (
             SELECT classroom_id FROM timetable_lesson WHERE id = $1
             UNION SELECT booked.classroom_id FROM timetable_class AS booked
                 JOIN class_group ON class_group.id = booked.class_id
                 WHERE booked.timetable_lesson_id = $1 AND class_group.consent_live = 1) ORDER BY id",
    )
    .bind(lesson.as_str())
    .fetch_all(connection)
    .await?;
    screens.into_iter().map(|id| parse("device", "id", id)).collect()
}
