//! Recognises a process again after a restart of this program.
//!
//! A process id alone is used again by the system; together with its start time and the boot it
//! names one process for ever (proc(5): field 22 of `/proc/PID/stat`).

use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::PathBuf;
use tongtang_protocol::control::Register;

/// Names one process for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Process id.
    pub pid: i32,
    /// Clock ticks from boot to its start.
    pub start_ticks: u64,
    /// Which boot.
    pub boot_id: String,
}

impl Identity {
    /// The process that has this id now.
    pub fn of(pid: i32) -> Option<Self> {
        let (alive, start_ticks) = stat(pid)?;
        alive.then(|| Self { pid, start_ticks, boot_id: boot_id() })
    }

    /// Does it still run? A zombie does not.
    pub fn is_alive(&self) -> bool {
        stat(self.pid) == Some((true, self.start_ticks)) && self.boot_id == boot_id()
    }
}

/// Is it running (not a zombie), and since when.
fn stat(pid: i32) -> Option<(bool, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets and may contain anything.
    let mut fields = text[text.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?;
    let start_ticks = fields.nth(18)?.parse().ok()?;
    Some((!matches!(state, "Z" | "X"), start_ticks))
}

fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// A process, and how it last registered. With that, whoever adopts it knows its node at once and
/// not only after its next heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The process.
    #[serde(flatten)]
    pub identity: Identity,
    /// Absent before it has registered.
    pub node: Option<Register>,
}

/// A file that holds a [`Record`].
#[derive(Debug)]
pub struct PidFile(PathBuf);

impl PidFile {
    /// The file at this path, there or not.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The process in the file, if it still runs.
    pub fn living(&self) -> Option<Record> {
        let record: Record = serde_json::from_slice(&std::fs::read(&self.0).ok()?).ok()?;
        record.identity.is_alive().then_some(record)
    }

    /// Writes it so that it is there whole or not at all.
    pub fn write(&self, record: &Record) -> io::Result<()> {
        let draft = self.0.with_extension("new");
        let mut file = std::fs::File::create(&draft)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        std::fs::rename(draft, &self.0)
    }

    /// The process has been stopped.
    pub fn remove(&self) {
        // If it stays, it names a process that is not alive: harmless.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_recognised_and_another_with_its_id_is_not() {
        let own = Identity::of(std::process::id().cast_signed()).unwrap();
        assert!(own.is_alive());
        assert!(!Identity { start_ticks: own.start_ticks + 1, ..own.clone() }.is_alive());
        assert!(!Identity { boot_id: "another".into(), ..own }.is_alive());
    }

    #[test]
    fn a_zombie_does_not_count_as_alive() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id().cast_signed();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while Identity::of(pid).is_some() {
            assert!(std::time::Instant::now() < deadline);
            std::thread::yield_now();
        }
        child.wait().unwrap();
    }

    #[test]
    fn nonsense_in_the_file_is_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        let file = PidFile::new(path.clone());
        assert_eq!(file.living(), None);
        std::fs::write(&path, "{").unwrap();
        assert_eq!(file.living(), None);
        let identity = Identity::of(std::process::id().cast_signed()).unwrap();
        let own = Record { identity, node: None };
        file.write(&own).unwrap();
        assert_eq!(file.living(), Some(own));
    }
}
