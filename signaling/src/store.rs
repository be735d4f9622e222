//! The truth: SQLite, one module an aggregate.
//!
//! Owns the connection pool and the migrations. Enters: typed rows; leaves: typed rows. Nothing
//! above this module writes SQL. WAL with `synchronous=FULL`: what was answered survives a power
//! cut.

pub mod device;
pub mod job;
pub mod lesson;
pub mod resource;
pub mod session;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use std::path::Path;
use std::time::Duration;

/// Connections: SQLite has one writer, so more only help reading.
const MAX_CONNECTIONS: u32 = 4;

/// How long a statement waits for another process' lock (a backup, the command line).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("database: {0}")]
    Sql(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("database migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row holds what this version does not know.
    #[error("database: {table}.{column} holds a value this version does not know")]
    Unknown {
        /// Where.
        table: &'static str,
        /// Where.
        column: &'static str,
    },
}

impl Store {
    /// Opens `path`, creates it if it is missing, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(MAX_CONNECTIONS).connect_with(options).await?;
        sqlx::migrate!("./migrations").run(&pool).await?;
        Ok(Self { pool })
    }

    /// Answers whether the database can be written: takes the write lock, and writes what is there.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("UPDATE lesson SET title = title WHERE id = ''").execute(&mut *tx).await?;
        tx.rollback().await?;
        Ok(())
    }

    /// Closes the connections; whoever asks afterwards is refused.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl StoreError {
    /// Did a UNIQUE constraint refuse the row?
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}

/// Which part of a list is read, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// Those older than the row with this id.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
    /// Titles contain this.
    pub search: String,
}

/// Rows a list has at most.
pub const MAX_LISTED: u32 = 500;

impl Default for Slice {
    /// The newest.
    fn default() -> Self {
        Self { after: None, limit: MAX_LISTED, search: String::new() }
    }
}

/// Identifiers as one parameter: `IN (SELECT value FROM json_each(?))`.
fn json_list<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    serde_json::to_string(&ids.collect::<Vec<_>>()).unwrap_or_default()
}

/// The word an enum has on the wire, which is the word it has in the database.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The enum or identifier behind a word.
fn parse<T: DeserializeOwned>(
    table: &'static str,
    column: &'static str,
    word: String,
) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(|_| StoreError::Unknown { table, column })
}

/// The same for a column that may be NULL.
fn parse_opt<T: DeserializeOwned>(
    table: &'static str,
    column: &'static str,
    word: Option<String>,
) -> Result<Option<T>, StoreError> {
    word.map(|word| parse(table, column, word)).transpose()
}

/// The value behind a JSON column.
fn from_json<T: DeserializeOwned>(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unknown { table, column })
}

/// SQLite's integers are signed; ours that count are not.
fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The way back.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use sqlx::Row;

    /// How SQLite goes about a statement.
    async fn plan(store: &Store, sql: &'static str) -> String {
        let rows = sqlx::query(sql).fetch_all(&store.pool).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("; ")
    }

    #[tokio::test]
    async fn lists_and_sweeps_use_their_indexes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("t.db")).await.unwrap();
        for (sql, index) in [
            (
                "EXPLAIN QUERY PLAN SELECT id FROM lesson ORDER BY created_at DESC, id DESC LIMIT 9",
                "lesson_by_age",
            ),
            (
                "EXPLAIN QUERY PLAN SELECT * FROM resource ORDER BY recorded_at DESC, id DESC LIMIT 9",
                "resource_by_age",
            ),
            ("EXPLAIN QUERY PLAN SELECT id FROM lesson WHERE state = 'x' AND starts_at <= 1", "lesson_due"),
            ("EXPLAIN QUERY PLAN DELETE FROM session WHERE expires_at <= 1", "session_by_end"),
            ("EXPLAIN QUERY PLAN SELECT 1 FROM participant WHERE device_id = 'x'", "participant_by_device"),
        ] {
            let plan = plan(&store, sql).await;
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
        }
    }
}
