//! Makes one continuous stream out of pieces of many: sequence, timestamp, VP8 counters.
//!
//! A *segment* is a piece of one track, from a keyframe on. Within it everything is the source's number
//! plus a constant. Between two segments there is no hole in the sequence, time goes on by what really passed,
//! and VP8 counters go on by one. An outgoing number belongs to one segment for ever: packets older than
//! the keyframe that began the segment have none (sealing them would repeat a GCM nonce).

use crate::ingress::cache::Meta;
use crate::packet::vp8;
use std::time::{Duration, Instant};

/// Time that a switch moves the timestamp on at least, so that two frames never share one.
const MIN_STEP: Duration = Duration::from_millis(1);

/// Counters of an outgoing stream.
#[derive(Debug)]
pub struct Rewriter {
    clock_rate_hz: u32,
    segment: Option<Segment>,
    /// Highest outgoing index (ROC‖SEQ) so far.
    last_index: u64,
    last_timestamp: u32,
    last_at: Option<Instant>,
    last_vp8: LastVp8,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    /// Sequence number of its keyframe's first packet, at the source.
    first_source: u64,
    /// The same packet's outgoing index.
    first_index: u64,
    timestamp_offset: u32,
    vp8: vp8::Offsets,
}

#[derive(Debug, Clone, Copy, Default)]
struct LastVp8 {
    picture_id: u16,
    tl0_index: u8,
    key_index: u8,
}

/// What an outgoing packet carries instead of the source's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewritten {
    /// ROC‖SEQ.
    pub index: u64,
    /// Timestamp.
    pub timestamp: u32,
    /// For [`vp8::Descriptor::rewrite`].
    pub vp8: vp8::Offsets,
}

impl Rewriter {
    /// A stream whose first packet gets an index behind `start` (random, below 2^15: RFC 3711 §3.3.1 wants the first
    /// wrap seen) and whose time begins near `timestamp`.
    pub fn new(clock_rate_hz: u32, start: u16, timestamp: u32) -> Self {
        Self {
            clock_rate_hz,
            segment: None,
            last_index: u64::from(start & 0x7FFF),
            last_timestamp: timestamp,
            last_at: None,
            last_vp8: LastVp8::default(),
        }
    }

    /// Begins a segment with this packet.
    pub fn switch(&mut self, now: Instant, meta: &Meta) {
        let passed = self.last_at.map_or(MIN_STEP, |at| now.saturating_duration_since(at).max(MIN_STEP));
        let ticks = (passed.as_micros() as u64 * u64::from(self.clock_rate_hz) / 1_000_000) as u32;
        let timestamp = self.last_timestamp.wrapping_add(ticks);
        let last = self.last_vp8;
        let source = meta.vp8.unwrap_or_default();
        self.segment = Some(Segment {
            first_source: meta.sequence,
            first_index: self.last_index + 1,
            timestamp_offset: timestamp.wrapping_sub(meta.timestamp),
            vp8: vp8::Offsets {
                picture_id: last
                    .picture_id
                    .wrapping_add(1)
                    .wrapping_sub(source.picture_id.map_or(0, |(id, _)| id)),
                tl0_index: last.tl0_index.wrapping_add(1).wrapping_sub(source.tl0_index.unwrap_or(0)),
                key_index: last.key_index.wrapping_add(1).wrapping_sub(source.key_index.unwrap_or(0)),
            },
        });
    }

    /// Ends the segment: what comes next begins another one.
    pub fn pause(&mut self) {
        self.segment = None;
    }

    /// The numbers of a packet of the current segment; `None` when it is older than the segment.
    pub fn rewrite(&mut self, now: Instant, meta: &Meta) -> Option<Rewritten> {
        let rewritten = self.numbers(meta)?;
        if rewritten.index > self.last_index {
            self.last_index = rewritten.index;
            self.last_at = Some(now);
            self.last_timestamp = rewritten.timestamp;
            if let Some(descriptor) = meta.vp8 {
                let offsets = rewritten.vp8;
                self.last_vp8 = LastVp8 {
                    picture_id: descriptor
                        .picture_id
                        .map_or(0, |(id, _)| id)
                        .wrapping_add(offsets.picture_id),
                    tl0_index: descriptor.tl0_index.unwrap_or(0).wrapping_add(offsets.tl0_index),
                    key_index: descriptor.key_index.unwrap_or(0).wrapping_add(offsets.key_index),
                };
            }
        }
        Some(rewritten)
    }

    /// The same, of a packet that is sent again: nothing moves.
    pub fn numbers(&self, meta: &Meta) -> Option<Rewritten> {
        let segment = self.segment?;
        let behind = meta.sequence.checked_sub(segment.first_source)?;
        Some(Rewritten {
            index: segment.first_index + behind,
            timestamp: meta.timestamp.wrapping_add(segment.timestamp_offset),
            vp8: segment.vp8,
        })
    }

