//! Signaling's inner house on a port of its own, with a database that outlives it.

use crate::nodes::{FakeRecorder, FakeSfu};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tongtang::app::{App, router};
use tongtang::nodes::Nodes;
use tongtang::store::Store;
use tongtang_config::Config;
use tongtang_config::secrets::Secrets;
use tongtang_testing::postgres::Database;

/// Longest wait for anything.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Which database the houses of this test binary have.
#[derive(Clone, Copy)]
pub enum Kind {
    #[allow(dead_code, reason = "each of the two test binaries has one kind")]
    Sqlite,
    #[allow(dead_code, reason = "each of the two test binaries has one kind")]
    Postgres,
}

impl Kind {
    /// A new database on a server, if that is where this kind's are.
    pub async fn server(self) -> Option<Database> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(Database::fresh().await),
        }
    }
}

pub struct House {
    pub addr: SocketAddr,
    pub app: App,
    pub nodes: Nodes,
    pub secrets: Secrets,
    pub http: reqwest::Client,
    folder: PathBuf,
    /// None: SQLite in the folder.
    database: Option<Database>,
    _temp: Option<TempDir>,
    tasks: Vec<JoinHandle<()>>,
}

/// What a test needs of a lesson that was made.
pub struct Made {
    pub id: String,
    pub code: String,
    pub teacher: String,
}

impl House {
    pub async fn open() -> Self {
        Self::open_with(Config::default(), here()).await
    }

    /// The same, where another program stands in `tongtang`'s place for what works in a process of its own.
    pub async fn open_with_program(program: PathBuf) -> Self {
        Self::open_with(Config::default(), program).await
    }

    /// The same with this configuration.
    #[allow(dead_code, reason = "one of the two test binaries may not need it")]
    pub async fn open_with_config(config: Config) -> Self {
        Self::open_with(config, here()).await
    }

    async fn open_with(config: Config, program: PathBuf) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let mut house = Self::open_in(temp.path(), config, crate::DATABASE.server().await, program).await;
        house._temp = Some(temp);
        house
    }

    async fn open_in(folder: &Path, config: Config, database: Option<Database>, program: PathBuf) -> Self {
        // Whichever test comes first installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Config { data_dir: folder.to_owned(), ..config };
        let secrets = Secrets::ensure(folder).unwrap();
        let store = match &database {
            Some(database) => Store::connect(database.url()).await,
            None => Store::open(&folder.join("tongtang.db")).await,
        };
        let store = store.unwrap();
        let nodes = Nodes::new(&secrets.control_secret, secrets.token_public_key_pem.clone());
        let app = App::new(config, &secrets, store, nodes.clone()).unwrap().with_program(program);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let tasks = vec![
            tokio::spawn(app.clone().run()),
            tokio::spawn(async move { axum::serve(listener, service).await.unwrap() }),
        ];
        let http = reqwest::Client::builder().build().unwrap();
        Self { addr, app, nodes, secrets, http, folder: folder.to_owned(), database, _temp: None, tasks }
    }

    /// A connection of the test's own, beside the house's.
    pub async fn database(&self) -> AnyConnection {
        let url = match &self.database {
            Some(database) => database.url().to_owned(),
            None => format!("sqlite://{}", self.folder.join("tongtang.db").display()),
        };
        AnyConnection::connect(&url).await.unwrap()
    }

    /// The same house after a crash: another process on the same files and the same database.
    pub async fn reopen(mut self) -> Self {
        let temp = self._temp.take();
        let database = self.database.take();
        let folder = self.folder.clone();
        let config = self.app.config().clone();
        drop(self);
        let mut house = Self::open_in(&folder, config, database, here()).await;
        house._temp = temp;
        house
    }

    pub fn media_dir(&self) -> PathBuf {
        self.app.config().media_dir()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub fn as_admin(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.secrets.admin_token)
    }

    pub async fn get(&self, path: &str) -> Value {
        expect(self.as_admin(Method::GET, path), StatusCode::OK).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        expect(self.as_admin(Method::POST, path).json(&body), StatusCode::OK).await
    }

    pub async fn make_lesson(&self, record: bool) -> Made {
        let body = json!({"title": "三年级音乐：茉莉花", "record": record});
        let access =
            expect(self.as_admin(Method::POST, "/api/lessons").json(&body), StatusCode::CREATED).await;
        Made {
            id: text(&access["lesson"]["id"]),
            code: text(&access["code"]),
            teacher: text(&access["teacher_credential"]),
        }
    }

    /// A screen's credential.
    pub async fn pair(&self, code: &str, name: &str) -> String {
        let body = json!({"code": code, "name": name});
        let paired =
            expect(self.request(Method::POST, "/api/devices/pair").json(&body), StatusCode::OK).await;
        text(&paired["credential"])
    }

    pub async fn with_nodes(&self) -> (FakeSfu, FakeRecorder) {
        let sfu = FakeSfu::start(&self.secrets.control_secret).await;
        let recorder = FakeRecorder::start(&self.secrets.control_secret).await;
        sfu.register(&self.nodes);
        recorder.register(&self.nodes);
        (sfu, recorder)
    }
}

/// This program.
fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_tongtang"))
}

impl Drop for House {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// The JSON of an answer that has this status.
pub async fn expect(request: RequestBuilder, status: StatusCode) -> Value {
    let response = request.send().await.unwrap();
    let got = response.status();
    let body = response.text().await.unwrap();
    assert_eq!(got, status, "{body}");
    if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() }
}

/// Waits until `look` finds something.
pub async fn wait_for<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looked = tokio::time::timeout(DEADLINE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    looked.await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}
