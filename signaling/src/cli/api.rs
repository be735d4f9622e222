//! Calls the running server with the administrator's token from the data folder.

use super::links;
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;
use tongtang_config::{Config, Secrets};
use tongtang_http::client::client;
use tongtang_protocol::problem::Problem;

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Why the server did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Nobody there.
    #[error("no server answers at {url}: start it with `tongtang serve`, or name another with --server URL")]
    NoServer {
        /// Where.
        url: String,
    },
    /// Without the token there is no way in.
    #[error(
        "cannot read the administrator's token: {0}. Run this as the user that runs the server, \
         with the same --config"
    )]
    NoToken(#[from] tongtang_config::secrets::SecretsError),
    /// It answered no.
    #[error("the server refused ({status}): {title}{detail}", status = .0.status, title = .0.title, detail = detail(.0))]
    Refused(Problem),
    /// It answered something else.
    #[error("what answers at {url} is not this server: {what}")]
    NotOurs {
        /// Where.
        url: String,
        /// What is odd about it.
        what: String,
    },
}

impl ApiError {
    /// The server is there, its media server is not.
    pub fn is_no_media(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.status == 503)
    }
}

fn detail(problem: &Problem) -> String {
    problem.detail.as_ref().map(|detail| format!(". {detail}")).unwrap_or_default()
}

/// The running server.
pub struct Api {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Api {
    /// The server at `server`, or where the configuration says.
    pub fn new(config: &Config, server: Option<&str>) -> Result<Self, ApiError> {
        let base =
            server.map_or_else(|| links::local_url(config), |url| url.trim_end_matches('/').to_owned());
        Ok(Self { http: client(), base, token: Secrets::read_admin_token(&config.data_dir)? })
    }

    /// Makes a path of the server an address.
    pub fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}{path}", self.base) } else { path.to_owned() }
    }

    /// Is a media server up?
    pub async fn has_media(&self) -> bool {
        self.call(Method::GET, "/readyz", None).await.is_ok()
    }

    /// The secret of a fresh set-up link.
    pub async fn setup_secret(&self) -> Result<String, ApiError> {
        let made = self.call(Method::POST, "/api/setup-links", None).await?;
        let secret = made["secret"].as_str().map(str::to_owned);
        secret.ok_or_else(|| ApiError::NotOurs { url: self.base.clone(), what: "it made no link".into() })
    }

    /// One call; the parsed answer, or null if it has none.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ApiError> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("accept-language", "en")
            .timeout(TIMEOUT);
        if let Some(body) = body {
            request = request.json(body);
        }
        let no_server = |_| ApiError::NoServer { url: self.base.clone() };
        let response = request.send().await.map_err(no_server)?;
        let status = response.status();
        let text = response.bytes().await.map_err(no_server)?;
        let not_ours = |what: String| ApiError::NotOurs { url: self.base.clone(), what };
        if status.is_success() {
            if text.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&text).map_err(|error| not_ours(error.to_string()));
        }
        match serde_json::from_slice(&text) {
            Ok(problem) => Err(ApiError::Refused(problem)),
            Err(_) => Err(not_ours(format!("it answered {status}"))),
        }
    }
}
