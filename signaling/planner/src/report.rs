//! Makes the [`Plan`] of a state: names again, and a room for everybody.

use crate::instance::Instance;
use crate::model::{Mask, Model, Room, bits};
use crate::plan::{Lesson, Pairing, Receiving};
use crate::state::State;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A lesson of a state by its place there.
type Place = (u32, u8);
/// Who wants a room, in the order of being served: period, weeks, size, whose usual room, what for.
type Wanted<Size> = (u8, Reverse<usize>, Reverse<Size>, u32, u32);

/// Pairings and lessons, in order of teacher, subject and time.
pub(crate) fn lessons(of: &Instance, model: &Model, state: &State) -> (Vec<Pairing>, Vec<Lesson>) {
    let master = master_rooms(model, state);
    let receiving = receiving_rooms(model, state);
    let mut order: Vec<u32> =
        (0..state.groups.len() as u32).filter(|&g| state.groups[g as usize].alive).collect();
    let members = |g: u32| {
        let mut members = state.groups[g as usize].members.clone();
        members.sort_unstable();
        members
    };
    order.sort_by_key(|&g| (state.groups[g as usize].teacher, state.groups[g as usize].course, members(g)));
    let (mut pairings, mut lessons) = (Vec::new(), Vec::new());
    for (number, &g) in order.iter().enumerate() {
        let group = &state.groups[g as usize];
        let key = &model.courses[group.course as usize].key;
        let teacher = &of.teachers[group.teacher as usize];
        let school = &model.schools[model.teachers[group.teacher as usize].school as usize];
        let id = format!("p{}", number + 1);
        let mut used: BTreeMap<u32, usize> = BTreeMap::new();
        let mut held = group.lessons.clone();
        held.sort_by_key(|lesson| lesson.time);
        for lesson in &held {
            let bell = &school.bells[usize::from(lesson.time)];
            let room = master.get(&(g, lesson.time)).copied().unwrap_or_default();
            *used.entry(room).or_default() += 1;
            let mut attending = lesson.attending.clone();
            attending.sort_unstable();
            let receiving = attending
                .iter()
                .filter_map(|&d| {
                    let demand = &model.demands[d as usize];
                    let met = model.meeting(group.teacher, demand.school, lesson.time)?;
                    let own = &model.schools[demand.school as usize].bells[usize::from(met.time)];
                    let room = receiving.get(&(d, met.time)).copied().unwrap_or_default();
                    Some(Receiving {
                        class: of.classes[demand.class as usize].id.clone(),
                        period: own.period,
                        room: of.receiving_rooms[room as usize].id.clone(),
                    })
                })
                .collect();
            lessons.push(Lesson {
                pairing: id.clone(),
                teacher: teacher.id.clone(),
                room: of.master_rooms[room as usize].id.clone(),
                weekday: bell.weekday,
                period: bell.period,
                start_minute: lesson.low,
                end_minute: lesson.low + model.minutes,
                weeks: key.weeks,
                receiving,
            });
        }
        let room = used.iter().max_by_key(|(room, count)| (**count, Reverse(**room))).map(|(room, _)| *room);
        let classes = members(g).iter().map(|&d| of.demands[d as usize].class.clone()).collect();
        pairings.push(Pairing {
            id,
            teacher: teacher.id.clone(),
            room: of.master_rooms[room.unwrap_or_default() as usize].id.clone(),
            subject: key.subject.clone(),
            grade: key.grade,
            edition: key.edition.clone(),
            weeks: key.weeks,
            classes,
        });
    }
    (pairings, lessons)
}

/// Rooms of a school at one period, taken week by week; an entry of every week needs one that is free in both.
struct Shelf<'m> {
    rooms: &'m [Room],
    taken: Vec<[Mask; 2]>,
}

impl Shelf<'_> {
    /// The best room for `size` in these weeks: one that `wanted` names, else the smallest that is large enough.
    fn take(&mut self, weeks: (usize, usize), time: u8, size: u16, wanted: Option<u32>) -> Option<u32> {
        let fits = |i: usize| {
            let room = &self.rooms[i];
            room.size >= size
                && (weeks.0..weeks.1)
                    .all(|w| room.free[w] >> time & 1 == 1 && self.taken[i][w] >> time & 1 == 0)
        };
        let mut fitting: Vec<usize> = (0..self.rooms.len()).filter(|&i| fits(i)).collect();
        fitting
            .sort_by_key(|&i| (Some(self.rooms[i].index) != wanted, self.rooms[i].size, self.rooms[i].index));
        let room = *fitting.first()?;
        for week in weeks.0..weeks.1 {
            self.taken[room][week] |= 1 << time;
        }
        Some(self.rooms[room].index)
    }
}

fn shelf(rooms: &[Room]) -> Shelf<'_> {
    Shelf { rooms, taken: vec![[0, 0]; rooms.len()] }
}

/// Largest first and what takes place in every week first, so the wish for one's usual room never takes another's only one.
fn master_rooms(model: &Model, state: &State) -> BTreeMap<Place, u32> {
    let mut given = BTreeMap::new();
    for school in &model.schools {
        let mut shelf = shelf(&school.master_rooms);
        let mut wanted: Vec<Wanted<usize>> = Vec::new();
        for &teacher in &school.teachers {
            for &g in &state.of_teacher[teacher as usize] {
                let group = &state.groups[g as usize];
                let weeks = model.courses[group.course as usize].weeks;
                for lesson in &group.lessons {
                    let size = Reverse(lesson.attending.len());
                    wanted.push((lesson.time, Reverse(weeks.1 - weeks.0), size, teacher, g));
                }
            }
        }
        wanted.sort_unstable();
        let mut usual: BTreeMap<u32, u32> = BTreeMap::new();
        for (time, _, size, teacher, g) in wanted {
            let weeks = model.courses[state.groups[g as usize].course as usize].weeks;
            // Where rooms differ, a small lesson in a large room could leave a large one without.
            let wish = usual.get(&teacher).copied().filter(|_| !school.rooms_differ);
            if let Some(room) = shelf.take(weeks, time, size.0 as u16, wish) {
                usual.entry(teacher).or_insert(room);
                given.insert((g, time), room);
            }
        }
    }
    given
}

fn receiving_rooms(model: &Model, state: &State) -> BTreeMap<(u32, u8), u32> {
    let mut given = BTreeMap::new();
    for school in &model.schools {
        let mut shelf = shelf(&school.receiving_rooms);
        let mut wanted: Vec<Wanted<u16>> = Vec::new();
        for &class in &school.classes {
            for &d in &model.classes[class as usize].demands {
                let demand = &model.demands[d as usize];
                let weeks = model.courses[demand.course as usize].weeks;
                let Some(group) = state.groups.get(state.group[d as usize] as usize) else { continue };
                for time in bits(state.attended[d as usize]) {
                    if let Some(met) = model.meeting(group.teacher, demand.school, time) {
                        let size = Reverse(model.classes[class as usize].size);
                        wanted.push((met.time, Reverse(weeks.1 - weeks.0), size, class, d));
                    }
                }
            }
        }
        wanted.sort_unstable();
        let mut usual: BTreeMap<u32, u32> = BTreeMap::new();
        for (time, _, size, class, d) in wanted {
            let weeks = model.courses[model.demands[d as usize].course as usize].weeks;
            let wish = usual.get(&class).copied().filter(|_| !school.seats_matter);
            if let Some(room) = shelf.take(weeks, time, size.0, wish) {
                usual.entry(class).or_insert(room);
                given.insert((d, time), room);
            }
        }
    }
    given
}
