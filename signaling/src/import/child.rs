//! Starts the process that reads a file, and ends it: `tongtang read-sheet`, which takes the file on its standard input and
//! answers with sheets on its standard output. What a file does to a parser, it does there.
//!
//! The child has no environment, opens nothing (it limits itself before it reads a byte: `cli::read_sheet`), and is killed
//! when it takes too long or when nobody waits for it any more.

use super::sheet::{Answer, Refused, Sheet};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Files that are read at once. Whoever comes third waits for [`PATIENCE`], and is asked to come again after it.
pub const MAX_AT_ONCE: usize = 2;
/// How long somebody waits for their turn.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest life of a child. The largest file takes a fraction of it.
const MAX_TIME: Duration = Duration::from_secs(30);
/// Longest answer, in bytes: all text a child keeps, each byte escaped, and as much again for what stands around it.
const MAX_ANSWER_BYTES: u64 = 96 << 20;

/// Reads files. Cheap to clone.
#[derive(Clone)]
pub struct Importer {
    program: PathBuf,
    turns: Arc<Semaphore>,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is not taken; the reason is the sender's to read.
    #[error("the file is not taken: {0:?}")]
    Refused(Refused),
    /// The child cannot be started or spoken to.
    #[error("the reading process: {0}")]
    Io(#[from] std::io::Error),
    /// It ended by itself, or was ended: the file asked for more than it may have.
    #[error("the reading process ended with {0}")]
    Ended(ExitStatus),
    /// It took too long.
    #[error("the reading process did not end in time and was killed")]
    TooLong,
    /// It answered with something else.
    #[error("the reading process answered wrongly: {0}")]
    Answer(#[from] serde_json::Error),
}

impl Importer {
    /// `program` is this program.
    pub fn new(program: PathBuf) -> Self {
        Self { program, turns: Arc::new(Semaphore::new(MAX_AT_ONCE)) }
    }

    /// A turn, which is held while a file is in memory. None: too many wait.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        turn.ok()?.ok()
    }

    /// The sheets of a file.
    pub async fn read(&self, name: &str, file: &[u8]) -> Result<Vec<Sheet>, ReadError> {
        let mut child = Command::new(&self.program)
            .arg("read-sheet")
            .arg("--name")
            .arg(name.replace('\0', ""))
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let told = async {
            if let Some(mut stdin) = stdin {
                // A child that ends before it has read all says why by its answer or its end.
                let _ = stdin.write_all(file).await;
            }
        };
        let heard = async {
            let mut answer = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await?;
            }
            Ok::<_, std::io::Error>(answer)
        };
        let whole = async {
            let ((), answer) = tokio::join!(told, heard);
            Ok::<_, std::io::Error>((answer?, child.wait().await?))
        };
        let outcome = tokio::time::timeout(MAX_TIME, whole).await;
        let Ok(outcome) = outcome else {
            child.kill().await?;
            return Err(ReadError::TooLong);
        };
        let (answer, status) = outcome?;
        if !status.success() {
            return Err(ReadError::Ended(status));
        }
        serde_json::from_slice::<Answer>(&answer)?.map_err(ReadError::Refused)
    }
}
