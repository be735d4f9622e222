//! Pairing screens, by a lesson's code or by one on the screen, and the list of them.

use super::input;
use super::peer::Peer;
use crate::app::App;
use crate::auth::policy::{Act, need_at, need_device};
use crate::auth::{Caller, SecretHash, credential};
use crate::device::health::{self, Standing};
use crate::device::pairing;
use crate::lesson::Refusal;
use crate::lesson::machine::Code;
use crate::problem::ApiError;
use crate::store::device::{Device, Listed};
use crate::ws::page::{device_view, view_of};
use crate::{clock, fresh};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use std::collections::HashMap;
use tongtang_http::bearer::bearer;
use tongtang_protocol::api::{Pair, Paired, Placed, Rename};
use tongtang_protocol::device::{ScreenAsks, ScreenClaim, ScreenPairing, ScreenView};
use tongtang_protocol::ids::{ClassroomId, DeviceId, LessonId};
use tongtang_protocol::lesson::MAX_CLASSROOMS;
use tongtang_protocol::message::DeviceView;
use tongtang_protocol::problem::Problem;

/// Screens of one server. One more is refused until old ones are removed.
const MAX_DEVICES: u64 = 10_000;

/// Screens that typed one lesson's code and have not come into any lesson yet. A screen comes a second
/// after it typed; whoever types the code again and again fills this, not the table of screens: the
/// one that typed longest ago is forgotten.
const MAX_NOT_YET_COME: usize = 32;

/// Pairs a screen with the code of an open lesson, once and for ever.
///
/// A screen that was paired before sends its credential as bearer token and stays the same screen.
#[utoipa::path(
    post, path = "/api/devices/pair", operation_id = "device_pair", tag = "device", request_body = Pair,
    responses(
        (status = 200, body = Paired), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem),
    )
)]
pub async fn pair(
    State(app): State<App>,
    caller: Result<Caller, ApiError>,
    peer: Peer,
    headers: HeaderMap,
    Json(body): Json<Pair>,
) -> Result<Json<Paired>, ApiError> {
    let code = Code::parse(body.code.trim()).ok_or(ApiError::BadInput("code"))?;
    let name = body.name.as_deref().map(input::name).transpose()?;
    app.guessing()
        .try_now(peer.0, clock::now())
        .map_err(|retry_after_s| ApiError::TooMany { retry_after_s })
        .inspect_err(|_| metrics::counter!("tongtang_codes_total", "answer" => "too many").increment(1))?;
    let Some(lesson) = app.store().lesson_of_code(&code).await? else {
        metrics::counter!("tongtang_codes_total", "answer" => "unknown").increment(1);
        return Err(ApiError::UnknownCode);
    };
    metrics::counter!("tongtang_codes_total", "answer" => "right").increment(1);
    app.guessing().right(peer.0);
    let (device, credential) = match (caller, bearer(&headers)) {
        (Ok(Caller::Device(id)), Some(credential)) => {
            (invite_again(&app, &id, name.as_deref(), &lesson).await?, credential.to_owned())
        }
        // An unknown credential is a screen that was removed: it is a new one now.
        (Ok(_) | Err(ApiError::BadCredential), _) => invite_new(&app, name, &lesson).await?,
        // Whether it is a known one cannot be told now, and a second device is not made on a guess.
        (Err(error), _) => return Err(error),
    };
    app.bus().device_changed(&device);
    tracing::info!(%device, %lesson, "screen paired");
    let device = device_view(&app, &device).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(Paired { device, credential }))
}

/// A screen that waits to be paired asks for a code to show, and again and again what became of it: an answer comes as
/// soon as something else is true than what it shows, or after ten seconds.
#[utoipa::path(
    post, path = "/api/screen-codes", operation_id = "device_ask", tag = "device", request_body = ScreenAsks,
    responses(
        (status = 200, body = ScreenPairing), (status = 422, body = Problem), (status = 429, body = Problem),
        (status = 503, body = Problem),
    )
)]
pub async fn ask(
    State(app): State<App>,
    peer: Peer,
    Json(body): Json<ScreenAsks>,
) -> Result<Json<ScreenPairing>, ApiError> {
    // It may take as long as a socket, and is what a screen has before it has one.
    let _counted = app.sessions().count_socket(peer.0)?;
    pairing::ask(&app, peer.0, body).await.map(Json)
}

