//! A PostgreSQL of the test binary's own, and a fresh database for whoever asks.
//!
//! The cluster is made at the first request, in a temporary folder, reachable by a socket in it alone. A shell
//! holds it: when the test binary ends, in whatever way, the shell's standard input closes; it stops the server and
//! removes the folder.

use sqlx::{Connection, Executor, PgConnection};
use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};

/// Where Debian has its programs, one folder a version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// PostgreSQL refuses to run as root; tests that do give it to this user.
const UNPRIVILEGED: &str = "nobody";

/// `$1`: folder of the programs, `$2`: the cluster's folder. Says `ready`, or what PostgreSQL said. It commits without
/// waiting for the disk: what tests write is gone with them.
const HOLD: &str = r#"
    cd "$2" || exit 1
    trap 'rm -rf "$2"' EXIT
    "$1/initdb" -D data -U tongtang -A trust -E UTF8 --locale=C.UTF-8 -N >initdb.log 2>&1 || { cat initdb.log; exit 1; }
    "$1/postgres" -D data -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
        -c full_page_writes=off -c max_connections=400 -c shared_buffers=64MB >server.log 2>&1 &
    server=$!
    until "$1/pg_isready" -q -h "$2"; do
        kill -0 $server 2>/dev/null || { cat server.log; exit 1; }
        sleep 0.05
    done
    echo ready
    exec >/dev/null
    read -r _
    kill -QUIT $server
    wait $server
"#;

/// A database that nobody else uses; it is removed some time after this is dropped.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
}

impl Database {
    /// A fresh, empty database in the cluster of this test binary.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    pub async fn fresh() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&CLUSTER.url("postgres")).await.unwrap();
        let left = std::mem::take(&mut *LEFT.lock().unwrap());
        for name in left {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            connection.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
        }
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        connection.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
        connection.close().await.unwrap();
        Self { url: CLUSTER.url(&name), name }
    }

    /// Its address, for `Store::connect` and `database_url`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(mut left) = LEFT.lock() {
            left.push(std::mem::take(&mut self.name));
        }
    }
}

/// Databases that are not used any more.
static LEFT: Mutex<Vec<String>> = Mutex::new(Vec::new());

static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);

struct Cluster {
    folder: PathBuf,
    /// Open as long as this process lives.
    _alive: ChildStdin,
}

impl Cluster {
    #[expect(clippy::zombie_processes, reason = "the shell ends after this process")]
    fn start() -> Self {
        let programs = programs().expect("PostgreSQL is not installed: run .ci/install test");
        // A socket's path has at most 107 bytes: not in a build folder. The shell removes the folder.
        let folder = tempfile::Builder::new().prefix("tongtang-pg-").tempdir_in("/tmp").unwrap().keep();
        std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        let mut shell = unprivileged_shell(&folder);
        shell.args(["-c", HOLD, "sh"]).arg(&programs).arg(&folder);
        // A group of its own: Ctrl-C ends the tests, and so the shell, in this order. In English, as HOLD reads it.
        let mut shell = shell
            .process_group(0)
            .env("LC_ALL", "C.UTF-8")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        for line in BufReader::new(shell.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if line == "ready" {
                return Self { folder, _alive: shell.stdin.take().unwrap() };
            }
            said.push_str(&line);
            said.push('\n');
        }
        panic!("PostgreSQL does not start:\n{said}");
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://tongtang@localhost/{database}?host={}", self.folder.display())
    }
}

/// A shell that is not root and owns the folder.
fn unprivileged_shell(folder: &Path) -> Command {
    if !nix::unistd::geteuid().is_root() {
        return Command::new("sh");
    }
    let user = nix::unistd::User::from_name(UNPRIVILEGED).unwrap().expect("there is a user nobody");
    let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
    // initdb needs /dev/null. Where only root may write there (some containers), the shell is root outside and
    // another user in a namespace of its own.
    if std::fs::metadata("/dev/null").unwrap().permissions().mode() & 0o002 == 0 {
        let mut shell = Command::new("unshare");
        shell.args(["--user", &format!("--map-user={uid}"), &format!("--map-group={gid}"), "sh"]);
        return shell;
    }
    chown(folder, Some(uid), Some(gid)).unwrap();
    let mut shell = Command::new("sh");
    shell.uid(uid).gid(gid);
    shell
}

/// The newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(DEBIAN).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    versions
        .max_by_key(|path| version(path))
        .map(|path| path.join("bin"))
        .filter(|bin| bin.join("initdb").exists())
}
