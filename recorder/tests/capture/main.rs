//! The capturing half of the recorder as a real process, against a tap that stands in for the sfu's.
#![allow(clippy::unwrap_used, missing_docs)]

mod api;
mod crowded;
mod disk_full;
mod fake_tap;
mod finishing;
mod killed;
mod lesson;
mod paused;
mod process;
mod registers;
mod sfu_restarts;
#[path = "../small_disk/mod.rs"]
mod small_disk;
