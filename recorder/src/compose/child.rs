//! `tongtang-recorder compose`: composing as a process of its own.
//!
//! In: two folders. Out: progress as JSON lines on standard output; on failure its reason as the last of
//! them, one plain sentence as the last line of standard error, and exit code 1. The process confines itself first (module
//! `sandbox`). It reads and writes files only; no protocol but FFmpeg's `file` is ever opened.

use super::Order;
use super::progress::{Progress, Said};
use super::sandbox::{self, Network};
use std::io::{Read, Write};
use std::process::ExitCode;
use tongtang_protocol::trouble::{JobFailure, JobTrouble};

/// Whether the process ends when its standard input does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// Started by hand.
    None,
    /// The recorder holds the other end: when it dies, however it dies, this process ends.
    OnStdin,
}

/// Composes.
pub fn main(order: &Order, parent: Parent) -> ExitCode {
    match compose(order, parent) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.text);
            say(&Said::Failed { failure });
            ExitCode::FAILURE
        }
    }
}

/// Nobody may read it any more: then the recorder is gone, and so is this process in a moment.
fn say(said: &Said) {
    let mut stdout = std::io::stdout().lock();
    let _ = serde_json::to_writer(&mut stdout, said);
    let _ = writeln!(stdout);
    let _ = stdout.flush();
}

/// What keeps it from beginning.
fn other(what: &str, error: impl std::fmt::Display) -> JobFailure {
    JobFailure::new(JobTrouble::Other, format!("{what}: {error}"))
}

fn compose(order: &Order, parent: Parent) -> Result<(), JobFailure> {
    let network = sandbox::confine().map_err(|error| other("the process could not limit itself", error))?;
    if network == Network::Shared {
        eprintln!(
            "note: the kernel refuses a network namespace, so the machine's network stays within reach"
        );
    }
    if parent == Parent::OnStdin {
        std::thread::Builder::new()
            .name("parent".into())
            .spawn(end_with_parent)
            .map_err(|error| other("no thread could be started", error))?;
    }
    ffmpeg_next::init().map_err(|error| other("FFmpeg could not be started", error))?;
    ffmpeg_next::log::set_level(ffmpeg_next::log::Level::Error);
    let mut progress = Progress::new(|line| say(&Said::Progress(line.clone())));
    super::run(order, &mut progress).map(drop).map_err(|error| error.failure())
}

fn end_with_parent() {
    let mut nothing = [0; 16];
    while std::io::stdin().read(&mut nothing).is_ok_and(|read| read > 0) {}
    std::process::exit(2);
}
