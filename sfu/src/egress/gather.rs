//! When a track's packets leave: together, at a frame's end or when a short window is over, because a kernel takes a run
//! of equal datagrams to one peer for little more than one of them.
//!
//! Owns what waits of one track. Enters: packets as they are accepted. Leaves: [`Burst`]s of at most [`MAX_BURST`]
//! packets with the padding that makes their sizes equal. Chromium's packets of a frame differ by one byte (measured:
//! 99 % of frames), so padding costs less than a byte a packet.
//!
//! A burst is also what the narrowest link gets at once: a longer picture leaves in bursts [`PACE`] apart, 30 Mbit/s.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Packets of one burst.
pub const MAX_BURST: usize = 16;
/// Between two full bursts of a track: 16 packets of 1,200 bytes every 5 ms are 30 Mbit/s.
pub const PACE: Duration = Duration::from_millis(5);
/// Packets that wait. When more come (a keyframe of 300 KB at once), bursts leave without pacing until fewer wait: nothing
/// is lost here.
pub const MAX_WAITING: usize = 256;
/// Most bytes a packet is padded with. Packets that differ by more are runs of their own.
pub const MAX_PADDING: u16 = 48;

/// How long a frame's first packet waits for its last: within a frame Chromium's spread is 1.3 ms (p50), 2.7 ms (p90).
pub const MIN_WINDOW: Duration = Duration::from_millis(2);
/// The same for publishers behind a narrow uplink, whose packets arrive one by one (10 Mbit/s: 1 ms each).
pub const MAX_WINDOW: Duration = Duration::from_millis(5);
/// The window grows so fast when frames are cut…
const WINDOW_GROWS: Duration = Duration::from_micros(500);
/// …and shrinks so slowly when they are not.
const WINDOW_SHRINKS: Duration = Duration::from_micros(50);

/// A packet of a burst, and how it is evened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Planned {
    /// Its number in the track's cache.
    pub sequence: u64,
    /// Bytes of its payload.
    pub len: u16,
    /// Bytes of RTP padding behind it.
    pub padding: u8,
}

/// Packets that leave together.
#[derive(Debug, Clone, Copy)]
pub struct Burst {
    packets: [Planned; MAX_BURST],
    len: u8,
}

impl Burst {
    /// A burst of one packet.
    pub fn single(sequence: u64, len: u16) -> Self {
        let mut burst = Self { packets: Default::default(), len: 1 };
        burst.packets[0] = Planned { sequence, len, padding: 0 };
        burst
    }

    /// The packets in order.
    pub fn packets(&self) -> &[Planned] {
        &self.packets[..usize::from(self.len)]
    }

    /// Takes in the packets of a later burst, if it does not grow beyond what a burst may be. Gives whether it did.
    pub fn append(&mut self, later: &Burst) -> bool {
        let len = usize::from(self.len + later.len);
        if len > MAX_BURST {
            return false;
        }
        self.packets[usize::from(self.len)..len].copy_from_slice(later.packets());
        self.len = len as u8;
        for packet in &mut self.packets[..len] {
            packet.padding = 0;
        }
        even(&mut self.packets[..len], MAX_PADDING);
        true
    }

    /// The padding of the last packet when something short follows in the same run: only a run's last may be shorter.
    pub fn padding_before_a_rider(&self) -> u8 {
        match self.packets() {
            [.., before, last] => {
                let missing = (before.len + u16::from(before.padding)).saturating_sub(last.len);
                if (1..=MAX_PADDING).contains(&missing) { missing as u8 } else { last.padding }
            }
            _ => 0,
        }
    }
}

/// What waits of a track.
#[derive(Debug)]
pub struct Gather {
    waiting: VecDeque<Planned>,
    /// Waiting packets that end a frame.
    frame_ends: VecDeque<u64>,
    /// Since when the first of them waits.
    since: Instant,
    window: Duration,
    paced_until: Instant,
}

impl Gather {
    /// Nothing waits.
    pub fn new(now: Instant) -> Self {
        Self {
            waiting: VecDeque::with_capacity(MAX_WAITING),
            frame_ends: VecDeque::with_capacity(MAX_WAITING),
            since: now,
            window: MIN_WINDOW,
            paced_until: now,
        }
    }

