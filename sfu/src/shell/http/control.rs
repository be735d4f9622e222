//! `/control`: what signaling tells this node. Every call may be repeated with the same effect as once.

use crate::engine::{Refusal, Stats};
use crate::shell::http::extract::Path;
use crate::shell::http::refused::Refused;
use crate::shell::http::{Node, events, read_text};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tongtang_http::bearer::has_secret;
use tongtang_protocol::control::{RoomSpec, Routes};
use tongtang_protocol::ids::{ParticipantId, RoomId};

type SharedNode = State<Arc<Node>>;

/// All of `/control`, behind the control secret.
pub fn routes(node: Arc<Node>) -> Router<Arc<Node>> {
    Router::new()
        .route("/control/rooms/{room}", put(put_room).delete(delete_room))
        .route("/control/rooms/{room}/routes", put(put_routes))
        .route("/control/rooms/{room}/participants/{participant}", put(admit).delete(expel))
        .route("/control/stats", get(stats))
        .route("/control/drain", post(drain))
        .route("/control/events", get(events::stream))
        .route_layer(middleware::from_fn_with_state(node, authenticate))
}

async fn authenticate(State(node): SharedNode, request: Request, next: Next) -> Response {
    if !has_secret(request.headers(), node.control_secret.as_deref().unwrap_or_default()) {
        return Refused::unauthorized("the control secret is missing or wrong").into_response();
    }
    next.run(request).await
}

async fn put_room(
    State(node): SharedNode,
    Path(room): Path<String>,
    body: Body,
) -> Result<StatusCode, Refused> {
    let room = room_id(room)?;
    let spec: RoomSpec = read_json(body).await?;
    agreed(node.workers.each(move |engine, now| engine.put_room(now, &room, &spec)).await?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete_room(State(node): SharedNode, Path(room): Path<String>) -> Result<StatusCode, Refused> {
    let room = room_id(room)?;
    node.workers.each(move |engine, now| engine.delete_room(now, &room)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn put_routes(
    State(node): SharedNode,
    Path(room): Path<String>,
    body: Body,
) -> Result<StatusCode, Refused> {
    let room = room_id(room)?;
    let routes: Routes = read_json(body).await?;
    agreed(node.workers.each(move |engine, now| engine.set_routes(now, &room, &routes)).await?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn admit(
    State(node): SharedNode,
    Path((room, participant)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let (room, participant) = (room_id(room)?, participant_id(participant)?);
    agreed(node.workers.each(move |engine, _| engine.admit_again(&room, &participant)).await?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn expel(
    State(node): SharedNode,
    Path((room, participant)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let (room, participant) = (room_id(room)?, participant_id(participant)?);
    node.workers.each(move |engine, now| engine.expel(now, &room, &participant)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /control/stats`
#[derive(Debug, Serialize)]
struct NodeStats {
    epoch: u64,
    draining: bool,
    rooms: usize,
    sessions: usize,
    counters: BTreeMap<&'static str, u64>,
}

async fn stats(State(node): SharedNode) -> Result<Response, Refused> {
    let stats = Stats::of_all(node.workers.each(|engine, _| engine.stats()).await?);
    let stats = NodeStats {
        epoch: node.epoch,
        draining: node.draining.load(Ordering::Relaxed),
        rooms: stats.rooms,
        sessions: stats.sessions,
        counters: stats.counters.into_iter().collect(),
    };
    Ok(Json(stats).into_response())
}

async fn drain(State(node): SharedNode) -> Result<StatusCode, Refused> {
    node.draining.store(true, Ordering::Relaxed);
    node.workers.each(|engine, _| engine.drain()).await?;
    tracing::info!("draining: no new rooms and sessions from now on");
    Ok(StatusCode::NO_CONTENT)
}

/// Every worker has the same rooms, and what one of them refuses is refused; but where rooms are open (`--dev`), each has
/// only those of its own participants.
fn agreed(answers: Vec<Result<(), Refusal>>) -> Result<(), Refusal> {
    let has_room = answers.iter().any(Result::is_ok);
    answers.into_iter().filter(|answer| !(has_room && matches!(answer, Err(Refusal::NoRoom(_))))).collect()
}

async fn read_json<T: DeserializeOwned>(body: Body) -> Result<T, Refused> {
    serde_json::from_str(&read_text(body).await?).map_err(|error| {
        Refused::new(StatusCode::BAD_REQUEST, "bad_json", "the body is not what is expected here")
            .detail(error.to_string())
    })
}

fn room_id(text: String) -> Result<RoomId, Refused> {
    RoomId::new(text)
        .map_err(|error| Refused::bad_request(format!("the room's name is not possible: {error}")))
}

fn participant_id(text: String) -> Result<ParticipantId, Refused> {
    ParticipantId::new(text)
        .map_err(|error| Refused::bad_request(format!("the participant's name is not possible: {error}")))
}
