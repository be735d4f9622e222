//! What a process has used, as the kernel counts it, and where they may run.

mod tree;

use anyhow::Context;
use nix::time::ClockId;
use nix::unistd::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::collections::HashSet;
use std::fs;
use std::time::Duration;
pub use tree::Tree;

/// A process that is watched.
#[derive(Debug, Clone, Copy)]
pub struct Process {
    pid: u32,
    clock: ClockId,
}

impl Process {
    /// The process of this id.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(i32::try_from(pid)?));
        Ok(Self { pid, clock: clock.with_context(|| format!("process {pid} has no CPU clock"))? })
    }

    /// This process.
    pub fn own() -> anyhow::Result<Self> {
        Self::of(std::process::id())
    }

    /// User and system time of all its threads, those included that have ended, to the nanosecond.
    pub fn cpu_time(&self) -> anyhow::Result<Duration> {
        Ok(self.clock.now().with_context(|| format!("process {} is gone", self.pid))?.into())
    }

    /// Local ports of its UDP sockets.
    pub fn udp_ports(&self) -> anyhow::Result<Vec<u16>> {
        let mut inodes = HashSet::new();
        for descriptor in fs::read_dir(format!("/proc/{}/fd", self.pid))? {
            // A descriptor may be closed while it is looked at.
            let Ok(target) = fs::read_link(descriptor?.path()) else { continue };
            let inode = target.to_str().and_then(|name| name.strip_prefix("socket:[")?.strip_suffix(']'));
            inodes.extend(inode.map(str::to_owned));
        }
        let text = fs::read_to_string(format!("/proc/{}/net/udp", self.pid))?;
        let port = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let port = words.get(1)?.split_once(':')?.1;
            inodes.contains(*words.get(9)?).then(|| u16::from_str_radix(port, 16).ok())?
        };
        Ok(text.lines().skip(1).filter_map(port).collect())
    }

    /// Datagrams that the kernel dropped because a socket's buffer was full, summed over its network namespace's sockets of
    /// these ports.
    pub fn dropped_at(&self, ports: &[u16]) -> anyhow::Result<u64> {
        let wanted: HashSet<u16> = ports.iter().copied().collect();
        let text = fs::read_to_string(format!("/proc/{}/net/udp", self.pid))?;
        Ok(text.lines().skip(1).filter_map(|line| dropped(line, &wanted)).sum())
    }

    /// Memory that is in RAM now, counted exactly.
    pub fn resident_bytes(&self) -> anyhow::Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid))?;
        let line =
            text.lines().find_map(|line| line.strip_prefix("Rss:")).context("no Rss in smaps_rollup")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1_024)
    }
}

/// CPU time of the calling thread.
pub fn thread_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// Cores of this machine that the process may use.
pub fn cores() -> Vec<usize> {
    let allowed = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect()
}

/// Runs `work` with the calling thread on these cores; what it starts stays there.
pub fn on_cores<T>(cores: &[usize], work: impl FnOnce() -> T) -> anyhow::Result<T> {
    let before = sched_getaffinity(None)?;
    let mut wanted = CpuSet::new();
    cores.iter().for_each(|core| wanted.set(*core));
    sched_setaffinity(None, &wanted).with_context(|| format!("cannot run on cores {cores:?}"))?;
    let outcome = work();
    sched_setaffinity(None, &before)?;
    Ok(outcome)
}

/// For how much of `time` the machine's cores are busy, from 0 to 1, as /proc/stat counts.
pub fn machine_share(time: Duration) -> anyhow::Result<f64> {
    let read = || -> anyhow::Result<[u64; 2]> {
        busy_and_all(&fs::read_to_string("/proc/stat")?).context("no counts of all cores in /proc/stat")
    };
    let before = read()?;
    std::thread::sleep(time);
    let after = read()?;
    let [busy, all] = [0, 1].map(|n| after[n].saturating_sub(before[n]) as f64);
    Ok(busy / all.max(1.0))
}

/// Ticks of all cores: user, nice, system, idle, waiting, interrupts … (proc(5)).
fn busy_and_all(stat: &str) -> Option<[u64; 2]> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_whitespace().map_while(|word| word.parse().ok()).collect();
    let all: u64 = ticks.iter().take(8).sum();
    Some([all - ticks.get(3)? - ticks.get(4)?, all])
}

/// What is measured goes before whatever else runs on the machine: a server that waits for its core loses packets, is sent
/// them again, and so waits for longer. Without the right to it, that is how it is.
const NICENESS: i32 = -10;

/// Runs `work` with the calling thread before others; what it starts stays so.
pub fn before_others<T>(work: impl FnOnce() -> T) -> T {
    let own = Some(rustix::thread::gettid());
    // On Linux a thread's own priority is read and set by its thread id.
    let before = rustix::process::getpriority_process(own).unwrap_or_default();
    let _ = rustix::process::setpriority_process(own, NICENESS);
    let outcome = work();
    let _ = rustix::process::setpriority_process(own, before);
    outcome
}

fn dropped(line: &str, ports: &HashSet<u16>) -> Option<u64> {
    let mut words = line.split_whitespace();
    let port = u16::from_str_radix(words.nth(1)?.split_once(':')?.1, 16).ok()?;
    ports.contains(&port).then(|| words.next_back()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_waiting_cores_are_not_busy() {
        let stat = "cpu  10 1 5 100 20 2 2 0 0 0\ncpu0 1 1 1 1\n";
        assert_eq!(busy_and_all(stat), Some([20, 140]));
        assert_eq!(busy_and_all("intr 1"), None);
    }

    #[test]
    fn work_shows_in_the_clocks_of_process_and_thread() {
        let process = Process::own().unwrap();
        let before = process.cpu_time().unwrap();
        let from = thread_time();
        while thread_time() - from < Duration::from_millis(20) {
            std::hint::spin_loop();
        }
        assert!(process.cpu_time().unwrap() - before >= Duration::from_millis(20));
        assert!(process.resident_bytes().unwrap() > 100_000);
    }

    #[test]
    fn drops_are_read_from_the_kernels_table() {
        let line = "  931: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0 42";
        assert_eq!(dropped(line, &[8080].into()), Some(42));
        assert_eq!(dropped(line, &[8081].into()), None);
    }

    #[test]
    fn own_udp_ports_are_found() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let ports = Process::own().unwrap().udp_ports().unwrap();
        assert!(ports.contains(&socket.local_addr().unwrap().port()));
    }

    #[test]
    fn work_runs_where_it_is_told_to() {
        let all = cores();
        let last = *all.last().unwrap();
        assert_eq!(on_cores(&[last], cores).unwrap(), [last]);
        assert_eq!(cores(), all);
    }
}
