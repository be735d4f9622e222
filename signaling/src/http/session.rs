//! Set-up, signing in and out.

use crate::app::{App, Scheme};
use crate::auth::caller::Account;
use crate::auth::credential::Credential;
use crate::auth::origin::{Site, site_of};
use crate::auth::{Caller, SecretHash, cookie};
use crate::problem::ApiError;
use crate::store::session::{SessionOf, SetupSecret};
use crate::{clock, fresh};
use axum::Json;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tongtang_protocol::account::{NamedGrant, SessionAccount, SignInStep};
use tongtang_protocol::api::{SessionRole, SessionView, SetUp, TeacherSignIn};
use tongtang_protocol::problem::Problem;
use tongtang_protocol::units::UnixMillis;

/// Uses up the one-time set-up link: the caller is the administrator from now on.
#[utoipa::path(
    post, path = "/api/setup", operation_id = "session_set_up", tag = "session", request_body = SetUp,
    responses(
        (status = 204, description = "Signed in; a cookie is set"),
        (status = 401, body = Problem), (status = 403, body = Problem),
    )
)]
pub async fn set_up(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    Json(body): Json<SetUp>,
) -> Result<Response, ApiError> {
    refuse_foreign(&headers)?;
    let secret = SecretHash::of(&body.secret);
    match app.store().use_setup_secret(&secret, &app.first_setup_secret(), clock::now()).await? {
        SetupSecret::Right => {}
        SetupSecret::UsedBefore => return Err(ApiError::SetupUsed),
        SetupSecret::Unknown => return Err(ApiError::BadCredential),
    }
    sign_in(&app, &SessionOf::Admin, Scheme::of(&extensions, &headers, &app)).await
}

/// A fresh set-up link for the administrator; the ones before it open nothing any more.
#[utoipa::path(
    post, path = "/api/setup-links", tag = "session", operation_id = "session_make_link",
    responses((status = 201, body = SetUp), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub async fn make_link(
    State(app): State<App>,
    caller: Caller,
) -> Result<(StatusCode, Json<SetUp>), ApiError> {
    caller.need_admin()?;
    let secret = fresh::secret();
    app.store()
        .replace_setup_secret(&SecretHash::of(&secret), &app.first_setup_secret(), clock::now())
        .await?;
    tracing::info!("a set-up link was made");
    Ok((StatusCode::CREATED, Json(SetUp { secret })))
}

/// Who the caller is, and what is open to them.
#[utoipa::path(
    get, path = "/api/session", operation_id = "session_show", tag = "session",
    responses((status = 200, body = SessionView))
)]
pub async fn show(caller: Caller) -> Json<SessionView> {
    let (role, lesson_id, step) = match &caller {
        Caller::Admin => (SessionRole::Admin, None, SignInStep::Done),
        Caller::Teacher(lesson) => (SessionRole::Teacher, Some(lesson.clone()), SignInStep::Done),
        Caller::Account(_) => (SessionRole::Account, None, SignInStep::Done),
        Caller::Entering(_, step) => (SessionRole::None, None, *step),
        Caller::Device(_) | Caller::Nobody => (SessionRole::None, None, SignInStep::Done),
    };
    let account = caller.account().map(|account| view_of(account, step));
    Json(SessionView { role, lesson_id, account, acts: caller.acts() })
}

/// Signs out.
#[utoipa::path(
    delete, path = "/api/session", operation_id = "session_sign_out", tag = "session",
    responses((status = 204))
)]
pub async fn sign_out(
    State(app): State<App>,
    _caller: Caller,
    extensions: Extensions,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let scheme = Scheme::of(&extensions, &headers, &app);
    if let Some(secret) = cookie::read(&headers, scheme) {
        app.store().delete_session(&SecretHash::of(&secret)).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::clear(scheme))]).into_response())
}

/// A teacher's link also opens the library of their lesson.
#[utoipa::path(
    post, path = "/api/teacher-session", operation_id = "session_sign_in_teacher",
    tag = "session", request_body = TeacherSignIn,
    responses((status = 204, description = "Signed in; a cookie is set"), (status = 401, body = Problem))
)]
pub async fn teacher(
    State(app): State<App>,
    caller: Caller,
    extensions: Extensions,
    headers: HeaderMap,
    Json(body): Json<TeacherSignIn>,
) -> Result<Response, ApiError> {
    refuse_foreign(&headers)?;
    let Some(Credential::Teacher(lesson)) = app.link_key().read(&body.credential) else {
        return Err(ApiError::BadCredential);
    };
    if app.store().lesson(&lesson).await?.is_none() {
        return Err(ApiError::BadCredential);
    }
    if matches!(caller, Caller::Admin | Caller::Account(_)) {
        // Opening a teacher's link must not sign somebody out who is more.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    sign_in(&app, &SessionOf::Teacher(lesson), Scheme::of(&extensions, &headers, &app)).await
}

/// A page of another site must not sign anybody in either.
pub(super) fn refuse_foreign(headers: &HeaderMap) -> Result<(), ApiError> {
    if site_of(headers) == Site::Foreign { Err(ApiError::ForeignPage) } else { Ok(()) }
}

async fn sign_in(app: &App, of: &SessionOf, scheme: Scheme) -> Result<Response, ApiError> {
    let secret = fresh::secret();
    let now = clock::now();
    let expires_at = UnixMillis(now.0 + cookie::LIFE_S * 1000);
    app.store().insert_session(&SecretHash::of(&secret), of, now, expires_at).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::set(&secret, cookie::LIFE_S, scheme))])
        .into_response())
}

/// The session that a request's cookie names; without one, nobody is signed in by cookie.
pub(super) fn cookie_of(headers: &HeaderMap, scheme: Scheme) -> Result<SecretHash, ApiError> {
    cookie::read(headers, scheme).map(|secret| SecretHash::of(&secret)).ok_or(ApiError::NotSignedIn)
}

fn view_of(account: &Account, step: SignInStep) -> SessionAccount {
    let named = account.grants.iter().map(|grant| NamedGrant {
        role: grant.role,
        org_id: grant.org_id.clone(),
        org_name: grant.org_name.clone(),
    });
    SessionAccount {
        id: account.id.clone(),
        login: account.login.clone(),
        name: account.name.clone(),
        person_id: account.person_id.clone(),
        org_id: account.org_id.clone(),
        roles: named.collect(),
        step,
        has_second_factor: account.has_second_factor,
    }
}
