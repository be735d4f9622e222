//! `tongtang read-sheet`: the process in which a file that somebody sent is read. Not for people: `import::child` starts it.
//!
//! Before it reads a byte it gives up what it does not need: memory beyond a bound, processor time, opening files, sockets
//! and processes, writing files, leaving a core. A parser that goes wrong ends here, alone.

use super::CliError;
use crate::import::oneroster::forget_pupils;
use crate::import::read::read;
use crate::import::sheet::{Answer, MAX_FILE_BYTES, Refused};
use clap::Args;
use nix::sys::resource::{Resource, setrlimit};
use std::io::{Read, Write};

/// Memory it may map: the program itself, the largest file inflated, and its texts several times.
const MAX_MEMORY_BYTES: u64 = 1 << 30;
/// Seconds of processor time.
const MAX_CPU_S: u64 = 20;
/// Its three streams are open; a fourth is not opened.
const MAX_FILES: u64 = 3;

/// What stands behind `tongtang read-sheet`.
#[derive(Debug, Args)]
pub struct ReadSheetArgs {
    /// What the file is called
    #[arg(long, default_value = "")]
    name: String,
}

/// Reads standard input, answers on standard output.
pub fn run(args: &ReadSheetArgs) -> Result<(), CliError> {
    confine().map_err(|error| CliError::Said(format!("cannot limit this process: {error}")))?;
    let mut bytes = Vec::new();
    let input = std::io::stdin().lock().take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes);
    input.map_err(|error| CliError::Said(format!("cannot read the file: {error}")))?;
    let mut answer: Answer = match bytes.len() {
        ..=MAX_FILE_BYTES => read(&args.name, &bytes),
        _ => Err(Refused::Inflated),
    };
    if let Ok(sheets) = &mut answer {
        forget_pupils(sheets);
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer(&mut out, &answer)
        .map_err(std::io::Error::from)
        .and_then(|()| out.flush())
        .map_err(CliError::Output)
}

fn confine() -> nix::Result<()> {
    for (resource, most) in [
        (Resource::RLIMIT_AS, MAX_MEMORY_BYTES),
        (Resource::RLIMIT_CPU, MAX_CPU_S),
        (Resource::RLIMIT_NOFILE, MAX_FILES),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_NPROC, 0),
        (Resource::RLIMIT_CORE, 0),
    ] {
        setrlimit(resource, most, most)?;
    }
    Ok(())
}
