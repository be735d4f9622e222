//! An OpenID provider, as its relying party: authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0
//! §3.1, RFC 7636), and its back-channel logout.
//!
//! Enters: `[oidc]` of the configuration, a code, tokens. Leaves: the address to send a browser to, and what a verified
//! token says. What tokens must say is [`token`]'s.

pub mod token;

use axum::http::header;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use token::{Expected, IdClaims, LogoutClaims, TokenError};
use tongtang_config::Oidc;
use tongtang_protocol::account::AccountRole;
use tongtang_protocol::units::UnixMillis;

/// Longest wait for the provider.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Largest answer of the provider that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// How long what the provider says of itself, and its keys, are believed without asking again, in milliseconds.
const FRESH_MS: i64 = 3_600_000;

/// So often keys are fetched for a token whose key is not among them, in milliseconds: anybody can send such a token.
const REFETCH_MS: i64 = 30_000;

/// Logout tokens remembered so that each counts once. At the limit the oldest is forgotten; logging out twice harms nobody.
const MAX_REMEMBERED: usize = 10_000;

/// Groups of one person that are looked at.
const MAX_GROUPS: usize = 1_000;

/// Why the provider's word was not taken.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// It does not answer, or not as it should.
    #[error("the provider: {0}")]
    Provider(String),
    /// It refused the code.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// A token is not what it must be.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// What the provider says of itself (OpenID Connect Discovery 1.0 §3).
#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<Metadata>,
    keys: Arc<JwkSet>,
    at: UnixMillis,
}

/// The provider of the configuration. Cheap to clone.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    config: Oidc,
    http: reqwest::Client,
    known: tokio::sync::Mutex<Option<Known>>,
    logouts: Mutex<HashMap<String, UnixMillis>>,
}

/// Secrets of one sign-in that has begun; `state` goes through the browser, the others stay here.
pub struct Begun {
    /// Ties the answer to the browser.
    pub state: String,
    /// Ties the ID token to this sign-in.
    pub nonce: String,
    /// PKCE: ties the code to this server.
    pub verifier: String,
}

/// A person that the provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Issuer and subject are the person's identity.
    pub issuer: String,
    /// Of the issuer.
    pub subject: String,
    /// The session at the provider.
    pub sid: Option<String>,
    /// What it calls the person to sign in.
    pub login: Option<String>,
    /// Shown name.
    pub name: Option<String>,
    /// Roles by group: the group, the role, the place's code.
    pub roles: Vec<(String, AccountRole, String)>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
    access_token: String,
}

impl Begun {
    /// Fresh secrets.
    pub fn fresh() -> Self {
        Self {
            state: crate::fresh::secret(),
            nonce: crate::fresh::secret(),
            verifier: crate::fresh::secret(),
        }
    }
}

impl Provider {
    /// The one that is configured.
    pub fn configured(config: &Oidc) -> Option<Self> {
        if config.issuer.is_empty() {
            return None;
        }
        Some(Self(Arc::new(Inner {
            config: config.clone(),
            http: tongtang_http::client::client(),
            known: tokio::sync::Mutex::default(),
            logouts: Mutex::default(),
        })))
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.0.config.issuer
    }

    /// Its shown name.
    pub fn name(&self) -> &str {
        let Oidc { name, issuer, .. } = &self.0.config;
        let host = issuer.split("://").nth(1).and_then(|rest| rest.split('/').next());
        if name.is_empty() { host.unwrap_or(issuer) } else { name }
    }

