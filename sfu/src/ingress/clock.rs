//! A publisher's clock against ours: so that its picture and its sound stay together on their way.

use std::time::Instant;

/// Microseconds from 1900 (NTP) to 1970 (Unix).
const NTP_TO_UNIX_US: i64 = 2_208_988_800_000_000;
/// A sample later than the estimate moves it by this part: the path may have grown longer.
const RISE: i64 = 32;

/// What to add to the publisher's wall clock to get ours, in microseconds.
///
/// One for all tracks of a publisher: each track's own would differ by how long its reports happened to travel,
/// and the lips with it.
#[derive(Debug, Default)]
pub struct PublisherClock {
    offset_us: Option<i64>,
}

/// An NTP timestamp in microseconds since 1970.
pub fn ntp_to_unix_us(ntp: u64) -> i64 {
    let micros = ((ntp & 0xFFFF_FFFF) * 1_000_000) >> 32;
    (ntp >> 32) as i64 * 1_000_000 + micros as i64 - NTP_TO_UNIX_US
}

/// The other way.
pub fn unix_us_to_ntp(unix_us: u64) -> u64 {
    let us = (unix_us as i64 + NTP_TO_UNIX_US) as u64;
    ((us / 1_000_000) << 32) | (((us % 1_000_000) << 32) / 1_000_000)
}

impl PublisherClock {
    /// A sender report arrived: the one that travelled fastest is the truest.
    pub fn sender_report(&mut self, ntp: u64, arrival_unix_us: u64) {
        let sample = arrival_unix_us as i64 - ntp_to_unix_us(ntp);
        self.offset_us = Some(match self.offset_us {
            Some(offset) if (sample - offset).abs() > 1_000_000 => sample,
            Some(offset) if sample > offset => offset + (sample - offset) / RISE,
            _ => sample,
        });
    }

    /// The publisher's moment in our clock.
    pub fn to_ours_us(&self, ntp: u64) -> Option<i64> {
        Some(ntp_to_unix_us(ntp) + self.offset_us?)
    }
}

/// The pair of clocks of a track's last sender report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReportPoint {
    /// NTP.
    pub ntp: u64,
    /// RTP timestamp.
    pub rtp: u32,
    /// When it arrived.
    pub at: Instant,
}

impl SenderReportPoint {
    /// The track's RTP timestamp at our moment `unix_us`.
    pub fn rtp_at(&self, clock: &PublisherClock, unix_us: u64, clock_rate_hz: u32) -> Option<u32> {
        let since_us = unix_us as i64 - clock.to_ours_us(self.ntp)?;
        // A publisher's clock may say anything: 128 bits hold every product.
        let ticks = i128::from(since_us) * i128::from(clock_rate_hz) / 1_000_000;
        Some(self.rtp.wrapping_add(ticks as u32))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const UNIX_US: u64 = 1_790_000_000_123_456;

    #[test]
    fn ntp_and_unix_time_are_two_names_of_one_moment() {
        let ntp = unix_us_to_ntp(UNIX_US);
        assert!((ntp_to_unix_us(ntp) - UNIX_US as i64).abs() <= 1);
    }

    #[test]
    fn a_clock_that_was_set_by_decades_makes_no_timestamp_overflow() {
        let mut clock = PublisherClock::default();
        clock.sender_report(unix_us_to_ntp(UNIX_US), UNIX_US);
        for ntp in [0, u64::MAX, 1 << 63] {
            let point = SenderReportPoint { ntp, rtp: 1, at: Instant::now() };
            assert!(point.rtp_at(&clock, UNIX_US, 90_000).is_some());
        }
    }

    #[test]
    fn picture_and_sound_of_one_moment_get_one_time_however_long_their_reports_travelled() {
        let theirs = |unix_us: u64| unix_us_to_ntp(unix_us - 3_600_000_000);
        let mut clock = PublisherClock::default();
        clock.sender_report(theirs(UNIX_US), UNIX_US + 40_000);
        clock.sender_report(theirs(UNIX_US + 500_000), UNIX_US + 700_000);
        let at = Instant::now();
        let sound = SenderReportPoint { ntp: theirs(UNIX_US), rtp: 48_000, at };
        let picture = SenderReportPoint { ntp: theirs(UNIX_US + 500_000), rtp: 90_000, at };
        let now = UNIX_US + 1_000_000;
        let sound = sound.rtp_at(&clock, now, 48_000).unwrap();
        let picture = picture.rtp_at(&clock, now, 90_000).unwrap();
        let sound_s = f64::from(sound - 48_000) / 48_000.0;
        let picture_s = f64::from(picture - 90_000) / 90_000.0 + 0.5;
        assert!((sound_s - picture_s).abs() < 0.001, "{sound_s} {picture_s}");
    }
}
