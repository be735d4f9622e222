//! When each packet belongs: RTP timestamps of all tracks on one clock, microseconds since 1970.
//!
//! Enters: the records of a recording, once through. Leaves: [`Timeline::at_unix_us`], which maps an
//! RTP timestamp to the moment its content was captured, as seen from the sfu's clock.
//!
//! Two curves stand behind it, both drawn by windows so that a drifting clock is followed:
//! * *arrival*: the least delay any packet of the last seconds had; jitter and bursts only add delay.
//! * *sender reports*: RTP timestamp to the publisher's own clock, which all its tracks share. The
//!   publisher's clock is then placed by the least delay of any of its tracks, so that its sound and
//!   picture stay together whatever their ways through the network were.
//!
//! A flow whose timestamps jump (a source was replaced) is cut into pieces, each with curves of its own.

mod curve;

use crate::recording::{Recording, RecordingError};
use crate::rtp;
use crate::segment::{self, PacketKind, Record};
use crate::track::{Track, TrackKey};
use curve::{Curve, Reduce};
use std::collections::BTreeMap;
use tongtang_protocol::ids::ParticipantId;

/// Timestamps that run away from the arrivals by more than this begin a new piece.
const JUMP_US: i64 = 2_000_000;
/// Sender reports that put a packet further than this from where its arrivals do are not believed.
const MAX_REPORT_DISAGREEMENT_US: i64 = 500_000;
/// A packet further than this from its arrival (a late one from before a jump) is placed by arrival.
const MAX_DELAY_US: i64 = 5_000_000;
/// Arrivals are thinned to the least delayed packet of each such span.
const BIN_US: u64 = 500_000;

/// All tracks of a recording on one clock.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    tracks: BTreeMap<TrackKey, TrackClock>,
    publishers: BTreeMap<ParticipantId, Curve>,
}

#[derive(Debug, Clone)]
struct TrackClock {
    participant: ParticipantId,
    pieces: Vec<Piece>,
}

/// A run of packets whose timestamps follow each other.
#[derive(Debug, Clone)]
struct Piece {
    clock_rate_hz: i64,
    first_timestamp: u32,
    first_arrival_us: u64,
    /// The least delayed packet of each bin: arrival and media time.
    samples: Vec<(u64, i64)>,
    /// Sender reports: media time and the publisher's clock minus media time.
    reports: Vec<(i64, i64)>,
    last: (u64, i64),
    by_arrival: Curve,
    to_publisher: Curve,
}

impl Piece {
    fn new(clock_rate_hz: u32, timestamp: u32, arrival_us: u64) -> Self {
        Self {
            clock_rate_hz: i64::from(clock_rate_hz.max(1)),
            first_timestamp: timestamp,
            first_arrival_us: arrival_us,
            samples: vec![(arrival_us, 0)],
            reports: Vec::new(),
            last: (arrival_us, 0),
            by_arrival: Curve::default(),
            to_publisher: Curve::default(),
        }
    }

    /// Media time since the piece's first packet. The timestamp's wraps are undone by the arrival,
    /// which is never half a wrap (6 hours at 90 kHz) away.
    fn media_us(&self, timestamp: u32, arrival_us: u64) -> i64 {
        let expected_us = arrival_us as i64 - self.first_arrival_us as i64;
        let expected = i128::from(expected_us) * i128::from(self.clock_rate_hz) / 1_000_000;
        let low = timestamp.wrapping_sub(self.first_timestamp);
        let off = low.wrapping_sub(expected as u32) as i32;
        ((expected + i128::from(off)) * 1_000_000 / i128::from(self.clock_rate_hz)) as i64
    }

    fn continues(&self, timestamp: u32, arrival_us: u64) -> bool {
        let media_us = self.media_us(timestamp, arrival_us);
        let (last_arrival_us, last_media_us) = self.last;
        let arrival_step = arrival_us as i64 - last_arrival_us as i64;
        (media_us - last_media_us - arrival_step).abs() <= JUMP_US
    }

    fn packet(&mut self, timestamp: u32, arrival_us: u64) {
        let media_us = self.media_us(timestamp, arrival_us);
        self.last = (arrival_us, media_us);
        let delay = |sample: (u64, i64)| sample.0 as i64 - sample.1;
        match self.samples.last_mut() {
            Some(least) if least.0 / BIN_US == arrival_us / BIN_US => {
                if delay((arrival_us, media_us)) < delay(*least) {
                    *least = (arrival_us, media_us);
                }
            }
            _ => self.samples.push((arrival_us, media_us)),
        }
    }

