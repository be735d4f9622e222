//! `docs/performance.md` and its pictures, from a report and nothing else.
//!
//! The text around the figures stands here too, so that a page is never of one run and its pictures of another.

mod aims;
mod plot;
mod tables;

use crate::report::{Report, Scenario};
use aims::aims;
use plot::{Line, Plot};
use std::fmt::Write;
use std::path::Path;

/// Writes the page and, beside it in `images/`, the pictures.
pub fn write(path: &Path, report: &Report) -> anyhow::Result<()> {
    std::fs::write(path, page(report))?;
    let images = path.with_file_name("images");
    std::fs::create_dir_all(&images)?;
    for (name, plot) in plots(report) {
        std::fs::write(images.join(name), plot.svg())?;
    }
    Ok(())
}

fn ratio(row: &Scenario) -> Option<f64> {
    Some(row.cpu_ns_per_packet? / row.limit_cpu_ns_per_packet?)
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
}

/// Median and, where runs differ, what they ranged over.
fn spread(row: &Scenario, name: &str, value: Option<f64>) -> String {
    let median = number(value, 0);
    match row.spread.get(name).filter(|spread| spread.min < spread.max) {
        Some(spread) => format!("{median} ({:.0}–{:.0})", spread.min, spread.max),
        None => median,
    }
}

fn detail(row: &Scenario, name: &str) -> Option<f64> {
    row.details.get(name).copied()
}

fn kib(bytes: Option<f64>) -> Option<f64> {
    bytes.map(|bytes| bytes / 1_024.0)
}

/// What was measured with one worker and, with as many screens, with two.
fn pairs(report: &Report) -> impl Iterator<Item = (&Scenario, &Scenario)> {
    let ones = report.scenarios.iter().filter(|row| row.name == "one_worker");
    ones.filter_map(|one| Some((one, report.row("two_workers", Some(one.subscribers))?)))
}

fn screens(report: &Report) -> impl Iterator<Item = &Scenario> {
    report.scenarios.iter().filter(|row| row.name == "one_teacher")
}

fn page(report: &Report) -> String {
    let mut page = String::from(
        "# Performance\n\n<!-- Written by `make bench` and `make bench-full` from bench/report.json: not edited by hand. -->\n\n",
    );
    let commit = report.commit.as_deref().unwrap_or("unknown");
    let build = if report.optimised { "release" } else { "without optimisation: worthless" };
    let _ = write!(
        page,
        "Measured on {} with Linux {}, commit `{commit}` ({build}):\n\n```\ntongtang-bench {}\n```\n\n",
        report.machine,
        report.kernel,
        report.command.replace("; ", "\ntongtang-bench "),
    );
    if let Some(others) = report.others_share {
        let _ = write!(page, "Before, other processes used {:.0} % of the machine.\n\n", others * 100.0);
    }
    page.push_str(INTRODUCTION);
    page.push_str("\n## Aims\n\n| aim | measured | |\n|---|---|---|\n");
    for aim in aims(report) {
        let (reached, verdict) = match &aim.reached {
            Some((reached, is_enough)) => {
                (reached.as_str(), if *is_enough { "reached" } else { "**missed**" })
            }
            None => ("–", "not measured"),
        };
        let _ = writeln!(page, "| {} | {reached} | {verdict} |", aim.claim);
    }
    page.push_str(
        "\n## All rows\n\nMedians, in brackets smallest and largest of the runs.\n\n\
         | scenario | subscribers | packets/s | ns a packet | limit | × limit | delivered | p50 µs | p99 µs | join p50/p95 ms | KiB each |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in &report.scenarios {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} / {} | {} |",
            row.name.replace('_', " "),
            row.subscribers,
            number(row.packets_per_second, 0),
            spread(row, "cpu_ns_per_packet", row.cpu_ns_per_packet),
            number(row.limit_cpu_ns_per_packet, 0),
            number(ratio(row), 2),
            number(row.delivered_ratio, 5),
            spread(row, "latency_p50_us", row.latency_p50_us),
            spread(row, "latency_p99_us", row.latency_p99_us),
            number(row.join_p50_ms, 0),
            number(row.join_p95_ms, 0),
            number(kib(row.memory_bytes_per_subscriber), 0),
        );
    }
    let notes: Vec<String> = report
        .scenarios
        .iter()
        .flat_map(|row| {
            row.notes.iter().map(move |note| format!("* {} × {}: {note}\n", row.name, row.subscribers))
        })
        .collect();
    if !notes.is_empty() {
        let _ = write!(page, "\nTo be known:\n\n{}", notes.concat());
    }
    if !report.left_out.is_empty() {
        let left_out = report.left_out.iter().map(|why| format!("* {why}\n")).collect::<String>();
        let _ = write!(page, "\nLeft out here:\n\n{left_out}");
    }
    tables::write(&mut page, report);
    for (name, plot) in plots(report) {
        let _ = write!(page, "\n![{}](images/{name})\n", plot.title);
    }
    page.push_str(LIMITS_OF_THIS);
    page
}

