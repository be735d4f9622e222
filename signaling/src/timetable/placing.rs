//! A day and a period of the master school become instants, and each receiving class's own period is found.
//!
//! The rule is the planner's (`docs/planner.md`, hard constraint 4): of a receiving school's periods the one counts that has
//! most minutes in common with the master period, the earliest of equals; what all have in common has to be at least
//! [`SHORTEST_MIN`]. The lesson lasts for all of it, so it lies inside one period of every school, and lessons of different
//! periods of a school never meet.

use super::facts::Facts;
use super::refusal::Misplaced;
use std::collections::BTreeSet;
use tongtang_protocol::calendar::BellPeriod;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{ClassId, ClassroomId};
use tongtang_protocol::timetable::{MAX_RECEIVERS, TimetableClass};
use tongtang_protocol::units::UnixMillis;

/// So many minutes the bell times of all who attend have in common at least.
pub const SHORTEST_MIN: u16 = 35;

/// A lesson lasts so many minutes at most, of however long a period (the bookings' own bound is as long).
pub const LONGEST_MIN: u16 = 240;

/// When a lesson is, and who receives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Week of the term.
    pub week: u8,
    /// Begins.
    pub starts_at: UnixMillis,
    /// Ends.
    pub ends_at: UnixMillis,
    /// By class id.
    pub classes: Vec<TimetableClass>,
}

/// Minutes after midnight, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: u16,
    to: u16,
}

impl Span {
    fn of(period: &BellPeriod) -> Self {
        Self { from: period.starts_min, to: period.ends_min }
    }

    fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), to: self.to.min(other.to) }
    }

    fn minutes(self) -> u16 {
        self.to.saturating_sub(self.from)
    }
}

/// Places a lesson that is taught from this room in this period of its school.
pub fn place(
    facts: &Facts,
    room: &ClassroomId,
    day: Day,
    period: u8,
    classes: &[ClassId],
) -> Result<Placed, Misplaced> {
    let week = facts.calendar.week_of(day).ok_or(Misplaced::NotInTerm(day))?;
    facts.calendar.of_day(day).ok_or(Misplaced::NoLessonsThatDay(day))?;
    let master = facts.rooms.get(room).ok_or(Misplaced::Unknown("classroom_id"))?;
    let school = facts.schools.get(&master.org_id).ok_or(Misplaced::Unknown("classroom_id"))?;
    let bell = school.bells.iter().find(|bell| bell.period == period);
    let bell = bell.ok_or_else(|| Misplaced::NoPeriod { school: school.name.clone(), period })?;
    let mut span = Span::of(bell);
    let mut placed = Vec::new();
    let mut received = 0;
    for id in classes.iter().collect::<BTreeSet<_>>() {
        let class = facts.classes.get(id).ok_or(Misplaced::Unknown("class_ids"))?;
        if !class.consents_live {
            return Err(Misplaced::NoConsent { class: class.name.clone() });
        }
        let sits = class.classroom_id.as_ref();
        let sits = sits.ok_or_else(|| Misplaced::NoRoom { class: class.name.clone() })?;
        let own = facts.schools.get(&class.org_id).ok_or(Misplaced::Unknown("class_ids"))?;
        let met = meeting(Span::of(bell), &own.bells);
        let met = met.ok_or_else(|| Misplaced::NoOverlap { school: own.name.clone() })?;
        span = span.and(Span::of(met));
        received += usize::from(sits != room);
        placed.push(TimetableClass {
            class_id: id.clone(),
            class_name: class.name.clone(),
            org_id: class.org_id.clone(),
            org_name: own.name.clone(),
            classroom_id: sits.clone(),
            period: met.period,
            attended: None,
        });
    }
    if received > master.max_receivers.min(MAX_RECEIVERS) {
        return Err(Misplaced::TooMany { room: master.name.clone(), most: master.max_receivers });
    }
    if span.minutes() < SHORTEST_MIN && !placed.is_empty() {
        return Err(Misplaced::TooShort);
    }
    let minutes = span.minutes().clamp(1, LONGEST_MIN);
    let starts = i64::from(span.from);
    Ok(Placed {
        week,
        starts_at: day.at_minute(starts),
        ends_at: day.at_minute(starts + i64::from(minutes)),
        classes: placed,
    })
}

/// The period that has most in common with the master's, if it is enough.
fn meeting(master: Span, bells: &[BellPeriod]) -> Option<&BellPeriod> {
    let enough = bells.iter().filter(|bell| master.and(Span::of(bell)).minutes() >= SHORTEST_MIN);
    enough.min_by_key(|bell| (u16::MAX - master.and(Span::of(bell)).minutes(), bell.starts_min))
}

