//! A process and all that it has started: a server may be a script, or keep a worker for each core.

use super::Process;
use anyhow::Context;
use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// Ticks a second in which the kernel tells times in `/proc` (`USER_HZ`), on every machine that Linux runs on today.
const TICKS_A_SECOND: u64 = 100;

/// A process with its descendants. One that leaves its parent (a daemon) is lost.
#[derive(Debug, Clone, Copy)]
pub struct Tree {
    root: u32,
}

/// What `/proc/…/stat` says of a process.
struct Stat {
    parent: u32,
    /// CPU time of children that have ended and were waited for.
    of_the_dead: Duration,
}

fn stat(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// proc_pid_stat(5): fields 4, 16 and 17; behind the name, which may have blanks and brackets in it.
fn parse(stat: &str) -> Option<Stat> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = fields.get(13)?.parse::<u64>().ok()? + fields.get(14)?.parse::<u64>().ok()?;
    let of_the_dead = Duration::from_millis(ticks * 1_000 / TICKS_A_SECOND);
    Some(Stat { parent: fields.get(1)?.parse().ok()?, of_the_dead })
}

impl Tree {
    /// The process of this id and all below it.
    pub fn of(root: u32) -> anyhow::Result<Self> {
        Process::of(root)?;
        Ok(Self { root })
    }

    /// Those that live now, the root first.
    fn processes(&self) -> anyhow::Result<Vec<(Process, Duration)>> {
        let names = fs::read_dir("/proc")?.flatten();
        let pids = names.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        // What ends while it is looked at is none any more.
        let mut stats: HashMap<u32, Stat> = pids.filter_map(|pid| Some((pid, stat(pid)?))).collect();
        let root = stats.remove(&self.root).with_context(|| format!("process {} is gone", self.root))?;
        let mut found = vec![(Process::of(self.root)?, root.of_the_dead)];
        let mut looked = 0;
        while looked < found.len() {
            let parent = found[looked].0.pid;
            looked += 1;
            let children: Vec<u32> =
                stats.iter().filter(|(_, stat)| stat.parent == parent).map(|(pid, _)| *pid).collect();
            for pid in children {
                if let (Some(stat), Ok(process)) = (stats.remove(&pid), Process::of(pid)) {
                    found.push((process, stat.of_the_dead));
                }
            }
        }
        Ok(found)
    }

    /// User and system time of all of them, and of those that have ended and were waited for.
    pub fn cpu_time(&self) -> anyhow::Result<Duration> {
        let processes = self.processes()?;
        // One that has ended just now is counted by its parent the next time.
        let own = |process: &Process| process.cpu_time().unwrap_or_default();
        Ok(processes.iter().map(|(process, of_the_dead)| own(process) + *of_the_dead).sum())
    }

    /// Local ports of their UDP sockets.
    pub fn udp_ports(&self) -> anyhow::Result<Vec<u16>> {
        let ports = self.processes()?.into_iter().filter_map(|(process, _)| process.udp_ports().ok());
        Ok(ports.flatten().collect())
    }

    /// See [`Process::dropped_at`]; all of them are taken to live in the root's network namespace.
    pub fn dropped_at(&self, ports: &[u16]) -> anyhow::Result<u64> {
        Process::of(self.root)?.dropped_at(ports)
    }

    /// Memory of all of them that is in RAM now.
    pub fn resident_bytes(&self) -> anyhow::Result<u64> {
        let resident = |(process, _): (Process, Duration)| process.resident_bytes().unwrap_or_default();
        Ok(self.processes()?.into_iter().map(resident).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    #[test]
    fn what_a_child_of_a_child_uses_is_counted_while_it_lives_and_when_it_has_ended() {
        // The inner shell works, says so, waits to be told, ends; the outer one says that, and waits too.
        let inner = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo worked; read x";
        let mut child = Command::new("sh")
            .args(["-c", &format!("sh -c '{inner}' ; echo ended; read x")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let tree = Tree::of(child.id()).unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(said.next().unwrap().unwrap(), "worked");
        let alone = || Process::of(child.id()).unwrap().cpu_time().unwrap();
        let (living, root) = (tree.cpu_time().unwrap(), alone());
        assert!(living > root + Duration::from_millis(20), "{living:?}, the root alone {root:?}");
        assert!(tree.resident_bytes().unwrap() > Process::of(child.id()).unwrap().resident_bytes().unwrap());
        let mut told = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut told, b"\n").unwrap();
        assert_eq!(said.next().unwrap().unwrap(), "ended");
        let dead = tree.cpu_time().unwrap();
        assert!(dead + Duration::from_millis(30) > living, "{dead:?} of {living:?}");
        drop(told);
        child.wait().unwrap();
        assert!(tree.cpu_time().is_err());
    }

    #[test]
    fn a_name_with_blanks_and_brackets_is_no_obstacle() {
        let stat = parse("7 (a) b (c) S 42 7 7 0 -1 4194560 1 2 3 4 5 6 150 50 20 0 1 0 99 0 0").unwrap();
        assert_eq!((stat.parent, stat.of_the_dead), (42, Duration::from_secs(2)));
        assert!(parse("7 (a").is_none());
    }
}
