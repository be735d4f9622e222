//! Cookie sessions of people, and the set-up links that make administrators.

use super::{Store, StoreError, flag, parse_opt};
use crate::auth::SecretHash;
use sqlx::AnyConnection;
use tongtang_protocol::ids::{AccountId, LessonId};
use tongtang_protocol::units::UnixMillis;

/// What a cookie stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionOf {
    /// The administrator.
    Admin,
    /// The teacher of one lesson.
    Teacher(LessonId),
    /// Somebody with an account.
    Account {
        /// Whose.
        id: AccountId,
        /// Was the second factor given?
        second_factor: bool,
    },
}

/// Sessions of one account. One more ends the one that is to end first.
const MAX_OF_ACCOUNT: i64 = 32;

/// What a set-up secret is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupSecret {
    /// It makes its bringer the administrator, and nobody after.
    Right,
    /// It was used, or a newer one was asked for.
    UsedBefore,
    /// It is none of ours.
    Unknown,
}

/// So long a used link is told apart from a made-up one, in milliseconds.
const REMEMBER_USED_MS: i64 = 365 * 24 * 3_600_000;

impl Store {
    /// A new session; expired ones are swept on this occasion.
    pub async fn insert_session(
        &self,
        token: &SecretHash,
        of: &SessionOf,
        now: UnixMillis,
        expires_at: UnixMillis,
    ) -> Result<(), StoreError> {
        self.write(|tx| Box::pin(async move { insert(tx, token, of, now, expires_at).await })).await
    }

    /// What a cookie stands for, if it still does.
    pub async fn session(
        &self,
        token: &SecretHash,
        now: UnixMillis,
    ) -> Result<Option<SessionOf>, StoreError> {
        let row: Option<(String, Option<String>, Option<String>, i64)> = sqlx::query_as(
            "SELECT role, lesson_id, account_id, second_factor FROM session
             WHERE token_hash = $1 AND expires_at > $2",
        )
        .bind(token.as_str())
        .bind(now.0)
        .fetch_optional(&self.pool)
        .await?;
        let Some((role, lesson, account, second_factor)) = row else { return Ok(None) };
        let lesson = parse_opt("session", "lesson_id", lesson)?;
        match (role.as_str(), lesson, parse_opt("session", "account_id", account)?) {
            ("admin", ..) => Ok(Some(SessionOf::Admin)),
            ("teacher", Some(lesson), _) => Ok(Some(SessionOf::Teacher(lesson))),
            ("account", _, Some(id)) => {
                Ok(Some(SessionOf::Account { id, second_factor: flag(second_factor) }))
            }
            _ => Err(StoreError::Unknown { table: "session", column: "role" }),
        }
    }

    /// Ends a session.
    pub async fn delete_session(&self, token: &SecretHash) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM session WHERE token_hash = $1")
            .bind(token.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Uses up a set-up secret: the installation's `first` one, or that of the newest link.
    pub async fn use_setup_secret(
        &self,
        secret: &SecretHash,
        first: &SecretHash,
        now: UnixMillis,
    ) -> Result<SetupSecret, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let newest = sqlx::query("DELETE FROM setup_link WHERE secret_hash = $1")
                    .bind(secret.as_str())
                    .execute(&mut **tx)
                    .await?
                    .rows_affected()
                    > 0;
                let is_new = use_up(tx, secret, newest || secret == first, now).await?;
                Ok(is_new)
            })
        })
        .await
    }

    /// A new set-up secret; the ones before it open nothing any more.
    pub async fn replace_setup_secret(
        &self,
        secret: &SecretHash,
        first: &SecretHash,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        self.write(|tx| { Box::pin(async move {
            use_up(tx, first, true, now).await?;
            sqlx::query(
                "INSERT INTO used_setup_secret (secret_hash, used_at) SELECT secret_hash, $1 FROM setup_link WHERE true
                 ON CONFLICT DO NOTHING",
            )
            .bind(now.0)
            .execute(&mut **tx)
            .await?;
            sqlx::query("DELETE FROM setup_link").execute(&mut **tx).await?;
            sqlx::query("DELETE FROM used_setup_secret WHERE used_at < $1 AND secret_hash <> $2")
                .bind(now.0 - REMEMBER_USED_MS)
                .bind(first.as_str())
                .execute(&mut **tx)
                .await?;
            sqlx::query("INSERT INTO setup_link (secret_hash, made_at) VALUES ($1, $2)")
                .bind(secret.as_str())
                .bind(now.0)
                .execute(&mut **tx)
                .await?;
            Ok(())
        }) })
        .await
    }

    /// Was this set-up secret used?
    pub async fn is_setup_secret_used(&self, secret: &SecretHash) -> Result<bool, StoreError> {
        let row: Option<i64> = sqlx::query_scalar("SELECT 1 FROM used_setup_secret WHERE secret_hash = $1")
            .bind(secret.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }
}

/// A new session; expired ones, and an account's surplus ones, are swept on this occasion.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    token: &SecretHash,
    of: &SessionOf,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> Result<(), StoreError> {
    let (role, lesson, account, second_factor) = match of {
        SessionOf::Admin => ("admin", None, None, false),
        SessionOf::Teacher(lesson) => ("teacher", Some(lesson.as_str()), None, false),
        SessionOf::Account { id, second_factor } => ("account", None, Some(id.as_str()), *second_factor),
    };
    sqlx::query("DELETE FROM session WHERE expires_at <= $1").bind(now.0).execute(&mut *connection).await?;
    sqlx::query(
        "DELETE FROM session WHERE token_hash IN (
             SELECT token_hash FROM session WHERE account_id = $1
             ORDER BY expires_at DESC, token_hash LIMIT $2 OFFSET $3)",
    )
    .bind(account)
    .bind(i64::MAX)
    .bind(MAX_OF_ACCOUNT - 1)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO session (token_hash, role, lesson_id, account_id, second_factor, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(token.as_str())
    .bind(role)
    .bind(lesson)
    .bind(account)
    .bind(i64::from(second_factor))
    .bind(now.0)
    .bind(expires_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// What became of a set-up secret that somebody brought.
async fn use_up(
    connection: &mut AnyConnection,
    secret: &SecretHash,
    is_known: bool,
    now: UnixMillis,
) -> Result<SetupSecret, StoreError> {
    let used: Option<i64> = sqlx::query_scalar("SELECT 1 FROM used_setup_secret WHERE secret_hash = $1")
        .bind(secret.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    if used.is_some() {
        return Ok(SetupSecret::UsedBefore);
    }
    if !is_known {
        return Ok(SetupSecret::Unknown);
    }
    sqlx::query("INSERT INTO used_setup_secret (secret_hash, used_at) VALUES ($1, $2)")
        .bind(secret.as_str())
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(SetupSecret::Right)
}
