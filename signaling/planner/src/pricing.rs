//! The groups of a teacher and a course that are worth most at given prices: enumeration of their periods, cut off by bounds.
//!
//! Enters: a price for each row of [`Rows`]. Leaves: the best groups, and a number that no group's worth a lesson exceeds.
//! Neighbouring periods of a day are allowed here, as are two classes in one room: both only make a bound weaker, and rows or
//! [`crate::place`] say no later.

use crate::model::{Mask, Model};
use crate::rows::{Column, Rows, Share};

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Groups kept of a teacher's course.
    pub groups: usize,
    /// Only groups whose worth is above this.
    pub above: f64,
    /// Is it worth a lesson, and a row of load, that counts, or a group's worth?
    pub by_lesson: bool,
    /// Sets of periods looked at; beyond them the number that is returned is a bound and not the maximum.
    pub sets: u32,
}

/// Groups found, the best first, each with its worth; and what no group's worth a lesson (of one week) exceeds.
pub(crate) struct Found {
    pub columns: Vec<(f64, Column)>,
    pub ratio: f64,
}

/// A lesson as it could be: a period, a minute, those who can come then.
struct Slot {
    time: u8,
    day: u8,
    cost: f64,
    /// Candidates and what their coming is worth; none where they cannot.
    value: Vec<f64>,
    /// The same less each one's least part of the lesson's cost.
    net: Vec<f64>,
}

struct Candidate {
    demand: u32,
    progress: Option<u32>,
    periods: usize,
    max_a_day: usize,
    /// Price of having a group at all.
    fee: f64,
    /// For each slot, the best values of those from it on, at most one for each of `max_a_day` a day; best first.
    rest: Vec<Vec<f64>>,
}

/// Lessons of one group that are looked at together; what more would bring is bounded.
const MAX_LESSONS: usize = 24;
const NOT: f64 = f64::NEG_INFINITY;

struct Pricing<'a> {
    model: &'a Model,
    teacher: u32,
    course: u32,
    wanted: Wanted,
    slots: Vec<Slot>,
    candidates: Vec<Candidate>,
    most: usize,
    /// Rows of load that a lesson counts in.
    loads: f64,
    kept: Vec<(f64, f64, Column)>,
    sets: u32,
    /// Bound of what was not looked at.
    beyond: f64,
}

/// The best groups of a teacher's course.
pub(crate) fn best_groups(
    model: &Model,
    rows: &Rows,
    prices: &[f64],
    teacher: u32,
    course: u32,
    wanted: Wanted,
) -> Found {
    let mut pricing = Pricing {
        model,
        teacher,
        course,
        wanted,
        slots: Vec::new(),
        candidates: Vec::new(),
        most: usize::from(model.teachers[teacher as usize].max_receiving),
        loads: rows.loads(model, teacher, course) as f64,
        kept: Vec::new(),
        sets: 0,
        beyond: wanted.above,
    };
    pricing.candidates(rows, prices);
    pricing.slots(rows, prices);
    pricing.order();
    pricing.rest();
    let all: Vec<usize> = (0..pricing.candidates.len()).collect();
    pricing.search(0, &mut Vec::new(), 0.0, &all);
    pricing.kept.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = pricing.kept.first().map_or(wanted.above, |kept| kept.0);
    let columns = pricing.kept.into_iter().map(|(_, worth, column)| (worth, column)).collect();
    Found { columns, ratio: best.max(pricing.beyond) }
}

fn price(prices: &[f64], shares: &[Share]) -> f64 {
    shares.iter().map(|&(row, share)| prices[row as usize] * share).sum()
}

