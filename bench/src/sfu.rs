//! A `tongtang-sfu` process of a run's own, on free ports and its own cores, ended with the run.

use crate::cpu::{self, Tree};
use crate::media::Codec;
use crate::whip;
use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tongtang_config::Secrets;

/// How long the process may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// The participant whose camera everybody sees.
pub const TEACHER: &str = "teacher";

/// How it is started.
#[derive(Debug, Clone)]
pub struct Program {
    /// The binary.
    pub path: PathBuf,
    /// Cores it may use.
    pub cores: Vec<usize>,
    /// Its media threads.
    pub workers: usize,
    /// Further arguments.
    pub arguments: Vec<String>,
}

impl Program {
    /// The binary beside this one, as cargo puts it.
    pub fn beside_us() -> anyhow::Result<PathBuf> {
        let own = std::env::current_exe()?;
        let path = own.with_file_name("tongtang-sfu");
        if !path.exists() {
            bail!(
                "there is no {}: build it with `cargo build --release -p tongtang-sfu`, or name one with --sfu",
                path.display()
            );
        }
        Ok(path)
    }

    /// Does it let one choose how many media threads it has?
    pub fn has_workers(&self) -> anyhow::Result<bool> {
        let help = Command::new(&self.path).arg("--help").output();
        let help = help.with_context(|| format!("cannot start {}", self.path.display()))?;
        Ok(String::from_utf8_lossy(&help.stdout).contains("--workers"))
    }
}

/// A running process.
pub struct Sfu {
    child: Child,
    /// Where WHIP and WHEP are spoken.
    pub http: SocketAddr,
    /// Its counters in the kernel.
    pub process: Tree,
    folder: tempfile::TempDir,
}

impl Sfu {
    /// Starts it.
    pub fn start(program: &Program) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let chooses = program.has_workers()?;
        if program.workers > 1 && !chooses {
            bail!("{} has one media thread only (it knows no --workers)", program.path.display());
        }
        let child =
            cpu::on_cores(&program.cores, || cpu::before_others(|| spawn(program, chooses, folder.path())))?;
        let mut child = child.with_context(|| format!("cannot start {}", program.path.display()))?;
        let process = Tree::of(child.id())?;
        let output = child.stdout.take().context("its output is piped")?;
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let http = lines.find_map(|line| {
            line.trim()
                .strip_prefix("publish ")?
                .trim()
                .strip_prefix("http://")?
                .split('/')
                .next()?
                .parse()
                .ok()
        });
        // It must not find its output closed when it says more.
        std::thread::spawn(move || lines.for_each(drop));
        let Some(http) = http else {
            let _ = child.kill();
            bail!("{} ended before it said where it listens: {:?}", program.path.display(), child.wait());
        };
        Ok(Self { child, http, process, folder })
    }

    /// Its process id.
    #[cfg(test)]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Makes a room of this codec in which [`TEACHER`] teaches, with these small pictures and somebody on stage.
    pub fn make_room(
        &self,
        room: &str,
        codec: Codec,
        wall: &[String],
        stage: Option<&str>,
    ) -> anyhow::Result<()> {
        let secret = Secrets::ensure(self.folder.path())?.control_secret;
        let codec = if codec == Codec::Vp8 { "vp8" } else { "h264" };
        let routes = serde_json::json!({"teacher": TEACHER, "stage": stage, "wall": wall, "muted": []});
        let spec = serde_json::json!({"video_codec": codec, "routes": routes}).to_string();
        let authorization = format!("Bearer {secret}");
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        let response = whip::request(self.http, "PUT", &format!("/control/rooms/{room}"), &headers, &spec)?;
        anyhow::ensure!(response.status == 204, "the room was not made: {}", response.body);
        Ok(())
    }
}

fn spawn(program: &Program, chooses_workers: bool, data_dir: &Path) -> std::io::Result<Child> {
    let workers = ["--workers".to_owned(), program.workers.to_string()];
    Command::new(&program.path)
        .current_dir(std::env::temp_dir())
        .env("TONGTANG_LOG__FILTER", "warn")
        .args(["--dev", "--http-listen", "127.0.0.1:0", "--udp-port", "0", "--tap-listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(data_dir)
        .args(workers.iter().filter(|_| chooses_workers))
        .args(&program.arguments)
        .stdout(Stdio::piped())
        .spawn()
}

impl Drop for Sfu {
    fn drop(&mut self) {
        let asked = i32::try_from(self.child.id()).map(|pid| kill(Pid::from_raw(pid), Signal::SIGTERM));
        let since = Instant::now();
        while asked.is_ok() && since.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        // Fails only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
