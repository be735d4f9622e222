//! Tables for one question each, where the report has rows for it.

use super::{detail, kib, number, pairs, ratio, spread};
use crate::report::{Report, Scenario};
use std::fmt::Write;

/// More than this is not missing.
const WHOLE: f64 = 0.999;

/// Appends all of them.
pub fn write(page: &mut String, report: &Report) {
    join(page, report);
    access_links(page, report);
    workers(page, report);
    others(page, report);
    reports(page, report);
    missing(page, report);
    memory(page, report);
    pictures(page, report);
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
        "\nThe whole join took {} ms (p95 {}), {} times the way there and back; {} datagrams of all joins were repetitions.\n",
        number(row.join_p50_ms, 0),
        number(row.join_p95_ms, 0),
        number(detail(row, "join_p50_round_trip_times"), 2),
        number(detail(row, "join_repeats"), 0),
    );
}

/// What narrow links do to packets and to the cost of sending them.
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

/// One media thread and two.
fn workers(page: &mut String, report: &Report) {
    let pairs: Vec<(&Scenario, &Scenario)> = pairs(report).collect();
    if pairs.is_empty() {
        return;
    }
    page.push_str(WORKERS);
    let percent = |part: Option<f64>| number(part.map(|part| part * 100.0), 1);
    for row in pairs.into_iter().flat_map(|(one, two)| [one, two]) {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            row.workers,
            row.subscribers,
            number(row.packets_per_second, 0),
            spread(row, "cpu_ns_per_packet", row.cpu_ns_per_packet),
            number(ratio(row), 2),
            number(row.delivered_ratio, 5),
            percent(detail(row, "worker_packets_imbalance")),
            percent(detail(row, "worker_cpu_imbalance")),
        );
    }
}

/// Other servers, each beside ours in the same runs.
fn others(page: &mut String, report: &Report) {
    let beside = |theirs: &Scenario| {
        let name = theirs.name.strip_prefix("against_")?;
        report.row(&format!("beside_{name}"), Some(theirs.subscribers))
    };
    let rows: Vec<(&Scenario, &Scenario)> =
        report.scenarios.iter().filter_map(|theirs| Some((theirs, beside(theirs)?))).collect();
    page.push_str(OTHERS);
    if rows.is_empty() {
        return page.push_str("\nNone was measured here.\n");
    }
    page.push_str(OTHERS_TABLE);
    for (theirs, ours) in rows {
        let name = theirs.name.trim_start_matches("against_");
        let times =
            theirs.cpu_ns_per_packet.zip(theirs.our_cpu_ns_per_packet).map(|(theirs, ours)| theirs / ours);
        for (server, row, times) in [("ours", ours, None), (name, theirs, times)] {
            let _ = writeln!(
                page,
                "| {server} | {} | {} | {} | {} | {} | {} / {} | {} / {} | {} |",
                row.subscribers,
                spread(row, "cpu_ns_per_packet", row.cpu_ns_per_packet),
                number(ratio(row), 2),
                number(times, 1),
                number(row.delivered_ratio, 5),
                number(row.latency_p50_us, 0),
                number(row.latency_p99_us, 0),
                number(row.join_p50_ms, 0),
                number(row.join_p95_ms, 0),
                number(kib(row.memory_bytes_per_subscriber), 0),
            );
        }
    }
}

/// What it costs to be told how it went.
fn reports(page: &mut String, report: &Report) {
    let rows: Vec<&Scenario> = report.scenarios.iter().filter(|row| row.name == "rtcp").collect();
    if rows.is_empty() {
        return;
    }
    page.push_str(REPORTS);
    let percent = |row: &Scenario, name: &str| number(detail(row, name).map(|share| share * 100.0), 1);
    for row in rows {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            row.subscribers,
            number(detail(row, "rtcp_packets_per_second"), 0),
            spread(row, "cpu_ns_per_rtcp_packet", detail(row, "cpu_ns_per_rtcp_packet")),
            percent(row, "rtcp_core_share"),
            percent(row, "quiet_core_share"),
            number(detail(row, "rtcp_lost"), 0),
        );
    }
}

/// Where packets went that did not arrive.
fn missing(page: &mut String, report: &Report) {
    let lacks = |row: &&Scenario| row.delivered_ratio.is_some_and(|ratio| ratio < WHOLE);
    let mut lines = String::new();
    for row in report.scenarios.iter().filter(|row| row.name.starts_with("one_teacher")).filter(lacks) {
        let Some(lost) = Missing::of(row) else { continue };
        let _ = writeln!(
            lines,
            "| {} | {} | {:.1} | {:.1} | {:.1} | {:.1} | {} | {} |",
            row.name.replace('_', " "),
            row.subscribers,
            lost.all * 100.0,
            lost.on_the_way * 100.0,
            lost.smaller * 100.0,
            lost.dropped * 100.0,
            number(detail(row, "fan_out_dropped_packets"), 0),
            number(detail(row, "smaller_layer_share").map(|share| share * 100.0), 1),
        );
    }
    if !lines.is_empty() {
        let _ = write!(page, "{MISSING}{lines}");
    }
}

