//! Puts what is unserved into the plan: into groups that exist, into new lessons of theirs, into new groups.
//!
//! Greedy, with noise from the search's random numbers, so that trying again finds something else.

use crate::model::{Mask, Model, NONE, bits};
use crate::state::State;
use fastrand::Rng;

/// Ways of choosing a group's periods that are followed at a time.
const BEAM: usize = 5;
/// Classes of a course that are looked at for a new group; the rest waits for the next.
const CANDIDATES: usize = 96;
/// A new lesson must be worth more than this many class periods, in hundredths.
const LESSON_COST: i32 = 60;

/// A new group as it could be.
struct Design {
    value: i32,
    course: u32,
    times: Vec<u8>,
    members: Vec<u32>,
}

impl State {
    /// Periods at which the class of a demand could receive from a teacher now.
    fn receivable(&self, model: &Model, demand: u32, teacher: u32) -> Mask {
        let d = &model.demands[demand as usize];
        let mut mask = model.mask(demand, teacher);
        for time in bits(mask) {
            let can = model
                .meeting(teacher, d.school, time)
                .is_some_and(|met| self.may_receive(model, demand, met.time).is_ok());
            if !can {
                mask &= !(1 << time);
            }
        }
        mask
    }

    fn openable(&self, model: &Model, teacher: u32, course: u32) -> Mask {
        let t = &model.teachers[teacher as usize];
        let weeks = model.courses[course as usize].weeks;
        let full = (weeks.0..weeks.1).any(|week| self.load[teacher as usize][week] >= t.max_week);
        if full {
            return 0;
        }
        let free = (weeks.0..weeks.1).fold(Mask::MAX, |free, week| free & t.free[week]);
        let mut mask = free;
        for time in bits(free) {
            if self.may_open(model, teacher, course, time).is_err() {
                mask &= !(1 << time);
            }
        }
        mask
    }

    /// Places one demand as well as it goes without moving anything. Gives the periods gained.
    pub fn place(&mut self, model: &Model, demand: u32, rng: &mut Rng) -> u32 {
        let before = self.missing(model, demand);
        if before == 0 {
            return 0;
        }
        if self.group[demand as usize] == NONE {
            self.place_into_group(model, demand, rng);
        }
        if self.group[demand as usize] != NONE {
            self.attend_all(model, demand);
            self.extend(model, demand, rng);
        }
        before - self.missing(model, demand)
    }

    fn place_into_group(&mut self, model: &Model, demand: u32, rng: &mut Rng) {
        let d = &model.demands[demand as usize];
        let course = &model.courses[d.course as usize];
        let wanted = i32::from(d.periods);
        // Value, teacher, group if it exists.
        let mut best: Option<(i32, u32, u32)> = None;
        for (i, &teacher) in course.teachers.iter().enumerate() {
            if d.masks[i] == 0 {
                continue;
            }
            let bonus = 40 * model.agreements(demand, teacher) as i32;
            let openable = self.openable(model, teacher, d.course);
            let new = match openable & d.masks[i] {
                0 => 0,
                some => self.days_in(model, demand, teacher, some).min(wanted),
            };
            let mut consider = |value: i32, group: u32| {
                let value = value + bonus + rng.i32(0..30);
                if best.is_none_or(|best| value > best.0) {
                    best = Some((value, teacher, group));
                }
            };
            for &g in &self.of_teacher[teacher as usize] {
                let group = &self.groups[g as usize];
                if group.course != d.course || self.may_join(model, demand, g).is_err() {
                    continue;
                }
                let attendable = group
                    .lessons
                    .iter()
                    .filter(|lesson| self.may_attend(model, demand, g, lesson.time).is_ok())
                    .count() as i32;
                let attendable = attendable.min(wanted);
                let more = new.min(wanted - attendable);
                if attendable + more > 0 {
                    consider(100 * (attendable + more) - 15 * more, g);
                }
            }
            if new > 0 {
                let left = i32::from(self.left(model, teacher, course.weeks));
                consider(100 * new.min(left) - 20 * new.min(left), NONE);
            }
        }
        let Some((_, teacher, group)) = best else { return };
        if group != NONE {
            self.join(model, demand, group);
            return;
        }
        let group = self.found(model, teacher, d.course);
        self.join(model, demand, group);
        self.extend(model, demand, rng);
        if self.attended[demand as usize] == 0 {
            self.leave(model, demand);
        }
    }

    fn left(&self, model: &Model, teacher: u32, weeks: (usize, usize)) -> u16 {
        let max = model.teachers[teacher as usize].max_week;
        (weeks.0..weeks.1)
            .map(|week| max.saturating_sub(self.load[teacher as usize][week]))
            .min()
            .unwrap_or(0)
    }

