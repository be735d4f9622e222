//! The same lesson at a server with one media thread and at one with two, one after the other.
//!
//! Both may use all cores, and so may the bench: with two of them the load shares the cores with two workers. CPU time a
//! packet can be compared, what such a machine could carry cannot. The limit is that of one thread, beside both.

use super::one_teacher::{self, Crowd};
use super::{Measured, Settings, bare_loop};
use crate::cpu;
use crate::media::{Clip, Layers};
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
    let [mut one, mut two] = [at(1)?, at(2)?];
    let clip = Clip::load(settings.clip, Layers::All)?;
    bare_loop::add_to(&mut one, settings, &clip)?;
    two.limit_cpu_ns_per_packet = one.limit_cpu_ns_per_packet;
    two.limit_delivered_ratio = one.limit_delivered_ratio;
    Ok([one, two])
}
