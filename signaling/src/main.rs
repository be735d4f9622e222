//! `tongtang`: see `cli` for what can be typed, `lib` for the way of a request.

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;
use tongtang::cli::{self, Cli};

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be left to read it; the status says it too.
            let _ = writeln!(std::io::stderr(), "tongtang: {error}");
            ExitCode::FAILURE
        }
    }
}
