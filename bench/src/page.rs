//! `docs/performance.md` and its pictures, from a report and nothing else.
//!
//! The text around the figures stands here too, so that a page is never of one run and its pictures of another.

mod plot;

use crate::report::{Report, Scenario};
use plot::{Line, Plot};
use std::fmt::Write;
use std::path::Path;

/// Rows of others' packets while one misbehaves.
const BAD_SUBSCRIBERS: [&str; 4] =
    ["bad_subscriber_nack_flood", "bad_subscriber_garbage", "bad_subscriber_dead", "bad_subscriber_slow"];
/// Of fewer subscribers memory cannot be told from what a server takes anyway.
const MEMORY_SUBSCRIBERS: usize = 50;

/// A row of the aims: what it says, what was reached, and whether that is enough.
struct Aim {
    claim: &'static str,
    reached: Option<(String, bool)>,
}

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

fn screens(report: &Report) -> impl Iterator<Item = &Scenario> {
    report.scenarios.iter().filter(|row| row.name == "one_teacher")
}

fn aims(report: &Report) -> Vec<Aim> {
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
        .filter(|row| row.subscribers >= MEMORY_SUBSCRIBERS && !row.name.starts_with("janus"))
        .filter_map(|row| kib(row.memory_bytes_per_subscriber))
        .reduce(f64::max);
    let trips = ["far", "bell"].iter().filter_map(|name| detail(named(name)?, "join_round_trips"));
    let (one, two) = (named("one_worker"), named("two_workers"));
    let dearer = one
        .zip(two)
        .and_then(|(one, two)| Some((two.cpu_ns_per_packet? / one.cpu_ns_per_packet? - 1.0) * 100.0));
    let split = two.and_then(|row| detail(row, "worker_packets_imbalance")).map(|part| part * 100.0);
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
            claim: "two workers: CPU a packet ≤ 10 % above one worker's",
            reached: at_most(dearer, 10.0, |percent| format!("{percent:+.0} %")),
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
    join(&mut page, report);
    access_links(&mut page, report);
    workers(&mut page, report);
    memory(&mut page, report);
    pictures(&mut page, report);
    for (name, plot) in plots(report) {
        let _ = write!(page, "\n![{}](images/{name})\n", plot.title);
    }
    page.push_str(LIMITS_OF_THIS);
    page
}

/// What a join waits for, from far away.
fn join(page: &mut String, report: &Report) {
    let Some(row) = report.row("far", None).filter(|row| !row.round_trips.is_empty()) else { return };
    page.push_str(JOIN);
    for (n, trip) in row.round_trips.iter().enumerate() {
        let _ = writeln!(page, "| {} | {} | {} | {:.0} |", n + 1, trip.asked, trip.answered, trip.p50_ms);
    }
    let _ = write!(
        page,
        "\nThe whole join took {} ms (p95 {}), {} times the way there and back; {} times something was repeated.\n",
        number(row.join_p50_ms, 0),
        number(row.join_p95_ms, 0),
        number(detail(row, "join_p50_round_trip_times"), 2),
        number(detail(row, "join_repeats"), 0),
    );
}

fn access_links(page: &mut String, report: &Report) {
    let rows: Vec<&Scenario> =
        report.scenarios.iter().filter(|row| row.name.starts_with("access_links")).collect();
    if rows.is_empty() {
        return;
    }
    page.push_str(ACCESS_LINKS);
    for row in rows {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} / {} | {} / {} | {} |",
            row.name.trim_start_matches("access_links_").trim_end_matches("_mbit_up"),
            number(detail(row, "packets_a_run"), 1),
            number(row.cpu_ns_per_packet, 0),
            number(ratio(row), 2),
            number(row.delivered_ratio, 5),
            number(detail(row, "latency_at_socket_p50_us"), 0),
            number(detail(row, "latency_at_socket_p99_us"), 0),
            number(row.latency_p50_us, 0),
            number(row.latency_p99_us, 0),
            number(detail(row, "lost_at_links"), 0),
        );
    }
}

