//! A measured span of time.

use super::{Measured, Trip};
use crate::audience::{self, Audience};
use crate::cpu::{Process, Tree};
use crate::media::MAX_LAYERS;
use crate::metrics::{self, Told};
use crate::peer::RoundTrip;
use crate::publisher::Sent;
use crate::received::Counted;
use crate::stats::percentile;
use crate::studio::{self, Studio};
use crate::subscriber::Snapshot;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Who takes part.
pub struct Load<'a> {
    /// The server's process and what it has started.
    pub server: &'a Tree,
    /// Its UDP ports.
    pub server_ports: &'a [u16],
    /// Where it tells of its media threads; `None`: it does not.
    pub metrics: Option<SocketAddr>,
    /// Publishers.
    pub studio: &'a Studio,
    /// Subscribers.
    pub audience: &'a Audience,
    /// Packets that the subscriber of this number should get at least, from what the publishers have sent between two looks.
    pub expected: &'a dyn Fn(&studio::View, usize) -> u64,
    /// Numbers of the subscribers that count.
    pub counted: Range<usize>,
}

/// A subscriber may be behind its publishers by so much when the window ends: a keyframe that is on its way. One that is
/// further behind has a queue before it that grows, or gets a smaller picture.
const IN_FLIGHT: u64 = 100;

struct Moment {
    at: Instant,
    server: Duration,
    drops: [u64; 2],
    told: Told,
    publishers: studio::View,
    audience: audience::View,
}

