//! Tables for one question each, where the report has rows for it.

use super::{detail, kib, number, pairs, ratio, spread};
use crate::report::{Report, Scenario};
use std::fmt::Write;

/// Appends all of them.
pub fn write(page: &mut String, report: &Report) {
    join(page, report);
    access_links(page, report);
    workers(page, report);
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
            "| {} | {} | {} | {} | {} | {} | {} |",
            row.workers,
            row.subscribers,
            number(row.packets_per_second, 0),
            spread(row, "cpu_ns_per_packet", row.cpu_ns_per_packet),
            number(row.delivered_ratio, 5),
            percent(detail(row, "worker_packets_imbalance")),
            percent(detail(row, "worker_cpu_imbalance")),
        );
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

| workers | screens | packets/s | ns a packet | delivered | split of packets, % | of CPU time, % |
|--:|--:|--:|--:|--:|--:|--:|
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
