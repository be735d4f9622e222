//! `bench/report.json` and the table on the terminal.

use crate::scenario::{Measured, Trip};
use crate::stats::{Spread, spread};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// One row: medians of the runs. What was not measured is null.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scenario {
    /// What was measured.
    pub name: String,
    /// How many took part.
    pub subscribers: usize,
    /// The server's cores.
    pub workers: usize,
    /// Delivered.
    pub packets_per_second: Option<f64>,
    /// The server's, for each of them.
    pub cpu_ns_per_packet: Option<f64>,
    /// The bare loop's.
    pub limit_cpu_ns_per_packet: Option<f64>,
    /// Janus's.
    pub janus_cpu_ns_per_packet: Option<f64>,
    /// Our server's in the same run, in a row of another's.
    #[serde(default)]
    pub our_cpu_ns_per_packet: Option<f64>,
    /// Delivered of expected.
    pub delivered_ratio: Option<f64>,
    /// From a publisher's send call to a subscriber's socket.
    pub latency_p50_us: Option<f64>,
    /// See above.
    pub latency_p99_us: Option<f64>,
    /// From the request to the first packet of media.
    pub join_p50_ms: Option<f64>,
    /// See above.
    pub join_p95_ms: Option<f64>,
    /// What the server's memory grew by.
    pub memory_bytes_per_subscriber: Option<f64>,
    /// What a join waited for, as most joins of the last run did.
    #[serde(default)]
    pub round_trips: Vec<Trip>,
    /// Medians of further figures.
    pub details: BTreeMap<String, f64>,
    /// How many.
    pub runs: usize,
    /// Smallest and largest value of each figure.
    pub spread: BTreeMap<String, Spread>,
    /// What a reader must know.
    pub notes: Vec<String>,
    /// Did the server admit fewer than were to come?
    #[serde(skip)]
    pub is_refused: bool,
}

