//! The same lesson at a server with one media thread and at one with two, one after the other.
//!
//! Both may use all cores, and so may the bench: with two of them the load shares the cores with two workers. CPU time a
//! packet can be compared, what such a machine could carry cannot.

use super::one_teacher::{self, Crowd};
use super::{Measured, Settings};
use crate::cpu;
use crate::sfu::Program;

/// Screens: what one worker can carry beside the bench. With twice as many each of two workers has what one has alone
/// with the fewer.
pub const SUBSCRIBERS: [usize; 2] = [500, 1_000];

/// One run at each with so many screens.
pub fn run(settings: &Settings, subscribers: usize) -> anyhow::Result<[Measured; 2]> {
    let cores = cpu::cores();
    let at = |workers: usize| {
        let program = Program { workers, cores: cores.clone(), ..settings.program.clone() };
        let settings = Settings { program, own_cores: cores.clone(), ..settings.clone() };
        one_teacher::without_limit(&settings, Crowd::of(subscribers))
    };
    Ok([at(1)?, at(2)?])
}
