//! How many new sessions a second: a token bucket for the whole node. An offer is read and answered on a
//! media thread, and so is the handshake where there is no second core: a storm of them must not reach it.

use std::sync::Mutex;
use std::time::Instant;

/// New sessions a second, lasting. Those beyond are told to come back in a second (429).
pub const MAX_OFFERS_PER_SECOND: u32 = 100;

/// New sessions at once: every screen of a county joins at the same bell.
pub const MAX_OFFERS_AT_ONCE: u32 = 400;

/// The bucket.
#[derive(Debug)]
pub struct Pace {
    state: Mutex<(f64, Instant)>,
}

impl Pace {
    /// A full bucket.
    pub fn new(now: Instant) -> Self {
        Self { state: Mutex::new((f64::from(MAX_OFFERS_AT_ONCE), now)) }
    }

    /// Is there room for one more now?
    pub fn take(&self, now: Instant) -> bool {
        let Ok(mut state) = self.state.lock() else { return false };
        let (tokens, filled_at) = *state;
        let elapsed_s = now.saturating_duration_since(filled_at).as_secs_f64();
        let tokens =
            (tokens + elapsed_s * f64::from(MAX_OFFERS_PER_SECOND)).min(f64::from(MAX_OFFERS_AT_ONCE));
        let granted = tokens >= 1.0;
        *state = (if granted { tokens - 1.0 } else { tokens }, now);
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_storm_is_cut_and_the_next_second_works_again() {
        let start = Instant::now();
        let pace = Pace::new(start);
        let granted = (0..1000).filter(|_| pace.take(start)).count();
        assert_eq!(granted, MAX_OFFERS_AT_ONCE as usize);
        let later = start + Duration::from_secs(1);
        assert_eq!((0..1000).filter(|_| pace.take(later)).count(), MAX_OFFERS_PER_SECOND as usize);
    }
}