    /// A packet of `len` bytes of payload was accepted.
    pub fn push(&mut self, now: Instant, sequence: u64, len: usize, ends_frame: bool) {
        if self.waiting.is_empty() {
            self.since = now;
        }
        // An accepted packet is no longer than a datagram.
        self.waiting.push_back(Planned { sequence, len: len as u16, padding: 0 });
        if ends_frame {
            self.frame_ends.push_back(sequence);
        }
    }

    /// When [`Self::take`] will have something; it may be in the past. `None`: nothing waits.
    pub fn due(&self) -> Option<Instant> {
        if self.waiting.is_empty() {
            return None;
        }
        if self.waiting.len() >= MAX_WAITING {
            return Some(self.since);
        }
        let is_whole = !self.frame_ends.is_empty() || self.waiting.len() >= MAX_BURST;
        let ready = if is_whole { self.since } else { self.since + self.window };
        Some(ready.max(self.paced_until))
    }

    /// Is this packet still to leave?
    pub fn holds(&self, sequence: u64) -> bool {
        self.waiting.iter().any(|packet| packet.sequence == sequence)
    }

    /// The next burst, if it is due.
    pub fn take(&mut self, now: Instant) -> Option<Burst> {
        if self.due()? > now {
            return None;
        }
        self.adapt();
        let mut burst = Burst { packets: Default::default(), len: 0 };
        while usize::from(burst.len) < MAX_BURST
            && let Some(packet) = self.waiting.pop_front()
        {
            burst.packets[usize::from(burst.len)] = packet;
            burst.len += 1;
            if self.frame_ends.front() == Some(&packet.sequence) {
                self.frame_ends.pop_front();
            }
        }
        if usize::from(burst.len) == MAX_BURST {
            self.paced_until = now + PACE;
        }
        self.since = now;
        even(&mut burst.packets[..usize::from(burst.len)], MAX_PADDING);
        Some(burst)
    }

    /// A frame that was cut by the window asks for a longer one.
    fn adapt(&mut self) {
        let is_cut = self.frame_ends.is_empty() && self.waiting.len() < MAX_BURST;
        self.window = if is_cut {
            (self.window + WINDOW_GROWS).min(MAX_WINDOW)
        } else {
            self.window.saturating_sub(WINDOW_SHRINKS).max(MIN_WINDOW)
        };
    }
}

