//! Terms.

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_about, need_at};
use crate::fresh;
use crate::http::places::{listed, there};
use crate::places::check;
use crate::problem::{ApiError, Language};
use crate::timetable::days_off;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use tongtang_protocol::calendar::{TermInput, TermView};
use tongtang_protocol::ids::TermId;
use tongtang_protocol::places::PlaceQuery;
use tongtang_protocol::problem::Problem;

/// Terms that concern a place: its own, those of the places above and below; the newest 200 first.
#[utoipa::path(
    get, path = "/api/terms", operation_id = "term_list", tag = "term", params(PlaceQuery),
    responses((status = 200, body = Vec<TermView>), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<PlaceQuery>,
) -> Result<Json<Vec<TermView>>, ApiError> {
    let scope = listed(&app, &caller, query.org_id.as_ref()).await?;
    Ok(Json(app.store().terms(&scope).await?))
}

/// Makes a term.
#[utoipa::path(
    post, path = "/api/terms", operation_id = "term_create", tag = "term", request_body = TermInput,
    responses(
        (status = 201, body = TermView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<TermInput>,
) -> Result<(StatusCode, Json<TermView>), ApiError> {
    need_at(&app, &caller, Act::Schedule, &body.org_id).await?;
    let term = view(fresh::term_id(), check::term(body)?);
    app.store().add_term(&term).await?;
    Ok((StatusCode::CREATED, Json(term)))
}

/// A term.
#[utoipa::path(
    get, path = "/api/terms/{id}", operation_id = "term_show", tag = "term", params(("id" = TermId, Path)),
    responses((status = 200, body = TermView), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TermId>,
) -> Result<Json<TermView>, ApiError> {
    caller.may(Act::ReadCounty)?;
    let term = there(app.store().calendar(&id).await?)?;
    need_about(&app, &caller, Act::ReadCounty, &term.org_id).await?;
    Ok(Json(term))
}

/// Changes a term. Once it has lessons it keeps its place and first day, and the weeks in which they are. Lessons on days that
/// become days off are cancelled, if `cancel_lessons` says so; else they are named and nothing is changed.
#[utoipa::path(
    put, path = "/api/terms/{id}", operation_id = "term_replace", tag = "term",
    params(("id" = TermId, Path)), request_body = TermInput,
    responses(
        (status = 200, body = TermView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<TermId>,
    Json(body): Json<TermInput>,
) -> Result<Json<TermView>, ApiError> {
    need_to_change(&app, &caller, &id).await?;
    need_at(&app, &caller, Act::Schedule, &body.org_id).await?;
    let may_cancel = body.cancel_lessons;
    let term = view(id, check::term(body)?);
    let lessons = days_off::lessons_on(&app, &term).await?;
    if !lessons.is_empty() && !may_cancel {
        return Err(ApiError::Timetable(days_off::question(&lessons)));
    }
    if !app.store().replace_term(&term).await? {
        return Err(ApiError::NotFound);
    }
    // Asked again, should this fail, the term finds them still there.
    days_off::call_off(&app, &caller, &term, lessons, Language::of(&headers)).await?;
    Ok(Json(term))
}

/// Deletes a term that has no pairing, lesson or plan.
#[utoipa::path(
    delete, path = "/api/terms/{id}", operation_id = "term_remove", tag = "term", params(("id" = TermId, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TermId>,
) -> Result<StatusCode, ApiError> {
    need_to_change(&app, &caller, &id).await?;
    match app.store().delete_term(&id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound),
    }
}

async fn need_to_change(app: &App, caller: &Caller, id: &TermId) -> Result<(), ApiError> {
    caller.may(Act::Schedule)?;
    let term = there(app.store().calendar(id).await?)?;
    need_at(app, caller, Act::Schedule, &term.org_id).await.map(drop)
}

fn view(id: TermId, input: TermInput) -> TermView {
    TermView {
        id,
        org_id: input.org_id,
        name: input.name,
        first_day: input.first_day,
        weeks: input.weeks,
        days: input.days,
    }
}
