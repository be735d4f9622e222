//! Lessons in simulated time: an engine, browsers of our own and a seeded lossy network between them.
//! One scenario a file.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod browser;
#[allow(dead_code, reason = "shared with the connection tests, which use the rest")]
#[path = "../connection/client.rs"]
mod client;
mod content;
mod offers;
mod receiver;
mod sender;
#[allow(dead_code, reason = "the tests of two workers use the rest")]
mod world;

/// Engines over which the participants are spread: one.
const WORKERS: usize = 1;

mod connections;
mod first_picture;
mod handshakes;
mod layers_on_loss;
mod limits;
mod loss_recovery;
mod pli_storm;
mod reports;
mod riding;
mod ssrcs;
mod switching;
mod taps;
mod voices;
mod wall;
