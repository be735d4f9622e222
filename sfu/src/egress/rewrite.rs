//! Makes one continuous stream out of pieces of many: sequence, timestamp, VP8 counters.
//!
//! A *segment* is a piece of one track, from a keyframe on. Within it everything is the source's number
//! plus a constant. Between two segments there is no hole in the sequence, time goes on by what really passed,
//! and VP8 counters go on by one. An outgoing number belongs to one packet of one segment for ever: packets older
//! than the keyframe that began the segment have none (sealing them would repeat a GCM nonce). What was lost of the
//! segment before may still come, late or retransmitted, and then takes the number that was kept for it.

use super::slot::TrackKey;
use crate::ingress::cache::Meta;
use crate::packet::vp8;
use crate::sdp::Codec;
use std::time::{Duration, Instant};

/// Time that a switch moves the timestamp on at least, so that two frames never share one.
const MIN_STEP: Duration = Duration::from_millis(1);

/// Counters of an outgoing stream.
#[derive(Debug)]
pub struct Rewriter {
    clock_rate_hz: u32,
    current: Option<Segment>,
    /// The segment before, and its last index.
    previous: Option<(Segment, u64)>,
    /// Highest outgoing index (ROC‖SEQ) so far.
    last_index: u64,
    last_timestamp: u32,
    last_at: Option<Instant>,
    last_vp8: LastVp8,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    track: TrackKey,
    codec: Codec,
    /// Sequence number of its keyframe's first packet, at the source.
    first_source: u64,
    /// The same packet's outgoing index.
    first_index: u64,
    timestamp_offset: u32,
    vp8: vp8::Offsets,
}

impl Segment {
    fn numbers(&self, track: TrackKey, meta: &Meta) -> Option<Rewritten> {
        let behind = meta.sequence.checked_sub(self.first_source).filter(|_| self.track == track)?;
        Some(Rewritten {
            index: self.first_index + behind,
            timestamp: meta.timestamp.wrapping_add(self.timestamp_offset),
            vp8: self.vp8,
            codec: self.codec,
        })
    }
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
    /// Decides the payload type.
    pub codec: Codec,
}

impl Rewriter {
    /// A stream whose first packet gets an index behind `start` (random, below 2^15: RFC 3711 §3.3.1 wants the first
    /// wrap seen) and whose time begins near `timestamp`.
    pub fn new(clock_rate_hz: u32, start: u16, timestamp: u32) -> Self {
        Self {
            clock_rate_hz,
            current: None,
            previous: None,
            last_index: u64::from(start & 0x7FFF),
            last_timestamp: timestamp,
            last_at: None,
            last_vp8: LastVp8::default(),
        }
    }

