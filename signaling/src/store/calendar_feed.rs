//! Calendar feeds: whose lessons a secret address shows.

use super::timetable::Whose;
use super::{Store, StoreError, parse};
use crate::auth::SecretHash;
use tongtang_protocol::ids::{AccountId, TimetableLessonId};
use tongtang_protocol::units::UnixMillis;

/// Addresses of one teacher or classroom at most; of more, the oldest end.
const MAX_FEEDS: i64 = 20;

const TEACHER: &str = "teacher";
const CLASSROOM: &str = "classroom";

impl Store {
    /// Remembers a feed's secret.
    pub async fn add_calendar_feed(
        &self,
        secret: &SecretHash,
        whose: &Whose,
        account: Option<&AccountId>,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        let (kind, who) = match whose {
            Whose::Teacher(id) => (TEACHER, id.as_str()),
            Whose::Classroom(id) => (CLASSROOM, id.as_str()),
            Whose::Class(_) | Whose::Org(_) | Whose::Within(_) => return Ok(()),
        };
        self.write(|tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO calendar_feed (secret_hash, kind, who, made_at, account_id)
                     VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(secret.as_str())
                .bind(kind)
                .bind(who)
                .bind(at.0)
                .bind(account.map(AccountId::as_str))
                .execute(&mut **tx)
                .await?;
                sqlx::query(
                    "DELETE FROM calendar_feed WHERE kind = $1 AND who = $2 AND secret_hash NOT IN (
                         SELECT secret_hash FROM calendar_feed WHERE kind = $1 AND who = $2
                         ORDER BY made_at DESC, secret_hash LIMIT $3)",
                )
                .bind(kind)
                .bind(who)
                .bind(MAX_FEEDS)
                .execute(&mut **tx)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Whose lessons this secret shows, and their name.
    pub async fn calendar_feed(&self, secret: &SecretHash) -> Result<Option<(Whose, String)>, StoreError> {
        let row: Option<(String, String, Option<String>)> = sqlx::query_as(
            "SELECT kind, who, COALESCE((SELECT name FROM person WHERE id = who AND kind = $2),
                 (SELECT org.name || ' ' || classroom.name FROM classroom JOIN org ON org.id = classroom.org_id
                  WHERE classroom.id = who AND calendar_feed.kind = $3))
             FROM calendar_feed WHERE secret_hash = $1",
        )
        .bind(secret.as_str())
        .bind(TEACHER)
        .bind(CLASSROOM)
        .fetch_optional(&self.pool)
        .await?;
        let Some((kind, who, Some(name))) = row else { return Ok(None) };
        let whose = match kind.as_str() {
            TEACHER => Whose::Teacher(parse("calendar_feed", "who", who)?),
            CLASSROOM => Whose::Classroom(parse("calendar_feed", "who", who)?),
            _ => return Err(StoreError::Unknown { table: "calendar_feed", column: "kind" }),
        };
        Ok(Some((whose, name)))
    }

    /// When these lessons were changed last.
    pub async fn timetable_updates(
        &self,
        lessons: &[&TimetableLessonId],
    ) -> Result<std::collections::HashMap<TimetableLessonId, UnixMillis>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT id, updated_at FROM timetable_lesson WHERE id IN (SELECT value FROM json_each($1))",
        )
        .bind(super::timetable::ids(lessons.iter().copied()))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(|(id, at)| Ok((parse("timetable_lesson", "id", id)?, UnixMillis(at)))).collect()
    }
}
