//! The truth: SQLite, one module an aggregate.
//!
//! Owns the connection pool and the migrations. Enters: typed rows; leaves: typed rows. Nothing
//! above this module writes SQL. WAL with `synchronous=FULL`: what was answered survives a power
//! cut.

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
}
