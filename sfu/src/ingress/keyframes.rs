//! Asks a publisher's encoder for keyframes: merged, and not more often than helps.
//!
//! A PLI for one simulcast layer makes browsers key them all (measured), so the requests of all
//! subscribers for all layers of a source are one.

use std::time::{Duration, Instant};

/// Shortest time between two requests to one encoder. A subscriber who asks in between waits for the rest of it.
pub const MIN_INTERVAL: Duration = Duration::from_millis(300);
/// Longest time between two requests when no keyframe comes.
const MAX_INTERVAL: Duration = Duration::from_secs(2);

/// The requests to one encoder (one source of a publisher).
#[derive(Debug, Default)]
pub struct KeyframeRequests {
    /// Bit n: track n's keyframe is waited for.
    wanted: u32,
    /// Bit n: it will be waited for again as soon as track n has a packet.
    resting: u32,
    sent: Option<Instant>,
    interval: Option<Duration>,
}

impl KeyframeRequests {
    /// Somebody waits for a keyframe of track `track`.
    pub fn want(&mut self, track: usize) {
        self.wanted |= 1 << (track as u32 & 31);
    }

    /// A keyframe of the track began.
    pub fn arrived(&mut self, track: usize) {
        let bit = 1 << (track as u32 & 31);
        self.wanted &= !bit;
        self.resting &= !bit;
        if self.wanted == 0 {
            self.interval = None;
        }
    }

    /// Nobody waits for the track any more.
    pub fn forget(&mut self, track: usize) {
        self.arrived(track);
    }

    /// The track is silent: whoever waits for it is not to be helped now.
    pub fn rest(&mut self, track: usize) {
        let bit = 1 << (track as u32 & 31);
        if self.wanted & bit != 0 {
            self.arrived(track);
            self.resting |= bit;
        }
    }

    /// The track has a packet: whoever waited when it fell silent still waits.
    pub fn spoke(&mut self, track: usize) {
        let bit = 1 << (track as u32 & 31);
        self.wanted |= self.resting & bit;
        self.resting &= !bit;
    }

    /// The tracks somebody waits for, as bits.
    pub fn wanted(&self) -> u32 {
        self.wanted
    }

    /// When [`Self::poll`] will have something.
    pub fn next(&self) -> Option<Instant> {
        if self.wanted == 0 {
            return None;
        }
        self.sent.map(|sent| sent + self.interval.unwrap_or(MIN_INTERVAL))
    }

    /// The tracks to send a PLI for now, as bits; 0: none.
    pub fn poll(&mut self, now: Instant) -> u32 {
        if self.wanted == 0 || self.next().is_some_and(|next| next > now) {
            return 0;
        }
        // Without an answer the next request waits twice as long: the round trip may be longer than we think.
        self.interval = Some(self.interval.map_or(MIN_INTERVAL, |before| (before * 2).min(MAX_INTERVAL)));
        self.sent = Some(now);
        self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_requests_is_one_pli_an_interval() {
        let start = Instant::now();
        let mut requests = KeyframeRequests::default();
        let mut sent = Vec::new();
        for ms in 0..1_000 {
            let now = start + Duration::from_millis(ms);
            requests.want(0);
            requests.want(2);
            if requests.poll(now) != 0 {
                sent.push(ms);
                requests.arrived(0);
                requests.arrived(2);
            }
        }
        assert_eq!(sent, [0, 300, 600, 900]);
    }

    #[test]
    fn an_encoder_that_does_not_answer_is_asked_less_and_less_often() {
        let start = Instant::now();
        let mut requests = KeyframeRequests::default();
        requests.want(1);
        let sent: Vec<u64> =
            (0..10_000).filter(|&ms| requests.poll(start + Duration::from_millis(ms)) != 0).collect();
        assert_eq!(sent, [0, 300, 900, 2_100, 4_100, 6_100, 8_100]);
    }

    #[test]
    fn a_silent_track_is_not_asked_and_is_asked_again_when_it_speaks() {
        let start = Instant::now();
        let mut requests = KeyframeRequests::default();
        requests.want(1);
        assert_eq!(requests.poll(start), 1 << 1);
        requests.rest(1);
        let later = start + Duration::from_secs(60);
        assert_eq!((requests.next(), requests.poll(later)), (None, 0));
        requests.spoke(0);
        assert_eq!(requests.poll(later), 0, "another track");
        requests.spoke(1);
        assert_eq!(requests.poll(later), 1 << 1);
        requests.rest(1);
        requests.arrived(1);
        requests.spoke(1);
        assert_eq!(requests.wanted(), 0, "its keyframe has come");
    }
}
