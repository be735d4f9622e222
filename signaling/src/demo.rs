//! A believable county to look at and to measure with: the same for the same scale, seed and day. No place of it exists.
//!
//! ```text
//!  Scale, seed, today ─▶ places (who lies where, rooms, links) ─▶ people ─▶ weeks (what is taught on site, when)
//!                        names (of towns, villages, people)  subjects (what is prescribed, which editions)
//! ```
//!
//! Central schools have teachers for every subject and rooms to teach from; teaching sites have one teacher for everything
//! and go without music, art and mostly English. So there is something to pair, and not enough for all.

mod names;
mod people;
mod places;
mod subjects;
mod term;
mod weeks;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tongtang_protocol::calendar::{BellScheduleView, TermView};
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::OrgId;
use tongtang_protocol::places::{ClassView, ClassroomView, OrgView, Prescribed, TeacherView};

/// Largest county, in schools of either kind: the organisation tree's own bound.
pub const MAX_SCHOOLS: u32 = 1_000;

/// How big a county.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Central schools, 1 to 1,000, each with six grades, five teachers and one or two rooms to teach from.
    pub central_schools: u32,
    /// Teaching sites, 0 to 1,000, each with two to four small classes and one teacher.
    pub sites: u32,
}

impl Default for Scale {
    /// 6 central schools and 30 sites: 60 teachers.
    fn default() -> Self {
        Self { central_schools: 6, sites: 30 }
    }
}

/// All of a county.
#[derive(Debug, Clone, PartialEq)]
pub struct County {
    /// Province, city, county, schools: those above before those below.
    pub orgs: Vec<OrgView>,
    /// Its identity.
    pub county: OrgId,
    /// Bell times, kept by the county.
    pub bells: Vec<BellScheduleView>,
    /// The term in which the day lies.
    pub term: TermView,
    /// What the county prescribes.
    pub curriculum: Vec<Prescribed>,
    /// Rooms.
    pub classrooms: Vec<ClassroomView>,
    /// Classes.
    pub classes: Vec<ClassView>,
    /// Teachers.
    pub teachers: Vec<TeacherView>,
}

/// A county of this scale, with the term of `today`.
pub fn county(scale: Scale, seed: u64, today: Day) -> County {
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut county, schools) = places::county(scale, today, &mut rng);
    for school in &schools {
        people::of_school(&mut county, school, &mut rng);
        weeks::of_school(&mut county, school, &mut rng);
    }
    county
}

/// A school while the county is made.
struct School {
    org: OrgId,
    /// From 1, through both kinds.
    number: u32,
    kind: Kind,
    /// Its editions, one of each subject's by number.
    edition: usize,
}

/// What kind of school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Central,
    Site,
}

/// An identity that is the same each time.
fn id<T: TryFrom<String>>(kind: &str, number: impl std::fmt::Display) -> T {
    match T::try_from(format!("{kind}-demo-{number}")) {
        Ok(id) => id,
        Err(_) => unreachable!("a word and a number are an identifier"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::places::check;
    use std::collections::{HashMap, HashSet};
    use tongtang_protocol::calendar::{BellScheduleInput, TermInput};
    use tongtang_protocol::places::{ClassInput, ClassroomInput, OrgInput, TeacherInput};

    fn day() -> Day {
        "2026-11-28".parse().unwrap()
    }

    /// What the rules of the API say to what a list holds.
    fn checked<V: serde::Serialize, I: serde::de::DeserializeOwned>(
        views: &[V],
        check: fn(I) -> Result<I, crate::places::Bad>,
    ) {
        for view in views {
            let input = serde_json::from_value(serde_json::to_value(view).unwrap()).unwrap();
            check(input).unwrap_or_else(|bad| panic!("{bad}: {}", serde_json::to_string(view).unwrap()));
        }
    }

    #[test]
    fn a_county_keeps_every_rule_of_the_api_at_any_scale() {
        for (scale, seed) in [
            (Scale::default(), 1),
            (Scale { central_schools: 1, sites: 0 }, 2),
            (Scale { central_schools: 40, sites: 300 }, 3),
        ] {
            let county = county(scale, seed, day());
            checked::<_, OrgInput>(&county.orgs, check::org);
            checked::<_, ClassroomInput>(&county.classrooms, check::classroom);
            checked::<_, ClassInput>(&county.classes, check::class);
            checked::<_, TeacherInput>(&county.teachers, check::teacher);
            checked::<_, BellScheduleInput>(&county.bells, check::bells);
            checked::<_, TermInput>(std::slice::from_ref(&county.term), check::term);
            check::curriculum(county.curriculum.clone()).unwrap();
            let codes = county.orgs.iter().map(|org| &org.code).collect::<HashSet<_>>();
            assert_eq!(codes.len(), county.orgs.len());
            let codes = county.teachers.iter().map(|teacher| &teacher.code).collect::<HashSet<_>>();
            assert_eq!(codes.len(), county.teachers.len());
            let codes = county.classes.iter().map(|class| &class.code).collect::<HashSet<_>>();
            assert_eq!(codes.len(), county.classes.len());
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_county_and_another_another() {
        let one = county(Scale::default(), 7, day());
        assert_eq!(one, county(Scale::default(), 7, day()));
        assert_ne!(one.classes, county(Scale::default(), 8, day()).classes);
    }

    #[test]
    fn sites_lack_what_central_schools_can_give() {
        let county = county(Scale::default(), 1, day());
        assert_eq!(county.teachers.len(), 60);
        let masters = county.teachers.iter().filter(|teacher| teacher.max_delivered > 0).count();
        assert_eq!(masters, 24, "music, art, English and science of six schools");
        let rooms = county.classrooms.iter().filter(|room| room.max_receivers == 3).count();
        assert!((6..=12).contains(&rooms), "{rooms}");
        let prescribed: HashMap<_, _> = county
            .curriculum
            .iter()
            .map(|row| ((row.subject.as_str(), row.grade), row.weekly_periods))
            .collect();
        let mut missing: HashMap<&str, u32> = HashMap::new();
        for class in &county.classes {
            for of in &class.subjects {
                let lacks = prescribed[&(of.subject.as_str(), class.grade)] - of.on_site_periods;
                *missing.entry(of.subject.as_str()).or_default() += u32::from(lacks);
            }
        }
        assert!(missing["音乐"] > 100 && missing["美术"] > 100 && missing["英语"] > 50, "{missing:?}");
        assert_eq!(missing["语文"], 0);
    }

    #[test]
    fn nobody_is_taught_or_teaches_twice_at_once_and_each_taught_period_has_its_time() {
        let county = county(Scale::default(), 1, day());
        for class in &county.classes {
            let mut slots = HashSet::new();
            for taken in &class.busy {
                assert!(slots.insert((taken.weekday, taken.period)), "{} {taken:?}", class.code);
            }
            for of in &class.subjects {
                let timed = class.busy.iter().filter(|taken| taken.what == of.subject).count();
                assert_eq!(timed, usize::from(of.on_site_periods), "{} {}", class.code, of.subject);
            }
        }
        for teacher in &county.teachers {
            let taught = teacher.busy.iter().filter(|taken| taken.what.contains('班')).count();
            assert!(
                taught + usize::from(teacher.max_delivered) <= usize::from(teacher.max_weekly),
                "{teacher:?}"
            );
        }
    }
}
