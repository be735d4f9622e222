//! What a school teaches on site, and when: each class's week, and with it its teachers'.

use super::people::SPECIALISTS;
use super::places::PERIODS;
use super::subjects::{SUBJECTS, Subject};
use super::{County, Kind, School};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tongtang_protocol::places::{Busy, ClassSubject, ClassView, Parity, TeacherView};

/// When specialists meet, in odd weeks.
const RESEARCH: (u8, u8) = (3, PERIODS);

/// Fills the weeks of the school's classes and teachers.
pub(super) fn of_school(county: &mut County, school: &School, rng: &mut StdRng) {
    let County { classes, teachers, .. } = county;
    let first = teachers.partition_point(|teacher| teacher.org_id != school.org);
    let own = &mut teachers[first..];
    for class in classes.iter_mut().filter(|class| class.org_id == school.org) {
        for subject in &SUBJECTS {
            let prescribed = subject.weekly_in(class.grade);
            if prescribed == 0 {
                continue;
            }
            let teacher = match school.kind {
                Kind::Central => teacher_of(own, subject),
                Kind::Site => None,
            };
            let wanted = on_site(school.kind, subject, prescribed, rng);
            let on_site_periods = place(class, subject.name, wanted, teacher, rng);
            class.subjects.push(ClassSubject {
                subject: subject.name.to_owned(),
                edition: subject.editions[school.edition].to_owned(),
                on_site_periods,
            });
        }
        class.subjects.sort_by(|one, other| one.subject.cmp(&other.subject));
        class.busy.sort_by_key(|taken| (taken.weekday, taken.period));
    }
    for teacher in own {
        if teacher.max_delivered > 0 {
            research(teacher);
        }
        teacher.busy.sort_by_key(|taken| (taken.weekday, taken.period));
    }
}

/// Periods a week that the school itself teaches.
fn on_site(kind: Kind, subject: &Subject, prescribed: u8, rng: &mut StdRng) -> u8 {
    let in_full = kind == Kind::Central || rng.random_range(0..10) < subject.on_site;
    // Of the others one in four has a single period, by somebody who does their best.
    if in_full { prescribed } else { u8::from(rng.random_bool(0.25)) }
}

fn teacher_of<'t>(own: &'t mut [TeacherView], subject: &Subject) -> Option<&'t mut TeacherView> {
    let at = SPECIALISTS.iter().position(|who| Some(*who) == subject.taught_by)?;
    own.get_mut(at)
}

/// Puts so many periods where class and teacher are free, on as many days as possible; how many found a place.
fn place(
    class: &mut ClassView,
    subject: &str,
    wanted: u8,
    mut teacher: Option<&mut TeacherView>,
    rng: &mut StdRng,
) -> u8 {
    let mut slots: Vec<(u8, u8)> =
        (1..=5).flat_map(|day| (1..=PERIODS).map(move |period| (day, period))).collect();
    slots.shuffle(rng);
    let mut placed = 0;
    while placed < wanted {
        let is_free =
            |busy: &[Busy], slot: (u8, u8)| !busy.iter().any(|taken| (taken.weekday, taken.period) == slot);
        let of_day =
            |day: u8| class.busy.iter().filter(|taken| taken.weekday == day && taken.what == subject).count();
        let free = slots.iter().copied().filter(|slot| {
            is_free(&class.busy, *slot) && teacher.as_ref().is_none_or(|who| is_free(&who.busy, *slot))
        });
        let Some((weekday, period)) = free.min_by_key(|slot| of_day(slot.0)) else { break };
        class.busy.push(Busy { weekday, period, parity: Parity::Every, what: subject.to_owned() });
        if let Some(who) = teacher.as_mut() {
            let what = format!("{}{subject}", class.name);
            who.busy.push(Busy { weekday, period, parity: Parity::Every, what });
        }
        placed += 1;
    }
    placed
}

fn research(teacher: &mut TeacherView) {
    let (weekday, period) = RESEARCH;
    if !teacher.busy.iter().any(|taken| (taken.weekday, taken.period) == RESEARCH) {
        teacher.busy.push(Busy { weekday, period, parity: Parity::Odd, what: "教研活动".to_owned() });
    }
}
