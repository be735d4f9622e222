//! Why not: for each demand that a plan does not serve in full, what stands in the way, and what would help.
//!
//! Reasons are asked of the plan itself: at every period at which the class could meet one of its teachers, the first
//! constraint that says no ([`crate::place`]) is counted. What would help is tried on the plan ([`relax`]).

mod relax;
mod words;

use crate::instance::Instance;
use crate::model::{Model, NONE, bits};
use crate::place::Obstacle;
use crate::plan::{Reason, Unserved};
use crate::solve::Control;
use crate::state::State;
use std::collections::{BTreeMap, BTreeSet};

/// Reasons that are told of one demand.
const MAX_REASONS: usize = 3;
/// Teachers that a reason names.
const MAX_NAMED: usize = 3;

/// What stands in the way, in the order in which equally frequent ones are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// Nobody teaches the subject in this grade.
    NoTeacher,
    /// Somebody does, by another edition.
    Edition,
    /// The teachers' free periods and the class's do not meet by the bells.
    NoOverlap,
    /// They meet where the class is taught on site.
    Occupied,
    /// The receiving school has no room that fits then.
    NoReceivingRoom,
    /// The receiving school's link carries no lesson.
    NoReceivingLink,
    /// The teachers may not deliver, or have no room or link for it.
    CannotDeliver,
    /// A constraint of the plan.
    Taken(Obstacle),
}

/// Everything that is not served in full, in the order of the demands.
pub(crate) fn unserved(of: &Instance, model: &Model, state: State, control: &dyn Control) -> Vec<Unserved> {
    let missing: Vec<u32> =
        (0..model.demands.len() as u32).filter(|&demand| state.missing(model, demand) > 0).collect();
    let mut trials = relax::Trials::new(of, model, state);
    missing
        .into_iter()
        .map(|demand| {
            let reasons = reasons(of, trials.model(), trials.state(), demand);
            let relaxations = trials.helping(demand, &|| control.stop());
            let wanted = &of.demands[demand as usize];
            let d = &model.demands[demand as usize];
            Unserved {
                class: wanted.class.clone(),
                subject: wanted.subject.clone(),
                periods: d.periods,
                delivered: d.periods - trials.state().missing(model, demand) as u8,
                reasons,
                relaxations,
            }
        })
        .collect()
}

/// How often each cause says no, and to which teachers.
type Count = BTreeMap<Cause, (usize, BTreeSet<u32>)>;

fn reasons(of: &Instance, model: &Model, state: &State, demand: u32) -> Vec<Reason> {
    let mut count = Count::new();
    let teachers = teachers(model, state, demand);
    if teachers.is_empty() {
        let cause =
            if other_editions(of, model, demand).is_empty() { Cause::NoTeacher } else { Cause::Edition };
        count.insert(cause, (1, other_editions(of, model, demand)));
    }
    for teacher in teachers {
        match model.mask(demand, teacher) {
            0 => never(model, demand, teacher, &mut count),
            _ => not_now(model, state, demand, teacher, &mut count),
        }
    }
    if count.is_empty() {
        // Each period would be possible alone, and the periods of one day, or of one lesson, exclude each other.
        count.insert(Cause::Taken(Obstacle::Day), (1, BTreeSet::new()));
    }
    let mut causes: Vec<_> = count.into_iter().collect();
    causes.sort_by_key(|(cause, (times, _))| (std::cmp::Reverse(*times), *cause));
    causes.truncate(MAX_REASONS);
    causes
        .into_iter()
        .map(|(cause, (times, teachers))| {
            let named: Vec<u32> = teachers.into_iter().take(MAX_NAMED).collect();
            words::reason(of, model, demand, cause, times, &named)
        })
        .collect()
}

/// Who could teach it: the group's teacher, if the demand is served in part.
fn teachers(model: &Model, state: &State, demand: u32) -> Vec<u32> {
    match state.group[demand as usize] {
        NONE => model.courses[model.demands[demand as usize].course as usize].teachers.clone(),
        group => vec![state.groups[group as usize].teacher],
    }
}

/// Who teaches the subject in the grade by another edition.
fn other_editions(of: &Instance, model: &Model, demand: u32) -> BTreeSet<u32> {
    let key = &model.courses[model.demands[demand as usize].course as usize].key;
    let can = |teacher: &crate::instance::Teacher| {
        teacher.teaches.iter().any(|can| {
            can.subject == key.subject
                && can.grades.contains(&key.grade)
                && !can.editions.contains(&key.edition)
        })
    };
    of.teachers.iter().enumerate().filter(|(_, teacher)| can(teacher)).map(|(i, _)| i as u32).collect()
}

/// Whatever else is planned, this teacher cannot serve this demand.
fn never(model: &Model, demand: u32, teacher: u32, count: &mut Count) {
    let d = &model.demands[demand as usize];
    let (from, to) = model.courses[d.course as usize].weeks;
    let t = &model.teachers[teacher as usize];
    let class = &model.classes[d.class as usize];
    let school = &model.schools[d.school as usize];
    let mut add = |cause| {
        let entry = count.entry(cause).or_default();
        entry.0 += 1;
        entry.1.insert(teacher);
    };
    if t.max_receiving == 0 || t.max_week == 0 || t.max_day == 0 {
        return add(Cause::CannotDeliver);
    }
    if !model.link_carries(school, 1, 0) {
        return add(Cause::NoReceivingLink);
    }
    let free = (from..to).fold(u128::MAX, |free, week| free & t.free[week]);
    let meetings: Vec<u8> =
        bits(free).filter_map(|time| model.meeting(teacher, d.school, time)).map(|met| met.time).collect();
    if meetings.is_empty() {
        return add(Cause::NoOverlap);
    }
    for time in meetings {
        let is_free = (from..to).all(|week| class.free[week] >> time & 1 == 1);
        let has_room = (from..to).all(|week| {
            let mut rooms = school.receiving_rooms.iter();
            rooms.any(|room| room.size >= class.size && room.free[week] >> time & 1 == 1)
        });
        add(match (is_free, has_room) {
            (false, _) => Cause::Occupied,
            (true, false) => Cause::NoReceivingRoom,
            (true, true) => Cause::CannotDeliver,
        });
    }
}

/// It could, if the plan had nothing else at those periods.
fn not_now(model: &Model, state: &State, demand: u32, teacher: u32, count: &mut Count) {
    let d = &model.demands[demand as usize];
    for time in bits(model.mask(demand, teacher) & !state.attended[demand as usize]) {
        let Some(met) = model.meeting(teacher, d.school, time) else { continue };
        let Err(obstacle) = state.may_receive(model, demand, met.time).and_then(|()| {
            state.may_day(model, demand, teacher, state.attended[demand as usize], time)?;
            join_or_open(model, state, demand, teacher, time)
        }) else {
            continue;
        };
        let entry = count.entry(Cause::Taken(obstacle)).or_default();
        entry.0 += 1;
        entry.1.insert(teacher);
    }
}

/// A lesson of the course that is there then, or a new one.
fn join_or_open(model: &Model, state: &State, demand: u32, teacher: u32, time: u8) -> Result<(), Obstacle> {
    let d = &model.demands[demand as usize];
    let mine = state.group[demand as usize];
    let there = state.of_teacher[teacher as usize].iter().copied().find(|&g| {
        let group = &state.groups[g as usize];
        group.course == d.course && group.lessons.iter().any(|lesson| lesson.time == time)
    });
    match there {
        Some(group) => {
            if mine == NONE {
                state.may_join(model, demand, group)?;
            }
            state.may_attend(model, demand, group, time)
        }
        None => state.may_open(model, teacher, d.course, time),
    }
}
