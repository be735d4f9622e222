//! Jobs with real composer processes: killed, cancelled, retried, interrupted.

use super::fixture::*;
use super::small_disk::SmallDisk;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tongtang_protocol::control::{ComposeSpec, ComposeState, ComposeStatus, RecorderEvent};
use tongtang_protocol::ids::JobId;
use tongtang_protocol::lesson::LessonEventKind;
use tongtang_protocol::trouble::JobTrouble;
use tongtang_recorder::board::Board;
use tongtang_recorder::compose::output::Resource;
use tongtang_recorder::compose::sandbox::{MAX_ADDRESS_SPACE_BYTES, MAX_CPU_S, MAX_FILE_BYTES};
use tongtang_recorder::jobs::{Jobs, JobsConfig, MAX_ATTEMPTS, MAX_ENDED_JOBS, SubmitError};
use tongtang_roq::control::FlowCodec;

/// Composers run at the lowest priority, beside whatever else the machine does.
pub const DEADLINE: Duration = Duration::from_secs(300);

pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_tongtang-recorder"))
}

/// `seconds` of lesson with two seconds of pictures: the rest is long to compose, but quick to make.
pub fn lesson(seconds: i64) -> Lesson {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.event(seconds * 1000, LessonEventKind::Ended);
    lesson.send(&camera("teacher", FlowCodec::H264), &h264(&plain(120, 320, 180), 2, 25), |_, _| true);
    lesson.finish();
    lesson
}

fn start(media: &Path) -> (Jobs, Board) {
    start_leaving(media, 0)
}

fn start_leaving(media: &Path, min_free_bytes: u64) -> (Jobs, Board) {
    let board = Board::new(1);
    let config = JobsConfig { media_dir: media.to_owned(), at_once: 1, min_free_bytes, program: program() };
    (Jobs::start(config, board.clone()).unwrap(), board)
}

pub fn job() -> JobId {
    JobId::new("job-1").unwrap()
}

fn spec(lesson: &Lesson) -> ComposeSpec {
    ComposeSpec { recording_id: lesson.id.clone() }
}

async fn until(board: &Board, what: &str, wanted: impl Fn(&ComposeState) -> bool) -> ComposeStatus {
    let (snapshot, mut changes) = board.follow();
    let known = match snapshot {
        RecorderEvent::Snapshot { jobs, .. } => jobs.into_iter().find(|status| status.job_id == job()),
        _ => None,
    };
    let mut last = known;
    tokio::time::timeout(DEADLINE, async {
        loop {
            if let Some(status) = last.take().filter(|status| wanted(&status.state)) {
                return status;
            }
            if let RecorderEvent::Job { job } = changes.recv().await.unwrap() {
                last = Some(job);
            }
        }
    })
    .await
    .unwrap_or_else(|_| panic!("{what}: {:?}", board.job(&job())))
}

pub fn is_done(state: &ComposeState) -> bool {
    matches!(state, ComposeState::Done { .. })
}

fn is_failed(state: &ComposeState) -> bool {
    matches!(state, ComposeState::Failed { .. })
}

pub fn is_composing(state: &ComposeState) -> bool {
    matches!(state, ComposeState::Running { percent, .. } if *percent >= 25)
}

