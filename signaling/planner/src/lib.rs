//! lib
mod bound;
mod build;
pub mod check;
mod explain;
pub mod instance;
mod linear;
mod model;
mod place;
pub mod plan;
mod report;
mod score;
mod search;
mod solve;
mod state;
pub use solve::{Control, Options, Progress, Unattended, solve};
