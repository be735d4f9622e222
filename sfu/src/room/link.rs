//! A participant's link as a person reads it, from losses and round trips, without flicker.

use crate::ingress::reception::Interval;
use std::time::{Duration, Instant};
use tongtang_protocol::lesson::{Link, LinkLevel};

/// Weak above; as [`LinkLevel::Good`] says.
const WEAK_LOSS_PERCENT: f32 = 3.0;
/// Weak above; as [`LinkLevel::Good`] says.
const WEAK_RTT_MS: u32 = 400;
/// Good again only below this part of the bounds.
const RECOVERED: f32 = 0.7;
/// Seconds in a row above a bound before a link is called weak.
const WEAK_AFTER: u8 = 2;
/// Seconds in a row below the bounds before it is called good again.
const GOOD_AFTER: u8 = 5;
/// Without any sign of life for so long a link is lost. Consent checks come every 2.5 s (Chromium) to 6 s (Firefox).
const LOST_AFTER: Duration = Duration::from_secs(8);
/// Losses of so many seconds count.
const WINDOW_S: usize = 5;

/// Judges one participant's link, once a second.
#[derive(Debug, Default)]
pub struct LinkMeter {
    level: LinkLevel,
    above: u8,
    below: u8,
    window: [(Interval, Interval); WINDOW_S],
    at: usize,
}

impl LinkMeter {
    /// A second has passed: losses from and towards the participant in it, the round trip, and when anything last came.
    pub fn second(
        &mut self,
        now: Instant,
        from: Interval,
        towards: Interval,
        rtt_ms: Option<u32>,
        last_sign: Option<Instant>,
    ) -> Link {
        self.window[self.at] = (from, towards);
        self.at = (self.at + 1) % WINDOW_S;
        let percent = |pick: fn(&(Interval, Interval)) -> Interval| {
            let (expected, lost) = self
                .window
                .iter()
                .map(pick)
                .fold((0, 0), |sum, seen| (sum.0 + seen.expected, sum.1 + seen.lost));
            (expected > 0).then(|| lost as f32 * 100.0 / expected as f32)
        };
        let loss_percent = match (percent(|w| w.0), percent(|w| w.1)) {
            (Some(from), Some(towards)) => Some(from.max(towards)),
            (one, other) => one.or(other),
        };
        self.level = self.judge(now, loss_percent, rtt_ms, last_sign);
        Link {
            level: self.level,
            rtt_ms,
            loss_percent: loss_percent.map(|loss| (loss * 10.0).round() / 10.0),
        }
    }

    fn judge(
        &mut self,
        now: Instant,
        loss_percent: Option<f32>,
        rtt_ms: Option<u32>,
        last_sign: Option<Instant>,
    ) -> LinkLevel {
        let Some(last_sign) = last_sign else { return LinkLevel::Unknown };
        if now.saturating_duration_since(last_sign) > LOST_AFTER {
            (self.above, self.below) = (0, 0);
            return LinkLevel::Lost;
        }
        if loss_percent.is_none() && rtt_ms.is_none() {
            return if self.level == LinkLevel::Lost { LinkLevel::Unknown } else { self.level };
        }
        let exceeds = |part: f32| {
            loss_percent.is_some_and(|loss| loss >= WEAK_LOSS_PERCENT * part)
                || rtt_ms.is_some_and(|rtt| rtt as f32 >= WEAK_RTT_MS as f32 * part)
        };
        self.above = if exceeds(1.0) { self.above.saturating_add(1) } else { 0 };
        self.below = if exceeds(RECOVERED) { 0 } else { self.below.saturating_add(1) };
        match self.level {
            LinkLevel::Good if self.above >= WEAK_AFTER => LinkLevel::Weak,
            LinkLevel::Weak if self.below >= GOOD_AFTER => LinkLevel::Good,
            LinkLevel::Unknown | LinkLevel::Lost => {
                if self.above >= WEAK_AFTER {
                    LinkLevel::Weak
                } else {
                    LinkLevel::Good
                }
            }
            level => level,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(lost: u64) -> Interval {
        Interval { expected: 100, lost }
    }

    #[test]
    fn a_link_is_called_weak_after_bad_seconds_and_good_again_after_more_good_ones() {
        let start = Instant::now();
        let mut meter = LinkMeter::default();
        let mut levels = Vec::new();
        for s in 0..30u64 {
            let now = start + Duration::from_secs(s);
            let lost = if (5..10).contains(&s) { 10 } else { 0 };
            levels.push(meter.second(now, seen(0), seen(lost), Some(40), Some(now)).level);
        }
        assert_eq!(levels[4], LinkLevel::Good);
        let weak = levels.iter().position(|level| *level == LinkLevel::Weak);
        assert!(weak.is_some_and(|s| (6..=9).contains(&s)), "{levels:?}");
        assert_eq!(levels[29], LinkLevel::Good);
        let changes = levels.windows(2).filter(|w| w[0] != w[1]).count();
        assert_eq!(changes, 2, "no flicker: {levels:?}");
    }

    #[test]
    fn silence_is_a_lost_link() {
        let start = Instant::now();
        let mut meter = LinkMeter::default();
        assert_eq!(meter.second(start, seen(0), seen(0), None, None).level, LinkLevel::Unknown);
        assert_eq!(meter.second(start, seen(0), seen(0), None, Some(start)).level, LinkLevel::Good);
        let later = start + Duration::from_secs(9);
        let none = Interval::default();
        assert_eq!(meter.second(later, none, none, Some(30), Some(start)).level, LinkLevel::Lost);
    }
}
