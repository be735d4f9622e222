//! The sans-IO heart: owns rooms, sessions and peers; routes each datagram.
//!
//! Enters: datagrams, timeouts, commands of the shell. Leaves: datagrams in the [`Outbox`],
//! [`Event`]s, packets in taps.

pub mod api;

pub use api::*;
