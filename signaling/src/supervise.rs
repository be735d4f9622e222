//! Keeps `tongtang-sfu` and `tongtang-recorder` running beside `tongtang serve`.
//!
//! ```text
//!  find ──▶ adopt a living one (pidfile) or spawn ──▶ wait for its end ──▶ nodes.report_dead
//!             ▲                                            │
//!             └──────────── backoff ◀──────────────────────┘      log: child ──▶ file ──▶ our log
//! ```
//!
//! A child must outlive a `kill -9` of this program, since it carries a lesson. So it has a process
//! group of its own, writes its log to a file and not into a pipe that would break, and leaves a pid
//! file by which the next start of this program finds it and takes it over.

pub mod backoff;
pub mod find;
pub mod logfile;
pub mod pidfile;
pub mod process;

use crate::nodes::Nodes;
use backoff::Backoff;
use pidfile::{PidFile, Record};
use process::Process;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tongtang_config::log::Shape;
use tongtang_protocol::control::Register;
use tongtang_protocol::ids::NodeId;

/// A program to keep running.
#[derive(Debug, Clone)]
pub struct Program {
    /// What our log calls it, e.g. `sfu`; also the name of its pid and log file.
    pub label: &'static str,
    /// The name it registers with.
    pub node_id: NodeId,
    /// Its file.
    pub binary: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Additions to its environment.
    pub env: Vec<(OsString, OsString)>,
}

/// Why supervision cannot begin.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {path}: {source}", path = path.display())]
pub struct SuperviseError {
    path: PathBuf,
    source: std::io::Error,
}

/// Programs being kept running.
pub struct Supervisor {
    stop: watch::Sender<bool>,
    keepers: JoinSet<()>,
    /// The logs are passed on until the programs have ended: what they say while they stop counts.
    ended: watch::Sender<bool>,
    forwarders: JoinSet<()>,
}

impl Supervisor {
    /// Adopts or starts each program. `data_dir` holds their pid and log files.
    pub fn start(
        programs: Vec<Program>,
        data_dir: &Path,
        nodes: &Nodes,
        shape: Shape,
    ) -> Result<Self, SuperviseError> {
        let (stop, stopping) = watch::channel(false);
        let (ended, all_ended) = watch::channel(false);
        let (mut keepers, mut forwarders) = (JoinSet::new(), JoinSet::new());
        let (run, log) = (data_dir.join("run"), data_dir.join("log"));
        for folder in [&run, &log] {
            std::fs::create_dir_all(folder)
                .map_err(|source| SuperviseError { path: folder.clone(), source })?;
        }
        for program in programs {
            let log = Arc::new(logfile::LogFile::new(log.join(format!("{}.log", program.label))));
            let forward = log.clone().forward(program.label, shape, all_ended.clone());
            forwarders.spawn(forward);
            let keeper = Keeper {
                pid_file: PidFile::new(run.join(format!("{}.json", program.label))),
                log,
                program,
                nodes: nodes.clone(),
                stopping: stopping.clone(),
            };
            keepers.spawn(keeper.keep());
        }
        Ok(Self { stop, keepers, ended, forwarders })
    }

    /// Stops every program: SIGTERM, then SIGKILL for those that do not listen.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.keepers.join_next().await.is_some() {}
        self.ended.send_replace(true);
        while self.forwarders.join_next().await.is_some() {}
    }
}

struct Keeper {
    program: Program,
    pid_file: PidFile,
    log: Arc<logfile::LogFile>,
    nodes: Nodes,
    stopping: watch::Receiver<bool>,
}

impl Keeper {
    /// Runs until told to stop.
    async fn keep(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let started = Instant::now();
            match self.obtain() {
                Ok(mut process) => {
                    let end = self.accompany(&mut process).await;
                    // First of all: pages are told at once that media is gone.
                    self.nodes.report_dead(&self.program.node_id);
                    let Some(end) = end else {
                        process.stop().await;
                        self.pid_file.remove();
                        tracing::info!(program = self.program.label, "stopped");
                        return;
                    };
                    metrics::counter!("tongtang_child_ends_total", "program" => self.program.label)
                        .increment(1);
                    tracing::error!(program = self.program.label, %end, "program ended");
                }
                Err(error) => {
                    tracing::error!(
                        program = self.program.label,
                        binary = %self.program.binary.display(),
                        %error,
                        "cannot start"
                    );
                }
            }
            let pause = backoff.after(started.elapsed());
            tracing::info!(program = self.program.label, ?pause, "starting again");
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = asked(&mut self.stopping) => return,
            }
        }
    }

    /// Waits for its end, or (none) for being told to stop; notes how it registers.
    async fn accompany(&mut self, process: &mut Process) -> Option<String> {
        let mut changes = self.nodes.watch();
        let mut noted = None;
        loop {
            self.note(process, &mut noted);
            tokio::select! {
                end = process.ended() => return Some(end),
                () = asked(&mut self.stopping) => return None,
                _ = changes.changed() => {}
            }
        }
    }

    fn note(&self, process: &Process, noted: &mut Option<Register>) {
        let node = self.nodes.registered(&self.program.node_id);
        if node.is_some() && node != *noted {
            self.write(&Record { identity: process.identity(), node: node.clone() });
            *noted = node;
        }
    }

    fn write(&self, record: &Record) {
        if let Err(error) = self.pid_file.write(record) {
            tracing::warn!(program = self.program.label, %error, "no pid file: a restart cannot adopt it");
        }
    }

    fn obtain(&self) -> std::io::Result<Process> {
        if let Some(Record { identity, node }) = self.pid_file.living() {
            tracing::info!(program = self.program.label, pid = identity.pid, "found running, adopted");
            if let Some(Err(error)) = node.map(|node| self.nodes.register(node)) {
                tracing::warn!(program = self.program.label, %error, "not known before its next heartbeat");
            }
            return Ok(Process::adopt(identity));
        }
        let process = Process::spawn(&self.program, &self.log.open()?)?;
        let identity = process.identity();
        tracing::info!(program = self.program.label, pid = identity.pid, "started");
        self.write(&Record { identity, node: None });
        Ok(process)
    }
}

/// Returns when the supervisor is told to stop, or is gone.
async fn asked(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}
