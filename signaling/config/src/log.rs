//! How a program speaks to its operator: text on a terminal, JSON lines otherwise.
//!
//! Everything goes to standard error; standard output belongs to the answers of the command line.

use crate::{Log, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, ParseError};

/// The shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Shape {
    /// What the configuration asks for, here.
    pub fn of(log: &Log) -> Self {
        match log.format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
            LogFormat::Auto if std::io::stderr().is_terminal() => Self::Text,
            LogFormat::Auto => Self::Json,
        }
    }

    /// As `log.format` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// `log.filter` cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("log.filter `{filter}` is no filter: {source}; for example: info")]
pub struct FilterError {
    filter: String,
    source: ParseError,
}

/// Says what is wrong with the filter, if something is.
pub fn check(log: &Log) -> Result<(), FilterError> {
    filter_of(log, &[]).map(drop)
}

/// Starts logging for the whole process. Of the `quiet` libraries only errors are shown, unless the filter names
/// them.
pub fn start(log: &Log, quiet: &[&str]) -> Result<Shape, FilterError> {
    let filter = filter_of(log, quiet)?;
    let shape = Shape::of(log);
    // A line that cannot be written is lost. Complaining about it on standard error would panic, and a closed
    // terminal or a full disk must not end a lesson.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    // Failing means that a log is installed already, which a test may have done.
    let _ = match shape {
        Shape::Text => builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init(),
        Shape::Json => {
            builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
    };
    Ok(shape)
}

fn filter_of(log: &Log, quiet: &[&str]) -> Result<EnvFilter, FilterError> {
    let filter = EnvFilter::try_new(&log.filter)
        .map_err(|source| FilterError { filter: log.filter.clone(), source })?;
    Ok(quiet
        .iter()
        .filter(|library| !log.filter.contains(**library))
        .filter_map(|library| format!("{library}=error").parse::<Directive>().ok())
        .fold(filter, EnvFilter::add_directive))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn log(filter: &str) -> Log {
        Log { filter: filter.into(), ..Log::default() }
    }

    #[test]
    fn a_filter_that_is_none_is_named_with_an_example() {
        let error = start(&log("a=b=c"), &[]).unwrap_err().to_string();
        assert!(error.starts_with("log.filter `a=b=c` is no filter") && error.ends_with("info"), "{error}");
        assert!(check(&log("info,tongtang_sfu=debug")).is_ok());
    }

    #[test]
    fn a_quiet_library_speaks_when_it_is_named() {
        let quiet = |filter: &str| filter_of(&log(filter), &["rtc_dtls"]).unwrap().to_string();
        assert!(quiet("debug").contains("rtc_dtls=error"));
        assert!(!quiet("info,rtc_dtls=debug").contains("rtc_dtls=error"));
    }
}
