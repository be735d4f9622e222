//! The round trips of a join, each with what was asked and what answered it.

use std::time::{Duration, Instant};

/// More cannot be on the way to the first packet of media; what repeats is counted once.
const MAX_TRIPS: usize = 8;

/// One of them: something was sent, and nothing could go on before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundTrip {
    /// What went to the server.
    pub asked: &'static str,
    /// What came back.
    pub answered: &'static str,
    /// How long that took.
    pub took: Duration,
}

/// Those of one session so far.
#[derive(Debug, Clone, Default)]
pub struct Trips {
    done: Vec<RoundTrip>,
    open: Option<(&'static str, Instant)>,
    /// Times something was sent again because no answer came.
    pub repeats: u32,
}

impl Trips {
    /// Something went out that the session now waits for. Again with the same name: it was repeated.
    pub fn ask(&mut self, asked: &'static str, now: Instant) {
        match self.open {
            Some((open, _)) if open == asked => self.repeats += 1,
            _ => self.open = Some((asked, now)),
        }
    }

    /// The answer to what went out last; further packets of the same answer are none.
    pub fn answer(&mut self, answered: &'static str, now: Instant) {
        if let Some((asked, since)) = self.open.take()
            && self.done.len() < MAX_TRIPS
        {
            self.done.push(RoundTrip { asked, answered, took: now.saturating_duration_since(since) });
        }
    }

    /// What is waited for, since when.
    pub fn waits_for(&self) -> Option<(&'static str, Instant)> {
        self.open
    }

    /// Those that are over, in order.
    pub fn done(&self) -> &[RoundTrip] {
        &self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trip_ends_with_its_first_answer_and_repeating_is_no_further_trip() {
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let mut trips = Trips::default();
        trips.ask("a", at(0));
        trips.ask("a", at(50));
        trips.answer("b", at(70));
        trips.answer("b", at(71));
        trips.ask("c", at(72));
        trips.answer("d", at(90));
        let [first, second] = [("a", "b", 70), ("c", "d", 18)].map(|(asked, answered, ms)| RoundTrip {
            asked,
            answered,
            took: Duration::from_millis(ms),
        });
        assert_eq!((trips.done(), trips.repeats), ([first, second].as_slice(), 1));
    }
}
