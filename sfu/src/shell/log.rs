//! How the program speaks: text on a terminal, JSON lines otherwise.

use std::io::IsTerminal;
use tongtang_config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// Said by libraries whenever a peer sends something odd: a stranger must not fill the log. Named in the
/// configured filter, it is shown all the same.
const QUIET: [&str; 3] = ["rtc_dtls", "rtc_stun", "rtc_srtp"];

/// Installs the log for the whole process. A filter that cannot be read counts as `info`.
pub fn install(log: &Log) {
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|error| {
        eprintln!("log.filter is not a tracing filter ({error}); using `info`");
        EnvFilter::new("info")
    });
    let filter = QUIET
        .iter()
        .filter(|library| !log.filter.contains(**library))
        .filter_map(|library| format!("{library}=error").parse::<Directive>().ok())
        .fold(filter, EnvFilter::add_directive);
    let text = match log.format {
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
    let _ = if text { builder.try_init() } else { builder.json().flatten_event(true).try_init() };
}
