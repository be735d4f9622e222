//! Signing in with an account: password, second factor, first password.

use super::peer::Peer;
use super::session::{cookie_of, refuse_foreign};
use crate::app::{App, Scheme};
use crate::auth::caller::Account;
use crate::auth::password::{self, PasswordError};
use crate::auth::refused::Refused;
use crate::auth::totp::Secret;
use crate::auth::{Caller, SecretHash, cookie};
use crate::problem::ApiError;
use crate::store::session::SessionOf;
use crate::store::sign_in::Renewed;
use crate::{clock, fresh};
use axum::Json;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use tongtang_protocol::account::{
    NewPassword, SecondFactorCode, SecondFactorSetup, SignIn, SignInStep, SignInWays, SignedIn,
};
use tongtang_protocol::problem::Problem;
use tongtang_protocol::units::UnixMillis;

/// Longest login that is looked at, in bytes; a longer one is nobody's.
const MAX_LOGIN_BYTES: usize = 256;

/// Longest password that is looked at, in bytes.
const MAX_PASSWORD_BYTES: usize = password::MAX_CHARS * 4;

/// How one can sign in.
#[utoipa::path(
    get, path = "/api/sign-in", operation_id = "sign_in_ways", tag = "sign_in",
    responses((status = 200, body = SignInWays))
)]
pub async fn ways(State(app): State<App>) -> Json<SignInWays> {
    Json(SignInWays { provider: app.provider().map(|provider| provider.name().to_owned()) })
}

/// Signs in with a password; the answer says what is still missing.
#[utoipa::path(
    post, path = "/api/sign-in", operation_id = "sign_in_password", tag = "sign_in", request_body = SignIn,
    responses(
        (status = 200, body = SignedIn, description = "A cookie is set"), (status = 401, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem),
    )
)]
pub async fn password(
    State(app): State<App>,
    peer: Peer,
    extensions: Extensions,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> Result<Response, ApiError> {
    refuse_foreign(&headers)?;
    let login = body.login.trim().to_lowercase();
    // PostgreSQL has no text with U+0000.
    if login.len() > MAX_LOGIN_BYTES || login.contains('\0') || body.password.len() > MAX_PASSWORD_BYTES {
        return Err(ApiError::BadInput("login"));
    }
    let stored = tried(&app, &login, peer.0, async || {
        let stored = app.store().stored_password(&login).await?;
        let hash = stored.as_ref().and_then(|stored| stored.password_hash.clone());
        let is_right = app.passwords().is_right(body.password.clone(), hash).await?;
        Ok(stored.filter(|_| is_right).ok_or(Refused::WrongPassword)?)
    })
    .await?;
    // Shut out or removed since: nobody is told.
    let account = app.store().signed_in(&stored.id).await?.ok_or(Refused::WrongPassword)?;
    let step = account.step(false);
    let (secret, now) = (fresh::secret(), clock::now());
    let life_s = if step == SignInStep::Done { cookie::ACCOUNT_LIFE_S } else { cookie::ENTERING_LIFE_S };
    let scheme = Scheme::of(&extensions, &headers, &app);
    if let Some(before) = cookie::read(&headers, scheme) {
        app.store().delete_session(&SecretHash::of(&before)).await?;
    }
    let of = SessionOf::Account { id: stored.id, second_factor: false };
    let expires_at = UnixMillis(now.0 + life_s * 1000);
    app.store().insert_session(&SecretHash::of(&secret), &of, now, expires_at).await?;
    Ok(signed_in(step, &secret, life_s, scheme))
}

/// A fresh secret for an authenticator app; the first right code makes it count.
#[utoipa::path(
    post, path = "/api/second-factor/setup", operation_id = "sign_in_set_up_second_factor", tag = "sign_in",
    responses(
        (status = 200, body = SecondFactorSetup), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem),
    )
)]
pub async fn set_up_second_factor(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<SecondFactorSetup>, ApiError> {
    let account = own_account(&caller)?;
    let secret = Secret::fresh();
    let sealed = app.seal().seal(&secret, &account.id);
    if !app.store().begin_second_factor(&account.id, &sealed).await? {
        return Err(Refused::HasSecondFactor.into());
    }
    Ok(Json(SecondFactorSetup { secret: secret.base32(), uri: secret.uri(&account.login) }))
}

/// Gives the second factor's code: the first one makes it count, later ones sign in.
#[utoipa::path(
    post, path = "/api/second-factor", operation_id = "sign_in_second_factor", tag = "sign_in",
    request_body = SecondFactorCode,
    responses(
        (status = 200, body = SignedIn, description = "A new cookie is set"), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 429, body = Problem),
    )
)]
pub async fn second_factor(
    State(app): State<App>,
    caller: Caller,
    peer: Peer,
    extensions: Extensions,
    headers: HeaderMap,
    Json(body): Json<SecondFactorCode>,
) -> Result<Response, ApiError> {
    let account = own_account(&caller)?;
    let scheme = Scheme::of(&extensions, &headers, &app);
    let (old, secret) = (cookie_of(&headers, scheme)?, fresh::secret());
    // A name no login has: guessing codes does not delay passwords.
    let name = format!("second factor of {}", account.id);
    tried(&app, &name, peer.0, async || {
        let factor = app.store().second_factor(&account.id).await?.ok_or(Refused::NoSecondFactor)?;
        let Some(opened) = app.seal().open(&factor.secret, &account.id) else {
            return Err(ApiError::Internal("a second factor cannot be unsealed".into()));
        };
        let now = clock::now();
        let step = opened.step_of(&body.code, now, factor.step).ok_or(Refused::WrongCode)?;
        let expires_at = UnixMillis(now.0 + cookie::ACCOUNT_LIFE_S * 1000);
        let renewed = Renewed { old: &old, new: &SecretHash::of(&secret), now, expires_at };
        let is_new = app.store().use_code(&account.id, &factor, step, renewed).await?;
        if is_new { Ok(()) } else { Err(Refused::WrongCode.into()) }
    })
    .await?;
    Ok(signed_in(SignInStep::Done, &secret, cookie::ACCOUNT_LIFE_S, scheme))
}

