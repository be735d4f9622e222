//! Which day a lesson of the week falls on: a term's weeks with their holidays and make-up days, and bell times on a day.
//!
//! Enters: a [`TermView`], bell times. Leaves: days and instants. All in Asia/Shanghai ([`tongtang_protocol::day`]); the
//! machine is not asked for its time or its time zone.
//!
//! What a day teaches: a holiday nothing; a make-up day (调休) the lessons of the weekday it follows, in the week in which
//! it lies, so that odd and even weeks stay what the calendar on the wall says; a Saturday or Sunday that is no make-up day
//! nothing; any other day its own weekday's.

use tongtang_protocol::calendar::{BellPeriod, TermDay, TermDayKind, TermView};
use tongtang_protocol::day::Day;
use tongtang_protocol::places::Parity;
use tongtang_protocol::units::UnixMillis;

/// Friday: what lies after it teaches only as a make-up day.
const LAST_SCHOOL_WEEKDAY: u8 = 5;

/// A day with lessons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TeachingDay {
    /// Which.
    pub day: Day,
    /// Week of the term in which it lies, from 1.
    pub week: u8,
    /// Whose lessons, 1 (Monday) to 7: on a make-up day not the day's own.
    pub weekday: u8,
}

/// A term's days.
#[derive(Debug, Clone)]
pub struct Calendar {
    first_day: Day,
    weeks: u8,
    /// By day.
    teaching: Vec<TeachingDay>,
}

impl Calendar {
    /// Of this term.
    pub fn new(term: &TermView) -> Self {
        let (first_day, weeks) = (term.first_day, term.weeks);
        let teaching = (0..i64::from(weeks) * 7)
            .filter_map(|at| {
                let day = first_day.plus(at);
                let unlike = term.days.iter().find(|unlike| unlike.day == day);
                Some(TeachingDay { day, week: week_number(at)?, weekday: taught_on(day, unlike)? })
            })
            .collect();
        Self { first_day, weeks, teaching }
    }

    /// Weeks of the term.
    pub fn weeks(&self) -> u8 {
        self.weeks
    }

    /// The term's first day.
    pub fn first_day(&self) -> Day {
        self.first_day
    }

    /// The term's last day, a Sunday.
    pub fn last_day(&self) -> Day {
        self.first_day.plus(i64::from(self.weeks) * 7 - 1)
    }

    /// All days with lessons, in order.
    pub fn teaching_days(&self) -> &[TeachingDay] {
        &self.teaching
    }

    /// The week's Monday, if the term has such a week.
    pub fn monday_of(&self, week: u8) -> Option<Day> {
        (1..=self.weeks).contains(&week).then(|| self.first_day.plus(i64::from(week - 1) * 7))
    }

    /// In which week of the term a day lies, whether it teaches or not.
    pub fn week_of(&self, day: Day) -> Option<u8> {
        let week = week_number(day.since(self.first_day))?;
        (1..=self.weeks).contains(&week).then_some(week)
    }

    /// All days of this week on which this weekday's lessons are taught: none (a holiday), one, or two (a make-up day in the
    /// week of the day it follows).
    pub fn days_of(&self, week: u8, weekday: u8) -> impl Iterator<Item = Day> + '_ {
        self.teaching.iter().filter(move |day| day.week == week && day.weekday == weekday).map(|day| day.day)
    }

    /// The day of this week on which this weekday's lessons are taught; of two the one that is this weekday itself.
    pub fn day_of(&self, week: u8, weekday: u8) -> Option<Day> {
        self.days_of(week, weekday).min_by_key(|day| (day.weekday() != weekday, *day))
    }

    /// What is taught on a day; None: nothing, or the day is not in the term.
    pub fn of_day(&self, day: Day) -> Option<TeachingDay> {
        let at = self.teaching.binary_search_by_key(&day, |teaching| teaching.day).ok()?;
        Some(self.teaching[at])
    }
}

/// Is something that happens in such weeks on in this week?
pub fn is_in_week(parity: Parity, week: u8) -> bool {
    match parity {
        Parity::Every => true,
        Parity::Odd => !week.is_multiple_of(2),
        Parity::Even => week.is_multiple_of(2),
    }
}

/// Do two of them ever happen in the same week?
pub fn meet(one: Parity, other: Parity) -> bool {
    one == Parity::Every || other == Parity::Every || one == other
}

/// When a period begins and ends on a day, by these bell times; None: they have no such period.
pub fn period_on(bells: &[BellPeriod], period: u8, day: Day) -> Option<(UnixMillis, UnixMillis)> {
    let bell = bells.iter().find(|bell| bell.period == period)?;
    Some((day.at_minute(i64::from(bell.starts_min)), day.at_minute(i64::from(bell.ends_min))))
}

/// Week of the day that is so many days after the term's first.
fn week_number(days: i64) -> Option<u8> {
    u8::try_from(days.div_euclid(7) + 1).ok()
}

