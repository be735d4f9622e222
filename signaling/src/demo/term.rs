//! The term in which a day lies: autumn from about 1 September, spring from about 20 February, 20 weeks each. In between,
//! the next one is held to have begun this week, so that there is always something to look at.

use tongtang_protocol::calendar::{TermDay, TermDayKind, TermView};
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::OrgId;

const WEEKS: u8 = 20;

/// Month and day of a holiday's first day, how many days, its name.
const HOLIDAYS: [(i64, i64, i64, &str); 5] =
    [(10, 1, 7, "国庆节"), (1, 1, 1, "元旦"), (4, 4, 3, "清明节"), (5, 1, 5, "劳动节"), (6, 19, 1, "端午节")];

/// The term.
pub(super) fn of(today: Day, org_id: OrgId) -> TermView {
    let (year, ..) = today.date();
    let begins = [(year, 9, 1), (year, 2, 20), (year - 1, 9, 1)].into_iter().filter_map(|(y, m, d)| {
        let day = Day::new(y, m, d)?;
        Some(monday_of(day))
    });
    let length = i64::from(WEEKS) * 7;
    let first_day = begins
        .into_iter()
        .find(|first| (0..length).contains(&today.since(*first)))
        .unwrap_or(monday_of(today));
    let (year, month, _) = first_day.date();
    let season = if (2..8).contains(&month) { "春" } else { "秋" };
    let mut days: Vec<TermDay> = Vec::new();
    for at_year in [year, year + 1] {
        for (month, day, length, name) in HOLIDAYS {
            days.extend(
                Day::new(at_year, month, day).into_iter().flat_map(|first| holiday(first, length, name)),
            );
        }
    }
    days.retain(|unlike| (0..length).contains(&unlike.day.since(first_day)));
    days.sort_by_key(|unlike| unlike.day);
    TermView {
        id: super::id("term", first_day),
        org_id,
        name: format!("{year} 年{season}季学期"),
        first_day,
        weeks: WEEKS,
        days,
    }
}

/// The days of a holiday; a long one takes a school day that the Saturday after it gives back.
fn holiday(first: Day, length: i64, name: &str) -> Vec<TermDay> {
    let unlike = |day, kind, follows_weekday, name: String| TermDay { day, kind, follows_weekday, name };
    let mut days: Vec<_> =
        (0..length).map(|n| unlike(first.plus(n), TermDayKind::Holiday, None, name.to_owned())).collect();
    let lost = days.iter().rev().map(|unlike| unlike.day.weekday()).find(|weekday| *weekday <= 5);
    if let (5.., Some(weekday)) = (length, lost) {
        let after = first.plus(length);
        let saturday =
            after.plus(6 - i64::from(after.weekday().min(6)) + i64::from(after.weekday() == 7) * 6);
        days.push(unlike(saturday, TermDayKind::MakeUp, Some(weekday), format!("{name}调休")));
    }
    days
}

fn monday_of(day: Day) -> Day {
    day.plus(1 - i64::from(day.weekday()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::calendar::Calendar;

    fn term(today: &str) -> TermView {
        of(today.parse().unwrap(), OrgId::new("org-1").unwrap())
    }

    #[test]
    fn every_day_of_years_lies_in_its_term() {
        let mut day: Day = "2026-01-01".parse().unwrap();
        for _ in 0..3 * 366 {
            let term = of(day, OrgId::new("org-1").unwrap());
            assert!(Calendar::new(&term).week_of(day).is_some(), "{day}: {}", term.first_day);
            assert_eq!(term.first_day.weekday(), 1);
            for unlike in term.days.iter().filter(|unlike| unlike.kind == TermDayKind::MakeUp) {
                assert_eq!(unlike.day.weekday(), 6, "{}", unlike.day);
            }
            day = day.plus(1);
        }
    }

    #[test]
    fn autumn_has_the_national_day_and_a_saturday_for_it() {
        let term = term("2026-11-28");
        assert_eq!(
            (term.first_day.to_string().as_str(), term.name.as_str()),
            ("2026-08-31", "2026 年秋季学期")
        );
        let free = term.days.iter().filter(|unlike| unlike.name == "国庆节").count();
        assert_eq!(free, 7);
        let made_up = term.days.iter().find(|unlike| unlike.kind == TermDayKind::MakeUp).unwrap();
        assert_eq!((made_up.day.to_string().as_str(), made_up.follows_weekday), ("2026-10-10", Some(3)));
    }
}
