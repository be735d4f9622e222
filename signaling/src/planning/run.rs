//! Plans are made one after the other, each in a child process of this program (`tongtang plan`) of low priority: lessons
//! that are being taught go first, and whatever the planner does to its memory, signaling goes on.
//!
//! Enters: rows of the store that are `running`. Leaves: drafts, or failures with their reason. A run whose server ended
//! under it is begun anew: same instance and seed, same plan.

use crate::clock;
use crate::store::plan::{PlanRow, Summary};
use crate::store::{Store, StoreError};
use serde::Deserialize;
use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};
use tongtang_planner::plan::Plan;
use tongtang_protocol::ids::PlanId;
use tongtang_protocol::units::UnixMillis;

/// How often it is looked for plans that another process left.
const LOOK: Duration = Duration::from_secs(30);

/// The child has its own time limit; it is killed so long after it.
const GRACE: Duration = Duration::from_secs(60);

/// Longest line of the child's that is read, in bytes.
const MAX_LINE_BYTES: u64 = 4_096;

/// Who cancels a run that has no plan yet gets the best plan of so many seconds.
const LEAST_SECONDS: u32 = 1;

/// A plan is read up to this size, in bytes.
const MAX_PLAN_BYTES: u64 = 64 << 20;

/// How far a run is: the last line its child wrote.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Line {
    /// The objective it works on.
    pub stage: String,
    /// Its value in the best plan so far.
    pub best: f64,
    /// Its proven bound, once known.
    pub bound: Option<f64>,
    /// 0 to 100.
    pub percent: u8,
}

/// Makes plans. Cheap to clone.
#[derive(Clone)]
pub struct Planner(Arc<Inner>);

struct Inner {
    store: Store,
    folder: PathBuf,
    program: PathBuf,
    wake: Notify,
    runs: Mutex<HashMap<PlanId, Run>>,
    changed: watch::Sender<u64>,
}

struct Run {
    line: Option<Line>,
    /// Once asked for: end with the best plan so far.
    cancel: Arc<Notify>,
}

const POISON: &str = "no holder of this lock panics";

/// Why a run has no plan.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the planner ended with {status}: {said}")]
    Failed { status: std::process::ExitStatus, said: String },
    #[error("the planner did not end in time and was killed")]
    TooLong,
    #[error("the planner was to end before it could listen")]
    TooSoon,
    #[error("the plan is not as it should be: {0}")]
    NotAPlan(#[from] serde_json::Error),
}

impl Planner {
    /// Its files stand in `folder`; `program` is this program.
    pub fn new(store: Store, folder: PathBuf, program: PathBuf) -> Self {
        Self(Arc::new(Inner {
            store,
            folder,
            program,
            wake: Notify::new(),
            runs: Mutex::default(),
            changed: watch::Sender::new(0),
        }))
    }

    /// There is a plan to be made.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// The best plan so far becomes the draft. Does nothing if the plan is not being made here.
    pub fn cancel(&self, id: &PlanId) -> bool {
        let runs = self.0.runs.lock().expect(POISON);
        runs.get(id).inspect(|run| run.cancel.notify_one()).is_some()
    }

    /// How far a run is.
    pub fn line(&self, id: &PlanId) -> Option<Line> {
        self.0.runs.lock().expect(POISON).get(id).and_then(|run| run.line.clone())
    }

    /// Changes with every line and every end of a run.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Something of a plan changed that no run did.
    pub fn changed(&self) {
        self.0.changed.send_modify(|turn| *turn = turn.wrapping_add(1));
    }

