//! The log of a supervised program: written by it to a file, passed on from there to our own log.
//!
//! A file and not a pipe: when this program is killed, a pipe breaks and the child's next line fails,
//! in the middle of a lesson.

use crate::log;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tongtang_config::log::Shape;

/// The file is emptied when it is longer, in bytes; all of it has been passed on then.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// A longer line is passed on in pieces, in bytes.
const MAX_LINE_BYTES: usize = 16 * 1024;

/// Bytes read at once.
const READ_BYTES: u64 = 256 * 1024;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A file that one program writes and we read.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
}

impl LogFile {
    /// The file at this path, there or not.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// For the program to write to.
    pub fn open(&self) -> io::Result<File> {
        OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)
    }

    /// Passes on what is written from now on, until told to stop.
    pub async fn forward(
        self: std::sync::Arc<Self>,
        label: &'static str,
        shape: Shape,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut tail = Tail { at: self.length(), rest: Vec::new() };
        loop {
            let stopping = tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => false,
                () = super::asked(&mut stop) => true,
            };
            let mut pass_on = |line: &str| log::forward(shape, label, line);
            // A file that cannot be read now is tried again: the log must not end the supervision.
            let _ = self.read(&mut tail, &mut pass_on);
            if stopping {
                // Nothing more is written: the rest, however much it is.
                while tail.at < self.length() && self.read(&mut tail, &mut pass_on).is_ok() {}
                return;
            }
        }
    }

    fn length(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |meta| meta.len())
    }

    fn read(&self, tail: &mut Tail, pass_on: &mut impl FnMut(&str)) -> io::Result<()> {
        let length = self.length();
        if length < tail.at {
            tail.at = 0;
        }
        if length > tail.at {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(tail.at))?;
            let mut bytes = Vec::new();
            tail.at += file.take(READ_BYTES).read_to_end(&mut bytes)? as u64;
            tail.push(&bytes, pass_on);
        }
        if tail.at == length && length > MAX_FILE_BYTES {
            // The writer appends, so it goes on at the new end.
            OpenOptions::new().write(true).open(&self.path)?.set_len(0)?;
            tail.at = 0;
        }
        Ok(())
    }
}

/// How far the file has been passed on.
struct Tail {
    at: u64,
    rest: Vec<u8>,
}

impl Tail {
    fn push(&mut self, bytes: &[u8], pass_on: &mut impl FnMut(&str)) {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            for piece in line[..end].chunks(MAX_LINE_BYTES) {
                pass_on(&String::from_utf8_lossy(piece));
            }
        }
        while self.rest.len() > MAX_LINE_BYTES {
            let piece: Vec<u8> = self.rest.drain(..MAX_LINE_BYTES).collect();
            pass_on(&String::from_utf8_lossy(&piece));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_are_passed_on_whole_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogFile::new(folder.path().join("x.log"));
        let mut writer = log.open().unwrap();
        let mut tail = Tail { at: 0, rest: Vec::new() };
        let mut seen = Vec::new();
        for text in ["one\ntw", "o\n", "", "three\n"] {
            writer.write_all(text.as_bytes()).unwrap();
            log.read(&mut tail, &mut |line: &str| seen.push(line.to_owned())).unwrap();
        }
        assert_eq!(seen, ["one", "two", "three"]);
    }

    #[test]
    fn a_line_without_an_end_is_passed_on_in_pieces() {
        let mut tail = Tail { at: 0, rest: Vec::new() };
        let mut seen = Vec::new();
        let mut pass_on = |line: &str| seen.push(line.len());
        tail.push(&vec![b'x'; 2 * MAX_LINE_BYTES + 5], &mut pass_on);
        tail.push(b"y\n", &mut pass_on);
        assert!(tail.rest.is_empty());
        assert_eq!(seen, [MAX_LINE_BYTES, MAX_LINE_BYTES, 6]);
    }

    #[test]
    fn a_long_file_is_emptied_and_the_writer_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogFile::new(folder.path().join("x.log"));
        let mut writer = log.open().unwrap();
        let line = format!("{}\n", "x".repeat(999));
        for _ in 0..=MAX_FILE_BYTES / 1000 {
            writer.write_all(line.as_bytes()).unwrap();
        }
        let mut tail = Tail { at: 0, rest: Vec::new() };
        let mut count = 0;
        while log.length() > 0 {
            log.read(&mut tail, &mut |_: &str| count += 1).unwrap();
        }
        assert_eq!(count, MAX_FILE_BYTES / 1000 + 1);
        writer.write_all(b"after\n").unwrap();
        let mut last = String::new();
        log.read(&mut tail, &mut |line: &str| line.clone_into(&mut last)).unwrap();
        assert_eq!(last, "after");
    }
}
