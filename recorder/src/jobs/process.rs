//! Runs one composer and listens to it.
//!
//! In: a recording's folder. Out: progress lines while it runs, then how it ended, in plain words. The
//! composer's end of life is tied to this process's by its standard input.

use crate::compose::output;
use crate::compose::progress::Line;
use futures_util::StreamExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio_util::codec::{FramedRead, LinesCodec};
use tokio_util::sync::CancellationToken;
use tongtang_protocol::ids::JobId;

/// Longest progress line, in bytes. A longer one is skipped.
const MAX_LINE_BYTES: usize = 4096;
/// Of standard error the last bytes are kept.
const MAX_STDERR_BYTES: usize = 8192;
/// Longest reason that is shown, in characters.
const MAX_REASON_CHARS: usize = 400;

/// How a composer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It says that all is done.
    Well,
    /// It failed, crashed or was killed; why.
    Badly(String),
    /// Stopped from here.
    Stopped,
}

/// Memory pools of a composer, for glibc's allocator. One for each of an encoder's threads would
/// reserve gigabytes of address space on a machine with many cores.
const MAX_MEMORY_POOLS: &str = "4";

/// Composes the recording in `folder` until done or stopped. When this returns the composer is gone,
/// and so is what a dead one left. Dropping the future kills the composer.
pub async fn compose(
    program: &Path,
    folder: &Path,
    job: &JobId,
    stop: &CancellationToken,
    mut hear: impl FnMut(&Line),
) -> Ended {
    let out = folder.join(output::FOLDER);
    let child = Command::new(program)
        .arg("compose")
        .arg("--recording")
        .arg(folder)
        .arg("--out")
        .arg(&out)
        .arg("--job")
        .arg(job.as_str())
        .arg("--supervised")
        // It decodes what strangers sent: it gets no secret that stands in the environment.
        .env_clear()
        .env("MALLOC_ARENA_MAX", MAX_MEMORY_POOLS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return Ended::Badly(format!("the composer could not be started: {error}")),
    };
    let process = child.id();
    // Held until the end: its closing tells the composer that this process is gone.
    let _stdin = child.stdin.take();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let listen = async {
        let Some(stdout) = stdout else { return };
        let mut lines = FramedRead::new(stdout, LinesCodec::new_with_max_length(MAX_LINE_BYTES));
        while let Some(line) = lines.next().await {
            if let Some(line) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) {
                hear(&line);
            }
        }
    };
    let complaints = async {
        match stderr {
            Some(stderr) => last_bytes(stderr).await,
            None => Vec::new(),
        }
    };
    let wait = async {
        tokio::select! {
            status = child.wait() => (status, false),
            () = stop.cancelled() => {
                // An error means that it has ended by itself just now.
                let _ = child.start_kill();
                (child.wait().await, true)
            }
        }
    };
    let ((), complaints, (status, stopped)) = tokio::join!(listen, complaints, wait);
    let ended = match status {
        _ if stopped => Ended::Stopped,
        Ok(status) if status.success() => return Ended::Well,
        Ok(status) => Ended::Badly(reason(status, &complaints)),
        Err(error) => Ended::Badly(format!("the composer was lost: {error}")),
    };
    if let Some(Err(error)) = process.map(|process| output::remove_part(&out, process)) {
        tracing::warn!(out = %out.display(), %error, "what the composer left cannot be removed");
    }
    ended
}

async fn last_bytes(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let (mut kept, mut buffer) = (Vec::new(), [0; 1024]);
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        kept.extend_from_slice(&buffer[..read]);
        let surplus = kept.len().saturating_sub(MAX_STDERR_BYTES);
        kept.drain(..surplus);
    }
    kept
}

fn reason(status: ExitStatus, complaints: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaints);
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("note: "));
    match (status.signal(), last) {
        (Some(libc::SIGKILL), _) => {
            "the composer was killed; if nobody did so, the machine ran out of memory".into()
        }
        (Some(libc::SIGXCPU), _) => "the composer used up its processor time".into(),
        (Some(signal), Some(last)) => shorten(&format!("the composer crashed (signal {signal}): {last}")),
        (Some(signal), None) => format!("the composer crashed (signal {signal})"),
        (None, Some(last)) => shorten(last),
        (None, None) => format!("the composer failed without a reason ({status})"),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(MAX_REASON_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_last_thing_the_composer_said() {
        let failed = ExitStatus::from_raw(1 << 8);
        assert_eq!(
            reason(failed, b"[h264] noise\nthe disk is full: free some\n\n"),
            "the disk is full: free some"
        );
        assert_eq!(reason(failed, b""), "the composer failed without a reason (exit status: 1)");
        assert!(reason(ExitStatus::from_raw(libc::SIGSEGV), b"x\n").contains("signal 11"));
        assert!(reason(ExitStatus::from_raw(libc::SIGKILL), b"").contains("killed"));
        assert_eq!(reason(failed, &[b'a'; 9000]).chars().count(), MAX_REASON_CHARS);
    }
}
