//! What the server says of its media threads in `/metrics` (Prometheus text).

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

/// All of them by number; none where the server does not tell.
pub fn read(http: SocketAddr) -> anyhow::Result<Vec<Worker>> {
    let response = whip::request(http, "GET", "/metrics", &[], "")?;
    anyhow::ensure!(response.status == 200, "/metrics answers {}", response.status);
    Ok(parse(&response.body))
}

fn parse(text: &str) -> Vec<Worker> {
    let mut workers: BTreeMap<usize, Worker> = BTreeMap::new();
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
    workers.into_values().collect()
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
            tongtang_sfu_worker_sessions{worker=\"1\"} 3\ntongtang_sfu_rooms 4\n";
        let [first, second] =
            [(1.25, 0.0), (0.5, 7.0)].map(|(cpu_seconds, packets_out)| Worker { cpu_seconds, packets_out });
        assert_eq!(parse(text), [first, second]);
        assert_eq!(parse("tongtang_sfu_rooms 4\n"), []);
    }
}
