//! The lesson WebSocket, `/api/ws`: one a page, as `tongtang_protocol::message` says.
//!
//! ```text
//!  socket (hello, requests) ──▶ session ◀── page (what changed, as messages)
//!         ◀── numbered messages ── log
//! ```
//!
//! A session outlives its socket: a page that dropped comes back and hears just what it missed.
//!
//! * [`socket`]: one connection: hello, requests in, numbered messages out
//! * [`page`]: puts what changed into the session, as messages
//! * [`session`]: who the page is, and its log
//! * [`log`]: numbered messages, kept for a while
//! * [`sessions`]: all sessions, and the limits

pub mod log;
pub mod page;
pub mod session;
pub mod sessions;
pub mod socket;

pub use sessions::Sessions;
