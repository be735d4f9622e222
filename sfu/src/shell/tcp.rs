//! Media over TCP (RFC 6544 passive candidates, RFC 4571 frames), for networks that let no UDP through.
//!
//! ```text
//!  listen ─ accept, first frame ─▶ whose ufrag? ─ stream ─▶ connections, on the media thread ⇄ engine
//!  (tokio)                                                  (registered in its poll)
//! ```
//!
//! * [`listen`]: one port on every address of the media sockets; who may wait there
//! * [`connections`]: frames in and out, on the thread that owns the peer
//! * [`places`]: how many connections there may be
//!
//! To the engine a connection is one more [`Path`], whose socket is [`Path::FIRST_TCP_SOCKET`] or above. Which path media takes
//! the browser decides: UDP, where it works, for its candidates have the higher priority.

pub mod connections;
pub mod listen;
pub mod places;

pub use connections::{Connections, Handover};
pub use listen::Listeners;

use crate::engine::Path;
use places::Place;
use std::net::TcpStream;
use std::sync::atomic::AtomicU64;

/// A connection whose first frame is a connectivity check that names a peer of ours; nothing of it is verified yet.
#[derive(Debug)]
pub struct Accepted {
    stream: TcpStream,
    path: Path,
    first: Vec<u8>,
    place: Place,
}

/// What is counted of TCP.
#[derive(Debug, Default)]
pub struct TcpCounters {
    /// Connections that passed a connectivity check.
    pub accepted: AtomicU64,
    /// Connections refused: too many, too slow, or without a check that fits.
    pub refused: AtomicU64,
    /// Connections that ended because what came is no frame of ours.
    pub malformed: AtomicU64,
    /// Frames in.
    pub received: AtomicU64,
    /// Frames out.
    pub sent: AtomicU64,
    /// Frames dropped: the peer read too slowly, or its connection was gone.
    pub send_dropped: AtomicU64,
}
