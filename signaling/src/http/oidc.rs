//! Signing in at a provider (OpenID Connect), and its logout.
//!
//! A person's browser goes through these by itself, so what goes wrong is told by the sign-in page:
//! `/sign-in#refused.WORD`.

use crate::app::{App, Scheme};
use crate::auth::oidc::{Begun, OidcError, Provider};
use crate::auth::{SecretHash, cookie, equal};
use crate::problem::ApiError;
use crate::store::oidc::{Entered, Flow, NewSession};
use crate::{clock, fresh};
use axum::extract::{Form, Query, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongtang_protocol::problem::Problem;
use tongtang_protocol::units::UnixMillis;
use utoipa::{IntoParams, ToSchema};

/// Longest address of a page to go on with, in bytes.
const MAX_BACK_TO_BYTES: usize = 512;

/// `GET /api/oidc/start`
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Start {
    /// The page of this server to go on with; absent: the first one.
    #[serde(default)]
    back_to: Option<String>,
}

/// `GET /api/oidc/callback` (OpenID Connect Core 1.0 §3.1.2.5 and §3.1.2.6)
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Callback {
    /// What is exchanged for tokens.
    #[serde(default)]
    code: Option<String>,
    /// What was sent along.
    #[serde(default)]
    state: Option<String>,
    /// Why there is no code.
    #[serde(default)]
    error: Option<String>,
    /// Who answers (RFC 9207).
    #[serde(default)]
    iss: Option<String>,
}

/// `POST /api/oidc/back-channel-logout`
#[derive(Debug, Deserialize, ToSchema)]
pub struct BackChannelLogout {
    /// Signed by the provider.
    logout_token: String,
}

/// Begins a sign-in at the provider: sends the browser there.
#[utoipa::path(
    get, path = "/api/oidc/start", operation_id = "oidc_start", tag = "oidc", params(Start),
    responses((status = 303, description = "To the provider"), (status = 404, body = Problem))
)]
pub async fn start(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    Query(start): Query<Start>,
) -> Result<Response, ApiError> {
    let provider = app.provider().ok_or(ApiError::NotFound)?;
    let scheme = Scheme::of(&extensions, &headers, &app);
    let (begun, now) = (Begun::fresh(), clock::now());
    let entrance = match provider.entrance(&begun, &redirect_uri(&app, &headers, scheme), now).await {
        Ok(entrance) => entrance,
        Err(error) => return Ok(refused(&error, scheme)),
    };
    let Begun { state, nonce, verifier } = begun;
    let back_to = start.back_to.filter(|path| is_ours(path)).unwrap_or_else(|| "/".to_owned());
    let expires_at = UnixMillis(now.0 + cookie::FLOW_LIFE_S * 1000);
    let flow = Flow { nonce, verifier, back_to };
    app.store().begin_flow(&SecretHash::of(&state), &flow, now, expires_at).await?;
    Ok(go(&entrance, &[cookie::set_flow(&state, scheme)]))
}

