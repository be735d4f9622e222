//! Lessons open by themselves: shortly before its time a planned lesson becomes a live one to which the screens of its
//! classrooms are invited; when that is over, the timetable says whether it was held and who was there.
//!
//! Enters: the time, again and again (`app::App::run`). What it finds done it does not do again, and of two processes one
//! opens a lesson (`store::timetable_live`).

use crate::app::App;
use crate::clock;
use crate::fresh;
use crate::lesson::machine::MAX_NAME_CHARS;
use crate::lesson::runner::{CommandError, MAX_DRAWS};
use crate::lesson::{By, Command, Lesson, Seat};
use crate::store::StoreError;
use crate::store::timetable_live::{Live, Standing};
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::LessonId;
use tongtang_protocol::lesson::{LessonState, OPENS_BEFORE_MS, Role};
use tongtang_protocol::timetable::{TimetableLessonView, TimetableState};
use tongtang_protocol::units::UnixMillis;

use super::refusal::Refusal;
use crate::problem::ApiError;

/// A lesson that nobody began so long after its end was missed, in milliseconds.
pub const PATIENCE_MS: i64 = 15 * 60_000;

/// Opens what is due, and settles what is over.
pub async fn sweep(app: &App, now: UnixMillis) -> Result<(), CommandError> {
    open_due(app, now).await?;
    settle(app, now).await
}

async fn open_due(app: &App, now: UnixMillis) -> Result<(), CommandError> {
    for lesson in app.store().due_timetable_lessons(UnixMillis(now.0 + OPENS_BEFORE_MS), now).await? {
        if !app.lessons().has_room().await? {
            tracing::warn!(lesson = %lesson.id, "not opened yet: the media servers have no room for one more");
            continue;
        }
        open(app, &lesson, None, now).await?;
    }
    Ok(())
}

/// Opens one lesson, if nobody did.
async fn open(
    app: &App,
    lesson: &TimetableLessonView,
    instead_of: Option<&LessonId>,
    now: UnixMillis,
) -> Result<Option<LessonId>, StoreError> {
    let mut live = live_lesson(lesson, app.store().may_record(&lesson.id).await?, now);
    let mut draws = 1;
    let screens = loop {
        live.code = Some(fresh::code());
        match app.store().open_timetable_lesson(lesson, &live, instead_of).await {
            Ok(Some(screens)) => break screens,
            Ok(None) => return Ok(None),
            Err(error) if error.is_taken() && draws < MAX_DRAWS => draws += 1,
            Err(error) => return Err(error),
        }
    };
    tracing::info!(lesson = %lesson.id, live = %live.id, screens = screens.len(), "a lesson of the timetable is open");
    app.lessons().get(&live.id).await?;
    screens.iter().for_each(|screen| app.bus().device_changed(screen));
    super::desk::announce(app, &lesson.term_id, &[lesson]).await?;
    Ok(Some(live.id))
}

fn live_lesson(lesson: &TimetableLessonView, record: bool, now: UnixMillis) -> Lesson {
    Lesson {
        id: fresh::lesson_id(),
        title: lesson.title.clone(),
        state: LessonState::Open,
        video_codec: Default::default(),
        record,
        code: None,
        created_at: now,
        starts_at: Some(lesson.starts_at),
        started_at: None,
        ended_at: None,
        seats: vec![Seat {
            id: fresh::participant_id(),
            role: Role::Teacher,
            name: seat_name(&lesson.teacher_name),
            device_id: None,
            muted: false,
            hand_raised_at: None,
            last_on_stage_at: None,
            expelled_at: None,
        }],
        on_stage: None,
        recording_id: None,
        last_event_seq: 0,
        resource_id: None,
    }
}

/// A person's name as a seat has it.
pub fn seat_name(name: &str) -> String {
    name.chars().take(MAX_NAME_CHARS).collect()
}

/// Opens a lesson before its time, on its day, or finds it open.
pub async fn start(app: &App, lesson: &TimetableLessonView) -> Result<LessonId, ApiError> {
    let now = clock::now();
    if lesson.state == TimetableState::Cancelled {
        return Err(Refusal::WrongState { title: lesson.title.clone(), state: lesson.state }.into());
    }
    if lesson.day > Day::of(now) {
        return Err(Refusal::NotToday { title: lesson.title.clone(), day: lesson.day }.into());
    }
    if lesson.state != TimetableState::Planned || lesson.ends_at <= now {
        return Err(Refusal::Past { title: lesson.title.clone() }.into());
    }
    if let Some(id) = &lesson.lesson_id {
        let live = app.store().lesson(id).await?;
        if live.is_some_and(|live| live.state.has_media()) {
            return Ok(id.clone());
        }
    }
    if !app.lessons().has_room().await? {
        return Err(ApiError::TooManyLessons);
    }
    if let Some(id) = open(app, lesson, lesson.lesson_id.as_ref(), now).await? {
        return Ok(id);
    }
    // Somebody else was faster.
    let there = app.store().timetable_lesson(&lesson.id).await?;
    there.and_then(|there| there.lesson_id).ok_or(ApiError::Timetable(Refusal::Stale))
}

async fn settle(app: &App, now: UnixMillis) -> Result<(), CommandError> {
    for standing in app.store().unsettled_timetable_lessons(now).await? {
        let state = match outcome(&standing, now) {
            Outcome::Waits => continue,
            Outcome::Ends(live) => {
                tracing::warn!(lesson = %standing.id, %live, "ended: its time passed and nobody began it");
                if let Some(runner) = app.lessons().get(&live).await? {
                    runner.command(By::Desk, Command::End).await?;
                }
                TimetableState::Missed
            }
            Outcome::Is(state) => state,
        };
        if app.store().settle_timetable_lesson(&standing.id, state, now).await? {
            tracing::info!(lesson = %standing.id, ?state, "a lesson of the timetable is over");
            if let Some(lesson) = app.store().timetable_lesson(&standing.id).await? {
                super::desk::announce(app, &lesson.term_id, &[&lesson]).await?;
            }
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
enum Outcome {
    /// Nothing yet.
    Waits,
    /// Nobody began it: its live lesson ends, and it was missed.
    Ends(LessonId),
    /// Held or missed.
    Is(TimetableState),
}

fn outcome(standing: &Standing, now: UnixMillis) -> Outcome {
    let long_over = now.0 >= standing.ends_at.0 + PATIENCE_MS;
    match &standing.live {
        None if long_over => Outcome::Is(TimetableState::Missed),
        None => Outcome::Waits,
        Some(Live { id, state: LessonState::Scheduled | LessonState::Open, .. }) if long_over => {
            Outcome::Ends(id.clone())
        }
        Some(live) if live.state.has_media() || live.state == LessonState::Scheduled => Outcome::Waits,
        Some(Live { was_started: true, .. }) => Outcome::Is(TimetableState::Held),
        // It was ended before it began; it can still be started until its end.
        Some(_) if now >= standing.ends_at => Outcome::Is(TimetableState::Missed),
        Some(_) => Outcome::Waits,
    }
}
