//! The organisation tree.

use super::{listed, there};
use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_about, need_at};
use crate::places::check;
use crate::problem::ApiError;
use crate::{clock, fresh};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use tongtang_protocol::ids::OrgId;
use tongtang_protocol::places::{OrgInput, OrgQuery, OrgView};
use tongtang_protocol::problem::Problem;

/// Places, those above before those below. More than 5,000 are refused: ask for those below one of them.
#[utoipa::path(
    get, path = "/api/orgs", operation_id = "org_list", tag = "org", params(OrgQuery),
    responses((status = 200, body = Vec<OrgView>), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<OrgQuery>,
) -> Result<Json<Vec<OrgView>>, ApiError> {
    let scope = listed(&app, &caller, query.org_id.as_ref()).await?;
    Ok(Json(app.store().orgs(&scope, query.parent_id.as_ref()).await?))
}

/// Makes a place. Only who administers everything makes one without a parent.
#[utoipa::path(
    post, path = "/api/orgs", operation_id = "org_create", tag = "org", request_body = OrgInput,
    responses(
        (status = 201, body = OrgView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<OrgInput>,
) -> Result<(StatusCode, Json<OrgView>), ApiError> {
    need_below(&app, &caller, body.parent_id.as_ref()).await?;
    let org = view(fresh::org_id(), check::org(body)?);
    app.store().add_org(&org, clock::now(), &caller.may(Act::ReadCounty)?).await?;
    Ok((StatusCode::CREATED, Json(org)))
}

/// A place.
#[utoipa::path(
    get, path = "/api/orgs/{id}", operation_id = "org_show", tag = "org", params(("id" = OrgId, Path)),
    responses((status = 200, body = OrgView), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<OrgId>,
) -> Result<Json<OrgView>, ApiError> {
    need_about(&app, &caller, Act::ReadCounty, &id).await?;
    Ok(Json(there(app.store().org(&id).await?)?))
}

/// Changes a place. With another parent it moves, and all below it along.
#[utoipa::path(
    put, path = "/api/orgs/{id}", operation_id = "org_replace", tag = "org",
    params(("id" = OrgId, Path)), request_body = OrgInput,
    responses(
        (status = 200, body = OrgView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<OrgId>,
    Json(body): Json<OrgInput>,
) -> Result<Json<OrgView>, ApiError> {
    need_at(&app, &caller, Act::ChangePlaces, &id).await?;
    let old = there(app.store().org(&id).await?)?;
    if old.parent_id != body.parent_id {
        need_below(&app, &caller, body.parent_id.as_ref()).await?;
    }
    let org = view(id, check::org(body)?);
    if !app.store().replace_org(&org, &caller.may(Act::ReadCounty)?).await? {
        return Err(ApiError::NotFound);
    }
    Ok(Json(org))
}

/// Deletes a place that nothing uses.
#[utoipa::path(
    delete, path = "/api/orgs/{id}", operation_id = "org_remove", tag = "org", params(("id" = OrgId, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<OrgId>,
) -> Result<StatusCode, ApiError> {
    need_at(&app, &caller, Act::ChangePlaces, &id).await?;
    match app.store().delete_org(&id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound),
    }
}

/// The caller may put places below this one; None: at the top, which takes who may change everything.
async fn need_below(app: &App, caller: &Caller, parent: Option<&OrgId>) -> Result<(), ApiError> {
    match parent {
        Some(parent) => need_at(app, caller, Act::ChangePlaces, parent).await.map(drop),
        None if caller.may(Act::ChangePlaces)?.covers("/") => Ok(()),
        None => Err(ApiError::Forbidden),
    }
}

fn view(id: OrgId, input: OrgInput) -> OrgView {
    OrgView {
        id,
        parent_id: input.parent_id,
        kind: input.kind,
        code: input.code,
        name: input.name,
        link_down_kbps: input.link_down_kbps,
        link_up_kbps: input.link_up_kbps,
        lessons_at_once: input.lessons_at_once.unwrap_or(1),
        bell_schedule_id: input.bell_schedule_id,
    }
}
