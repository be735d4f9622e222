//! Classroom screens, and which lessons they are invited to.

use super::{Store, StoreError, parse, parse_opt, word};
use crate::auth::SecretHash;
use crate::auth::policy::Scope;
use sqlx::AnyConnection;
use tongtang_protocol::ids::{ClassroomId, DeviceId, LessonId};
use tongtang_protocol::lesson::LessonState;
use tongtang_protocol::units::UnixMillis;

/// A paired classroom screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Identity.
    pub id: DeviceId,
    /// Shown name of the classroom.
    pub name: String,
    /// When it was paired.
    pub paired_at: UnixMillis,
}

/// A lesson a screen is invited to.
#[derive(Debug, Clone, PartialEq)]
pub struct InvitedTo {
    /// The lesson.
    pub lesson_id: LessonId,
    /// Its title.
    pub title: String,
    /// When it begins.
    pub starts_at: Option<UnixMillis>,
}

type Row = (String, String, i64);

type ListedRow = (String, String, i64, Option<String>, Option<String>, Option<i64>);

fn device((id, name, paired_at): Row) -> Result<Device, StoreError> {
    Ok(Device { id: parse("device", "id", id)?, name, paired_at: UnixMillis(paired_at) })
}

impl Store {
    /// A new screen, invited to the lesson whose code it typed.
    pub async fn pair_device(
        &self,
        device: &Device,
        credential: &SecretHash,
        lesson: &LessonId,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO device (id, name, credential_hash, paired_at) VALUES ($1, $2, $3, $4)",
                )
                .bind(device.id.as_str())
                .bind(&device.name)
                .bind(credential.as_str())
                .bind(device.paired_at.0)
                .execute(&mut **tx)
                .await?;
                invite(tx, lesson, &device.id, device.paired_at).await
            })
        })
        .await
    }

    /// Screens of these places by name, each with the next lesson it is invited to; one statement. Everywhere: also those
    /// that stand in no classroom.
    pub async fn devices(&self, scope: &Scope) -> Result<Vec<(Device, Option<InvitedTo>)>, StoreError> {
        let rows = sqlx::query_as::<_, ListedRow>(
            "SELECT device.id, device.name, device.paired_at,
                 lesson.id AS lesson_id, lesson.title, lesson.starts_at
             FROM device LEFT JOIN lesson ON lesson.id = (
                 SELECT next.id FROM invitation CROSS JOIN lesson AS next
                 WHERE invitation.device_id = device.id AND next.id = invitation.lesson_id AND next.state = $1
                 ORDER BY next.starts_at NULLS FIRST, next.created_at LIMIT 1)
             WHERE $2 = 1 OR EXISTS (
                 SELECT 1 FROM classroom JOIN org ON org.id = classroom.org_id CROSS JOIN json_each($3) AS s
                 WHERE classroom.id = device.classroom_id AND substr(org.path, 1, length(s.value)) = s.value)
             ORDER BY device.name, device.id",
        )
        .bind(word(&LessonState::Scheduled))
        .bind(i64::from(scope.is_everywhere()))
        .bind(scope.json())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(id, name, paired_at, lesson, title, starts_at)| {
                let next = match parse_opt("lesson", "id", lesson)? {
                    Some(lesson_id) => {
                        let starts_at = starts_at.map(UnixMillis);
                        Some(InvitedTo { lesson_id, title: title.unwrap_or_default(), starts_at })
                    }
                    None => None,
                };
                Ok((device((id, name, paired_at))?, next))
            })
            .collect()
    }

    /// The path of the place in whose classroom a screen stands.
    pub async fn device_org_path(&self, id: &DeviceId) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT org.path FROM device JOIN classroom ON classroom.id = device.classroom_id
             JOIN org ON org.id = classroom.org_id WHERE device.id = $1",
        )
        .bind(id.as_str())
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Of the screens that typed this lesson's code and never came into any lesson, those paired before
    /// the newest `keep`, the oldest first.
    pub async fn screens_that_never_came(
        &self,
        lesson: &LessonId,
        keep: usize,
    ) -> Result<Vec<DeviceId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT device.id FROM invitation JOIN device ON device.id = invitation.device_id
             WHERE invitation.lesson_id = $1
                 AND NOT EXISTS (SELECT 1 FROM participant WHERE participant.device_id = device.id)
             ORDER BY device.paired_at DESC, device.id DESC LIMIT $2 OFFSET $3",
        )
        .bind(lesson.as_str())
        .bind(i64::MAX)
        .bind(super::signed(keep as u64))
        .fetch_all(&self.pool)
        .await?;
        ids.into_iter().rev().map(|id| parse("device", "id", id)).collect()
    }

    /// How many screens there are.
    pub async fn count_devices(&self) -> Result<u64, StoreError> {
        let number: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM device").fetch_one(&self.pool).await?;
        Ok(super::count(number))
    }

    /// One screen.
    pub async fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreError> {
        sqlx::query_as::<_, Row>("SELECT id, name, paired_at FROM device WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .map(device)
            .transpose()
    }

    /// The screen with this credential.
    pub async fn device_of_credential(&self, credential: &SecretHash) -> Result<Option<Device>, StoreError> {
        sqlx::query_as::<_, Row>("SELECT id, name, paired_at FROM device WHERE credential_hash = $1")
            .bind(credential.as_str())
            .fetch_optional(&self.pool)
            .await?
            .map(device)
            .transpose()
    }

    /// Renames a screen; false: there is none.
    pub async fn rename_device(&self, id: &DeviceId, name: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE device SET name = $1 WHERE id = $2")
            .bind(name)
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Puts a screen into a classroom, or into none; false: there is no such screen.
    pub async fn place_device(&self, id: &DeviceId, room: Option<&ClassroomId>) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE device SET classroom_id = $1 WHERE id = $2")
            .bind(room.map(ClassroomId::as_str))
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Forgets a screen and its credential; false: there is none.
    pub async fn delete_device(&self, id: &DeviceId) -> Result<bool, StoreError> {
        let done =
            sqlx::query("DELETE FROM device WHERE id = $1").bind(id.as_str()).execute(&self.pool).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Invites a screen to a lesson, as the one it was invited to last.
    pub async fn invite_device(
        &self,
        lesson: &LessonId,
        device: &DeviceId,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        invite(&mut *self.pool.acquire().await?, lesson, device, at).await
    }

    /// The lesson a screen shows now: of those it is invited to that have media, the one it was
    /// invited to last.
    pub async fn lesson_of_device(&self, id: &DeviceId) -> Result<Option<LessonId>, StoreError> {
        let lesson: Option<String> = sqlx::query_scalar(
            "SELECT lesson.id FROM invitation JOIN lesson ON lesson.id = invitation.lesson_id
             WHERE invitation.device_id = $1 AND lesson.state IN ($2, $3, $4)
             ORDER BY invitation.invited_at DESC, lesson.id DESC LIMIT 1",
        )
        .bind(id.as_str())
        .bind(word(&LessonState::Open))
        .bind(word(&LessonState::Live))
        .bind(word(&LessonState::Paused))
        .fetch_optional(&self.pool)
        .await?;
        parse_opt("lesson", "id", lesson)
    }

    /// The next lesson a screen is invited to that is not open yet.
    pub async fn next_lesson_of_device(&self, id: &DeviceId) -> Result<Option<InvitedTo>, StoreError> {
        let row: Option<(String, String, Option<i64>)> = sqlx::query_as(
            "SELECT lesson.id, lesson.title, lesson.starts_at
             FROM invitation CROSS JOIN lesson
             WHERE invitation.device_id = $1 AND lesson.id = invitation.lesson_id AND lesson.state = $2
             ORDER BY lesson.starts_at NULLS FIRST, lesson.created_at LIMIT 1",
        )
        .bind(id.as_str())
        .bind(word(&LessonState::Scheduled))
        .fetch_optional(&self.pool)
        .await?;
        row.map(|(id, title, starts_at)| {
            let lesson_id = parse("lesson", "id", id)?;
            Ok(InvitedTo { lesson_id, title, starts_at: starts_at.map(UnixMillis) })
        })
        .transpose()
    }

    /// The screens that are invited to a lesson.
    pub async fn invited_devices(&self, lesson: &LessonId) -> Result<Vec<DeviceId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar("SELECT device_id FROM invitation WHERE lesson_id = $1")
            .bind(lesson.as_str())
            .fetch_all(&self.pool)
            .await?;
        ids.into_iter().map(|id| parse("invitation", "device_id", id)).collect()
    }
}

pub(super) async fn invite(
    connection: &mut AnyConnection,
    lesson: &LessonId,
    device: &DeviceId,
    at: UnixMillis,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO invitation (lesson_id, device_id, invited_at) VALUES ($1, $2, $3)
         ON CONFLICT (lesson_id, device_id) DO UPDATE SET invited_at = excluded.invited_at",
    )
    .bind(lesson.as_str())
    .bind(device.as_str())
    .bind(at.0)
    .execute(connection)
    .await?;
    Ok(())
}