    fn days_in(&self, model: &Model, demand: u32, teacher: u32, mask: Mask) -> i32 {
        let school = &model.schools[model.teachers[teacher as usize].school as usize];
        let most = u32::from(model.demands[demand as usize].max_a_day);
        school.days.iter().map(|day| (day & mask).count_ones().min(most) as i32).sum()
    }

    /// Opens new lessons in a demand's group for what it still misses; each where most of the group, and of those
    /// who have none, could come.
    fn extend(&mut self, model: &Model, demand: u32, rng: &mut Rng) {
        let group = self.group[demand as usize];
        let (teacher, course) = (self.groups[group as usize].teacher, self.groups[group as usize].course);
        while self.missing(model, demand) > 0 {
            let openable = self.openable(model, teacher, course) & self.receivable(model, demand, teacher);
            let mut best: Option<(i32, u8)> = None;
            for time in bits(openable) {
                if self.may_day(model, demand, teacher, self.attended[demand as usize], time).is_err() {
                    continue;
                }
                let value = self.popularity(model, group, time)
                    + rng.i32(0..60)
                    + self.preference(model, demand, teacher, time);
                if best.is_none_or(|best| value > best.0) {
                    best = Some((value, time));
                }
            }
            let Some((_, time)) = best else { return };
            self.open(model, group, time);
            if self.may_attend(model, demand, group, time).is_err() {
                self.tidy(model, group);
                return;
            }
            self.attend(model, demand, time);
            for member in self.groups[group as usize].members.clone() {
                if member != demand
                    && self.missing(model, member) > 0
                    && self.may_attend(model, member, group, time).is_ok()
                {
                    self.attend(model, member, time);
                }
            }
        }
    }

    fn popularity(&self, model: &Model, group: u32, time: u8) -> i32 {
        let g = &self.groups[group as usize];
        let course = &model.courses[g.course as usize];
        let mut value = 0;
        for &other in course.demands.iter().take(CANDIDATES) {
            if model.mask(other, g.teacher) >> time & 1 == 0 || self.missing(model, other) == 0 {
                continue;
            }
            if self.group[other as usize] == group {
                value += 100;
            } else if self.group[other as usize] == NONE {
                value += 10;
            }
        }
        value.min(600)
    }

    /// What speaks for a period beside the first objective: what is published, wishes.
    fn preference(&self, model: &Model, demand: u32, teacher: u32, time: u8) -> i32 {
        let published = model.demands[demand as usize].published.contains(&(teacher, time));
        let wish = model.teachers[teacher as usize].wishes[usize::from(time)].min(40) as i32;
        50 * i32::from(published) - wish
    }

    /// Fills what is left of a teacher's week with new groups, the best first.
    pub fn fill_teacher(&mut self, model: &Model, teacher: u32, rng: &mut Rng) {
        loop {
            let mut best: Option<Design> = None;
            for &course in &model.teachers[teacher as usize].courses {
                if let Some(design) = self.design(model, teacher, course, rng)
                    && best.as_ref().is_none_or(|best| design.value > best.value)
                {
                    best = Some(design);
                }
            }
            let Some(design) = best else { return };
            if !self.realise(model, teacher, &design) {
                return;
            }
        }
    }

    fn realise(&mut self, model: &Model, teacher: u32, design: &Design) -> bool {
        let group = self.found(model, teacher, design.course);
        for &time in &design.times {
            if self.may_open(model, teacher, design.course, time).is_ok() {
                self.open(model, group, time);
            }
        }
        for &demand in &design.members {
            if self.may_join(model, demand, group).is_ok() {
                self.join(model, demand, group);
                if self.attend_all(model, demand) == 0 {
                    self.leave(model, demand);
                    if !self.groups[group as usize].alive {
                        return false;
                    }
                }
            }
        }
        self.tidy(model, group);
        self.groups[group as usize].alive
    }

