//! `kill -9` of the real server: what was answered is still there when it is back.

use crate::house::{expect, text, wait_for};
use crate::pages::Page;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tongtang_config::secrets::Secrets;
use tongtang_testing::postgres::Database;

struct Server {
    child: Child,
    addr: SocketAddr,
    http: Client,
}

impl Server {
    /// Without its programs: they have their own tests.
    async fn start(folder: &Path, addr: SocketAddr, database_url: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_tongtang"))
            .arg("serve")
            .current_dir(folder)
            .env("TONGTANG_DATA_DIR", folder)
            .env("TONGTANG_DATABASE_URL", database_url)
            .env("TONGTANG_HTTP__LISTEN", addr.to_string())
            .env("TONGTANG_HTTPS__ENABLED", "false")
            .env("TONGTANG_SUPERVISE__SFU", "false")
            .env("TONGTANG_SUPERVISE__RECORDER", "false")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Self { child, addr, http: Client::new() };
        wait_for("the server", async || {
            let answer = server.http.get(format!("http://{addr}/api/session")).send().await.ok()?;
            (answer.status() == StatusCode::OK).then_some(())
        })
        .await;
        server
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.addr))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL: no chance to tidy up.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_server_that_is_killed_keeps_the_lesson_the_stage_and_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let database = crate::DATABASE.server().await;
    let url = database.as_ref().map(Database::url).unwrap_or_default();
    let server = Server::start(folder.path(), addr, url).await;
    let admin = Secrets::read_admin_token(folder.path()).unwrap();
    let request = server.request(Method::POST, "/api/lessons").bearer_auth(&admin);
    let made = expect(request.json(&json!({"title": "三年级音乐"})), StatusCode::CREATED).await;
    let (code, credential) = (text(&made["code"]), text(&made["teacher_credential"]));
    let pair = server.request(Method::POST, "/api/devices/pair").json(&json!({"code": code, "name": "三班"}));
    let screen = text(&expect(pair, StatusCode::OK).await["credential"]);
    let (classroom, welcome) = Page::enter(addr, &screen).await;
    let (mut teacher, _) = Page::enter(addr, &credential).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    teacher.ask(json!({"do": "call_on_stage", "participant": welcome["you"]})).await.unwrap();
    let (session, last_seq) = classroom.drop_it();

    drop(server);
    let server = Server::start(folder.path(), addr, url).await;

    let mut classroom = Page::hello(addr, &screen, Some((&session, last_seq))).await;
    classroom.last_seq = 0;
    let again = classroom.hear("welcome").await;
    assert_eq!((&again["you"], &again["lesson"]["on_stage"]), (&welcome["you"], &welcome["you"]));
    assert_eq!(again["lesson"]["state"], "live");
    let path = format!("/api/lessons/{}/access", text(&made["lesson"]["id"]));
    let access = expect(server.request(Method::GET, &path).bearer_auth(&admin), StatusCode::OK).await;
    assert_eq!((text(&access["code"]), text(&access["teacher_credential"])), (code, credential));
}