/// Pairs the screen that shows this code: it stands in this classroom from now on, and joins its lessons by itself.
#[utoipa::path(
    post, path = "/api/devices", operation_id = "device_claim", tag = "device", request_body = ScreenClaim,
    responses(
        (status = 201, body = ScreenView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem),
    )
)]
pub async fn claim(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ScreenClaim>,
) -> Result<(StatusCode, Json<ScreenView>), ApiError> {
    caller.may(Act::ChangeDevices)?;
    let code = Code::parse(body.code.trim()).ok_or(ApiError::BadInput("code"))?;
    let name = input::name(&body.name)?;
    need_room(&app, &caller, &body.classroom_id).await?;
    let device = pairing::claim(&app, &caller, &code, name, &body.classroom_id, MAX_DEVICES).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, &device).await?)))
}

/// The screens of the caller's places; those that somebody should look after come first.
#[utoipa::path(
    get, path = "/api/devices", operation_id = "device_list", tag = "device",
    responses((status = 200, body = Vec<ScreenView>), (status = 401, body = Problem))
)]
pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Vec<ScreenView>>, ApiError> {
    let scope = caller.may(Act::ReadDevices)?;
    let devices = app.store().devices(&scope).await?;
    let there = app.sessions().screens();
    let mut screens: Vec<_> = devices.into_iter().map(|device| screen_view(device, &there)).collect();
    // Stable: among those with the same worst trouble by name, as they come.
    screens.sort_by_key(|screen| (screen.troubles.is_empty(), screen.troubles.first().copied()));
    Ok(Json(screens))
}

