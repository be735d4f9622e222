//! How the program speaks: text on a terminal, JSON lines otherwise, always on standard error.

use std::io::IsTerminal;
use tongtang_config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;

/// Installs the log for the whole process. A filter that cannot be read counts as `info`.
pub fn install(log: &Log) {
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|error| {
        eprintln!("log.filter is not a tracing filter ({error}); using `info`");
        EnvFilter::new("info")
    });
    let is_text = match log.format {
        LogFormat::Text => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    // Without its own complaints: they would go to stderr too, and panic when that is what is full.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    // Failing means that a log is installed already, which a test may have done.
    let _ = if is_text { builder.try_init() } else { builder.json().flatten_event(true).try_init() };
}