fn workers(page: &mut String, report: &Report) {
    let rows = ["one_worker", "two_workers"].map(|name| report.row(name, None));
    let [Some(one), Some(two)] = rows else { return };
    page.push_str(WORKERS);
    let percent = |part: Option<f64>| number(part.map(|part| part * 100.0), 1);
    for row in [one, two] {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            row.workers,
            number(row.packets_per_second, 0),
            spread(row, "cpu_ns_per_packet", row.cpu_ns_per_packet),
            number(row.delivered_ratio, 5),
            percent(detail(row, "worker_packets_imbalance")),
            percent(detail(row, "worker_cpu_imbalance")),
        );
    }
}

fn memory(page: &mut String, report: &Report) {
    let rows = report.scenarios.iter().filter(|row| row.memory_bytes_per_subscriber.is_some());
    let mut lines = String::new();
    for row in rows {
        let _ = writeln!(
            lines,
            "| {} | {} | {} | {} |",
            row.name.replace('_', " "),
            row.subscribers,
            number(kib(row.memory_bytes_per_subscriber), 0),
            number(kib(detail(row, "memory_growth_bytes_per_subscriber")), 0),
        );
    }
    if !lines.is_empty() {
        let _ = write!(page, "{MEMORY}{lines}");
    }
}

fn pictures(page: &mut String, report: &Report) {
    let decoded = |row: &&Scenario| detail(row, "frames").zip(detail(row, "decoded_frames"));
    let rows: Vec<(&Scenario, (f64, f64))> =
        report.scenarios.iter().filter_map(|row| Some((row, decoded(&row)?))).collect();
    for (n, (row, (frames, pictures))) in rows.iter().enumerate() {
        if n == 0 {
            page.push_str("\n## Pictures\n\n");
        }
        let _ = writeln!(
            page,
            "* {} × {}: of one subscriber's {frames:.0} frames FFmpeg made {pictures:.0} pictures",
            row.name.replace('_', " "),
            row.subscribers
        );
    }
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
server has one core, all publishers and subscribers share the other.

* `one teacher`: camera (the largest of three layers) and microphone to so many screens
* `one teacher aes cm`: the same with AES-CM instead of AES-GCM, and so is its limit
* `one worker`, `two workers`: the same for 500 screens at a server with one media thread and with two, which may use both
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
* `engine without sockets`: the routing core alone in simulated time; no sockets, so no limit beside it
";

const JOIN: &str = "
## What a join waits for

Of 20 screens that are 200 ms away from the server, there and back, all that the bench's client, which goes on as a browser does,
waited for from the POST to the first packet of media, and the median of each in milliseconds. Media come behind the last
answer. Not in it: the connection of HTTP that a page has anyway.

| | asked | answered | ms |
|--:|---|---|--:|
";

const ACCESS_LINKS: &str = "
## Access links

In user space: a teacher's packets leave over an uplink of so many Mbit/s, one after the other; what comes out of the
server's socket goes over the subscriber's downlink of 10 Mbit/s, where what would wait for more than 100 ms is lost.
Latency is from the end of the uplink, in microseconds.

| uplink | packets a run | ns a packet | × limit | delivered | to the socket p50 / p99 | behind the downlink p50 / p99 | lost there |
|--:|--:|--:|--:|--:|--:|--:|--:|
";

const WORKERS: &str = "
## Two workers

The same 500 screens at a server with one media thread and with two, in turn. With two cores the bench shares them with the
threads, so what is compared is CPU time a packet, not what the machine could carry. Split: largest share less
smallest, over their mean; of packets by the port that each subscriber's answer named, of CPU time as the server tells it.

| workers | packets/s | ns a packet | delivered | split of packets, % | of CPU time, % |
|--:|--:|--:|--:|--:|--:|
";

const MEMORY: &str = "
## Memory

What the server's resident memory grows by from before the first subscriber until all have media, for each. Publishers
live in the same process, and their caches fill meanwhile: what memory grows by in half a second before the first
subscriber came and in half a second after the last is theirs, and half the sum of both rates, for as long as joining took,
is taken off. In `lessons`, where both come together, the same publishers are measured alone on another server.

| scenario | subscribers | KiB each | with publishers |
|---|--:|--:|--:|
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
    use crate::scenario::Measured;

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
}