/// A figure: its name, how to read it, how many decimals it has.
type Figure = (&'static str, fn(&Measured) -> Option<f64>, i32);

/// The figures that the report's readers count on.
const FIGURES: [Figure; 12] = [
    ("packets_per_second", |run| run.packets_per_second, 0),
    ("cpu_ns_per_packet", |run| run.cpu_ns_per_packet, 0),
    ("limit_cpu_ns_per_packet", |run| run.limit_cpu_ns_per_packet, 0),
    ("janus_cpu_ns_per_packet", |run| run.janus_cpu_ns_per_packet, 0),
    ("our_cpu_ns_per_packet", |run| run.our_cpu_ns_per_packet, 0),
    ("delivered_ratio", |run| run.delivered_ratio, 6),
    ("latency_p50_us", |run| run.latency_p50_us, 0),
    ("latency_p99_us", |run| run.latency_p99_us, 0),
    ("join_p50_ms", |run| run.join_p50_ms, 1),
    ("join_p95_ms", |run| run.join_p95_ms, 1),
    ("memory_bytes_per_subscriber", |run| run.memory_bytes_per_subscriber, 0),
    // One CPU's worth of packets, if cost stays what it is until the CPU is full.
    ("packets_per_second_a_core", |run| Some(1e9 / run.cpu_ns_per_packet?), 0),
];

/// Figures that explain others.
const DETAILS: [Figure; 40] = [
    ("server_core_share", |run| run.server_core_share, 3),
    ("generator_core_share", |run| run.generator_core_share, 3),
    ("publisher_late_p99_us", |run| run.publisher_late_p99_us, 0),
    ("generator_drops", |run| run.generator_drops, 0),
    ("server_drops", |run| run.server_drops, 0),
    ("undisturbed_delivered_ratio", |run| run.undisturbed_delivered_ratio, 6),
    ("one_datagram_a_call_cpu_ns_per_packet", |run| run.one_datagram_a_call_cpu_ns_per_packet, 0),
    ("duplicates", |run| run.duplicates, 0),
    ("reordered", |run| run.reordered, 0),
    ("keyframes", |run| run.keyframes, 0),
    ("keyframe_requests", |run| run.keyframe_requests, 0),
    ("retransmitted_in", |run| run.retransmitted_in, 0),
    ("refused_retransmissions", |run| run.refused_retransmissions, 0),
    ("retransmitted_out", |run| run.retransmitted_out, 0),
    ("sampled_intact", |run| run.intact, 0),
    ("sampled_corrupt", |run| run.corrupt, 0),
    ("limit_delivered_ratio", |run| run.limit_delivered_ratio, 6),
    ("join_round_trips", |run| run.join_round_trips, 0),
    ("join_repeats", |run| run.join_repeats, 0),
    ("join_p50_round_trip_times", |run| run.join_p50_round_trip_times, 2),
    ("memory_growth_bytes_per_subscriber", |run| run.memory_growth_bytes_per_subscriber, 0),
    ("latency_at_socket_p50_us", |run| run.latency_at_socket_p50_us, 0),
    ("latency_at_socket_p99_us", |run| run.latency_at_socket_p99_us, 0),
    ("packets_a_run", |run| run.packets_a_run, 2),
    ("lost_at_links", |run| run.lost_at_links, 0),
    ("worker_packets_imbalance", |run| run.worker_packets_imbalance, 4),
    ("worker_cpu_imbalance", |run| run.worker_cpu_imbalance, 4),
    ("expected_packets", |run| run.expected_packets, 0),
    ("arrived_packets", |run| run.packets, 0),
    ("server_packets_out", |run| run.server_packets_out, 0),
    ("fan_out_dropped_packets", |run| run.fan_out_dropped_packets, 0),
    ("smaller_layer_share", |run| run.smaller_layer_share, 4),
    ("turned_down_ratio", |run| run.turned_down_ratio, 4),
    ("rtcp_packets_per_second", |run| run.rtcp_packets_per_second, 0),
    ("rtcp_lost", |run| run.rtcp_lost, 0),
    ("cpu_ns_per_rtcp_packet", |run| run.cpu_ns_per_rtcp_packet, 0),
    ("rtcp_core_share", |run| run.rtcp_core_share, 4),
    ("quiet_core_share", |run| run.quiet_core_share, 4),
    ("frames", |run| run.frames, 0),
    ("decoded_frames", |run| run.decoded_frames, 0),
];

fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    (value * scale).round() / scale
}

impl Scenario {
    /// The medians of `runs`.
    pub fn of(name: &str, workers: usize, runs: &[Measured]) -> Self {
        let mut spreads = BTreeMap::new();
        let mut medians = BTreeMap::new();
        for (name, read, decimals) in FIGURES.iter().chain(&DETAILS) {
            if let Some(found) = spread(runs.iter().filter_map(read)) {
                medians.insert(*name, rounded(found.median, *decimals));
                let (min, max) = (rounded(found.min, *decimals), rounded(found.max, *decimals));
                spreads.insert((*name).to_owned(), Spread { min, max, ..found });
            }
        }
        let mut notes: Vec<String> = runs.iter().filter_map(|run| run.refusal.clone()).collect();
        notes.extend(runs.iter().filter_map(Measured::generator_limited));
        notes.sort();
        notes.dedup();
        let details = DETAILS.iter().filter_map(|(name, ..)| Some(((*name).to_owned(), *medians.get(name)?)));
        let core = "packets_per_second_a_core";
        let median = |name: &str| medians.get(name).copied();
        Self {
            name: name.to_owned(),
            subscribers: runs.iter().map(|run| run.subscribers).min().unwrap_or_default(),
            workers,
            packets_per_second: median("packets_per_second"),
            cpu_ns_per_packet: median("cpu_ns_per_packet"),
            limit_cpu_ns_per_packet: median("limit_cpu_ns_per_packet"),
            janus_cpu_ns_per_packet: median("janus_cpu_ns_per_packet"),
            our_cpu_ns_per_packet: median("our_cpu_ns_per_packet"),
            delivered_ratio: median("delivered_ratio"),
            latency_p50_us: median("latency_p50_us"),
            latency_p99_us: median("latency_p99_us"),
            join_p50_ms: median("join_p50_ms"),
            join_p95_ms: median("join_p95_ms"),
            memory_bytes_per_subscriber: median("memory_bytes_per_subscriber"),
            round_trips: runs.last().map(|run| run.round_trips.clone()).unwrap_or_default(),
            details: details.chain(median(core).map(|value| (core.to_owned(), value))).collect(),
            runs: runs.len(),
            spread: spreads,
            notes,
            is_refused: runs.iter().any(|run| run.refusal.is_some()),
        }
    }

