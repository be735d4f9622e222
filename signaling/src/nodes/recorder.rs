//! What signaling asks of a recorder node.

use super::caller::Caller;
use super::sfu::missing_is_fine;
use super::{EventStream, Node, NodeError};
use reqwest::Method;
use tongtang_protocol::control::{AppendEvents, ComposeSpec, RecorderEvent, RecordingSpec};
use tongtang_protocol::ids::{JobId, RecordingId};
use tongtang_protocol::lesson::LessonEvent;

/// Calls one recorder. Cheap to clone; good until the node's epoch changes.
#[derive(Clone)]
pub struct RecorderClient {
    caller: Caller,
    node: Node,
}

impl RecorderClient {
    pub(super) fn new(caller: Caller, node: Node) -> Self {
        Self { caller, node }
    }

    /// The node as it was when the client was made.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Captures from now on; with another tap address or epoch: reconnects.
    pub async fn put_recording(&self, id: &RecordingId, spec: &RecordingSpec) -> Result<(), NodeError> {
        self.caller.call(&self.node, Method::PUT, &format!("/control/recordings/{id}"), Some(spec)).await
    }

    /// Adds events to the recording's manifest; those already there are skipped.
    pub async fn append_events(&self, id: &RecordingId, events: Vec<LessonEvent>) -> Result<(), NodeError> {
        let path = format!("/control/recordings/{id}/events");
        self.caller.call(&self.node, Method::POST, &path, Some(&AppendEvents { events })).await
    }

    /// Closes the recording cleanly. The event stream says when it is closed.
    pub async fn finish(&self, id: &RecordingId) -> Result<(), NodeError> {
        let path = format!("/control/recordings/{id}/finish");
        self.caller.call(&self.node, Method::POST, &path, None::<&()>).await
    }

    /// Composes a finished recording; again after a failure: tries anew.
    pub async fn put_job(&self, id: &JobId, spec: &ComposeSpec) -> Result<(), NodeError> {
        self.caller.call(&self.node, Method::PUT, &format!("/control/jobs/{id}"), Some(spec)).await
    }

    /// Stops a job. One that is not there is no error.
    pub async fn cancel_job(&self, id: &JobId) -> Result<(), NodeError> {
        let path = format!("/control/jobs/{id}");
        missing_is_fine(self.caller.call(&self.node, Method::DELETE, &path, None::<&()>).await)
    }

    /// A snapshot of recordings and jobs, then changes.
    pub async fn events(&self) -> Result<EventStream<RecorderEvent>, NodeError> {
        let response = self.caller.stream(&self.node, "/control/events").await?;
        Ok(EventStream::new(&self.node, response))
    }
}
