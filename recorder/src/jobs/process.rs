//! Runs one composer and listens to it.
//!
//! In: a recording's folder. Out: progress lines while it runs, then how it ended. The
//! composer's end of life is tied to this process's by its standard input.

use crate::compose::output;
use crate::compose::progress::{Line, Said};
use futures_util::StreamExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::sync::CancellationToken;
use tongtang_protocol::ids::JobId;
use tongtang_protocol::trouble::{JobFailure, JobTrouble};

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
    Badly(JobFailure),
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
    min_free_bytes: u64,
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
        .arg("--min-free")
        .arg(min_free_bytes.to_string())
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
        Err(error) => return Ended::Badly(other(format!("the composer could not be started: {error}"))),
    };
    let process = child.id();
    // Held until the end: its closing tells the composer that this process is gone.
    let _stdin = child.stdin.take();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let listen = async {
        let mut failure = None;
        let Some(stdout) = stdout else { return failure };
        let mut lines = FramedRead::new(stdout, LinesCodec::new_with_max_length(MAX_LINE_BYTES));
        loop {
            let line = match lines.next().await {
                Some(Ok(line)) => line,
                Some(Err(LinesCodecError::MaxLineLengthExceeded)) => {
                    // After an error the stream says once that it is over, and goes on behind the line.
                    let _ = lines.next().await;
                    continue;
                }
                Some(Err(LinesCodecError::Io(_))) | None => return failure,
            };
            match serde_json::from_str(&line) {
                Ok(Said::Progress(line)) => hear(&line),
                Ok(Said::Failed { failure: said }) => failure = Some(said),
                Err(_) => {}
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
    let (said, complaints, (status, stopped)) = tokio::join!(listen, complaints, wait);
    let ended = match status {
        _ if stopped => Ended::Stopped,
        Ok(status) if status.success() => return Ended::Well,
        Ok(status) => Ended::Badly(failure_of(status, said, &complaints)),
        Err(error) => Ended::Badly(other(format!("the composer was lost: {error}"))),
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

fn other(text: String) -> JobFailure {
    JobFailure::new(JobTrouble::Other, text)
}

/// What it said itself, unless it ended in the middle of a sentence.
fn failure_of(status: ExitStatus, said: Option<JobFailure>, complaints: &[u8]) -> JobFailure {
    let text = String::from_utf8_lossy(complaints);
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("note: "));
    let (trouble, text) = match (status.signal(), said, last) {
        (Some(libc::SIGKILL), _, _) => (
            JobTrouble::Killed,
            "the composer was killed; if nobody did so, the machine ran out of memory".into(),
        ),
        (Some(libc::SIGXCPU), _, _) => {
            (JobTrouble::TookTooLong, "the composer used up its processor time".into())
        }
        (Some(signal), _, Some(last)) => {
            (JobTrouble::Crashed, format!("the composer crashed (signal {signal}): {last}"))
        }
        (Some(signal), _, None) => (JobTrouble::Crashed, format!("the composer crashed (signal {signal})")),
        (None, Some(said), _) => (said.trouble, said.text),
        (None, None, Some(last)) => (JobTrouble::Other, last.to_owned()),
        (None, None, None) => (JobTrouble::Other, format!("the composer failed without a reason ({status})")),
    };
    JobFailure { trouble, text: text.chars().take(MAX_REASON_CHARS).collect() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use tongtang_protocol::library::JobStep;

    /// A composer that says what a shell script says.
    async fn composed_by(script: &str) -> (Ended, Vec<Line>) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("composer");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let mut heard = Vec::new();
        let job = JobId::new("job-1").unwrap();
        let hear = |line: &Line| heard.push(line.clone());
        let ended = compose(&program, folder.path(), 0, &job, &CancellationToken::new(), hear).await;
        (ended, heard)
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_skipped_and_the_next_is_heard() {
        let (ended, heard) = composed_by(
            r#"printf '%50000s\n' x
            echo '{"percent":50,"step":"composing","eta_s":null}'
            echo '{"failure":{"code":"disk_full","text":"the disk is full"}}'
            exit 1"#,
        )
        .await;
        assert_eq!(heard, [Line { percent: 50, step: JobStep::Composing, eta_s: None }]);
        assert_eq!(ended, Ended::Badly(JobFailure::new(JobTrouble::DiskFull, "the disk is full")));
    }

    #[tokio::test]
    async fn of_endless_complaints_the_last_is_kept() {
        let (ended, _) = composed_by(
            r#"i=0; while [ $i -lt 2000 ]; do printf '%100s\n' noise >&2; i=$((i+1)); done
            echo 'the last word' >&2; exit 1"#,
        )
        .await;
        assert_eq!(ended, Ended::Badly(other("the last word".into())));
        let endless = vec![b'x'; 3 * MAX_STDERR_BYTES];
        assert_eq!(last_bytes(&endless[..]).await.len(), MAX_STDERR_BYTES);
    }

    fn failed(status: i32, said: Option<JobFailure>, complaints: &[u8]) -> (JobTrouble, String) {
        let failure = failure_of(ExitStatus::from_raw(status), said, complaints);
        (failure.trouble, failure.text)
    }

    #[test]
    fn the_reason_is_what_the_composer_said_last() {
        let full = JobFailure::new(JobTrouble::DiskFull, "the disk is full: free some");
        let said = Some(full.clone());
        assert_eq!(failed(1 << 8, said.clone(), b"[h264] noise\n"), (full.trouble, full.text));
        let complaints = b"[h264] noise\nno such folder\n\n";
        assert_eq!(failed(1 << 8, None, complaints), (JobTrouble::Other, "no such folder".into()));
        let (trouble, text) = failed(1 << 8, None, b"");
        assert_eq!(trouble, JobTrouble::Other);
        assert_eq!(text, "the composer failed without a reason (exit status: 1)");
        let (trouble, text) = failed(libc::SIGSEGV, said, b"x\n");
        assert!(trouble == JobTrouble::Crashed && text.contains("signal 11"), "{text}");
        assert_eq!(failed(libc::SIGKILL, None, b"").0, JobTrouble::Killed);
        assert_eq!(failed(libc::SIGXCPU, None, b"").0, JobTrouble::TookTooLong);
        assert_eq!(failed(1 << 8, None, &[b'a'; 9000]).1.chars().count(), MAX_REASON_CHARS);
    }
}
