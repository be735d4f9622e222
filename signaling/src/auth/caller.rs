//! Who an HTTP request comes from. Every handler names a [`Caller`] and asks it for what it needs.
//!
//! Enters: the request's headers. Leaves: a caller, or a refusal: a cookie on a write counts only if
//! a page of ours made the request.

use super::credential::Credential;
use super::origin::{Site, site_of};
use super::refused::Refused;
use super::{SecretHash, cookie, equal};
use crate::app::{App, Scheme};
use crate::problem::ApiError;
use crate::store::StoreError;
use crate::store::session::SessionOf;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use tongtang_http::bearer::bearer;
use tongtang_protocol::account::{AccountRole, SignInStep};
use tongtang_protocol::ids::{AccountId, DeviceId, LessonId, OrgId, PersonId};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The installation's administrator (the set-up link), or the command line.
    Admin,
    /// Somebody who signed in with an account.
    Account(Box<Account>),
    /// The same, on the way in: a step is missing, and nothing is open yet.
    Entering(Box<Account>, SignInStep),
    /// The teacher of one lesson.
    Teacher(LessonId),
    /// A classroom screen. It has its WebSocket; over HTTP nothing is open to it.
    Device(DeviceId),
    /// Anybody.
    Nobody,
}

/// Who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Identity.
    pub id: AccountId,
    /// What is typed to sign in.
    pub login: String,
    /// Shown name.
    pub name: String,
    /// The teacher it is.
    pub person_id: Option<PersonId>,
    /// Where it belongs.
    pub org_id: OrgId,
    /// Roles.
    pub grants: Vec<Grant>,
    /// Has it a second factor that counts?
    pub has_second_factor: bool,
}

/// A role at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What.
    pub role: AccountRole,
    /// Where.
    pub org_id: OrgId,
    /// Its path.
    pub org_path: String,
    /// Its name.
    pub org_name: String,
}

impl Account {
    /// What is missing for somebody who gave a password, and maybe a code: administrators need a second factor, and who
    /// has one gives it.
    pub fn step(&self, second_factor_given: bool) -> SignInStep {
        let needs_one = self.grants.iter().any(|grant| grant.role == AccountRole::Administrator);
        match (self.has_second_factor, needs_one) {
            (true, _) if second_factor_given => SignInStep::Done,
            (true, _) => SignInStep::SecondFactor,
            (false, true) => SignInStep::SecondFactorSetup,
            (false, false) => SignInStep::Done,
        }
    }
}

impl Caller {
    /// Only the installation's administrator passes.
    pub fn need_admin(&self) -> Result<(), ApiError> {
        match self {
            Self::Admin => Ok(()),
            Self::Entering(..) | Self::Nobody => Err(self.not_in()),
            Self::Account(_) | Self::Teacher(_) | Self::Device(_) => Err(ApiError::Forbidden),
        }
    }

    /// Why nothing is open to somebody who is not in.
    pub(super) fn not_in(&self) -> ApiError {
        match self {
            Self::Entering(_, step) => ApiError::Account(Refused::StepMissing(*step)),
            _ => ApiError::NotSignedIn,
        }
    }

    /// Why something that only people with an account do is not open.
    pub fn need_account(&self) -> ApiError {
        match self {
            Self::Entering(..) | Self::Nobody => self.not_in(),
            _ => ApiError::Forbidden,
        }
    }

    /// Whose account it is, also of somebody on the way in.
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Account(account) | Self::Entering(account, _) => Some(account),
            _ => None,
        }
    }

    /// The caller as it is now, for answers that go on for long: an account may have been shut out, or lost a role. None:
    /// nobody any more.
    pub async fn again(&self, app: &App) -> Result<Option<Self>, StoreError> {
        let Self::Account(account) = self else { return Ok(Some(self.clone())) };
        let account = app.store().signed_in(&account.id).await?;
        Ok(account.map(|account| Self::Account(Box::new(account))))
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
            SessionOf::Account { id, second_factor } => match app.store().signed_in(&id).await? {
                Some(account) => match account.step(second_factor) {
                    SignInStep::Done => Self::Account(Box::new(account)),
                    missing => Self::Entering(Box::new(account), missing),
                },
                // Shut out, or removed.
                None => Self::Nobody,
            },
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
/// say where they come from, are refused. A body must be JSON or a file as it is, which no plain form can send.
fn need_our_page(headers: &HeaderMap) -> Result<(), ApiError> {
    if site_of(headers) != Site::Ours {
        return Err(ApiError::ForeignPage);
    }
    let is_no_forms = |value: &header::HeaderValue| {
        let kind = value.to_str().ok().and_then(|text| text.split(';').next());
        kind.is_some_and(|kind| matches!(kind.trim(), "application/json" | "application/octet-stream"))
    };
    match headers.get(header::CONTENT_TYPE) {
        Some(kind) if !is_no_forms(kind) => Err(ApiError::NotJson),
        _ => Ok(()),
    }
}
