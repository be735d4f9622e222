//! Tracks of a publisher whose session belongs to another worker: filled with packets that worker has decrypted,
//! numbered and asked for again, so that nothing is sent to the publisher from here.

use super::clock::SenderReportPoint;
use super::track::{Arrival, NotNew, Track};
use super::{Accepted, Dropped, Ingress, MAX_TRACKS_PER_PUBLISHER, requests_of};
use crate::now::Now;
use crate::packet::Header;
use crate::sdp::Codec;
use std::time::Instant;
use tongtang_protocol::lesson::Source;

/// What a track is, apart from its packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackDescription {
    /// What it shows or lets hear.
    pub source: Source,
    /// Which input of the publisher (m-line) it belongs to.
    pub input: usize,
    /// Simulcast layer.
    pub rid: Option<String>,
    /// 0 is the smallest layer.
    pub rank: u8,
    /// In which codec.
    pub codec: Codec,
    /// Ticks a second.
    pub clock_rate_hz: u32,
    /// Of its packets.
    pub ssrc: u32,
    /// Of its packets.
    pub payload_type: u8,
}

impl Ingress {
    /// The tracks of another worker's publisher; none yet.
    pub fn mirrored(now: Instant) -> Self {
        Self::new(now, Vec::new())
    }

    /// What another worker has to know of a track.
    pub fn describe(&self, track: usize) -> Option<TrackDescription> {
        self.tracks.get(track).map(Track::description)
    }

    /// The publisher has one more track; it gets the next index. Gives whether there was room.
    pub fn add_mirrored_track(&mut self, now: Instant, description: TrackDescription) -> bool {
        if self.tracks.len() == MAX_TRACKS_PER_PUBLISHER {
            return false;
        }
        self.end_layer(description.input, description.rid.as_deref());
        self.tracks.push(Track::mirrored(now, description));
        true
    }

    /// A decrypted packet of one of the tracks.
    pub fn accept_mirrored(
        &mut self,
        now: Now,
        track: usize,
        audio_level: Option<u8>,
        packet: &[u8],
    ) -> Result<Accepted, Dropped> {
        let header = Header::parse(packet).ok_or(Dropped::Malformed)?;
        let to = self.tracks.get_mut(track).ok_or(Dropped::Unknown)?;
        let taken =
            to.take(now.mono, packet, &header, audio_level, Arrival::Original).map_err(|not_new| {
                match not_new {
                    NotNew::Duplicate => Dropped::Duplicate,
                    NotNew::TooLate => Dropped::TooLate,
                }
            })?;
        let source = to.source;
        if let Some(requests) = requests_of(&mut self.keyframes, source) {
            if !header.payload(packet).is_empty() {
                requests.spoke(track);
            }
            if taken.meta.begins_keyframe {
                requests.arrived(track);
            }
        }
        Ok(Accepted {
            track,
            start: 0,
            payload: (header.len, packet.len() - header.padding),
            meta: taken.meta,
            is_new_track: false,
        })
    }

    /// A sender report of one of the tracks, which arrived at `at`.
    pub fn mirrored_report(&mut self, track: usize, point: SenderReportPoint, unix_us: u64) {
        if let Some(track) = self.tracks.get_mut(track) {
            self.clock.sender_report(point.ntp, unix_us);
            track.sender_report = Some(point);
        }
    }

    /// One of the tracks said goodbye.
    pub fn end_mirrored_track(&mut self, track: usize) {
        if let Some(track) = self.tracks.get_mut(track) {
            track.is_ended = true;
        }
    }

    /// The tracks whose worker is to be asked for a keyframe now, a bit each.
    pub fn due_keyframes(&mut self, now: Instant) -> u32 {
        let mut due = 0;
        self.take_due_keyframes(now, |track, _| due |= 1 << track);
        due
    }
}
