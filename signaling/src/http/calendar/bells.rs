//! Bell times.

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_about, need_at};
use crate::fresh;
use crate::http::places::{listed, there};
use crate::places::check;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use tongtang_protocol::calendar::{BellScheduleInput, BellScheduleView, FollowedBells};
use tongtang_protocol::ids::{BellScheduleId, OrgId};
use tongtang_protocol::places::PlaceQuery;
use tongtang_protocol::problem::Problem;

/// Bell times that concern a place: its own, those of the places above and below; by name.
#[utoipa::path(
    get, path = "/api/bell-schedules", operation_id = "bell_list", tag = "bell", params(PlaceQuery),
    responses((status = 200, body = Vec<BellScheduleView>), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<PlaceQuery>,
) -> Result<Json<Vec<BellScheduleView>>, ApiError> {
    let scope = listed(&app, &caller, query.org_id.as_ref()).await?;
    Ok(Json(app.store().bell_schedules(&scope).await?))
}

/// Makes bell times. A place goes by them once its `bell_schedule_id` names them.
#[utoipa::path(
    post, path = "/api/bell-schedules", operation_id = "bell_create", tag = "bell", request_body = BellScheduleInput,
    responses(
        (status = 201, body = BellScheduleView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<BellScheduleInput>,
) -> Result<(StatusCode, Json<BellScheduleView>), ApiError> {
    need_at(&app, &caller, Act::Schedule, &body.org_id).await?;
    let bells = view(fresh::bell_schedule_id(), check::bells(body)?);
    app.store().add_bells(&bells).await?;
    Ok((StatusCode::CREATED, Json(bells)))
}

/// Bell times.
#[utoipa::path(
    get, path = "/api/bell-schedules/{id}", operation_id = "bell_show", tag = "bell", params(("id" = BellScheduleId, Path)),
    responses((status = 200, body = BellScheduleView), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<BellScheduleId>,
) -> Result<Json<BellScheduleView>, ApiError> {
    caller.may(Act::ReadCounty)?;
    let bells = there(app.store().bell_schedule(&id).await?)?;
    need_about(&app, &caller, Act::ReadCounty, &bells.org_id).await?;
    Ok(Json(bells))
}

/// Changes bell times. Lessons that are on a timetable keep the times they have.
#[utoipa::path(
    put, path = "/api/bell-schedules/{id}", operation_id = "bell_replace", tag = "bell",
    params(("id" = BellScheduleId, Path)), request_body = BellScheduleInput,
    responses(
        (status = 200, body = BellScheduleView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<BellScheduleId>,
    Json(body): Json<BellScheduleInput>,
) -> Result<Json<BellScheduleView>, ApiError> {
    need_to_change(&app, &caller, &id).await?;
    need_at(&app, &caller, Act::Schedule, &body.org_id).await?;
    let bells = view(id, check::bells(body)?);
    match app.store().replace_bells(&bells).await? {
        true => Ok(Json(bells)),
        false => Err(ApiError::NotFound),
    }
}

/// Deletes bell times by which no place goes.
#[utoipa::path(
    delete, path = "/api/bell-schedules/{id}", operation_id = "bell_remove", tag = "bell", params(("id" = BellScheduleId, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<BellScheduleId>,
) -> Result<StatusCode, ApiError> {
    need_to_change(&app, &caller, &id).await?;
    match app.store().delete_bells(&id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound),
    }
}

/// Says by which bell times a place goes. Lessons that are on a timetable keep the times they have.
#[utoipa::path(
    put, path = "/api/orgs/{id}/bell-schedule", operation_id = "bell_follow", tag = "bell",
    params(("id" = OrgId, Path)), request_body = FollowedBells,
    responses((status = 200, body = FollowedBells), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn follow(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<OrgId>,
    Json(body): Json<FollowedBells>,
) -> Result<Json<FollowedBells>, ApiError> {
    need_at(&app, &caller, Act::Schedule, &id).await?;
    match app.store().follow_bells(&id, body.bell_schedule_id.as_ref()).await? {
        true => Ok(Json(body)),
        false => Err(ApiError::NotFound),
    }
}

async fn need_to_change(app: &App, caller: &Caller, id: &BellScheduleId) -> Result<(), ApiError> {
    caller.may(Act::Schedule)?;
    let bells = there(app.store().bell_schedule(id).await?)?;
    need_at(app, caller, Act::Schedule, &bells.org_id).await.map(drop)
}

fn view(id: BellScheduleId, input: BellScheduleInput) -> BellScheduleView {
    BellScheduleView { id, org_id: input.org_id, name: input.name, periods: input.periods }
}
