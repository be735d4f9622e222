//! Which teacher teaches which classes when: a county's instance becomes pairings and weekly lessons (docs/planner.md).
//!
//! ```text
//!  JSON ─▶ instance ─▶ check ─▶ model ─▶ solve ─┬─▶ search: build ─▶ place ─▶ state ─▶ score, round by round
//!                                               ├─▶ bound ─┬─▶ linear (HiGHS), on a thread beside the search
//!                                               │          └─▶ generate: pricing ⇄ packing (HiGHS), over rows
//!                                               ├─▶ recombine: the weeks of some teachers anew, in whole numbers
//!                                               └─▶ report: names, rooms ─┬─▶ plan ─▶ JSON
//!                                                   explain: why not ─────┘
//! ```
//!
//! No clock and no file: whoever calls [`solve`] says through [`Control`] when to stop. Modules in the order of an instance's way.

pub mod instance;

pub mod check;

mod model;

mod solve;

mod search;

mod build;
mod place;
mod state;

mod score;

mod bound;
mod linear;

mod rows;

mod generate;
mod packing;
mod pricing;

mod recombine;

mod report;

mod explain;

pub mod plan;

pub use solve::{Control, Options, Progress, Unattended, solve};
