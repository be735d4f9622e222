//! Entry point of `tongtang-recorder`.

use anyhow::Context;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use tongtang_config::Config;

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
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let config = Config::load(arguments.config.as_deref())?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .context("cannot start threads")?;
            runtime.block_on(tongtang_recorder::serve::serve(config))?;
        }
    }
    Ok(())
}
