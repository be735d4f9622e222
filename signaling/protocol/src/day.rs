//! Days, weekdays and instants of Asia/Shanghai, which is UTC+8 all year (no summer time since 1991): nothing here asks
//! the machine for its time zone, so a server that is set wrongly plans the same lessons.

use crate::units::UnixMillis;
use serde::{Deserialize, Serialize};
use std::fmt;

const OFFSET_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;
const MINUTE_MS: i64 = 60_000;
/// Days are between 1970-01-01 and 2199-12-31.
const LAST_DAY: i64 = 84_005;

/// A day in Asia/Shanghai, as `YYYY-MM-DD`; 1970-01-01 to 2199-12-31.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, format = Date)]
pub struct Day(i64);

/// Not a day that exists, or not written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidDay;

impl fmt::Display for InvalidDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a day is YYYY-MM-DD")
    }
}

impl std::error::Error for InvalidDay {}

impl Day {
    /// The day of this date, if there is one.
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let found = Self(days_of(year, month, day));
        (found.date() == (year, month, day) && (0..=LAST_DAY).contains(&found.0)).then_some(found)
    }

    /// The day on which this instant lies.
    pub fn of(at: UnixMillis) -> Self {
        Self((at.0.saturating_add(OFFSET_MS)).div_euclid(DAY_MS).clamp(0, LAST_DAY))
    }

    /// Year, month 1–12, day 1–31.
    pub fn date(self) -> (i64, i64, i64) {
        // Civil from days, proleptic Gregorian: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let z = self.0 + 719_468;
        let era = z.div_euclid(146_097);
        let of_era = z.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    /// 1 (Monday) to 7.
    pub fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        ((self.0 + 3).rem_euclid(7) + 1) as u8
    }

    /// So many days later (earlier, if negative), within the range of days.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days).clamp(0, LAST_DAY))
    }

    /// How many days from `earlier` to this one.
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The instant so many minutes after this day's midnight.
    pub fn at_minute(self, minute: i64) -> UnixMillis {
        UnixMillis(self.0 * DAY_MS - OFFSET_MS + minute * MINUTE_MS)
    }

    /// Minutes between midnight and the instant, of the day on which it lies.
    pub fn minute_of(at: UnixMillis) -> i64 {
        (at.0.saturating_add(OFFSET_MS)).rem_euclid(DAY_MS) / MINUTE_MS
    }
}

fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl std::str::FromStr for Day {
    type Err = InvalidDay;
    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(InvalidDay);
        }
        let number = |range: std::ops::Range<usize>| {
            let part = &bytes[range];
            part.iter()
                .all(u8::is_ascii_digit)
                .then(|| part.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
        };
        let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
            return Err(InvalidDay);
        };
        Self::new(year, month, day).ok_or(InvalidDay)
    }
}

impl TryFrom<String> for Day {
    type Error = InvalidDay;
    fn try_from(text: String) -> Result<Self, InvalidDay> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_and_read_and_bad_ones_refused() {
        for text in ["1970-01-01", "2000-02-29", "2026-11-28", "2199-12-31"] {
            assert_eq!(text.parse::<Day>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "2026-2-1",
            "2026-02-29",
            "2026-13-01",
            "1969-12-31",
            "2200-01-01",
            "2026-00-10",
            "２026-01-01",
        ] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before_through_leap_years() {
        let mut day = Day::new(1970, 1, 1).unwrap();
        assert_eq!(day.weekday(), 4);
        while day.0 < LAST_DAY {
            let next = day.plus(1);
            let (a, b) = (day.date(), next.date());
            assert!(b > a && (b.2 == a.2 + 1 || b.2 == 1), "{day} {next}");
            assert_eq!(next.weekday(), day.weekday() % 7 + 1);
            day = next;
        }
        assert_eq!(day.to_string(), "2199-12-31");
    }

    #[test]
    fn midnight_is_shanghais() {
        let day: Day = "2026-11-28".parse().unwrap();
        let midnight = day.at_minute(0);
        assert_eq!(midnight.0, 1_795_795_200_000);
        assert_eq!(Day::of(UnixMillis(midnight.0 - 1)), day.plus(-1));
        assert_eq!(Day::of(midnight), day);
        assert_eq!(Day::minute_of(day.at_minute(8 * 60 + 30)), 510);
        assert_eq!(Day::minute_of(UnixMillis(midnight.0 - 1)), 24 * 60 - 1);
    }
}
