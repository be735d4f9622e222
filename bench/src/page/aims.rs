//! What is to be reached, and what was.

use super::{detail, kib, pairs, ratio, screens};
use crate::report::{Report, Scenario};

/// Rows of others' packets while one misbehaves.
const BAD_SUBSCRIBERS: [&str; 4] =
    ["bad_subscriber_nack_flood", "bad_subscriber_garbage", "bad_subscriber_dead", "bad_subscriber_slow"];
/// Of fewer subscribers memory cannot be told from what a server takes anyway.
const MEMORY_SUBSCRIBERS: usize = 50;

/// One of them.
pub struct Aim {
    /// What it says.
    pub claim: &'static str,
    /// What was reached, and whether that is enough; `None`: not measured.
    pub reached: Option<(String, bool)>,
}

/// All of them, as far as the report has rows for them.
pub fn aims(report: &Report) -> Vec<Aim> {
    let teacher = |subscribers| report.row("one_teacher", Some(subscribers));
    let named = |name| report.row(name, None);
    let at_most = |value: Option<f64>, bound: f64, words: fn(f64) -> String| {
        value.map(|value| (words(value), value <= bound))
    };
    let times_limit = |value: f64| format!("{value:.2} × limit");
    let costs: Vec<f64> = screens(report).filter(|row| row.subscribers >= 50).filter_map(ratio).collect();
    let (least, most) =
        costs.iter().fold((f64::MAX, 0.0f64), |(least, most), cost| (least.min(*cost), most.max(*cost)));
    let flat = (costs.len() > 1).then(|| (most / least - 1.0) * 100.0);
    let wall = named("wall");
    let wall_share = wall.and_then(|row| {
        Some(row.cpu_ns_per_packet? / row.details.get("one_datagram_a_call_cpu_ns_per_packet")? * 100.0)
    });
    let janus = named("one_teacher_one_layer")
        .and_then(|row| Some(row.janus_cpu_ns_per_packet? / row.cpu_ns_per_packet?));
    let worst = BAD_SUBSCRIBERS
        .iter()
        .filter_map(|name| {
            let row = named(name)?;
            Some((detail(row, "undisturbed_delivered_ratio")? - row.delivered_ratio?) * 100.0)
        })
        .reduce(f64::max);
    let latency = |read: fn(&Scenario) -> Option<f64>| teacher(500).and_then(read).map(|us| us / 1_000.0);
    let fattest = report
        .scenarios
        .iter()
        .filter(|row| {
            row.subscribers >= MEMORY_SUBSCRIBERS
                && !row.name.starts_with("janus")
                && !row.name.starts_with("against")
        })
        .filter_map(|row| kib(row.memory_bytes_per_subscriber))
        .reduce(f64::max);
    let trips = ["far", "bell"].iter().filter_map(|name| detail(named(name)?, "join_round_trips"));
    let pairs: Vec<(&Scenario, &Scenario)> = pairs(report).collect();
    let dearer = |at_one: usize, at_two: usize| {
        let one = pairs.iter().find(|(one, _)| one.subscribers == at_one)?.0;
        let two = pairs.iter().find(|(_, two)| two.subscribers == at_two)?.1;
        Some((two.cpu_ns_per_packet? / one.cpu_ns_per_packet? - 1.0) * 100.0)
    };
    let splits = pairs.iter().filter_map(|(_, two)| detail(two, "worker_packets_imbalance"));
    let split = splits.reduce(f64::max).map(|part| part * 100.0);
    let above = |percent: f64| format!("{percent:+.0} %");
    vec![
        Aim {
            claim: "500 screens, AES-GCM: CPU a forwarded packet ≤ 1.4 × limit",
            reached: at_most(teacher(500).and_then(ratio), 1.4, times_limit),
        },
        Aim {
            claim: "3,000 screens: the same",
            reached: at_most(teacher(3_000).and_then(ratio), 1.4, times_limit),
        },
        Aim {
            claim: "500 screens, AES-CM: ≤ 1.4 × limit with AES-CM",
            reached: at_most(named("one_teacher_aes_cm").and_then(ratio), 1.4, times_limit),
        },
        Aim {
            claim: "cost in limits flat within 20 % from 50 screens to 3,000",
            reached: at_most(flat, 20.0, |percent| format!("{percent:.0} %")),
        },
        Aim {
            claim: "100 screens: ≥ 10 × fewer CPU than Janus",
            reached: janus.map(|times| (format!("{times:.1} ×"), times >= 10.0)),
        },
        Aim {
            claim: "wall: ≤ 50 % of one packet a send",
            reached: at_most(wall_share, 50.0, |percent| format!("{percent:.0} %")),
        },
        Aim {
            claim: "500 screens: forwarding p50 ≤ 2 ms",
            reached: at_most(latency(|row| row.latency_p50_us), 2.0, |ms| format!("{ms:.1} ms")),
        },
        Aim {
            claim: "500 screens: forwarding p99 ≤ 5 ms",
            reached: at_most(latency(|row| row.latency_p99_us), 5.0, |ms| format!("{ms:.1} ms")),
        },
        Aim {
            claim: "500 joins in 10 s: join p95 < 1 s",
            reached: at_most(named("bell").and_then(|row| row.join_p95_ms), 1_000.0, |ms| {
                format!("{ms:.0} ms")
            }),
        },
        Aim {
            claim: "100 lessons open in 30 s: join p95 < 1 s",
            reached: at_most(named("lessons").and_then(|row| row.join_p95_ms), 1_000.0, |ms| {
                format!("{ms:.0} ms")
            }),
        },
        Aim {
            claim: "a join waits for ≤ 5 round trips",
            reached: at_most(trips.reduce(f64::max), 5.0, |trips| format!("{trips:.0}")),
        },
        Aim {
            claim: "two workers, 500 screens: CPU a packet ≤ 10 % above one worker's",
            reached: at_most(dearer(500, 500), 10.0, above),
        },
        Aim {
            claim: "two workers, 1,000 screens: the same",
            reached: at_most(dearer(1_000, 1_000), 10.0, above),
        },
        Aim {
            claim: "two workers with 500 screens each, against one with 500: the same",
            reached: at_most(dearer(500, 1_000), 10.0, above),
        },
        Aim {
            claim: "two workers: packets split within 10 %",
            reached: at_most(split, 10.0, |percent| format!("{percent:.1} %")),
        },
        Aim {
            claim: "memory a subscriber ≤ 64 KiB, in every scenario of 50 or more",
            reached: at_most(fattest, 64.0, |kib| format!("{kib:.0} KiB at most")),
        },
        Aim {
            claim: "one bad subscriber takes ≤ 1 % of anybody's packets",
            reached: at_most(worst, 1.0, |percent| format!("{:.2} %", percent.max(0.0))),
        },
    ]
}
