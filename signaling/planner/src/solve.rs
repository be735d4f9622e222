//! The way of a solve: first plan, then objective by objective rounds of search, each objective's bound computed beside them.

use crate::bound;
use crate::explain;
use crate::instance::{Instance, VERSION};
use crate::linear::Bound;
use crate::model::Model;
use crate::plan::{Objective, Objectives, Plan, Proof};
use crate::recombine;
use crate::report;
use crate::rows::Rows;
use crate::score::{Score, Stage};
use crate::search;
use crate::state::State;
use fastrand::Rng;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// How a plan is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Same instance, seed and work: same plan.
    pub seed: u64,
    /// Trials of each searching thread in the first objective; the later ones have a quarter each. `None`: by the size of the instance.
    pub trials: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, trials: None }
    }
}

/// How far a solve is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// The objective that is worked on.
    pub stage: &'static str,
    /// Its value in the best plan so far.
    pub best: f64,
    /// Its bound, once it is known.
    pub bound: Option<f64>,
    /// How much of the work is done, 0 to 1.
    pub share: f64,
}

/// The world outside: the clock, a wish to stop, somebody who looks on.
pub trait Control: Sync {
    /// Should the solve end with the best plan so far? Asked every few milliseconds.
    fn stop(&self) -> bool;
    /// Seconds until it will have to stop; bounds are given up then.
    fn seconds_left(&self) -> f64;
    /// Told after every round.
    fn progress(&self, progress: Progress);
}

/// Nobody looks on, nothing stops it.
pub struct Unattended;

impl Control for Unattended {
    fn stop(&self) -> bool {
        false
    }
    fn seconds_left(&self) -> f64 {
        f64::from(u32::MAX)
    }
    fn progress(&self, _: Progress) {}
}

/// One objective's part of the time: it ends when no more than `left` seconds are there for what comes after it.
struct Slice<'a> {
    control: &'a dyn Control,
    /// All the time there was at the beginning.
    seconds: f64,
    left: f64,
}

impl Control for Slice<'_> {
    fn stop(&self) -> bool {
        self.control.stop() || self.control.seconds_left() < self.left
    }
    fn seconds_left(&self) -> f64 {
        (self.control.seconds_left() - self.left).max(0.0)
    }
    fn progress(&self, progress: Progress) {
        // Whichever comes first ends it: the work, or the time.
        let time = 1.0 - self.control.seconds_left() / self.seconds.max(1.0);
        self.control.progress(Progress { share: progress.share.max(time).min(1.0), ..progress });
    }
}

/// Rounds of the first objective, and of each later one.
const ROUNDS: [u32; 4] = [40, 16, 16, 12];
/// A bound is waited for after so many rounds; then a plan as good as its bound is not searched for longer.
const ROUNDS_BEFORE_BOUND: u32 = 4;
/// Trials of the search for each time that some teachers' weeks are made anew.
const TRIALS_A_RECOMBINATION: u64 = 2_000;
/// Of the time there is, what each objective leaves to those after it and to the explanations, which come last.
const LEFT: [f64; 4] = [0.25, 0.18, 0.12, 0.07];
/// How often a wait for a bound asks whether to stop.
const WAIT: Duration = Duration::from_millis(50);

/// Trials for an instance of so many demands.
fn default_trials(demands: usize) -> u64 {
    (demands as u64 * 600).clamp(5_000, 240_000)
}

