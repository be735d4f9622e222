//! Classroom screens: paired once with a lesson's code, known ever after.
//!
//! * [`guessing`]: how many wrong codes anybody may type

pub mod guessing;
