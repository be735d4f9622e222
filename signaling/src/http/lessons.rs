//! Making, listing and ending lessons, and media for programs that have no page.

use super::input;
use crate::app::{App, Scheme};
use crate::auth::Caller;
use crate::auth::policy::{Act, need_lesson};
use crate::clock;
use crate::fresh;
use crate::lesson::runner::MAX_DRAWS;
use crate::lesson::view::{Moment, view_of};
use crate::lesson::{By, Command, Lesson, Newcomer, Runner, Seat};
use crate::problem::ApiError;
use crate::ws::page::grant_for;
use crate::ws::session::Seated;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use std::sync::Arc;
use tongtang_protocol::api::{GrantRequest, Granted, LessonAccess, NewLesson, Part};
use tongtang_protocol::ids::{DeviceId, LessonId};
use tongtang_protocol::lesson::{LessonState, LessonView, MAX_CLASSROOMS, OPENS_BEFORE_MS, Role};
use tongtang_protocol::problem::Problem;

/// How far ahead lessons are scheduled, in milliseconds: two school years.
const MAX_AHEAD_MS: i64 = 2 * 366 * 24 * 3_600_000;

/// A lesson that was to begin so long ago is a mistake, in milliseconds; a little late is not.
const PAST_MS: i64 = 24 * 3_600_000;

/// The teacher's name before they have one.
const TEACHER_NAME: &str = "主讲教师";

