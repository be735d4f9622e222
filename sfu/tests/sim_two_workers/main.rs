//! The simulated lessons again, with every second participant on another worker.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[allow(dead_code, reason = "the tests of one worker use the rest")]
#[path = "../sim/browser.rs"]
mod browser;
#[allow(dead_code, reason = "shared with the connection tests, which use the rest")]
#[path = "../connection/client.rs"]
mod client;
#[path = "../sim/content.rs"]
mod content;
#[allow(dead_code, reason = "the tests of one worker use the rest")]
#[path = "../sim/offers.rs"]
mod offers;
#[path = "../sim/receiver.rs"]
mod receiver;
#[allow(dead_code, reason = "the tests of one worker use the rest")]
#[path = "../sim/sender.rs"]
mod sender;
#[allow(dead_code, reason = "the tests of one worker use the rest")]
#[path = "../sim/world.rs"]
mod world;

/// Engines over which the participants are spread.
const WORKERS: usize = 2;

#[path = "../sim/first_picture.rs"]
mod first_picture;
#[path = "../sim/layers_on_loss.rs"]
mod layers_on_loss;
#[path = "../sim/loss_recovery.rs"]
mod loss_recovery;
#[path = "../sim/pli_storm.rs"]
mod pli_storm;
#[path = "../sim/reports.rs"]
mod reports;
#[path = "../sim/switching.rs"]
mod switching;
#[path = "../sim/voices.rs"]
mod voices;
#[path = "../sim/wall.rs"]
mod wall;

mod meeting;