/// A checked instance's plan.
pub fn solve(instance: &Instance, options: Options, control: &dyn Control) -> Plan {
    let model = Arc::new(Model::new(instance));
    let mut work = Work { model: &model, options, stopped: false, state: State::new(&model) };
    let mut bounds = Vec::new();
    let seconds = control.seconds_left();
    work.state = search::first_plan(&model, options.seed);
    for stage in Stage::ALL {
        let slice = Slice { control, seconds, left: seconds * LEFT[stage as usize] };
        let later = Later::start(&model, stage, &work.state, &slice);
        bounds.push(work.stage(stage, later, &slice));
    }
    // A class that came to a group and has no lesson in it is not served: no pairing is told of it.
    for demand in 0..model.demands.len() as u32 {
        if work.state.attended[demand as usize] == 0 {
            work.state.leave(&model, demand);
        }
    }
    debug_assert!(search::is_sound(&model, &work.state), "a plan breaks a constraint");
    let (pairings, lessons) = report::lessons(instance, &model, &work.state);
    let objectives = objectives(instance, &model, &work.state, &bounds);
    let stopped_early = work.stopped || bounds.iter().any(|(bound, _)| bound.stopped);
    let state = std::mem::replace(&mut work.state, State::new(&model));
    let unserved = explain::unserved(instance, &model, state, control);
    // Remedies are no longer looked for once it is to stop.
    let stopped_early = stopped_early || control.stop();
    Plan {
        version: VERSION,
        seed: options.seed,
        seconds: 0.0,
        stopped_early,
        objectives,
        pairings,
        lessons,
        unserved,
    }
}

/// What the thread of a bound says.
enum Told {
    /// The bound is at least as good as this.
    Better(f64, Proof),
    Done(Bound, Proof),
}

/// A bound that is being computed by a thread of its own.
struct Later {
    told: mpsc::Receiver<Told>,
    given_up: Arc<AtomicBool>,
    /// The best bound told before it is done.
    better: (f64, Proof),
    known: Option<(Bound, Proof)>,
}

impl Drop for Later {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

impl Later {
    fn start(model: &Arc<Model>, stage: Stage, state: &State, control: &dyn Control) -> Later {
        let (sender, told) = mpsc::channel();
        let given_up = Arc::new(AtomicBool::new(false));
        let (model, stop) = (Arc::clone(model), Arc::clone(&given_up));
        let (seconds, reached) = (control.seconds_left(), Score::of(&model, state));
        let groups = if stage == Stage::Coverage { recombine::columns_of(state) } else { Vec::new() };
        // Not waited for when the solve is stopped: HiGHS does not hear that.
        std::thread::spawn(move || {
            let (bound, proof) = match stage {
                Stage::Coverage => bound::coverage(
                    &model,
                    groups,
                    seconds,
                    &|| stop.load(Ordering::Relaxed),
                    &|better, proof| drop(sender.send(Told::Better(better, proof))),
                ),
                _ => bound::bound(&model, stage, &reached, seconds),
            };
            drop(sender.send(Told::Done(bound, proof)));
        });
        Later { told, given_up, better: (f64::INFINITY, Proof::Counting), known: None }
    }

    fn hear(&mut self, told: &Told) {
        match *told {
            Told::Better(better, proof) => self.better = (better, proof),
            Told::Done(bound, proof) => self.known = Some((bound, proof)),
        }
    }

    /// The bound that is known by now, without waiting.
    fn so_far(&mut self, model: &Model, stage: Stage) -> f64 {
        while let Ok(told) = self.told.try_recv() {
            self.hear(&told);
        }
        let known = self.known.map_or(self.better.0, |(bound, _)| bound.value);
        rounded(model, stage, known).min(by_meaning(model, stage))
    }

