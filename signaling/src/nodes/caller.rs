//! Calls a node's control API: bearer secret, time limits, repeats, and errors in words.
//!
//! Enters: method, path, body. Leaves: the parsed answer or a [`NodeError`]. Every PUT, POST and
//! DELETE of the control API may be repeated with the same effect as once
//! (`tongtang_protocol::control`), so a call that failed on the way is repeated here.

use super::Node;
use reqwest::{Client, Method, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tongtang_http::client::client;
use tongtang_protocol::ids::NodeId;
use tongtang_protocol::problem::Problem;

/// Longest wait for an answer.
const CALL_TIMEOUT: Duration = Duration::from_millis(3_000);

/// Pauses before the repeats. After the last one the caller is told, and reconciles later.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];

/// Largest answer read, in bytes; more is an error of the node.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Why a call to a node failed.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// It does not answer.
    #[error("node {node} does not answer: {source}")]
    Unreachable {
        /// Which.
        node: NodeId,
        /// Connection refused, timed out, …
        source: reqwest::Error,
    },
    /// It answered no.
    #[error("node {node} refused ({}): {}", problem.status, problem.title)]
    Refused {
        /// Which.
        node: NodeId,
        /// In its words.
        problem: Problem,
    },
    /// It answered something that is no answer.
    #[error("node {node} answered nonsense: {what}")]
    Nonsense {
        /// Which.
        node: NodeId,
        /// What is wrong with it.
        what: String,
    },
}

impl NodeError {
    /// The HTTP status, if the node answered with one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { problem, .. } => Some(problem.status),
            _ => None,
        }
    }

    /// Worth a repeat.
    fn is_passing(&self) -> bool {
        matches!(self.status(), Some(502..=504))
    }

    /// The node does not know the room, recording or job.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }
}

/// The HTTP client for all nodes. Cheap to clone.
#[derive(Clone)]
pub(super) struct Caller {
    http: Client,
    bearer: String,
}

impl Caller {
    pub(super) fn new(control_secret: &str) -> Self {
        Self { http: client(), bearer: format!("Bearer {control_secret}") }
    }

    pub(super) fn http(&self) -> &Client {
        &self.http
    }

    /// A call whose answer is of no interest.
    pub(super) async fn call(
        &self,
        node: &Node,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<(), NodeError> {
        self.send(node, method, path, body).await.map(drop)
    }

    /// A call that answers JSON.
    pub(super) async fn get<T: DeserializeOwned>(&self, node: &Node, path: &str) -> Result<T, NodeError> {
        let response = self.send(node, Method::GET, path, None::<&()>).await?;
        let text = bounded_body(node, response).await?;
        serde_json::from_slice(&text)
            .map_err(|error| NodeError::Nonsense { node: node.id.clone(), what: error.to_string() })
    }

    /// Opens an answer that goes on for hours.
    pub(super) async fn stream(&self, node: &Node, path: &str) -> Result<Response, NodeError> {
        let request = self.http.get(format!("{}{path}", node.http_url)).header("authorization", &self.bearer);
        let response = tokio::time::timeout(CALL_TIMEOUT, request.send())
            .await
            .map_err(|_| NodeError::Nonsense { node: node.id.clone(), what: "no answer in time".into() })?
            .map_err(|source| NodeError::Unreachable { node: node.id.clone(), source })?;
        checked(node, response).await
    }

    async fn send(
        &self,
        node: &Node,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<Response, NodeError> {
        let mut pauses = PAUSES.iter();
        loop {
            let mut request = self
                .http
                .request(method.clone(), format!("{}{path}", node.http_url))
                .header("authorization", &self.bearer)
                .timeout(CALL_TIMEOUT);
            if let Some(body) = body {
                request = request.json(body);
            }
            let error = match request.send().await {
                Ok(response) => match checked(node, response).await {
                    Err(error) if error.is_passing() => error,
                    decided => return decided,
                },
                Err(source) => NodeError::Unreachable { node: node.id.clone(), source },
            };
            let Some(pause) = pauses.next() else { return Err(error) };
            tokio::time::sleep(*pause).await;
        }
    }
}

async fn checked(node: &Node, response: Response) -> Result<Response, NodeError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = bounded_body(node, response).await.unwrap_or_default();
    let problem = serde_json::from_slice(&body).unwrap_or_else(|_| {
        Problem::new(status.as_u16(), "node", status.canonical_reason().unwrap_or("error"))
    });
    Err(NodeError::Refused { node: node.id.clone(), problem })
}

async fn bounded_body(node: &Node, mut response: Response) -> Result<Vec<u8>, NodeError> {
    let mut body = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|source| NodeError::Unreachable { node: node.id.clone(), source })?
    {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            let what = format!("more than {MAX_ANSWER_BYTES} bytes");
            return Err(NodeError::Nonsense { node: node.id.clone(), what });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
