//! The lessons of a term.
//!
//! ```text
//!  http::timetable ──request──▶ desk ──facts (bells, rooms, classes)──▶ change (pure) ──steps──▶ store (one transaction)
//!                                 │                                      └─ placing (pure)        │ the database refuses
//!                                 ◀──────────── refusal: who, where, when ◀── clash (pure) ◀──────┘ a double booking
//!                                 └──▶ bus ──▶ every page that shows the week
//! ```
//!
//! * [`facts`]: what has to be known of a county to place a lesson
//! * [`placing`]: a day and a period become instants; each class's own period
//! * [`clash`]: what a lesson takes, and which lessons are in each other's way
//! * [`change`]: what a change asked for makes of a lesson, and what takes it back
//! * [`refusal`]: why not, in both languages
//! * [`sentence`]: what was changed, in one sentence
//! * [`desk`]: all of it together, for the API
//! * [`days_off`]: lessons on days that a term makes days off
//! * [`ics`]: a timetable for calendar programs
//! * [`opening`]: lessons open by themselves, and are settled when they are over

pub mod change;
pub mod clash;
pub mod days_off;
pub mod desk;
pub mod facts;
pub mod ics;
pub mod opening;
pub mod placing;
pub mod refusal;
pub mod sentence;

pub use change::Step;
pub use facts::Facts;
pub use refusal::Refusal;
