//! Entry point of `tongtang-recorder`.

use anyhow::Context;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tongtang_config::Config;
use tongtang_protocol::ids::JobId;
use tongtang_recorder::compose::output::room_left_alone;
use tongtang_recorder::compose::{Order, child};

/// Captures lessons as they happen and makes library resources of them.
///
/// `tongtang serve` starts a recorder by itself. Start one by hand to run it on a machine of its
/// own: give it the same tongtang.toml, with `recorder.signaling_url` pointing to signaling, and the
/// control-secret and tap-* files of the data folder's secrets.
///
/// Recordings stand in `recorder.media_dir`, a folder each. A recorder that is killed loses nothing
/// that the sfu still retains: start it again and every recording goes on.
#[derive(Debug, Parser)]
#[command(name = "tongtang-recorder", version)]
struct Arguments {
    /// Configuration file; `tongtang.toml` in this folder if it exists.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Capture and compose until told to stop (the default).
    Serve,
    /// Compose one captured recording into an HLS resource, then end.
    Compose {
        /// Folder of the recording: manifest.jsonl and tracks/.
        #[arg(long)]
        recording: PathBuf,
        /// Folder of the resource; replaced when it is there already.
        #[arg(long)]
        out: PathBuf,
        /// Where recording stops below so many free bytes (recorder.min_free_bytes): composing leaves more.
        #[arg(long, default_value_t = 0, value_name = "BYTES")]
        min_free: u64,
        /// The job that this is for.
        #[arg(long)]
        job: Option<JobId>,
        /// End when standard input does: the recorder holds its other end.
        #[arg(long)]
        supervised: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => match serve(arguments.config.as_deref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("tongtang-recorder: {error:#}");
                ExitCode::FAILURE
            }
        },
        Command::Compose { recording, out, min_free, job, supervised } => {
            let parent = if supervised { child::Parent::OnStdin } else { child::Parent::None };
            let leave_bytes = room_left_alone(min_free);
            child::main(&Order { recording, out, leave_bytes, job }, parent)
        }
    }
}

fn serve(config: Option<&Path>) -> anyhow::Result<()> {
    let config = Config::load(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the recorder's threads")?;
    Ok(runtime.block_on(tongtang_recorder::serve::serve(config))?)
}