    /// Where a browser is sent to sign in.
    pub async fn entrance(
        &self,
        begun: &Begun,
        redirect_uri: &str,
        now: UnixMillis,
    ) -> Result<String, OidcError> {
        let known = self.known(now).await?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(begun.verifier.as_bytes()));
        let mut url = url::Url::parse(&known.metadata.authorization_endpoint)
            .map_err(|error| OidcError::Provider(error.to_string()))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.0.config.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", "openid profile email groups")
            .append_pair("state", &begun.state)
            .append_pair("nonce", &begun.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Who brought this code.
    pub async fn person(
        &self,
        code: &str,
        redirect_uri: &str,
        nonce: &str,
        verifier: &str,
        now: UnixMillis,
    ) -> Result<Person, OidcError> {
        let known = self.known(now).await?;
        let request = self.exchange(&known.metadata, code, redirect_uri, verifier);
        let answer: TokenAnswer = self.json(request).await?;
        let keys = self.keys_for(&answer.id_token, now).await?;
        let claims = token::id_token(&answer.id_token, &keys, &self.expected(&known.metadata), nonce, now)?;
        let claim = self.groups_claim();
        let mut said = claims.rest.clone();
        if !said.contains_key(claim)
            && let Some(userinfo) = &known.metadata.userinfo_endpoint
        {
            // Core §5.3.2: what it says counts only if it is of the same subject.
            let request = self.0.http.get(userinfo).bearer_auth(&answer.access_token);
            let info: Map<String, Value> = self.json(request).await?;
            if info.get("sub").and_then(Value::as_str) == Some(&claims.sub) {
                said.extend(info);
            }
        }
        Ok(self.person_of(claims, &said))
    }

    /// What a logout token says, the first time it comes.
    pub async fn logout(&self, jwt: &str, now: UnixMillis) -> Result<LogoutClaims, OidcError> {
        let known = self.known(now).await?;
        let keys = self.keys_for(jwt, now).await?;
        let claims = token::logout_token(jwt, &keys, &self.expected(&known.metadata), now)?;
        let mut logouts = self.0.logouts.lock().expect("no holder of this lock panics");
        logouts.retain(|_, until| until.0 > now.0);
        if logouts.contains_key(&claims.jti) {
            return Err(TokenError::Replayed.into());
        }
        if logouts.len() >= MAX_REMEMBERED
            && let Some(oldest) = logouts.iter().min_by_key(|(_, until)| **until).map(|(jti, _)| jti.clone())
        {
            logouts.remove(&oldest);
        }
        logouts.insert(claims.jti.clone(), UnixMillis(now.0 + token::MAX_LOGOUT_AGE_S * 2_000));
        Ok(claims)
    }

    fn groups_claim(&self) -> &str {
        if self.0.config.groups_claim.is_empty() { "groups" } else { &self.0.config.groups_claim }
    }

    fn person_of(&self, claims: IdClaims, said: &Map<String, Value>) -> Person {
        let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
        let groups: Vec<&str> = match said.get(self.groups_claim()) {
            Some(Value::Array(list)) => list.iter().take(MAX_GROUPS).filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one],
            _ => Vec::new(),
        };
        let granted = self.0.config.groups.iter().filter(|entry| groups.contains(&entry.group.as_str()));
        let roles = granted.filter_map(|entry| {
            let role = serde_json::from_value(Value::String(entry.role.clone())).ok()?;
            Some((entry.group.clone(), role, entry.org.clone()))
        });
        Person {
            issuer: claims.iss,
            subject: claims.sub,
            sid: claims.sid,
            login: text("preferred_username").or_else(|| text("email")),
            name: text("name"),
            roles: roles.collect(),
        }
    }

    fn expected(&self, metadata: &Metadata) -> Expected {
        Expected { issuer: metadata.issuer.clone(), client_id: self.0.config.client_id.clone() }
    }

