//! Files behind signed addresses. The signature is the permission: no cookie is looked at, so that
//! players, CDNs and casting sticks need none.

use crate::app::App;
use crate::clock;
use crate::library::media_file;
use crate::problem::ApiError;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use tongtang_protocol::ids::RecordingId;
use tongtang_protocol::problem::Problem;

/// A media file, whole or a range of it.
#[utoipa::path(
    get, path = "/media/{expires}/{signature}/{recording}/{*path}", operation_id = "library_media",
    tag = "library",
    params(
        ("expires" = i64, Path, description = "Seconds since 1970"),
        ("signature" = String, Path),
        ("recording" = RecordingId, Path),
        ("path" = String, Path),
    ),
    responses(
        (status = 200, description = "The file"), (status = 206, description = "The range"),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 416, body = Problem),
    )
)]
pub async fn file(
    State(app): State<App>,
    Path((expires, signature, recording, path)): Path<(i64, String, RecordingId, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !app.media_urls().is_valid(expires, &signature, &recording, clock::now()) {
        return Err(ApiError::BadMediaAddress);
    }
    media_file::serve(&app.config().media_dir(), &format!("{recording}/{path}"), &headers).await
}
