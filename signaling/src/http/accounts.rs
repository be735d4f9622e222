//! Accounts: making them, giving roles, inviting their people.

use super::input;
use crate::app::{App, Scheme};
use crate::auth::policy::{Act, Scope};
use crate::auth::refused::Refused;
use crate::auth::{Caller, SecretHash};
use crate::problem::ApiError;
use crate::store::StoreError;
use crate::store::account::{Changed, Changer};
use crate::{clock, fresh};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use tongtang_protocol::account::{AccountInput, AccountView, Invitation};
use tongtang_protocol::api::Part;
use tongtang_protocol::ids::AccountId;
use tongtang_protocol::problem::Problem;
use tongtang_protocol::units::UnixMillis;

/// Roles of one account.
const MAX_ROLES: usize = 32;

/// How long an invitation opens, in milliseconds.
const INVITATION_MS: i64 = 7 * 24 * 3_600_000;

/// Accounts of the caller's places, by login.
#[utoipa::path(
    get, path = "/api/accounts", operation_id = "account_list", tag = "account", params(Part),
    responses((status = 200, body = Vec<AccountView>))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Json<Vec<AccountView>>, ApiError> {
    let scope = caller.may(Act::ReadAccounts)?;
    Ok(Json(app.store().accounts(&scope, &input::slice(part)?).await?))
}

/// A new account. Its person gets in by an invitation.
#[utoipa::path(
    post, path = "/api/accounts", operation_id = "account_create", tag = "account", request_body = AccountInput,
    responses(
        (status = 201, body = AccountView), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<AccountInput>,
) -> Result<(StatusCode, Json<AccountView>), ApiError> {
    let scope = caller.may(Act::ChangeAccounts)?;
    let (input, id) = (checked(body)?, fresh::account_id());
    let by = changer(&caller, &scope);
    done(app.store().insert_account(&id, &input, by, clock::now()).await)?;
    tracing::info!(account = %id, "account made");
    let view = app.store().account(&id, &scope).await?.ok_or(ApiError::NotFound)?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// One account.
#[utoipa::path(
    get, path = "/api/accounts/{id}", operation_id = "account_show", tag = "account",
    params(("id" = AccountId, Path)),
    responses((status = 200, body = AccountView), (status = 404, body = Problem))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<Json<AccountView>, ApiError> {
    let scope = caller.may(Act::ReadAccounts)?;
    app.store().account(&id, &scope).await?.map(Json).ok_or(ApiError::NotFound)
}

/// Changes an account: its name, its place, its roles, whether it is shut out. Counts at once, also for who is signed in.
#[utoipa::path(
    put, path = "/api/accounts/{id}", operation_id = "account_change", tag = "account",
    params(("id" = AccountId, Path)), request_body = AccountInput,
    responses(
        (status = 200, body = AccountView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
    Json(body): Json<AccountInput>,
) -> Result<Json<AccountView>, ApiError> {
    let scope = caller.may(Act::ChangeAccounts)?;
    let input = checked(body)?;
    done(app.store().change_account(&id, &input, changer(&caller, &scope), clock::now()).await)?;
    app.store().account(&id, &scope).await?.map(Json).ok_or(ApiError::NotFound)
}

/// Removes an account.
#[utoipa::path(
    delete, path = "/api/accounts/{id}", operation_id = "account_remove", tag = "account",
    params(("id" = AccountId, Path)),
    responses(
        (status = 204), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem),
    )
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<StatusCode, ApiError> {
    let scope = caller.may(Act::ChangeAccounts)?;
    done(app.store().delete_account(&id, changer(&caller, &scope)).await)?;
    tracing::info!(account = %id, "account removed");
    Ok(StatusCode::NO_CONTENT)
}

/// A fresh link by which the account's person sets a password, once; the link before it opens nothing any more.
#[utoipa::path(
    post, path = "/api/accounts/{id}/invitations", operation_id = "account_invite", tag = "account",
    params(("id" = AccountId, Path)),
    responses((status = 201, body = Invitation), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn invite(
    State(app): State<App>,
    caller: Caller,
    extensions: Extensions,
    headers: HeaderMap,
    Path(id): Path<AccountId>,
) -> Result<(StatusCode, Json<Invitation>), ApiError> {
    let scope = caller.may(Act::ChangeAccounts)?;
    let (secret, now) = (fresh::secret(), clock::now());
    let expires_at = UnixMillis(now.0 + INVITATION_MS);
    let hash = SecretHash::of(&secret);
    done(app.store().invite_account(&id, changer(&caller, &scope), &hash, now, expires_at).await)?;
    let base = super::lessons::base_url(&app, &headers, Scheme::of(&extensions, &headers, &app));
    // Behind `#`, which browsers do not send and servers do not log.
    let url = format!("{base}/sign-in#invitation.{secret}");
    Ok((StatusCode::CREATED, Json(Invitation { url, expires_at })))
}

/// Clears the second factor of somebody who lost their phone; they set up a new one.
#[utoipa::path(
    delete, path = "/api/accounts/{id}/second-factor", operation_id = "account_clear_second_factor",
    tag = "account", params(("id" = AccountId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn clear_second_factor(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<StatusCode, ApiError> {
    let scope = caller.may(Act::ChangeAccounts)?;
    done(app.store().clear_second_factor(&id, changer(&caller, &scope)).await)?;
    Ok(StatusCode::NO_CONTENT)
}

fn changer<'a>(caller: &'a Caller, scope: &'a Scope) -> Changer<'a> {
    Changer { scope, own: caller.account().map(|account| &account.id) }
}

fn done(outcome: Result<Changed, StoreError>) -> Result<(), ApiError> {
    match outcome {
        Ok(Changed::Done) => Ok(()),
        Ok(Changed::NotThere) => Err(ApiError::NotFound),
        Ok(Changed::Beyond) => Err(Refused::BeyondYours.into()),
        Ok(Changed::Yourself) => Err(Refused::Yourself.into()),
        Ok(Changed::Full) => Err(ApiError::limit("accounts")),
        Err(error) if error.is_taken() => Err(Refused::LoginTaken.into()),
        Err(error) => Err(error.into()),
    }
}

fn checked(mut input: AccountInput) -> Result<AccountInput, ApiError> {
    input.login = input::login(&input.login).ok_or(ApiError::BadInput("login"))?;
    input.name = input::name(&input.name)?;
    if input.roles.len() > MAX_ROLES {
        return Err(ApiError::BadInput("roles"));
    }
    Ok(input)
}
