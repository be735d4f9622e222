//! What a subscriber's receiver reports say of the link towards it.

use crate::ingress::clock::unix_us_to_ntp;
use crate::ingress::reception::Interval;
use crate::packet::rtcp::ReportBlock;

/// A round trip beyond this is a mistake of the reporter.
const MAX_RTT_MS: u32 = 10_000;

/// Totals of one stream at the report before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reported {
    highest: Option<(u32, i32)>,
}

impl Reported {
    /// What happened to the stream since the report before.
    pub fn block(&mut self, block: &ReportBlock) -> Interval {
        let before = self.highest.replace((block.highest, block.total_lost));
        let Some((highest, total_lost)) = before else { return Interval::default() };
        let expected = u64::from(block.highest.wrapping_sub(highest));
        // A receiver that starts anew counts anew.
        if expected > 1 << 20 {
            return Interval::default();
        }
        let lost = block.total_lost.saturating_sub(total_lost).max(0) as u64;
        Interval { expected, lost: lost.min(expected) }
    }
}

/// The round trip by RFC 3550 §6.4.1: arrival − last SR − delay since it, all in 1/65,536 s.
pub fn round_trip_ms(block: &ReportBlock, now_unix_us: u64) -> Option<u32> {
    if block.last_sr == 0 {
        return None;
    }
    let now = (unix_us_to_ntp(now_unix_us) >> 16) as u32;
    let ticks = now.wrapping_sub(block.last_sr).wrapping_sub(block.delay_since_last_sr);
    // Slightly negative when the clocks' rounding is more than the trip.
    let ticks = if ticks > 0x8000_0000 { 0 } else { ticks };
    let ms = (u64::from(ticks) * 1_000 / 65_536) as u32;
    (ms <= MAX_RTT_MS).then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(highest: u32, total_lost: i32) -> ReportBlock {
        ReportBlock {
            ssrc: 1,
            fraction_lost: 0,
            total_lost,
            highest,
            jitter: 0,
            last_sr: 0,
            delay_since_last_sr: 0,
        }
    }

    #[test]
    fn loss_is_counted_between_reports() {
        let mut reported = Reported::default();
        assert_eq!(reported.block(&block(1_000, 50)), Interval::default());
        assert_eq!(reported.block(&block(1_100, 60)), Interval { expected: 100, lost: 10 });
        assert_eq!(
            reported.block(&block(1_200, 55)),
            Interval { expected: 100, lost: 0 },
            "late packets came"
        );
        assert_eq!(reported.block(&block(3, 0)), Interval::default(), "started anew");
    }

    #[test]
    fn the_round_trip_is_what_the_reporter_did_not_hold_back() {
        let sent_us = 1_790_000_000_000_000;
        let last_sr = (unix_us_to_ntp(sent_us) >> 16) as u32;
        let report = ReportBlock { last_sr, delay_since_last_sr: 65_536 / 2, ..block(1, 0) };
        assert_eq!(round_trip_ms(&report, sent_us + 500_000 + 120_000), Some(119).or(Some(120)));
        assert_eq!(round_trip_ms(&block(1, 0), sent_us), None);
    }
}