/// Parts of what was expected.
#[derive(Debug, PartialEq)]
struct Missing {
    all: f64,
    /// The server had sent it.
    on_the_way: f64,
    /// It was not to be sent: subscribers had been turned to smaller pictures.
    smaller: f64,
    /// The rest.
    dropped: f64,
}

impl Missing {
    fn of(row: &Scenario) -> Option<Self> {
        let expected = detail(row, "expected_packets").filter(|packets| *packets > 0.0)?;
        let arrived = detail(row, "arrived_packets")?;
        let sent = detail(row, "server_packets_out")?;
        let all = (1.0 - arrived / expected).max(0.0);
        let on_the_way = ((sent - arrived) / expected).clamp(0.0, all);
        let smaller = detail(row, "turned_down_ratio")?.min(all - on_the_way);
        Some(Self { all, on_the_way, smaller, dropped: all - on_the_way - smaller })
    }
}

/// What a subscriber takes of it.
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

/// What was decoded.
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

const JOIN: &str = "
## What a join waits for

Of 20 screens that are 200 ms away from the server, there and back, all that the bench's client, which goes on as a browser does,
waited for from the POST to the first packet of media, and the median of each in milliseconds. Media come behind the last
answer. A connectivity check is repeated every 100 ms until it is answered. Not in it: the connection of HTTP that a page has anyway.

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

The same screens at a server with one media thread and with two, in turn. With two cores the bench shares them with the
threads, so what is compared is CPU time a packet, not what the machine could carry. Split: largest share less
smallest, over their mean; of packets by the port that each subscriber's answer named, of CPU time as the server tells it.

| workers | screens | packets/s | ns a packet | × limit | delivered | split of packets, % | of CPU time, % |
|--:|--:|--:|--:|--:|--:|--:|--:|
";

const OTHERS: &str = "
## Other servers

One after the other in the same runs, the server on the same core, the same camera without simulcast: what is theirs is measured at
their process and all that it has started. Any server that speaks WHIP and WHEP will do:

```
tongtang-bench --against-whip URL --against-whep URL --server-command 'COMMAND'
```

`xiu` is version 0.14.0 of crates.io (Rust, on webrtc-rs), with a `main` of five lines because its own ends in a panic at the
first DTLS handshake: `cargo install --path bench/foreign/xiu`. It names sessions by the second in which they began, so that of two
screens of the same second one gets nothing: here they come one a second. Then

```
tongtang-bench --against-whip 'http://127.0.0.1:8900/whip?app=live&stream=s' \\
  --against-whep 'http://127.0.0.1:8900/whep?app=live&stream=s' \\
  --against-name xiu --server-command 'xiu-for-bench 8900' \\
  --against-subscribers 30 --join-interval-ms 1100
```
";

const OTHERS_TABLE: &str = "
| server | screens | ns a packet | × limit | × ours | delivered | p50 / p99 µs | join p50 / p95 ms | KiB each |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
";

const REPORTS: &str = "
## Reports

What a server spends on being told how it went. Everybody has media, then the teacher switches camera and microphone off.
Each screen goes on reporting as Chromium does behind a camera of 2 Mbit/s: transport-wide feedback of ten packets every 50 ms, a
receiver report each second, one packet asked for again each 6.4 s (it is sent again), a keyframe each 12.8 s. A packet's cost is
the server's CPU time beyond what it uses while nobody reports, before and after; that is the last column but one.

| screens | RTCP packets/s | ns a packet | of a core, % | without them, % | lost or refused |
|--:|--:|--:|--:|--:|--:|
";

const MISSING: &str = "
## Where the missing packets went

In percent of what was published for so many screens. Lost on the way: the server says that it has sent them, and they did not
arrive. Smaller pictures: they were not to be sent, because screens with losses are turned to a picture that has fewer packets; how many
screens had which shows in the packets that were opened, if what was dropped is the same part of each picture. Dropped: the rest,
pictures that the server gave up because they had waited for too long; beside it, how many packets of pictures it says that it
has given up, each for all screens that were to get it.

| scenario | screens | missing | lost on the way | smaller pictures | dropped | packets given up | smaller, of what arrived |
|---|--:|--:|--:|--:|--:|--:|--:|
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Measured;

    #[test]
    fn what_is_missing_is_told_apart() {
        let run = Measured {
            subscribers: 10,
            expected_packets: Some(1_000.0),
            packets: Some(600.0),
            server_packets_out: Some(700.0),
            turned_down_ratio: Some(0.1),
            ..Measured::default()
        };
        let row = |run: &Measured| Scenario::of("one_teacher", 1, std::slice::from_ref(run));
        let rounded = |run: &Measured| {
            let lost = Missing::of(&row(run)).unwrap();
            [lost.all, lost.on_the_way, lost.smaller, lost.dropped].map(|part| (part * 100.0).round())
        };
        assert_eq!(rounded(&run), [40.0, 10.0, 10.0, 20.0]);
        let more = Measured { turned_down_ratio: Some(0.9), ..run.clone() };
        assert_eq!(rounded(&more), [40.0, 10.0, 30.0, 0.0]);
        let untold = Measured { server_packets_out: None, ..run };
        assert_eq!(Missing::of(&row(&untold)), None);
    }
}
