//! Measures what the other programs claim; writes `bench/report.json` and prints a table.
//!
//! `make bench` builds with the release profile. Every figure has its limit beside it, measured in the same run on
//! the same machine, so what counts is the ratio.
//!
//! * [`forward`]: what the engine spends on a forwarded packet, without sockets
//! * [`limit`]: the least that any sfu must spend: copy the payload, write a header, seal it

mod forward;
mod limit;
mod report;

// The simulated browsers of the sfu's own tests are the load.
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/browser.rs"]
mod browser;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/connection/client.rs"]
mod client;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/content.rs"]
mod content;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/offers.rs"]
mod offers;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/receiver.rs"]
mod receiver;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/sender.rs"]
mod sender;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/world.rs"]
mod world;

/// Subscribers of the one teacher.
const SUBSCRIBERS: [usize; 3] = [5, 20, 60];
/// Runs of each scenario; the report names the median.
const RUNS: usize = 3;

fn main() -> anyhow::Result<()> {
    let mut scenarios = Vec::new();
    for subscribers in SUBSCRIBERS {
        let mut runs: Vec<_> = (0..RUNS).map(|run| forward::measure(subscribers, run as u64 + 1)).collect();
        runs.sort_by(|a, b| a.cpu_ns_per_packet.total_cmp(&b.cpu_ns_per_packet));
        scenarios.push(report::Scenario::of("engine_without_sockets", subscribers, &runs));
    }
    report::write("bench/report.json", &scenarios)?;
    report::print(&scenarios);
    Ok(())
}
