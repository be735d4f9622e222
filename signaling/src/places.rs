//! What a county's places, people and times have to be like, before they reach the database.
//!
//! * [`check`]: the rules of each field; enters what somebody typed or imported, leaves the same, trimmed, or what is wrong
//! * [`refusal`]: why something is not taken, and its words in Chinese and English

pub mod check;
pub mod refusal;

pub use refusal::{Bad, Field, PlaceRefusal, Rule, Use};
