//! Tracks of a publisher whose session belongs to another worker: filled with packets that worker has decrypted,
//! numbered and asked for again, so that nothing is sent to the publisher from here.

use super::clock::SenderReportPoint;
use super::track::{Arrival, Track};
use super::{Accepted, Dropped, Ingress, MAX_TRACKS_PER_PUBLISHER, requests_of};
use crate::mirror::Mirrored;
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

/// When packets of a track came: another worker must not take a layer that is switched off for one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The last one.
    pub last: Instant,
    /// Since then without a pause.
    pub since: Instant,
}

impl Ingress {
    /// The tracks of another worker's publisher; none yet.
    pub fn mirrored(now: Instant) -> Self {
        Self::new(now, Vec::new())
    }

    /// The publisher has one more track; it gets the next index. Gives whether there was room.
    pub fn add_mirrored_track(&mut self, heard: Heard, description: TrackDescription) -> bool {
        if self.tracks.len() == MAX_TRACKS_PER_PUBLISHER {
            return false;
        }
        self.end_layer(description.input, description.rid.as_deref());
        self.tracks.push(Track::mirrored(heard, description));
        true
    }

    /// A decrypted packet of one of the tracks.
    pub fn accept_mirrored(&mut self, now: Now, of: Mirrored, packet: &[u8]) -> Result<Accepted, Dropped> {
        let header = Header::parse(packet).ok_or(Dropped::Malformed)?;
        let track = usize::from(of.track);
        let to = self.tracks.get_mut(track).ok_or(Dropped::Unknown)?;
        let taken = to.take_as(now.mono, of.sequence, packet, &header, of.audio_level, Arrival::Original)?;
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
