//! `tongtang plan`: pairings and lessons of a county, from a file to a file, without a server.
//!
//! Enters: an instance (`docs/planner.md`). Leaves: a plan, written whole or not at all; on standard error how far the
//! planner is. Interrupted, or at its time limit, it writes the best plan it has and succeeds.

use super::CliError;
use clap::{Args, ValueEnum};
use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tongtang_planner::instance::MAX_INSTANCE_BYTES;
use tongtang_planner::plan::Plan;
use tongtang_planner::{Control, Options, Progress, check};

/// Longest time limit, in seconds.
const MAX_TIME_LIMIT_S: u64 = 24 * 3_600;

/// Unserved classes and subjects that standard output names; all are in the plan.
const MAX_SHOWN: usize = 10;

/// What stands behind `tongtang plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The county, as docs/planner.md describes it
    #[arg(long, value_name = "FILE")]
    instance: PathBuf,
    /// Where the plan goes; an older one there is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Same instance, seed and trials: same plan
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds after which the best plan so far is written
    #[arg(long, default_value_t = 600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=MAX_TIME_LIMIT_S))]
    time_limit: u64,
    /// Trials of each searching thread [default: by the size of the county]
    #[arg(long, value_name = "N")]
    trials: Option<u64>,
    /// How to say how far it is: `bar` where a person looks, else `none`
    #[arg(long, value_enum)]
    progress: Option<Shown>,
    /// End with the process that started this one, whatever ends it
    #[arg(long, hide = true)]
    with_parent: bool,
}

/// How progress is said, on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    /// One line that is drawn anew.
    Bar,
    /// A JSON object a line, for programs.
    Json,
    /// Not at all.
    None,
}

struct Watch {
    until: Instant,
    interrupted: Arc<AtomicBool>,
    shown: Shown,
}

impl Control for Watch {
    fn stop(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) || Instant::now() >= self.until
    }

    fn seconds_left(&self) -> f64 {
        self.until.saturating_duration_since(Instant::now()).as_secs_f64()
    }

    fn progress(&self, at: Progress) {
        let percent = (100.0 * at.share).round() as u8;
        // Whoever looked on may have gone; the plan is made all the same.
        let _ = match self.shown {
            Shown::None => Ok(()),
            Shown::Json => writeln!(
                std::io::stderr(),
                "{}",
                serde_json::json!({"stage": at.stage, "best": at.best, "bound": at.bound, "percent": percent})
            ),
            Shown::Bar => {
                let done = usize::from(percent) * 24 / 100;
                let bound = at.bound.map_or_else(|| "…".to_owned(), |bound| format!("{bound:.2}"));
                write!(
                    std::io::stderr(),
                    "\r\x1b[K[{}{}] {percent:>3} %  {}: {:.2} (bound {bound})",
                    "█".repeat(done),
                    "·".repeat(24 - done),
                    at.stage.replace('_', " "),
                    at.best
                )
            }
        };
    }
}

/// Plans, and says in a few lines what came out.
pub fn run(args: &PlanArgs) -> Result<String, CliError> {
    if args.with_parent {
        nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)
            .map_err(|error| CliError::Said(format!("cannot ask to end with the parent: {error}")))?;
    }
    let json = read(&args.instance)?;
    let instance = check::read(&json)
        .map_err(|error| CliError::Said(format!("{}: {error}", args.instance.display())))?;
    drop(json);
    let shown = args.progress.unwrap_or_else(|| match std::io::stderr().is_terminal() {
        true => Shown::Bar,
        false => Shown::None,
    });
    let interrupted = interruption()?;
    // Found out before an hour's work, not after it.
    let draft = Draft::beside(&args.out)?;
    let begun = Instant::now();
    let control = Watch { until: begun + Duration::from_secs(args.time_limit), interrupted, shown };
    let options = Options { seed: args.seed, trials: args.trials };
    let mut plan = tongtang_planner::solve(&instance, options, &control);
    plan.seconds = begun.elapsed().as_secs_f64();
    if shown == Shown::Bar {
        eprintln!();
    }
    draft.finish(&plan)?;
    Ok(summary(&plan, &args.out))
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let cannot = |error| CliError::Said(format!("cannot read the instance {}: {error}", path.display()));
    let mut json = Vec::new();
    // One byte more, so that too long a file is told from one that just fits.
    File::open(path)
        .map_err(cannot)?
        .take(MAX_INSTANCE_BYTES as u64 + 1)
        .read_to_end(&mut json)
        .map_err(cannot)?;
    Ok(json)
}

/// Set by the first SIGINT or SIGTERM. A second one ends the program as ever.
fn interruption() -> Result<Arc<AtomicBool>, CliError> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    let cannot = |error| CliError::Said(format!("cannot listen for signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let (mut interrupt, mut end) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt()).map_err(cannot)?, signal(SignalKind::terminate()).map_err(cannot)?)
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! { _ = interrupt.recv() => {}, _ = end.recv() => {} }
            flag.store(true, Ordering::Relaxed);
            tokio::select! { _ = interrupt.recv() => {}, _ = end.recv() => {} }
            std::process::exit(130);
        });
    });
    Ok(interrupted)
}

/// The plan's file while it is not there yet: a reader finds the old plan or the new one.
struct Draft {
    file: File,
    path: PathBuf,
    to: PathBuf,
}

impl Draft {
    fn beside(to: &Path) -> Result<Self, CliError> {
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = to.with_file_name(name);
        let file = File::create(&path).map_err(|error| cannot_write(to, &error))?;
        Ok(Self { file, path, to: to.to_owned() })
    }

    fn finish(mut self, plan: &Plan) -> Result<(), CliError> {
        let mut json = serde_json::to_vec_pretty(plan)
            .map_err(|error| CliError::Said(format!("cannot write the plan as JSON: {error}")))?;
        json.push(b'\n');
        self.file
            .write_all(&json)
            .and_then(|()| self.file.sync_all())
            .and_then(|()| std::fs::rename(&self.path, &self.to))
            .map_err(|error| cannot_write(&self.to, &error))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already if it became the plan.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> CliError {
    CliError::Said(format!("cannot write the plan to {}: {error}", path.display()))
}

fn summary(plan: &Plan, out: &Path) -> String {
    let of = &plan.objectives;
    let delivered = of.prescribed_periods - of.uncovered_periods.value;
    let mut text = format!(
        "{} of {} periods a week are delivered, in {} lessons of {} pairings ({}; gap {:.2} %).\nThe plan: {}",
        delivered,
        of.prescribed_periods,
        plan.lessons.len(),
        plan.pairings.len(),
        if plan.stopped_early { "stopped early: the best so far" } else { "the search is done" },
        100.0 * of.uncovered_periods.gap,
        out.display()
    );
    for missing in plan.unserved.iter().take(MAX_SHOWN) {
        let (of, delivered) = (missing.periods, missing.delivered);
        text.push_str(&format!("\n  {} {}: {delivered} of {of}", missing.class, missing.subject));
        let why = missing.reasons.first().map(|reason| (&reason.zh, &reason.en));
        let help = missing.relaxations.first().map(|relaxation| (&relaxation.zh, &relaxation.en));
        for (zh, en) in why.into_iter().chain(help) {
            text.push_str(&format!("\n    {zh} {en}"));
        }
    }
    if plan.unserved.len() > MAX_SHOWN {
        text.push_str(&format!(
            "\n  … and {} more, all with reasons in the plan",
            plan.unserved.len() - MAX_SHOWN
        ));
    }
    text
}
