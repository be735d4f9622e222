//! A bitrate for publishers that understand REMB alone: from their losses.

use super::reception::Interval;
use std::time::Duration;

/// Never less: sound and a small picture.
const MIN_BPS: u64 = 150_000;
/// Never more: a lesson's camera and board.
const MAX_BPS: u64 = 8_000_000;
/// To begin with: a camera at once, a narrow link not flooded.
const START_BPS: u64 = 1_000_000;

/// Up by 8 % a second while nothing is lost and what is allowed is used; down with losses beyond 10 % (the loss-based half
/// of GCC, draft-ietf-rmcat-gcc §6).
#[derive(Debug)]
pub struct LossBasedEstimate {
    bps: u64,
    bytes: u64,
}

impl Default for LossBasedEstimate {
    fn default() -> Self {
        Self { bps: START_BPS, bytes: 0 }
    }
}

impl LossBasedEstimate {
    /// A packet arrived.
    pub fn packet(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// The estimate after an interval with these losses.
    pub fn after(&mut self, interval: Duration, seen: Interval) -> u64 {
        let received_bps = (self.bytes as f64 * 8.0 / interval.as_secs_f64()) as u64;
        self.bytes = 0;
        let loss = if seen.expected == 0 { 0.0 } else { seen.lost as f64 / seen.expected as f64 };
        if loss > 0.10 {
            self.bps = (self.bps as f64 * (1.0 - 0.5 * loss)) as u64;
        } else if loss < 0.02 && received_bps * 2 > self.bps {
            self.bps = (self.bps as f64 * 1.08) as u64;
        }
        self.bps = self.bps.clamp(MIN_BPS, MAX_BPS);
        self.bps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_link_is_filled_and_a_lossy_one_is_relieved() {
        let mut estimate = LossBasedEstimate::default();
        let second = Duration::from_secs(1);
        for _ in 0..60 {
            estimate.packet(1_000_000);
            estimate.after(second, Interval { expected: 1_000, lost: 0 });
        }
        assert_eq!(estimate.bps, MAX_BPS);
        estimate.after(second, Interval { expected: 1_000, lost: 400 });
        assert_eq!(estimate.bps, MAX_BPS * 8 / 10);
    }
}
