//! The answer of a command, on standard output.

use std::io::{ErrorKind, Write};

/// Prints `text` and a line's end. A reader that has gone (`tongtang openapi | head -1`) has read all it
/// wanted, so that is no error; anything else that keeps the answer from its place is.
pub fn print(text: &str) -> std::io::Result<()> {
    heard(to(&mut std::io::stdout().lock(), text))
}

fn to(out: &mut impl Write, text: &str) -> std::io::Result<()> {
    out.write_all(text.trim_end_matches('\n').as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

fn heard(written: std::io::Result<()>) -> std::io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_one_line_end() {
        for text in ["a\nb", "a\nb\n", "a\nb\n\n"] {
            let mut out = Vec::new();
            to(&mut out, text).unwrap();
            assert_eq!(out, b"a\nb\n");
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error_and_a_full_disk_is() {
        assert!(heard(Err(ErrorKind::BrokenPipe.into())).is_ok());
        assert!(heard(Err(ErrorKind::StorageFull.into())).is_err());
    }
}
