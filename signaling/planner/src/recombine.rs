//! Some teachers' weeks anew: everything they have is given up, groups are generated for what then is free, and branch and cut
//! chooses among them. What it proposes is asked of [`crate::place`] like everything else.

use crate::generate::{Known, Pool, price_of};
use crate::model::{Mask, Model, NONE, bits};
use crate::packing::{Ended, Packing, Priced};
use crate::pricing::Wanted;
use crate::rows::{Column, Rows, Share};
use crate::score::{Score, Stage};
use crate::state::State;
use fastrand::Rng;
use std::cmp::Ordering;

/// Teachers whose weeks are made anew together, at least and at most.
const TEACHERS: std::ops::RangeInclusive<usize> = 4..=10;
/// Rounds of generating groups, and groups that each adds of a teacher's course.
const ROUNDS: u32 = 12;
const GROUPS: usize = 4;
/// Groups of each teacher's course that are chosen among beside these, and the sets of periods looked at.
const CHOICE: usize = 30;
const SETS: u32 = 4_000;
/// Nodes of branch and cut.
const NODES: i32 = 200;
/// A price that nothing is worth.
const NEVER: f64 = 1e6;

/// The groups of a state.
pub(crate) fn columns_of(state: &State) -> Vec<Column> {
    let groups = state.groups.iter().filter(|group| group.alive);
    groups
        .filter_map(|group| {
            let mut members: Vec<(u32, Mask)> =
                group.members.iter().map(|&d| (d, state.attended[d as usize])).filter(|m| m.1 != 0).collect();
            members.sort_unstable();
            (!members.is_empty()).then_some(Column { teacher: group.teacher, course: group.course, members })
        })
        .collect()
}

/// Teachers' weeks that are given up, and what is free then.
struct Hole<'a> {
    model: &'a Model,
    rows: &'a Rows,
    teachers: &'a [u32],
    /// Of each row.
    left: Vec<f64>,
    groups: Pool,
    /// Units that the given-up groups serve.
    own: f64,
}

/// The rows that a pool's groups take something of, and the groups in terms of these.
struct Packed {
    rows: Vec<u32>,
    most: Vec<f64>,
    shares: Vec<Vec<Share>>,
}

impl<'a> Hole<'a> {
    fn new(model: &'a Model, rows: &'a Rows, state: &State, teachers: &'a [u32]) -> Self {
        let mut hole =
            Hole { model, rows, teachers, left: rows.most.clone(), groups: Pool::default(), own: 0.0 };
        for column in columns_of(state) {
            if teachers.contains(&column.teacher) {
                hole.own += f64::from(column.units(model));
                hole.groups.add(model, rows, column);
            } else {
                for (row, share) in rows.of(model, &column) {
                    hole.left[row as usize] -= share;
                }
            }
        }
        hole
    }

    fn fits(&self, known: &Known) -> bool {
        known.shares.iter().all(|&(row, share)| share <= self.left[row as usize] + 1e-9)
    }

    fn packed(&self) -> Packed {
        let mut place = vec![NONE; self.left.len()];
        let mut packed = Packed { rows: Vec::new(), most: Vec::new(), shares: Vec::new() };
        for known in &self.groups.known {
            let mut shares = Vec::with_capacity(known.shares.len());
            for &(row, share) in &known.shares {
                let at = &mut place[row as usize];
                if *at == NONE {
                    *at = packed.rows.len() as u32;
                    packed.rows.push(row);
                    packed.most.push(self.left[row as usize].max(0.0));
                }
                shares.push((*at, share));
            }
            packed.shares.push(shares);
        }
        packed
    }

    fn prices(&self, seconds: f64) -> Result<Priced, Ended> {
        let Packed { rows, most, shares } = self.packed();
        let known = self.groups.known.iter().zip(&shares);
        let columns = known.map(|(known, shares)| (known.worth, shares.as_slice())).collect();
        let solved = Packing { most, columns }.prices(seconds)?;
        let mut prices: Vec<f64> =
            self.left.iter().map(|&left| if left < 1e-9 { NEVER } else { 0.0 }).collect();
        for (&row, &price) in rows.iter().zip(&solved.prices) {
            prices[row as usize] = prices[row as usize].max(price);
        }
        Ok(Priced { prices, ..solved })
    }

    /// Adds the groups that are worth something at these prices; how many.
    fn add(&mut self, prices: &[f64], wanted: Wanted) -> usize {
        let mut new = 0;
        for &teacher in self.teachers {
            for column in price_of(self.model, self.rows, prices, teacher, wanted).0 {
                new += usize::from(self.groups.add(self.model, self.rows, column));
            }
        }
        new
    }
}

/// What came of a hole.
pub(crate) struct Proposal {
    pub teachers: Vec<u32>,
    /// None: what there is cannot be bettered, as far as is known.
    pub groups: Option<Vec<Column>>,
    /// Did the clock end it?
    pub stopped: bool,
}

