//! `tongtang`: see `cli` for what can be typed, `lib` for the way of a request.

use clap::Parser;
use std::process::ExitCode;
use tongtang::cli::{self, Cli};

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tongtang: {error}");
            ExitCode::FAILURE
        }
    }
}