/// Sets a password: the first one by an invitation, or one's own anew. All the account's sessions end.
#[utoipa::path(
    post, path = "/api/passwords", operation_id = "sign_in_set_password", tag = "sign_in",
    request_body = NewPassword,
    responses(
        (status = 204), (status = 401, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem),
    )
)]
pub async fn set_password(
    State(app): State<App>,
    caller: Caller,
    peer: Peer,
    extensions: Extensions,
    headers: HeaderMap,
    Json(body): Json<NewPassword>,
) -> Result<Response, ApiError> {
    refuse_foreign(&headers)?;
    if let Some(invitation) = body.invitation {
        let invitation = SecretHash::of(&invitation);
        let (account, login) =
            app.store().invited(&invitation, clock::now()).await?.ok_or(Refused::BadInvitation)?;
        let hash = hash_of(&app, body.password, &login).await?;
        if !app.store().use_invitation(&invitation, &account, &hash, clock::now()).await? {
            return Err(Refused::BadInvitation.into());
        }
        tracing::info!(%account, "a password was set by an invitation");
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let Caller::Account(account) = &caller else { return Err(caller.need_account()) };
    let current = body.current.filter(|text| text.len() <= MAX_PASSWORD_BYTES);
    let current = current.ok_or(ApiError::BadInput("current"))?;
    tried(&app, &account.login, peer.0, async || {
        let stored = app.store().stored_password(&account.login).await?;
        let stored = stored.and_then(|stored| stored.password_hash).ok_or(Refused::ByProvider)?;
        let is_right = app.passwords().is_right(current.clone(), Some(stored)).await?;
        if is_right { Ok(()) } else { Err(Refused::WrongPassword.into()) }
    })
    .await?;
    let hash = hash_of(&app, body.password, &account.login).await?;
    let scheme = Scheme::of(&extensions, &headers, &app);
    let (old, secret, now) = (cookie_of(&headers, scheme)?, fresh::secret(), clock::now());
    let expires_at = UnixMillis(now.0 + cookie::ACCOUNT_LIFE_S * 1000);
    let renewed = Renewed { old: &old, new: &SecretHash::of(&secret), now, expires_at };
    // Who is in gave the second factor, if there is one.
    app.store().change_password(&account.id, &hash, account.has_second_factor, renewed).await?;
    let cookie = cookie::set(&secret, cookie::ACCOUNT_LIFE_S, scheme);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// A try of a password or a code, which counts as wrong unless `attempt` succeeds.
async fn tried<T>(
    app: &App,
    name: &str,
    ip: IpAddr,
    attempt: impl AsyncFnOnce() -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let count =
        |answer: &'static str| metrics::counter!("tongtang_sign_ins_total", "answer" => answer).increment(1);
    app.delay().try_now(name, ip, clock::now()).map_err(|retry_after_s| {
        count("too many");
        ApiError::TooMany { retry_after_s }
    })?;
    let outcome = attempt().await.inspect_err(|error| match error {
        ApiError::Account(_) => count("wrong"),
        // A busy or failing server is nobody's mistake.
        _ => app.delay().void(name, ip),
    })?;
    app.delay().right(name, ip, clock::now());
    count("right");
    Ok(outcome)
}

/// Whose account it is; also somebody's who is halfway in.
fn own_account(caller: &Caller) -> Result<&Account, ApiError> {
    caller.account().ok_or_else(|| caller.need_account())
}

async fn hash_of(app: &App, password: String, login: &str) -> Result<String, ApiError> {
    if !password::may_be(&password, login) {
        return Err(Refused::WeakPassword.into());
    }
    Ok(app.passwords().hash(password).await?)
}

fn signed_in(step: SignInStep, secret: &str, life_s: i64, scheme: Scheme) -> Response {
    let cookie = cookie::set(secret, life_s, scheme);
    ([(header::SET_COOKIE, cookie)], Json(SignedIn { step })).into_response()
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::limit("sign-ins"),
            PasswordError::Failed(cause) => Self::Internal(cause.into()),
        }
    }
}
