//! What tests of several crates need. A dev-dependency: no program contains it.
#![allow(clippy::unwrap_used, reason = "a test that cannot begin says so by panicking")]

pub mod county;
pub mod postgres;
