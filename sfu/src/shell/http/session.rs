//! `/whip/{room}` and `/whep/{room}`: POST opens a session, PATCH trickles or restarts ICE, DELETE ends it.

use crate::egress::slot::{MAX_VOICES, MAX_WALL};
use crate::engine::{Answer, PatchOutcome, Publish, Subscribe};
use crate::shell::clock;
use crate::shell::http::extract::{Path, Query};
use crate::shell::http::refused::Refused;
use crate::shell::http::registry::{Entry, Kind};
use crate::shell::http::token::Age;
use crate::shell::http::{Access, Node, read_text};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use std::sync::Arc;
use tongtang_http::bearer::bearer;
use tongtang_protocol::ids::{ParticipantId, RoomId, SessionId};
use tongtang_protocol::lesson::{Role, Source};

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// Slots a request may name; an offer has no more m-lines.
const MAX_SLOTS: usize = 40;

type SharedNode = State<Arc<Node>>;

/// The routes of both protocols.
pub fn routes() -> Router<Arc<Node>> {
    let mut router = Router::new();
    for kind in [Kind::Whip, Kind::Whep] {
        router = router
            .route(&format!("/{}/{{room}}", kind.path()), endpoint(kind))
            .route(&format!("/{}/{{room}}/{{session}}", kind.path()), resource(kind));
    }
    router
}

fn endpoint(kind: Kind) -> MethodRouter<Arc<Node>> {
    post(move |node: SharedNode, path: Path<String>, query: Query<Asked>, headers: HeaderMap, body: Body| {
        open(kind, node, path, query, headers, body)
    })
    .options(|| async { preflight("POST, OPTIONS", header::HeaderName::from_static("accept-post"), SDP) })
}

fn resource(kind: Kind) -> MethodRouter<Arc<Node>> {
    axum::routing::patch(
        move |node: SharedNode, path: Path<(String, String)>, headers: HeaderMap, body: Body| {
            change(kind, node, path, headers, body)
        },
    )
    .delete(move |node: SharedNode, path: Path<(String, String)>, headers: HeaderMap| {
        end(kind, node, path, headers)
    })
    .options(|| async {
        preflight("PATCH, DELETE, OPTIONS", header::HeaderName::from_static("accept-patch"), FRAGMENT)
    })
}

/// The query of a POST. `participant` and `role` count only where rooms are open (`--dev`); elsewhere
/// the token says both.
#[derive(Debug, Deserialize)]
struct Asked {
    slots: Option<String>,
    participant: Option<String>,
    role: Option<String>,
}

/// Who opens a session, and what is granted.
struct Grant {
    participant: ParticipantId,
    role: Role,
    publish: Vec<Source>,
    subscribe: bool,
}

async fn open(
    kind: Kind,
    State(node): SharedNode,
    Path(room): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let room = room_id(&room)?;
    let grant = grant(&node, &headers, &room, &asked)?;
    match kind {
        Kind::Whip if grant.publish.is_empty() => {
            return Err(Refused::forbidden("the token does not grant publishing"));
        }
        Kind::Whep if !grant.subscribe => {
            return Err(Refused::forbidden("the token does not grant subscribing"));
        }
        _ => {}
    }
    require_type(&headers, SDP)?;
    let offer = read_text(body).await?;
    if !node.pace.take(clock::now().mono) {
        return Err(Refused::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_offers",
            "too many sessions are being opened",
        )
        .header(header::RETRY_AFTER, HeaderValue::from_static("1")));
    }
    let slots = slot_names(asked.slots.as_deref())?;
    let session = new_session_id();
    let Grant { participant, role, publish: sources, .. } = grant;
    let entry = Entry { kind, room: room.clone(), participant: participant.clone() };
    // Known before it exists: its end may be told before the answer is.
    let worker = node.workers.on(node.registry.insert(session.clone(), entry));
    let answer = match kind {
        Kind::Whip => {
            let publish =
                Publish { room: room.clone(), participant, session: session.clone(), role, sources, offer };
            worker.call(move |engine, now| engine.publish(now, publish)).await
        }
        Kind::Whep => {
            let subscribe =
                Subscribe { room: room.clone(), participant, session: session.clone(), role, slots, offer };
            worker.call(move |engine, now| engine.subscribe(now, subscribe)).await
        }
    };
    match answer.map_err(Refused::from).and_then(|answer| answer.map_err(Refused::from)) {
        Ok(answer) => {
            node.registry.opened(&session);
            Ok(created(kind, &room, &session, answer, &node.ice_links))
        }
        Err(refused) => {
            node.registry.remove(&session);
            Err(refused)
        }
    }
}

