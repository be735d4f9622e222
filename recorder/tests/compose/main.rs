//! The composing half of the recorder with real media and real processes.
#![allow(clippy::unwrap_used, missing_docs)]

mod fixture;
mod jobs;
mod lessons;
mod recorder;
#[path = "../small_disk/mod.rs"]
mod small_disk;
