//! Calendar feeds: making an address, and what stands behind it.

use super::lessons::base_url;
use crate::app::{App, Scheme};
use crate::auth::policy::{Act, need_at};
use crate::auth::{Caller, SecretHash};
use crate::clock;
use crate::fresh;
use crate::problem::ApiError;
use crate::store::timetable::Whose;
use crate::timetable::desk::By;
use crate::timetable::ics;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use tongtang_protocol::day::Day;
use tongtang_protocol::problem::Problem;
use tongtang_protocol::timetable::{CalendarFeedInput, CalendarFeedView};
use tongtang_protocol::units::UnixMillis;

/// Days back that a feed shows.
const DAYS_BACK: i64 = 60;

/// Days ahead that a feed shows: two terms.
const DAYS_AHEAD: i64 = 400;

/// Lessons of a feed at most, by time.
const MAX_LESSONS: u32 = 4_000;

/// A new address of a teacher's or a classroom's lessons, for calendar programs. Whoever knows it sees them.
#[utoipa::path(
    post, path = "/api/calendar-feeds", operation_id = "timetable_feed", tag = "timetable",
    request_body = CalendarFeedInput,
    responses((status = 201, body = CalendarFeedView), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    extensions: Extensions,
    headers: HeaderMap,
    Json(body): Json<CalendarFeedInput>,
) -> Result<(StatusCode, Json<CalendarFeedView>), ApiError> {
    caller.may(Act::ReadCounty)?;
    let whose = match body {
        CalendarFeedInput { teacher_id: Some(id), classroom_id: None } => Whose::Teacher(id),
        CalendarFeedInput { teacher_id: None, classroom_id: Some(id) } => Whose::Classroom(id),
        _ => return Err(ApiError::BadInput("teacher_id, classroom_id")),
    };
    let org = app.store().org_of(&whose).await?.ok_or(ApiError::NotFound)?;
    need_at(&app, &caller, Act::ReadCounty, &org).await?;
    let secret = fresh::secret();
    let by = By::caller(&caller);
    let hash = SecretHash::of(&secret);
    app.store().add_calendar_feed(&hash, &whose, by.account_id.as_ref(), clock::now()).await?;
    let base = base_url(&app, &headers, Scheme::of(&extensions, &headers, &app));
    Ok((StatusCode::CREATED, Json(CalendarFeedView { url: format!("{base}/api/calendar/{secret}.ics") })))
}

/// The lessons behind an address, as iCalendar (RFC 5545): `SECRET.ics`.
#[utoipa::path(
    get, path = "/api/calendar/{file}", operation_id = "timetable_calendar", tag = "timetable",
    params(("file" = String, Path)),
    responses((status = 200, content_type = "text/calendar", body = String), (status = 304), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    Path(file): Path<String>,
) -> Result<Response, ApiError> {
    let secret = file.strip_suffix(".ics").ok_or(ApiError::NotFound)?;
    let feed = app.store().calendar_feed(&SecretHash::of(secret)).await?;
    let (whose, name) = feed.ok_or(ApiError::NotFound)?;
    let today = Day::of(clock::now());
    let at = |days: i64| -> UnixMillis { today.plus(days).at_minute(0) };
    let (from, to) = (at(-DAYS_BACK), at(DAYS_AHEAD));
    let lessons = app.store().lessons_between(None, &whose, from, to, MAX_LESSONS).await?;
    let ids: Vec<_> = lessons.iter().map(|lesson| &lesson.id).collect();
    let updated = app.store().timetable_updates(&ids).await?;
    let text = ics::calendar(&name, &lessons, &updated);
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(text.as_bytes())[..16]));
    let etag = HeaderValue::from_str(&tag).map_err(|error| ApiError::Internal(error.to_string().into()))?;
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|value| value.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.trim_start_matches("W/") == tag
    });
    let shared =
        [(header::ETAG, etag), (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"))];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, shared).into_response());
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8"))];
    Ok((shared, kind, text).into_response())
}