    /// Makes plans until it is dropped; the child goes with it.
    pub async fn run(self) {
        loop {
            match self.0.store.next_plan_to_make().await {
                Ok(Some((plan, instance))) => self.make(&plan, &instance).await,
                Ok(None) => {
                    let _ = tokio::time::timeout(LOOK, self.0.wake.notified()).await;
                }
                Err(error) => {
                    tracing::error!(%error, "cannot look for plans to be made");
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    }

    async fn make(&self, plan: &PlanRow, instance: &str) {
        let cancel = Arc::new(Notify::new());
        let run = Run { line: None, cancel: cancel.clone() };
        self.0.runs.lock().expect(POISON).insert(plan.id.clone(), run);
        self.changed();
        tracing::info!(plan = %plan.id, "a plan is being made");
        let made = self.plan(plan, instance, &cancel).await;
        let kept = match made {
            Ok((text, summary)) => {
                tracing::info!(plan = %plan.id, served = summary.served, demanded = plan.demanded, "a plan is made");
                self.0.store.finish_plan(&plan.id, &text, &summary, clock::now()).await.map(drop)
            }
            Err(error) => {
                tracing::error!(plan = %plan.id, %error, "a plan could not be made");
                self.0.store.fail_plan(&plan.id, &words(&error), clock::now()).await
            }
        };
        if let Err(error) = kept {
            tracing::error!(plan = %plan.id, %error, "what became of a plan could not be kept; it is made anew");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.0.runs.lock().expect(POISON).remove(&plan.id);
        self.changed();
    }

    async fn plan(
        &self,
        plan: &PlanRow,
        instance: &str,
        cancel: &Notify,
    ) -> Result<(String, Summary), RunError> {
        tokio::fs::create_dir_all(&self.0.folder).await?;
        let file = |kind: &str| self.0.folder.join(format!("{}.{kind}.json", plan.id));
        let (from, to) = (file("instance"), file("plan"));
        tokio::fs::write(&from, instance).await?;
        let ended = match self.once(plan, plan.time_limit_s, [&from, &to], cancel).await {
            Err(RunError::TooSoon) => self.once(plan, LEAST_SECONDS, [&from, &to], cancel).await,
            ended => ended,
        };
        let _ = tokio::fs::remove_file(&from).await;
        let made = match ended {
            Ok(()) => read(&to).await,
            Err(error) => Err(error),
        };
        let _ = tokio::fs::remove_file(&to).await;
        let (text, made) = made?;
        Ok((text, summary(&made)))
    }

    async fn once(
        &self,
        plan: &PlanRow,
        seconds: u32,
        [from, to]: [&Path; 2],
        cancel: &Notify,
    ) -> Result<(), RunError> {
        let mut child = spawn(&self.0.program, plan.seed, seconds, [from, to])?;
        let pid = child.id();
        let mut said = String::new();
        let lines = async {
            let Some(stderr) = child.stderr.take() else { return };
            let mut stderr = BufReader::new(stderr);
            let mut line = Vec::new();
            loop {
                line.clear();
                match (&mut stderr).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).await {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
                match serde_json::from_slice::<Line>(&line) {
                    Ok(line) => self.heard(&plan.id, line),
                    // Its last words, if it fails.
                    Err(_) => said = String::from_utf8_lossy(&line).trim().to_owned(),
                }
            }
        };
        let cancelled = async {
            cancel.notified().await;
            end(pid);
            std::future::pending::<()>().await;
        };
        let limit = Duration::from_secs(u64::from(seconds)) + GRACE;
        let heard = tokio::time::timeout(limit, async {
            tokio::select! { () = lines => {}, () = cancelled => {} }
        });
        if heard.await.is_err() {
            child.kill().await?;
            return Err(RunError::TooLong);
        }
        let status = child.wait().await?;
        match status.signal() {
            _ if status.success() => Ok(()),
            Some(signal) if signal == nix::sys::signal::Signal::SIGTERM as i32 => Err(RunError::TooSoon),
            _ => Err(RunError::Failed { status, said }),
        }
    }

    fn heard(&self, id: &PlanId, line: Line) {
        if let Some(run) = self.0.runs.lock().expect(POISON).get_mut(id) {
            run.line = Some(line);
        }
        self.changed();
    }
}

/// The child plans with low priority and ends with this process, however that ends.
fn spawn(program: &Path, seed: u32, seconds: u32, [from, to]: [&Path; 2]) -> Result<Child, RunError> {
    Ok(Command::new("nice")
        .args(["-n", "15"])
        .arg(program)
        .arg("plan")
        .arg("--instance")
        .arg(from)
        .arg("--out")
        .arg(to)
        .args(["--progress", "json", "--with-parent"])
        .arg("--seed")
        .arg(seed.to_string())
        .arg("--time-limit")
        .arg(seconds.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?)
}

/// SIGTERM: the planner writes the best plan so far.
fn end(pid: Option<u32>) {
    if let Some(pid) = pid {
        let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
        // It may have ended by itself.
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
    }
}

async fn read(path: &Path) -> Result<(String, Plan), RunError> {
    let mut text = String::new();
    tokio::fs::File::open(path).await?.take(MAX_PLAN_BYTES).read_to_string(&mut text).await?;
    let plan = serde_json::from_str(&text)?;
    Ok((text, plan))
}

fn summary(plan: &Plan) -> Summary {
    let delivered: u32 =
        plan.lessons.iter().map(|lesson| u32::try_from(lesson.receiving.len()).unwrap_or(0)).sum();
    Summary {
        served: delivered,
        gap: plan.objectives.uncovered_periods.gap,
        seconds: plan.seconds,
        lessons: u32::try_from(plan.lessons.len()).unwrap_or(u32::MAX),
        stopped_early: plan.stopped_early,
    }
}

fn words(error: &RunError) -> [String; 2] {
    match error {
        RunError::TooSoon => [
            "排课程序刚启动就被停止了，请再试一次。".to_owned(),
            "The planner was stopped before it had begun. Try again.".to_owned(),
        ],
        RunError::TooLong => [
            "排课程序没有按时结束，已停止。请用更短的时间限制再试一次。".to_owned(),
            "The planner did not end in time and was stopped. Try again with a shorter time limit."
                .to_owned(),
        ],
        RunError::Store(_) => {
            ["数据库出错，请稍后再试一次。".to_owned(), "The database failed. Try again later.".to_owned()]
        }
        RunError::Io(cause) => [
            format!("服务器无法运行排课程序（{cause}）。请联系技术人员查看磁盘和日志。"),
            format!("The server cannot run the planner ({cause}). Have IT look at its disk and log."),
        ],
        RunError::Failed { said, .. } => [
            format!("排课程序出错了：{said}。请联系技术人员查看日志。"),
            format!("The planner failed: {said}. Have IT look at the log."),
        ],
        RunError::NotAPlan(_) => [
            "排课结果无法读取，请再试一次。".to_owned(),
            "What the planner wrote cannot be read. Try again.".to_owned(),
        ],
    }
}

/// When a plan begins, at the earliest: the next week that has not begun.
pub fn next_week(first_day: tongtang_protocol::day::Day, weeks: u8, now: UnixMillis) -> Option<u8> {
    let today = tongtang_protocol::day::Day::of(now);
    let begun = today.since(first_day).div_euclid(7) + 1;
    let next = if today < first_day { 1 } else { begun + 1 };
    u8::try_from(next).ok().filter(|week| *week <= weeks)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tongtang_protocol::day::Day;

    #[test]
    fn a_plan_begins_with_the_next_week_of_its_term() {
        let monday: Day = "2026-08-31".parse().unwrap();
        let week = |days: i64| next_week(monday, 20, monday.plus(days).at_minute(600));
        assert_eq!((week(-30), week(-1)), (Some(1), Some(1)));
        assert_eq!((week(0), week(6), week(7)), (Some(2), Some(2), Some(3)));
        assert_eq!((week(132), week(133)), (Some(20), None));
    }
}
