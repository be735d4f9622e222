//! Tells signaling, again and again, that this recorder is there.

use reqwest::Client;
use std::time::Duration;
use tongtang_protocol::control::{HEARTBEAT_S, Register};

/// First wait after a failure; doubles up to a heartbeat, so that a restarted signaling soon knows
/// its recorders again.
const FIRST_RETRY: Duration = Duration::from_millis(250);
/// A registration that takes longer has failed.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(5);

/// Why a registration failed.
#[derive(Debug, thiserror::Error)]
enum RegisterError {
    #[error("signaling does not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("signaling answered {0}")]
    Refused(reqwest::StatusCode),
}

/// Runs until it is dropped. Capturing does not depend on it.
pub async fn keep_registered(signaling_url: String, control_secret: String, register: Register) {
    let heartbeat = Duration::from_secs(HEARTBEAT_S);
    let url = format!("{}/internal/nodes", signaling_url.trim_end_matches('/'));
    let client = client();
    let mut retry = FIRST_RETRY;
    let mut was_registered = None;
    loop {
        let result = once(&client, &url, &control_secret, &register).await;
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

/// Speaks to signaling only: never through a proxy of the environment, and on a machine without any
/// certificate authority too (then over plain HTTP).
fn client() -> Client {
    let builder = || Client::builder().no_proxy().timeout(MAX_ANSWER_TIME);
    builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build())
        .expect("a client without certificate authorities needs nothing of the machine")
}

async fn once(
    client: &Client,
    url: &str,
    control_secret: &str,
    register: &Register,
) -> Result<(), RegisterError> {
    let response = client.post(url).bearer_auth(control_secret).json(register).send().await?;
    // The key of room tokens in the answer is of no use here: a recorder admits nobody.
    if response.status().is_success() { Ok(()) } else { Err(RegisterError::Refused(response.status())) }
}