    /// Begins a segment of a track with this packet.
    pub fn switch(&mut self, now: Instant, track: TrackKey, codec: Codec, meta: &Meta) {
        self.pause();
        let passed = self.last_at.map_or(MIN_STEP, |at| now.saturating_duration_since(at).max(MIN_STEP));
        let ticks = (passed.as_micros() as u64 * u64::from(self.clock_rate_hz) / 1_000_000) as u32;
        let timestamp = self.last_timestamp.wrapping_add(ticks);
        let last = self.last_vp8;
        let source = meta.vp8.unwrap_or_default();
        self.current = Some(Segment {
            track,
            codec,
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
        if let Some(segment) = self.current.take() {
            self.previous = Some((segment, self.last_index));
        }
    }

    /// The numbers of a packet; `None` when it is older than the track's segment or of none.
    pub fn rewrite(&mut self, now: Instant, track: TrackKey, meta: &Meta) -> Option<Rewritten> {
        let rewritten = self.numbers(track, meta)?;
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
    pub fn numbers(&self, track: TrackKey, meta: &Meta) -> Option<Rewritten> {
        let current = self.current.and_then(|segment| segment.numbers(track, meta));
        current.or_else(|| {
            let (segment, last) = self.previous?;
            segment.numbers(track, meta).filter(|rewritten| rewritten.index <= last)
        })
    }

    /// The track of the segment before, of which late packets may still come.
    pub fn previous_track(&self) -> Option<TrackKey> {
        self.previous.map(|(segment, _)| segment.track)
    }

    /// The packet behind an outgoing sequence number that a subscriber misses; `None` when it is older than the last
    /// two segments.
    pub fn source_of(&self, sequence: u16) -> Option<(TrackKey, u64)> {
        let step = i64::from(sequence.wrapping_sub(self.last_index as u16) as i16);
        let index = self.last_index.checked_add_signed(step)?;
        let previous = self.previous.filter(|(_, last)| index <= *last).map(|(segment, _)| segment);
        let segment = self.current.filter(|segment| index >= segment.first_index).or(previous)?;
        let behind = index.checked_sub(segment.first_index)?;
        Some((segment.track, segment.first_source + behind))
    }

    /// The outgoing timestamp of a timestamp of the current segment's track.
    pub fn timestamp_of(&self, source: u32) -> Option<u32> {
        Some(source.wrapping_add(self.current?.timestamp_offset))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::engine::slab::Slab;
    use crate::packet::vp8::Descriptor;

    fn track(number: usize) -> TrackKey {
        TrackKey { publisher: Slab::default().insert(()), track: number }
    }

    fn meta(sequence: u64, timestamp: u32) -> Meta {
        Meta { sequence, timestamp, ..Meta::default() }
    }

    #[test]
    fn a_switch_leaves_no_hole_and_time_goes_on_by_what_passed() {
        let start = Instant::now();
        let mut rewriter = Rewriter::new(90_000, 0x7FFF, 5_000);
        rewriter.switch(start, track(0), Codec::H264, &meta(70_000, 1));
        let first = rewriter.rewrite(start, track(0), &meta(70_000, 1)).unwrap();
        let second = rewriter.rewrite(start, track(0), &meta(70_001, 1)).unwrap();
        assert_eq!((second.index, second.timestamp), (first.index + 1, first.timestamp));
        let later = start + Duration::from_millis(40);
        rewriter.switch(later, track(1), Codec::H264, &meta(100, 4_000_000_000));
        let third = rewriter.rewrite(later, track(1), &meta(100, 4_000_000_000)).unwrap();
        assert_eq!((third.index, third.timestamp), (second.index + 1, second.timestamp + 3_600));
        assert_eq!(
            rewriter.rewrite(later, track(1), &meta(99, 3_999_999_000)),
            None,
            "older than its keyframe"
        );
        assert_eq!(rewriter.source_of(third.index as u16), Some((track(1), 100)));
        assert_eq!(
            rewriter.source_of(second.index as u16),
            Some((track(0), 70_001)),
            "of the segment before"
        );
        assert_eq!(rewriter.source_of((first.index - 1) as u16), None, "before everything");
        let straggler = rewriter.rewrite(later, track(0), &meta(70_000, 1)).unwrap();
        assert_eq!(straggler.index, first.index, "the number that was kept for it");
        assert_eq!(
            rewriter.rewrite(later, track(0), &meta(70_002, 1)),
            None,
            "its number is the next segment's"
        );
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
        rewriter.switch(start, track(0), Codec::Vp8, &first);
        let a = out(first, rewriter.rewrite(start, track(0), &first).unwrap());
        let second = at(2, 0, 0, 31);
        let b = out(second, rewriter.rewrite(start, track(0), &second).unwrap());
        assert_eq!(b, ((a.0 + 1) & 0x7FFF, a.1.wrapping_add(1), a.2));
        let other = at(900, 12_345, 77, 5);
        rewriter.switch(start, track(1), Codec::Vp8, &other);
        let c = out(other, rewriter.rewrite(start, track(1), &other).unwrap());
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
                    rewriter.switch(start, track(source), Codec::H264, &meta);
                    is_begun = true;
                }
                if let Some(rewritten) = rewriter.rewrite(start, track(source), &meta) {
                    let first = *used.entry(rewritten.index).or_insert((source, sequence));
                    assert_eq!(first, (source, sequence), "seed {seed}: index {} twice", rewritten.index);
                }
            }
        }
    }
}
