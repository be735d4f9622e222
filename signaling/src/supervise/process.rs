//! A supervised process: our child, or one adopted from an earlier run of this program.

use super::Program;
use super::pidfile::Identity;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How often an adopted process is looked at; the system tells its end only to its parent.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A program that has not ended so long after SIGTERM is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

/// A running process.
pub struct Process {
    identity: Identity,
    /// None: adopted.
    child: Option<Child>,
}

impl Process {
    /// Starts the program, its output going to `log`.
    pub fn spawn(program: &Program, log: &File) -> io::Result<Self> {
        let child = Command::new(&program.binary)
            .args(&program.args)
            .envs(program.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            // Ctrl-C in the terminal reaches us alone; we stop the others in order.
            .process_group(0)
            .spawn()?;
        let pid = child.id().map_or(0, u32::cast_signed);
        let identity = Identity::of(pid).unwrap_or(Identity { pid, start_ticks: 0, boot_id: String::new() });
        Ok(Self { identity, child: Some(child) })
    }

    /// Takes over a running process.
    pub fn adopt(identity: Identity) -> Self {
        Self { identity, child: None }
    }

    /// Which process it is.
    pub fn identity(&self) -> Identity {
        self.identity.clone()
    }

    /// Returns when it has ended: how. Cancel-safe.
    pub async fn ended(&mut self) -> String {
        match &mut self.child {
            Some(child) => match child.wait().await {
                Ok(status) => status.to_string(),
                Err(error) => format!("cannot be waited for: {error}"),
            },
            None => {
                while self.identity.is_alive() {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                "ended (adopted, so its exit status is unknown)".to_owned()
            }
        }
    }

    /// Asks it to end, and makes it if it does not.
    pub async fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        if tokio::time::timeout(STOP_TIMEOUT, self.ended()).await.is_err() {
            tracing::warn!(pid = self.identity.pid, "did not stop when asked, killed");
            self.signal(Signal::SIGKILL);
            self.ended().await;
        }
    }

    fn signal(&self, signal: Signal) {
        if self.identity.pid > 0 && (self.child.is_some() || self.identity.is_alive()) {
            // It may have ended just now, which is what is wanted.
            let _ = kill(Pid::from_raw(self.identity.pid), signal);
        }
    }
}