    fn wait(&mut self, model: &Model, stage: Stage, stop: &dyn Fn() -> bool) -> (Bound, Proof) {
        while self.known.is_none() {
            match self.told.recv_timeout(WAIT) {
                Ok(told) => self.hear(&told),
                Err(mpsc::RecvTimeoutError::Timeout) if !stop() => {}
                Err(_) => {
                    self.given_up.store(true, Ordering::Relaxed);
                    let (value, proof) = self.better;
                    self.known = Some((Bound { value, stopped: true }, proof));
                }
            }
        }
        let (bound, proof) = self.known.unwrap_or((Bound { value: 0.0, stopped: true }, Proof::Counting));
        let tight = by_meaning(model, stage);
        match bound.value < tight {
            true => (Bound { value: rounded(model, stage, bound.value), ..bound }, proof),
            false => (Bound { value: tight, ..bound }, Proof::Counting),
        }
    }
}

/// What an objective cannot exceed by its meaning, in its stage's measure.
fn by_meaning(model: &Model, stage: Stage) -> f64 {
    match stage {
        Stage::Coverage => model.reachable_units.iter().map(|&units| f64::from(units)).sum(),
        Stage::Share => 1.0,
        Stage::Changes => f64::from(model.existing - model.lost_already),
        Stage::Wishes => 0.0,
    }
}

/// Counts are whole, and a share is some school's fraction.
fn rounded(model: &Model, stage: Stage, bound: f64) -> f64 {
    let slack = 1e-6 * bound.abs().max(1.0);
    match stage {
        Stage::Share => {
            let reachable = model.reachable_units.iter().filter(|&&units| units > 0);
            let fractions =
                reachable.map(|&units| ((bound + slack) * f64::from(units)).floor() / f64::from(units));
            fractions.fold(0.0, f64::max)
        }
        _ => (bound + slack).floor(),
    }
}

/// A score in the measure of a stage.
fn measure(score: &Score, stage: Stage) -> f64 {
    match stage {
        Stage::Coverage => score.served as f64,
        Stage::Share => score.share,
        Stage::Changes => f64::from(score.kept),
        Stage::Wishes => -(score.wishes as f64),
    }
}

/// The same in the words of the plan.
fn in_words(model: &Model, stage: Stage, measure: f64) -> f64 {
    let units = f64::from(model.units);
    match stage {
        Stage::Coverage => (model.total_units as f64 - measure) / units,
        Stage::Share => measure,
        Stage::Changes => f64::from(model.existing) - measure,
        Stage::Wishes => -measure / units,
    }
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Coverage => "uncovered_periods",
        Stage::Share => "worst_school_share",
        Stage::Changes => "changes",
        Stage::Wishes => "wishes",
    }
}

struct Work<'a> {
    model: &'a Model,
    options: Options,
    /// Did the clock, or somebody, end anything of it?
    stopped: bool,
    state: State,
}

