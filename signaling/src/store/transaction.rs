//! Transactions. Whoever looks before it writes does both in [`Store::write`].
//!
//! On SQLite a writer takes the one write lock first (`BEGIN IMMEDIATE`) and waits for it. PostgreSQL lets
//! writers run beside each other and refuses the one whose outcome would depend on their order; that one
//! is run again from its beginning.

use super::connect::Dialect;
use super::{Store, StoreError};
use futures_util::future::BoxFuture;
use rand::Rng;
use sqlx::{Any, Transaction};
use std::time::Duration;

/// So often a transaction is run until PostgreSQL's refusal is given back. Of those that collide, one always
/// gets through.
const MAX_ATTEMPTS: u32 = 16;

/// Longest pause before a transaction is run again, in milliseconds. Pauses are random, so that those that collided
/// do not collide again, and double up to this.
const MAX_PAUSE_MS: u64 = 128;

/// What is done in a transaction: `|tx| Box::pin(async move { … })`.
pub(super) type Work<'t, T> = BoxFuture<'t, Result<T, StoreError>>;

impl Store {
    /// Runs `work` in a transaction that sees no other writer's half-done work and is all or nothing. `work` may run
    /// several times: it changes nothing but the database.
    ///
    /// `'a` is how long what `work` borrows lives: an async closure would do without it, but the compiler cannot see
    /// that its futures are `Send`.
    pub(super) async fn write<'a, T>(
        &self,
        work: impl for<'t> Fn(&'t mut Transaction<'a, Any>) -> Work<'t, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        self.run(None, &work, |_| true).await
    }

    /// The same for those who change the timetable: they take turns on PostgreSQL too, as all writers do on SQLite, so that
    /// a term that is being published is not refused for a lesson that somebody moves meanwhile, nor the other way round.
    pub(super) async fn write_in_turn<'a, T>(
        &self,
        work: impl for<'t> Fn(&'t mut Transaction<'a, Any>) -> Work<'t, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        self.run(self.dialect.lock_timetable(), &work, |_| true).await
    }

    /// The same, taken back as if it had not been unless `is_kept` says of its outcome that it stays.
    pub(super) async fn write_if<'a, T>(
        &self,
        is_kept: fn(&T) -> bool,
        work: impl for<'t> Fn(&'t mut Transaction<'a, Any>) -> Work<'t, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        self.run(self.dialect.lock_timetable(), &work, is_kept).await
    }

    async fn run<'a, T>(
        &self,
        lock: Option<&'static str>,
        work: &(impl for<'t> Fn(&'t mut Transaction<'a, Any>) -> Work<'t, T> + Send + Sync),
        is_kept: fn(&T) -> bool,
    ) -> Result<T, StoreError> {
        let mut attempt = 1;
        loop {
            match self.write_once(lock, work, is_kept).await {
                Err(error) if error.is_collision() && attempt < MAX_ATTEMPTS => {
                    let pause = rand::rng().random_range(0..=MAX_PAUSE_MS.min(1 << attempt));
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn write_once<'a, T>(
        &self,
        lock: Option<&'static str>,
        work: &(impl for<'t> Fn(&'t mut Transaction<'a, Any>) -> Work<'t, T> + Send + Sync),
        is_kept: fn(&T) -> bool,
    ) -> Result<T, StoreError> {
        let mut tx: Transaction<'a, Any> = self.pool.begin_with(self.dialect.begin_to_write()).await?;
        if let Some(lock) = lock {
            sqlx::query(lock).execute(&mut *tx).await?;
        }
        let done = work(&mut tx).await?;
        match is_kept(&done) {
            true => tx.commit().await?,
            false => tx.rollback().await?,
        }
        Ok(done)
    }

    /// A transaction that reads: all its statements see the same moment.
    pub(super) async fn read(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.pool.begin_with(self.dialect.begin_to_read()).await?)
    }
}

impl Dialect {
    pub(super) fn begin_to_write(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        }
    }

    /// Before anything is read: PostgreSQL takes the moment that the transaction sees when the lock is held.
    fn lock_timetable(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("LOCK TABLE booking IN SHARE ROW EXCLUSIVE MODE"),
        }
    }

    fn begin_to_read(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        }
    }
}