/// What some teachers could have instead of what they have.
pub(crate) fn propose(
    model: &Model,
    rows: &Rows,
    state: &State,
    teachers: Vec<u32>,
    seconds: f64,
) -> Proposal {
    let mut hole = Hole::new(model, rows, state, &teachers);
    let wanted = Wanted { groups: GROUPS, above: 1e-4, by_lesson: true, sets: SETS };
    let mut solved = None;
    for _ in 0..ROUNDS {
        let priced = match hole.prices(seconds) {
            Ok(priced) => priced,
            Err(ended) => return Proposal { teachers, groups: None, stopped: ended == Ended::Clock },
        };
        let new = hole.add(&priced.prices, wanted);
        solved = Some(priced);
        if new == 0 {
            break;
        }
    }
    let Some(Priced { worth, prices }) = solved.filter(|priced| priced.worth - hole.own > 1.0 - 1e-6) else {
        return Proposal { teachers, groups: None, stopped: false };
    };
    // A group that costs more than there is to gain is in no better choice.
    let gain = worth - hole.own;
    let above = -gain.min(2.0 * f64::from(model.units));
    hole.add(&prices, Wanted { groups: CHOICE, above, by_lesson: false, sets: SETS });
    let profit = |known: &Known| {
        known.worth - known.shares.iter().map(|&(row, share)| prices[row as usize] * share).sum::<f64>()
    };
    let mut known = std::mem::take(&mut hole.groups.known);
    known.retain(|known| hole.fits(known) && profit(known) > -gain - 1e-6);
    hole.groups.known = known;
    let Packed { most, shares, .. } = hole.packed();
    let columns = hole.groups.known.iter().zip(&shares);
    let columns = columns.map(|(known, shares)| (preference(model, known), shares.as_slice())).collect();
    let chosen = Packing { most, columns }.choice(NODES, seconds);
    let stopped = chosen.as_ref().is_some_and(|chosen| chosen.1);
    let groups = chosen.map(|(chosen, _)| {
        chosen.into_iter().map(|column| hole.groups.known[column].column.clone()).collect()
    });
    Proposal { teachers, groups, stopped }
}

/// A group's worth; among equals fewer lessons, and what was agreed.
fn preference(model: &Model, known: &Known) -> f64 {
    let Column { teacher, members, .. } = &known.column;
    let lessons = f64::from(known.column.times().count_ones());
    let kept: u32 = members.iter().map(|&(demand, _)| model.agreements(demand, *teacher)).sum();
    known.worth - 0.01 * lessons + 0.01 * f64::from(kept)
}

/// Puts a proposal into the plan as far as every rule allows, unless it is worse then; gives whether it was kept.
pub(crate) fn adopt(
    model: &Model,
    state: &mut State,
    teachers: &[u32],
    proposal: &[Column],
    rng: &mut Rng,
) -> bool {
    let before = Score::of(model, state);
    let lessons = state.lessons;
    let mark = state.mark();
    for &teacher in teachers {
        for group in state.of_teacher[teacher as usize].clone() {
            state.dissolve(model, group);
        }
    }
    for column in proposal {
        state.found_as_proposed(model, column);
    }
    for &teacher in teachers {
        for course in &model.teachers[teacher as usize].courses {
            for &demand in &model.courses[*course as usize].demands {
                if state.missing(model, demand) > 0 {
                    state.place(model, demand, rng);
                }
            }
        }
    }
    let after = Score::of(model, state);
    let order = after.compare(&before, Stage::Coverage).then(lessons.cmp(&state.lessons));
    let kept = order != Ordering::Less && state.nodes_carry(model);
    if !kept {
        state.undo(model, mark);
    }
    state.settle();
    kept
}

impl State {
    /// Founds a group as far as every rule allows it.
    fn found_as_proposed(&mut self, model: &Model, column: &Column) {
        let group = self.found(model, column.teacher, column.course);
        for time in bits(column.times()) {
            if self.may_open(model, column.teacher, column.course, time).is_ok() {
                self.open(model, group, time);
            }
        }
        for &(demand, times) in &column.members {
            if self.group[demand as usize] != NONE || self.may_join(model, demand, group).is_err() {
                continue;
            }
            let can: Vec<u8> =
                bits(times).filter(|&time| self.may_attend(model, demand, group, time).is_ok()).collect();
            if can.is_empty() {
                continue;
            }
            self.join(model, demand, group);
            for time in can {
                if self.may_attend(model, demand, group, time).is_ok() {
                    self.attend(model, demand, time);
                }
            }
        }
        self.tidy(model, group);
    }
}

/// Teachers who share demands or classes with an unserved one.
pub(crate) fn neighbours(model: &Model, state: &State, rng: &mut Rng) -> Vec<u32> {
    let count = rng.usize(TEACHERS);
    let mut teachers: Vec<u32> = Vec::new();
    let mut add = |teacher: u32| {
        if !teachers.contains(&teacher) && teachers.len() < count {
            teachers.push(teacher);
        }
        teachers.len() >= count
    };
    for _ in 0..200 {
        let demand = rng.usize(0..model.demands.len());
        if !model.demands[demand].reachable || state.missing(model, demand as u32) == 0 {
            continue;
        }
        let course = &model.courses[model.demands[demand].course as usize];
        let mut able: Vec<u32> =
            course.teachers.iter().copied().filter(|&t| model.mask(demand as u32, t) != 0).collect();
        rng.shuffle(&mut able);
        for t in able.into_iter().take(count.div_ceil(2)) {
            if add(t) {
                return teachers;
            }
        }
        // Those who teach the classes of its school.
        let school = &model.schools[model.demands[demand].school as usize];
        let mut others: Vec<u32> = school
            .classes
            .iter()
            .flat_map(|&class| &model.classes[class as usize].demands)
            .filter(|&&d| state.group[d as usize] != NONE)
            .map(|&d| state.groups[state.group[d as usize] as usize].teacher)
            .collect();
        rng.shuffle(&mut others);
        for t in others.into_iter().take(count.div_ceil(2)) {
            if add(t) {
                return teachers;
            }
        }
    }
    teachers
}
