//! What the server says of itself in `/metrics` (Prometheus text).

use crate::whip;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// One media thread's counters.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Worker {
    /// CPU time.
    pub cpu_seconds: f64,
    /// RTP packets sent for the first time.
    pub packets_out: f64,
}

/// What it says at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Told {
    /// Its media threads by number; none where it does not tell.
    pub workers: Vec<Worker>,
    counters: BTreeMap<String, f64>,
}

impl Told {
    /// A counter of the whole server by its name in `stats.rs` of the sfu; 0: it has none of this name.
    pub fn counter(&self, name: &str) -> f64 {
        self.counters.get(name).copied().unwrap_or_default()
    }
}

/// Asks.
pub fn read(http: SocketAddr) -> anyhow::Result<Told> {
    let response = whip::request(http, "GET", "/metrics", &[], "")?;
    anyhow::ensure!(response.status == 200, "/metrics answers {}", response.status);
    Ok(parse(&response.body))
}

fn parse(text: &str) -> Told {
    let mut workers: BTreeMap<usize, Worker> = BTreeMap::new();
    let total = |line: &str| {
        let (name, value) = line.strip_prefix("tongtang_sfu_")?.split_once("_total ")?;
        Some((name.to_owned(), value.trim().parse().ok()?))
    };
    let counters = text.lines().filter_map(total).collect();
    for line in text.lines() {
        let sample = || -> Option<(&str, usize, f64)> {
            let (name, rest) = line.strip_prefix("tongtang_sfu_worker_")?.split_once("{worker=\"")?;
            let (worker, value) = rest.split_once("\"} ")?;
            Some((name, worker.parse().ok()?, value.trim().parse().ok()?))
        };
        let Some((name, worker, value)) = sample() else { continue };
        match name.trim_end_matches("_total") {
            "cpu_seconds" => workers.entry(worker).or_default().cpu_seconds = value,
            "packets_out" => workers.entry(worker).or_default().packets_out = value,
            _ => {}
        }
    }
    Told { workers: workers.into_values().collect(), counters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_worker_has_its_share() {
        let text = "# TYPE tongtang_sfu_worker_cpu_seconds_total counter\n\
            tongtang_sfu_worker_cpu_seconds_total{worker=\"0\"} 1.25\n\
            tongtang_sfu_worker_cpu_seconds_total{worker=\"1\"} 0.5\n\
            tongtang_sfu_worker_packets_out_total{worker=\"1\"} 7\n\
            tongtang_sfu_worker_sessions{worker=\"1\"} 3\ntongtang_sfu_rooms 4\ntongtang_sfu_nacks_cut_total 9\n";
        let [first, second] =
            [(1.25, 0.0), (0.5, 7.0)].map(|(cpu_seconds, packets_out)| Worker { cpu_seconds, packets_out });
        let told = parse(text);
        assert_eq!(told.workers, [first, second]);
        assert_eq!(["nacks_cut", "rooms"].map(|name| told.counter(name)), [9.0, 0.0]);
        assert_eq!(parse("tongtang_sfu_rooms 4\n"), Told::default());
    }
}
