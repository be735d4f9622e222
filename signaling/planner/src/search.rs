//! The search: takes some of the plan apart, puts it together anew, keeps what is not worse. Two threads, one plan.
//!
//! Large-neighbourhood search (Shaw 1998) with simulated annealing in the first objective; in the later ones a change must not
//! cost anything of those before. A round is a fixed number of trials in each thread from the same plan, then both go on from
//! the better: so the result depends on seed and number of rounds, and not on the machine.

use crate::model::{Model, NONE, bits};
use crate::score::{Score, Stage};
use crate::state::State;
use fastrand::Rng;
use std::cmp::Ordering;

/// Threads that search. Part of the result: another number gives another plan.
pub(crate) const THREADS: u64 = 2;
/// Trials between two looks at whether to stop.
const TRIALS_A_LOOK: u32 = 8;

/// One thread's searching.
pub(crate) struct Searcher<'m> {
    model: &'m Model,
    pub state: State,
    rng: Rng,
    best: Option<State>,
    best_score: Score,
    touched: Vec<u32>,
    pool: Vec<u32>,
    first: Vec<u32>,
}

/// How a round ended.
pub(crate) struct Round {
    pub state: State,
    pub score: Score,
    pub stopped: bool,
}

/// The first plan: what is published, then everything that fits.
pub(crate) fn first_plan(model: &Model, seed: u64) -> State {
    let mut state = State::new(model);
    state.restore(model);
    let mut rng = Rng::with_seed(seed);
    let mut demands: Vec<u32> = (0..model.demands.len() as u32).collect();
    for &demand in &demands {
        if state.group[demand as usize] != NONE {
            state.place(model, demand, &mut rng);
        }
    }
    let mut teachers: Vec<u32> = (0..model.teachers.len() as u32).collect();
    rng.shuffle(&mut teachers);
    for teacher in teachers {
        state.fill_teacher(model, teacher, &mut rng);
    }
    rng.shuffle(&mut demands);
    for demand in demands {
        state.place(model, demand, &mut rng);
    }
    state.settle();
    state
}

