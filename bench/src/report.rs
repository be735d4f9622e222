//! `bench/report.json` and the table on the terminal.

use crate::forward::Run;
use serde::Serialize;
use std::fs;

/// One row of the report. Fields that this bench does not measure yet are null.
#[derive(Debug, Serialize)]
pub struct Scenario {
    name: &'static str,
    subscribers: usize,
    workers: usize,
    cpu_ns_per_packet: f64,
    cpu_ns_per_packet_min: f64,
    cpu_ns_per_packet_max: f64,
    limit_cpu_ns_per_packet: f64,
    packets: usize,
    mean_packet_bytes: usize,
    janus_cpu_ns_per_packet: Option<f64>,
    delivered_ratio: Option<f64>,
    latency_p50_us: Option<f64>,
    latency_p99_us: Option<f64>,
}

impl Scenario {
    /// The median of `runs`, which are sorted by cost and not empty.
    pub fn of(name: &'static str, subscribers: usize, runs: &[Run]) -> Self {
        let median = &runs[runs.len() / 2];
        Self {
            name,
            subscribers,
            workers: 1,
            cpu_ns_per_packet: median.cpu_ns_per_packet.round(),
            cpu_ns_per_packet_min: runs[0].cpu_ns_per_packet.round(),
            cpu_ns_per_packet_max: runs[runs.len() - 1].cpu_ns_per_packet.round(),
            limit_cpu_ns_per_packet: median.limit_cpu_ns_per_packet.round(),
            packets: median.packets,
            mean_packet_bytes: median.mean_bytes,
            janus_cpu_ns_per_packet: None,
            delivered_ratio: None,
            latency_p50_us: None,
            latency_p99_us: None,
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    machine: Machine,
    scenarios: &'a [Scenario],
}

#[derive(Serialize)]
struct Machine {
    cpu: String,
    kernel: String,
    optimised: bool,
}

fn machine() -> Machine {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Machine {
        cpu: cpu.trim_start_matches([' ', '\t', ':']).to_owned(),
        kernel: kernel.trim().to_owned(),
        optimised: !cfg!(debug_assertions),
    }
}

/// Writes the report.
pub fn write(path: &str, scenarios: &[Scenario]) -> anyhow::Result<()> {
    let report = serde_json::to_string_pretty(&Report { machine: machine(), scenarios })?;
    fs::write(path, report + "\n")?;
    Ok(())
}

/// Prints the table.
pub fn print(scenarios: &[Scenario]) {
    println!(
        "{:<24} {:>11} {:>12} {:>12} {:>7}",
        "scenario", "subscribers", "ns/packet", "limit ns", "ratio"
    );
    for row in scenarios {
        println!(
            "{:<24} {:>11} {:>12} {:>12} {:>7.2}",
            row.name,
            row.subscribers,
            row.cpu_ns_per_packet,
            row.limit_cpu_ns_per_packet,
            row.cpu_ns_per_packet / row.limit_cpu_ns_per_packet
        );
    }
}
