//! Column generation: prices from a programme of the groups known so far, the best groups at these prices, again.
//!
//! For any prices, no plan serves more than what all rows cost together, and, for each teacher, its load times the most that
//! a lesson of a group is worth beyond its price (Lagrange). The program adds that up itself, so every round gives a bound,
//! whatever the solver's tolerances are; HiGHS only says which prices to try.

use crate::bound::company;
use crate::linear::Bound;
use crate::model::{Model, bits};
use crate::packing::{Ended, Packing, Priced};
use crate::pricing::{Wanted, best_groups};
use crate::rows::{Column, Rows, Share};
use std::collections::BTreeMap;

/// Groups that a round adds of each teacher's course.
const GROUPS: usize = 6;
/// Worth a lesson that is not told from nothing.
const NOTHING: f64 = 1e-7;
/// Sets of periods that are looked at for each teacher's course and round: few while much is new, then practically all.
const FEW_SETS: u32 = 2_000;
const SETS: u32 = 200_000;
/// Groups of each teacher's course that are worth nearly their price by the coarser programme, and the sets looked at for them.
const NEAR: usize = 10;
const NEAR_SETS: u32 = 400;
/// How far prices may move in a round, in class periods.
const WIDTH: f64 = 0.2;
/// Units between the best bound and the programme's worth at which it is done.
const ENOUGH: f64 = 0.02;
/// Threads that look for groups; their number changes nothing.
const THREADS: usize = 2;
/// Rounds at most.
const ROUNDS: u32 = 120;

/// A group that is known, with what it takes and is worth.
pub(crate) struct Known {
    pub column: Column,
    pub shares: Vec<Share>,
    pub worth: f64,
}

/// Known groups, each once.
#[derive(Default)]
pub(crate) struct Pool {
    pub known: Vec<Known>,
    place: BTreeMap<Column, u32>,
}

impl Pool {
    /// Adds a group; says whether it was new.
    pub fn add(&mut self, model: &Model, rows: &Rows, column: Column) -> bool {
        if self.place.contains_key(&column) {
            return false;
        }
        self.place.insert(column.clone(), self.known.len() as u32);
        let (shares, worth) = (rows.of(model, &column), f64::from(column.units(model)));
        self.known.push(Known { column, shares, worth });
        true
    }
}

/// The best groups of all teachers at some prices, and the bound that these prices prove.
pub(crate) fn price(model: &Model, rows: &Rows, prices: &[f64], wanted: Wanted) -> (Vec<Column>, f64) {
    let mut bound: f64 = rows.most.iter().zip(prices).map(|(most, price)| most * price).sum();
    let mut columns = Vec::new();
    let teachers = 0..model.teachers.len() as u32;
    let share = |thread: usize| -> Vec<(Vec<Column>, f64)> {
        let mine = teachers.clone().skip(thread).step_by(THREADS);
        mine.map(|teacher| price_of(model, rows, prices, teacher, wanted)).collect()
    };
    let mut parts: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || share(thread))).collect();
        threads.into_iter().map(|thread| thread.join().map(Vec::into_iter)).collect()
    });
    for teacher in teachers {
        let part = parts[teacher as usize % THREADS].as_mut().ok().and_then(Iterator::next);
        // A thread that died of a fault of ours proves nothing.
        let Some((found, ratio)) = part else { return (columns, f64::INFINITY) };
        bound += ratio * rows.load(teacher).map(|row| rows.most[row as usize]).sum::<f64>();
        columns.extend(found);
    }
    (columns, bound)
}

/// The best groups of one teacher, and what no group of theirs exceeds in the measure that is wanted.
pub(crate) fn price_of(
    model: &Model,
    rows: &Rows,
    prices: &[f64],
    teacher: u32,
    wanted: Wanted,
) -> (Vec<Column>, f64) {
    let mut most: f64 = 0.0;
    let mut columns = Vec::new();
    for &course in &model.teachers[teacher as usize].courses {
        let found = best_groups(model, rows, prices, teacher, course, wanted);
        most = most.max(found.ratio);
        columns.extend(found.columns.into_iter().map(|(_, column)| column));
    }
    (columns, most)
}

