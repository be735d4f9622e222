//! Teachers.

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
use tongtang_protocol::ids::PersonId;
use tongtang_protocol::places::{PlaceQuery, TeacherInput, TeacherView};
use tongtang_protocol::problem::Problem;

/// Teachers, school by school. More than 5,000 are refused: ask for those of a place.
#[utoipa::path(
    get, path = "/api/teachers", operation_id = "teacher_list", tag = "teacher", params(PlaceQuery),
    responses((status = 200, body = Vec<TeacherView>), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<PlaceQuery>,
) -> Result<Json<Vec<TeacherView>>, ApiError> {
    let scope = listed(&app, &caller, query.org_id.as_ref()).await?;
    Ok(Json(app.store().teachers(&scope).await?))
}

/// Makes a teacher.
#[utoipa::path(
    post, path = "/api/teachers", operation_id = "teacher_create", tag = "teacher", request_body = TeacherInput,
    responses(
        (status = 201, body = TeacherView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<TeacherInput>,
) -> Result<(StatusCode, Json<TeacherView>), ApiError> {
    need_at(&app, &caller, Act::ChangePlaces, &body.org_id).await?;
    let teacher = view(fresh::person_id(), check::teacher(body)?);
    app.store().add_teacher(&teacher, &caller.may(Act::ReadCounty)?).await?;
    Ok((StatusCode::CREATED, Json(teacher)))
}

/// A teacher.
#[utoipa::path(
    get, path = "/api/teachers/{id}", operation_id = "teacher_show", tag = "teacher", params(("id" = PersonId, Path)),
    responses((status = 200, body = TeacherView), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<PersonId>,
) -> Result<Json<TeacherView>, ApiError> {
    caller.may(Act::ReadCounty)?;
    let teacher = there(app.store().teacher(&id).await?)?;
    need_at(&app, &caller, Act::ReadCounty, &teacher.org_id).await?;
    Ok(Json(teacher))
}

/// Changes a teacher.
#[utoipa::path(
    put, path = "/api/teachers/{id}", operation_id = "teacher_replace", tag = "teacher",
    params(("id" = PersonId, Path)), request_body = TeacherInput,
    responses(
        (status = 200, body = TeacherView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<PersonId>,
    Json(body): Json<TeacherInput>,
) -> Result<Json<TeacherView>, ApiError> {
    need_to_change(&app, &caller, &id).await?;
    need_at(&app, &caller, Act::ChangePlaces, &body.org_id).await?;
    let teacher = view(id, check::teacher(body)?);
    match app.store().replace_teacher(&teacher, &caller.may(Act::ReadCounty)?).await? {
        true => Ok(Json(teacher)),
        false => Err(ApiError::NotFound),
    }
}

/// Deletes a teacher who has no pairing and no lesson.
#[utoipa::path(
    delete, path = "/api/teachers/{id}", operation_id = "teacher_remove", tag = "teacher", params(("id" = PersonId, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<PersonId>,
) -> Result<StatusCode, ApiError> {
    need_to_change(&app, &caller, &id).await?;
    match app.store().delete_teacher(&id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound),
    }
}

async fn need_to_change(app: &App, caller: &Caller, id: &PersonId) -> Result<(), ApiError> {
    caller.may(Act::ChangePlaces)?;
    let teacher = there(app.store().teacher(id).await?)?;
    need_at(app, caller, Act::ChangePlaces, &teacher.org_id).await.map(drop)
}

fn view(id: PersonId, input: TeacherInput) -> TeacherView {
    TeacherView {
        id,
        org_id: input.org_id,
        code: input.code,
        name: input.name,
        max_weekly: input.max_weekly,
        max_delivered: input.max_delivered,
        subjects: input.subjects,
        busy: input.busy,
    }
}
