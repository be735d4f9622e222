//! Codes on screens that wait to be paired, and the pairing itself. Of a screen's secret its hash is stored; it becomes
//! the hash of the screen's credential.

use super::device::Device;
use super::{Store, StoreError, count, parse, word};
use crate::auth::SecretHash;
use crate::lesson::machine::Code;
use sqlx::AnyConnection;
use tongtang_protocol::ids::{ClassroomId, DeviceId, LessonId};
use tongtang_protocol::lesson::LessonState;
use tongtang_protocol::units::UnixMillis;

/// What became of a code that a screen is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It counts from now on, and the screen's one before it no more.
    Yes,
    /// The screen was paired meanwhile.
    Paired,
    /// As many screens wait as may.
    Full,
}

/// What became of a code that somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The screen that showed it is paired; its secret's hash.
    Yes(SecretHash),
    /// No screen shows it.
    Unknown,
    /// It was typed before.
    Used,
    /// There is no such classroom.
    NoClassroom,
    /// There are as many screens as may be.
    Full,
}

/// Lessons of the timetable that are open now and in which a classroom (`$n`) has part; the states are `$1` to `$3`.
fn open_with(room: &str) -> String {
    format!(
        "live.state IN ($1, $2, $3) AND EXISTS (
             SELECT 1 FROM timetable_lesson AS planned WHERE planned.lesson_id = live.id
                 AND (planned.classroom_id = {room} OR EXISTS (
                     SELECT 1 FROM timetable_class AS class JOIN class_group ON class_group.id = class.class_id
                     WHERE class.timetable_lesson_id = planned.id AND class.classroom_id = {room}
                         AND class_group.consent_live = 1)))"
    )
}

const OPEN: [LessonState; 3] = [LessonState::Open, LessonState::Live, LessonState::Paused];

