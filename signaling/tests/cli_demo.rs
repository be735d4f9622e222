//! `tongtang demo` as a person runs it.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::process::{Command, Output};
use tongtang::auth::policy::Scope;
use tongtang::store::Store;
use tongtang_testing::postgres::Database;

fn demo(folder: &Path, database_url: &str, zone: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tongtang"))
        .arg("demo")
        .current_dir(folder)
        .env("TONGTANG_DATA_DIR", folder)
        .env("TONGTANG_DATABASE_URL", database_url)
        .env("TZ", zone)
        .output()
        .unwrap()
}

/// Runs it twice; the second time it is refused and changes nothing.
async fn founds_once(folder: &Path, database_url: &str, open: impl AsyncFn() -> Store) {
    let output = demo(folder, database_url, "America/Los_Angeles");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("安平县") && said.contains("tongtang setup-link"), "{said}");
    let store = open().await;
    let made = store.orgs(&Scope::everywhere(), None).await.unwrap();
    assert_eq!(made.len(), 39);
    assert_eq!(store.teachers(&Scope::everywhere()).await.unwrap().len(), 60);

    let output = demo(folder, database_url, "Asia/Shanghai");
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("已有单位") && said.contains("places in the database already"), "{said}");
    assert_eq!(store.orgs(&Scope::everywhere(), None).await.unwrap(), made);
    store.close().await;
}

#[tokio::test]
async fn a_demo_fills_an_empty_database_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tongtang.db");
    founds_once(folder.path(), "", async || Store::open(&path).await.unwrap()).await;
    let database = Database::fresh().await;
    let url = database.url().to_owned();
    founds_once(folder.path(), &url, async || Store::connect(&url).await.unwrap()).await;
}
