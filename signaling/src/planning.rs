//! Plans: a county's places and people become an instance, a child process plans, its plan is a draft beside the timetable,
//! and one press makes it the timetable.
//!
//! ```text
//!  store ─▶ instance ─▶ row `plan` (running) ─▶ run: `tongtang plan` ─▶ row (draft) ─▶ draft: weeks, changes ─▶ publish
//! ```
//!
//! * [`instance`]: the county as the planner is told it
//! * [`run`]: the child process, how far it is, how it is ended
//! * [`draft`]: the plan as lessons of the term, and what would change for whom
//! * [`repair`]: ways out when somebody or something is not there
//! * [`remedy`]: pairings that would give a class what it will lack
//! * [`board`]: who is free beside the lessons that stand, for both
//! * [`publish`]: the draft becomes the timetable

pub mod board;
pub mod draft;
pub mod instance;
pub mod publish;
pub mod remedy;
pub mod repair;
pub mod run;

pub use run::Planner;

/// How long a lesson is at least, in minutes: so much all its bell times have in common. A period has 40 or 45.
pub const LESSON_MINUTES: u16 = crate::timetable::placing::SHORTEST_MIN;

/// Receiving classes of a lesson at most, if its room has no smaller number (1+X; X is usually 1 to 3).
pub const MAX_RECEIVING: u8 = 3;