    /// The publisher's clock at a media time; `None` without a sender report.
    fn publisher_us(&self, media_us: i64) -> Option<i64> {
        Some(media_us + self.to_publisher.at(media_us)?)
    }
}

impl Timeline {
    /// Reads all fragments of a recording once. A fragment that cannot be read at all is left out:
    /// its packets are missing for composing too.
    pub fn read(recording: &Recording) -> Result<Self, RecordingError> {
        let mut builder = TimelineBuilder::default();
        for (key, track) in &recording.contents().tracks {
            for (_, path) in recording.fragments(*key)? {
                let bytes = Recording::read_fragment(&path)?;
                if let Ok(fragment) = segment::read(&bytes) {
                    for record in &fragment.records {
                        builder.record(&track.track, record);
                    }
                }
            }
        }
        Ok(builder.build())
    }

    /// When the content of an RTP packet was captured, by the sfu's clock. `timestamp` is the packet's,
    /// `arrival_unix_us` its record's. A track that the timeline has not seen is placed by arrival.
    pub fn at_unix_us(&self, track: TrackKey, timestamp: u32, arrival_unix_us: u64) -> u64 {
        self.placed(track, timestamp, arrival_unix_us).unwrap_or(arrival_unix_us)
    }

    fn placed(&self, key: TrackKey, timestamp: u32, arrival_us: u64) -> Option<u64> {
        let track = self.tracks.get(&key)?;
        let later = track.pieces.partition_point(|piece| piece.first_arrival_us <= arrival_us);
        let piece = track.pieces.get(later.saturating_sub(1))?;
        let media_us = piece.media_us(timestamp, arrival_us);
        let by_arrival = media_us + piece.by_arrival.at(arrival_us as i64)?;
        let by_report = piece.publisher_us(media_us).and_then(|publisher_us| {
            Some(publisher_us + self.publishers.get(&track.participant)?.at(arrival_us as i64)?)
        });
        let at = by_report
            .filter(|at| (at - by_arrival).abs() <= MAX_REPORT_DISAGREEMENT_US)
            .unwrap_or(by_arrival);
        ((at - arrival_us as i64).abs() <= MAX_DELAY_US).then_some(at as u64)
    }
}

/// Takes the records of a recording, track by track, in the order of their indexes.
#[derive(Debug, Default)]
pub struct TimelineBuilder {
    tracks: BTreeMap<TrackKey, TrackClock>,
}

impl TimelineBuilder {
    /// Notes one record.
    pub fn record(&mut self, track: &Track, record: &Record<'_>) {
        let arrival_us = record.arrival_unix_us;
        let clock = self.tracks.entry(track.key()).or_insert_with(|| TrackClock {
            participant: track.flow.participant.clone(),
            pieces: Vec::new(),
        });
        match record.kind {
            PacketKind::Rtp => {
                let Some(rtp::RtpPlace { timestamp, .. }) = rtp::place(record.packet) else {
                    return;
                };
                match clock.pieces.last_mut() {
                    Some(piece) if piece.continues(timestamp, arrival_us) => {
                        piece.packet(timestamp, arrival_us);
                    }
                    _ => clock.pieces.push(Piece::new(track.flow.clock_rate_hz, timestamp, arrival_us)),
                }
            }
            PacketKind::Rtcp => {
                let report =
                    rtp::sender_report(record.packet).filter(|report| report.ssrc == track.flow.ssrc);
                if let (Some(report), Some(piece)) = (report, clock.pieces.last_mut()) {
                    let media_us = piece.media_us(report.rtp_timestamp, arrival_us);
                    piece.reports.push((media_us, report.ntp_unix_us as i64 - media_us));
                }
            }
        }
    }

    /// Draws the curves.
    pub fn build(mut self) -> Timeline {
        let mut delays: BTreeMap<ParticipantId, Vec<(i64, i64)>> = BTreeMap::new();
        for track in self.tracks.values_mut() {
            for piece in &mut track.pieces {
                let own =
                    piece.samples.iter().map(|&(arrival, media)| (arrival as i64, arrival as i64 - media));
                piece.by_arrival = Curve::draw(own.collect(), Reduce::Least);
                piece.to_publisher = Curve::draw(piece.reports.clone(), Reduce::Middle);
                let all = delays.entry(track.participant.clone()).or_default();
                all.extend(piece.samples.iter().filter_map(|&(arrival, media)| {
                    Some((arrival as i64, arrival as i64 - piece.publisher_us(media)?))
                }));
            }
        }
        let publishers = delays
            .into_iter()
            .map(|(participant, points)| (participant, Curve::draw(points, Reduce::Least)))
            .collect();
        Timeline { tracks: self.tracks, publishers }
    }
}

#[cfg(test)]
mod tests;
