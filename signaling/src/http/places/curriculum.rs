//! What is prescribed.

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_about, need_at};
use crate::places::check;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Path, State};
use tongtang_protocol::ids::OrgId;
use tongtang_protocol::places::Prescribed;
use tongtang_protocol::problem::Problem;

/// What is in force at a place: its own, else that of the nearest place above that keeps any.
#[utoipa::path(
    get, path = "/api/orgs/{id}/curriculum", operation_id = "curriculum_show", tag = "curriculum",
    params(("id" = OrgId, Path)),
    responses((status = 200, body = Vec<Prescribed>), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<OrgId>,
) -> Result<Json<Vec<Prescribed>>, ApiError> {
    need_about(&app, &caller, Act::ReadCounty, &id).await?;
    Ok(Json(app.store().curriculum_of(&id).await?))
}

/// A place keeps this and nothing else; an empty list: what is in force above it. Answers what is in force then.
#[utoipa::path(
    put, path = "/api/orgs/{id}/curriculum", operation_id = "curriculum_replace", tag = "curriculum",
    params(("id" = OrgId, Path)), request_body = Vec<Prescribed>,
    responses((status = 200, body = Vec<Prescribed>), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<OrgId>,
    Json(body): Json<Vec<Prescribed>>,
) -> Result<Json<Vec<Prescribed>>, ApiError> {
    need_at(&app, &caller, Act::ChangePlaces, &id).await?;
    app.store().replace_curriculum(&id, &check::curriculum(body)?).await?;
    Ok(Json(app.store().curriculum_of(&id).await?))
}