fn grant(node: &Node, headers: &HeaderMap, room: &RoomId, asked: &Asked) -> Result<Grant, Refused> {
    match &node.access {
        Access::Open => Ok(Grant {
            participant: asked
                .participant
                .as_deref()
                .map_or_else(|| Ok(new_participant_id()), participant_id)?,
            role: asked.role.as_deref().map_or(Ok(Role::Classroom), role)?,
            publish: vec![Source::Microphone, Source::Camera, Source::Board],
            subscribe: true,
        }),
        Access::Tokens(key) => {
            let claims = key.verify(headers, room, Age::Fresh, clock::machine_unix_us() / 1_000_000)?;
            Ok(Grant {
                participant: claims.sub,
                role: claims.role,
                publish: claims.publish,
                subscribe: claims.subscribe,
            })
        }
    }
}

fn created(
    kind: Kind,
    room: &RoomId,
    session: &SessionId,
    answer: Answer,
    ice_links: &[HeaderValue],
) -> Response {
    let headers = [
        (header::CONTENT_TYPE, SDP.to_owned()),
        (header::LOCATION, format!("/{}/{room}/{session}", kind.path())),
        (header::ETAG, format!("\"{}\"", answer.etag)),
        (header::HeaderName::from_static("accept-patch"), FRAGMENT.to_owned()),
    ];
    let mut response = (StatusCode::CREATED, headers, answer.sdp).into_response();
    for link in ice_links {
        response.headers_mut().append(header::LINK, link.clone());
    }
    response
}

async fn change(
    kind: Kind,
    State(node): SharedNode,
    Path((room, session)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let (session, worker) = may_touch(kind, &node, &room, &session, &headers)?;
    require_type(&headers, FRAGMENT)?;
    let if_match = if_match(&headers)?;
    let fragment = read_text(body).await?;
    let changed = session.clone();
    let outcome = node
        .workers
        .on(worker)
        .call(move |engine, now| engine.patch(now, &changed, if_match.as_deref(), &fragment))
        .await??;
    Ok(match outcome {
        PatchOutcome::Noted => StatusCode::NO_CONTENT.into_response(),
        PatchOutcome::Restarted { fragment, etag } => {
            let headers =
                [(header::CONTENT_TYPE, FRAGMENT.to_owned()), (header::ETAG, format!("\"{etag}\""))];
            (StatusCode::OK, headers, fragment).into_response()
        }
    })
}

async fn end(
    kind: Kind,
    State(node): SharedNode,
    Path((room, session)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let (session, worker) = may_touch(kind, &node, &room, &session, &headers)?;
    let closed = session.clone();
    let outcome = node.workers.on(worker).call(move |engine, now| engine.close(now, &closed)).await?;
    // Whoever could not be told still has the session, and its place.
    node.registry.remove(&session);
    outcome?;
    Ok(StatusCode::OK.into_response())
}

/// The session of this URL and its worker, if the caller may touch it; why the URL is enough says
/// [`crate::shell::http::registry`].
fn may_touch(
    kind: Kind,
    node: &Node,
    room: &str,
    session: &str,
    headers: &HeaderMap,
) -> Result<(SessionId, usize), Refused> {
    let gone = || {
        Refused::new(StatusCode::NOT_FOUND, "no_session", "there is no session at this address")
            .detail("It has ended. Start a new one with POST.")
    };
    let room = room_id(room)?;
    let session = SessionId::new(session).map_err(|_| gone())?;
    let (entry, worker) = node.registry.find(kind, &room, &session).ok_or_else(gone)?;
    if let (Access::Tokens(key), Some(_)) = (&node.access, bearer(headers)) {
        let claims = key.verify(headers, &room, Age::Any, clock::machine_unix_us() / 1_000_000)?;
        if claims.sub != entry.participant {
            return Err(Refused::forbidden("the session belongs to another participant"));
        }
    }
    Ok((session, worker))
}

/// RFC 9725 §4.3.1: a PATCH without If-Match is 428; `*` stands for whatever session there is.
fn if_match(headers: &HeaderMap) -> Result<Option<String>, Refused> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Err(Refused::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if_match_missing",
            "a PATCH must name the ICE session it changes",
        )
        .detail("Send `If-Match` with the ETag of the last answer, or `*` for an ICE restart."));
    };
    let value = value.to_str().map_err(|_| Refused::bad_request("If-Match cannot be read"))?.trim();
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match (value, inner) {
        ("*", _) | (_, Some("*")) => Ok(None),
        (_, Some(etag)) => Ok(Some(etag.to_owned())),
        // A weak or unquoted tag never matches a strong one (RFC 9110 §13.1.1).
        (weak, None) => Ok(Some(weak.to_owned())),
    }
}