    /// Did a subscriber get what nobody published?
    pub fn is_corrupt(&self) -> bool {
        self.spread.get("sampled_corrupt").is_some_and(|corrupt| corrupt.max > 0.0)
    }
}

/// All of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// CPU and how many.
    pub machine: String,
    /// Linux.
    pub kernel: String,
    /// What was built; `+`: with changes.
    pub commit: Option<String>,
    /// With the release profile?
    pub optimised: bool,
    /// Arguments of the bench; of several runs that add to each other, all of them.
    pub command: String,
    /// What other processes used of all cores before anything was measured, from 0 to 1.
    #[serde(default)]
    pub others_share: Option<f64>,
    /// What could not be measured here, and why.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Rows.
    pub scenarios: Vec<Scenario>,
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown CPU");
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    format!("{} × {cores}", model.trim_start_matches([' ', '\t', ':']))
}

/// The commit that was built, with a `+` when files differ from it; nothing outside a checkout.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let is_changed = git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if is_changed { commit } else { commit + "+" })
}

impl Report {
    /// These rows, measured here and now.
    pub fn of(scenarios: Vec<Scenario>) -> Self {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Report {
            machine: machine(),
            kernel: kernel.trim().to_owned(),
            commit: commit(),
            optimised: !cfg!(debug_assertions),
            command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
            others_share: None,
            left_out: Vec::new(),
            scenarios,
        }
    }

    /// A report that was written before.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
    }

    /// Takes over the rows of an earlier report that were not measured again, if it is of the same build and machine.
    pub fn add_to(&mut self, earlier: Report) -> anyhow::Result<()> {
        let origin = |report: &Report| (report.machine.clone(), report.kernel.clone(), report.commit.clone());
        anyhow::ensure!(
            origin(self) == origin(&earlier) && self.optimised == earlier.optimised,
            "the report to add to is of another build or machine: {:?}",
            origin(&earlier)
        );
        let is_measured_again = |old: &Scenario| {
            self.scenarios.iter().any(|new| (&new.name, new.subscribers) == (&old.name, old.subscribers))
        };
        let kept: Vec<Scenario> =
            earlier.scenarios.into_iter().filter(|old| !is_measured_again(old)).collect();
        self.scenarios.splice(0..0, kept);
        self.command = format!("{}; {}", earlier.command, self.command);
        Ok(())
    }

    /// The first row of this name, and of this size if one is given.
    pub fn row(&self, name: &str, subscribers: Option<usize>) -> Option<&Scenario> {
        let fits = |row: &&Scenario| {
            row.name == name && subscribers.is_none_or(|subscribers| row.subscribers == subscribers)
        };
        self.scenarios.iter().find(fits)
    }

    /// Writes it.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        fs::write(path, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(())
    }
}

/// Prints the table's head.
pub fn print_head() {
    println!(
        "{:<24} {:>5} {:>9} {:>7} {:>7} {:>6} {:>10} {:>8} {:>8} {:>7} {:>7} {:>7} {:>6} {:>6}",
        "scenario",
        "subs",
        "packets/s",
        "ns/pkt",
        "limit",
        "ratio",
        "delivered",
        "p50 µs",
        "p99 µs",
        "join50",
        "join95",
        "KiB/sub",
        "server",
        "bench"
    );
}

