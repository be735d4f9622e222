//! A WHIP or WHEP session: who, where, and its association.

use super::api::Path;
use super::slab::Key;
use crate::egress::Egress;
use crate::ingress::Ingress;
use crate::ingress::limit::PacketLimit;
use crate::mirror::MirrorId;
use crate::peer::Peer;
use std::time::Instant;
use tongtang_protocol::ids::{ParticipantId, SessionId};

/// Names a session of either kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SessionKey {
    /// Sends media to us.
    Publisher(Key),
    /// Gets media from us.
    Subscriber(Key),
}

/// What both kinds have.
pub struct Session {
    /// Last part of its URL.
    pub id: SessionId,
    /// Its room.
    pub room: Key,
    /// Whose it is.
    pub participant: ParticipantId,
    /// The association.
    pub peer: Peer,
    /// The addresses that look-ups know it by.
    pub paths: Vec<Path>,
    /// The local ICE user names that look-ups know it by.
    pub ufrags: Vec<String>,
    /// Checks that may come in its name from addresses that are not its own yet.
    pub stranger_limit: PacketLimit,
    /// RTCP it may send.
    pub rtcp_limit: PacketLimit,
    /// When it is looked at next.
    pub alarm: Option<Instant>,
}

impl std::fmt::Debug for Session {
    /// Without keys and addresses.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where a publisher's packets come from.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "most are sessions")]
pub enum Origin {
    /// A session of this engine.
    Session(Session),
    /// The session of another worker, which sends the packets over.
    Mirror {
        /// Which worker.
        worker: usize,
        /// Its name there.
        id: MirrorId,
        /// Its room.
        room: Key,
        /// Whose it is.
        participant: ParticipantId,
    },
}

/// Somebody who publishes.
#[derive(Debug)]
pub struct Publisher {
    /// Who and where.
    pub origin: Origin,
    /// Its tracks.
    pub ingress: Ingress,
    /// Its microphone reaches nobody.
    pub is_muted: bool,
    /// When it came.
    pub since: Instant,
}

impl Publisher {
    /// The session, if it is of this engine.
    pub fn session(&self) -> Option<&Session> {
        match &self.origin {
            Origin::Session(session) => Some(session),
            Origin::Mirror { .. } => None,
        }
    }

    /// The session, if it is of this engine.
    pub fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.origin {
            Origin::Session(session) => Some(session),
            Origin::Mirror { .. } => None,
        }
    }

    /// Its room.
    pub fn room(&self) -> Key {
        match &self.origin {
            Origin::Session(session) => session.room,
            Origin::Mirror { room, .. } => *room,
        }
    }

    /// Whose it is.
    pub fn participant(&self) -> &ParticipantId {
        match &self.origin {
            Origin::Session(session) => &session.participant,
            Origin::Mirror { participant, .. } => participant,
        }
    }
}

/// A subscribing session.
#[derive(Debug)]
pub struct Subscriber {
    /// Who and where.
    pub session: Session,
    /// Its slots.
    pub egress: Egress,
}
