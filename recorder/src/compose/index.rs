//! What a video track holds, found by one pass that decodes nothing.
//!
//! In: a track of a recording. Out: a [`TrackIndex`]: its groups of decodable pictures with their times,
//! and where in the files each keyframe stands, so that decoding can begin there.

use super::choose::Group;
use super::clock::Clock;
use super::plan::WallUs;
use super::reader::TrackReader;
use super::reorder::Near;
use super::unit::{Assembler, Unit, VideoFormat};
use std::path::PathBuf;

/// A keyframe's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPlace {
    /// Fragment of its first packet.
    pub fragment: u32,
    /// Its first packet, unwrapped.
    pub near: Near,
}

/// One video track.
#[derive(Debug, Clone)]
pub struct TrackIndex {
    /// Its fragment files.
    pub fragments: Vec<(u32, PathBuf)>,
    /// Its codec.
    pub format: VideoFormat,
    /// RTP timestamps to moments of the lesson.
    pub clock: Clock,
    /// Larger is better, see [`super::choose::Candidate::rank`].
    pub rank: u32,
    /// What can be decoded, by time; [`Group::key`] counts `keys`.
    pub groups: Vec<Group>,
    /// Where decoding can begin.
    pub keys: Vec<KeyPlace>,
    /// Fragments that could not be read.
    pub unreadable_fragments: u64,
}

impl TrackIndex {
    /// Reads the whole track once.
    pub fn scan(fragments: Vec<(u32, PathBuf)>, format: VideoFormat, clock: Clock, rank: u32) -> Self {
        let mut index = Self {
            fragments,
            format,
            clock,
            rank,
            groups: Vec::new(),
            keys: Vec::new(),
            unreadable_fragments: 0,
        };
        let mut assembler = Assembler::new(format);
        let mut reader = TrackReader::new(index.fragments.clone());
        for packet in &mut reader {
            if let Some(unit) = assembler.push(&packet) {
                index.add(&unit);
            }
        }
        if let Some(unit) = assembler.finish() {
            index.add(&unit);
        }
        index.unreadable_fragments = reader.unreadable();
        index
    }

    fn add(&mut self, unit: &Unit) {
        if !unit.decodable {
            return;
        }
        let wall = self.clock.wall(unit.timestamp, unit.arrival_us);
        // Group by group the times must rise, or the choice between layers would not be one.
        let not_before = self.groups.last().map_or(WallUs(i64::MIN), |group| group.last);
        if unit.key {
            self.keys.push(KeyPlace {
                fragment: unit.fragment,
                near: Near { sequence: unit.sequence, timestamp: unit.timestamp },
            });
            let first = wall.max(not_before);
            self.groups.push(Group { key: self.keys.len() - 1, first, last: first });
        } else if let Some(group) = self.groups.last_mut() {
            group.last = wall.max(not_before);
        }
    }
}