/// Renames a screen.
#[utoipa::path(
    patch, path = "/api/devices/{id}", operation_id = "device_rename",
    tag = "device", params(("id" = DeviceId, Path)), request_body = Rename,
    responses((status = 200, body = ScreenView), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn rename(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DeviceId>,
    Json(body): Json<Rename>,
) -> Result<Json<ScreenView>, ApiError> {
    need_device(&app, &caller, Act::ChangeDevices, &id).await?;
    if !app.store().rename_device(&id, &input::name(&body.name)?).await? {
        return Err(ApiError::NotFound);
    }
    app.bus().device_changed(&id);
    shown(&app, &id).await.map(Json)
}

/// Says in which classroom a screen stands: there it joins the lessons of the timetable by itself. It leaves what is held
/// in the classroom where it stood.
#[utoipa::path(
    put, path = "/api/devices/{id}/classroom", operation_id = "device_place",
    tag = "device", params(("id" = DeviceId, Path)), request_body = Placed,
    responses((status = 200, body = ScreenView), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub async fn place(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DeviceId>,
    Json(body): Json<Placed>,
) -> Result<Json<ScreenView>, ApiError> {
    need_device(&app, &caller, Act::ChangeDevices, &id).await?;
    if let Some(room) = &body.classroom_id {
        need_room(&app, &caller, room).await?;
    }
    let left = app.store().place_device(&id, body.classroom_id.as_ref(), clock::now()).await?;
    for lesson in left.ok_or(ApiError::NotFound)? {
        app.lessons().expel_device(&lesson, &id).await?;
    }
    app.bus().device_changed(&id);
    shown(&app, &id).await.map(Json)
}

/// Removes a screen: its credential opens nothing any more.
#[utoipa::path(
    delete, path = "/api/devices/{id}", operation_id = "device_remove",
    tag = "device", params(("id" = DeviceId, Path)),
    responses((status = 204), (status = 404, body = Problem))
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DeviceId>,
) -> Result<StatusCode, ApiError> {
    need_device(&app, &caller, Act::ChangeDevices, &id).await?;
    let sits_in = app.store().lesson_of_device(&id).await?;
    if !app.store().delete_device(&id).await? {
        return Err(ApiError::NotFound);
    }
    if let Some(lesson) = sits_in {
        app.lessons().expel_device(&lesson, &id).await?;
    }
    app.bus().device_changed(&id);
    Ok(StatusCode::NO_CONTENT)
}

/// A classroom in which the caller keeps screens.
async fn need_room(app: &App, caller: &Caller, room: &ClassroomId) -> Result<(), ApiError> {
    let room = app.store().classroom(room).await?.ok_or(ApiError::BadInput("classroom_id"))?;
    need_at(app, caller, Act::ChangeDevices, &room.org_id).await.map(drop)
}

async fn shown(app: &App, id: &DeviceId) -> Result<ScreenView, ApiError> {
    let device = app.store().listed_device(id).await?.ok_or(ApiError::NotFound)?;
    Ok(screen_view(device, &app.sessions().screens()))
}

fn screen_view(listed: Listed, there: &HashMap<DeviceId, bool>) -> ScreenView {
    let standing = Standing {
        is_online: there.contains_key(&listed.device.id),
        is_in_lesson: there.get(&listed.device.id).copied().unwrap_or_default(),
        has_classroom: listed.room.is_some(),
    };
    let (classroom_id, classroom_name) = listed.room.unzip();
    let (org_id, org_name) = listed.org.unzip();
    let DeviceView { id, name, next_lesson } = view_of(listed.device.clone(), listed.next);
    ScreenView {
        id,
        name,
        next_lesson,
        paired_at: listed.device.paired_at,
        classroom_id,
        classroom_name,
        org_id,
        org_name,
        is_online: standing.is_online,
        is_in_lesson: standing.is_in_lesson,
        last_seen_at: listed.last_seen_at,
        troubles: health::troubles(standing, listed.health.as_ref()),
        health: listed.health,
    }
}

async fn invite_again(
    app: &App,
    id: &DeviceId,
    name: Option<&str>,
    lesson: &LessonId,
) -> Result<DeviceId, ApiError> {
    check_room(app, lesson, Some(id)).await?;
    if let Some(name) = name {
        app.store().rename_device(id, name).await?;
    }
    app.store().invite_device(lesson, id, clock::now()).await?;
    Ok(id.clone())
}

async fn invite_new(
    app: &App,
    name: Option<String>,
    lesson: &LessonId,
) -> Result<(DeviceId, String), ApiError> {
    check_room(app, lesson, None).await?;
    for device in app.store().screens_that_never_came(lesson, MAX_NOT_YET_COME - 1).await? {
        app.store().delete_device(&device).await?;
        app.bus().device_changed(&device);
        tracing::info!(%device, %lesson, "a screen that never came is forgotten");
    }
    let known = app.store().count_devices().await?;
    if known >= MAX_DEVICES {
        return Err(ApiError::limit("screens"));
    }
    let credential = credential::device();
    let device = Device {
        id: fresh::device_id(),
        name: name.unwrap_or_else(|| format!("教室 {}", known + 1)),
        paired_at: clock::now(),
    };
    app.store().pair_device(&device, &SecretHash::of(&credential), lesson).await?;
    Ok((device.id, credential))
}

/// Better refused now, in words, than let in and left waiting.
async fn check_room(app: &App, lesson: &LessonId, device: Option<&DeviceId>) -> Result<(), ApiError> {
    let runner = app.lessons().get(lesson).await?.ok_or(ApiError::UnknownCode)?;
    let lesson = runner.lesson();
    let has_seat = device.is_some() && lesson.classrooms().any(|seat| seat.device_id.as_ref() == device);
    if !has_seat && lesson.classrooms().count() >= MAX_CLASSROOMS {
        return Err(ApiError::Lesson(Refusal::Full));
    }
    Ok(())
}