const INTRODUCTION: &str = "\
What counts are ratios: the **limit** is the bare loop (header, seal, send) over the same packets to as many sockets, on the
same core in the same run. Nanoseconds are CPU time of the whole server process for each packet of media that arrived.
Latency is from a publisher's send call to the subscriber's socket, so it has the server's waiting for a frame's end in it,
and on a wall its rounds of 15 ms. A join is from the request to the first packet of media.

Publishers replay what Chromium's encoders made of a camera and a microphone, payload by payload with its moment
(`bench/media`), begin anew with keyframes when one is asked for, and repeat what is asked for again. Subscribers speak WHEP, ICE, DTLS and SRTP, report like
Chromium (transport-wide feedback every 50 ms) and count every packet by its number; in large audiences one in 64 is opened
and must be, to the byte, one that was published. Everything in the server is on. The
server has one core, all publishers and subscribers share the other; both go before whatever else runs.

* `one teacher`: camera (the largest of three layers) and microphone to so many screens
* `one teacher aes cm`: the same with AES-CM instead of AES-GCM, and so is its limit
* `one worker`, `two workers`: the same for 500 and 1,000 screens at a server with one media thread and with two, which may use both
  cores, as may the bench
* `access links … mbit up`: the same for 200 screens behind 10 Mbit/s, the teacher behind so many
* `far`: the same for 20 screens that are 200 ms away, there and back
* `wall`: 30 small pictures for each of 50 teachers
* `bell`: 500 screens join one lesson within 10 s
* `lessons`: 100 lessons of a teacher and 4 classrooms with pictures both ways, opening within 30 s. Its cost has the 500
  publishers in it, which its limit, what leaves for the same people, has not
* `bad subscriber …`: what 500 others get, while one floods NACKs, sends garbage, is dead, or is slow (it takes a fifth of
  what comes out of a small socket and asks for the rest again); `none`: before it did, in the same run
* `keyframe storm`: 100 of the 500 ask for keyframes 20 times a second
* `one teacher one layer`, `janus one layer`: a camera without simulcast for 100 screens at our server and at Debian's Janus
  (VideoRoom, one event loop) in turn. Janus is reached over a veth pair, ours over loopback
* `beside …`, `against …`: the same at our server and at another that speaks WHIP and WHEP (`--against-whip`), reached by the
  address that it gives. Its CPU time is that of its process and of all that it has started
* `rtcp`: reports of so many screens while no media flow; see below
* `engine without sockets`: the routing core alone in simulated time; no sockets, so no limit beside it
";

const LIMITS_OF_THIS: &str = "
## What this does not say

Loopback delivers within the send call, so that the sender pays for the receiver's half of the kernel: a network card is
cheaper. So that it does not also pay for waking receivers (in a virtual machine 10 to 25 µs each time), these never sleep
while it is measured; what wakes the server itself is in its figures. With two cores the load has one and may be the bottleneck; rows where it was say so above. Access links
lose only what their queues cannot hold; random loss is the business of the simulated networks in `sfu/tests`.
";