/// Runs until no group is worth more than its price, or `stop` says so. `told` hears of every better bound.
pub(crate) fn generate(
    model: &Model,
    rows: &Rows,
    start: Vec<Column>,
    seconds: f64,
    stop: &dyn Fn() -> bool,
    told: &dyn Fn(f64),
) -> Bound {
    let mut pool = Pool::default();
    for column in start {
        pool.add(model, rows, column);
    }
    let mut center = match single_receptions(model, rows, seconds) {
        Ok(prices) => prices,
        Err(ended) => return Bound { value: f64::INFINITY, stopped: ended == Ended::Clock },
    };
    let wanted = Wanted { groups: GROUPS, above: NOTHING, by_lesson: true, sets: SETS };
    let mut best = price(model, rows, &center, Wanted { groups: 1, ..wanted }).1;
    told(best);
    let near = Wanted { groups: NEAR, above: -f64::from(model.units), by_lesson: false, sets: NEAR_SETS };
    for column in price(model, rows, &center, near).0 {
        pool.add(model, rows, column);
    }
    let width = WIDTH * f64::from(model.units);
    let mut much = 0;
    let mut sets = FEW_SETS;
    for _ in 0..ROUNDS {
        if stop() {
            return Bound { value: best, stopped: true };
        }
        let priced = match near_prices(rows, &pool, &center, width, seconds) {
            Ok(priced) => priced,
            Err(ended) => return Bound { value: best, stopped: ended == Ended::Clock },
        };
        let (columns, bound) = price(model, rows, &priced.prices, Wanted { sets, ..wanted });
        let mut new = 0;
        for column in columns {
            new += usize::from(pool.add(model, rows, column));
        }
        let gained = best - bound;
        let moved = priced.prices.iter().zip(&center).any(|(now, was)| (now - was).abs() > 0.9 * width);
        if gained > 0.0 {
            (best, center) = (bound, priced.prices);
            told(best);
        }
        much = much.max(new);
        if new * 2 < much {
            sets = SETS;
        }
        let done = best - priced.worth < ENOUGH && (!moved || gained < ENOUGH);
        if sets == SETS && (done || new == 0 && gained < ENOUGH) {
            break;
        }
    }
    Bound { value: best, stopped: false }
}

/// The known groups' prices, at most `width` from `center`: what is scarce can be bought for so much more than it cost,
/// and what is left be sold for so much less (the box step method; Marsten, Hogan, Blankenship 1975).
fn near_prices(rows: &Rows, pool: &Pool, center: &[f64], width: f64, seconds: f64) -> Result<Priced, Ended> {
    let count = rows.most.len() as u32;
    let sold: Vec<[Share; 1]> = (0..count).map(|row| [(row, 1.0)]).collect();
    let bought: Vec<[Share; 1]> = (0..count).map(|row| [(row, -1.0)]).collect();
    let mut columns: Vec<(f64, &[Share])> =
        pool.known.iter().map(|known| (known.worth, known.shares.as_slice())).collect();
    for (row, &price) in center.iter().enumerate() {
        columns.push((-(price + width), &bought[row]));
        if price > width {
            columns.push((price - width, &sold[row]));
        }
    }
    Packing { most: rows.most.clone(), columns }.prices(seconds)
}

/// Prices of a coarser programme: every reception by itself, a lesson shared by as many as could come at all. At these prices no
/// group is worth anything, so they are a bound already.
fn single_receptions(model: &Model, rows: &Rows, seconds: f64) -> Result<Vec<f64>, Ended> {
    let mut worth = Vec::new();
    let mut shares: Vec<Vec<Share>> = Vec::new();
    for (c, course) in model.courses.iter().enumerate() {
        for (i, &teacher) in course.teachers.iter().enumerate() {
            let any = course.demands.iter().fold(0, |any, &d| any | model.demands[d as usize].masks[i]);
            for time in bits(any) {
                let company = f64::from(company(model, c as u32, teacher, time));
                let mut lesson = Vec::new();
                rows.lesson(model, teacher, c as u32, time, &mut lesson);
                for &d in &course.demands {
                    let demand = &model.demands[d as usize];
                    if demand.masks[i] >> time & 1 == 0 {
                        continue;
                    }
                    let Some(met) = model.meeting(teacher, demand.school, time) else { continue };
                    let mut mine: Vec<Share> =
                        lesson.iter().map(|&(row, share)| (row, share / company)).collect();
                    mine.push((rows.demand[d as usize], 1.0 / f64::from(demand.periods.max(1))));
                    rows.reception(model, d, met.time, &mut mine);
                    mine.sort_unstable_by_key(|share| share.0);
                    mine.dedup_by(|next, kept| {
                        let same = next.0 == kept.0;
                        if same {
                            kept.1 += next.1;
                        }
                        same
                    });
                    worth.push(f64::from(course.units));
                    shares.push(mine);
                }
            }
        }
    }
    let columns = worth.into_iter().zip(shares.iter().map(Vec::as_slice)).collect();
    Ok(Packing { most: rows.most.clone(), columns }.prices(seconds)?.prices)
}
