//! What is missing of a track, and when to ask for it again (RFC 4585 §6.2.1).

use std::time::{Duration, Instant};

/// Most packets missing at once. When more are, none is asked for: the track needs a keyframe.
pub const MAX_MISSING: usize = 256;
/// A gap may be reordering: asking waits so long. (Access networks reorder within a few milliseconds.)
const REORDERING: Duration = Duration::from_millis(8);
/// Times a packet is asked for; then it is given up.
const MAX_TRIES: u8 = 8;
/// A packet that has been missing for so long is of no use any more.
const GIVE_UP_AFTER: Duration = Duration::from_millis(1_500);
/// Time between two requests before a round trip is known.
const FIRST_INTERVAL: Duration = Duration::from_millis(80);
/// Shortest and longest time between two requests.
const INTERVAL_RANGE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

#[derive(Debug, Clone, Copy)]
struct Missing {
    sequence: u64,
    since: Instant,
    next: Instant,
    asked: Option<Instant>,
    tries: u8,
}

/// The list of a track's missing packets, in ascending order.
#[derive(Debug)]
pub struct NackList {
    missing: Vec<Missing>,
    /// Smoothed time from the first request to the answer.
    answer_time: Duration,
}

impl Default for NackList {
    fn default() -> Self {
        Self { missing: Vec::with_capacity(MAX_MISSING), answer_time: FIRST_INTERVAL }
    }
}

/// What a gap led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Its packets will be asked for.
    Noted,
    /// Too much is missing: everything is forgotten, a keyframe is needed.
    Overflow,
}

impl NackList {
    /// The packets in `lost` were skipped.
    pub fn gap(&mut self, now: Instant, lost: std::ops::Range<u64>) -> Gap {
        if lost.end - lost.start > (MAX_MISSING - self.missing.len()) as u64 {
            self.missing.clear();
            return Gap::Overflow;
        }
        self.missing.extend(lost.map(|sequence| Missing {
            sequence,
            since: now,
            next: now + REORDERING,
            asked: None,
            tries: 0,
        }));
        Gap::Noted
    }

    /// A packet arrived behind the highest one: late or retransmitted.
    pub fn arrived(&mut self, now: Instant, sequence: u64) {
        let Ok(at) = self.missing.binary_search_by_key(&sequence, |missing| missing.sequence) else { return };
        let missing = self.missing.remove(at);
        if let (Some(asked), 1) = (missing.asked, missing.tries) {
            let sample = now.saturating_duration_since(asked);
            self.answer_time = (self.answer_time * 7 + sample) / 8;
        }
    }

    /// The sequence numbers to ask for now, appended to `lost`.
    pub fn due(&mut self, now: Instant, lost: &mut Vec<u16>) {
        let interval = (self.answer_time * 3 / 2).clamp(INTERVAL_RANGE.0, INTERVAL_RANGE.1);
        self.missing.retain_mut(|missing| {
            if now.saturating_duration_since(missing.since) > GIVE_UP_AFTER || missing.tries >= MAX_TRIES {
                return false;
            }
            if missing.next <= now {
                lost.push(missing.sequence as u16);
                missing.tries += 1;
                missing.asked = Some(now);
                // Each further request waits longer: a link that loses much is not to be filled with repeats.
                missing.next = now + interval.mul_f32(1.0 + 0.5 * f32::from(missing.tries - 1));
            }
            true
        });
    }

    /// When [`Self::due`] may have something.
    pub fn next(&self) -> Option<Instant> {
        self.missing.iter().map(|missing| missing.next).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_asked_for_with_growing_pauses_and_given_up() {
        let start = Instant::now();
        let mut list = NackList::default();
        assert_eq!(list.gap(start, 10..12), Gap::Noted);
        let mut times = Vec::new();
        for ms in 0..3_000 {
            let now = start + Duration::from_millis(ms);
            let mut lost = Vec::new();
            list.due(now, &mut lost);
            if !lost.is_empty() {
                assert_eq!(lost, [10, 11]);
                times.push(ms);
            }
        }
        assert_eq!(times[0], 8, "reordering has its chance");
        assert!(times.len() >= 4 && times.len() <= usize::from(MAX_TRIES), "{times:?}");
        assert!(times.windows(3).all(|w| w[2] - w[1] >= w[1] - w[0]), "{times:?}");
        assert!(list.next().is_none());
    }

    #[test]
    fn a_packet_that_was_only_late_is_not_asked_for() {
        let start = Instant::now();
        let mut list = NackList::default();
        list.gap(start, 5..6);
        list.arrived(start + Duration::from_millis(3), 5);
        let mut lost = Vec::new();
        list.due(start + Duration::from_millis(50), &mut lost);
        assert!(lost.is_empty());
    }

    #[test]
    fn too_much_missing_is_not_asked_for_at_all() {
        let start = Instant::now();
        let mut list = NackList::default();
        assert_eq!(list.gap(start, 0..200), Gap::Noted);
        assert_eq!(list.gap(start, 300..400), Gap::Overflow);
        assert!(list.next().is_none());
    }
}
