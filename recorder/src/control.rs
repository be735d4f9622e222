//! The control API: what signaling asks of this recorder, over HTTP.
//!
//! Enters: requests with the control secret, as `tongtang_protocol::control` describes them. Leaves:
//! JSON, problem details (RFC 9457), and the NDJSON event stream. Decides nothing: [`Recordings`] and
//! the jobs do.

mod answer;
mod events;
pub mod ready;

use crate::board::Board;
use crate::jobs::Jobs;
use crate::recordings::Recordings;
use answer::{Named, Parsed, Refused};
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use metrics_exporter_prometheus::PrometheusHandle;
use ready::Readiness;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use tongtang_http::bearer::has_secret;
use tongtang_protocol::control::{AppendEvents, ComposeSpec, ComposeStatus, RecordingSpec, RecordingStatus};
use tongtang_protocol::ids::{JobId, RecordingId};

/// Largest request, in bytes; a longer one is answered 413.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// A request about a job waits so long for the jobs to be read, in the first moments of a recorder; then it is
/// answered 503.
const MAX_JOBS_WAIT: Duration = Duration::from_secs(2);

/// What the routes share.
#[derive(Clone)]
pub struct Control {
    /// All recordings.
    pub recordings: Recordings,
    /// All compose jobs, once they are read.
    pub jobs: watch::Receiver<Option<Jobs>>,
    /// All statuses.
    pub board: Board,
    /// Expected in `Authorization: Bearer`.
    pub control_secret: String,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// Asked for `/readyz`.
    pub readiness: Readiness,
}

impl Control {
    async fn jobs(&self) -> Result<Jobs, Refused> {
        let mut jobs = self.jobs.clone();
        let read = timeout(MAX_JOBS_WAIT, jobs.wait_for(Option::is_some)).await;
        let read = read.ok().and_then(|read| read.ok()?.clone());
        read.ok_or_else(|| Refused::new(503, "starting", "The jobs are still being read, ask again"))
    }
}

/// All routes. Serve it with connect info: `/metrics` asks where the request comes from.
pub fn router(control: Control) -> Router {
    let guarded = Router::new()
        .route("/control/recordings", get(list))
        .route("/control/recordings/{recording}", put(put_recording).get(get_recording))
        .route("/control/recordings/{recording}/events", post(append_events))
        .route("/control/recordings/{recording}/finish", post(finish))
        .route("/control/jobs/{job}", put(put_job).get(get_job).delete(cancel_job))
        .route("/control/events", get(follow))
        .layer(middleware::from_fn_with_state(control.clone(), with_secret));
    Router::new()
        .merge(guarded)
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(async |State(control): State<Control>| control.readiness.ask().await))
        .route("/metrics", get(metrics))
        .fallback(|| async { Refused::new(404, "no_such_path", "This recorder has no such address") })
        .method_not_allowed_fallback(|| async {
            Refused::new(405, "method_not_allowed", "This address does not take this method")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(control)
}

async fn with_secret(State(control): State<Control>, request: Request, next: Next) -> Response {
    if has_secret(request.headers(), &control.control_secret) {
        return next.run(request).await;
    }
    metrics::counter!("tongtang_recorder_control_unauthorized_total").increment(1);
    Refused::new(401, "unauthorized", "The control secret is missing or wrong").into_response()
}

async fn metrics(
    State(control): State<Control>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<String, Refused> {
    if !peer.ip().to_canonical().is_loopback() && !has_secret(&headers, &control.control_secret) {
        return Err(Refused::new(403, "forbidden", "Metrics are for this machine or the control secret"));
    }
    for status in control.board.recordings() {
        let state = format!("{:?}", status.state).to_lowercase();
        metrics::gauge!("tongtang_recorder_recordings", "state" => state).set(0.0);
    }
    for status in control.board.recordings() {
        let state = format!("{:?}", status.state).to_lowercase();
        metrics::gauge!("tongtang_recorder_recordings", "state" => state).increment(1.0);
    }
    Ok(control.metrics.render())
}

fn id(text: &str) -> Result<RecordingId, Refused> {
    text.parse().map_err(|error| Refused::new(400, "bad_recording_id", format!("{error}")))
}

fn job_id(text: &str) -> Result<JobId, Refused> {
    text.parse().map_err(|error| Refused::new(400, "bad_job_id", format!("{error}")))
}

fn known(id: &JobId, status: Option<ComposeStatus>) -> Result<Json<ComposeStatus>, Refused> {
    let unknown = || Refused::new(404, "job_unknown", format!("there is no job {id} on this recorder"));
    status.map(Json).ok_or_else(unknown)
}

async fn list(State(control): State<Control>) -> Json<Vec<RecordingStatus>> {
    Json(control.board.recordings())
}

async fn get_recording(
    State(control): State<Control>,
    Named(recording): Named,
) -> Result<Json<RecordingStatus>, Refused> {
    Ok(Json(control.recordings.status(&id(&recording)?).await?))
}

async fn put_recording(
    State(control): State<Control>,
    Named(recording): Named,
    Parsed(spec): Parsed<RecordingSpec>,
) -> Result<Json<RecordingStatus>, Refused> {
    Ok(Json(control.recordings.put(&id(&recording)?, spec).await?))
}

async fn append_events(
    State(control): State<Control>,
    Named(recording): Named,
    Parsed(append): Parsed<AppendEvents>,
) -> Result<Json<RecordingStatus>, Refused> {
    Ok(Json(control.recordings.events(&id(&recording)?, append.events).await?))
}

async fn finish(
    State(control): State<Control>,
    Named(recording): Named,
) -> Result<(StatusCode, Json<RecordingStatus>), Refused> {
    Ok((StatusCode::ACCEPTED, Json(control.recordings.finish(&id(&recording)?).await?)))
}

async fn put_job(
    State(control): State<Control>,
    Named(job): Named,
    Parsed(spec): Parsed<ComposeSpec>,
) -> Result<Json<ComposeStatus>, Refused> {
    Ok(Json(control.jobs().await?.submit(&job_id(&job)?, &spec)?))
}

async fn get_job(State(control): State<Control>, Named(job): Named) -> Result<Json<ComposeStatus>, Refused> {
    let id = job_id(&job)?;
    known(&id, control.jobs().await?.status(&id))
}

async fn cancel_job(
    State(control): State<Control>,
    Named(job): Named,
) -> Result<Json<ComposeStatus>, Refused> {
    let id = job_id(&job)?;
    known(&id, control.jobs().await?.cancel(&id))
}

async fn follow(State(control): State<Control>) -> Response {
    events::stream(&control.board)
}