impl Store {
    /// The code that a screen shows, and until when it counts.
    pub async fn screen_code(
        &self,
        secret: &SecretHash,
        now: UnixMillis,
    ) -> Result<Option<(Code, UnixMillis)>, StoreError> {
        let row: Option<(String, i64)> = sqlx::query_as(
            "SELECT code, expires_at FROM screen_code
             WHERE secret_hash = $1 AND expires_at > $2 AND device_id IS NULL",
        )
        .bind(secret.as_str())
        .bind(now.0)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|(code, expires_at)| {
            let code =
                Code::parse(&code).ok_or(StoreError::Unknown { table: "screen_code", column: "code" })?;
            Ok((code, UnixMillis(expires_at)))
        })
        .transpose()
    }

    /// A screen shows this code until then; at most so many wait. Fails with [`StoreError::is_taken`] when another one
    /// shows it.
    pub async fn show_screen_code(
        &self,
        secret: &SecretHash,
        code: &Code,
        (now, expires_at): (UnixMillis, UnixMillis),
        most: u64,
    ) -> Result<Shown, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let paired: i64 =
                    sqlx::query_scalar("SELECT COUNT(*) FROM device WHERE credential_hash = $1")
                        .bind(secret.as_str())
                        .fetch_one(&mut **tx)
                        .await?;
                if paired > 0 {
                    return Ok(Shown::Paired);
                }
                sqlx::query("DELETE FROM screen_code WHERE expires_at <= $1 OR secret_hash = $2")
                    .bind(now.0)
                    .bind(secret.as_str())
                    .execute(&mut **tx)
                    .await?;
                let waiting: i64 =
                    sqlx::query_scalar("SELECT COUNT(*) FROM screen_code").fetch_one(&mut **tx).await?;
                if count(waiting) >= most {
                    return Ok(Shown::Full);
                }
                sqlx::query(
                    "INSERT INTO screen_code (code, secret_hash, made_at, expires_at) VALUES ($1, $2, $3, $4)",
                )
                .bind(code.as_str())
                .bind(secret.as_str())
                .bind(now.0)
                .bind(expires_at.0)
                .execute(&mut **tx)
                .await?;
                Ok(Shown::Yes)
            })
        })
        .await
    }

    /// Makes the screen that shows this code a device that stands in a classroom, and invites it to what is held there
    /// now. The code stays until its end, so that who types it twice is told that it worked.
    pub async fn claim_screen(
        &self,
        code: &Code,
        device: &Device,
        room: &ClassroomId,
        most: u64,
    ) -> Result<Claimed, StoreError> {
        let now = device.paired_at;
        self.write(|tx| {
            Box::pin(async move {
                let row: Option<(String, Option<String>)> = sqlx::query_as(
                    "SELECT secret_hash, device_id FROM screen_code WHERE code = $1 AND expires_at > $2",
                )
                .bind(code.as_str())
                .bind(now.0)
                .fetch_optional(&mut **tx)
                .await?;
                let secret = match row {
                    None => return Ok(Claimed::Unknown),
                    Some((_, Some(_))) => return Ok(Claimed::Used),
                    Some((secret, None)) => secret,
                };
                let rooms: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM classroom WHERE id = $1")
                    .bind(room.as_str())
                    .fetch_one(&mut **tx)
                    .await?;
                if rooms == 0 {
                    return Ok(Claimed::NoClassroom);
                }
                let devices: i64 =
                    sqlx::query_scalar("SELECT COUNT(*) FROM device").fetch_one(&mut **tx).await?;
                if count(devices) >= most {
                    return Ok(Claimed::Full);
                }
                sqlx::query(
                    "INSERT INTO device (id, name, credential_hash, paired_at, classroom_id)
                     VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(device.id.as_str())
                .bind(&device.name)
                .bind(&secret)
                .bind(now.0)
                .bind(room.as_str())
                .execute(&mut **tx)
                .await?;
                sqlx::query("UPDATE screen_code SET device_id = $1 WHERE code = $2")
                    .bind(device.id.as_str())
                    .bind(code.as_str())
                    .execute(&mut **tx)
                    .await?;
                join(tx, &device.id, room, now).await?;
                Ok(Claimed::Yes(SecretHash::stored(secret)))
            })
        })
        .await
    }

    /// Puts a screen into a classroom, or into none, and invites it to what is held there now. The lessons that it leaves:
    /// those of the classroom where it stood. None: there is no such screen.
    pub async fn place_device(
        &self,
        id: &DeviceId,
        room: Option<&ClassroomId>,
        now: UnixMillis,
    ) -> Result<Option<Vec<LessonId>>, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let stood: Option<Option<String>> =
                    sqlx::query_scalar("SELECT classroom_id FROM device WHERE id = $1")
                        .bind(id.as_str())
                        .fetch_optional(&mut **tx)
                        .await?;
                let Some(stood) = stood else { return Ok(None) };
                let room_id = room.map(ClassroomId::as_str);
                if stood.as_deref() == room_id {
                    return Ok(Some(Vec::new()));
                }
                sqlx::query("UPDATE device SET classroom_id = $1 WHERE id = $2")
                    .bind(room_id)
                    .bind(id.as_str())
                    .execute(&mut **tx)
                    .await?;
                let left =
                    leave(tx, id, stood.as_deref().unwrap_or_default(), room_id.unwrap_or_default()).await?;
                if let Some(room) = room {
                    join(tx, id, room, now).await?;
                }
                Ok(Some(left))
            })
        })
        .await
    }
}

/// Invites a screen to the lessons that are held in its classroom now.
async fn join(
    connection: &mut AnyConnection,
    device: &DeviceId,
    room: &ClassroomId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let [open, live, paused] = OPEN.map(|state| word(&state));
    let sql = format!("SELECT live.id FROM lesson AS live WHERE {}", open_with("$4"));
    let lessons: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(open)
        .bind(live)
        .bind(paused)
        .bind(room.as_str())
        .fetch_all(&mut *connection)
        .await?;
    for lesson in lessons {
        super::device::invite(connection, &parse("lesson", "id", lesson)?, device, now).await?;
    }
    Ok(())
}

/// Takes back a screen's invitations to what is held in the classroom where it stood, and not in the one where it
/// stands.
async fn leave(
    connection: &mut AnyConnection,
    device: &DeviceId,
    stood: &str,
    stands: &str,
) -> Result<Vec<LessonId>, StoreError> {
    let [open, live, paused] = OPEN.map(|state| word(&state));
    let sql = format!(
        "SELECT live.id FROM invitation JOIN lesson AS live ON live.id = invitation.lesson_id
         WHERE invitation.device_id = $4 AND {} AND NOT ({})",
        open_with("$5"),
        open_with("$6")
    );
    let left: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(open)
        .bind(live)
        .bind(paused)
        .bind(device.as_str())
        .bind(stood)
        .bind(stands)
        .fetch_all(&mut *connection)
        .await?;
    for lesson in &left {
        sqlx::query("DELETE FROM invitation WHERE device_id = $1 AND lesson_id = $2")
            .bind(device.as_str())
            .bind(lesson)
            .execute(&mut *connection)
            .await?;
    }
    left.into_iter().map(|id| parse("lesson", "id", id)).collect()
}
