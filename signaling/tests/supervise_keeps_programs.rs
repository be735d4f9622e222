//! Conditions: stand-in programs that end, are killed, or outlive their supervisor. Check: one of
//! each runs, its end is told at once, and nothing is left behind.
#![allow(clippy::unwrap_used, missing_docs)]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::time::{Duration, Instant};
use tongtang::nodes::{NodeState, Nodes};
use tongtang::supervise::pidfile::Identity;
use tongtang::supervise::{Program, Supervisor};
use tongtang_config::log::Shape;
use tongtang_protocol::control::{NodeKind, Register};
use tongtang_protocol::ids::NodeId;

const DEADLINE: Duration = Duration::from_secs(20);

/// A program that notes its process id and then does `then`.
fn program(folder: &Path, then: &str) -> Program {
    let script = format!("echo $$ >> {}/starts; echo hello; {then}", folder.display());
    Program {
        label: "sfu",
        node_id: NodeId::new("sfu-1").unwrap(),
        binary: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: Vec::new(),
    }
}

fn start(folder: &Path, then: &str, nodes: &Nodes) -> Supervisor {
    Supervisor::start(vec![program(folder, then)], folder, nodes, Shape::Json).unwrap()
}

fn nodes() -> Nodes {
    Nodes::new("secret", String::new())
}

fn starts(folder: &Path) -> Vec<i32> {
    let text = std::fs::read_to_string(folder.join("starts")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

async fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !reached() {
        assert!(begin.elapsed() < DEADLINE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn register(nodes: &Nodes, epoch: u64) {
    let said = Register {
        node_id: NodeId::new("sfu-1").unwrap(),
        kind: NodeKind::Sfu,
        epoch,
        http_url: "http://127.0.0.1:1".into(),
        tap_addr: Some("127.0.0.1:2".parse().unwrap()),
        draining: false,
    };
    nodes.register(said).unwrap();
}

#[tokio::test]
async fn a_program_that_ends_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let supervisor = start(folder.path(), "exit 3", &nodes());
    until("three starts", || starts(folder.path()).len() >= 3).await;
    supervisor.stop().await;
    let pids = starts(folder.path());
    assert!(pids.iter().all(|pid| Identity::of(*pid).is_none()), "nothing is left behind");
}

#[tokio::test]
async fn the_end_of_a_program_is_told_to_the_registry_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = nodes();
    let supervisor = start(folder.path(), "exec sleep 600", &nodes);
    until("a start", || starts(folder.path()).len() == 1).await;
    register(&nodes, 1);
    let mut watch = nodes.watch();
    kill(Pid::from_raw(starts(folder.path())[0]), Signal::SIGKILL).unwrap();
    let gone = watch.wait_for(|all| all[0].state == NodeState::Gone);
    tokio::time::timeout(DEADLINE, gone).await.unwrap().unwrap();
    until("the next start", || starts(folder.path()).len() == 2).await;
    supervisor.stop().await;
}

#[tokio::test]
async fn a_program_that_outlived_its_supervisor_is_adopted_and_still_supervised() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(folder.path(), "exec sleep 600", &nodes());
    until("a start", || starts(folder.path()).len() == 1 && folder.path().join("run/sfu.json").exists())
        .await;
    let pid = starts(folder.path())[0];
    // Dropped, not stopped: what a kill -9 leaves behind.
    drop(first);
    assert!(Identity::of(pid).is_some());

    let nodes = nodes();
    register(&nodes, 1);
    let second = start(folder.path(), "exec sleep 600", &nodes);
    // It notes the node of a process that it accompanies.
    let note = folder.path().join("run/sfu.json");
    until("the adoption", || std::fs::read_to_string(&note).is_ok_and(|text| text.contains("\"epoch\":1,")))
        .await;
    let mut watch = nodes.watch();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    let gone = watch.wait_for(|all| all[0].state == NodeState::Gone);
    tokio::time::timeout(DEADLINE, gone).await.unwrap().unwrap();
    until("a start in its place", || starts(folder.path()).len() == 2).await;
    assert_ne!(starts(folder.path())[1], pid);
    second.stop().await;
    until("the end of all", || starts(folder.path()).iter().all(|pid| Identity::of(*pid).is_none())).await;
}

#[tokio::test]
async fn an_adopted_program_is_known_at_once_not_started_again_and_stopped_with_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(folder.path(), "exec sleep 600", &nodes());
    until("a start", || starts(folder.path()).len() == 1 && folder.path().join("run/sfu.json").exists())
        .await;
    drop(first);
    let second = start(folder.path(), "exec sleep 600", &nodes());
    second.stop().await;
    let pids = starts(folder.path());
    assert_eq!(pids.len(), 1, "adopted, not started");
    assert!(Identity::of(pids[0]).is_none(), "stopped");
    assert!(!folder.path().join("run/sfu.json").exists());
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_tried_again_and_does_not_end_the_supervisor() {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("tongtang-sfu");
    let program = Program { binary: binary.clone(), ..program(folder.path(), "exec sleep 600") };
    let supervisor = Supervisor::start(vec![program], folder.path(), &nodes(), Shape::Json).unwrap();
    // The first try opens the log and finds no program.
    until("a first try", || folder.path().join("log/sfu.log").exists()).await;
    assert!(starts(folder.path()).is_empty());
    std::os::unix::fs::symlink("/bin/sh", &binary).unwrap();
    until("a start", || starts(folder.path()).len() == 1).await;
    supervisor.stop().await;
    assert!(Identity::of(starts(folder.path())[0]).is_none(), "stopped");
}

/// A log line of a program that is told to stop.
const LAST_WORDS: &str = "closed my fragments";

#[test]
fn what_a_program_says_while_it_stops_reaches_the_log() {
    // The log is this process' standard error, so another run of this test program is looked at.
    if std::env::var_os(LAST_WORDS_RUN).is_none() {
        let own = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "what_a_program_says_while_it_stops_reaches_the_log", "--nocapture"])
            .env(LAST_WORDS_RUN, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&own.stderr);
        assert!(own.status.success() && said.contains(LAST_WORDS), "{said}");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        // It takes its time, longer than the log is looked at.
        let then = format!("trap 'sleep 0.5; echo {LAST_WORDS}; exit 0' TERM; while :; do sleep 0.05; done");
        let supervisor = start(folder.path(), &then, &nodes());
        until("a start", || starts(folder.path()).len() == 1).await;
        supervisor.stop().await;
    });
}

/// Set for the run whose standard error is looked at.
const LAST_WORDS_RUN: &str = "LAST_WORDS_RUN";
