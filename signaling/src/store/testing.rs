//! A test of the store on both databases, in one line: `each_database(async |store| …).await`.

#![allow(clippy::unwrap_used)]

use super::Store;
use tongtang_testing::postgres::Database;

/// Runs `test` on a fresh SQLite file, then on a fresh PostgreSQL database.
pub(crate) async fn each_database(test: impl AsyncFn(Store)) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("tongtang.db")).await.unwrap();
    test(store.clone()).await;
    store.close().await;
    let database = Database::fresh().await;
    let store = Store::connect(database.url()).await.unwrap();
    test(store.clone()).await;
    store.close().await;
}
