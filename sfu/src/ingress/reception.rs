//! What receiver reports say of a track (RFC 3550 §6.4.1, appendices A.3 and A.8).

use crate::packet::rtcp::ReportBlock;
use std::time::Instant;

/// Counts the packets of one SSRC.
#[derive(Debug, Default)]
pub struct Reception {
    first: Option<u64>,
    highest: u64,
    received: u64,
    expected_before: u64,
    received_before: u64,
    jitter: f64,
    transit: Option<f64>,
    last_sr: Option<(u32, Instant)>,
    started: Option<Instant>,
}

impl Reception {
    /// A packet arrived on its own SSRC (retransmissions repair the picture, not the link, and are not counted).
    pub fn packet(&mut self, now: Instant, sequence: u64, timestamp: u32, clock_rate_hz: u32) {
        let started = *self.started.get_or_insert(now);
        self.received += 1;
        let first = *self.first.get_or_insert(sequence);
        self.first = Some(first.min(sequence));
        self.highest = self.highest.max(sequence);
        let arrival = now.saturating_duration_since(started).as_secs_f64() * f64::from(clock_rate_hz);
        let transit = arrival - f64::from(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let step = (transit - before).abs();
            // A timestamp that wraps or a source that restarts is no jitter.
            if step < f64::from(clock_rate_hz) {
                self.jitter += (step - self.jitter) / 16.0;
            }
        }
    }

    /// A sender report arrived.
    pub fn sender_report(&mut self, now: Instant, ntp: u64) {
        self.last_sr = Some(((ntp >> 16) as u32, now));
    }

    /// The block of the next report, and the loss in it as a fraction of what was expected; `None` before the first packet.
    pub fn report(&mut self, now: Instant, ssrc: u32) -> Option<(ReportBlock, Interval)> {
        let first = self.first?;
        let expected = self.highest - first + 1;
        let interval = Interval {
            expected: expected.saturating_sub(self.expected_before),
            lost: (expected.saturating_sub(self.expected_before))
                .saturating_sub(self.received - self.received_before),
        };
        (self.expected_before, self.received_before) = (expected, self.received);
        let fraction_lost = (interval.lost * 256).checked_div(interval.expected).unwrap_or(0).min(255) as u8;
        let total_lost = expected as i64 - self.received as i64;
        let (last_sr, delay_since_last_sr) = self.last_sr.map_or((0, 0), |(middle, at)| {
            (middle, (now.saturating_duration_since(at).as_secs_f64() * 65_536.0) as u32)
        });
        let block = ReportBlock {
            ssrc,
            fraction_lost,
            total_lost: total_lost.clamp(-0x80_0000, 0x7F_FFFF) as i32,
            // Sequence numbers begin at 65,536 (see `sequence`): a receiver counts cycles from 0.
            highest: (self.highest - 65_536.min(self.highest)) as u32,
            jitter: self.jitter as u32,
            last_sr,
            delay_since_last_sr,
        };
        Some((block, interval))
    }
}

/// Packets between two reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    /// Should have come.
    pub expected: u64,
    /// Did not.
    pub lost: u64,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn one_packet_in_four_lost_is_a_quarter_of_256() {
        let start = Instant::now();
        let mut reception = Reception::default();
        assert!(reception.report(start, 1).is_none());
        for n in 0..400u64 {
            if n % 4 != 1 {
                let now = start + Duration::from_millis(20 * n);
                reception.packet(now, 65_536 + n, (n * 960) as u32, 48_000);
            }
        }
        let (block, interval) = reception.report(start + Duration::from_secs(8), 1).unwrap();
        assert_eq!((block.fraction_lost, block.total_lost, block.highest), (64, 100, 399));
        assert_eq!(interval, Interval { expected: 400, lost: 100 });
        assert!(block.jitter < 10, "packets came evenly");
        let (block, _) = reception.report(start + Duration::from_secs(9), 1).unwrap();
        assert_eq!((block.fraction_lost, block.total_lost), (0, 100), "nothing new");
    }
}
