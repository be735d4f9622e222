//! Numbered messages of one session, the newest [`MAX_BUFFERED`] kept.
//!
//! Pure. Enters: message bodies. Leaves: what comes after a number, or that it is gone.

use axum::extract::ws::Utf8Bytes;
use std::collections::VecDeque;
use tongtang_protocol::message::{Numbered, ServerMessage};

/// Messages kept for a page that dropped or is slow. Lessons change ten times a second at most, so
/// this is ten seconds and more; a page further behind starts afresh with a welcome.
pub const MAX_BUFFERED: usize = 128;

/// The log.
#[derive(Debug, Default)]
pub struct Log {
    /// Of the newest message; 0: none yet.
    last_seq: u64,
    kept: VecDeque<Utf8Bytes>,
}

impl Log {
    /// Numbers and keeps a message.
    pub fn push(&mut self, body: ServerMessage) -> u64 {
        self.last_seq += 1;
        if self.kept.len() == MAX_BUFFERED {
            self.kept.pop_front();
        }
        self.kept.push_back(text_of(&Numbered { seq: self.last_seq, body }));
        self.last_seq
    }

    /// The messages after `seq`, in order. None: some of them are gone, or there never was such a number.
    pub fn after(&self, seq: u64) -> Option<Vec<Utf8Bytes>> {
        let missed = usize::try_from(self.last_seq.checked_sub(seq)?).ok()?;
        let skip = self.kept.len().checked_sub(missed)?;
        Some(self.kept.range(skip..).cloned().collect())
    }

    /// The number of the newest message.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }
}

/// A message as it goes over the wire.
pub fn text_of(message: &Numbered) -> Utf8Bytes {
    serde_json::to_string(message).expect("our own messages have string keys only").into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn filled(count: usize) -> Log {
        let mut log = Log::default();
        (0..count).for_each(|id| {
            log.push(ServerMessage::Ack { id: id as u64 });
        });
        log
    }

    #[test]
    fn a_page_gets_exactly_what_it_missed() {
        let log = filled(10);
        let missed = log.after(7).unwrap();
        let seqs: Vec<u64> =
            missed.iter().map(|text| serde_json::from_str::<Numbered>(text).unwrap().seq).collect();
        assert_eq!(seqs, [8, 9, 10]);
        assert!(log.after(10).unwrap().is_empty());
        assert!(log.after(11).is_none(), "a number that never was");
    }

    #[test]
    fn what_fell_out_of_the_log_is_not_passed_over() {
        let log = filled(MAX_BUFFERED + 5);
        assert!(log.after(4).is_none());
        assert_eq!(log.after(5).unwrap().len(), MAX_BUFFERED);
    }
}
