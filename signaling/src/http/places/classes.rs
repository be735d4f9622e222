//! Class groups.

use super::{listed, there};
use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_at};
use crate::fresh;
use crate::places::check;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use tongtang_protocol::ids::ClassId;
use tongtang_protocol::places::{ClassInput, ClassView, PlaceQuery};
use tongtang_protocol::problem::Problem;

/// Classes, school by school. More than 5,000 are refused: ask for those of a place.
#[utoipa::path(
    get, path = "/api/classes", operation_id = "class_list", tag = "class", params(PlaceQuery),
    responses((status = 200, body = Vec<ClassView>), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<PlaceQuery>,
) -> Result<Json<Vec<ClassView>>, ApiError> {
    let scope = listed(&app, &caller, query.org_id.as_ref()).await?;
    Ok(Json(app.store().classes(&scope).await?))
}

/// Makes a class.
#[utoipa::path(
    post, path = "/api/classes", operation_id = "class_create", tag = "class", request_body = ClassInput,
    responses(
        (status = 201, body = ClassView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ClassInput>,
) -> Result<(StatusCode, Json<ClassView>), ApiError> {
    need_at(&app, &caller, Act::ChangePlaces, &body.org_id).await?;
    let class = view(fresh::class_id(), check::class(body)?);
    app.store().add_class(&class, &caller.may(Act::ReadCounty)?).await?;
    Ok((StatusCode::CREATED, Json(class)))
}

/// A class.
#[utoipa::path(
    get, path = "/api/classes/{id}", operation_id = "class_show", tag = "class", params(("id" = ClassId, Path)),
    responses((status = 200, body = ClassView), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClassId>,
) -> Result<Json<ClassView>, ApiError> {
    caller.may(Act::ReadCounty)?;
    let class = there(app.store().class(&id).await?)?;
    need_at(&app, &caller, Act::ReadCounty, &class.org_id).await?;
    Ok(Json(class))
}

/// Changes a class.
#[utoipa::path(
    put, path = "/api/classes/{id}", operation_id = "class_replace", tag = "class",
    params(("id" = ClassId, Path)), request_body = ClassInput,
    responses(
        (status = 200, body = ClassView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClassId>,
    Json(body): Json<ClassInput>,
) -> Result<Json<ClassView>, ApiError> {
    need_to_change(&app, &caller, &id).await?;
    need_at(&app, &caller, Act::ChangePlaces, &body.org_id).await?;
    let class = view(id, check::class(body)?);
    match app.store().replace_class(&class, &caller.may(Act::ReadCounty)?).await? {
        true => Ok(Json(class)),
        false => Err(ApiError::NotFound),
    }
}

/// Deletes a class that has no pairing and no lesson.
#[utoipa::path(
    delete, path = "/api/classes/{id}", operation_id = "class_remove", tag = "class", params(("id" = ClassId, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClassId>,
) -> Result<StatusCode, ApiError> {
    need_to_change(&app, &caller, &id).await?;
    match app.store().delete_class(&id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound),
    }
}

async fn need_to_change(app: &App, caller: &Caller, id: &ClassId) -> Result<(), ApiError> {
    caller.may(Act::ChangePlaces)?;
    let class = there(app.store().class(id).await?)?;
    need_at(app, caller, Act::ChangePlaces, &class.org_id).await.map(drop)
}

fn view(id: ClassId, input: ClassInput) -> ClassView {
    ClassView {
        id,
        org_id: input.org_id,
        code: input.code,
        name: input.name,
        grade: input.grade,
        size: input.size,
        classroom_id: input.classroom_id,
        consent: input.consent,
        subjects: input.subjects,
        busy: input.busy,
    }
}
