//! Conditions: the real program, started as a person or a script starts it. Check: what it answers.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(60);

fn tongtang(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongtang"));
    command.current_dir(folder).env_remove("TONGTANG_CONFIG");
    command
}

fn answer(folder: &Path, args: &[&str]) -> (bool, String, String) {
    let Output { status, stdout, stderr } = tongtang(folder).args(args).output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Two ports that are free: both are held until both are known, so that they differ.
fn free_ports() -> (u16, u16) {
    let [one, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    (one.local_addr().unwrap().port(), other.local_addr().unwrap().port())
}

/// A folder with a configuration that starts no other program.
fn installation() -> (tempfile::TempDir, u16) {
    let folder = tempfile::tempdir().unwrap();
    let (http, https) = free_ports();
    let text = format!(
        "[http]\nlisten = \"127.0.0.1:{http}\"\n[https]\nlisten = \"127.0.0.1:{https}\"\n\
         [supervise]\nsfu = false\nrecorder = false\n"
    );
    std::fs::write(folder.path().join("tongtang.toml"), text).unwrap();
    (folder, http)
}

/// `tongtang serve`, up; killed at the end.
struct Server {
    child: Child,
    greeting: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let log = std::fs::File::create(folder.join("stderr")).unwrap();
        let mut child = tongtang(folder).arg("serve").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, greeting: String::new() };
        for line in stdout.lines() {
            server.greeting.push_str(&line.unwrap());
            server.greeting.push('\n');
            if server.greeting.contains("Ctrl-C") {
                return server;
            }
        }
        panic!("no greeting: {}", std::fs::read_to_string(folder.join("stderr")).unwrap());
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    fn wait(&mut self) -> std::process::ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < DEADLINE, "does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A stand-in sfu: says hello as one does, again and again, and agrees to everything. Lives as long
/// as the test program.
fn register_an_sfu(folder: &Path, port: u16) {
    let secret = std::fs::read_to_string(folder.join("data/secrets/control-secret")).unwrap();
    let (up, is_up) = std::sync::mpsc::channel();
    let live = async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let agree = axum::Router::new().fallback(|| async { axum::http::StatusCode::NO_CONTENT });
        tokio::spawn(async move { axum::serve(listener, agree).await });
        let body = serde_json::json!({
            "node_id": "sfu-1", "kind": "sfu", "epoch": 1, "http_url": format!("http://{at}"),
            "tap_addr": at.to_string(), "draining": false,
        });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut heartbeat = tokio::time::interval(Duration::from_secs(1));
        loop {
            heartbeat.tick().await;
            let said = client.post(format!("http://127.0.0.1:{port}/internal/nodes"));
            if said
                .bearer_auth(secret.trim())
                .json(&body)
                .send()
                .await
                .is_ok_and(|said| said.status().is_success())
            {
                let _ = up.send(());
            }
        }
    };
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(live)
    });
    is_up.recv_timeout(DEADLINE).unwrap();
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn help_teaches_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    let (ok, out, _) = answer(folder.path(), &["--help"]);
    assert!(ok);
    for part in
        ["serve", "check-config", "lesson", "setup-link", "openapi", "Examples:", "tongtang.example.toml"]
    {
        assert!(out.contains(part), "{part}");
    }
    let (ok, out, _) = answer(folder.path(), &["lesson", "create", "--help"]);
    assert!(ok && out.contains("--title") && out.contains("six digits"), "{out}");
}

#[test]
fn check_config_says_what_is_right_and_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (ok, out, _) = answer(folder.path(), &["check-config"]);
    assert!(ok && out.contains("right") && out.contains("127.0.0.1:8080"), "{out}");
    std::fs::write(folder.path().join("tongtang.toml"), "[http]\nlissten = \"x\"\n").unwrap();
    let (ok, _, err) = answer(folder.path(), &["check-config"]);
    assert!(!ok && err.contains("did you mean `http.listen`?"), "{err}");
    std::fs::write(folder.path().join("tongtang.toml"), "[log]\nfilter = \"a=b=c\"\n").unwrap();
    let (ok, _, err) = answer(folder.path(), &["check-config"]);
    assert!(!ok && err.contains("log.filter"), "{err}");
    std::fs::write(folder.path().join("tongtang.toml"), "[sfu]\nudp_port = 9999\n").unwrap();
    let (ok, out, _) = answer(folder.path(), &["check-config", "--print"]);
    assert!(ok && out.contains("udp_port = 9999") && out.contains("compose_jobs = 1"), "{out}");
}

