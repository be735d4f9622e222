//! Which cores there are for media threads.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores this process may use, by number.
pub fn allowed() -> Vec<usize> {
    match sched_getaffinity(None) {
        Ok(set) => (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect(),
        Err(error) => {
            tracing::warn!(%error, "cannot read which cores may be used: one is taken");
            vec![0]
        }
    }
}

/// The calling thread stays on this core. Where the system refuses, it goes where the system puts it.
pub(super) fn stay_on(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    if let Err(error) = sched_setaffinity(None, &set) {
        tracing::warn!(%error, core, "the media thread is not kept on its core");
    }
}