    /// The source's number of an outgoing sequence number that a subscriber misses; `None` when it is not of the
    /// current segment.
    pub fn source_of(&self, sequence: u16) -> Option<u64> {
        let segment = self.segment?;
        let step = i64::from(sequence.wrapping_sub(self.last_index as u16) as i16);
        let index = self.last_index.checked_add_signed(step)?;
        let behind = index.checked_sub(segment.first_index)?;
        Some(segment.first_source + behind)
    }

    /// The outgoing timestamp of a source's timestamp.
    pub fn timestamp_of(&self, source: u32) -> Option<u32> {
        Some(source.wrapping_add(self.segment?.timestamp_offset))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::packet::vp8::Descriptor;

    fn meta(sequence: u64, timestamp: u32) -> Meta {
        Meta { sequence, timestamp, ..Meta::default() }
    }

    #[test]
    fn a_switch_leaves_no_hole_and_time_goes_on_by_what_passed() {
        let start = Instant::now();
        let mut rewriter = Rewriter::new(90_000, 0x7FFF, 5_000);
        rewriter.switch(start, &meta(70_000, 1));
        let first = rewriter.rewrite(start, &meta(70_000, 1)).unwrap();
        let second = rewriter.rewrite(start, &meta(70_001, 1)).unwrap();
        assert_eq!((second.index, second.timestamp), (first.index + 1, first.timestamp));
        let later = start + Duration::from_millis(40);
        rewriter.switch(later, &meta(100, 4_000_000_000));
        let third = rewriter.rewrite(later, &meta(100, 4_000_000_000)).unwrap();
        assert_eq!((third.index, third.timestamp), (second.index + 1, second.timestamp + 3_600));
        assert_eq!(rewriter.rewrite(later, &meta(99, 3_999_999_000)), None, "older than its keyframe");
        assert_eq!(rewriter.source_of(third.index as u16), Some(100));
        assert_eq!(rewriter.source_of(second.index as u16), None, "of the segment before");
    }

    #[test]
    fn vp8_counters_go_on_by_one_over_a_switch() {
        let start = Instant::now();
        let descriptor = |picture: u16, tl0: u8, key: u8| {
            let [high, low] = (picture | 0x8000).to_be_bytes();
            Descriptor::parse(&[0x90, 0xF0, high, low, tl0, key, 0])
        };
        let mut rewriter = Rewriter::new(90_000, 0, 0);
        let at =
            |sequence, picture, tl0, key| Meta { vp8: descriptor(picture, tl0, key), ..meta(sequence, 0) };
        let out = |meta: Meta, rewritten: Rewritten| {
            let d = meta.vp8.unwrap();
            (
                d.picture_id.unwrap().0.wrapping_add(rewritten.vp8.picture_id) & 0x7FFF,
                d.tl0_index.unwrap().wrapping_add(rewritten.vp8.tl0_index),
                d.key_index.unwrap().wrapping_add(rewritten.vp8.key_index) & 31,
            )
        };
        let first = at(1, 32_767, 255, 31);
        rewriter.switch(start, &first);
        let a = out(first, rewriter.rewrite(start, &first).unwrap());
        let second = at(2, 0, 0, 31);
        let b = out(second, rewriter.rewrite(start, &second).unwrap());
        assert_eq!(b, ((a.0 + 1) & 0x7FFF, a.1.wrapping_add(1), a.2));
        let other = at(900, 12_345, 77, 5);
        rewriter.switch(start, &other);
        let c = out(other, rewriter.rewrite(start, &other).unwrap());
        assert_eq!(c, ((b.0 + 1) & 0x7FFF, b.1.wrapping_add(1), (b.2 + 1) & 31));
    }

    #[test]
    fn no_index_is_given_to_two_packets_however_sources_switch_and_reorder() {
        use rand::{Rng, SeedableRng};
        for seed in 0..50 {
            let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
            let start = Instant::now();
            let mut rewriter = Rewriter::new(90_000, rng.random(), rng.random());
            let mut used = std::collections::HashMap::new();
            let mut heads = [10_000u64, 65_000, 1_000_000];
            let mut source = 0usize;
            let mut is_begun = false;
            for step in 0..5_000u64 {
                if rng.random_ratio(1, 40) {
                    source = rng.random_range(0..3);
                    is_begun = false;
                }
                heads[source] += 1;
                // Late packets come up to 60 behind; the ingress has removed duplicates.
                let sequence = heads[source] - rng.random_range(0..60).min(if is_begun { 60 } else { 0 });
                let meta = meta(sequence, step as u32 * 100);
                if !is_begun {
                    rewriter.switch(start, &meta);
                    is_begun = true;
                }
                if let Some(rewritten) = rewriter.rewrite(start, &meta) {
                    let first = *used.entry(rewritten.index).or_insert((source, sequence));
                    assert_eq!(first, (source, sequence), "seed {seed}: index {} twice", rewritten.index);
                }
            }
        }
    }
}
