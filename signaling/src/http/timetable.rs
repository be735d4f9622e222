//! Lessons of a term: a week of them, changing them, and what was changed.

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_about, need_at};
use crate::bus::Touched;
use crate::problem::{ApiError, Language};
use crate::store::timetable::Whose;
use crate::timetable::{desk, together};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::broadcast;
use tongtang_protocol::ids::{ChangeId, TermId, TimetableLessonId};
use tongtang_protocol::problem::Problem;
use tongtang_protocol::timetable::{
    ChangeRequest, ChangeView, ChangedView, CheckView, TimetableEvent, TimetableLessonInput,
    TimetableLessonView, TogetherRequest, WeekQuery, WeekView,
};

/// Lessons of a week page at most; it says when there are more.
const MAX_WEEK: u32 = 2_000;

/// Changes of one answer of the history at most.
const MAX_CHANGES: u32 = 200;

/// One week of a teacher, a class, a classroom, or a place with those below it.
#[utoipa::path(
    get, path = "/api/terms/{id}/weeks/{week}", operation_id = "timetable_week", tag = "timetable",
    params(("id" = TermId, Path), ("week" = u8, Path), WeekQuery),
    responses((status = 200, body = WeekView), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn week(
    State(app): State<App>,
    caller: Caller,
    Path((term, week)): Path<(TermId, u8)>,
    Query(query): Query<WeekQuery>,
) -> Result<Json<WeekView>, ApiError> {
    caller.may(Act::ReadCounty)?;
    let whose = whose(query)?;
    let org = app.store().org_of(&whose).await?.ok_or(ApiError::NotFound)?;
    need_at(&app, &caller, Act::ReadCounty, &org).await?;
    let term = app.store().calendar(&term).await?.ok_or(ApiError::NotFound)?;
    let calendar = crate::calendar::Calendar::new(&term);
    let monday = calendar.monday_of(week).ok_or(ApiError::NotFound)?;
    let mut lessons = app.store().timetable_week(&term.id, monday, &whose, MAX_WEEK + 1).await?;
    let is_cut = lessons.len() > MAX_WEEK as usize;
    lessons.truncate(MAX_WEEK as usize);
    Ok(Json(WeekView { term, week, monday, lessons, is_cut }))
}

fn whose(query: WeekQuery) -> Result<Whose, ApiError> {
    match query {
        WeekQuery { teacher_id: Some(id), class_id: None, classroom_id: None, org_id: None } => {
            Ok(Whose::Teacher(id))
        }
        WeekQuery { teacher_id: None, class_id: Some(id), classroom_id: None, org_id: None } => {
            Ok(Whose::Class(id))
        }
        WeekQuery { teacher_id: None, class_id: None, classroom_id: Some(id), org_id: None } => {
            Ok(Whose::Classroom(id))
        }
        WeekQuery { teacher_id: None, class_id: None, classroom_id: None, org_id: Some(id) } => {
            Ok(Whose::Org(id))
        }
        _ => Err(ApiError::BadInput("teacher_id, class_id, classroom_id, org_id")),
    }
}

/// A new lesson on the timetable.
#[utoipa::path(
    post, path = "/api/terms/{id}/lessons", operation_id = "timetable_add", tag = "timetable",
    params(("id" = TermId, Path)), request_body = TimetableLessonInput,
    responses(
        (status = 201, body = ChangedView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(term): Path<TermId>,
    Json(body): Json<TimetableLessonInput>,
) -> Result<(StatusCode, Json<ChangedView>), ApiError> {
    let view = desk::add(&app, &caller, &term, body, Language::of(&headers)).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Could a lesson be added so? Nothing happens.
#[utoipa::path(
    post, path = "/api/terms/{id}/lessons/checks", operation_id = "timetable_check_new", tag = "timetable",
    params(("id" = TermId, Path)), request_body = TimetableLessonInput,
    responses((status = 200, body = CheckView), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn check_new(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(term): Path<TermId>,
    Json(body): Json<TimetableLessonInput>,
) -> Result<Json<CheckView>, ApiError> {
    Ok(Json(desk::check_new(&app, &caller, &term, body, Language::of(&headers)).await?))
}

/// Changes several lessons at once, all of them or none: one change of the history.
#[utoipa::path(
    post, path = "/api/terms/{id}/changes", operation_id = "timetable_change_together", tag = "timetable",
    params(("id" = TermId, Path)), request_body = TogetherRequest,
    responses(
        (status = 200, body = ChangedView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn change_together(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(term): Path<TermId>,
    Json(body): Json<TogetherRequest>,
) -> Result<Json<ChangedView>, ApiError> {
    Ok(Json(together::make(&app, &caller, &term, &body, Language::of(&headers)).await?))
}

/// One lesson of a timetable.
#[utoipa::path(
    get, path = "/api/timetable-lessons/{id}", operation_id = "timetable_show", tag = "timetable",
    params(("id" = TimetableLessonId, Path)),
    responses((status = 200, body = TimetableLessonView), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TimetableLessonId>,
) -> Result<Json<TimetableLessonView>, ApiError> {
    Ok(Json(desk::show(&app, &caller, &id).await?))
}

/// Could this change be made? Nothing happens.
#[utoipa::path(
    post, path = "/api/timetable-lessons/{id}/checks", operation_id = "timetable_check", tag = "timetable",
    params(("id" = TimetableLessonId, Path)), request_body = ChangeRequest,
    responses((status = 200, body = CheckView), (status = 404, body = Problem))
)]
pub async fn check(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<TimetableLessonId>,
    Json(body): Json<ChangeRequest>,
) -> Result<Json<CheckView>, ApiError> {
    Ok(Json(desk::check(&app, &caller, &id, &body, Language::of(&headers)).await?))
}

/// Moves, cancels, restores, swaps, or has another teacher.
#[utoipa::path(
    post, path = "/api/timetable-lessons/{id}/changes", operation_id = "timetable_change", tag = "timetable",
    params(("id" = TimetableLessonId, Path)), request_body = ChangeRequest,
    responses(
        (status = 200, body = ChangedView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<TimetableLessonId>,
    Json(body): Json<ChangeRequest>,
) -> Result<Json<ChangedView>, ApiError> {
    Ok(Json(desk::make(&app, &caller, &id, &body, Language::of(&headers)).await?))
}

/// Which part of the history.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Those before this change.
    #[serde(default)]
    after: Option<ChangeId>,
    /// At most so many, 1 to 200.
    #[serde(default)]
    limit: Option<u32>,
}

/// What was changed in a term, the newest first: to whoever reads the term's place all of it, to others what concerns
/// their places.
#[utoipa::path(
    get, path = "/api/terms/{id}/changes", operation_id = "timetable_history", tag = "timetable",
    params(("id" = TermId, Path), HistoryQuery),
    responses((status = 200, body = Vec<ChangeView>), (status = 404, body = Problem))
)]
pub async fn history(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(term): Path<TermId>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Vec<ChangeView>>, ApiError> {
    let scope = caller.may(Act::ReadCounty)?;
    let term = app.store().calendar(&term).await?.ok_or(ApiError::NotFound)?;
    let path = need_about(&app, &caller, Act::ReadCounty, &term.org_id).await?;
    let within = (!scope.covers(&path)).then_some(&scope);
    let limit = query.limit.unwrap_or(MAX_CHANGES).clamp(1, MAX_CHANGES);
    let changes = app.store().timetable_changes(&term.id, within, query.after.as_ref(), limit).await?;
    let language = Language::of(&headers);
    Ok(Json(changes.iter().map(|change| desk::view_of(change, language)).collect()))
}

/// Takes a change back.
#[utoipa::path(
    post, path = "/api/changes/{id}/undo", operation_id = "timetable_undo", tag = "timetable",
    params(("id" = ChangeId, Path)),
    responses((status = 200, body = ChangedView), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub async fn undo(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<ChangeId>,
) -> Result<Json<ChangedView>, ApiError> {
    Ok(Json(desk::undo(&app, &caller, &id, Language::of(&headers)).await?))
}

/// What changes, as server-sent events: `changed` carries a `TimetableEvent`; after `missed` everything is read anew.
#[utoipa::path(
    get, path = "/api/timetable/events", operation_id = "timetable_events", tag = "timetable",
    responses((status = 200, content_type = "text/event-stream", body = TimetableEvent), (status = 401, body = Problem))
)]
pub async fn events(State(app): State<App>, caller: Caller) -> Result<impl IntoResponse, ApiError> {
    caller.may(Act::ReadCounty)?;
    let changes = app.bus().timetable();
    Ok(Sse::new(event_stream(app, caller, changes)).keep_alive(KeepAlive::default()))
}

/// Ends when the caller may not look any more; what changes meanwhile at places that are no longer theirs is not told.
fn event_stream(
    app: App,
    caller: Caller,
    changes: broadcast::Receiver<Arc<Touched>>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    futures_util::stream::unfold((app, caller, changes), async |(app, caller, mut changes)| {
        loop {
            let told = changes.recv().await;
            let scope = caller.again(&app).await.ok()??.may(Act::ReadCounty).ok()?;
            let event = match told {
                Ok(touched) if touched.paths.iter().any(|path| scope.covers(path)) => {
                    Event::default().event("changed").json_data(&touched.event)
                }
                Ok(_) => continue,
                Err(broadcast::error::RecvError::Lagged(_)) => Ok(Event::default().event("missed").data("")),
                Err(broadcast::error::RecvError::Closed) => return None,
            };
            if let Ok(event) = event {
                return Some((Ok(event), (app, caller, changes)));
            }
        }
    })
}