impl Load<'_> {
    fn moment(&self) -> anyhow::Result<Moment> {
        let mut audience = self.audience.look()?;
        let counts: Vec<bool> =
            audience.subscribers.iter().map(|one| self.counted.contains(&one.number)).collect();
        let mut each = counts.iter();
        audience.ports.retain(|_| each.next().is_some_and(|counts| *counts));
        audience.subscribers.retain(|one| self.counted.contains(&one.number));
        Ok(Moment {
            told: self.metrics.map(metrics::read).transpose()?.unwrap_or_default(),
            at: Instant::now(),
            server: self.server.cpu_time()?,
            drops: [Process::own()?.dropped_at(&audience.ports)?, self.server.dropped_at(self.server_ports)?],
            publishers: self.studio.look()?,
            audience,
        })
    }

    /// Measures for so long.
    pub fn measure(&self, window: Duration) -> anyhow::Result<Measured> {
        self.audience.measure(true)?;
        let before = self.moment()?;
        std::thread::sleep(window);
        let mut after = self.moment()?;
        self.audience.measure(false)?;
        let failed = after.audience.subscribers.iter().find_map(|one| one.failed.clone());
        if let Some(why) = failed.or(after.publishers.failed.take()) {
            anyhow::bail!("a session failed while it was measured: {why}");
        }

        let seconds = (after.at - before.at).as_secs_f64();
        let mut sums = Counted::default();
        let (mut should, mut wanted, mut retransmitted) = (0, 0, 0);
        for (later, earlier) in after.audience.subscribers.iter().zip(&before.audience.subscribers) {
            let published = |moment: &Moment| (self.expected)(&moment.publishers, later.number);
            let expected = published(&after) - published(&before);
            let counted = later.all.since(&earlier.all);
            sums.packets += counted.packets;
            sums.duplicates += counted.duplicates;
            sums.reordered += counted.reordered;
            retransmitted += later.retransmissions - earlier.retransmissions;
            // The span of sequence numbers is exact; the publishers' count tells of what has not come yet at all.
            wanted += expected;
            should += if counted.span + IN_FLIGHT >= expected { counted.span } else { expected };
        }
        let server = after.server - before.server;
        let mut latencies: Vec<f64> =
            after.audience.tally.latencies_us.iter().map(|us| f64::from(*us)).collect();
        let mut at_sockets: Vec<f64> =
            after.audience.tally.socket_latencies_us.iter().map(|us| f64::from(*us)).collect();
        let mut late: Vec<f64> = after.publishers.late_us.iter().map(|us| f64::from(*us)).collect();
        let mut joins: Vec<f64> = after
            .audience
            .subscribers
            .iter()
            .filter_map(|one| Some(one.joined_after?.as_secs_f64() * 1_000.0))
            .collect();
        let (tally, tally_before) = (&after.audience.tally, &before.audience.tally);
        let share = |used: Duration| Some(used.as_secs_f64() / seconds);
        let sent = |read: fn(&Sent) -> u64| {
            let sum = |view: &studio::View| view.publishers.iter().map(read).sum::<u64>();
            Some((sum(&after.publishers) - sum(&before.publishers)) as f64)
        };
        let packets = sums.packets as f64;
        let by_port = by_port(&before.audience.subscribers, &after.audience.subscribers);
        let busy: Vec<f64> = (after.told.workers.iter().zip(&before.told.workers))
            .map(|(later, earlier)| later.cpu_seconds - earlier.cpu_seconds)
            .collect();
        let runs = tally.runs - tally_before.runs;
        let told = |name: &str| {
            let grown = after.told.counter(name) - before.told.counter(name);
            self.metrics.map(|_| grown)
        };
        let sampled: Layers = std::array::from_fn(|n| tally.by_layer[n] - tally_before.by_layer[n]);
        let all_sampled: u64 = sampled.iter().sum();
        let published = published(&before.publishers, &after.publishers);
        let top = published.and_then(|layers| layers.iter().rposition(|packets| *packets > 0));
        let unwanted = published.zip(top).and_then(|(layers, top)| {
            let one = wanted as f64 / after.audience.subscribers.len() as f64;
            Some(turned_down(&sampled, &layers)? * layers[top] as f64 / one)
        });
        let smaller = top.map(|top| sampled[..top].iter().sum::<u64>() as f64);
        let longest = after.audience.subscribers.iter().max_by_key(|one| one.trips.0.len());
        Ok(Measured {
            subscribers: after.audience.subscribers.len(),
            packets: Some(packets),
            packets_per_second: Some(packets / seconds),
            cpu_ns_per_packet: (sums.packets > 0).then(|| server.as_nanos() as f64 / packets),
            delivered_ratio: (should > 0).then(|| packets / should as f64),
            expected_packets: Some(wanted as f64),
            server_packets_out: told("rtp_out_packets"),
            fan_out_dropped_packets: told("fan_out_dropped_packets"),
            smaller_layer_share: smaller.filter(|_| all_sampled > 0).map(|n| n / all_sampled as f64),
            turned_down_ratio: unwanted,
            duplicates: Some(sums.duplicates as f64),
            reordered: Some(sums.reordered as f64),
            latency_p50_us: percentile(&mut latencies, 0.5),
            latency_p99_us: percentile(&mut latencies, 0.99),
            join_p50_ms: percentile(&mut joins, 0.5),
            join_p95_ms: percentile(&mut joins, 0.95),
            join_round_trips: longest.map(|one| one.trips.0.len() as f64).filter(|trips| *trips > 0.0),
            join_repeats: Some(after.audience.subscribers.iter().map(|one| f64::from(one.trips.1)).sum()),
            round_trips: named(&after.audience.subscribers),
            latency_at_socket_p50_us: percentile(&mut at_sockets, 0.5),
            latency_at_socket_p99_us: percentile(&mut at_sockets, 0.99),
            packets_a_run: (runs > 0)
                .then(|| (tally.datagrams - tally_before.datagrams) as f64 / runs as f64),
            lost_at_links: Some((tally.lost_at_links - tally_before.lost_at_links) as f64),
            worker_packets_imbalance: imbalance(&by_port.into_values().collect::<Vec<_>>()),
            worker_cpu_imbalance: imbalance(&busy),
            server_core_share: share(server),
            generator_core_share: share(tally.busy - tally_before.busy),
            publisher_late_p99_us: percentile(&mut late, 0.99),
            generator_drops: Some((after.drops[0] - before.drops[0]) as f64),
            server_drops: Some((after.drops[1] - before.drops[1]) as f64),
            keyframes: sent(|sent| sent.keyframes),
            keyframe_requests: sent(|sent| sent.keyframe_requests),
            retransmitted_in: sent(|sent| sent.retransmitted),
            refused_retransmissions: sent(|sent| sent.refused),
            retransmitted_out: Some(retransmitted as f64),
            corrupt: Some((tally.corrupt - tally_before.corrupt) as f64),
            intact: Some((tally.intact - tally_before.intact) as f64),
            ..Measured::default()
        })
    }
}

/// Packets by layer.
type Layers = [u64; MAX_LAYERS];

/// What the one publisher there is has sent of each layer; `None`: there are several.
fn published(before: &studio::View, after: &studio::View) -> Option<Layers> {
    let ([before], [after]) = (before.publishers.as_slice(), after.publishers.as_slice()) else {
        return None;
    };
    let mut layers = Layers::default();
    for ((source, later), (_, earlier)) in after.packets.iter().zip(&before.packets) {
        if let Some(layer) = layers.get_mut(usize::from(source.layer)) {
            *layer = later - earlier;
        }
    }
    Some(layers)
}

/// Of the largest picture's packets, so many were not to be sent, because subscribers had been turned to smaller ones:
/// how long they had each layer shows in what came of it, less what was dropped, which is taken to be the same part of each.
fn turned_down(sampled: &Layers, published: &Layers) -> Option<f64> {
    let top = *published.iter().rfind(|packets| **packets > 0)? as f64;
    let layers = || sampled.iter().zip(published).filter(|(_, published)| **published > 0);
    let time = |(sampled, published): (&u64, &u64)| *sampled as f64 / *published as f64;
    let all: f64 = layers().map(time).sum();
    let fewer = layers().map(|layer| time(layer) * (1.0 - *layer.1 as f64 / top)).sum::<f64>();
    (all > 0.0).then(|| fewer / all)
}