/// Prints a row and its notes.
pub fn print_row(row: &Scenario) {
    let number = |value: Option<f64>, decimals: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
    };
    let ratio = row.cpu_ns_per_packet.zip(row.limit_cpu_ns_per_packet).map(|(ours, limit)| ours / limit);
    let percent = |name: &str| number(row.details.get(name).map(|share| share * 100.0), 0) + " %";
    println!(
        "{:<24} {:>5} {:>9} {:>7} {:>7} {:>6} {:>10} {:>8} {:>8} {:>7} {:>7} {:>7} {:>6} {:>6}",
        row.name,
        row.subscribers,
        number(row.packets_per_second, 0),
        number(row.cpu_ns_per_packet, 0),
        number(row.limit_cpu_ns_per_packet, 0),
        number(ratio, 2),
        number(row.delivered_ratio, 5),
        number(row.latency_p50_us, 0),
        number(row.latency_p99_us, 0),
        number(row.join_p50_ms, 1),
        number(row.join_p95_ms, 1),
        number(row.memory_bytes_per_subscriber.map(|bytes| bytes / 1_024.0), 1),
        percent("server_core_share"),
        percent("generator_core_share"),
    );
    for note in &row.notes {
        println!("  note: {note}");
    }
    if row.is_corrupt() {
        println!("  WRONG: subscribers got packets that nobody published");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_medians_their_spread_and_null_for_what_was_not_measured() {
        let run =
            |cpu: f64| Measured { subscribers: 10, cpu_ns_per_packet: Some(cpu), ..Measured::default() };
        let row = Scenario::of("x", 1, &[run(30.0), run(10.4), run(20.0)]);
        let json = serde_json::to_value(&row).unwrap();
        assert_eq!(json["cpu_ns_per_packet"], 20.0);
        assert_eq!(json["spread"]["cpu_ns_per_packet"], serde_json::json!({"min": 10.0, "max": 30.0}));
        for name in ["janus_cpu_ns_per_packet", "delivered_ratio", "latency_p99_us", "join_p95_ms"] {
            assert!(json[name].is_null(), "{name}");
        }
        assert_eq!((json["subscribers"].as_u64(), json["runs"].as_u64()), (Some(10), Some(3)));
    }

    #[test]
    fn a_report_has_the_fields_that_its_readers_count_on() {
        let run = Measured { subscribers: 10, ..Measured::default() };
        let report = serde_json::to_value(Report::of(vec![Scenario::of("x", 1, &[run])])).unwrap();
        for name in ["machine", "kernel", "commit", "scenarios"] {
            assert!(report.get(name).is_some(), "{name}");
        }
        let names = "name subscribers workers packets_per_second cpu_ns_per_packet limit_cpu_ns_per_packet \
            janus_cpu_ns_per_packet delivered_ratio latency_p50_us latency_p99_us join_p50_ms join_p95_ms \
            memory_bytes_per_subscriber spread runs";
        for name in names.split_whitespace() {
            assert!(report["scenarios"][0].get(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_report_grows_by_what_was_not_measured_again() {
        let row = |name: &str, cpu: f64| {
            let run = Measured { cpu_ns_per_packet: Some(cpu), ..Measured::default() };
            Scenario::of(name, 1, &[run])
        };
        let mut report = Report::of(vec![row("a", 2.0)]);
        report.add_to(Report::of(vec![row("a", 1.0), row("b", 3.0)])).unwrap();
        let names: Vec<(&str, Option<f64>)> =
            report.scenarios.iter().map(|row| (row.name.as_str(), row.cpu_ns_per_packet)).collect();
        assert_eq!(names, [("b", Some(3.0)), ("a", Some(2.0))]);
        let other = Report { kernel: "another".to_owned(), ..Report::of(Vec::new()) };
        assert!(report.add_to(other).is_err(), "figures of two machines do not stand in one table");
    }
}
