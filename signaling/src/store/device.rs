//! Classroom screens, and which lessons they are invited to.

use super::{Store, StoreError, parse, parse_opt, word};
use crate::auth::SecretHash;
use crate::auth::policy::Scope;
use sqlx::AnyConnection;
use tongtang_protocol::device::ScreenHealth;
use tongtang_protocol::ids::{ClassroomId, DeviceId, LessonId, OrgId};
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

/// A screen with where it stands and how it was when it last reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The screen.
    pub device: Device,
    /// The next lesson it is invited to.
    pub next: Option<InvitedTo>,
    /// Its classroom and that one's name.
    pub room: Option<(ClassroomId, String)>,
    /// That classroom's school and its name.
    pub org: Option<(OrgId, String)>,
    /// When it last reported.
    pub last_seen_at: Option<UnixMillis>,
    /// What it said; none if another version of the page said it in other words.
    pub health: Option<ScreenHealth>,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    id: String,
    name: String,
    paired_at: i64,
    lesson_id: Option<String>,
    title: Option<String>,
    starts_at: Option<i64>,
    room_id: Option<String>,
    room_name: Option<String>,
    org_id: Option<String>,
    org_name: Option<String>,
    last_seen_at: Option<i64>,
    health: Option<String>,
}

impl ListedRow {
    fn read(self) -> Result<Listed, StoreError> {
        let next = parse_opt("lesson", "id", self.lesson_id)?.map(|lesson_id| InvitedTo {
            lesson_id,
            title: self.title.unwrap_or_default(),
            starts_at: self.starts_at.map(UnixMillis),
        });
        Ok(Listed {
            device: device((self.id, self.name, self.paired_at))?,
            next,
            room: parse_opt("classroom", "id", self.room_id)?.zip(self.room_name),
            org: parse_opt("org", "id", self.org_id)?.zip(self.org_name),
            last_seen_at: self.last_seen_at.map(UnixMillis),
            health: self.health.and_then(|text| serde_json::from_str(&text).ok()),
        })
    }
}

/// Screens with all that is said of them; a condition follows. `$1`: lessons to come.
const LISTED: &str = "SELECT device.id, device.name, device.paired_at, device.last_seen_at, device.health,
         lesson.id AS lesson_id, lesson.title, lesson.starts_at,
         classroom.id AS room_id, classroom.name AS room_name, org.id AS org_id, org.name AS org_name
     FROM device LEFT JOIN classroom ON classroom.id = device.classroom_id
     LEFT JOIN org ON org.id = classroom.org_id
     LEFT JOIN lesson ON lesson.id = (
         SELECT next.id FROM invitation CROSS JOIN lesson AS next
         WHERE invitation.device_id = device.id AND next.id = invitation.lesson_id AND next.state = $1
         ORDER BY next.starts_at NULLS FIRST, next.created_at LIMIT 1)";

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

    /// Screens of these places by name, in one statement. Everywhere: also those that stand in no classroom.
    pub async fn devices(&self, scope: &Scope) -> Result<Vec<Listed>, StoreError> {
        let sql = format!(
            "{LISTED} WHERE $2 = 1 OR EXISTS (
                 SELECT 1 FROM json_each($3) AS s WHERE substr(org.path, 1, length(s.value)) = s.value)
             ORDER BY device.name, device.id"
        );
        let rows: Vec<ListedRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(word(&LessonState::Scheduled))
            .bind(i64::from(scope.is_everywhere()))
            .bind(scope.json())
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(ListedRow::read).collect()
    }

    /// One of them.
    pub async fn listed_device(&self, id: &DeviceId) -> Result<Option<Listed>, StoreError> {
        let row: Option<ListedRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{LISTED} WHERE device.id = $2")))
                .bind(word(&LessonState::Scheduled))
                .bind(id.as_str())
                .fetch_optional(&self.pool)
                .await?;
        row.map(ListedRow::read).transpose()
    }

    /// Keeps what a screen says of itself, unless it said something less than `interval_ms` ago (a time
    /// to come is of a clock that was set back); true: kept.
    pub async fn report_health(
        &self,
        id: &DeviceId,
        health: &ScreenHealth,
        now: UnixMillis,
        interval_ms: i64,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE device SET last_seen_at = $1, health = $2
             WHERE id = $3 AND (last_seen_at IS NULL OR last_seen_at <= $4 OR last_seen_at > $1)",
        )
        .bind(now.0)
        .bind(serde_json::to_string(health).unwrap_or_default())
        .bind(id.as_str())
        .bind(now.0 - interval_ms)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
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
    /// the newest `keep`, the oldest first. One that stands in a classroom was put there by somebody, and stays.
    pub async fn screens_that_never_came(
        &self,
        lesson: &LessonId,
        keep: usize,
    ) -> Result<Vec<DeviceId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT device.id FROM invitation JOIN device ON device.id = invitation.device_id
             WHERE invitation.lesson_id = $1 AND device.classroom_id IS NULL
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