fn taught_on(day: Day, unlike: Option<&TermDay>) -> Option<u8> {
    match unlike {
        Some(TermDay { kind: TermDayKind::Holiday, .. }) => None,
        Some(TermDay { kind: TermDayKind::MakeUp, follows_weekday, .. }) => *follows_weekday,
        None => Some(day.weekday()).filter(|weekday| *weekday <= LAST_SCHOOL_WEEKDAY),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tongtang_protocol::ids::{OrgId, TermId};

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn unlike(text: &str, follows_weekday: Option<u8>) -> TermDay {
        let kind = if follows_weekday.is_some() { TermDayKind::MakeUp } else { TermDayKind::Holiday };
        TermDay { day: day(text), kind, follows_weekday, name: "国庆节".into() }
    }

    /// 20 weeks from 2026-08-31; 1 to 7 October (Thursday to Wednesday) are free, Sunday 27 September is Monday's and
    /// Saturday 10 October is Thursday's.
    fn autumn() -> Calendar {
        let mut days: Vec<TermDay> = (1..=7).map(|n| unlike(&format!("2026-10-0{n}"), None)).collect();
        days.push(unlike("2026-09-27", Some(1)));
        days.push(unlike("2026-10-10", Some(4)));
        Calendar::new(&TermView {
            id: TermId::new("term-1").unwrap(),
            org_id: OrgId::new("org-1").unwrap(),
            name: "2026 秋".into(),
            first_day: day("2026-08-31"),
            weeks: 20,
            days,
        })
    }

    #[test]
    fn a_holiday_takes_its_lessons_and_a_weekend_has_none() {
        let calendar = autumn();
        // 100 school days, of which 5 are free, and 2 weekend days that make up.
        assert_eq!(calendar.teaching_days().len(), 97);
        assert_eq!(calendar.day_of(5, 3), Some(day("2026-09-30")));
        assert_eq!(calendar.day_of(5, 4), None);
        assert_eq!(calendar.of_day(day("2026-10-01")), None);
        assert_eq!(calendar.of_day(day("2026-09-05")), None, "a Saturday");
        let wednesday = TeachingDay { day: day("2026-09-30"), week: 5, weekday: 3 };
        assert_eq!(calendar.of_day(day("2026-09-30")), Some(wednesday));
    }

    #[test]
    fn a_make_up_day_teaches_the_weekday_it_follows_in_its_own_week() {
        let calendar = autumn();
        // Week 6's own Thursday is 8 October: the Saturday is a second one.
        assert_eq!(calendar.day_of(6, 4), Some(day("2026-10-08")));
        assert_eq!(calendar.days_of(6, 4).collect::<Vec<_>>(), [day("2026-10-08"), day("2026-10-10")]);
        let saturday = TeachingDay { day: day("2026-10-10"), week: 6, weekday: 4 };
        assert_eq!(calendar.of_day(day("2026-10-10")), Some(saturday));
        // The Sunday belongs to the week that ends with it, and is nobody's Sunday.
        let sunday = TeachingDay { day: day("2026-09-27"), week: 4, weekday: 1 };
        assert_eq!(calendar.of_day(day("2026-09-27")), Some(sunday));
        assert_eq!(calendar.day_of(4, 7), None);
    }

    #[test]
    fn a_weekday_that_only_a_make_up_day_teaches_is_found() {
        let calendar = Calendar::new(&TermView {
            id: TermId::new("term-1").unwrap(),
            org_id: OrgId::new("org-1").unwrap(),
            name: String::new(),
            first_day: day("2026-08-31"),
            weeks: 1,
            days: vec![unlike("2026-09-03", None), unlike("2026-09-05", Some(4))],
        });
        assert_eq!(calendar.day_of(1, 4), Some(day("2026-09-05")));
    }

    #[test]
    fn the_term_begins_and_ends_with_its_weeks() {
        let calendar = autumn();
        assert_eq!(calendar.monday_of(1), Some(day("2026-08-31")));
        assert_eq!(calendar.monday_of(20), Some(day("2027-01-11")));
        assert_eq!((calendar.monday_of(0), calendar.monday_of(21)), (None, None));
        assert_eq!(calendar.last_day(), day("2027-01-17"));
        assert_eq!(calendar.week_of(day("2026-10-04")), Some(5), "a free day lies in a week too");
        for outside in ["2026-08-30", "2027-01-18", "1970-01-01", "2199-12-31"] {
            assert_eq!(calendar.week_of(day(outside)), None, "{outside}");
            assert_eq!(calendar.of_day(day(outside)), None, "{outside}");
        }
        assert!(calendar.teaching_days().is_sorted());
    }

    #[test]
    fn odd_and_even_weeks_do_not_meet() {
        use Parity::{Even, Every, Odd};
        assert!(is_in_week(Odd, 1) && !is_in_week(Odd, 2) && is_in_week(Even, 2) && is_in_week(Every, 2));
        assert!(!meet(Odd, Even) && meet(Odd, Odd) && meet(Every, Even) && meet(Odd, Every));
    }

    #[test]
    fn a_period_is_at_shanghais_time_of_day() {
        let bells = [BellPeriod { period: 2, starts_min: 8 * 60 + 50, ends_min: 9 * 60 + 30 }];
        let (starts, ends) = period_on(&bells, 2, day("2026-11-28")).unwrap();
        // 2026-11-28T00:50:00Z
        assert_eq!(starts.0, 1_795_827_000_000);
        assert_eq!(ends.0 - starts.0, 40 * 60_000);
        assert_eq!(period_on(&bells, 1, day("2026-11-28")), None);
    }

    #[test]
    fn a_server_whose_time_zone_is_wrong_finds_the_same_days() {
        let here = std::env::current_exe().unwrap();
        for zone in ["America/Los_Angeles", "Pacific/Kiritimati"] {
            for test in ["the_term_begins_and_ends_with_its_weeks", "a_period_is_at_shanghais_time_of_day"] {
                let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
                let run = std::process::Command::new(&here).env("TZ", zone).args(["--exact", &name]).output();
                let said = String::from_utf8(run.unwrap().stdout).unwrap();
                assert!(said.contains("1 passed"), "{zone}: {said}");
            }
        }
    }
}
