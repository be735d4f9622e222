//! `make bench-planner`: generated counties, their plans, a check that shares nothing with the planner.
//!
//! ```text
//!  county ─▶ instance.json ─▶ tongtang-planner ─▶ plan.json ─▶ validate (types of form) ─▶ bench/planner.json, a table
//! ```

mod county;
mod form;
mod validate;

use anyhow::Context;
use clap::Parser;
use serde::Serialize;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tongtang_planner::{Control, Options, Progress, check};

/// Plans generated counties and checks the plans.
#[derive(Debug, Parser)]
struct Cli {
    /// Demands of each county
    #[arg(long, value_delimiter = ',', default_values_t = [40, 400, 4_000])]
    demands: Vec<usize>,
    /// Seeds of each county; each is a county of its own
    #[arg(long, value_delimiter = ',', default_values_t = [1])]
    seeds: Vec<u64>,
    /// Trials of each searching thread [default: the planner's]
    #[arg(long)]
    trials: Option<u64>,
    /// Seconds after which a plan is what it is, for up to 400 demands; ten times as many beyond
    #[arg(long, default_value_t = 58.0)]
    time_limit: f64,
    /// Where the figures go
    #[arg(long, default_value = "bench/planner.json")]
    report: PathBuf,
    /// Writes instances and plans into this folder too
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// What is written.
#[derive(Debug, Serialize)]
struct Report {
    command: String,
    machine: String,
    cases: Vec<Case>,
}

#[derive(Debug, Serialize)]
struct Case {
    demands: usize,
    seed: u64,
    prescribed_periods: f64,
    uncovered_periods: f64,
    bound: f64,
    /// Of the first objective, relative to the uncovered periods: the hardest way to count.
    gap: f64,
    /// The same relative to the covered periods.
    gap_of_covered: f64,
    worst_school_share: Figure,
    changes: Figure,
    wishes: Figure,
    seconds: f64,
    stopped_early: bool,
    violations: usize,
    unserved: usize,
    /// Share of unserved demands with at least one reason in both languages.
    unserved_explained: f64,
    /// Share of unserved demands with at least one change that would help, tried on the plan.
    unserved_with_relaxation: f64,
}

#[derive(Debug, Serialize)]
struct Figure {
    value: f64,
    bound: f64,
    gap: f64,
    proof: String,
}

impl From<&form::Objective> for Figure {
    fn from(of: &form::Objective) -> Self {
        Self { value: of.value, bound: of.bound, gap: of.gap, proof: of.proof.clone() }
    }
}

struct Clock {
    until: Instant,
    demands: usize,
}

impl Control for Clock {
    fn stop(&self) -> bool {
        Instant::now() >= self.until
    }
    fn seconds_left(&self) -> f64 {
        self.until.saturating_duration_since(Instant::now()).as_secs_f64()
    }
    fn progress(&self, at: Progress) {
        let bound = at.bound.map_or_else(|| "…".to_owned(), |bound| format!("{bound:.3}"));
        eprint!(
            "\r{:>5} demands {:>3.0} % {:<18} {:.3} (bound {bound})   ",
            self.demands,
            100.0 * at.share,
            at.stage,
            at.best
        );
    }
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let mut cases = Vec::new();
    for &demands in &cli.demands {
        for &seed in &cli.seeds {
            cases.push(case(&cli, demands, seed)?);
        }
    }
    print_table(&cases);
    let bad = cases.iter().map(|case| case.violations).sum::<usize>();
    let report =
        Report { command: std::env::args().collect::<Vec<_>>().join(" "), machine: machine(), cases };
    let text = serde_json::to_string_pretty(&report)? + "\n";
    std::fs::write(&cli.report, text).with_context(|| format!("cannot write {}", cli.report.display()))?;
    anyhow::ensure!(bad == 0, "{bad} violations");
    Ok(())
}

fn case(cli: &Cli, demands: usize, seed: u64) -> anyhow::Result<Case> {
    let json = serde_json::to_vec(&county::county(demands, seed))?;
    let started = Instant::now();
    let limit = if demands > 400 { 10.0 * cli.time_limit } else { cli.time_limit };
    let control = Clock { until: started + Duration::from_secs_f64(limit), demands };
    let instance = check::read(&json)?;
    let plan = tongtang_planner::solve(&instance, Options { seed, trials: cli.trials }, &control);
    let seconds = started.elapsed().as_secs_f64();
    eprintln!();
    let plan_json = serde_json::to_vec_pretty(&plan)?;
    if let Some(folder) = &cli.keep {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(format!("county-{demands}-{seed}.json")), &json)?;
        std::fs::write(folder.join(format!("plan-{demands}-{seed}.json")), &plan_json)?;
    }
    let read: form::Plan =
        serde_json::from_slice(&plan_json).context("the plan is not as docs/planner.md says")?;
    let (violations, worth) = validate::validate(&serde_json::from_slice(&json)?, &read);
    for violation in violations.iter().take(20) {
        eprintln!("violation: {violation}");
    }
    let share =
        |count: usize| if read.unserved.is_empty() { 1.0 } else { count as f64 / read.unserved.len() as f64 };
    let said = |reasons: &[form::Reason]| {
        reasons.iter().any(|r| !r.code.is_empty() && !r.zh.is_empty() && !r.en.is_empty())
    };
    let first = &read.objectives.uncovered_periods;
    let covered = read.objectives.prescribed_periods - worth.uncovered;
    Ok(Case {
        demands,
        seed,
        prescribed_periods: read.objectives.prescribed_periods,
        uncovered_periods: worth.uncovered,
        bound: first.bound,
        gap: first.gap,
        gap_of_covered: (worth.uncovered - first.bound) / covered.max(1.0),
        worst_school_share: (&read.objectives.worst_school_share).into(),
        changes: (&read.objectives.changes).into(),
        wishes: (&read.objectives.wishes).into(),
        seconds,
        stopped_early: read.stopped_early,
        violations: violations.len(),
        unserved: read.unserved.len(),
        unserved_explained: share(read.unserved.iter().filter(|u| said(&u.reasons)).count()),
        unserved_with_relaxation: share(read.unserved.iter().filter(|u| said(&u.relaxations)).count()),
    })
}

fn print_table(cases: &[Case]) {
    println!(
        "demands seed  prescribed uncovered   bound     gap  of covered  worst school  changes  wishes  seconds  violations  explained"
    );
    for c in cases {
        println!(
            "{:>7} {:>4} {:>11} {:>9} {:>7} {:>6.2}% {:>10.2}%  {:.3}≤{:.3}   {:>7} {:>7} {:>8.1} {:>11} {:>9.0}%",
            c.demands,
            c.seed,
            c.prescribed_periods,
            c.uncovered_periods,
            c.bound,
            100.0 * c.gap,
            100.0 * c.gap_of_covered,
            c.worst_school_share.value,
            c.worst_school_share.bound,
            format!("{}≥{}", c.changes.value, c.changes.bound),
            format!("{}≥{}", c.wishes.value, c.wishes.bound),
            c.seconds,
            c.violations,
            100.0 * c.unserved_explained,
        );
    }
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("");
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{cores} × {model}")
}
