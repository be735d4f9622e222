//! The media sockets and the threads that drive the engines.
//!
//! Owns the engines. Enters: datagrams, and calls of the tokio side through [`Workers`]. Leaves:
//! datagrams, and [`Event`]s on a broadcast channel.
//!
//! * [`batch`]: many datagrams a system call
//! * `reports`: RTCP wakes nobody
//! * [`sockets`]: which addresses, bound how
//! * [`worker`]: a thread
//! * [`workers`]: all of them
//! * [`cores`]: where they run

pub mod batch;
pub mod cores;
mod reports;
pub mod sockets;
pub mod worker;
pub mod workers;

pub use sockets::Sockets;
pub use worker::{Worker, WorkerError};
pub use workers::{Plan, Workers};
