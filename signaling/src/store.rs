//! The truth: SQLite or PostgreSQL, one module an aggregate, SQL written once.
//!
//! Owns the connection pool and the migrations. Enters: typed rows; leaves: typed rows. Nothing
//! above this module writes SQL.
//!
//! What keeps the SQL one: parameters are `$1, $2 …`; a column is TEXT or BIGINT (times, counts, and booleans as 0
//! and 1: [`flag`]); `ON CONFLICT` names its columns; `ORDER BY` on a column that may be NULL says `NULLS FIRST`; what
//! SQLite has and PostgreSQL lacks is defined in `migrations/postgres` under SQLite's name.

pub mod account;
pub mod bell;
mod booking;
pub mod calendar_feed;
pub mod class_group;
pub mod classroom;
mod connect;
mod county;
#[cfg(test)]
mod county_tests;
pub mod curriculum;
pub mod device;
pub mod founding;
pub mod job;
pub mod ledger;
pub mod lesson;
pub mod oidc;
pub mod org;
pub mod pairing;
pub mod plan;
pub mod resource;
pub mod screen_code;
pub mod session;
mod sight;
pub mod sign_in;
pub mod teacher;
pub mod term;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod timetable;
pub mod timetable_change;
pub mod timetable_facts;
pub mod timetable_live;
#[cfg(test)]
mod timetable_tests;
mod transaction;

pub use connect::ConnectError;

use crate::places::PlaceRefusal;
use connect::Dialect;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::AnyPool;

/// The database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    dialect: Dialect,
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("database: {0}")]
    Sql(#[from] sqlx::Error),
    /// There is no connection to it.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The schema could not be brought up to date.
    #[error("database migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// What was asked for cannot be there; nothing was done.
    #[error(transparent)]
    Place(#[from] PlaceRefusal),
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
    /// Answers whether the database can be written: takes what a writer takes, and writes what is there.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut tx = self.pool.begin_with(self.dialect.begin_to_write()).await?;
        sqlx::query("UPDATE lesson SET title = title WHERE id = ''").execute(&mut *tx).await?;
        tx.rollback().await?;
        Ok(())
    }

    /// Closes the connections; whoever asks afterwards is refused.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// What a trigger of SQLite says (`RAISE(ABORT, 'booked: …')`) where PostgreSQL has an exclusion constraint.
const BOOKED: &str = "booked: ";

impl StoreError {
    /// Did a UNIQUE constraint refuse the row?
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Did the database refuse a row that overlaps another (a double booking)?
    pub fn is_refused(&self) -> bool {
        let Self::Sql(sqlx::Error::Database(error)) = self else { return false };
        // PostgreSQL: exclusion_violation. SQLite: SQLITE_CONSTRAINT_TRIGGER.
        match error.code().as_deref() {
            Some("23P01") => true,
            Some("1811") => error.message().starts_with(BOOKED),
            _ => false,
        }
    }

    /// Did PostgreSQL refuse because of another transaction, so that the same may succeed now?
    fn is_collision(&self) -> bool {
        let Self::Sql(sqlx::Error::Database(error)) = self else { return false };
        // serialization_failure, deadlock_detected.
        matches!(error.code().as_deref(), Some("40001" | "40P01"))
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

/// Rows a list of places, people or times has at most: one that is longer is refused, since a part would mislead.
pub const MAX_LISTED_COUNTY: i64 = 5_000;

impl Default for Slice {
    /// The newest.
    fn default() -> Self {
        Self { after: None, limit: MAX_LISTED, search: String::new() }
    }
}

/// Identifiers as one parameter: `IN (SELECT value FROM json_each($1))`.
fn json_list<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    serde_json::to_string(&ids.collect::<Vec<_>>()).unwrap_or_default()
}

/// A small number of a BIGINT column.
fn small<T: TryFrom<i64> + Default>(value: i64) -> T {
    T::try_from(value).unwrap_or_default()
}

/// `($1, $2), ($3, $4)`: so many rows of so many parameters.
fn rows(rows: usize, columns: usize) -> String {
    let row = |at: usize| {
        let of_row: Vec<String> = (1..=columns).map(|column| format!("${}", at * columns + column)).collect();
        format!("({})", of_row.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
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

/// A boolean column.
fn flag(value: i64) -> bool {
    value != 0
}

/// SQL's integers are signed; ours that count are not.
fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A whole number of another size.
fn number<T: TryFrom<i64>>(table: &'static str, column: &'static str, value: i64) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::Unknown { table, column })
}

/// The same for a column that may be NULL.
fn number_opt<T: TryFrom<i64>>(
    table: &'static str,
    column: &'static str,
    value: Option<i64>,
) -> Result<Option<T>, StoreError> {
    value.map(|value| number(table, column, value)).transpose()
}

/// The way back.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