#[test]
fn a_log_that_is_no_terminal_is_json_line_by_line() {
    let (folder, _) = installation();
    let mut server = Server::start(folder.path());
    server.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(server.wait().success());
    let log = std::fs::read_to_string(folder.path().join("stderr")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for line in &lines {
        for key in ["timestamp", "level", "message"] {
            assert!(line[key].is_string(), "{key} in {line}");
        }
    }
    assert!(lines.iter().any(|line| line["message"] == "stopped"), "{log}");
}

#[test]
fn the_api_document_needs_no_server() {
    let folder = tempfile::tempdir().unwrap();
    let (ok, out, _) = answer(folder.path(), &["openapi"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert!(ok && document["paths"]["/api/lessons"].is_object());
}

#[test]
fn a_reader_that_has_gone_ends_the_answer_quietly_and_a_full_disk_is_said() {
    let (folder, _) = installation();
    let _server = Server::start(folder.path());
    for args in [&["openapi"][..], &["check-config"], &["check-config", "--print"], &["setup-link"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let Output { status, stderr, .. } =
            tongtang(folder.path()).args(args).stdout(writer).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert!(status.success() && stderr.is_empty(), "{args:?}: {status} {stderr}");

        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let Output { status, stderr, .. } = tongtang(folder.path()).args(args).stdout(full).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(1), "{args:?}: {stderr}");
        assert!(stderr.starts_with("tongtang: the answer cannot be written: "), "{stderr}");
    }
}

#[test]
fn without_a_server_it_says_how_to_start_one() {
    let (folder, port) = installation();
    let (ok, _, err) = answer(folder.path(), &["lesson", "list"]);
    assert!(!ok && err.contains("administrator's token"), "{err}");
    tongtang_config::Secrets::ensure(&folder.path().join("data")).unwrap();
    let (ok, _, err) = answer(folder.path(), &["lesson", "list"]);
    assert!(!ok, "{err}");
    let expected = format!("no server answers at http://127.0.0.1:{port}: start it with `tongtang serve`");
    assert!(err.contains(&expected), "{err}");
}

#[test]
fn a_script_creates_shows_and_ends_a_lesson() {
    let (folder, port) = installation();
    let mut server = Server::start(folder.path());
    let (ok, out, err) = answer(folder.path(), &["lesson", "create", "--title", "没有媒体"]);
    assert!(ok && out.contains("no media server is up yet"), "{out}{err}");

    register_an_sfu(folder.path(), port);
    let create = ["lesson", "create", "--title", "茉莉花", "--codec", "vp8", "--json"];
    let (ok, out, err) = answer(folder.path(), &create);
    assert!(ok, "{err}");
    let made: Value = serde_json::from_str(&out).unwrap();
    let id = made["lesson"]["id"].as_str().unwrap();
    assert_eq!(made["lesson"]["title"], "茉莉花");
    assert_eq!(made["lesson"]["video_codec"], "vp8");
    assert_eq!(made["code"].as_str().unwrap().len(), 6);
    assert!(made["teacher_url"].as_str().unwrap().contains("/teach#"));
    let origin = format!("http://127.0.0.1:{port}");
    assert!(made["teacher"]["whip_url"].as_str().unwrap().starts_with(&format!("{origin}/whip/")), "{made}");
    assert!(made["teacher"]["whep_url"].as_str().unwrap().starts_with(&format!("{origin}/whep/")), "{made}");
    assert_eq!(made["teacher"]["token"].as_str().unwrap().split('.').count(), 3);

    let (ok, out, _) = answer(folder.path(), &["lesson", "list"]);
    assert!(ok && out.contains(id) && out.contains("茉莉花"), "{out}");
    let (ok, out, _) = answer(folder.path(), &["lesson", "show", id]);
    assert!(ok && out.contains(made["code"].as_str().unwrap()), "{out}");
    let (ok, out, _) = answer(folder.path(), &["lesson", "show", id, "--json"]);
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert!(ok && shown["code"] == made["code"] && shown["teacher_url"] == made["teacher_url"], "{out}");
    for key in ["whip_url", "whep_url", "participant"] {
        assert_eq!(shown["teacher"][key], made["teacher"][key], "{key}");
    }
    assert_eq!(shown["teacher"]["token"].as_str().unwrap().split('.').count(), 3);
    let (ok, out, err) = answer(folder.path(), &["lesson", "grant", id, "--name", "河口", "--json"]);
    let grant: Value = serde_json::from_str(&out).unwrap();
    assert!(ok && grant["participant"].is_string() && grant["token"].is_string(), "{out}{err}");
    let (ok, _, err) = answer(folder.path(), &["lesson", "end", id]);
    assert!(ok, "{err}");
    let (ok, out, _) = answer(folder.path(), &["lesson", "show", id, "--json"]);
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert!(ok && shown["lesson"]["state"] == "ended" && shown["teacher"].is_null(), "{out}");
    let create = ["lesson", "create", "--title", "后天", "--starts-at"];
    let later = time::OffsetDateTime::now_utc() + time::Duration::days(2);
    let later = later.format(&time::format_description::well_known::Rfc3339).unwrap();
    let (ok, out, err) = answer(folder.path(), &[&create[..], &[later.as_str(), "--json"]].concat());
    let made: Value = serde_json::from_str(&out).unwrap();
    assert!(ok && made["lesson"]["state"] == "scheduled" && made["code"].is_null(), "{out}{err}");
    let (ok, _, err) = answer(folder.path(), &["lesson", "open", made["lesson"]["id"].as_str().unwrap()]);
    assert!(ok, "{err}");
    let (ok, _, err) = answer(folder.path(), &[&create[..], &["tomorrow"]].concat());
    assert!(!ok && err.contains("for example"), "{err}");
    let (ok, _, err) = answer(folder.path(), &["lesson", "show", "nothing"]);
    assert!(!ok && err.contains("404"), "{err}");

    server.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(server.wait().success());
}

/// What a browser that opens this link is answered.
fn visit(link: &str) -> u16 {
    let (base, secret) = link.trim().split_once("/setup#").unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request =
        client.post(format!("{base}/api/setup")).json(&serde_json::json!({ "secret": secret })).send();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(request).unwrap().status().as_u16()
}

#[test]
fn the_administrator_is_never_locked_out() {
    let (folder, _) = installation();
    let server = Server::start(folder.path());
    let printed = server.greeting.lines().find(|line| line.contains("/setup#")).unwrap().to_owned();
    assert_eq!(visit(&printed), 204);
    let mut links = Vec::new();
    for _ in 0..2 {
        let (ok, link, err) = answer(folder.path(), &["setup-link"]);
        assert!(ok, "{err}");
        links.push(link);
    }
    assert_eq!(links.iter().map(|link| visit(link)).collect::<Vec<_>>(), [403, 204], "the newest one works");
    drop(server);
    assert!(!Server::start(folder.path()).greeting.contains("/setup#"), "it was used");
}

#[test]
fn an_account_gets_its_first_password_by_a_link_alone() {
    let (folder, _) = installation();
    let _server = Server::start(folder.path());
    let (ok, _, said) = answer(folder.path(), &["account", "invite", "li"]);
    assert!(!ok && said.contains("no account has the login"), "{said}");
    let database = folder.path().join("data/tongtang.db");
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}", database.display());
        let mut connection = <sqlx::AnyConnection as sqlx::Connection>::connect(&url).await.unwrap();
        let rows = "INSERT INTO org (id, kind, code, name, path, created_at) VALUES ('c', 'county', '1', 'x', '/c/', 0);
            INSERT INTO account (id, login, name, org_id, created_at)
                VALUES ('acc-1', 'li', 'x', 'c', 0), ('acc-2', 'li.na', 'x', 'c', 0);";
        sqlx::raw_sql(rows).execute(&mut connection).await.unwrap();
    });
    let (ok, link, said) = answer(folder.path(), &["account", "invite", " LI "]);
    assert!(ok, "{said}");
    let (page, secret) = link.trim().split_once("#invitation.").unwrap();
    assert!(
        page.starts_with("http://127.0.0.1:") && page.ends_with("/sign-in") && secret.len() == 64,
        "{link}"
    );
    assert_ne!(answer(folder.path(), &["account", "invite", "li"]).1, link);
}

