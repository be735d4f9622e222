//! The media sockets and the thread that drives the engine.
//!
//! Owns the engine. Enters: datagrams, and calls of the tokio side through [`Worker`]. Leaves:
//! datagrams, and [`Event`]s on a broadcast channel.
//!
//! * [`batch`]: many datagrams a system call
//! * `reports`: RTCP wakes nobody
//! * [`sockets`]: which addresses, bound how
//! * [`worker`]: the thread

pub mod batch;
mod reports;
pub mod sockets;
pub mod worker;

pub use sockets::Sockets;
pub use worker::{Worker, WorkerError};
