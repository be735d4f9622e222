//! The same lesson at a server with one media thread and at one with two, one after the other.
//!
//! Both may use all cores, and so may the bench: with two of them the load shares the cores with two workers. CPU time a
//! packet can be compared, what such a machine could carry cannot.

use super::one_teacher::{self, Crowd};
use super::{Measured, Settings};
use crate::cpu;
use crate::sfu::Program;

/// Screens: a load that one worker can carry beside the bench.
const SUBSCRIBERS: usize = 500;

/// One run at each.
pub fn run(settings: &Settings) -> anyhow::Result<[Measured; 2]> {
    let cores = cpu::cores();
    let at = |workers: usize| {
        let program = Program { workers, cores: cores.clone(), ..settings.program.clone() };
        let settings = Settings { program, own_cores: cores.clone(), ..settings.clone() };
        one_teacher::without_limit(&settings, Crowd::of(SUBSCRIBERS))
    };
    Ok([at(1)?, at(2)?])
}