    /// The periods at which a new group would serve most, and its classes.
    fn design(&self, model: &Model, teacher: u32, course: u32, rng: &mut Rng) -> Option<Design> {
        let of = &model.courses[course as usize];
        let openable = self.openable(model, teacher, course);
        if openable == 0 {
            return None;
        }
        let left = usize::from(self.left(model, teacher, of.weeks));
        let mut candidates: Vec<(u32, Mask, i32, i32)> = Vec::new();
        let mut several = false;
        let from = rng.usize(0..of.demands.len().max(1));
        for i in 0..of.demands.len() {
            let demand = of.demands[(from + i) % of.demands.len()];
            if self.group[demand as usize] != NONE || candidates.len() >= CANDIDATES {
                continue;
            }
            let mask = self.receivable(model, demand, teacher) & openable;
            if mask != 0 {
                let d = &model.demands[demand as usize];
                several |= d.max_a_day > 1;
                let bonus = 40 * model.agreements(demand, teacher) as i32 + rng.i32(0..20);
                candidates.push((demand, mask, i32::from(d.periods), bonus));
            }
        }
        let most = usize::from(model.teachers[teacher as usize].max_receiving);
        let longest = candidates.iter().map(|c| c.2).max()? as usize;
        let school = &model.schools[model.teachers[teacher as usize].school as usize];
        let wishes = &model.teachers[teacher as usize].wishes;
        let mut values = Vec::with_capacity(candidates.len());
        let mut beam: Vec<(i32, Mask)> = vec![(0, 0)];
        let mut best: Option<(i32, Mask)> = None;
        for _ in 0..longest.min(left) {
            let mut next: Vec<(i32, Mask)> = Vec::new();
            for &(_, chosen) in &beam {
                for time in bits(openable & !chosen) {
                    if !several && chosen & school.day_of(time) != 0 {
                        continue;
                    }
                    let times = chosen | 1 << time;
                    if next.iter().any(|other| other.1 == times) {
                        continue;
                    }
                    values.clear();
                    values.extend(candidates.iter().map(|c| match (c.1 & times).count_ones() as i32 {
                        0 => 0,
                        periods => 100 * periods.min(c.2) + c.3,
                    }));
                    if values.len() > most {
                        values.select_nth_unstable_by(most, |a, b| b.cmp(a));
                    }
                    let wish: i32 = bits(times).map(|t| wishes[usize::from(t)].min(40) as i32).sum();
                    let value: i32 = values.iter().take(most).sum::<i32>() - wish + rng.i32(0..40);
                    next.push((value, times));
                }
            }
            next.sort_unstable_by(|a, b| b.cmp(a));
            next.truncate(BEAM);
            let Some(&(value, times)) = next.first() else { break };
            let net = value - LESSON_COST * times.count_ones() as i32;
            if best.is_none_or(|best| net > best.0) {
                best = Some((net, times));
            }
            beam = next;
        }
        let (value, times) = best.filter(|best| best.0 > 0)?;
        candidates
            .sort_by_key(|c| std::cmp::Reverse(100 * ((c.1 & times).count_ones() as i32).min(c.2) + c.3));
        candidates.retain(|c| c.1 & times != 0);
        let members = candidates.iter().take(2 * most).map(|c| c.0).collect();
        // Values of designs of different length are compared by lesson.
        let value = value / times.count_ones() as i32;
        Some(Design { value, course, times: bits(times).collect(), members })
    }

    /// What is published today, as far as it may be.
    pub fn restore(&mut self, model: &Model) {
        for demand in 0..model.demands.len() as u32 {
            let d = &model.demands[demand as usize];
            let teacher = d.agreed.first().copied().or(d.published.first().map(|p| p.0));
            let Some(teacher) = teacher else { continue };
            let times: Vec<u8> = d.published.iter().filter(|p| p.0 == teacher).map(|p| p.1).collect();
            if model.mask(demand, teacher) == 0 || self.group[demand as usize] != NONE {
                continue;
            }
            let shares = |g: u32| {
                let lessons = &self.groups[g as usize].lessons;
                times.iter().filter(|&&time| lessons.iter().any(|lesson| lesson.time == time)).count()
            };
            let group = self.of_teacher[teacher as usize]
                .iter()
                .copied()
                .filter(|&g| {
                    self.groups[g as usize].course == d.course && self.may_join(model, demand, g).is_ok()
                })
                .filter(|&g| times.is_empty() || shares(g) > 0)
                .max_by_key(|&g| shares(g));
            let group = group.unwrap_or_else(|| self.found(model, teacher, d.course));
            self.join(model, demand, group);
            for &time in &times {
                let open = self.groups[group as usize].lessons.iter().any(|lesson| lesson.time == time);
                if self.missing(model, demand) == 0 {
                    break;
                }
                if !open && self.may_open(model, teacher, d.course, time).is_ok() {
                    self.open(model, group, time);
                }
                if self.may_attend(model, demand, group, time).is_ok() {
                    self.attend(model, demand, time);
                }
            }
            self.attend_all(model, demand);
            if self.attended[demand as usize] == 0 {
                self.leave(model, demand);
            } else {
                self.tidy(model, group);
            }
        }
    }
}