fn require_type(headers: &HeaderMap, expected: &'static str) -> Result<(), Refused> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let name = if expected == SDP { "accept-post" } else { "accept-patch" };
    Err(Refused::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "wrong_content_type",
        format!("the Content-Type must be {expected}"),
    )
    .header(header::HeaderName::from_static(name), HeaderValue::from_static(expected)))
}

fn preflight(methods: &'static str, accept: header::HeaderName, media_type: &'static str) -> Response {
    let headers = [
        (header::ALLOW, methods),
        (header::ACCESS_CONTROL_ALLOW_METHODS, methods),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, If-Match"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (accept, media_type),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn slot_names(slots: Option<&str>) -> Result<Vec<String>, Refused> {
    let Some(slots) = slots.filter(|slots| !slots.is_empty()) else { return Ok(Vec::new()) };
    let names: Vec<String> =
        slots.split(',').take(MAX_SLOTS + 1).map(|name| name.trim().to_owned()).collect();
    if names.len() > MAX_SLOTS {
        return Err(Refused::bad_request(format!("at most {MAX_SLOTS} slots can be asked for")));
    }
    if let Some(odd) = names.iter().position(|name| !is_slot(name)) {
        return Err(Refused::bad_request(format!("slot {} of `slots` is unknown", odd + 1))
            .detail("Slots are teacher, board, stage, wall0 to wall29, audio0 to audio2."));
    }
    Ok(names)
}

fn is_slot(name: &str) -> bool {
    let numbered = |prefix: &str, count: u8| {
        name.strip_prefix(prefix)
            .is_some_and(|n| n.parse::<u8>().is_ok_and(|index| index < count && index.to_string() == n))
    };
    matches!(name, "teacher" | "board" | "stage")
        || numbered("wall", MAX_WALL)
        || numbered("audio", MAX_VOICES)
}

fn room_id(text: &str) -> Result<RoomId, Refused> {
    RoomId::new(text)
        .map_err(|error| Refused::bad_request(format!("the room's name is not possible: {error}")))
}

fn participant_id(text: &str) -> Result<ParticipantId, Refused> {
    ParticipantId::new(text)
        .map_err(|error| Refused::bad_request(format!("the participant's name is not possible: {error}")))
}

fn role(text: &str) -> Result<Role, Refused> {
    let read: Result<Role, serde::de::value::Error> = Role::deserialize(text.into_deserializer());
    read.map_err(|error| Refused::bad_request("there is no such role").detail(error.to_string()))
}

fn new_session_id() -> SessionId {
    SessionId::new(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()))
        .expect("base64url is a subset of an identifier")
}

fn new_participant_id() -> ParticipantId {
    ParticipantId::new(format!("guest-{:08x}", rand::random::<u32>()))
        .expect("hex is a subset of an identifier")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_documented_slots_are_known() {
        for good in ["teacher", "board", "stage", "wall0", "wall29", "audio0", "audio2"] {
            assert!(is_slot(good), "{good}");
        }
        for bad in ["", "wall30", "wall", "wall-1", "wall01", "wall+1", "audio3", "Teacher"] {
            assert!(!is_slot(bad), "{bad}");
        }
        assert_eq!(slot_names(Some("stage, wall0,audio0")).unwrap(), ["stage", "wall0", "audio0"]);
        assert!(slot_names(Some(&"wall0,".repeat(1000))).is_err());
        assert!(slot_names(None).unwrap().is_empty());
    }

    #[test]
    fn if_match_is_read_as_rfc_9110_says() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, value.parse().unwrap());
            if_match(&headers).unwrap()
        };
        assert_eq!(read("\"abc\""), Some("abc".into()));
        assert_eq!(read("*"), None);
        assert_eq!(read("\"*\""), None);
        assert_eq!(read("W/\"abc\""), Some("W/\"abc\"".into()));
        assert!(if_match(&HeaderMap::new()).is_err());
    }
}
