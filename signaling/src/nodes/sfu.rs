//! What signaling asks of an sfu node.

use super::caller::Caller;
use super::{EventStream, Node, NodeError};
use reqwest::Method;
use tongtang_protocol::control::{RoomSpec, Routes, SfuEvent};
use tongtang_protocol::ids::{ParticipantId, RoomId};

/// Calls one sfu. Cheap to clone; good until the node's epoch changes.
#[derive(Clone)]
pub struct SfuClient {
    caller: Caller,
    node: Node,
}

impl SfuClient {
    pub(super) fn new(caller: Caller, node: Node) -> Self {
        Self { caller, node }
    }

    /// The node as it was when the client was made.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The HTTP client whose connections to the node are kept: for the media proxy.
    pub(crate) fn http(&self) -> &reqwest::Client {
        self.caller.http()
    }

    /// Makes the room, or sets an existing one right; its media is not disturbed.
    pub async fn put_room(&self, room: &RoomId, spec: &RoomSpec) -> Result<(), NodeError> {
        self.caller.call(&self.node, Method::PUT, &format!("/control/rooms/{room}"), Some(spec)).await
    }

    /// Ends the room and every session in it. A room that is not there is no error.
    pub async fn delete_room(&self, room: &RoomId) -> Result<(), NodeError> {
        let path = format!("/control/rooms/{room}");
        missing_is_fine(self.caller.call(&self.node, Method::DELETE, &path, None::<&()>).await)
    }

    /// What feeds the slots from now on.
    pub async fn set_routes(&self, room: &RoomId, routes: &Routes) -> Result<(), NodeError> {
        self.caller
            .call(&self.node, Method::PUT, &format!("/control/rooms/{room}/routes"), Some(routes))
            .await
    }

    /// Ends a participant's sessions. One that is not there is no error.
    pub async fn expel(&self, room: &RoomId, participant: &ParticipantId) -> Result<(), NodeError> {
        let path = format!("/control/rooms/{room}/participants/{participant}");
        missing_is_fine(self.caller.call(&self.node, Method::DELETE, &path, None::<&()>).await)
    }

    /// Counters and rates, as the node names them.
    pub async fn stats(&self) -> Result<serde_json::Value, NodeError> {
        self.caller.get(&self.node, "/control/stats").await
    }

    /// Takes no new rooms from now on.
    pub async fn drain(&self) -> Result<(), NodeError> {
        self.caller.call(&self.node, Method::POST, "/control/drain", None::<&()>).await
    }

    /// A snapshot of all rooms, then changes.
    pub async fn events(&self) -> Result<EventStream<SfuEvent>, NodeError> {
        let response = self.caller.stream(&self.node, "/control/events").await?;
        Ok(EventStream::new(&self.node, response))
    }
}

/// Removing what is not there has succeeded.
pub(super) fn missing_is_fine(result: Result<(), NodeError>) -> Result<(), NodeError> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}
