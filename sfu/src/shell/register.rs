//! Tells signaling, again and again, that this node is there, and learns the key of room tokens.

use crate::shell::http::{Access, Node};
use reqwest::Client;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tongtang_protocol::control::{HEARTBEAT_S, Register, Registered};

/// First wait after a failure; doubles up to a heartbeat, so that a restarted signaling knows its
/// nodes again at once.
const FIRST_RETRY: Duration = Duration::from_millis(250);

/// A registration that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest answer read, in bytes; the key has about 120.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// Why a registration failed.
#[derive(Debug, thiserror::Error)]
enum RegisterError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("signaling answered {0}")]
    Status(reqwest::StatusCode),
    #[error("signaling's answer cannot be read: {0}")]
    Answer(String),
}

/// Runs until dropped.
pub async fn keep_registered(node: Arc<Node>, signaling_url: String, secret: String, mut register: Register) {
    let heartbeat = Duration::from_secs(HEARTBEAT_S);
    let url = format!("{}/internal/nodes", signaling_url.trim_end_matches('/'));
    let client = match Client::builder().no_proxy().timeout(PATIENCE).build() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "cannot make an HTTP client; this node stays unknown to signaling");
            return;
        }
    };
    let mut retry = FIRST_RETRY;
    let mut was_registered = None;
    loop {
        register.draining = node.draining.load(Ordering::Relaxed);
        match once(&client, &url, &secret, &register, &node).await {
            Ok(()) => {
                if was_registered != Some(true) {
                    tracing::info!(%url, "registered with signaling");
                }
                was_registered = Some(true);
                retry = FIRST_RETRY;
                tokio::time::sleep(heartbeat).await;
            }
            Err(error) => {
                if was_registered != Some(false) {
                    tracing::warn!(%url, %error, "cannot register with signaling; media go on, trying again");
                }
                was_registered = Some(false);
                tokio::time::sleep(retry).await;
                retry = (retry * 2).min(heartbeat);
            }
        }
    }
}

async fn once(
    client: &Client,
    url: &str,
    secret: &str,
    register: &Register,
    node: &Node,
) -> Result<(), RegisterError> {
    let mut response = client.post(url).bearer_auth(secret).json(register).send().await?;
    if !response.status().is_success() {
        return Err(RegisterError::Status(response.status()));
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        body.extend_from_slice(&piece);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(RegisterError::Answer("it is too long".into()));
        }
    }
    let registered: Registered =
        serde_json::from_slice(&body).map_err(|error| RegisterError::Answer(error.to_string()))?;
    if let Access::Tokens(key) = &node.access {
        key.set(&registered.token_public_key_pem)
            .map_err(|error| RegisterError::Answer(error.to_string()))?;
    }
    Ok(())
}
