//! The sans-IO heart: owns rooms, sessions and peers; routes each datagram.
//!
//! Enters: datagrams, timeouts, commands of the shell. Leaves: datagrams in the [`Outbox`],
//! [`Event`]s, packets in taps.

pub mod api;

pub use api::*;

use crate::now::Now;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;
use tongtang_protocol::control::{RoomSpec, Routes};
use tongtang_protocol::ids::{ParticipantId, RoomId, SessionId};

/// What an engine is made with.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Our addresses, offered as host candidates in this order; the index is [`Path::socket`].
    pub candidates: Vec<SocketAddr>,
    /// All the engine's randomness comes from it, so that a test can be repeated. Unguessable in production.
    pub seed: [u8; 32],
    /// A room is made when it is first named, its first publisher teaches, all others are the wall (`--dev`).
    pub open_rooms: bool,
}

/// Routes media between sessions. One engine belongs to one thread.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    outbox: Outbox,
    events: VecDeque<Event>,
}

impl Engine {
    /// An engine without rooms.
    pub fn new(config: EngineConfig) -> Self {
        Self { config, outbox: Outbox::default(), events: VecDeque::new() }
    }

    /// A datagram arrived. What it causes stands in the outbox and in the events.
    pub fn handle_datagram(&mut self, _now: Now, _path: Path, _datagram: &mut [u8]) {}

    /// The time of [`Engine::poll_timeout`] has come (being late is harmless).
    pub fn handle_timeout(&mut self, _now: Now) {}

    /// When [`Engine::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// What is to be sent; the shell sends and clears it after each call into the engine or batch of calls.
    pub fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// The next thing the shell must know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Makes a room or changes it; may be repeated.
    pub fn put_room(&mut self, _now: Now, _room: &RoomId, _spec: &RoomSpec) -> Result<(), Refusal> {
        Err(Refusal::Draining)
    }

    /// Ends a room and all its sessions; nothing happens when there is none.
    pub fn delete_room(&mut self, _now: Now, _room: &RoomId) {}

    /// Changes what feeds the slots of a room.
    pub fn set_routes(&mut self, _now: Now, _room: &RoomId, _routes: &Routes) -> Result<(), Refusal> {
        Err(Refusal::Draining)
    }

    /// A new publishing session; replaces the participant's older one.
    pub fn publish(&mut self, _now: Now, _publish: Publish) -> Result<Answer, Refusal> {
        Err(Refusal::Draining)
    }

    /// A new subscribing session; replaces the participant's older one.
    pub fn subscribe(&mut self, _now: Now, _subscribe: Subscribe) -> Result<Answer, Refusal> {
        Err(Refusal::Draining)
    }

    /// Trickled candidates or an ICE restart (RFC 9725 §4.3). `if_match` without quotes; absent: not checked.
    pub fn patch(
        &mut self,
        _now: Now,
        session: &SessionId,
        _if_match: Option<&str>,
        _fragment: &str,
    ) -> Result<PatchOutcome, Refusal> {
        Err(Refusal::NoSession(session.clone()))
    }

    /// The client ends its session; no [`Event::SessionEnded`] follows.
    pub fn close(&mut self, _now: Now, session: &SessionId) -> Result<(), Refusal> {
        Err(Refusal::NoSession(session.clone()))
    }

    /// Ends all sessions of a participant.
    pub fn expel(&mut self, _now: Now, _room: &RoomId, _participant: &ParticipantId) {}

    /// From now on no new rooms and sessions; those that are there go on.
    pub fn drain(&mut self) {}

    /// All rooms as they are.
    pub fn snapshot(&self) -> Snapshot {
        Vec::new()
    }

    /// Counters and gauges.
    pub fn stats(&self) -> Stats {
        let _ = &self.config;
        Stats::default()
    }

    /// The recorder listens no more; nothing happens when the tap is gone already.
    pub fn detach_tap(&mut self, _tap: TapId) {}
}