impl Pricing<'_> {
    fn candidates(&mut self, rows: &Rows, prices: &[f64]) {
        for &demand in &self.model.courses[self.course as usize].demands {
            if self.model.mask(demand, self.teacher) != 0 {
                let d = &self.model.demands[demand as usize];
                self.candidates.push(Candidate {
                    demand,
                    progress: d.progress,
                    periods: d.periods.into(),
                    max_a_day: d.max_a_day.into(),
                    fee: prices[rows.demand[demand as usize] as usize],
                    rest: Vec::new(),
                });
            }
        }
    }

    fn slots(&mut self, rows: &Rows, prices: &[f64]) {
        let model = self.model;
        let units = f64::from(model.courses[self.course as usize].units);
        let school = &model.schools[model.teachers[self.teacher as usize].school as usize];
        let mut shares = Vec::new();
        for (time, bell) in school.bells.iter().enumerate() {
            let time = time as u8;
            let mut comers = Vec::new();
            for (i, candidate) in self.candidates.iter().enumerate() {
                if model.mask(candidate.demand, self.teacher) >> time & 1 == 0 {
                    continue;
                }
                let d = &model.demands[candidate.demand as usize];
                let Some(met) = model.meeting(self.teacher, d.school, time) else { continue };
                shares.clear();
                rows.reception(model, candidate.demand, met.time, &mut shares);
                let value = units - price(prices, &shares);
                if value > 0.0 {
                    comers.push((i, met.low, met.high, value));
                }
            }
            if comers.is_empty() {
                continue;
            }
            shares.clear();
            rows.lesson(model, self.teacher, self.course, time, &mut shares);
            let cost = price(prices, &shares);
            // Each minute at which somebody can begin for the first time, unless those of another minute include all.
            let mut starts: Vec<u16> = comers.iter().map(|comer| comer.1).collect();
            starts.sort_unstable();
            starts.dedup();
            let at = |start: u16| -> Vec<bool> {
                comers.iter().map(|comer| comer.1 <= start && start <= comer.2).collect()
            };
            let sets: Vec<Vec<bool>> = starts.iter().map(|&start| at(start)).collect();
            for (k, set) in sets.iter().enumerate() {
                let within = |other: &Vec<bool>| set.iter().zip(other).all(|(mine, theirs)| !mine || *theirs);
                let included = sets
                    .iter()
                    .enumerate()
                    .any(|(j, other)| j != k && within(other) && (other != set || j < k));
                if included {
                    continue;
                }
                let company = set.iter().filter(|&&comes| comes).count().min(self.most).max(1) as f64;
                let mut slot = Slot {
                    time,
                    day: bell.weekday,
                    cost,
                    value: vec![NOT; self.candidates.len()],
                    net: vec![NOT; self.candidates.len()],
                };
                for (&(i, .., value), _) in comers.iter().zip(set).filter(|(_, comes)| **comes) {
                    slot.value[i] = value;
                    slot.net[i] = value - cost / company;
                }
                self.slots.push(slot);
            }
        }
    }

    /// What promises most comes first, so that good groups are met early and cut off the others.
    fn order(&mut self) {
        let most = self.most;
        let promise = |slot: &Slot| top(&slot.net, most);
        self.slots.sort_by(|a, b| {
            promise(b)
                .total_cmp(&promise(a))
                .then((a.time, a.cost.to_bits()).cmp(&(b.time, b.cost.to_bits())))
        });
    }

    fn rest(&mut self) {
        for (i, candidate) in self.candidates.iter_mut().enumerate() {
            let mut rest = vec![Vec::new(); self.slots.len() + 1];
            // Values of each day, best first.
            let mut days: [Vec<f64>; 8] = Default::default();
            for s in (0..self.slots.len()).rev() {
                let slot = &self.slots[s];
                if slot.net[i] > 0.0 {
                    let day = &mut days[usize::from(slot.day)];
                    insert(day, slot.net[i], candidate.max_a_day);
                    let mut all: Vec<f64> = days.iter().flatten().copied().collect();
                    all.sort_unstable_by(|a, b| b.total_cmp(a));
                    all.truncate(candidate.periods);
                    rest[s] = all;
                } else {
                    rest[s] = rest[s + 1].clone();
                }
            }
            candidate.rest = rest;
        }
    }

    /// Lessons so far `chosen`, at a cost; decides on the slots from `from` on. `who` are those who may still matter.
    fn search(&mut self, from: usize, chosen: &mut Vec<usize>, cost: f64, who: &[usize]) {
        if !chosen.is_empty() {
            self.complete(chosen, cost, who);
        }
        for next in from..self.slots.len() {
            if chosen.iter().any(|&other| self.slots[other].time == self.slots[next].time) {
                continue;
            }
            // Everything with one of the slots from `next` on.
            let lessons = chosen.len() + 1;
            let bounds: Vec<f64> = who.iter().map(|&i| self.optimistic(i, chosen, next)).collect();
            if self.fails(top(&bounds, self.most) - cost, lessons) {
                return;
            }
            let slot = &self.slots[next];
            let with = cost + slot.cost;
            chosen.push(next);
            let bounds: Vec<f64> = who.iter().map(|&i| self.optimistic(i, chosen, next + 1)).collect();
            let best = top(&bounds, self.most);
            if self.fails(best - with, lessons) {
                chosen.pop();
                continue;
            }
            if self.sets >= self.wanted.sets || lessons >= MAX_LESSONS {
                self.beyond = self.beyond.max(self.measure(best - with, lessons));
                chosen.pop();
                continue;
            }
            self.sets += 1;
            // Who cannot be among a good group's is not looked at below.
            let others = top(&bounds, self.most.saturating_sub(1));
            let matter: Vec<usize> = who
                .iter()
                .zip(&bounds)
                .filter(|(_, bound)| **bound > 0.0 && !self.fails(**bound + others - with, lessons))
                .map(|(&i, _)| i)
                .collect();
            self.search(next + 1, chosen, with, &matter);
            chosen.pop();
        }
    }

    /// Is a group of at least so many lessons and at most this worth of no interest?
    fn fails(&self, worth: f64, lessons: usize) -> bool {
        let ratio = self.measure(worth, lessons);
        let least = match self.kept.len() >= self.wanted.groups {
            true => self.kept.iter().map(|kept| kept.0).fold(f64::INFINITY, f64::min),
            false => self.wanted.above,
        };
        ratio <= least
    }

    fn measure(&self, worth: f64, lessons: usize) -> f64 {
        if self.wanted.by_lesson { worth / lessons as f64 / self.loads } else { worth }
    }

    /// At most so much is a candidate worth to a group with the lessons `chosen` and any from `next` on.
    fn optimistic(&self, i: usize, chosen: &[usize], next: usize) -> f64 {
        let candidate = &self.candidates[i];
        let rest = &candidate.rest[next];
        let mut have = [0.0; MAX_LESSONS];
        let mut count = 0;
        for &slot in chosen {
            let value = self.slots[slot].value[i];
            if value > 0.0 && count < have.len() {
                have[count] = value;
                count += 1;
            }
        }
        let have = &mut have[..count];
        have.sort_unstable_by(|a, b| b.total_cmp(a));
        let (mut a, mut b, mut sum) = (0, 0, 0.0);
        for _ in 0..candidate.periods {
            let (mine, theirs) = (have.get(a).copied().unwrap_or(0.0), rest.get(b).copied().unwrap_or(0.0));
            if mine >= theirs {
                sum += mine;
                a += 1;
            } else {
                sum += theirs;
                b += 1;
            }
        }
        sum - candidate.fee
    }

    /// What a candidate attends of the chosen lessons, and its worth.
    fn attends(&self, i: usize, chosen: &[usize]) -> (f64, Mask) {
        let candidate = &self.candidates[i];
        let mut order: Vec<usize> =
            chosen.iter().copied().filter(|&slot| self.slots[slot].value[i] > 0.0).collect();
        order.sort_by(|&a, &b| self.slots[b].value[i].total_cmp(&self.slots[a].value[i]));
        let (mut worth, mut times, mut days) = (-candidate.fee, 0, [0; 8]);
        let mut periods = 0;
        for slot in order {
            let slot = &self.slots[slot];
            let day = &mut days[usize::from(slot.day)];
            if periods < candidate.periods && *day < candidate.max_a_day {
                *day += 1;
                periods += 1;
                worth += slot.value[i];
                times |= 1 << slot.time;
            }
        }
        (worth, times)
    }

    /// The best members for exactly these lessons.
    fn complete(&mut self, chosen: &[usize], cost: f64, who: &[usize]) {
        let mut worth: Vec<(f64, usize, Mask)> = who
            .iter()
            .map(|&i| {
                let (worth, times) = self.attends(i, chosen);
                (worth, i, times)
            })
            .filter(|of| of.0 > 0.0)
            .collect();
        worth.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut members = Vec::new();
        self.members(chosen.len(), -cost, &worth, &mut members);
    }

    fn members(
        &mut self,
        lessons: usize,
        sum: f64,
        rest: &[(f64, usize, Mask)],
        members: &mut Vec<(usize, Mask)>,
    ) {
        if !members.is_empty() && !self.fails(sum, lessons) {
            self.keep(lessons, sum, members);
        }
        let free = self.most - members.len();
        for (k, &(worth, i, times)) in rest.iter().enumerate() {
            let best: f64 = rest[k..].iter().take(free).map(|of| of.0).sum();
            if free == 0 || self.fails(sum + best, lessons) {
                return;
            }
            let mine = self.candidates[i].progress;
            let near = |&(other, _): &(usize, Mask)| match (
                self.model.max_progress,
                mine,
                self.candidates[other].progress,
            ) {
                (Some(most), Some(mine), Some(theirs)) => mine.abs_diff(theirs) <= most,
                _ => true,
            };
            if members.iter().all(near) {
                members.push((i, times));
                self.members(lessons, sum + worth, &rest[k + 1..], members);
                members.pop();
            }
        }
    }

    fn keep(&mut self, lessons: usize, worth: f64, members: &[(usize, Mask)]) {
        // A lesson that nobody attends is not one: the set without it is worth more and is found by itself.
        let held = members.iter().fold(0, |held: Mask, member| held | member.1);
        if held.count_ones() as usize != lessons {
            return;
        }
        let ratio = self.measure(worth, lessons);
        let mut column = Column {
            teacher: self.teacher,
            course: self.course,
            members: members.iter().map(|&(i, times)| (self.candidates[i].demand, times)).collect(),
        };
        column.members.sort_unstable();
        if self.kept.len() >= self.wanted.groups {
            let least = (0..self.kept.len()).min_by(|&a, &b| self.kept[a].0.total_cmp(&self.kept[b].0));
            if let Some(least) = least {
                self.kept.swap_remove(least);
            }
        }
        self.kept.push((ratio, worth, column));
    }
}

fn insert(best: &mut Vec<f64>, value: f64, most: usize) {
    let at = best.partition_point(|&other| other >= value);
    best.insert(at, value);
    best.truncate(most);
}

/// The sum of the best `most` that are worth anything.
fn top(values: &[f64], most: usize) -> f64 {
    let mut best: [f64; 16] = [0.0; 16];
    let most = most.min(best.len());
    for &value in values {
        if most > 0 && value > best[most - 1] {
            let at = best[..most].partition_point(|&other| other >= value);
            best[at..most].rotate_right(1);
            best[at] = value;
        }
    }
    best[..most].iter().sum()
}
