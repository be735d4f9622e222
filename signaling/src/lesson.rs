//! Lessons: what they are, who is in them, and what the nodes must hold for them.
//!
//! ```text
//!  page, API ──Command──▶ runner ──▶ machine::step (pure) ──▶ store (one transaction)
//!                           │                                   │
//!                           ├──▶ view ──watch──▶ ws             ▼
//!                           └──▶ goal ──watch──▶ delivery ──▶ sfu, recorder
//!  sfu, recorder events ──▶ follow ──▶ runner (sources, links, capture)
//! ```
//!
//! * [`machine`]: the lesson and its state machine, sans-IO
//! * [`view`]: the lesson as pages see it
//! * [`goal`]: what the nodes should hold, derived from the lesson
//! * [`runner`]: one running lesson: commands in, views and goals out
//! * [`delivery`]: brings the nodes to the goal, again and again
//! * [`retell`]: a recorder is told what happened
//! * [`follow`]: reads the nodes' event streams
//! * [`registry`]: all running lessons, and the reconciler

pub mod delivery;
pub mod follow;
pub mod goal;
pub mod machine;
pub mod registry;
pub mod retell;
pub mod runner;
pub mod view;

pub use machine::{By, Command, Lesson, Newcomer, Refusal, Seat};
pub use registry::Lessons;
pub use runner::Runner;
