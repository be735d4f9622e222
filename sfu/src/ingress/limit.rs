//! Packets a second a publisher may send.

use std::time::Instant;

/// A board of 1080p and a camera with three layers are 700. A publisher who sends more loses what is beyond, before
/// it costs us a decryption.
pub const MAX_PACKETS_PER_SECOND_PER_PUBLISHER: u32 = 4_000;

/// A bucket of one second's packets.
#[derive(Debug)]
pub struct PacketLimit {
    left: f64,
    filled: Instant,
}

impl PacketLimit {
    /// A full bucket.
    pub fn new(now: Instant) -> Self {
        Self { left: f64::from(MAX_PACKETS_PER_SECOND_PER_PUBLISHER), filled: now }
    }

    /// May one more packet pass?
    pub fn pass(&mut self, now: Instant) -> bool {
        let rate = f64::from(MAX_PACKETS_PER_SECOND_PER_PUBLISHER);
        self.left = (self.left + now.saturating_duration_since(self.filled).as_secs_f64() * rate).min(rate);
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
        let mut limit = PacketLimit::new(start);
        let flood = (0..100_000).filter(|n| limit.pass(start + Duration::from_micros(10 * n))).count();
        let allowed = 2 * MAX_PACKETS_PER_SECOND_PER_PUBLISHER as usize;
        assert!((allowed - 2..=allowed + 2).contains(&flood), "{flood} in one second, a full bucket before");
        let mut limit = PacketLimit::new(start);
        assert!((0..10_000u64).all(|n| limit.pass(start + Duration::from_millis(n))), "1,000 a second");
    }
}
