//! Which groups to take when each takes shares of scarce rows: a packing programme, solved by HiGHS with prices or in whole
//! numbers. What comes back is a proposal and prices; nothing is proved by them alone.

use crate::rows::Share;
use highs::{ColProblem, HighsModelStatus, Model, Sense};

/// A packing: maximise what the chosen are worth, each row at most its right side.
#[derive(Default)]
pub(crate) struct Packing<'a> {
    pub most: Vec<f64>,
    pub columns: Vec<(f64, &'a [Share])>,
}

/// Why there are no prices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ended {
    /// The clock's limit struck.
    Clock,
    /// The solver gave up: nothing is known, and would not be known with more time.
    Solver,
}

/// A linear programme's answer.
pub(crate) struct Priced {
    pub worth: f64,
    /// For each row, what more of it would bring.
    pub prices: Vec<f64>,
}

impl Packing<'_> {
    fn model(&self, whole: bool, seconds: f64) -> Option<Model> {
        let mut problem = ColProblem::new();
        let rows: Vec<_> = self.most.iter().map(|&most| problem.add_row(..=most)).collect();
        for (worth, shares) in &self.columns {
            let shares = shares.iter().map(|&(row, share)| (rows[row as usize], share));
            let most = if whole { 1.0 } else { f64::INFINITY };
            problem.add_column_with_integrality(-worth, 0.0..=most, shares, whole);
        }
        let mut model = problem.try_optimise(Sense::Minimise).ok()?;
        model.make_quiet();
        // One thread: the same answer on every machine.
        model.try_set_option("threads", 1).ok()?;
        model.try_set_option("parallel", "off").ok()?;
        model.try_set_option("time_limit", seconds.clamp(0.1, 1e6)).ok()?;
        Some(model)
    }

    /// Prices of the rows, from the middle of the best face: they change less from round to round than a vertex's.
    pub fn prices(&self, seconds: f64) -> Result<Priced, Ended> {
        let mut model = self.model(false, seconds).ok_or(Ended::Solver)?;
        model.try_set_option("solver", "ipm").map_err(|_| Ended::Solver)?;
        model.try_set_option("run_crossover", "off").map_err(|_| Ended::Solver)?;
        let solved = model.try_solve().map_err(|_| Ended::Solver)?;
        if solved.status() == HighsModelStatus::ReachedTimeLimit {
            return Err(Ended::Clock);
        }
        let prices: Vec<f64> =
            solved.get_solution().dual_rows().iter().map(|dual| (-dual).max(0.0)).collect();
        let fits = prices.len() == self.most.len() && prices.iter().all(|price| price.is_finite());
        let worth = -solved.objective_value();
        if fits { Ok(Priced { worth, prices }) } else { Err(Ended::Solver) }
    }

    /// The best set of columns that `nodes` of branch and cut find, and whether the clock ended it.
    pub fn choice(&self, nodes: i32, seconds: f64) -> Option<(Vec<usize>, bool)> {
        let mut model = self.model(true, seconds)?;
        model.try_set_option("mip_max_nodes", nodes).ok()?;
        let solved = model.try_solve().ok()?;
        let stopped = solved.status() == HighsModelStatus::ReachedTimeLimit;
        let solution = solved.get_solution();
        let chosen = solution.columns().iter().enumerate().filter(|(_, value)| **value > 0.5);
        Some((chosen.map(|(column, _)| column).collect(), stopped))
    }
}
