//! Requests read and refusals written: every error of the API is problem details (RFC 9457).

use crate::disk::DiskError;
use crate::jobs::SubmitError;
use crate::recordings::RecordingsError;
use crate::run::Refusal;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use tongtang_protocol::problem::Problem;

/// A refusal on its way out.
#[derive(Debug)]
pub(super) struct Refused(Problem);

impl Refused {
    pub(super) fn new(status: u16, kind: &str, title: impl Into<String>) -> Self {
        Self(Problem::new(status, kind, title))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        tongtang_http::problem::answer(&self.0).into_response()
    }
}

impl From<RecordingsError> for Refused {
    fn from(error: RecordingsError) -> Self {
        let (status, kind) = match &error {
            RecordingsError::Unknown(_) => (404, "recording_unknown"),
            RecordingsError::Reserved(_) | RecordingsError::OtherRecording(_) => (400, "bad_recording_id"),
            RecordingsError::Full => (409, "recorder_full"),
            RecordingsError::TooManyEvents => (413, "too_many_events"),
            RecordingsError::Finished(_) => (409, "recording_finished"),
            RecordingsError::Refused(Refusal::Disk(_)) => (507, "disk_full"),
            RecordingsError::Stopping => (503, "stopping"),
        };
        Self::new(status, kind, error.to_string())
    }
}

impl From<SubmitError> for Refused {
    fn from(error: SubmitError) -> Self {
        let text = error.to_string();
        let (status, kind) = match error {
            SubmitError::UnknownRecording(_) => (404, "recording_unknown"),
            SubmitError::OtherRecording(_) => (409, "job_taken"),
            SubmitError::Busy(_) => (409, "already_composing"),
            SubmitError::TooMany => (409, "too_many_jobs"),
            SubmitError::Store(error) => match DiskError::from(error) {
                DiskError::NearlyFull { .. } | DiskError::Full => (507, "disk_full"),
                DiskError::Failing(_) => (500, "disk_failing"),
            },
        };
        Self::new(status, kind, text)
    }
}

/// The one name in a path.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(name)| Self(name))
            .map_err(|rejection| Refused::new(400, "bad_path", rejection.body_text()))
    }
}

/// A JSON body.
pub(super) struct Parsed<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Parsed<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.status().as_u16();
            let kind = if status == 413 { "body_too_large" } else { "bad_body" };
            Refused::new(status, kind, rejection.body_text())
        })?;
        // What a body holds may be a name or a title, so the error says only where it broke.
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            Refused::new(400, "bad_body", format!("The JSON body cannot be read at {place}"))
        })
    }
}
