//! Classrooms.

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
use tongtang_protocol::ids::ClassroomId;
use tongtang_protocol::places::{ClassroomInput, ClassroomView, PlaceQuery};
use tongtang_protocol::problem::Problem;

/// Classrooms, school by school. More than 5,000 are refused: ask for those of a place.
#[utoipa::path(
    get, path = "/api/classrooms", operation_id = "classroom_list", tag = "classroom", params(PlaceQuery),
    responses((status = 200, body = Vec<ClassroomView>), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<PlaceQuery>,
) -> Result<Json<Vec<ClassroomView>>, ApiError> {
    let scope = listed(&app, &caller, query.org_id.as_ref()).await?;
    Ok(Json(app.store().classrooms(&scope).await?))
}

/// Makes a classroom.
#[utoipa::path(
    post, path = "/api/classrooms", operation_id = "classroom_create", tag = "classroom", request_body = ClassroomInput,
    responses(
        (status = 201, body = ClassroomView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ClassroomInput>,
) -> Result<(StatusCode, Json<ClassroomView>), ApiError> {
    need_at(&app, &caller, Act::ChangePlaces, &body.org_id).await?;
    let room = view(fresh::classroom_id(), check::classroom(body)?);
    app.store().add_classroom(&room).await?;
    Ok((StatusCode::CREATED, Json(room)))
}

/// A classroom.
#[utoipa::path(
    get, path = "/api/classrooms/{id}", operation_id = "classroom_show", tag = "classroom", params(("id" = ClassroomId, Path)),
    responses((status = 200, body = ClassroomView), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClassroomId>,
) -> Result<Json<ClassroomView>, ApiError> {
    caller.may(Act::ReadCounty)?;
    let room = there(app.store().classroom(&id).await?)?;
    need_at(&app, &caller, Act::ReadCounty, &room.org_id).await?;
    Ok(Json(room))
}

/// Changes a classroom. One that is used stays in its school.
#[utoipa::path(
    put, path = "/api/classrooms/{id}", operation_id = "classroom_replace", tag = "classroom",
    params(("id" = ClassroomId, Path)), request_body = ClassroomInput,
    responses(
        (status = 200, body = ClassroomView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClassroomId>,
    Json(body): Json<ClassroomInput>,
) -> Result<Json<ClassroomView>, ApiError> {
    need_to_change(&app, &caller, &id).await?;
    need_at(&app, &caller, Act::ChangePlaces, &body.org_id).await?;
    let room = view(id, check::classroom(body)?);
    match app.store().replace_classroom(&room).await? {
        true => Ok(Json(there(app.store().classroom(&room.id).await?)?)),
        false => Err(ApiError::NotFound),
    }
}

/// Deletes a classroom that nothing uses.
#[utoipa::path(
    delete, path = "/api/classrooms/{id}", operation_id = "classroom_remove", tag = "classroom", params(("id" = ClassroomId, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClassroomId>,
) -> Result<StatusCode, ApiError> {
    need_to_change(&app, &caller, &id).await?;
    match app.store().delete_classroom(&id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound),
    }
}

async fn need_to_change(app: &App, caller: &Caller, id: &ClassroomId) -> Result<(), ApiError> {
    caller.may(Act::ChangePlaces)?;
    let room = there(app.store().classroom(id).await?)?;
    need_at(app, caller, Act::ChangePlaces, &room.org_id).await.map(drop)
}

fn view(id: ClassroomId, input: ClassroomInput) -> ClassroomView {
    ClassroomView {
        id,
        org_id: input.org_id,
        name: input.name,
        max_receivers: input.max_receivers,
        device_ids: Vec::new(),
    }
}