/// Pictures that the report has rows for.
fn plots(report: &Report) -> Vec<(&'static str, Plot)> {
    let line = |name: &'static str, read: fn(&Scenario) -> Option<f64>| Line {
        name,
        points: screens(report).filter_map(|row| Some((row.subscribers as f64, read(row)?))).collect(),
    };
    let plots = [
        (
            "perf-cost.svg",
            Plot {
                title: "CPU nanoseconds a forwarded packet, by screens",
                lines: vec![
                    line("server", |row| row.cpu_ns_per_packet),
                    line("limit: the bare loop", |row| row.limit_cpu_ns_per_packet),
                ],
            },
        ),
        (
            "perf-ratio.svg",
            Plot { title: "cost in limits, by screens", lines: vec![line("server ÷ limit", ratio)] },
        ),
        (
            "perf-latency.svg",
            Plot {
                title: "forwarding latency in microseconds, by screens",
                lines: vec![line("p50", |row| row.latency_p50_us), line("p99", |row| row.latency_p99_us)],
            },
        ),
    ];
    plots.into_iter().filter(|(_, plot)| plot.lines.iter().any(|line| line.points.len() > 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Measured, Trip};

    fn row(name: &str, subscribers: usize, cpu: f64) -> Scenario {
        let run = Measured {
            subscribers,
            cpu_ns_per_packet: Some(cpu),
            limit_cpu_ns_per_packet: Some(1_000.0),
            ..Measured::default()
        };
        Scenario::of(name, 1, &[run])
    }

    #[test]
    fn the_page_tells_what_was_reached_missed_and_not_measured() {
        let rows = vec![row("one_teacher", 500, 1_300.0), row("one_teacher", 3_000, 1_500.0)];
        let page = page(&Report::of(rows));
        assert!(page.contains("| 1.30 × limit | reached |"), "{page}");
        assert!(page.contains("| 1.50 × limit | **missed** |"), "{page}");
        assert!(page.contains("join p95 < 1 s | – | not measured |"), "{page}");
        assert!(page.contains("images/perf-cost.svg") && !page.contains("images/perf-latency.svg"));
    }

    #[test]
    fn what_was_measured_for_one_question_stands_in_a_table_of_its_own() {
        let with = |name: &str, subscribers, workers, measured: Measured| {
            let run = Measured { subscribers, cpu_ns_per_packet: Some(2_000.0), ..measured };
            Scenario::of(name, workers, &[run])
        };
        let trip = |asked: &str, answered: &str, p50_ms| Trip {
            asked: asked.to_owned(),
            answered: answered.to_owned(),
            p50_ms,
        };
        let far = Measured {
            round_trips: vec![trip("POST", "answer", 201.0), trip("check", "answered", 202.0)],
            join_round_trips: Some(2.0),
            ..Measured::default()
        };
        let split = Measured { worker_packets_imbalance: Some(0.02), ..Measured::default() };
        let link = Measured { packets_a_run: Some(2.5), lost_at_links: Some(3.0), ..Measured::default() };
        let memory = Measured { memory_bytes_per_subscriber: Some(65.0 * 1_024.0), ..Measured::default() };
        let small = Measured { memory_bytes_per_subscriber: Some(99.0 * 1_024.0), ..Measured::default() };
        let theirs = Measured { our_cpu_ns_per_packet: Some(500.0), ..Measured::default() };
        let reports = Measured {
            rtcp_packets_per_second: Some(10_000.0),
            cpu_ns_per_rtcp_packet: Some(900.0),
            rtcp_core_share: Some(0.009),
            ..Measured::default()
        };
        let lacking = Measured {
            delivered_ratio: Some(0.5),
            expected_packets: Some(100.0),
            packets: Some(50.0),
            server_packets_out: Some(60.0),
            fan_out_dropped_packets: Some(0.0),
            turned_down_ratio: Some(0.3),
            smaller_layer_share: Some(0.25),
            ..Measured::default()
        };
        let decoded = Measured { frames: Some(120.0), decoded_frames: Some(119.0), ..Measured::default() };
        let mut report = Report::of(vec![
            with("far", 20, 1, far),
            with("one_worker", 500, 1, Measured::default()),
            with("two_workers", 500, 2, split),
            with("access_links_5_mbit_up", 200, 1, link),
            with("wall", 50, 1, memory),
            with("one_teacher", 10, 1, small),
            with("one_teacher", 50, 1, decoded),
            with("beside_other", 100, 1, Measured::default()),
            with("against_other", 100, 1, theirs),
            with("rtcp", 500, 1, reports),
            with("one_teacher", 3_000, 1, lacking),
        ]);
        report.left_out.push("janus: not installed".to_owned());
        let page = page(&report);
        for line in [
            "| a join waits for ≤ 5 round trips | 2 | reached |",
            "| 2 | check | answered | 202 |",
            "| two workers, 500 screens: CPU a packet ≤ 10 % above one worker's | +0 % | reached |",
            "| two workers, 1,000 screens: the same | – | not measured |",
            "| two workers with 500 screens each, against one with 500: the same | – | not measured |",
            "| two workers: packets split within 10 % | 2.0 % | reached |",
            "| 2 | 500 | – | 2000 | – | – | 2.0 | – |",
            "| 5 | 2.5 | 2000 | – | – | – / – | – / – | 3 |",
            "| memory a subscriber ≤ 64 KiB, in every scenario of 50 or more | 65 KiB at most | **missed** |",
            "| wall | 50 | 65 | – |",
            "| other | 100 | 2000 | – | 4.0 | – | – / – | – / – | – |",
            "| 500 | 10000 | 900 | 0.9 | – | – |",
            "| one teacher | 3000 | 50.0 | 10.0 | 30.0 | 10.0 | 0 | 25.0 |",
            "FFmpeg made 119 pictures",
            "* janus: not installed",
        ] {
            assert!(page.contains(line), "{line}\n\n{page}");
        }
    }
}