/// The caller's lessons, the newest first.
#[utoipa::path(
    get, path = "/api/lessons", operation_id = "lesson_list", tag = "lesson", params(Part),
    responses((status = 200, body = Vec<LessonView>), (status = 401, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Json<Vec<LessonView>>, ApiError> {
    let of = caller.lessons(Act::ReadLessons)?;
    let lessons = app.store().lessons(&of, &input::slice(part)?, clock::now()).await?;
    let views = lessons.iter().map(|lesson| match app.lessons().running(&lesson.id) {
        Some(runner) => (*runner.view_now()).clone(),
        None => view_of(lesson, &Moment::default()),
    });
    Ok(Json(views.collect()))
}

/// A new lesson, open at once or at its time.
#[utoipa::path(
    post, path = "/api/lessons", operation_id = "lesson_create", tag = "lesson", request_body = NewLesson,
    responses(
        (status = 201, body = LessonAccess), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    extensions: Extensions,
    headers: HeaderMap,
    Json(body): Json<NewLesson>,
) -> Result<(StatusCode, Json<LessonAccess>), ApiError> {
    caller.need_admin()?;
    let invited = known_devices(&app, body.device_ids.unwrap_or_default()).await?;
    let now = clock::now();
    if body.starts_at.is_some_and(|at| at.0 < now.0 - PAST_MS || at.0 > now.0 + MAX_AHEAD_MS) {
        return Err(ApiError::BadInput("starts_at"));
    }
    let is_later = body.starts_at.is_some_and(|at| at.0 > now.0 + OPENS_BEFORE_MS);
    if !is_later {
        need_room(&app).await?;
    }
    let mut lesson = Lesson {
        id: fresh::lesson_id(),
        title: input::title(&body.title)?,
        state: if is_later { LessonState::Scheduled } else { LessonState::Open },
        video_codec: body.video_codec.unwrap_or_default(),
        record: body.record.unwrap_or(true),
        code: None,
        created_at: now,
        starts_at: body.starts_at,
        started_at: None,
        ended_at: None,
        seats: vec![Seat {
            id: fresh::participant_id(),
            role: Role::Teacher,
            name: TEACHER_NAME.to_owned(),
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
    };
    insert_with_code(&app, &mut lesson, &invited).await?;
    tracing::info!(lesson = %lesson.id, "lesson made");
    let runner = running(&app, &lesson.id).await?;
    invited.iter().for_each(|device| app.bus().device_changed(device));
    let scheme = Scheme::of(&extensions, &headers, &app);
    Ok((StatusCode::CREATED, Json(access_of(&app, (*runner.view_now()).clone(), &headers, scheme))))
}

/// One lesson.
#[utoipa::path(
    get, path = "/api/lessons/{id}", operation_id = "lesson_show",
    tag = "lesson", params(("id" = LessonId, Path)),
    responses((status = 200, body = LessonView), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<LessonId>,
) -> Result<Json<LessonView>, ApiError> {
    need_lesson(&app, &caller, Act::ReadLessons, &id).await?;
    Ok(Json(view(&app, &id).await?))
}

/// The lesson's links and code.
#[utoipa::path(
    get, path = "/api/lessons/{id}/access", operation_id = "lesson_access",
    tag = "lesson", params(("id" = LessonId, Path)),
    responses((status = 200, body = LessonAccess), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn access(
    State(app): State<App>,
    caller: Caller,
    extensions: Extensions,
    headers: HeaderMap,
    Path(id): Path<LessonId>,
) -> Result<Json<LessonAccess>, ApiError> {
    need_lesson(&app, &caller, Act::ChangeLessons, &id).await?;
    let scheme = Scheme::of(&extensions, &headers, &app);
    Ok(Json(access_of(&app, view(&app, &id).await?, &headers, scheme)))
}

/// Opens a scheduled lesson before its time.
#[utoipa::path(
    post, path = "/api/lessons/{id}/open", operation_id = "lesson_open", tag = "lesson",
    params(("id" = LessonId, Path)),
    responses(
        (status = 200, body = LessonView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem),
    )
)]
pub async fn open(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<LessonId>,
) -> Result<Json<LessonView>, ApiError> {
    need_lesson(&app, &caller, Act::ChangeLessons, &id).await?;
    let runner = running(&app, &id).await?;
    if runner.lesson().state == LessonState::Scheduled {
        need_room(&app).await?;
    }
    runner.command(By::Desk, Command::Open).await?;
    Ok(Json((*runner.view_now()).clone()))
}

/// Ends the lesson.
#[utoipa::path(
    post, path = "/api/lessons/{id}/end", operation_id = "lesson_end",
    tag = "lesson", params(("id" = LessonId, Path)),
    responses((status = 200, body = LessonView), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn end(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<LessonId>,
) -> Result<Json<LessonView>, ApiError> {
    need_lesson(&app, &caller, Act::ChangeLessons, &id).await?;
    let runner = running(&app, &id).await?;
    runner.command(By::Desk, Command::End).await?;
    Ok(Json((*runner.view_now()).clone()))
}

/// WHIP and WHEP addresses and a fresh token, for a program that has no page.
#[utoipa::path(
    post, path = "/api/lessons/{id}/grants", operation_id = "lesson_grant",
    tag = "lesson", params(("id" = LessonId, Path)),
    request_body = GrantRequest,
    responses(
        (status = 200, body = Granted), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 503, body = Problem),
    )
)]
pub async fn grant(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<LessonId>,
    Json(body): Json<GrantRequest>,
) -> Result<Json<Granted>, ApiError> {
    need_lesson(&app, &caller, Act::ChangeLessons, &id).await?;
    let runner = running(&app, &id).await?;
    let newcomer = Newcomer {
        id: fresh::participant_id(),
        role: body.role,
        name: input::name(&body.name)?,
        device_id: None,
    };
    let (participant, role) = runner.admit(newcomer).await?;
    let seat = Seated { runner, participant, role };
    let media = grant_for(&app, &seat).ok_or(ApiError::NoMedia)?;
    Ok(Json(Granted { participant: seat.participant, media }))
}

/// Better refused now, in words, than opened and left without media.
pub async fn need_room(app: &App) -> Result<(), ApiError> {
    if app.lessons().has_room().await? { Ok(()) } else { Err(ApiError::TooManyLessons) }
}

async fn running(app: &App, id: &LessonId) -> Result<Arc<Runner>, ApiError> {
    app.lessons().get(id).await?.ok_or(ApiError::NotFound)
}

async fn view(app: &App, id: &LessonId) -> Result<LessonView, ApiError> {
    if let Some(runner) = app.lessons().running(id) {
        return Ok((*runner.view_now()).clone());
    }
    let lesson = app.store().lesson(id).await?.ok_or(ApiError::NotFound)?;
    Ok(view_of(&lesson, &Moment::default()))
}

async fn known_devices(app: &App, ids: Vec<DeviceId>) -> Result<Vec<DeviceId>, ApiError> {
    if ids.len() > MAX_CLASSROOMS {
        return Err(ApiError::Lesson(crate::lesson::Refusal::Full));
    }
    for id in &ids {
        app.store().device(id).await?.ok_or(ApiError::BadInput("device_ids"))?;
    }
    Ok(ids)
}

async fn insert_with_code(app: &App, lesson: &mut Lesson, invited: &[DeviceId]) -> Result<(), ApiError> {
    let mut draws = 1;
    loop {
        lesson.code = lesson.state.has_media().then(fresh::code);
        match app.store().insert_lesson(lesson, invited).await {
            Ok(()) => return Ok(()),
            Err(error) if error.is_taken() && draws < MAX_DRAWS => draws += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// The address of the teacher's page, secret included.
pub fn teacher_url(app: &App, lesson: &LessonId, headers: &HeaderMap, scheme: Scheme) -> String {
    format!("{}/teach#{}", base_url(app, headers, scheme), app.link_key().teacher(lesson))
}

fn access_of(app: &App, lesson: LessonView, headers: &HeaderMap, scheme: Scheme) -> LessonAccess {
    let here = base_url(app, headers, scheme);
    let teacher_credential = app.link_key().teacher(&lesson.id);
    let loopback = ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| here.contains(&format!("//{name}")));
    // Other machines do not reach this one under its own name for itself.
    let elsewhere = app.lan_url().filter(|_| loopback).unwrap_or(&here);
    LessonAccess {
        teacher_url: format!("{here}/teach#{teacher_credential}"),
        classroom_url: format!("{elsewhere}/classroom"),
        code: lesson.code.clone(),
        teacher_credential,
        lesson,
    }
}

/// As configured, or as the caller reached us.
pub fn base_url(app: &App, headers: &HeaderMap, scheme: Scheme) -> String {
    let public = app.config().http.public_url.trim_end_matches('/');
    if !public.is_empty() {
        return public.to_owned();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match host {
        Some(host) => format!("{}://{host}", scheme.as_str()),
        None => format!("http://{}", app.config().http.listen),
    }
}
