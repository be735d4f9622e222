//! How many simulcast layers below the best a subscriber gets, from its losses.

use crate::ingress::reception::Interval;
use std::time::{Duration, Instant};

/// Loss that drops a layer.
const DROP_ABOVE: f32 = 0.10;
/// In so many intervals in a row.
const DROP_AFTER_INTERVALS: u8 = 3;
/// Loss at which nothing stands in the way of climbing.
const CLIMB_BELOW: f32 = 0.02;
/// Quiet time before the first climb; doubled whenever a climb is undone.
const FIRST_CLIMB_AFTER: Duration = Duration::from_secs(10);
/// Longest quiet time that is asked for.
const MAX_CLIMB_AFTER: Duration = Duration::from_secs(160);
/// A drop so soon after a climb undoes it.
const UNDONE_WITHIN: Duration = Duration::from_secs(15);
/// Intervals with fewer packets say nothing.
const MIN_EXPECTED: u64 = 20;
/// Most layers below the best.
const MAX_STEPS: u8 = 2;

/// The layer steps of one subscriber.
#[derive(Debug)]
pub struct LayerSteps {
    steps: u8,
    bad_intervals: u8,
    quiet_since: Option<Instant>,
    climb_after: Duration,
    climbed: Option<Instant>,
}

impl Default for LayerSteps {
    fn default() -> Self {
        Self { steps: 0, bad_intervals: 0, quiet_since: None, climb_after: FIRST_CLIMB_AFTER, climbed: None }
    }
}

impl LayerSteps {
    /// Layers below the best.
    pub fn steps(&self) -> u8 {
        self.steps
    }

    /// An interval of about a second has passed with this loss. Gives whether the steps changed.
    pub fn interval(&mut self, now: Instant, seen: Interval) -> bool {
        if seen.expected < MIN_EXPECTED {
            return false;
        }
        let loss = seen.lost as f32 / seen.expected as f32;
        let before = self.steps;
        if loss > DROP_ABOVE {
            self.quiet_since = None;
            self.bad_intervals = self.bad_intervals.saturating_add(1);
            if self.bad_intervals >= DROP_AFTER_INTERVALS && self.steps < MAX_STEPS {
                self.bad_intervals = 0;
                self.steps += 1;
                if self.climbed.take().is_some_and(|at| now.saturating_duration_since(at) < UNDONE_WITHIN) {
                    self.climb_after = (self.climb_after * 2).min(MAX_CLIMB_AFTER);
                }
            }
        } else {
            self.bad_intervals = 0;
            // One packet that is late at the moment of the report is no loss.
            if seen.lost > 1 && loss >= CLIMB_BELOW {
                self.quiet_since = None;
            } else if self.steps > 0 {
                let quiet_since = *self.quiet_since.get_or_insert(now);
                if now.saturating_duration_since(quiet_since) >= self.climb_after {
                    self.steps -= 1;
                    self.quiet_since = None;
                    self.climbed = Some(now);
                }
            }
        }
        self.steps != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: Interval = Interval { expected: 200, lost: 30 };
    const GOOD: Interval = Interval { expected: 200, lost: 0 };

    #[test]
    fn a_layer_is_dropped_in_the_third_bad_second_and_won_back_slowly() {
        let start = Instant::now();
        let at = |s: u64| start + Duration::from_secs(s);
        let mut layers = LayerSteps::default();
        assert!(!layers.interval(at(0), BAD) && !layers.interval(at(1), BAD));
        assert!(layers.interval(at(2), BAD));
        assert_eq!(layers.steps(), 1);
        let climbed = (3..60).find(|&s| layers.interval(at(s), GOOD));
        assert_eq!(climbed, Some(13));
        for s in 14..17 {
            layers.interval(at(s), BAD);
        }
        assert_eq!(layers.steps(), 1);
        let climbed = (17..90).find(|&s| layers.interval(at(s), GOOD));
        assert_eq!(climbed, Some(37), "twice as long: the first climb was a mistake");
    }

    #[test]
    fn a_link_that_stays_bad_for_hours_is_only_a_bad_link() {
        let start = Instant::now();
        let mut layers = LayerSteps::default();
        for s in 0..2_000 {
            layers.interval(start + Duration::from_secs(s), BAD);
        }
        assert_eq!(layers.steps(), MAX_STEPS);
    }

    #[test]
    fn one_bad_second_changes_nothing() {
        let start = Instant::now();
        let mut layers = LayerSteps::default();
        for s in 0..30 {
            let seen = if s % 3 == 0 { GOOD } else { BAD };
            assert!(!layers.interval(start + Duration::from_secs(s), seen));
        }
    }
}
