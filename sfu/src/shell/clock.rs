//! The only place where the program's clocks are read.
//!
//! Media need a wall clock that does not jump: when the machine's is set in the middle of a lesson (NTP after a start without
//! network), sender reports on both sides of the step disagree, and picture and sound with them, and the recording has a
//! hole or an overlap that never was. So the machine's wall clock is read at the start and runs on with the monotonic one;
//! [`follow`] leads it after the machine's: by a hair at a time while there are sessions, at once while there are none.

use crate::now::Now;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Between two corrections.
const STEER_EVERY: Duration = Duration::from_millis(100);

/// Largest correction at once while there are sessions: a thousandth, which no ear and no jitter buffer notices.
const MAX_SLEW_US: i64 = 100;

/// A machine's clock that is further away than this was set; somebody should know.
const NOTABLE_US: i64 = 1_000_000;

static STEADY: LazyLock<SteadyClock> = LazyLock::new(|| SteadyClock::new(Instant::now(), machine_unix_us()));

/// Both clocks, now.
pub fn now() -> Now {
    let mono = Instant::now();
    Now { mono, unix_us: STEADY.at(mono) }
}

/// Microseconds since 1970 by the machine's clock, which may jump: for what others' clocks are compared with, as the age of a
/// token. 0 on a machine whose clock stands before that.
pub fn machine_unix_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

/// Leads the media's wall clock after the machine's, until dropped. `in_use` says whether there are sessions.
pub async fn follow(in_use: impl Fn() -> bool) {
    let mut ticks = tokio::time::interval(STEER_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut was_set = false;
    loop {
        ticks.tick().await;
        let apart_us = STEADY.steer(Instant::now(), machine_unix_us(), in_use());
        let is_set = apart_us.abs() >= NOTABLE_US;
        if is_set && !was_set {
            tracing::warn!(by_ms = apart_us / 1_000, "the machine's clock was set; media follow slowly");
        }
        was_set = is_set;
    }
}

/// A wall clock that runs with the monotonic one.
#[derive(Debug)]
struct SteadyClock {
    started: Instant,
    /// Microseconds since 1970 at `started`, by what is known now.
    started_unix_us: AtomicI64,
}

impl SteadyClock {
    fn new(started: Instant, unix_us: u64) -> Self {
        Self { started, started_unix_us: AtomicI64::new(unix_us as i64) }
    }

    fn at(&self, mono: Instant) -> u64 {
        let since_us = mono.saturating_duration_since(self.started).as_micros() as i64;
        (self.started_unix_us.load(Ordering::Relaxed) + since_us).max(0) as u64
    }

    /// Corrects the clock by the machine's; gives how far the machine's is ahead after that.
    fn steer(&self, mono: Instant, machine_unix_us: u64, in_use: bool) -> i64 {
        let ahead_us = machine_unix_us as i64 - self.at(mono) as i64;
        let by_us = if in_use { ahead_us.clamp(-MAX_SLEW_US, MAX_SLEW_US) } else { ahead_us };
        self.started_unix_us.fetch_add(by_us, Ordering::Relaxed);
        ahead_us - by_us
    }
}

/// CPU time of the calling thread in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    spent.tv_sec as u64 * 1_000_000_000 + spent.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIX_US: u64 = 1_790_000_000_000_000;
    const HOUR_US: i64 = 3_600_000_000;

    #[test]
    fn a_clock_that_is_set_during_a_lesson_tears_no_moment_apart_and_is_followed_after_it() {
        for step_us in [30_000_000, -9_000_000, HOUR_US, -HOUR_US] {
            let start = Instant::now();
            let clock = SteadyClock::new(start, UNIX_US);
            let machine = |elapsed: Duration| {
                let set_us = if elapsed >= Duration::from_secs(1) { step_us } else { 0 };
                (UNIX_US as i64 + elapsed.as_micros() as i64 + set_us) as u64
            };
            let mut before_us = clock.at(start);
            for tick in 1..=100 {
                let elapsed = STEER_EVERY * tick;
                clock.steer(start + elapsed, machine(elapsed), true);
                let now_us = clock.at(start + elapsed);
                let passed_us = now_us.abs_diff(before_us);
                assert!(
                    passed_us.abs_diff(STEER_EVERY.as_micros() as u64) <= MAX_SLEW_US as u64,
                    "{passed_us}"
                );
                before_us = now_us;
            }
            let after = STEER_EVERY * 101;
            assert_eq!(clock.steer(start + after, machine(after), false), 0);
            assert_eq!(clock.at(start + after), machine(after));
        }
    }

    #[test]
    fn a_clock_that_drifts_as_clocks_do_is_followed_within_a_correction() {
        let start = Instant::now();
        let clock = SteadyClock::new(start, UNIX_US);
        for tick in 1..10_000u32 {
            let elapsed = STEER_EVERY * tick;
            let machine_us = UNIX_US + elapsed.as_micros() as u64 * 1_000_050 / 1_000_000;
            assert_eq!(clock.steer(start + elapsed, machine_us, true), 0);
        }
    }
}