fn assert_confined(composer: rustix::process::Pid) {
    let folder = Path::new("/proc").join(composer.as_raw_nonzero().to_string());
    let limits = std::fs::read_to_string(folder.join("limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(limit("Max core file size"), "0");
    assert_eq!(limit("Max address space"), MAX_ADDRESS_SPACE_BYTES.to_string());
    assert_eq!(limit("Max cpu time"), MAX_CPU_S.to_string());
    assert_eq!(limit("Max file size"), MAX_FILE_BYTES.to_string());
    assert_eq!(std::fs::read(folder.join("environ")).unwrap(), b"MALLOC_ARENA_MAX=4\0");
    let allowed = Command::new("unshare").args(["--net", "true"]).status().is_ok_and(|s| s.success());
    let network = |of: &Path| std::fs::read_link(of.join("ns/net")).unwrap();
    if allowed {
        assert_ne!(network(&folder), network(Path::new("/proc/self")), "it has no network");
    }
}

/// The composer of a recording, found by its command line.
pub fn composer_of(lesson: &Lesson) -> Option<rustix::process::Pid> {
    let folder = lesson.folder();
    std::fs::read_dir("/proc").unwrap().filter_map(Result::ok).find_map(|entry| {
        let id: i32 = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line);
        let is_it = line.contains("tongtang-recorder\0compose") && line.contains(folder.to_str()?);
        is_it.then(|| rustix::process::Pid::from_raw(id)).flatten()
    })
}

pub async fn until_gone(lesson: &Lesson) {
    tokio::time::timeout(DEADLINE, async {
        while composer_of(lesson).is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the composer ends");
}

/// Until a stopped composer's half-done output is removed.
async fn until_only_captured(lesson: &Lesson) {
    tokio::time::timeout(DEADLINE, async {
        while std::fs::read_dir(lesson.folder()).unwrap().count() > 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("manifest and tracks only");
}

#[tokio::test]
async fn a_job_is_done_once_however_often_it_is_submitted() {
    let lesson = lesson(2);
    let (jobs, board) = start(lesson.media.path());
    for _ in 0..3 {
        assert!(!is_failed(&jobs.submit(&job(), &spec(&lesson)).unwrap().state));
    }
    let other = JobId::new("job-2").unwrap();
    assert!(matches!(jobs.submit(&other, &spec(&lesson)), Err(SubmitError::Busy(_))));
    let done = until(&board, "done", is_done).await;
    let ComposeState::Done { output } = &done.state else { panic!("{done:?}") };
    assert_eq!(output.playlist, "rec-1/out/master.m3u8");
    assert!(lesson.media.path().join(&output.playlist).is_file());
    assert!(lesson.media.path().join(&output.poster).is_file());
    assert_eq!(jobs.submit(&job(), &spec(&lesson)).unwrap(), done);
    assert_eq!(jobs.cancel(&job()), Some(done.clone()), "what is done stays done");
    drop(jobs);
    let (jobs, _) = start(lesson.media.path());
    assert_eq!(jobs.snapshot(), std::slice::from_ref(&done));

    // Long after, when it is forgotten: known by what it made, and told to who does not know it.
    drop(jobs);
    let made = std::fs::metadata(lesson.out().join("resource.json")).unwrap().modified().unwrap();
    std::fs::remove_file(lesson.media.path().join("jobs/job-1.json")).unwrap();
    let (jobs, board) = start(lesson.media.path());
    let (_, mut changes) = board.follow();
    assert_eq!(jobs.submit(&job(), &spec(&lesson)).unwrap(), done);
    assert_eq!(changes.try_recv().unwrap(), RecorderEvent::Job { job: done });
    let now = std::fs::metadata(lesson.out().join("resource.json")).unwrap().modified().unwrap();
    assert_eq!(made, now, "nothing was composed again");
}

#[tokio::test]
async fn of_the_jobs_that_ended_the_last_are_remembered() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("jobs");
    std::fs::create_dir(&folder).unwrap();
    let file = |number: usize| folder.join(format!("job-{number}.json"));
    for number in 0..MAX_ENDED_JOBS + 3 {
        let state = format!(
            "{{\"job_id\":\"job-{number}\",\"recording_id\":\"rec-{number}\",\"attempts\":1,\
             \"ended_unix_us\":{},\"state\":\"cancelled\"}}",
            2_000_000 - number
        );
        std::fs::write(file(number), state).unwrap();
    }
    let (jobs, board) = start(media.path());
    assert_eq!((jobs.snapshot().len(), board.jobs().len()), (MAX_ENDED_JOBS, MAX_ENDED_JOBS));
    for number in MAX_ENDED_JOBS..MAX_ENDED_JOBS + 3 {
        assert_eq!(jobs.status(&JobId::new(format!("job-{number}")).unwrap()), None);
        assert!(!file(number).exists());
    }
    assert!(file(0).exists());
}

#[tokio::test]
async fn a_killed_composer_is_a_failed_job_that_can_be_retried() {
    let lesson = lesson(40);
    let (jobs, board) = start(lesson.media.path());
    jobs.submit(&job(), &spec(&lesson)).unwrap();
    until(&board, "composing", is_composing).await;
    let composer = composer_of(&lesson).unwrap();
    assert_confined(composer);
    rustix::process::kill_process(composer, rustix::process::Signal::KILL).unwrap();
    let failed = until(&board, "failed", is_failed).await;
    let ComposeState::Failed { failure } = &failed.state else { panic!("{failed:?}") };
    assert_eq!(failure.trouble, JobTrouble::Killed, "{failure:?}");
    assert!(!lesson.out().exists());
    let left: Vec<_> = std::fs::read_dir(lesson.folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "manifest and tracks only: {left:?}");

    assert_eq!(jobs.submit(&job(), &spec(&lesson)).unwrap().state, ComposeState::Queued);
    until(&board, "done after the retry", is_done).await;
    assert!(Resource::read(&lesson.out()).is_some());
}

#[tokio::test]
async fn a_cancelled_job_stops_its_composer_and_can_be_submitted_again() {
    let lesson = lesson(40);
    let (jobs, board) = start(lesson.media.path());
    jobs.submit(&job(), &spec(&lesson)).unwrap();
    until(&board, "composing", is_composing).await;
    assert_eq!(jobs.cancel(&job()).unwrap().state, ComposeState::Cancelled);
    until_gone(&lesson).await;
    assert!(!lesson.out().exists());
    assert_eq!(board.job(&job()).unwrap().state, ComposeState::Cancelled);
    until_only_captured(&lesson).await;
    jobs.submit(&job(), &spec(&lesson)).unwrap();
    until(&board, "composing again", is_composing).await;
    assert_eq!(jobs.cancel(&job()).unwrap().state, ComposeState::Cancelled);
    until_gone(&lesson).await;
}

/// The job file that a dead recorder leaves.
fn leave_running(media: &Path, attempts: u32) {
    let folder = media.join("jobs");
    std::fs::create_dir_all(&folder).unwrap();
    let state = format!(
        "{{\"job_id\":\"job-1\",\"recording_id\":\"rec-1\",\"attempts\":{attempts},\
         \"state\":\"running\",\"percent\":40,\"step\":\"composing\",\"eta_s\":3}}"
    );
    std::fs::write(folder.join("job-1.json"), state).unwrap();
}

#[tokio::test]
async fn what_a_dead_recorder_left_running_is_finished_at_start_or_given_up_with_a_reason() {
    let lesson = lesson(2);
    let left = |attempts| leave_running(lesson.media.path(), attempts);
    left(MAX_ATTEMPTS);
    let (jobs, _) = start(lesson.media.path());
    let state = jobs.status(&job()).unwrap().state;
    let ComposeState::Failed { failure } = &state else { panic!("{state:?}") };
    assert_eq!(failure.trouble, JobTrouble::Interrupted { times: MAX_ATTEMPTS });
    assert!(failure.text.contains("3 times"), "{failure:?}");

    left(1);
    std::fs::create_dir_all(lesson.folder().join("out.part-77/720p")).unwrap();
    let (_jobs, board) = start(lesson.media.path());
    assert!(!lesson.folder().join("out.part-77").exists());
    let done = until(&board, "done", is_done).await;

    // The output stood already, only the state was not written.
    left(1);
    let made = std::fs::metadata(lesson.out().join("resource.json")).unwrap().modified().unwrap();
    let (jobs, _) = start(lesson.media.path());
    assert_eq!(jobs.snapshot(), [done]);
    let now = std::fs::metadata(lesson.out().join("resource.json")).unwrap().modified().unwrap();
    assert_eq!(made, now, "nothing was composed again");
}

#[tokio::test]
async fn a_job_waits_until_its_recording_is_finished_and_others_are_refused() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.event(2_000, LessonEventKind::Ended);
    lesson.send(&camera("teacher", FlowCodec::H264), &h264(&plain(120, 320, 180), 2, 25), |_, _| true);
    let (jobs, board) = start(lesson.media.path());
    assert_eq!(jobs.submit(&job(), &spec(&lesson)).unwrap().state, ComposeState::Queued);
    let unknown = ComposeSpec { recording_id: tongtang_protocol::ids::RecordingId::new("rec-9").unwrap() };
    let other = JobId::new("job-2").unwrap();
    assert!(matches!(jobs.submit(&other, &unknown), Err(SubmitError::UnknownRecording(_))));
    assert_eq!(jobs.status(&job()).unwrap().state, ComposeState::Queued);
    lesson.finish();
    until(&board, "done", is_done).await;
}

#[tokio::test]
async fn a_lesson_of_which_nothing_came_fails_with_a_code_that_pages_can_translate() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.event(2_000, LessonEventKind::Ended);
    lesson.finish();
    let (jobs, board) = start(lesson.media.path());
    jobs.submit(&job(), &spec(&lesson)).unwrap();
    let failed = until(&board, "failed", is_failed).await;
    let ComposeState::Failed { failure } = &failed.state else { panic!("{failed:?}") };
    assert_eq!(failure.trouble, JobTrouble::NothingCaptured);
    assert!(failure.text.ends_with("so there is nothing to compose"), "{failure:?}");
}

#[test]
fn a_composer_ends_when_its_recorder_does() {
    let lesson = lesson(600);
    let mut composer = Command::new(program())
        .args(["compose", "--supervised", "--recording"])
        .arg(lesson.folder())
        .arg("--out")
        .arg(lesson.out())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // What the kernel does to the pipe of a recorder that was killed.
    drop(composer.stdin.take());
    assert_eq!(composer.wait().unwrap().code(), Some(2));
    assert!(!lesson.out().exists());
}

#[test]
fn a_full_disk_is_named_and_leaves_nothing_behind() {
    // A disk of 20 MB, of which the composer leaves 16 alone.
    let lesson = lesson(2);
    let disk = tempfile::tempdir().unwrap();
    let test = "jobs::a_full_disk_is_named_and_leaves_nothing_behind";
    let Some(_mounted) = SmallDisk::mount(test, disk.path(), 20 << 20) else { return };
    std::fs::write(disk.path().join("other"), vec![1; 5 << 20]).unwrap();
    let output = Command::new(program())
        .args(["compose", "--recording"])
        .arg(lesson.folder())
        .arg("--out")
        .arg(disk.path().join("out"))
        .output()
        .unwrap();
    let reason = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(reason.ends_with("left to the recordings; free some space, then retry\n"), "{reason}");
    assert_eq!(std::fs::read_dir(disk.path()).unwrap().count(), 1, "nothing is left behind");
}

#[tokio::test]
async fn a_job_takes_no_room_that_a_live_recording_needs_and_is_done_when_there_is_more() {
    let lesson = lesson(2);
    let stat = rustix::fs::statvfs(lesson.media.path()).unwrap();
    // Recording may go on here; composing leaves half as much again.
    let min_free_bytes = stat.f_bavail * stat.f_frsize / 4 * 3;
    let (jobs, board) = start_leaving(lesson.media.path(), min_free_bytes);
    jobs.submit(&job(), &spec(&lesson)).unwrap();
    let failed = until(&board, "failed", is_failed).await;
    let ComposeState::Failed { failure } = &failed.state else { panic!("{failed:?}") };
    assert_eq!(failure.trouble, JobTrouble::DiskFull);
    assert!(failure.text.contains("left to the recordings"), "{failure:?}");
    until_only_captured(&lesson).await;

    drop(jobs);
    let (jobs, board) = start(lesson.media.path());
    jobs.submit(&job(), &spec(&lesson)).unwrap();
    until(&board, "done after the retry", is_done).await;
}

#[tokio::test]
async fn a_full_disk_keeps_nobody_from_starting() {
    let disk = tempfile::tempdir().unwrap();
    let test = "jobs::a_full_disk_keeps_nobody_from_starting";
    let Some(_mounted) = SmallDisk::mount(test, disk.path(), 1 << 20) else { return };
    leave_running(disk.path(), MAX_ATTEMPTS);
    // Fails when the disk is full, which is the point.
    let _ = std::fs::write(disk.path().join("other"), vec![1; 2 << 20]);
    let (jobs, _) = start(disk.path());
    let state = jobs.status(&job()).unwrap().state;
    assert!(is_failed(&state), "{state:?}");
}
