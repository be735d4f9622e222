//! Lines of the supervised programs, passed on and marked as theirs.

use std::io::Write;
use tongtang_config::log::Shape;

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