/// Packets that came from each port of the server: that of the worker whose subscriber it was.
fn by_port(before: &[Snapshot], after: &[Snapshot]) -> BTreeMap<u16, f64> {
    let mut ports = BTreeMap::new();
    for (later, earlier) in after.iter().zip(before) {
        let packets = later.all.packets - earlier.all.packets;
        *ports.entry(later.server_port).or_default() += packets as f64;
    }
    ports
}

/// By how much the largest share is above the smallest, as a part of their mean; `None`: there is but one.
fn imbalance(shares: &[f64]) -> Option<f64> {
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    let most = shares.iter().copied().reduce(f64::max)?;
    let least = shares.iter().copied().reduce(f64::min)?;
    (shares.len() > 1 && mean > 0.0).then(|| (most - least) / mean)
}

/// The round trips of most subscribers, each with its median.
fn named(subscribers: &[Snapshot]) -> Vec<Trip> {
    type Names = Vec<(&'static str, &'static str)>;
    let names =
        |trips: &[RoundTrip]| -> Names { trips.iter().map(|trip| (trip.asked, trip.answered)).collect() };
    let mut ways: BTreeMap<Names, Vec<&[RoundTrip]>> = BTreeMap::new();
    for one in subscribers.iter().filter(|one| one.joined_after.is_some()) {
        ways.entry(names(&one.trips.0)).or_default().push(&one.trips.0);
    }
    let Some((way, all)) = ways.into_iter().max_by_key(|(_, all)| all.len()) else { return Vec::new() };
    let trip = |(n, (asked, answered)): (usize, (&str, &str))| {
        let mut took: Vec<f64> = all.iter().map(|trips| trips[n].took.as_secs_f64() * 1_000.0).collect();
        let p50_ms = percentile(&mut took, 0.5).unwrap_or_default();
        Trip { asked: asked.to_owned(), answered: answered.to_owned(), p50_ms }
    };
    way.into_iter().enumerate().map(trip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_split_has_no_imbalance_and_one_worker_none_at_all() {
        assert_eq!(imbalance(&[100.0, 100.0]), Some(0.0));
        assert_eq!(imbalance(&[110.0, 90.0]), Some(0.2));
        assert_eq!(imbalance(&[100.0]), None);
        assert_eq!(imbalance(&[]), None);
        assert_eq!(imbalance(&[0.0, 0.0]), None);
    }

    #[test]
    fn who_was_turned_to_a_smaller_picture_shows_in_what_came_of_it() {
        // A third, half and all of the packets.
        let published = [100, 150, 300];
        assert_eq!(turned_down(&[0, 0, 50], &published), Some(0.0));
        assert_eq!(turned_down(&[0, 15, 0], &published), Some(0.5));
        // Half of the time each; that half of all was dropped besides changes nothing.
        assert_eq!(turned_down(&[0, 15, 30], &published), Some(0.25));
        assert_eq!(turned_down(&[0, 30, 60], &published), Some(0.25));
        assert_eq!(turned_down(&[0, 0, 0], &published), None);
        assert_eq!(turned_down(&[1, 0, 0], &[0, 0, 0]), None);
    }

    #[test]
    fn packets_are_counted_by_the_port_of_the_answer() {
        let snapshot = |server_port: u16, packets: u64| Snapshot {
            server_port,
            all: Counted { packets, span: packets, duplicates: 0, reordered: 0 },
            ..Snapshot::default()
        };
        let before = [snapshot(7, 10), snapshot(8, 10), snapshot(7, 0)];
        let after = [snapshot(7, 30), snapshot(8, 15), snapshot(7, 1)];
        assert_eq!(by_port(&before, &after), BTreeMap::from([(7, 21.0), (8, 5.0)]));
    }

    #[test]
    fn the_way_of_most_is_told_with_the_medians_of_its_round_trips() {
        let snapshot = |trips: &[(&'static str, u64)]| Snapshot {
            joined_after: Some(Duration::from_millis(1)),
            trips: (
                trips
                    .iter()
                    .map(|&(asked, ms)| RoundTrip { asked, answered: "it", took: Duration::from_millis(ms) })
                    .collect(),
                0,
            ),
            ..Snapshot::default()
        };
        let all = [
            snapshot(&[("a", 1), ("b", 9)]),
            snapshot(&[("a", 3), ("b", 5)]),
            snapshot(&[("a", 2), ("b", 6)]),
            snapshot(&[("a", 1)]),
        ];
        let trips = named(&all);
        let told: Vec<(&str, f64)> = trips.iter().map(|trip| (trip.asked.as_str(), trip.p50_ms)).collect();
        assert_eq!(told, [("a", 2.0), ("b", 6.0)]);
        assert!(named(&[]).is_empty());
    }
}
