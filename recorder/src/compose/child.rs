//! `tongtang-recorder compose`: composing as a process of its own.
//!
//! In: two folders. Out: progress as JSON lines on standard output; on failure one plain sentence as
//! the last line of standard error, and exit code 1. The process limits itself before it opens a file
//! that came from outside: FFmpeg decodes what strangers sent. It reads and writes files only; no
//! protocol but FFmpeg's `file` is ever opened.

use super::Order;
use super::progress::Progress;
use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use std::io::{Read, Write};
use std::process::ExitCode;

/// Address space of a composer, in bytes. A decoder that is tricked into more is refused the memory.
pub const MAX_ADDRESS_SPACE_BYTES: u64 = 8 << 30;
/// Processor time of a composer, in seconds: two cores for twelve hours. A composer that hangs ends here.
pub const MAX_CPU_S: u64 = 24 * 3600;
/// Largest file a composer writes, in bytes: a segment is far below.
pub const MAX_FILE_BYTES: u64 = 4 << 30;
/// Composing yields to everything that is live.
const NICE: i32 = 10;

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
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn compose(order: &Order, parent: Parent) -> Result<(), String> {
    if parent == Parent::OnStdin {
        std::thread::Builder::new()
            .name("parent".into())
            .spawn(end_with_parent)
            .map_err(|error| format!("no thread could be started: {error}"))?;
    }
    confine().map_err(|error| format!("the process could not limit itself: {error}"))?;
    ffmpeg_next::init().map_err(|error| format!("FFmpeg could not be started: {error}"))?;
    ffmpeg_next::log::set_level(ffmpeg_next::log::Level::Error);
    let mut progress = Progress::new(|line| {
        let mut stdout = std::io::stdout().lock();
        // Nobody reads any more: the recorder is gone, and so is this process in a moment.
        let _ = serde_json::to_writer(&mut stdout, line);
        let _ = writeln!(stdout);
        let _ = stdout.flush();
    });
    super::run(order, &mut progress).map(drop).map_err(|error| error.to_string())
}

fn confine() -> rustix::io::Result<()> {
    limit(Resource::As, MAX_ADDRESS_SPACE_BYTES)?;
    limit(Resource::Cpu, MAX_CPU_S)?;
    limit(Resource::Fsize, MAX_FILE_BYTES)?;
    limit(Resource::Core, 0)?;
    nice(NICE).map(drop)
}

/// Lowers a limit; one that is lower already stays.
fn limit(resource: Resource, most: u64) -> rustix::io::Result<()> {
    let now = getrlimit(resource);
    let least = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
    setrlimit(resource, Rlimit { current: least(now.current), maximum: least(now.maximum) })
}

fn end_with_parent() {
    let mut nothing = [0; 16];
    while std::io::stdin().read(&mut nothing).is_ok_and(|read| read > 0) {}
    std::process::exit(2);
}
