//! Tells signaling, again and again, that a node is there.

use crate::client::client;
use reqwest::{Client, StatusCode};
use std::time::Duration;
use tongtang_protocol::control::{HEARTBEAT_S, Register, Registered};

/// First wait after a failure; doubles up to a heartbeat, so that a restarted signaling knows its nodes again at
/// once.
const FIRST_RETRY: Duration = Duration::from_millis(250);

/// A registration that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest answer read, in bytes; the key in it has about 120. A longer one is a failed registration.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// Where and as whom a node registers.
#[derive(Debug, Clone)]
pub struct Registrar {
    /// Base URL of signaling.
    pub signaling_url: String,
    /// The installation's.
    pub control_secret: String,
}

/// Why a registration failed.
#[derive(Debug, thiserror::Error)]
enum RegisterError {
    #[error("signaling does not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("signaling answered {0}")]
    Refused(StatusCode),
    #[error("signaling's answer cannot be used: {0}")]
    Answer(String),
}

impl Registrar {
    /// Runs until it is dropped; what the node does meanwhile does not depend on it. `node` is asked for each
    /// heartbeat, `heard` gets what signaling answers and says what is wrong with it, if something is.
    pub async fn keep_registered(
        self,
        node: impl Fn() -> Register + Send,
        heard: impl Fn(&Registered) -> Result<(), String> + Send,
    ) {
        let heartbeat = Duration::from_secs(HEARTBEAT_S);
        let url = format!("{}/internal/nodes", self.signaling_url.trim_end_matches('/'));
        let client = client();
        let mut retry = FIRST_RETRY;
        let mut was_registered = None;
        loop {
            let register = node();
            let result = match self.register(&client, &url, &register).await {
                Ok(registered) => heard(&registered).map_err(RegisterError::Answer),
                Err(error) => Err(error),
            };
            if was_registered != Some(result.is_ok()) {
                was_registered = Some(result.is_ok());
                match &result {
                    Ok(()) => tracing::info!(%url, "registered with signaling"),
                    Err(error) => tracing::warn!(%url, %error, "not registered with signaling; trying again"),
                }
            }
            if result.is_ok() {
                retry = FIRST_RETRY;
                tokio::time::sleep(heartbeat).await;
            } else {
                tokio::time::sleep(retry).await;
                retry = (retry * 2).min(heartbeat);
            }
        }
    }

    async fn register(
        &self,
        client: &Client,
        url: &str,
        register: &Register,
    ) -> Result<Registered, RegisterError> {
        let call = client.post(url).timeout(PATIENCE).bearer_auth(&self.control_secret).json(register);
        let mut response = call.send().await?;
        if !response.status().is_success() {
            return Err(RegisterError::Refused(response.status()));
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_ANSWER_BYTES {
                return Err(RegisterError::Answer(format!("it has more than {MAX_ANSWER_BYTES} bytes")));
            }
        }
        serde_json::from_slice(&body).map_err(|error| RegisterError::Answer(error.to_string()))
    }
}