#[test]
fn the_journal_keeps_no_link() {
    let (folder, _) = installation();
    let path = folder.path().join("journal");
    let journal = std::fs::File::create(&path).unwrap();
    let meta = std::os::unix::fs::MetadataExt::ino(&journal.metadata().unwrap());
    let device = std::os::unix::fs::MetadataExt::dev(&journal.metadata().unwrap());
    let mut command = tongtang(folder.path());
    command.arg("serve").env("JOURNAL_STREAM", format!("{device}:{meta}"));
    let child = command.stdout(journal).stderr(Stdio::null()).spawn().unwrap();
    let mut server = Server { child, greeting: String::new() };
    let begin = Instant::now();
    while !server.greeting.contains("Ctrl-C") {
        assert!(begin.elapsed() < DEADLINE, "no greeting");
        std::thread::sleep(Duration::from_millis(20));
        server.greeting = std::fs::read_to_string(&path).unwrap();
    }
    assert!(!server.greeting.contains("/setup#"), "{}", server.greeting);
    assert!(server.greeting.contains("tongtang setup-link"), "{}", server.greeting);
}

#[test]
fn a_second_server_on_the_same_data_is_refused_and_a_killed_one_is_not_in_the_way() {
    let (folder, _) = installation();
    let mut first = Server::start(folder.path());
    let (ok, _, err) = answer(folder.path(), &["serve"]);
    assert!(!ok && err.contains("another `tongtang serve` runs"), "{err}");
    first.signal(nix::sys::signal::Signal::SIGKILL);
    first.wait();
    let second = Server::start(folder.path());
    second.signal(nix::sys::signal::Signal::SIGINT);
}