/// One round from `state`: `trials` in each thread, `heat` from 1 (early) to 0.
pub(crate) fn round(
    model: &Model,
    state: &State,
    stage: Stage,
    seed: u64,
    trials: u32,
    heat: f64,
    stop: &(dyn Fn() -> bool + Sync),
) -> Round {
    let mut rounds: Vec<Round> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let state = state.clone();
                scope.spawn(move || {
                    let rng = Rng::with_seed(seed.wrapping_mul(THREADS).wrapping_add(thread));
                    Searcher::new(model, state, rng).run(stage, trials, heat, stop)
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let stopped = rounds.iter().any(|round| round.stopped) || rounds.len() < THREADS as usize;
    let mut best: Option<Round> = None;
    for round in rounds.drain(..) {
        if best.as_ref().is_none_or(|best| round.score.compare(&best.score, stage) == Ordering::Greater) {
            best = Some(round);
        }
    }
    match best {
        Some(best) => Round { stopped, ..best },
        // Both threads died of a fault of ours: what there was is still a plan.
        None => Round { state: state.clone(), score: Score::of(model, state), stopped: true },
    }
}

impl<'m> Searcher<'m> {
    pub fn new(model: &'m Model, state: State, rng: Rng) -> Self {
        let best_score = Score::of(model, &state);
        Self {
            model,
            state,
            rng,
            best: None,
            best_score,
            touched: Vec::new(),
            pool: Vec::new(),
            first: Vec::new(),
        }
    }

    fn run(mut self, stage: Stage, trials: u32, heat: f64, stop: &(dyn Fn() -> bool + Sync)) -> Round {
        let mut current = self.best_score;
        let mut stopped = false;
        let start = self.state.clone();
        for trial in 0..trials {
            if trial % TRIALS_A_LOOK == 0 && stop() {
                stopped = true;
                break;
            }
            let lessons = self.state.lessons;
            let mark = self.state.mark();
            self.trial(stage);
            let score = Score::of(self.model, &self.state);
            let cooling = heat * (1.0 - f64::from(trial) / f64::from(trials));
            // A lesson that somebody left may begin earlier, where the nodes were full.
            let is_carried = self.state.nodes_carry(self.model);
            let accepted = is_carried
                && match stage {
                    Stage::Coverage => {
                        let units = f64::from(self.model.units);
                        let gain = (score.served as f64 - current.served as f64) / units
                            - 0.02 * (f64::from(self.state.lessons) - f64::from(lessons))
                            + 0.01 * (f64::from(score.kept) - f64::from(current.kept));
                        gain >= 0.0 || self.rng.f64() < (gain / (0.03 + 0.6 * cooling)).exp()
                    }
                    _ => score.compare(&current, stage) != Ordering::Less,
                };
            if accepted {
                self.state.settle();
                current = score;
                if score.compare(&self.best_score, stage) == Ordering::Greater {
                    self.best_score = score;
                    self.best = Some(self.state.clone());
                }
            } else {
                self.state.undo(self.model, mark);
                self.state.settle();
            }
        }
        let state = match self.best.take() {
            Some(best) => best,
            // Nothing better: in the later stages something as good and different leads further.
            None if stage != Stage::Coverage => self.state,
            None => start,
        };
        Round { state, score: self.best_score, stopped }
    }

    /// Takes a part of the plan away and fills the hole.
    fn trial(&mut self, stage: Stage) {
        self.touched.clear();
        self.pool.clear();
        self.first.clear();
        match stage {
            Stage::Coverage => {}
            Stage::Share => self.aim_at_worst_school(),
            Stage::Changes => self.aim_at_change(),
            Stage::Wishes => self.aim_at_wish(),
        }
        if self.touched.is_empty() {
            self.aim_at_unserved();
        }
        self.refill();
    }

    fn random_unserved(&mut self) -> Option<u32> {
        let demands = self.model.demands.len();
        for _ in 0..60 {
            let demand = self.rng.usize(0..demands);
            if self.model.demands[demand].reachable && self.state.missing(self.model, demand as u32) > 0 {
                return Some(demand as u32);
            }
        }
        None
    }

    fn aim_at_unserved(&mut self) {
        let Some(demand) = self.random_unserved() else {
            if !self.model.teachers.is_empty() {
                let teacher = self.rng.u32(0..self.model.teachers.len() as u32);
                self.take_groups(teacher, 2);
            }
            return;
        };
        match self.rng.u32(0..10) {
            0..=3 => self.make_room(demand, 2),
            4..=6 => {
                self.make_room(demand, 1);
                self.take_school(demand);
            }
            _ => {
                self.first.push(demand);
                self.make_room(demand, 1);
                self.take_class(demand);
            }
        }
    }

    fn aim_at_worst_school(&mut self) {
        let shares = self.state.served_of.iter().zip(&self.model.reachable_units);
        let mut worst: Vec<(f64, u32)> = shares
            .enumerate()
            .filter(|(_, (_, reachable))| **reachable > 0)
            .map(|(s, (&served, &reachable))| (f64::from(served) / f64::from(reachable), s as u32))
            .collect();
        worst.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let bottom = worst.iter().take_while(|w| w.0 <= worst[0].0).count();
        if bottom == 0 {
            return;
        }
        let school = worst[self.rng.usize(0..bottom)].1;
        let model = self.model;
        let mut missing: Vec<u32> = model.schools[school as usize]
            .classes
            .iter()
            .flat_map(|&class| &model.classes[class as usize].demands)
            .copied()
            .filter(|&d| model.demands[d as usize].reachable && self.state.missing(model, d) > 0)
            .collect();
        if missing.is_empty() {
            return;
        }
        self.rng.shuffle(&mut missing);
        let demand = missing[0];
        self.first.push(demand);
        self.make_room(demand, 1);
        if self.rng.bool() {
            self.take_class(demand);
        }
        if self.rng.u8(0..4) == 0 {
            self.take_school(demand);
        }
    }

    fn aim_at_change(&mut self) {
        for _ in 0..60 {
            let d = self.rng.usize(0..self.model.demands.len());
            let demand = &self.model.demands[d];
            let teacher = demand.agreed.first().copied().or(demand.published.first().map(|p| p.0));
            let Some(teacher) = teacher else { continue };
            let group = self.state.group[d];
            let kept = group != NONE && self.state.groups[group as usize].teacher == teacher;
            let times = demand.published.iter().filter(|p| p.0 == teacher);
            if kept && times.clone().all(|p| self.state.attended[d] >> p.1 & 1 == 1) {
                continue;
            }
            self.touched.push(teacher);
            self.take_groups(teacher, 3);
            if group != NONE {
                self.take_member(d as u32);
            }
            self.take_class(d as u32);
            // Those that were agreed together come back together.
            let course = &self.model.courses[demand.course as usize];
            self.first.push(d as u32);
            for &other in &course.demands {
                if other != d as u32 && self.model.agreements(other, teacher) > 0 {
                    self.pool.push(other);
                }
            }
            return;
        }
    }

    fn aim_at_wish(&mut self) {
        for _ in 0..60 {
            if self.model.teachers.is_empty() {
                return;
            }
            let t = self.rng.usize(0..self.model.teachers.len());
            let wishes = &self.model.teachers[t].wishes;
            let sorry = self.state.of_teacher[t].iter().copied().find(|&g| {
                self.state.groups[g as usize]
                    .lessons
                    .iter()
                    .any(|lesson| wishes[usize::from(lesson.time)] > 0)
            });
            if let Some(group) = sorry {
                self.touched.push(t as u32);
                self.take_group(group);
                self.take_groups(t as u32, 1);
                return;
            }
        }
    }

    /// Takes groups of teachers who could serve a demand.
    fn make_room(&mut self, demand: u32, teachers: usize) {
        let model = self.model;
        let d = &model.demands[demand as usize];
        let of = &model.courses[d.course as usize].teachers;
        for _ in 0..teachers {
            let teacher = of[self.rng.usize(0..of.len())];
            if model.mask(demand, teacher) != 0 {
                let most = self.rng.usize(1..4);
                self.take_groups(teacher, most);
            }
        }
        let own = self.state.group[demand as usize];
        if own != NONE && self.rng.bool() {
            self.take_member(demand);
        }
        self.pool.push(demand);
    }

    fn take_groups(&mut self, teacher: u32, most: usize) {
        if !self.touched.contains(&teacher) {
            self.touched.push(teacher);
        }
        for _ in 0..most {
            let groups = &self.state.of_teacher[teacher as usize];
            if groups.is_empty() {
                return;
            }
            let group = groups[self.rng.usize(0..groups.len())];
            self.take_group(group);
        }
    }

    fn take_group(&mut self, group: u32) {
        self.pool.extend(&self.state.groups[group as usize].members);
        self.state.dissolve(self.model, group);
    }

    fn take_member(&mut self, demand: u32) {
        let group = self.state.group[demand as usize];
        if group == NONE {
            return;
        }
        let teacher = self.state.groups[group as usize].teacher;
        if !self.touched.contains(&teacher) {
            self.touched.push(teacher);
        }
        self.pool.push(demand);
        self.state.leave(self.model, demand);
    }

    /// Takes what else a class receives: it may stand in the way.
    fn take_class(&mut self, demand: u32) {
        let model = self.model;
        for &other in &model.classes[model.demands[demand as usize].class as usize].demands {
            if other != demand && self.rng.u8(0..3) > 0 {
                self.take_member(other);
            }
        }
    }

    /// Takes some of what a school receives: rooms and links are shared.
    fn take_school(&mut self, demand: u32) {
        let model = self.model;
        let school = &model.schools[model.demands[demand as usize].school as usize];
        for &class in &school.classes {
            for &other in &model.classes[class as usize].demands {
                if other != demand && self.rng.u8(0..4) == 0 {
                    self.take_member(other);
                }
            }
        }
    }

    fn refill(&mut self) {
        let model = self.model;
        self.pool.sort_unstable();
        self.pool.dedup();
        let mut pool = std::mem::take(&mut self.pool);
        self.rng.shuffle(&mut pool);
        for &demand in &std::mem::take(&mut self.first) {
            self.state.place(model, demand, &mut self.rng);
        }
        // Either whole groups first, or each where it fits best.
        if self.rng.u8(0..4) > 0 {
            let mut teachers = self.touched.clone();
            self.rng.shuffle(&mut teachers);
            for teacher in teachers {
                self.state.fill_teacher(model, teacher, &mut self.rng);
            }
        }
        for &demand in &pool {
            self.state.place(model, demand, &mut self.rng);
        }
        for i in 0..self.touched.len() {
            self.complete(self.touched[i]);
        }
        self.pool = pool;
    }

    /// Offers what a teacher's lessons have room for to those who miss something.
    fn complete(&mut self, teacher: u32) {
        let model = self.model;
        for course in &model.teachers[teacher as usize].courses {
            let demands = &model.courses[*course as usize].demands;
            let from = self.rng.usize(0..demands.len().max(1));
            for i in 0..demands.len() {
                let demand = demands[(from + i) % demands.len()];
                if self.state.missing(model, demand) > 0 && model.mask(demand, teacher) != 0 {
                    self.state.place(model, demand, &mut self.rng);
                }
            }
        }
    }
}

/// Is every hard constraint kept? For tests and debug builds: counts everything anew.
pub(crate) fn is_sound(model: &Model, state: &State) -> bool {
    let mut fresh = State::new(model);
    let groups: Vec<_> = state.groups.iter().filter(|group| group.alive).collect();
    for group in &groups {
        let g = fresh.found(model, group.teacher, group.course);
        for lesson in &group.lessons {
            if fresh.may_open(model, group.teacher, group.course, lesson.time).is_err() {
                return false;
            }
            fresh.open(model, g, lesson.time);
        }
        for &member in &group.members {
            if fresh.may_join(model, member, g).is_err() {
                return false;
            }
            fresh.join(model, member, g);
            for time in bits(state.attended[member as usize]) {
                if fresh.may_attend(model, member, g, time).is_err() {
                    return false;
                }
                fresh.attend(model, member, time);
            }
        }
    }
    fresh.served == state.served && fresh.kept == state.kept && fresh.wishes == state.wishes
}
