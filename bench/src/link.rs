//! One direction of an access link in user space: a rate, a queue that is cut, and a way that takes its time.
//!
//! Enters: datagrams with the moment they come to the link. Leaves: the same, each with the moment its last bit has arrived.

use std::collections::VecDeque;
use std::time::Duration;

/// What a datagram costs a link besides itself: IPv4 and UDP headers.
const HEADER_BYTES: usize = 28;
/// Datagrams on the way at once; beyond it they are lost. A second of 10 Mbit/s has 1,200.
const MAX_ON_THE_WAY: usize = 4_096;

/// What a link is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Megabits a second; `None`: as fast as it comes.
    pub mbit: Option<f64>,
    /// A datagram that would wait longer for those before it is lost: what the queue of a home router holds.
    pub max_wait: Duration,
    /// From the last bit's departure to its arrival.
    pub delay: Duration,
}

/// A datagram that has gone over a link. Moments are nanoseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// When it came to the link.
    pub entered_ns: u64,
    /// When its last bit arrived.
    pub arrived_ns: u64,
    /// What it is.
    pub datagram: Vec<u8>,
}

/// A direction.
#[derive(Debug)]
pub struct Link {
    line: Line,
    free_ns: u64,
    on_the_way: VecDeque<Carried>,
    /// Datagrams that found the queue full.
    pub lost: u64,
}

impl Link {
    /// An empty one.
    pub fn new(line: Line) -> Self {
        Self { line, free_ns: 0, on_the_way: VecDeque::new(), lost: 0 }
    }

    /// A datagram comes to the link.
    pub fn push(&mut self, now_ns: u64, datagram: &[u8]) {
        let begin_ns = self.free_ns.max(now_ns);
        let waits = Duration::from_nanos(begin_ns - now_ns);
        if waits > self.line.max_wait || self.on_the_way.len() == MAX_ON_THE_WAY {
            self.lost += 1;
            return;
        }
        let bits = ((datagram.len() + HEADER_BYTES) * 8) as f64;
        self.free_ns = begin_ns + self.line.mbit.map_or(0, |mbit| (bits * 1_000.0 / mbit) as u64);
        let arrived_ns = self.free_ns + self.line.delay.as_nanos() as u64;
        let datagram = datagram.to_vec();
        self.on_the_way.push_back(Carried { entered_ns: now_ns, arrived_ns, datagram });
    }

    /// The next datagram that has arrived by now.
    pub fn pop(&mut self, now_ns: u64) -> Option<Carried> {
        if self.on_the_way.front()?.arrived_ns > now_ns { None } else { self.on_the_way.pop_front() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_burst_leaves_at_the_rate_of_the_link_and_what_does_not_fit_its_queue_is_lost() {
        let line =
            Line { mbit: Some(10.0), max_wait: Duration::from_millis(50), delay: Duration::from_millis(5) };
        let mut link = Link::new(line);
        // A millisecond of 10 Mbit/s each.
        let datagram = vec![0; 1_250 - HEADER_BYTES];
        for _ in 0..60 {
            link.push(100 * MS, &datagram);
        }
        assert_eq!(link.lost, 9, "51 wait no longer than 50 ms");
        assert_eq!(link.pop(105 * MS), None);
        let arrivals: Vec<u64> =
            std::iter::from_fn(|| link.pop(1_000 * MS)).map(|carried| carried.arrived_ns).collect();
        assert_eq!(arrivals, (0..51).map(|n| (106 + n) * MS).collect::<Vec<_>>());
        link.push(2_000 * MS, &datagram);
        let carried = link.pop(2_006 * MS).map(|carried| (carried.entered_ns, carried.arrived_ns));
        assert_eq!(carried, Some((2_000 * MS, 2_006 * MS)), "an idle link has no debts");
    }

    #[test]
    fn a_link_without_a_rate_delays_only() {
        let delay = Duration::from_millis(100);
        let mut link = Link::new(Line { mbit: None, max_wait: Duration::ZERO, delay });
        link.push(MS, b"a");
        link.push(MS, b"b");
        assert_eq!(link.pop(100 * MS), None);
        let carried: Vec<Vec<u8>> =
            std::iter::from_fn(|| link.pop(101 * MS)).map(|carried| carried.datagram).collect();
        assert_eq!(carried, [b"a", b"b"]);
    }
}
