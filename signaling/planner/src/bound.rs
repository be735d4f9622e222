//! Upper bounds of the objectives: a relaxation of the whole county as a linear programme.
//!
//! x(demand, teacher, period) says that a demand is served then. Left out of it are groups (that the same classes come each
//! time), progress, neighbouring periods and seats; a lesson counts as filled by as many classes as could come at all.
//! What is left is a relaxation, so its optimum is a bound. Small instances keep lessons and teachers as whole numbers and
//! go to branch and cut.

use crate::generate::generate;
use crate::linear::{Bound, Effort, Programme};
use crate::model::{Model, bits};
use crate::plan::Proof;
use crate::rows::{self, Column};
use crate::score::{Score, Stage};
use crate::state::State;
use std::collections::BTreeMap;

/// Instances with more columns are bounded by the linear relaxation alone.
const MAX_WHOLE_COLUMNS: usize = 4_000;
/// Nodes of branch and cut.
const MAX_NODES: i32 = 2_000;

/// Terms of rows that are still being collected.
type Rows<K> = BTreeMap<K, Vec<(u32, f64)>>;
/// (week, teacher, period).
type Slot = (usize, u32, u8);

/// How much of a lesson one class's attendance is.
struct Columns {
    programme: Programme,
    /// Column, demand, teacher, period.
    x: Vec<(u32, u32, u32, u8)>,
    /// Lessons: what each slot is used, in terms of columns.
    taught: BTreeMap<(u32, u32, u8), Vec<(u32, f64)>>,
}

/// A bound of the first objective: by the linear programme, which is soon there, then by column generation, which is better.
/// `told` hears of each while the next is being computed.
pub(crate) fn coverage(
    model: &Model,
    start: Vec<Column>,
    seconds: f64,
    stop: &dyn Fn() -> bool,
    told: &dyn Fn(f64, Proof),
) -> (Bound, Proof) {
    let nothing = Score::of(model, &State::new(model));
    let effort = Effort { seconds, nodes: MAX_NODES };
    let relaxed = programme(model, Stage::Coverage, &nothing, false).bound(effort);
    told(relaxed.value, Proof::LinearRelaxation);
    let rows = rows::Rows::new(model);
    let better = |value| {
        if value < relaxed.value {
            told(value, Proof::ColumnGeneration);
        }
    };
    let generated = generate(model, &rows, start, seconds, stop, &better);
    let mut best = (relaxed, Proof::LinearRelaxation);
    let mut improve = |bound: Bound, proof| {
        if bound.value < best.0.value - 1e-6 {
            best = (bound, proof);
        }
        best.0.stopped |= bound.stopped;
    };
    improve(Bound { stopped: relaxed.stopped | generated.stopped, ..generated }, Proof::ColumnGeneration);
    if column_count(model) <= MAX_WHOLE_COLUMNS && !generated.stopped {
        improve(programme(model, Stage::Coverage, &nothing, true).bound(effort), Proof::BranchAndCut);
    }
    best
}

fn column_count(model: &Model) -> usize {
    let masks = model.demands.iter().flat_map(|d| &d.masks);
    masks.map(|mask| mask.count_ones() as usize).sum()
}

/// A bound of a stage's objective, given what the stages before reached. The value is in the stage's own measure: units served,
/// share, entries kept, minus the cost of wishes.
pub(crate) fn bound(model: &Model, stage: Stage, reached: &Score, seconds: f64) -> (Bound, Proof) {
    let whole = column_count(model) <= MAX_WHOLE_COLUMNS;
    let effort = Effort { seconds, nodes: MAX_NODES };
    let relaxed = programme(model, stage, reached, false).bound(effort);
    if !whole || relaxed.stopped {
        return (relaxed, Proof::LinearRelaxation);
    }
    let exact = programme(model, stage, reached, true).bound(effort);
    match exact.value < relaxed.value - 1e-6 {
        true => (exact, Proof::BranchAndCut),
        false => (Bound { stopped: exact.stopped, ..relaxed }, Proof::LinearRelaxation),
    }
}

