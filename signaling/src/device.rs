//! Classroom screens: paired once, known ever after. Either a lesson's code is typed on the screen, or the screen shows a
//! code and somebody who keeps screens types that.
//!
//! ```text
//!  screen ──asks──▶ pairing: secret, six digits ──▶ shown, large
//!         ◀─paired─ pairing ◀── IT types them, names classroom and screen
//!  screen ──report──▶ health ──▶ device.health, once a minute ──▶ list: who is there, what is wrong
//! ```
//!
//! * [`pairing`]: codes on screens, and what typing one does
//! * [`pace`]: how often something may be done
//! * [`health`]: what a screen says of itself, and what that means
//! * [`guessing`]: how many wrong codes anybody may type

pub mod guessing;
pub mod health;
pub mod pace;
pub mod pairing;