/// The provider sends the browser back: signs in, and goes on with the page that was asked for.
#[utoipa::path(
    get, path = "/api/oidc/callback", operation_id = "oidc_callback", tag = "oidc", params(Callback),
    responses((status = 303, description = "Signed in, a cookie is set; or to the sign-in page, which says why not"),
        (status = 404, body = Problem))
)]
pub async fn callback(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> Result<Response, ApiError> {
    let provider = app.provider().ok_or(ApiError::NotFound)?;
    let scheme = Scheme::of(&extensions, &headers, &app);
    // Who begun is who comes back: another's code must not sign this browser in.
    let own = cookie::read_flow(&headers, scheme).unwrap_or_default();
    let state = callback.state.filter(|state| !own.is_empty() && equal(&own, state));
    let Some(state) = state else { return Ok(told("stale", scheme)) };
    let now = clock::now();
    let Some(flow) = app.store().take_flow(&SecretHash::of(&state), now).await? else {
        return Ok(told("stale", scheme));
    };
    if callback.iss.is_some_and(|iss| !provider.is(&iss)) {
        return Ok(told("provider", scheme));
    }
    let Some(code) = callback.code.filter(|_| callback.error.is_none()) else {
        return Ok(told("cancelled", scheme));
    };
    let uri = redirect_uri(&app, &headers, scheme);
    let person = match provider.person(&code, &uri, &flow.nonce, &flow.verifier, now).await {
        Ok(person) => person,
        Err(error) => return Ok(refused(&error, scheme)),
    };
    if let Some(before) = cookie::read(&headers, scheme) {
        app.store().delete_session(&SecretHash::of(&before)).await?;
    }
    let (secret, life_s) = (fresh::secret(), cookie::ACCOUNT_LIFE_S);
    let token = SecretHash::of(&secret);
    let session = NewSession { token: &token, now, expires_at: UnixMillis(now.0 + life_s * 1000) };
    match app.store().enter_by_provider(&person, session).await? {
        Entered::In(account) => {
            tracing::info!(%account, "signed in by the provider");
            Ok(go(&flow.back_to, &[cookie::set(&secret, life_s, scheme), cookie::clear_flow(scheme)]))
        }
        Entered::NoRole => Ok(told("no_role", scheme)),
        Entered::ShutOut => Ok(told("shut_out", scheme)),
        Entered::Full => Err(ApiError::limit("accounts")),
    }
}

/// The provider says that somebody logged out there: their sessions here end.
#[utoipa::path(
    post, path = "/api/oidc/back-channel-logout", operation_id = "oidc_back_channel_logout", tag = "oidc",
    request_body(content = BackChannelLogout, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200), (status = 400, description = "The token is not taken"), (status = 404, body = Problem))
)]
pub async fn back_channel_logout(
    State(app): State<App>,
    Form(body): Form<BackChannelLogout>,
) -> Result<Response, ApiError> {
    let provider = app.provider().ok_or(ApiError::NotFound)?;
    let outcome = provider.logout(&body.logout_token, clock::now()).await;
    let claims = match outcome {
        Ok(claims) => claims,
        Err(error) => {
            tracing::warn!(%error, "a logout token was not taken");
            // Back-Channel Logout §2.8.
            let said = axum::Json(serde_json::json!({"error": "invalid_request"}));
            return Ok((StatusCode::BAD_REQUEST, [(header::CACHE_CONTROL, "no-store")], said).into_response());
        }
    };
    let ended =
        app.store().end_by_provider(&claims.iss, claims.sub.as_deref(), claims.sid.as_deref()).await?;
    tracing::info!(ended, "the provider logged somebody out");
    Ok((StatusCode::OK, [(header::CACHE_CONTROL, "no-store")]).into_response())
}

/// A page of this server, and no other: `//evil` and `/\evil` are other servers' to a browser.
fn is_ours(path: &str) -> bool {
    let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    path.starts_with('/') && !path.starts_with("//") && plain && path.len() <= MAX_BACK_TO_BYTES
}

fn redirect_uri(app: &App, headers: &HeaderMap, scheme: Scheme) -> String {
    format!("{}/api/oidc/callback", super::lessons::base_url(app, headers, scheme))
}

fn refused(error: &OidcError, scheme: Scheme) -> Response {
    tracing::warn!(%error, "a sign-in by the provider failed");
    told("provider", scheme)
}

/// The sign-in page says why not.
fn told(why: &str, scheme: Scheme) -> Response {
    metrics::counter!("tongtang_sign_ins_total", "answer" => "provider").increment(1);
    go(&format!("/sign-in#refused.{why}"), &[cookie::clear_flow(scheme)])
}

fn go(to: &str, cookies: &[String]) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(header::CACHE_CONTROL, "no-store")]).into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

impl Provider {
    /// Is this its issuer?
    fn is(&self, issuer: &str) -> bool {
        self.issuer().trim_end_matches('/') == issuer.trim_end_matches('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_on_with_a_page_of_this_server_alone() {
        assert!(is_ours("/") && is_ours("/plan?term=1#x"));
        for bad in ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\nb", "plan", "/课"]
        {
            assert!(!is_ours(bad), "{bad}");
        }
        assert!(!is_ours(&format!("/{}", "x".repeat(600))));
    }
}
