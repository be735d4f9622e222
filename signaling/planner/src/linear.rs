//! A linear programme, kept beside HiGHS: built with `good_lp`, solved by `highs`, and its bound computed again from the dual
//! values, so that it is a proof whatever the solver's tolerances are.

use good_lp::{
    Expression, ProblemVariables, SolverModel, Variable, constraint, solvers::highs::highs, variable,
};
use std::ffi::CStr;

/// maximise cost·x, each row ≤ its right side, 0 ≤ x ≤ upper.
#[derive(Debug, Clone, Default)]
pub(crate) struct Programme {
    pub cost: Vec<f64>,
    pub upper: Vec<f64>,
    pub integer: Vec<bool>,
    pub rows: Vec<(f64, Vec<(u32, f64)>)>,
}

/// What the solver may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// A wall clock's limit, seconds: a safety. Where it strikes, results depend on the machine.
    pub seconds: f64,
    /// Nodes of branch and cut; the limit that is meant.
    pub nodes: i32,
}

/// An upper bound of the optimum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bound {
    pub value: f64,
    /// Did the clock's limit strike?
    pub stopped: bool,
}

const MIP_DUAL_BOUND: &CStr = c"mip_dual_bound";

impl Programme {
    pub fn column(&mut self, cost: f64, upper: f64, integer: bool) -> u32 {
        self.cost.push(cost);
        self.upper.push(upper);
        self.integer.push(integer);
        self.cost.len() as u32 - 1
    }

    pub fn row(&mut self, most: f64, terms: Vec<(u32, f64)>) {
        if !terms.is_empty() {
            self.rows.push((most, terms));
        }
    }

    /// The bound without looking at any row.
    fn trivial(&self) -> f64 {
        self.cost.iter().zip(&self.upper).map(|(cost, upper)| (cost * upper).max(0.0)).sum()
    }

    /// Dual values y ≥ 0 of the rows prove that no x is worth more than y·b + Σ max(0, c − yA)·upper.
    fn proved_by(&self, duals: &[f64]) -> f64 {
        let mut left = self.cost.clone();
        let mut bound = 0.0;
        for ((most, terms), &dual) in self.rows.iter().zip(duals) {
            let dual = dual.max(0.0);
            bound += dual * most;
            for &(column, factor) in terms {
                left[column as usize] -= dual * factor;
            }
        }
        bound + left.iter().zip(&self.upper).map(|(left, upper)| left.max(0.0) * upper).sum::<f64>()
    }

    /// An upper bound. If all columns are continuous it is proved by dual values, else by branch and cut as well.
    pub fn bound(&self, effort: Effort) -> Bound {
        let whole = self.integer.iter().any(|&integer| integer);
        let mut variables = ProblemVariables::new();
        let columns: Vec<Variable> = self
            .upper
            .iter()
            .zip(&self.integer)
            .map(|(&upper, &integer)| {
                let column = variable().min(0.0).max(upper);
                variables.add(if integer { column.integer() } else { column })
            })
            .collect();
        let mut objective = Expression::with_capacity(columns.len());
        for (column, &cost) in columns.iter().zip(&self.cost) {
            if cost != 0.0 {
                objective.add_mul(cost, *column);
            }
        }
        let mut problem = variables.maximise(objective).using(highs);
        for (most, terms) in &self.rows {
            let mut left = Expression::with_capacity(terms.len());
            for &(column, factor) in terms {
                left.add_mul(factor, columns[column as usize]);
            }
            problem.add_constraint(constraint::leq(left, *most));
        }
        let nothing = Bound { value: self.trivial(), stopped: true };
        let Ok(mut model) = problem.try_into_inner() else { return nothing };
        model.make_quiet();
        // One thread and fixed seeds: the same bound on every machine.
        let set = model.try_set_option("threads", 1).is_ok()
            && model.try_set_option("parallel", "off").is_ok()
            && model.try_set_option("time_limit", effort.seconds.clamp(0.1, 1e6)).is_ok()
            && match whole {
                true => {
                    model.try_set_option("mip_max_nodes", effort.nodes).is_ok()
                        && model.try_set_option("mip_rel_gap", 0.0).is_ok()
                }
                false => {
                    model.try_set_option("solver", "ipm").is_ok()
                        && model.try_set_option("run_crossover", "off").is_ok()
                }
            };
        if !set {
            return nothing;
        }
        let Ok(solved) = model.try_solve() else { return nothing };
        let stopped = solved.status() == ::highs::HighsModelStatus::ReachedTimeLimit;
        let proved = match whole {
            true => solved.double_info_value(MIP_DUAL_BOUND).ok().filter(|bound| bound.is_finite()),
            false => {
                let duals = solved.get_solution();
                // The sign of a dual value is the solver's convention; the better of both is as good a proof.
                let turned: Vec<f64> = duals.dual_rows().iter().map(|dual| -dual).collect();
                Some(self.proved_by(duals.dual_rows()).min(self.proved_by(&turned)))
            }
        };
        let value = proved.filter(|bound| !bound.is_nan()).unwrap_or(f64::INFINITY).min(self.trivial());
        Bound { value, stopped }
    }
}