/// The period of a school that has most in common with this time, if any: a lesson that comes from another school's time.
pub fn nearest_period(bells: &[BellPeriod], from: UnixMillis, to: UnixMillis) -> Option<u8> {
    let minute = |at| u16::try_from(Day::minute_of(at)).unwrap_or(0);
    let wanted = Span { from: minute(from), to: minute(to) };
    let met = bells.iter().filter(|bell| wanted.and(Span::of(bell)).minutes() > 0);
    met.min_by_key(|bell| (u16::MAX - wanted.and(Span::of(bell)).minutes(), bell.starts_min))
        .map(|bell| bell.period)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::calendar::Calendar;
    use crate::timetable::facts::{Class, Room, School};
    use tongtang_protocol::calendar::{TermDay, TermDayKind, TermView};
    use tongtang_protocol::ids::{OrgId, TermId};

    fn bells(starts: &[u16]) -> Vec<BellPeriod> {
        let number = |at: usize| u8::try_from(at + 1).unwrap();
        let period = |(at, &start): (usize, &u16)| BellPeriod {
            period: number(at),
            starts_min: start,
            ends_min: start + 40,
        };
        starts.iter().enumerate().map(period).collect()
    }

    /// A central school, and two sites: `late` begins five minutes later and has one period more before, `never` meets it
    /// for 20 minutes only.
    fn county() -> Facts {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let term = TermView {
            id: TermId::new("term-1").unwrap(),
            org_id: OrgId::new("county").unwrap(),
            name: "秋".into(),
            first_day: day("2026-08-31"),
            weeks: 20,
            days: vec![
                TermDay {
                    day: day("2026-10-01"),
                    kind: TermDayKind::Holiday,
                    follows_weekday: None,
                    name: "国庆节".into(),
                },
                TermDay {
                    day: day("2026-10-10"),
                    kind: TermDayKind::MakeUp,
                    follows_weekday: Some(4),
                    name: "国庆节调休".into(),
                },
            ],
        };
        let mut facts = Facts {
            calendar: Calendar::new(&term),
            term,
            schools: [].into(),
            rooms: [].into(),
            classes: [].into(),
            teachers: [].into(),
        };
        for (name, starts) in
            [("master", &[480_u16, 530, 580][..]), ("late", &[430, 485, 535]), ("never", &[500, 560])]
        {
            let org_id = OrgId::new(name).unwrap();
            let room = ClassroomId::new(format!("room-{name}")).unwrap();
            let school = School { name: name.into(), path: format!("/county/{name}/"), bells: bells(starts) };
            facts.schools.insert(org_id.clone(), school);
            let max_receivers = usize::from(name == "master") * 2;
            facts.rooms.insert(
                room.clone(),
                Room { name: format!("room {name}"), org_id: org_id.clone(), max_receivers },
            );
            let class = Class {
                name: name.into(),
                org_id,
                classroom_id: Some(room),
                consents_live: true,
                busy: Vec::new(),
            };
            facts.classes.insert(ClassId::new(format!("cls-{name}")).unwrap(), class);
        }
        facts
    }

    fn put(facts: &Facts, day: &str, period: u8, classes: &[&str]) -> Result<Placed, Misplaced> {
        let classes: Vec<_> =
            classes.iter().map(|name| ClassId::new(format!("cls-{name}")).unwrap()).collect();
        place(facts, &ClassroomId::new("room-master").unwrap(), day.parse().unwrap(), period, &classes)
    }

    #[test]
    fn a_lesson_lasts_for_what_all_bell_times_have_in_common_in_each_schools_own_period() {
        let placed = put(&county(), "2026-09-01", 1, &["late"]).unwrap();
        let day: Day = "2026-09-01".parse().unwrap();
        assert_eq!((placed.starts_at, placed.ends_at), (day.at_minute(485), day.at_minute(520)));
        assert_eq!((placed.week, placed.classes[0].period), (1, 2));
        // Nobody at a distance: all of the period.
        let alone = put(&county(), "2026-09-01", 1, &["master"]).unwrap();
        assert_eq!((alone.starts_at, alone.ends_at), (day.at_minute(480), day.at_minute(520)));
    }

    #[test]
    fn bell_times_that_meet_too_briefly_a_full_room_and_an_unknown_period_are_refused() {
        let facts = county();
        let refused = |day, period, classes: &[&str]| put(&facts, day, period, classes).unwrap_err();
        assert_eq!(refused("2026-09-01", 1, &["never"]), Misplaced::NoOverlap { school: "never".into() });
        assert_eq!(refused("2026-09-01", 4, &[]), Misplaced::NoPeriod { school: "master".into(), period: 4 });
        assert_eq!(refused("2026-09-01", 1, &["nobody"]), Misplaced::Unknown("class_ids"));
        let mut unasked = facts.clone();
        unasked.classes.values_mut().for_each(|class| class.consents_live = false);
        let refused = put(&unasked, "2026-09-01", 1, &["late"]).unwrap_err();
        assert_eq!(refused, Misplaced::NoConsent { class: "late".into() });
        let mut small = facts.clone();
        small.rooms.get_mut(&ClassroomId::new("room-master").unwrap()).unwrap().max_receivers = 0;
        let full = put(&small, "2026-09-01", 1, &["late"]).unwrap_err();
        assert_eq!(full, Misplaced::TooMany { room: "room master".into(), most: 0 });
    }

    #[test]
    fn lessons_are_on_teaching_days_of_the_term_only() {
        let facts = county();
        let day = |text: &str| text.parse::<Day>().unwrap();
        for (outside, why) in [
            ("2026-08-30", Misplaced::NotInTerm(day("2026-08-30"))),
            ("2027-01-18", Misplaced::NotInTerm(day("2027-01-18"))),
            ("2026-10-01", Misplaced::NoLessonsThatDay(day("2026-10-01"))),
            ("2026-09-05", Misplaced::NoLessonsThatDay(day("2026-09-05"))),
        ] {
            assert_eq!(put(&facts, outside, 1, &[]).unwrap_err(), why);
        }
        assert_eq!(put(&facts, "2027-01-15", 1, &[]).unwrap().week, 20, "the last Friday");
        assert_eq!(
            put(&facts, "2026-10-10", 1, &[]).unwrap().week,
            6,
            "a Saturday on which Thursday is made up"
        );
    }

    #[test]
    fn a_time_of_another_school_is_the_period_that_has_most_in_common_with_it() {
        let day: Day = "2026-09-01".parse().unwrap();
        let near = |from, to| nearest_period(&bells(&[480, 530]), day.at_minute(from), day.at_minute(to));
        assert_eq!((near(485, 520), near(515, 560), near(700, 740)), (Some(1), Some(2), None));
    }
}
