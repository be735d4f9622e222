//! A measured span of time.

use super::Measured;
use crate::audience::{self, Audience};
use crate::cpu::Process;
use crate::publisher::Sent;
use crate::received::Counted;
use crate::stats::percentile;
use crate::studio::{self, Studio};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Who takes part.
pub struct Load<'a> {
    /// The server's process.
    pub server: &'a Process,
    /// Its UDP ports.
    pub server_ports: &'a [u16],
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
        let (mut should, mut retransmitted) = (0, 0);
        for (later, earlier) in after.audience.subscribers.iter().zip(&before.audience.subscribers) {
            let published = |moment: &Moment| (self.expected)(&moment.publishers, later.number);
            let expected = published(&after) - published(&before);
            let counted = later.all.since(&earlier.all);
            sums.packets += counted.packets;
            sums.duplicates += counted.duplicates;
            sums.reordered += counted.reordered;
            retransmitted += later.retransmissions - earlier.retransmissions;
            // The span of sequence numbers is exact; the publishers' count tells of what has not come yet at all.
            should += if counted.span + IN_FLIGHT >= expected { counted.span } else { expected };
        }
        let server = after.server - before.server;
        let mut latencies: Vec<f64> =
            after.audience.tally.latencies_us.iter().map(|us| f64::from(*us)).collect();
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
        Ok(Measured {
            subscribers: after.audience.subscribers.len(),
            packets: Some(packets),
            packets_per_second: Some(packets / seconds),
            cpu_ns_per_packet: (sums.packets > 0).then(|| server.as_nanos() as f64 / packets),
            delivered_ratio: (should > 0).then(|| packets / should as f64),
            duplicates: Some(sums.duplicates as f64),
            reordered: Some(sums.reordered as f64),
            latency_p50_us: percentile(&mut latencies, 0.5),
            latency_p99_us: percentile(&mut latencies, 0.99),
            join_p50_ms: percentile(&mut joins, 0.5),
            join_p95_ms: percentile(&mut joins, 0.95),
            server_core_share: share(server),
            generator_core_share: share(tally.busy - tally_before.busy),
            publisher_late_p99_us: percentile(&mut late, 0.99),
            generator_drops: Some((after.drops[0] - before.drops[0]) as f64),
            server_drops: Some((after.drops[1] - before.drops[1]) as f64),
            keyframes: sent(|sent| sent.keyframes),
            keyframe_requests: sent(|sent| sent.keyframe_requests),
            retransmitted_in: sent(|sent| sent.retransmitted),
            retransmitted_out: Some(retransmitted as f64),
            corrupt: Some((tally.corrupt - tally_before.corrupt) as f64),
            intact: Some((tally.intact - tally_before.intact) as f64),
            ..Measured::default()
        })
    }
}
