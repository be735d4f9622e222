//! Entry point of `tongtang-recorder`.

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use tongtang_protocol::ids::JobId;
use tongtang_recorder::compose::{Order, child};

/// Captures lessons as they happen and makes library resources of them.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compose one captured recording into an HLS resource, then end.
    Compose {
        /// Folder of the recording: manifest.jsonl and tracks/.
        #[arg(long)]
        recording: PathBuf,
        /// Folder of the resource; replaced when it is there already.
        #[arg(long)]
        out: PathBuf,
        /// The job that this is for.
        #[arg(long)]
        job: Option<JobId>,
        /// End when standard input does: the recorder holds its other end.
        #[arg(long)]
        supervised: bool,
    },
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Compose { recording, out, job, supervised } => {
            let parent = if supervised { child::Parent::OnStdin } else { child::Parent::None };
            child::main(&Order { recording, out, job }, parent)
        }
    }
}
