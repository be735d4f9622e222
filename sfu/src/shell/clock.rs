//! The only place where the program's clocks are read.

use crate::now::Now;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Both clocks, now.
pub fn now() -> Now {
    Now { mono: Instant::now(), unix_us: unix_us() }
}

/// Microseconds since 1970; 0 on a machine whose clock stands before that.
pub fn unix_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