impl Work<'_> {
    fn stage(&mut self, stage: Stage, mut later: Later, control: &dyn Control) -> (Bound, Proof) {
        let stop = || control.stop();
        let rounds = ROUNDS[stage as usize];
        let trials = self.options.trials.unwrap_or_else(|| default_trials(self.model.demands.len()));
        let trials = if stage == Stage::Coverage { trials } else { trials / 4 };
        let a_round = u32::try_from(trials / u64::from(rounds)).unwrap_or(u32::MAX).max(1);
        let mut known;
        for round in 0..rounds {
            let score = Score::of(self.model, &self.state);
            let best = measure(&score, stage);
            if best >= by_meaning(self.model, stage) || self.model.demands.is_empty() {
                break;
            }
            // In the first objective nothing but a better plan is taken, so it makes no difference when a bound comes.
            let bound = match stage {
                Stage::Coverage => later.so_far(self.model, stage),
                _ if round < ROUNDS_BEFORE_BOUND => f64::INFINITY,
                _ => later.wait(self.model, stage, &stop).0.value,
            };
            known = Some(bound).filter(|bound| bound.is_finite());
            if best >= bound - 1e-9 {
                break;
            }
            if stop() {
                self.stopped = true;
                break;
            }
            tell(self.model, control, (stage, best, known), (round, rounds));
            let heat = 1.0 - f64::from(round) / f64::from(rounds);
            let seed = self.options.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
                ^ (u64::from(round) << 8 | stage as u64);
            let done = search::round(self.model, &self.state, stage, seed, a_round, heat, &stop);
            self.state = done.state;
            self.stopped |= done.stopped;
        }
        if stage == Stage::Coverage {
            self.state = self.recombined(&mut later, trials, control);
        }
        let bound = later.wait(self.model, stage, &stop);
        let best = measure(&Score::of(self.model, &self.state), stage);
        tell(self.model, control, (stage, best, Some(bound.0.value)), (rounds, rounds));
        bound
    }

    /// The weeks of some teachers at a time are made anew, in two threads from the same plan. Of plans that are as good as each
    /// other the first stays: the others lead on to better ones, and how many of them are made depends on when a bound comes.
    fn recombined(&mut self, later: &mut Later, trials: u64, control: &dyn Control) -> State {
        let model = self.model;
        let rows = Rows::new(model);
        let mut rng = Rng::with_seed(self.options.seed);
        let times = trials / TRIALS_A_RECOMBINATION;
        let mut first_best = self.state.clone();
        for time in 0..times {
            if self.state.served > first_best.served {
                first_best = self.state.clone();
            }
            let best = first_best.served as f64;
            let bound = later.so_far(model, Stage::Coverage);
            let stop = control.stop();
            self.stopped |= stop;
            if best >= bound - 1e-9 || stop || model.teachers.is_empty() {
                return first_best;
            }
            let known = Some(bound).filter(|bound| bound.is_finite());
            let round = ROUNDS[0] + (time * 20 / times) as u32;
            tell(model, control, (Stage::Coverage, best, known), (round, ROUNDS[0] + 20));
            let chosen: Vec<Vec<u32>> =
                (0..search::THREADS).map(|_| recombine::neighbours(model, &self.state, &mut rng)).collect();
            let (state, rows) = (&self.state, &rows);
            let proposals: Vec<_> = std::thread::scope(|scope| {
                let propose =
                    |teachers| recombine::propose(model, rows, state, teachers, control.seconds_left());
                let threads: Vec<_> =
                    chosen.into_iter().map(|teachers| scope.spawn(move || propose(teachers))).collect();
                threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
            });
            for proposal in proposals {
                self.stopped |= proposal.stopped;
                if let Some(groups) = proposal.groups {
                    recombine::adopt(model, &mut self.state, &proposal.teachers, &groups, &mut rng);
                }
            }
        }
        if self.state.served > first_best.served { self.state.clone() } else { first_best }
    }
}

/// Tells how far a stage is: its best and its bound, and which of how many rounds begins.
fn tell(
    model: &Model,
    control: &dyn Control,
    (stage, best, bound): (Stage, f64, Option<f64>),
    (round, rounds): (u32, u32),
) {
    let weights = [0.55, 0.15, 0.15, 0.15];
    let before: f64 = weights[..stage as usize].iter().sum();
    control.progress(Progress {
        stage: name(stage),
        best: in_words(model, stage, best),
        bound: bound.map(|bound| in_words(model, stage, bound)),
        share: before + weights[stage as usize] * f64::from(round) / f64::from(rounds),
    });
}

fn objectives(of: &Instance, model: &Model, state: &State, bounds: &[(Bound, Proof)]) -> Objectives {
    let score = Score::of(model, state);
    let objective = |stage: Stage| {
        let (bound, proof) = bounds[stage as usize];
        let value = in_words(model, stage, measure(&score, stage));
        let bound = in_words(model, stage, bound.value.max(measure(&score, stage)));
        let gap = match stage {
            Stage::Share => bound - value,
            _ => (value - bound).abs() / value.abs().max(1.0),
        };
        Objective { value, bound, gap, proof }
    };
    let shares = state.served_of.iter().zip(&model.reachable_units).enumerate();
    let worst = shares
        .filter(|(_, (_, reachable))| **reachable > 0)
        .map(|(s, (&served, &reachable))| (f64::from(served) / f64::from(reachable), s))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    Objectives {
        uncovered_periods: objective(Stage::Coverage),
        worst_school_share: objective(Stage::Share),
        changes: objective(Stage::Changes),
        wishes: objective(Stage::Wishes),
        prescribed_periods: model.total_units as f64 / f64::from(model.units),
        worst_school: worst.map(|(_, s)| of.schools[s].id.clone()),
    }
}
