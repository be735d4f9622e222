//! What the shell says to the engine and hears from it.

use std::net::SocketAddr;
use tongtang_protocol::control::{RoomSnapshot, SfuParticipant};
use tongtang_protocol::ids::{ParticipantId, RoomId, SessionId};
use tongtang_protocol::lesson::{Role, Source};

/// A way between one of our sockets and a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    /// Index of the local socket the datagram came in on (and the answer leaves by).
    pub socket: u8,
    /// The peer.
    pub remote: SocketAddr,
}

impl Path {
    /// Sockets from this one on are TCP listeners, one for each of our addresses; their paths are connections. (Two connections
    /// of a peer to two of our addresses may come from the same port of it.)
    pub const FIRST_TCP_SOCKET: u8 = 128;

    /// Is it a connection?
    #[must_use]
    pub fn is_tcp(self) -> bool {
        self.socket >= Self::FIRST_TCP_SOCKET
    }
}

/// `POST /whip/{room}`
#[derive(Debug, Clone)]
pub struct Publish {
    /// The room; it must exist (`--dev` makes it).
    pub room: RoomId,
    /// Who. An older publishing session of the same participant is replaced.
    pub participant: ParticipantId,
    /// Chosen by the shell, unguessable.
    pub session: SessionId,
    /// The participant's role.
    pub role: Role,
    /// What may be published.
    pub sources: Vec<Source>,
    /// The SDP offer.
    pub offer: String,
}

/// `POST /whep/{room}`
#[derive(Debug, Clone)]
pub struct Subscribe {
    /// The room; it must exist (`--dev` makes it).
    pub room: RoomId,
    /// Who. An older subscribing session of the same participant is replaced.
    pub participant: ParticipantId,
    /// Chosen by the shell, unguessable.
    pub session: SessionId,
    /// Decides the default slots.
    pub role: Role,
    /// Slot names in the order of the offer's m-lines of each kind (`stage,wall0,…,audio0`); empty: the default
    /// order `teacher, board, stage, wall0…` and `audio0…audio2`.
    pub slots: Vec<String>,
    /// The SDP offer.
    pub offer: String,
}

/// The answer to an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The SDP answer.
    pub sdp: String,
    /// Strong ETag of the ICE session (RFC 9725 §4.3.1), without quotes. Changes with an ICE restart.
    pub etag: String,
}

/// `PATCH` of a session with `application/trickle-ice-sdpfrag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchOutcome {
    /// Trickled candidates were noted (an ICE-lite server needs none of them): 204.
    Noted,
    /// ICE restart: 200 with our new fragment and ETag.
    Restarted {
        /// `application/trickle-ice-sdpfrag`.
        fragment: String,
        /// The new ETag, without quotes.
        etag: String,
    },
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such room.
    #[error("there is no room {0}")]
    NoRoom(RoomId),
    /// No such session.
    #[error("there is no session {0}")]
    NoSession(SessionId),
    /// The offer cannot be read or answered; the text names the line or rule.
    #[error("the SDP offer cannot be answered: {0}")]
    BadOffer(String),
    /// If-Match names another ICE session.
    #[error("If-Match names another ICE session than {0}")]
    EtagMismatch(SessionId),
    /// A named limit was reached.
    #[error("limit reached: {limit} = {value}")]
    Limit {
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        value: usize,
    },
    /// Removed from the room by its teacher.
    #[error("{0} was removed from this room")]
    Expelled(ParticipantId),
    /// The node is draining.
    #[error("this node takes no new sessions: it is being drained")]
    Draining,
}

/// What the engine tells the shell (and the shell tells signaling).
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A participant's sessions, sources or link changed.
    Participant {
        /// The room.
        room: RoomId,
        /// As it is now.
        participant: SfuParticipant,
    },
    /// A session ended by itself: ICE consent or DTLS gone, expelled, replaced.
    SessionEnded {
        /// Which.
        session: SessionId,
    },
}

/// Counters and gauges; the shell turns them into `/metrics` and `GET /control/stats`.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Stats {
    /// Rooms now.
    pub rooms: usize,
    /// Sessions now.
    pub sessions: usize,
    /// Counters by name, since start, in a fixed order: `rtp_in_packets`, `rtp_out_packets`, `srtp_open_failed`, …
    pub counters: Vec<(&'static str, u64)>,
}

impl Stats {
    /// One of the counters; 0 when there is none of this name.
    pub fn counter(&self, name: &str) -> u64 {
        self.counters.iter().find(|(known, _)| *known == name).map_or(0, |(_, value)| *value)
    }

    /// The sums over all workers' engines. Rooms are on all of them (with open rooms, `--dev`: those of the one with the most).
    pub fn of_all(workers: Vec<Self>) -> Self {
        workers
            .into_iter()
            .reduce(|mut sum, part| {
                sum.rooms = sum.rooms.max(part.rooms);
                sum.sessions += part.sessions;
                for ((_, value), (_, more)) in sum.counters.iter_mut().zip(part.counters) {
                    *value += more;
                }
                sum
            })
            .unwrap_or_default()
    }
}

/// One attached tap, in one life of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TapId(pub u64);

/// All rooms as they are.
pub type Snapshot = Vec<RoomSnapshot>;
