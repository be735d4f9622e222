//! Who an HTTP request comes from. Every handler names a [`Caller`] and asks it for what it needs.
//!
//! Enters: the request's headers. Leaves: a caller, or a refusal: a cookie on a write counts only if
//! a page of ours made the request.

use super::credential::Credential;
use super::origin::{Site, site_of};
use super::{SecretHash, cookie, equal};
use crate::app::{App, Scheme};
use crate::problem::ApiError;
use crate::store::session::SessionOf;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use tongtang_http::bearer::bearer;
use tongtang_protocol::ids::{DeviceId, LessonId};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The administrator, or the command line.
    Admin,
    /// The teacher of one lesson.
    Teacher(LessonId),
    /// A classroom screen. It has its WebSocket; over HTTP nothing is open to it.
    Device(DeviceId),
    /// Anybody.
    Nobody,
}

impl Caller {
    /// Only the administrator passes.
    pub fn need_admin(&self) -> Result<(), ApiError> {
        match self {
            Self::Admin => Ok(()),
            Self::Nobody => Err(ApiError::NotSignedIn),
            Self::Teacher(_) | Self::Device(_) => Err(ApiError::Forbidden),
        }
    }

    /// How histories name the caller.
    pub async fn name(&self, _app: &App) -> Result<String, ApiError> {
        Ok(match self {
            Self::Admin => "管理员".to_owned(),
            Self::Teacher(_) => "主讲教师".to_owned(),
            Self::Device(_) | Self::Nobody => String::new(),
        })
    }

    /// The administrator and this lesson's teacher pass.
    pub fn need_lesson(&self, lesson: &LessonId) -> Result<(), ApiError> {
        match self {
            Self::Admin => Ok(()),
            Self::Teacher(own) if own == lesson => Ok(()),
            Self::Nobody => Err(ApiError::NotSignedIn),
            Self::Teacher(_) | Self::Device(_) => Err(ApiError::Forbidden),
        }
    }

    /// The administrator (None) and teachers (their lesson) pass.
    pub fn need_desk(&self) -> Result<Option<&LessonId>, ApiError> {
        match self {
            Self::Admin => Ok(None),
            Self::Teacher(own) => Ok(Some(own)),
            Self::Nobody => Err(ApiError::NotSignedIn),
            Self::Device(_) => Err(ApiError::Forbidden),
        }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if let Some(token) = bearer(&parts.headers) {
            return of_bearer(app, token).await;
        }
        let scheme = Scheme::of(&parts.extensions, &parts.headers, app);
        let Some(secret) = cookie::read(&parts.headers, scheme) else { return Ok(Self::Nobody) };
        let session = app.store().session(&SecretHash::of(&secret), crate::clock::now()).await?;
        let Some(session) = session else { return Ok(Self::Nobody) };
        if !is_safe(&parts.method) {
            need_our_page(&parts.headers)?;
        }
        Ok(match session {
            SessionOf::Admin => Self::Admin,
            SessionOf::Teacher(lesson) => Self::Teacher(lesson),
        })
    }
}

async fn of_bearer(app: &App, token: &str) -> Result<Caller, ApiError> {
    if equal(token, app.admin_token()) {
        return Ok(Caller::Admin);
    }
    match app.link_key().read(token) {
        Some(Credential::Teacher(lesson)) if app.store().lesson(&lesson).await?.is_some() => {
            Ok(Caller::Teacher(lesson))
        }
        Some(Credential::Device(hash)) => match app.store().device_of_credential(&hash).await? {
            Some(device) => Ok(Caller::Device(device.id)),
            None => Err(ApiError::BadCredential),
        },
        _ => Err(ApiError::BadCredential),
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A cookie comes along with requests that other sites' pages make: those, and requests that do not
/// say where they come from, are refused. A body must be JSON, which no plain form can send.
fn need_our_page(headers: &HeaderMap) -> Result<(), ApiError> {
    if site_of(headers) != Site::Ours {
        return Err(ApiError::ForeignPage);
    }
    let json = |value: &header::HeaderValue| {
        value
            .to_str()
            .is_ok_and(|text| text.split(';').next().is_some_and(|t| t.trim() == "application/json"))
    };
    match headers.get(header::CONTENT_TYPE) {
        Some(kind) if !json(kind) => Err(ApiError::NotJson),
        _ => Ok(()),
    }
}
