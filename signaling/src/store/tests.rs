//! What both databases do alike, and what each is held to.
#![allow(clippy::unwrap_used)]

use super::connect::Dialect;
use super::testing::each_database;
use super::{Store, StoreError, json_list};
use futures_util::future::join_all;
use sqlx::Row;
use tongtang_testing::postgres::Database;

async fn sqlite(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join("课 %41?.db")).await.unwrap()
}

/// How SQLite goes about a statement.
async fn plan(store: &Store, sql: &'static str) -> String {
    let rows = sqlx::query(sql).fetch_all(&store.pool).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn lists_and_sweeps_use_their_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(&folder).await;
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

#[tokio::test]
async fn every_connection_to_sqlite_is_durable_and_holds_references() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(&folder).await;
    assert!(folder.path().join("课 %41?.db").exists(), "the path is taken as it is");
    // All of the pool at once, so that each is another connection.
    let mut connections = Vec::new();
    for _ in 0..store.pool.options().get_max_connections() {
        connections.push(store.pool.acquire().await.unwrap());
    }
    for connection in &mut connections {
        let mode: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut **connection).await.unwrap();
        assert_eq!(mode, "wal");
        // 2: FULL.
        for (pragma, value) in
            [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1), ("PRAGMA busy_timeout", 5000)]
        {
            let got: i64 = sqlx::query_scalar(pragma).fetch_one(&mut **connection).await.unwrap();
            assert_eq!(got, value, "{pragma}");
        }
    }
}

#[tokio::test]
async fn both_databases_have_the_same_migrations_and_the_same_columns() {
    let numbered = |migrator: sqlx::migrate::Migrator| -> Vec<(i64, String)> {
        migrator.iter().map(|migration| (migration.version, migration.description.to_string())).collect()
    };
    let of_sqlite = numbered(sqlx::migrate!("./migrations/sqlite"));
    assert_eq!(of_sqlite, numbered(sqlx::migrate!("./migrations/postgres")));

    let folder = tempfile::tempdir().unwrap();
    let columns: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT m.name, c.name, replace(c.type, 'INTEGER', 'BIGINT'), c.\"notnull\" OR c.pk > 0
         FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'
         ORDER BY m.name, c.name",
    )
    .fetch_all(&sqlite(&folder).await.pool)
    .await
    .unwrap();
    let database = Database::fresh().await;
    let others: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, upper(data_type::text), CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'
         ORDER BY table_name::text COLLATE \"C\", column_name::text COLLATE \"C\"",
    )
    .fetch_all(&Store::connect(database.url()).await.unwrap().pool)
    .await
    .unwrap();
    assert!(columns.len() > 60, "{columns:?}");
    assert_eq!(columns, others);
}

#[tokio::test]
async fn both_databases_take_and_give_the_same_values() {
    each_database(async |store| {
        for (text, number) in [(Some("茉莉花's \"课\" \\ $1 ?"), Some(i64::MAX)), (None, None), (Some(""), Some(-1))] {
            let row: (Option<String>, Option<i64>, i64) =
                sqlx::query_as("SELECT CAST($2 AS TEXT), CAST($1 AS BIGINT), COUNT(*) FROM lesson WHERE $2 IS NULL OR id = $2")
                    .bind(number)
                    .bind(text)
                    .fetch_one(&store.pool)
                    .await
                    .unwrap();
            assert_eq!((row.0.as_deref(), row.1, row.2), (text, number, 0));
        }
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT value FROM json_each($1) WHERE instr(lower(value), lower($2)) > 0 ORDER BY value NULLS FIRST",
        )
        .bind(json_list(["b 课", "a 课", "B 语文", "c"].into_iter()))
        .bind("课")
        .fetch_all(&store.pool)
        .await
        .unwrap();
        assert_eq!(found, ["a 课", "b 课"]);
    })
    .await;
}

