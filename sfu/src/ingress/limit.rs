//! Packets a second that one peer, or all strangers together, may send.

use std::time::Instant;

/// A board of 1080p and a camera with three layers are 700. A publisher who sends more loses what is beyond, before
/// it costs us a decryption.
pub const MAX_PACKETS_PER_SECOND_PER_PUBLISHER: u32 = 4_000;

/// Beside its reports a browser sends feedback some twenty times a second, and NACKs for each of its slots while packets
/// are missing. What is beyond is dropped before it costs us a decryption: what was lost is asked for again.
pub const MAX_RTCP_PER_SECOND_PER_SESSION: u32 = 500;

/// Connectivity checks a second from addresses that have proven nothing yet, and that name a session of ours, so that their
/// integrity must be checked: those of a county that joins at one bell. Further ones are dropped; browsers repeat them.
pub const MAX_STRANGERS_PER_SECOND: u32 = 10_000;

/// Of these, those that name one session: a browser with a handful of addresses sends some two hundred. Who knows one
/// session's name and floods it keeps nobody else out.
pub const MAX_STRANGERS_PER_SECOND_PER_SESSION: u32 = 500;

/// A bucket of one second's packets.
#[derive(Debug)]
pub struct PacketLimit {
    rate: f64,
    left: f64,
    filled: Instant,
}

impl PacketLimit {
    /// A full bucket of so many packets a second.
    pub fn new(now: Instant, per_second: u32) -> Self {
        let rate = f64::from(per_second);
        Self { rate, left: rate, filled: now }
    }

    /// May one more packet pass?
    pub fn pass(&mut self, now: Instant) -> bool {
        let since_s = now.saturating_duration_since(self.filled).as_secs_f64();
        self.left = (self.left + since_s * self.rate).min(self.rate);
        self.filled = now;
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_flood_is_cut_and_a_lesson_is_not() {
        let start = Instant::now();
        let mut limit = PacketLimit::new(start, MAX_PACKETS_PER_SECOND_PER_PUBLISHER);
        let flood = (0..100_000).filter(|n| limit.pass(start + Duration::from_micros(10 * n))).count();
        let allowed = 2 * MAX_PACKETS_PER_SECOND_PER_PUBLISHER as usize;
        assert!((allowed - 2..=allowed + 2).contains(&flood), "{flood} in one second, a full bucket before");
        let mut limit = PacketLimit::new(start, MAX_PACKETS_PER_SECOND_PER_PUBLISHER);
        assert!((0..10_000u64).all(|n| limit.pass(start + Duration::from_millis(n))), "1,000 a second");
    }
}