/// Pads packets by at most `max_padding` (255) bytes so that neighbours of nearly one size have one size. The last of a
/// run may be shorter.
pub fn even(packets: &mut [Planned], max_padding: u16) {
    let mut from = 0;
    while from < packets.len() {
        let (mut shortest, mut longest) = (packets[from].len, packets[from].len);
        let mut to = from + 1;
        while let Some(next) = packets.get(to) {
            let (low, high) = (shortest.min(next.len), longest.max(next.len));
            if high - low > max_padding {
                break;
            }
            (shortest, longest) = (low, high);
            to += 1;
        }
        let ends_shorter = packets.get(to).is_some_and(|next| next.len < longest);
        let padded = if ends_shorter { to } else { to - 1 };
        for packet in &mut packets[from..padded] {
            packet.padding = (longest - packet.len) as u8;
        }
        // Without a shorter end the last one is the end itself, or as long as the others.
        from = if ends_shorter { to + 1 } else { to };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn evened(sizes: &[u16]) -> Vec<u16> {
        let mut packets: Vec<Planned> =
            sizes.iter().map(|&len| Planned { sequence: 0, len, padding: 0 }).collect();
        even(&mut packets, MAX_PADDING);
        packets.iter().map(|packet| packet.len + u16::from(packet.padding)).collect()
    }

    #[test]
    fn two_frames_become_one_burst_while_they_fit() {
        let burst = |sizes: &[u16]| {
            let mut packets = [Planned::default(); MAX_BURST];
            for (packet, &len) in packets.iter_mut().zip(sizes) {
                packet.len = len;
            }
            Burst { packets, len: sizes.len() as u8 }
        };
        let mut first = burst(&[1_100, 1_100, 1_090]);
        assert_eq!(first.padding_before_a_rider(), 10);
        assert!(first.append(&burst(&[1_099, 300])));
        let sizes: Vec<u16> =
            first.packets().iter().map(|packet| packet.len + u16::from(packet.padding)).collect();
        assert_eq!(sizes, [1_100, 1_100, 1_100, 1_100, 300]);
        assert_eq!(first.padding_before_a_rider(), 0, "too short to be padded: it ends the run");
        assert!(!first.append(&burst(&[1_000; 12])));
        assert_eq!(first.packets().len(), 5);
    }

    #[test]
    fn packets_of_nearly_one_size_become_one_run() {
        assert_eq!(evened(&[1_099, 1_100, 1_099, 1_100]), [1_100; 4]);
        assert_eq!(
            evened(&[1_099, 1_099, 1_100, 1_099]),
            [1_100, 1_100, 1_100, 1_099],
            "the last may be shorter"
        );
        assert_eq!(evened(&[24, 1_100, 1_100]), [24, 1_100, 1_100], "H.264 parameter sets stay small");
        assert_eq!(evened(&[1_190, 1_200, 300]), [1_200, 1_200, 300]);
        assert_eq!(evened(&[1_190, 1_200, 300, 310]), [1_200, 1_200, 300, 310]);
        assert_eq!(evened(&[]), [0; 0]);
    }

    #[test]
    fn padding_never_makes_a_packet_longer_than_its_longest_neighbour() {
        let mut state = 7u32;
        for _ in 0..2_000 {
            let sizes: Vec<u16> = (0..MAX_BURST)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 16) as u16 % 1_200
                })
                .collect();
            let longest = sizes.iter().max().unwrap();
            for (before, after) in sizes.iter().zip(evened(&sizes)) {
                assert!(after >= *before && after <= *longest && after - before <= MAX_PADDING);
            }
        }
    }

    /// Feeds frames of `packets` packets `gap` apart and lets everything leave when it is due; the bursts' lengths.
    fn bursts(frames: usize, packets: u64, gap: Duration) -> Vec<usize> {
        let start = Instant::now();
        let mut gather = Gather::new(start);
        let mut lens = Vec::new();
        let (mut now, mut sequence) = (start, 0);
        for frame in 0..frames {
            now = now.max(start + Duration::from_millis(40) * frame as u32);
            for n in 0..packets {
                sequence += 1;
                gather.push(now, sequence, 1_000, n + 1 == packets);
                if let Some(burst) = gather.take(now) {
                    lens.push(burst.packets().len());
                }
                let next = now + gap;
                while let Some(due) = gather.due().filter(|due| *due < next) {
                    lens.push(gather.take(due.max(now)).unwrap().packets().len());
                }
                now = next;
            }
        }
        while let Some(due) = gather.due() {
            lens.push(gather.take(due).unwrap().packets().len());
        }
        assert_eq!(lens.iter().sum::<usize>(), sequence as usize, "every packet leaves once");
        lens
    }

    #[test]
    fn a_frame_that_arrives_within_the_window_leaves_as_one_burst() {
        assert_eq!(bursts(5, 9, Duration::from_micros(150)), [9; 5]);
    }

    #[test]
    fn behind_a_narrow_uplink_the_window_grows() {
        let lens = bursts(50, 9, Duration::from_micros(960));
        let late = &lens[lens.len() - 8..];
        assert!(late.iter().sum::<usize>() >= late.len() * 4, "4.5 packets a burst: {late:?}");
    }

    #[test]
    fn a_keyframe_leaves_in_paced_bursts() {
        let start = Instant::now();
        let mut gather = Gather::new(start);
        for sequence in 0..77 {
            gather.push(start, sequence, 1_100, sequence == 76);
        }
        let mut left = Vec::new();
        while let Some(due) = gather.due() {
            let burst = gather.take(due).unwrap();
            left.push(((due - start).as_millis(), burst.packets().len()));
        }
        assert_eq!(left, [(0, 16), (5, 16), (10, 16), (15, 16), (20, 13)]);
    }

    #[test]
    fn what_cannot_wait_leaves_at_once() {
        let start = Instant::now();
        let mut gather = Gather::new(start);
        for sequence in 0..MAX_WAITING as u64 + 40 {
            gather.push(start, sequence, 1_100, false);
        }
        assert!(gather.take(start).is_some() && gather.take(start).is_some() && gather.take(start).is_some());
        assert!(gather.take(start).is_none(), "below the bound it is paced again");
    }
}
