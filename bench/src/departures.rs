//! When each packet of a recording left its publisher, so that who gets one can tell how long it took: the payloads
//! themselves are as they were recorded.
//!
//! Enters: from the publishers' thread, moments. Leaves: on the audience's thread, the moment of a packet that arrived.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Rounds of a recording that are remembered. A packet that is further behind is taken for one of a later round; with
/// a keyframe asked for every 300 ms, the shortest round, that is more than two seconds.
const ROUNDS: usize = 8;

/// One publisher's.
#[derive(Debug)]
pub struct Departures {
    /// Nanoseconds since 1970 by packet and round; 0: never.
    times: Box<[[AtomicU64; ROUNDS]]>,
}

impl Departures {
    /// Of a publisher of a recording with so many packets.
    pub fn new(packets: usize) -> Self {
        Self { times: (0..packets).map(|_| [const { AtomicU64::new(0) }; ROUNDS]).collect() }
    }

    /// This packet leaves now, in this round of the recording.
    pub fn note(&self, packet: u32, round: u64, unix_ns: u64) {
        if let Some(times) = self.times.get(packet as usize) {
            times[round as usize % ROUNDS].store(unix_ns, Ordering::Relaxed);
        }
    }

    fn of(&self, packet: u32) -> impl Iterator<Item = u64> {
        let times = self.times.get(packet as usize).into_iter().flatten();
        times.map(|time| time.load(Ordering::Relaxed)).filter(|time| *time != 0)
    }
}

/// Those of all publishers, by their numbers.
#[derive(Debug, Default)]
pub struct Board(Mutex<HashMap<u16, Arc<Departures>>>);

impl Board {
    /// Those of a publisher of a recording with so many packets. Who receives may ask before the publisher has come.
    pub fn of(&self, publisher: u16, packets: usize) -> Arc<Departures> {
        // Whoever panicked with the lock held has ended the run.
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.entry(publisher).or_insert_with(|| Arc::new(Departures::new(packets))).clone()
    }
}

/// What a subscriber knows of one of its streams: who may be the source, and by a packet that was found how the stream's
/// RTP time and the sources' moments go together.
#[derive(Debug)]
pub struct Timeline {
    sources: Vec<Arc<Departures>>,
    ticks_a_second: u32,
    anchor: Option<(u32, u64)>,
}

impl Timeline {
    /// Of a stream that shows these sources.
    pub fn new(sources: Vec<Arc<Departures>>, ticks_a_second: u32) -> Self {
        Self { sources, ticks_a_second, anchor: None }
    }

    /// When this packet, which arrived just now, left: of the rounds in which it was sent the one that RTP time names, for the
    /// first packet the last before its arrival. `None`: none of the sources has sent it.
    pub fn departure(&mut self, packet: u32, timestamp: u32, arrived_unix_ns: u64) -> Option<u64> {
        let expected = self.anchor.map_or(arrived_unix_ns, |(ticks, unix_ns)| {
            let ticks = i64::from(timestamp.wrapping_sub(ticks) as i32);
            let passed_ns = ticks * 1_000_000_000 / i64::from(self.ticks_a_second);
            unix_ns.saturating_add_signed(passed_ns)
        });
        let sent = self.sources.iter().flat_map(|source| source.of(packet));
        let found =
            sent.filter(|sent| *sent <= arrived_unix_ns).min_by_key(|sent| sent.abs_diff(expected))?;
        self.anchor = Some((timestamp, found));
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_packet_that_is_rounds_late_is_told_from_the_same_of_later_rounds() {
        let board = Board::default();
        let departures = board.of(7, 10);
        let sources = [7, 8].map(|number| board.of(number, 10)).to_vec();
        let mut timeline = Timeline::new(sources, 90_000);
        departures.note(3, 0, 1_000 * MS);
        assert_eq!(timeline.departure(3, 50, 1_002 * MS), Some(1_000 * MS));
        for round in 1..4 {
            departures.note(3, round, (1_000 + 4_000 * round) * MS);
        }
        // Sent in the first round after the anchor, and twelve seconds late.
        assert_eq!(timeline.departure(3, 50 + 4 * 90_000, 17_000 * MS), Some(5_000 * MS));
        assert_eq!(timeline.departure(4, 50, 17_000 * MS), None, "never sent");
    }

    #[test]
    fn a_stream_that_anybody_may_speak_in_finds_who_spoke_last() {
        let board = Board::default();
        let [first, second] = [1, 2].map(|number| board.of(number, 4));
        first.note(0, 0, 500 * MS);
        second.note(0, 0, 700 * MS);
        let mut timeline = Timeline::new(vec![first.clone(), second.clone()], 48_000);
        assert_eq!(timeline.departure(0, 9, 701 * MS), Some(700 * MS));
    }
}
