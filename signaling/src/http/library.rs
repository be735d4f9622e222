//! Resources, the jobs that make them, and what changes.

use super::input;
use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, Lessons, need_lesson};
use crate::clock;
use crate::library::view::view_of;
use crate::problem::ApiError;
use crate::store::{Slice, StoreError};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use tokio::sync::broadcast;
use tongtang_protocol::api::Part;
use tongtang_protocol::ids::ResourceId;
use tongtang_protocol::library::ResourceView;
use tongtang_protocol::problem::Problem;

/// The resources of the caller's lessons, the newest first.
#[utoipa::path(
    get, path = "/api/library", operation_id = "library_list", tag = "library", params(Part),
    responses((status = 200, body = Vec<ResourceView>), (status = 401, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Json<Vec<ResourceView>>, ApiError> {
    let of = caller.lessons(Act::ReadLibrary)?;
    Ok(Json(views(&app, &of, &input::slice(part)?).await?))
}

/// Resources as they change, as server-sent events: `resource` carries a `ResourceView`, `removed` an id.
#[utoipa::path(
    get, path = "/api/library/events", operation_id = "library_events", tag = "library",
    responses(
        (status = 200, content_type = "text/event-stream", body = ResourceView),
        (status = 401, body = Problem),
    )
)]
pub async fn events(State(app): State<App>, caller: Caller) -> Result<impl IntoResponse, ApiError> {
    caller.lessons(Act::ReadLibrary)?;
    let changes = app.bus().resources();
    let stream = event_stream(Watcher { app, caller, changes, pending: VecDeque::new() });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// One resource.
#[utoipa::path(
    get, path = "/api/library/{id}", operation_id = "library_show",
    tag = "library", params(("id" = ResourceId, Path)),
    responses((status = 200, body = ResourceView), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ResourceId>,
) -> Result<Json<ResourceView>, ApiError> {
    Ok(Json(allowed(&app, &caller, Act::ReadLibrary, &id).await?))
}

/// Tries a failed or cancelled job again.
#[utoipa::path(
    post, path = "/api/library/{id}/retry", operation_id = "library_retry",
    tag = "library", params(("id" = ResourceId, Path)),
    responses((status = 200, body = ResourceView), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub async fn retry(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ResourceId>,
) -> Result<Json<ResourceView>, ApiError> {
    allowed(&app, &caller, Act::ChangeLibrary, &id).await?;
    app.composer().retry(&id).await?;
    Ok(Json(allowed(&app, &caller, Act::ChangeLibrary, &id).await?))
}

/// Stops a queued or running job.
#[utoipa::path(
    post, path = "/api/library/{id}/cancel", operation_id = "library_cancel",
    tag = "library", params(("id" = ResourceId, Path)),
    responses((status = 200, body = ResourceView), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ResourceId>,
) -> Result<Json<ResourceView>, ApiError> {
    allowed(&app, &caller, Act::ChangeLibrary, &id).await?;
    app.composer().cancel(&id).await?;
    Ok(Json(allowed(&app, &caller, Act::ChangeLibrary, &id).await?))
}

/// Removes a resource and all its files, for good.
#[utoipa::path(
    delete, path = "/api/library/{id}", operation_id = "library_remove",
    tag = "library", params(("id" = ResourceId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ResourceId>,
) -> Result<StatusCode, ApiError> {
    // Not with a lesson's link.
    caller.may(Act::ChangeLibrary)?;
    allowed(&app, &caller, Act::ChangeLibrary, &id).await?;
    app.composer().delete(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The resource, if the caller may see it. A teacher is not told which others there are: somebody
/// else's looks like none at all.
async fn allowed(app: &App, caller: &Caller, act: Act, id: &ResourceId) -> Result<ResourceView, ApiError> {
    caller.lessons(act)?;
    let resource = app.store().resource(id).await?.ok_or(ApiError::NotFound)?;
    need_lesson(app, caller, act, &resource.facts.lesson_id).await.map_err(|error| match error {
        ApiError::Forbidden => ApiError::NotFound,
        error => error,
    })?;
    Ok(view_of(&resource, app.media_urls(), clock::now()))
}

async fn views(app: &App, of: &Lessons, slice: &Slice) -> Result<Vec<ResourceView>, StoreError> {
    let now = clock::now();
    let resources = app.store().resources(of, slice, now).await?;
    Ok(resources.iter().map(|resource| view_of(resource, app.media_urls(), now)).collect())
}

struct Watcher {
    app: App,
    caller: Caller,
    changes: broadcast::Receiver<ResourceId>,
    pending: VecDeque<Event>,
}

fn event_stream(watcher: Watcher) -> impl Stream<Item = Result<Event, Infallible>> {
    futures_util::stream::unfold(watcher, async |mut watcher| {
        loop {
            if let Some(event) = watcher.pending.pop_front() {
                return Some((Ok(event), watcher));
            }
            match watcher.wait().await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    // The page opens the stream again and reads the list anew.
                    tracing::error!(%error, "cannot read the library");
                    return None;
                }
            }
        }
    })
}

impl Watcher {
    /// False: nothing will ever change again, or it is not for the caller's eyes any more.
    async fn wait(&mut self) -> Result<bool, StoreError> {
        let change = self.changes.recv().await;
        let caller = self.caller.again(&self.app).await?;
        let Some(Ok(of)) = caller.map(|caller| caller.lessons(Act::ReadLibrary)) else { return Ok(false) };
        match change {
            Ok(id) => match self.app.store().resource(&id).await? {
                Some(resource) => {
                    let now = clock::now();
                    if self.app.store().is_among(&resource.facts.lesson_id, &of, now).await? {
                        self.push(&view_of(&resource, self.app.media_urls(), now));
                    }
                }
                None => self.pending.push_back(Event::default().event("removed").data(id.as_str())),
            },
            Err(broadcast::error::RecvError::Lagged(_)) => {
                for view in views(&self.app, &of, &Slice::default()).await? {
                    self.push(&view);
                }
            }
            Err(broadcast::error::RecvError::Closed) => return Ok(false),
        }
        Ok(true)
    }

    fn push(&mut self, view: &ResourceView) {
        if let Ok(event) = Event::default().event("resource").json_data(view) {
            self.pending.push_back(event);
        }
    }
}
