//! The time, as the shell tells it. Nothing outside `shell/` reads a clock.

use std::time::Instant;

/// One reading of both clocks, taken when a batch of datagrams arrived or a timer fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For intervals and timers.
    pub mono: Instant,
    /// Microseconds since 1970-01-01T00:00:00Z: for NTP in sender reports and for the tap. It runs with `mono`, whatever
    /// happens to the machine's clock.
    pub unix_us: u64,
}