#[tokio::test]
async fn of_writers_that_look_before_they_write_none_sees_what_another_saw() {
    const WRITERS: usize = 50;
    each_database(async |store| {
        let writers = (0..WRITERS).map(|_| async {
            store
                .write(|tx| {
                    Box::pin(async move {
                        let number: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM setup_link")
                            .fetch_one(&mut **tx)
                            .await?;
                        // The key is no help: it is another one for each number of rows.
                        sqlx::query("INSERT INTO setup_link (secret_hash, made_at) VALUES ($1, $2)")
                            .bind(uuid::Uuid::now_v7().to_string())
                            .bind(number)
                            .execute(&mut **tx)
                            .await?;
                        Ok(())
                    })
                })
                .await
        });
        for outcome in join_all(writers).await {
            outcome.unwrap();
        }
        let seen: Vec<i64> = sqlx::query_scalar("SELECT made_at FROM setup_link ORDER BY made_at")
            .fetch_all(&store.pool)
            .await
            .unwrap();
        assert_eq!(seen, (0..50).collect::<Vec<i64>>());
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_fails_leaves_nothing_and_the_next_one_works() {
    each_database(async |store| {
        let failed: Result<(), _> = store
            .write(|tx| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO setup_link (secret_hash, made_at) VALUES ('a', 1)")
                        .execute(&mut **tx)
                        .await?;
                    Err(StoreError::Unknown { table: "a", column: "b" })
                })
            })
            .await;
        assert!(matches!(failed, Err(StoreError::Unknown { .. })));
        let left: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM setup_link").fetch_one(&store.pool).await.unwrap();
        assert_eq!(left, 0);
        store.ping().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_reads_in_one_transaction_sees_one_moment() {
    each_database(async |store| {
        let insert = "INSERT INTO setup_link (secret_hash, made_at) VALUES ('a', 1)";
        let count = "SELECT COUNT(*) FROM setup_link";
        let mut tx = store.read().await.unwrap();
        let before: i64 = sqlx::query_scalar(count).fetch_one(&mut *tx).await.unwrap();
        sqlx::query(insert).execute(&store.pool).await.unwrap();
        let after: i64 = sqlx::query_scalar(count).fetch_one(&mut *tx).await.unwrap();
        assert_eq!((before, after), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_row_that_is_there_is_taken_and_one_that_overlaps_is_refused() {
    each_database(async |store| {
        let refuse = match store.dialect {
            Dialect::Sqlite => {
                "CREATE TABLE stay (room TEXT NOT NULL, begins BIGINT NOT NULL, ends BIGINT NOT NULL);
                 CREATE TRIGGER stay_booked BEFORE INSERT ON stay
                 WHEN EXISTS (SELECT 1 FROM stay WHERE room = NEW.room AND begins < NEW.ends AND ends > NEW.begins)
                 BEGIN SELECT RAISE(ABORT, 'booked: room'); END"
            }
            Dialect::Postgres => {
                "CREATE EXTENSION IF NOT EXISTS btree_gist;
                 CREATE TABLE stay (room TEXT NOT NULL, begins BIGINT NOT NULL, ends BIGINT NOT NULL,
                     EXCLUDE USING gist (room WITH =, int8range(begins, ends) WITH &&))"
            }
        };
        sqlx::raw_sql(refuse).execute(&store.pool).await.unwrap();
        let book = async |begins: i64| -> Result<(), StoreError> {
            sqlx::query("INSERT INTO stay (room, begins, ends) VALUES ('a', $1, $2)")
                .bind(begins)
                .bind(begins + 10)
                .execute(&store.pool)
                .await?;
            Ok(())
        };
        book(0).await.unwrap();
        book(10).await.unwrap();
        let error = book(5).await.unwrap_err();
        assert!(error.is_refused() && !error.is_taken() && !error.is_collision(), "{error}");

        let insert = || sqlx::query("INSERT INTO setup_link (secret_hash, made_at) VALUES ('a', 1)").execute(&store.pool);
        insert().await.unwrap();
        let error = StoreError::from(insert().await.unwrap_err());
        assert!(error.is_taken() && !error.is_refused(), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_wrong_address_is_told_with_its_cause_and_without_its_password() {
    let database = Database::fresh().await;
    let (_, folder) = database.url().split_once('?').unwrap();
    let nobody_listens = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (url, needle) in [
        ("mysql://u:geheim@h/d".to_owned(), "does not begin with postgres://"),
        ("geheim".to_owned(), "it is no address"),
        ("postgres://u:geheim@h/d?ssl=geheim".to_owned(), "unknown parameter `ssl`"),
        (format!("postgres://u:geheim@127.0.0.1:{nobody_listens}/d"), "cannot be reached"),
        (format!("postgres://u:geheim@localhost/d?{folder}"), "refuses the connection"),
        (format!("postgres://tongtang:geheim@localhost/missing?{folder}"), "\"missing\" does not exist"),
    ] {
        let error = Store::connect(&url).await.unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(said.contains(needle), "{url}: {said}");
        assert!(!said.contains("geheim"), "{said}");
    }
}
