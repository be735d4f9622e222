//! A track's RTP timestamps as moments of the lesson.

use super::plan::WallUs;
use crate::timeline::Timeline;
use crate::track::TrackKey;
use std::sync::Arc;

/// One track's part of the recording's timeline.
#[derive(Debug, Clone)]
pub struct Clock {
    timeline: Arc<Timeline>,
    track: TrackKey,
}

impl Clock {
    /// For one track.
    pub fn new(timeline: Arc<Timeline>, track: TrackKey) -> Self {
        Self { timeline, track }
    }

    /// When the content of a packet was captured. Takes the packet's unwrapped timestamp and its arrival.
    pub fn wall(&self, timestamp: u64, arrival_us: i64) -> WallUs {
        WallUs(self.timeline.at_unix_us(self.track, timestamp as u32, arrival_us as u64) as i64)
    }
}