fn programme(model: &Model, stage: Stage, reached: &Score, whole: bool) -> Programme {
    let mut columns = columns(model, whole);
    demand_rows(model, &mut columns, whole);
    school_rows(model, &mut columns);
    teacher_rows(model, &mut columns);
    objective(model, &mut columns, stage, reached);
    columns.programme
}

/// At most so many classes of a course come to a teacher's period: as many as can begin at one minute and find a room.
pub(crate) fn company(model: &Model, course: u32, teacher: u32, time: u8) -> u32 {
    let mut windows = Vec::new();
    for &demand in &model.courses[course as usize].demands {
        if model.mask(demand, teacher) >> time & 1 == 1 {
            let school = model.demands[demand as usize].school;
            if let Some(met) = model.meeting(teacher, school, time) {
                windows.push((met.low, met.high, school, met.time));
            }
        }
    }
    let most = windows.iter().map(|&(start, ..)| {
        let mut schools: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        for &(low, high, school, own) in &windows {
            if low <= start && start <= high {
                let rooms = &model.schools[school as usize].receiving_rooms;
                let rooms = rooms.iter().filter(|room| room.free[0] >> own & 1 == 1).count() as u32;
                let entry = schools.entry(school).or_insert((0, rooms));
                entry.0 += 1;
            }
        }
        schools.values().map(|(classes, rooms)| classes.min(rooms)).sum()
    });
    most.max().unwrap_or(0).clamp(1, u32::from(model.teachers[teacher as usize].max_receiving.max(1)))
}

fn columns(model: &Model, whole: bool) -> Columns {
    let mut columns = Columns { programme: Programme::default(), x: Vec::new(), taught: BTreeMap::new() };
    for (c, course) in model.courses.iter().enumerate() {
        for (i, &teacher) in course.teachers.iter().enumerate() {
            let any = course.demands.iter().fold(0, |any, &d| any | model.demands[d as usize].masks[i]);
            for time in bits(any) {
                let company = f64::from(company(model, c as u32, teacher, time));
                let lesson = whole.then(|| columns.programme.column(0.0, 1.0, true));
                let mut used = Vec::new();
                for &d in &course.demands {
                    if model.demands[d as usize].masks[i] >> time & 1 == 0 {
                        continue;
                    }
                    let x = columns.programme.column(0.0, 1.0, whole);
                    columns.x.push((x, d, teacher, time));
                    used.push((x, 1.0 / company));
                    if let Some(lesson) = lesson {
                        columns.programme.row(0.0, vec![(x, 1.0), (lesson, -1.0)]);
                    }
                }
                if let Some(lesson) = lesson {
                    used.push((lesson, -1.0));
                    columns.programme.row(0.0, used);
                    used = vec![(lesson, 1.0)];
                }
                columns.taught.insert((c as u32, teacher, time), used);
            }
        }
    }
    columns
}

fn demand_rows(model: &Model, columns: &mut Columns, whole: bool) {
    let mut of: Rows<u32> = Rows::new();
    let mut days: Rows<(u32, u8)> = Rows::new();
    let mut teachers: Rows<(u32, u32)> = Rows::new();
    for &(x, d, teacher, time) in &columns.x {
        let school = &model.schools[model.teachers[teacher as usize].school as usize];
        of.entry(d).or_default().push((x, 1.0));
        days.entry((d, school.bells[usize::from(time)].weekday)).or_default().push((x, 1.0));
        teachers.entry((d, teacher)).or_default().push((x, 1.0));
    }
    for (d, terms) in of {
        columns.programme.row(model.demands[d as usize].periods.into(), terms);
    }
    for ((d, _), terms) in days {
        columns.programme.row(model.demands[d as usize].max_a_day.into(), terms);
    }
    if whole {
        let mut one: Rows<u32> = Rows::new();
        for ((d, _), mut terms) in teachers {
            let chosen = columns.programme.column(0.0, 1.0, true);
            one.entry(d).or_default().push((chosen, 1.0));
            terms.push((chosen, -f64::from(model.demands[d as usize].periods)));
            columns.programme.row(0.0, terms);
        }
        for (_, terms) in one {
            columns.programme.row(1.0, terms);
        }
    }
}

