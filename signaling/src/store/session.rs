//! Cookie sessions of people, and set-up links that were used.

use super::{Store, StoreError, parse_opt};
use crate::auth::SecretHash;
use tongtang_protocol::ids::LessonId;
use tongtang_protocol::units::UnixMillis;

/// What a cookie stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionOf {
    /// The administrator.
    Admin,
    /// The teacher of one lesson.
    Teacher(LessonId),
}

impl Store {
    /// A new session; expired ones are swept on this occasion.
    pub async fn insert_session(
        &self,
        token: &SecretHash,
        of: &SessionOf,
        now: UnixMillis,
        expires_at: UnixMillis,
    ) -> Result<(), StoreError> {
        let (role, lesson) = match of {
            SessionOf::Admin => ("admin", None),
            SessionOf::Teacher(lesson) => ("teacher", Some(lesson.as_str())),
        };
        sqlx::query("DELETE FROM session WHERE expires_at <= ?").bind(now.0).execute(&self.pool).await?;
        sqlx::query(
            "INSERT INTO session (token_hash, role, lesson_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(token.as_str())
        .bind(role)
        .bind(lesson)
        .bind(now.0)
        .bind(expires_at.0)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What a cookie stands for, if it still does.
    pub async fn session(
        &self,
        token: &SecretHash,
        now: UnixMillis,
    ) -> Result<Option<SessionOf>, StoreError> {
        let row: Option<(String, Option<String>)> =
            sqlx::query_as("SELECT role, lesson_id FROM session WHERE token_hash = ? AND expires_at > ?")
                .bind(token.as_str())
                .bind(now.0)
                .fetch_optional(&self.pool)
                .await?;
        let Some((role, lesson)) = row else { return Ok(None) };
        match (role.as_str(), parse_opt("session", "lesson_id", lesson)?) {
            ("admin", _) => Ok(Some(SessionOf::Admin)),
            ("teacher", Some(lesson)) => Ok(Some(SessionOf::Teacher(lesson))),
            _ => Err(StoreError::Unknown { table: "session", column: "role" }),
        }
    }

    /// Ends a session.
    pub async fn delete_session(&self, token: &SecretHash) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM session WHERE token_hash = ?")
            .bind(token.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Uses up a set-up secret; false: it was used before.
    pub async fn use_setup_secret(&self, secret: &SecretHash, now: UnixMillis) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO used_setup_secret (secret_hash, used_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(secret.as_str())
        .bind(now.0)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Was this set-up secret used?
    pub async fn is_setup_secret_used(&self, secret: &SecretHash) -> Result<bool, StoreError> {
        let row: Option<i64> = sqlx::query_scalar("SELECT 1 FROM used_setup_secret WHERE secret_hash = ?")
            .bind(secret.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }
}
