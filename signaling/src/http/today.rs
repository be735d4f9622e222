//! Today's lessons, and starting one.

use super::lessons::teacher_url;
use crate::app::{App, Scheme};
use crate::auth::Caller;
use crate::auth::policy::Act;
use crate::clock;
use crate::problem::ApiError;
use crate::timetable::{desk, opening};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap};
use std::collections::HashSet;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::TimetableLessonId;
use tongtang_protocol::problem::Problem;
use tongtang_protocol::timetable::{StartedView, TimetableState, TodayLesson, TodayView};

/// Lessons of the answer at most, by time.
const MAX_TODAY: u32 = 500;

/// What is given and received today at the caller's places.
#[utoipa::path(
    get, path = "/api/today", operation_id = "timetable_today", tag = "timetable",
    responses((status = 200, body = TodayView), (status = 401, body = Problem))
)]
pub async fn today(State(app): State<App>, caller: Caller) -> Result<Json<TodayView>, ApiError> {
    let scope = caller.may(Act::ReadCounty)?;
    let now = clock::now();
    let day = Day::of(now);
    let lessons = app.store().lessons_of_day(scope.json(), day.at_minute(0), MAX_TODAY).await?;
    let (startable, own): (HashSet<_>, _) = match caller.lessons(Act::ChangeLessons) {
        Ok(lessons_of) => {
            let orgs: Vec<_> = lessons.iter().map(|lesson| &lesson.org_id).collect();
            let within = app.store().orgs_within(&lessons_of.at.json(), &orgs).await?;
            (within.into_iter().collect(), lessons_of.taught_by)
        }
        Err(_) => (HashSet::new(), None),
    };
    let of_today = |lesson: tongtang_protocol::timetable::TimetableLessonView| TodayLesson {
        can_start: lesson.state == TimetableState::Planned
            && lesson.ends_at > now
            && (startable.contains(&lesson.org_id) || own.as_ref() == Some(&lesson.teacher_id)),
        lesson,
    };
    Ok(Json(TodayView { day, lessons: lessons.into_iter().map(of_today).collect() }))
}

/// Opens a lesson of today, if it is not open, and gives the teacher's page: to its teacher, and to administrators.
#[utoipa::path(
    post, path = "/api/timetable-lessons/{id}/start", operation_id = "timetable_start", tag = "timetable",
    params(("id" = TimetableLessonId, Path)),
    responses((status = 200, body = StartedView), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub async fn start(
    State(app): State<App>,
    caller: Caller,
    extensions: Extensions,
    headers: HeaderMap,
    Path(id): Path<TimetableLessonId>,
) -> Result<Json<StartedView>, ApiError> {
    let may = caller.lessons(Act::ChangeLessons)?;
    let lesson = desk::show(&app, &caller, &id).await?;
    let path = app.store().org_path(&lesson.org_id).await?;
    let is_open =
        path.is_some_and(|path| may.at.covers(&path)) || may.taught_by.as_ref() == Some(&lesson.teacher_id);
    if !is_open {
        return Err(ApiError::NotFound);
    }
    let lesson_id = opening::start(&app, &lesson).await?;
    let scheme = Scheme::of(&extensions, &headers, &app);
    let teacher_url = teacher_url(&app, &lesson_id, &headers, scheme);
    Ok(Json(StartedView { lesson_id, teacher_url }))
}