fn school_rows(model: &Model, columns: &mut Columns) {
    // What each school receives and teaches at each of its periods.
    let mut classes: Rows<(usize, u32, u8)> = Rows::new();
    let mut received: Rows<(usize, u32, u8)> = Rows::new();
    let mut taught: Rows<(usize, u32, u8)> = Rows::new();
    for &(x, d, teacher, time) in &columns.x {
        let demand = &model.demands[d as usize];
        let Some(met) = model.meeting(teacher, demand.school, time) else { continue };
        let weeks = model.courses[demand.course as usize].weeks;
        for week in weeks.0..weeks.1 {
            classes.entry((week, demand.class, met.time)).or_default().push((x, 1.0));
            received.entry((week, demand.school, met.time)).or_default().push((x, 1.0));
        }
    }
    for (&(course, teacher, time), used) in &columns.taught {
        let weeks = model.courses[course as usize].weeks;
        for week in weeks.0..weeks.1 {
            taught.entry((week, model.teachers[teacher as usize].school, time)).or_default().extend(used);
        }
    }
    for (_, terms) in classes {
        columns.programme.row(1.0, terms);
    }
    let mut places: Vec<(usize, u32, u8)> = received.keys().chain(taught.keys()).copied().collect();
    places.sort_unstable();
    places.dedup();
    for place in places {
        let (week, s, time) = place;
        let school = &model.schools[s as usize];
        let comes = received.remove(&place).unwrap_or_default();
        let goes = taught.remove(&place).unwrap_or_default();
        let free = |rooms: &[crate::model::Room]| {
            rooms.iter().filter(|room| room.free[week] >> time & 1 == 1).count()
        };
        let (rooms, masters) = (free(&school.receiving_rooms), free(&school.master_rooms));
        // Links first: rows that can never bind are left out.
        let most_come = rooms.min(school.classes.len()) as u32;
        let most_go = masters.min(school.teachers.len()) as u32;
        let (most_come, most_go) =
            (if comes.is_empty() { 0 } else { most_come }, if goes.is_empty() { 0 } else { most_go });
        if !model.link_carries(school, most_come, most_go) {
            let mut link = |most: u32, receive: u32, teach: u32| {
                let scaled = |terms: &[(u32, f64)], by: u32| -> Vec<(u32, f64)> {
                    terms
                        .iter()
                        .map(|&(x, factor)| (x, factor * f64::from(by) / f64::from(most.max(1))))
                        .collect()
                };
                let mut terms = scaled(&comes, receive);
                terms.extend(scaled(&goes, teach));
                columns.programme.row(if most == 0 { 0.0 } else { 1.0 }, terms);
            };
            link(school.down, model.receive_down, model.teach_down);
            link(school.up, model.receive_up, model.teach_up);
            if school.max_lessons < u32::MAX {
                link(school.max_lessons, 1, 1);
            }
        }
        if rooms < school.classes.len() {
            columns.programme.row(rooms as f64, comes);
        }
        if masters < school.teachers.len() {
            columns.programme.row(masters as f64, goes);
        }
    }
}