    /// The request that exchanges a code for tokens.
    fn exchange(
        &self,
        metadata: &Metadata,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> reqwest::RequestBuilder {
        let Oidc { client_id, client_secret, .. } = &self.0.config;
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("code_verifier", verifier);
        let mut request = self.0.http.post(&metadata.token_endpoint);
        // Discovery §3: client_secret_basic, if it does not say otherwise.
        let methods = &metadata.token_endpoint_auth_methods_supported;
        if methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic") {
            // RFC 6749 §2.3.1: both are form-encoded before they are joined.
            let encoded =
                |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encoded(client_id), encoded(client_secret.reveal()));
            request = request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
        } else {
            form.append_pair("client_id", client_id).append_pair("client_secret", client_secret.reveal());
        }
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.finish())
    }

    /// What the provider says of itself and its keys, asked again when it is old.
    async fn known(&self, now: UnixMillis) -> Result<Known, OidcError> {
        let mut known = self.0.known.lock().await;
        match known.as_ref() {
            Some(fresh) if (0..FRESH_MS).contains(&(now.0 - fresh.at.0)) => Ok(fresh.clone()),
            _ => Ok(known.insert(self.fetch(now).await?).clone()),
        }
    }

    /// The keys with that of this token among them, if the provider has it.
    async fn keys_for(&self, jwt: &str, now: UnixMillis) -> Result<Arc<JwkSet>, OidcError> {
        let mut known = self.0.known.lock().await;
        if let Some(before) = known.as_ref()
            && (token::has_key(jwt, &before.keys) || now.0 - before.at.0 < REFETCH_MS)
        {
            return Ok(before.keys.clone());
        }
        Ok(known.insert(self.fetch(now).await?).keys.clone())
    }

    async fn fetch(&self, now: UnixMillis) -> Result<Known, OidcError> {
        let issuer = &self.0.config.issuer;
        let well_known = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = self.json(self.0.http.get(well_known)).await?;
        // Discovery §4.3.
        if metadata.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(OidcError::Provider(format!("it calls itself {}", metadata.issuer)));
        }
        let keys: JwkSet = self.json(self.0.http.get(&metadata.jwks_uri)).await?;
        Ok(Known { metadata: Arc::new(metadata), keys: Arc::new(keys), at: now })
    }

    async fn json<T: serde::de::DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, OidcError> {
        // An address may stand in the error, and a code in an address.
        let unreachable = |error: reqwest::Error| OidcError::Provider(error.without_url().to_string());
        let request = request.header(header::ACCEPT, "application/json").timeout(TIMEOUT);
        let mut answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(OidcError::Provider("its answer is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            let said: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
            let error = said.get("error").and_then(Value::as_str).unwrap_or("no reason");
            return Err(OidcError::Refused(format!("{status}, {}", error.escape_debug())));
        }
        serde_json::from_slice(&body).map_err(|error| OidcError::Provider(error.to_string()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;
    use tongtang_config::oidc::OidcGroup;

    #[test]
    fn only_groups_that_are_configured_become_roles() {
        let group =
            |group: &str, role: &str| OidcGroup { group: group.into(), role: role.into(), org: "11".into() };
        let groups = vec![group("county-it", "it"), group("heads", "administrator")];
        let config = Oidc { issuer: "https://sso.example.cn/x".into(), groups, ..Oidc::default() };
        let provider = Provider::configured(&config).unwrap();
        assert_eq!(provider.name(), "sso.example.cn");
        let said = json!({"groups": ["county-it", "pupils", 7], "name": "李娜", "email": "li@xian"});
        let claims = IdClaims { iss: "i".into(), sub: "s".into(), sid: None, rest: Map::new() };
        let person = provider.person_of(claims.clone(), said.as_object().unwrap());
        assert_eq!(person.roles, [("county-it".to_owned(), AccountRole::It, "11".to_owned())]);
        assert_eq!((person.login.as_deref(), person.name.as_deref()), (Some("li@xian"), Some("李娜")));
        assert!(provider.person_of(claims, &Map::new()).roles.is_empty());
        assert!(Provider::configured(&Oidc::default()).is_none());
    }

    #[test]
    fn every_role_of_the_configuration_is_a_role() {
        for role in tongtang_config::oidc::ROLES {
            assert!(serde_json::from_value::<AccountRole>(json!(role)).is_ok(), "{role}");
        }
    }
}
