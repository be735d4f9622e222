//! How the program speaks to its operator: text on a terminal, JSON lines otherwise.
//!
//! Everything goes to standard error; standard output belongs to the answers of the command line.

use std::io::{IsTerminal, Write};
use tongtang_config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;

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

/// Says what is wrong with the filter, if something is.
pub fn check(log: &Log) -> Result<EnvFilter, String> {
    EnvFilter::try_new(&log.filter)
        .map_err(|error| format!("log.filter `{}` is no filter: {error}; for example: info", log.filter))
}

/// Starts logging.
pub fn start(log: &Log) -> Result<Shape, String> {
    let filter = check(log)?;
    let shape = Shape::of(log);
    // A line that cannot be written is lost. Complaining about it on standard error would panic, and
    // a closed terminal must not end a lesson.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let started = match shape {
        Shape::Text => builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init(),
        Shape::Json => {
            builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
    };
    started.map_err(|error| format!("cannot start logging: {error}"))?;
    Ok(shape)
}

/// Passes on a line of a supervised program, marked as its own.
pub fn forward(shape: Shape, program: &str, line: &str) {
    let marked = match shape {
        Shape::Text => format!("{program:>8} │ {line}\n"),
        Shape::Json => format!("{}\n", marked_json(program, line)),
    };
    let _ = std::io::stderr().lock().write_all(marked.as_bytes());
}

fn marked_json(program: &str, line: &str) -> serde_json::Value {
    match serde_json::from_str(line) {
        Ok(serde_json::Value::Object(mut fields)) => {
            fields.insert("program".into(), program.into());
            fields.into()
        }
        _ => serde_json::json!({ "program": program, "message": line }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_child_keeps_its_fields_and_gains_its_name() {
        let line = marked_json("sfu", r#"{"level":"INFO","message":"up"}"#);
        assert_eq!(line, serde_json::json!({ "program": "sfu", "level": "INFO", "message": "up" }));
        let panic = marked_json("sfu", "thread 'main' panicked");
        assert_eq!(panic, serde_json::json!({ "program": "sfu", "message": "thread 'main' panicked" }));
    }
}
