//! Everything that touches sockets, clocks and tokio, around the sans-IO [`crate::engine`].
//!
//! ```text
//!  sockets ⇄ udp worker (one thread, owns the engine) ◀─ calls ─ http (WHIP, WHEP, control), tap
//!                 ▲       └─ events ─▶ http/events ─▶ signaling
//!                 └─ connections ─ tcp
//! ```
//!
//! * [`udp`]: the media sockets and the thread that drives the engine
//! * [`tcp`]: media over TCP, where UDP does not come through
//! * [`handshakes`]: threads that take the steps of DTLS handshakes
//! * [`http`]: WHIP, WHEP, control API, health
//! * [`tap`]: the recorder's connection and what is kept for it
//! * [`node`]: puts them together and takes them apart

#![allow(clippy::disallowed_methods, reason = "the rim")]

pub mod clock;
pub mod handshakes;
pub mod http;
pub mod node;
pub mod tap;
pub mod tcp;
pub mod udp;
