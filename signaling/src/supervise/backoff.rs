//! How long to wait before a program is started again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// A program that ran so long was healthy: its end is news, not one more of the same.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);

/// Doubles from [`FIRST`] to [`LONGEST`].
#[derive(Debug, Default)]
pub struct Backoff {
    last: Option<Duration>,
}

impl Backoff {
    /// The pause after a run that lasted `lifetime`.
    pub fn after(&mut self, lifetime: Duration) -> Duration {
        let pause = match self.last {
            Some(last) if lifetime < HEALTHY_AFTER => (last * 2).min(LONGEST),
            _ => FIRST,
        };
        self.last = Some(pause);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_five_seconds_and_a_healthy_run_forgives() {
        let mut backoff = Backoff::default();
        let ms: Vec<u128> = (0..8).map(|_| backoff.after(Duration::ZERO).as_millis()).collect();
        assert_eq!(ms, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(backoff.after(Duration::from_secs(31)).as_millis(), 100);
        assert_eq!(backoff.after(Duration::ZERO).as_millis(), 200);
    }
}