fn teacher_rows(model: &Model, columns: &mut Columns) {
    let mut slots: Rows<Slot> = Rows::new();
    let mut weeks_of: Rows<(usize, u32)> = Rows::new();
    let mut days: Rows<Slot> = Rows::new();
    let mut minutes: Rows<(usize, u8, u16)> = Rows::new();
    for (&(course, teacher, time), used) in &columns.taught {
        let weeks = model.courses[course as usize].weeks;
        let t = &model.teachers[teacher as usize];
        let bell = &model.schools[t.school as usize].bells[usize::from(time)];
        for week in weeks.0..weeks.1 {
            slots.entry((week, teacher, time)).or_default().extend(used);
            weeks_of.entry((week, teacher)).or_default().extend(used);
            if t.max_day < u16::MAX {
                days.entry((week, teacher, bell.weekday)).or_default().extend(used);
            }
            if model.node_lessons.is_some() {
                // Whenever it begins, a lesson of this period runs at the middle of its bell times, if it fills more than half.
                let middle = bell.start + (bell.end - bell.start) / 2;
                if bell.end - model.minutes <= middle && middle < bell.start + model.minutes {
                    minutes.entry((week, bell.weekday, middle)).or_default().extend(used);
                }
            }
        }
    }
    for (_, terms) in slots {
        columns.programme.row(1.0, terms);
    }
    for ((_, teacher), terms) in weeks_of {
        columns.programme.row(model.teachers[teacher as usize].max_week.into(), terms);
    }
    for ((_, teacher, _), terms) in days {
        columns.programme.row(model.teachers[teacher as usize].max_day.into(), terms);
    }
    for (_, terms) in minutes {
        columns.programme.row(model.node_lessons.unwrap_or(u32::MAX).into(), terms);
    }
}

fn objective(model: &Model, columns: &mut Columns, stage: Stage, reached: &Score) {
    let units = |d: u32| f64::from(model.courses[model.demands[d as usize].course as usize].units);
    if stage == Stage::Coverage {
        for &(x, d, ..) in &columns.x {
            columns.programme.cost[x as usize] = units(d);
        }
        return;
    }
    // What the objectives before have reached stays, within what floating point can say.
    let served = columns.x.iter().map(|&(x, d, ..)| (x, -units(d))).collect();
    columns.programme.row(-(reached.served as f64) + 1e-6, served);
    let share = (stage == Stage::Share).then(|| columns.programme.column(1.0, 1.0, false));
    let mut schools: Rows<u32> = Rows::new();
    for &(x, d, ..) in &columns.x {
        schools.entry(model.demands[d as usize].school).or_default().push((x, -units(d)));
    }
    for (s, mut terms) in schools {
        let reachable = f64::from(model.reachable_units[s as usize]);
        match share {
            Some(share) => terms.push((share, reachable)),
            None if reached.share == 0.0 => continue,
            None => {}
        }
        let most = if share.is_some() { 0.0 } else { 1e-6 - reached.share * reachable };
        columns.programme.row(most, terms);
    }
    if stage <= Stage::Share {
        return;
    }
    let mut kept = Vec::new();
    let mut by_teacher: Rows<(u32, u32)> = Rows::new();
    for &(x, d, teacher, time) in &columns.x {
        if model.demands[d as usize].published.contains(&(teacher, time)) {
            kept.push((x, 1.0));
        }
        if model.agreements(d, teacher) > 0 {
            by_teacher.entry((d, teacher)).or_default().push((x, -1.0));
        }
    }
    let mut one: Rows<u32> = Rows::new();
    for ((d, teacher), mut terms) in by_teacher {
        let agreement = columns.programme.column(0.0, 1.0, false);
        terms.push((agreement, 1.0));
        columns.programme.row(0.0, terms);
        one.entry(d).or_default().push((agreement, 1.0));
        kept.push((agreement, f64::from(model.agreements(d, teacher))));
    }
    for (_, terms) in one {
        columns.programme.row(1.0, terms);
    }
    if stage == Stage::Changes {
        for (x, value) in kept {
            columns.programme.cost[x as usize] += value;
        }
        return;
    }
    columns
        .programme
        .row(1e-6 - f64::from(reached.kept), kept.into_iter().map(|(x, value)| (x, -value)).collect());
    for (&(course, teacher, time), used) in &columns.taught {
        let wish = f64::from(model.teachers[teacher as usize].wishes[usize::from(time)]);
        if wish > 0.0 {
            for &(x, factor) in used {
                columns.programme.cost[x as usize] -=
                    wish * factor * f64::from(model.courses[course as usize].units);
            }
        }
    }
}
