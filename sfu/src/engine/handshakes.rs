//! DTLS: handshakes are handed out as jobs, so that whoever drives the engine can let others do them.
//!
//! Enters: DTLS datagrams, [`HandshakeDone`]. Leaves: [`HandshakeJob`]s, at most one a session at a time. Who drives the engine on one
//! thread runs each at once and gives the result back.

use super::Engine;
use super::api::Path;
use super::session::SessionKey;
use crate::now::Now;
use crate::peer::{HandshakeResult, HandshakeWork};

/// A step of a session's handshake.
pub struct HandshakeJob {
    key: SessionKey,
    work: HandshakeWork,
}

/// What came of it; for [`Engine::handshake_done`] of the engine that it is from.
pub struct HandshakeDone {
    key: SessionKey,
    result: HandshakeResult,
}

impl HandshakeJob {
    /// Takes the step, on any thread.
    #[must_use]
    pub fn run(self) -> HandshakeDone {
        HandshakeDone { key: self.key, result: self.work.run() }
    }
}

impl std::fmt::Debug for HandshakeJob {
    /// Without keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandshakeJob").field("key", &self.key).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for HandshakeDone {
    /// Without keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandshakeDone").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Engine {
    pub(super) fn handle_dtls(&mut self, now: Now, key: SessionKey, path: Path, datagram: &[u8]) {
        let Some(session) = self.session_mut(key) else { return };
        if session.peer.receive_dtls(now, path, datagram).is_err() {
            self.counters.dtls_refused += 1;
        }
        self.hand_out(key);
        self.drain_peer(now, key);
    }

    fn hand_out(&mut self, key: SessionKey) {
        let work = self.session_mut(key).and_then(|session| session.peer.take_handshake());
        self.handshakes.extend(work.map(|work| HandshakeJob { key, work }));
    }

    /// Is there a step to be taken?
    pub fn has_handshakes(&self) -> bool {
        !self.handshakes.is_empty()
    }

    /// The next step to be taken. Until its result is given to [`Engine::handshake_done`] the session stands still.
    pub fn poll_handshake(&mut self) -> Option<HandshakeJob> {
        self.handshakes.pop_front()
    }

    /// A step has been taken. Nothing happens when its session has ended since.
    pub fn handshake_done(&mut self, now: Now, done: HandshakeDone) {
        let HandshakeDone { key, result } = done;
        let Some(session) = self.session_mut(key) else { return };
        if session.peer.finish_handshake(result).is_err() {
            self.counters.dtls_refused += 1;
        }
        self.hand_out(key);
        self.drain_peer(now, key);
    }
}
