//! What is kept for one recording until it is durable on the recorder's disk, also while the recorder
//! is gone: so a recorder that is killed and comes back in time loses nothing.
//!
//! Enters: what came out of the ring, and what the recorder says is durable. Leaves: batches in a RoQ
//! stream's framing. Sans-IO.

use crate::tap::{MAX_FLOWS, Tapped};
use bytes::{Bytes, BytesMut};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};
use tongtang_roq::arrival::{self, Mark};
use tongtang_roq::control::{Flow, FlowId};
use tongtang_roq::framing;

/// Bytes kept for one recording. Beyond it its oldest packets are lost to it.
pub const MAX_KEPT_BYTES: usize = 64 << 20;

/// How long a packet waits for the recorder. Older ones are lost to the recording.
pub const MAX_KEPT: Duration = Duration::from_secs(20);

/// The arrival time is written anew when it has moved by this much (`sfu/roq`, arrival).
const MARK_EVERY_US: u64 = 1_000;

/// What a packet costs beside its bytes, roughly.
const PACKET_OVERHEAD_BYTES: usize = 64;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// See [`MAX_KEPT_BYTES`].
    pub bytes: usize,
    /// See [`MAX_KEPT`].
    pub age: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes: MAX_KEPT_BYTES, age: MAX_KEPT }
    }
}

#[derive(Debug)]
struct Packet {
    index: u64,
    arrival_unix_us: u64,
    /// How long it has waited is no matter of the wall clock, which may be set.
    kept_since: Instant,
    bytes: Bytes,
}

#[derive(Debug)]
struct Kept {
    flow: Flow,
    packets: VecDeque<Packet>,
    /// Index behind the last packet that came, or the first that may come.
    next: u64,
    /// Known when the flow is over: the index behind its last packet.
    end: Option<u64>,
}

/// All flows of one recording.
#[derive(Debug, Default)]
pub struct Store {
    flows: BTreeMap<FlowId, Kept>,
    /// In the order of their start.
    order: VecDeque<FlowId>,
    bytes: usize,
    bounds: Bounds,
}

/// How far one connection has sent a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Index of the next packet to send.
    pub next: u64,
    /// Arrival time of the last mark; `None`: the next packet needs one.
    marked_unix_us: Option<u64>,
}

impl Cursor {
    /// Begins at `next`.
    pub fn at(next: u64) -> Self {
        Self { next, marked_unix_us: None }
    }
}

/// What can be sent now.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch {
    /// Packets that are lost, in front of those below: from, to.
    pub lost: Option<(u64, u64)>,
    /// Framed packets; empty: nothing new.
    pub bytes: BytesMut,
    /// Nothing comes after this.
    pub is_last: bool,
}

impl Store {
    /// An empty store.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Takes what came out of the ring.
    pub fn accept(&mut self, now: Instant, item: Tapped, packet: &[u8]) {
        match item {
            Tapped::Started { flow, first } => {
                self.make_room_for_a_flow();
                let id = flow.id;
                let kept = Kept { flow, packets: VecDeque::new(), next: first, end: None };
                if self.flows.insert(id, kept).is_none() {
                    self.order.push_back(id);
                }
            }
            Tapped::Packet { flow, index, arrival_unix_us } => {
                if let Some(kept) = self.flows.get_mut(&flow) {
                    let bytes = Bytes::copy_from_slice(packet);
                    self.bytes += bytes.len() + PACKET_OVERHEAD_BYTES;
                    kept.packets.push_back(Packet { index, arrival_unix_us, kept_since: now, bytes });
                    kept.next = index + 1;
                }
            }
            Tapped::Ended { flow, next } => {
                if let Some(kept) = self.flows.get_mut(&flow) {
                    kept.next = next;
                    kept.end = Some(next);
                }
            }
        }
    }

    /// Flows that are over are remembered (a recorder that comes back must hear of it), but not for ever.
    fn make_room_for_a_flow(&mut self) {
        while self.flows.len() >= MAX_FLOWS {
            let ended =
                self.order.iter().position(|id| self.flows.get(id).is_some_and(|kept| kept.end.is_some()));
            let Some(id) = ended.and_then(|at| self.order.remove(at)) else { return };
            if let Some(kept) = self.flows.remove(&id) {
                self.bytes -= kept.packets.iter().map(Packet::cost).sum::<usize>();
            }
        }
    }

    /// The recorder has everything of `flow` before `next` on disk.
    pub fn durable(&mut self, flow: FlowId, next: u64) {
        let Some(kept) = self.flows.get_mut(&flow) else { return };
        while kept.packets.front().is_some_and(|packet| packet.index < next) {
            self.bytes -= kept.packets.pop_front().map_or(0, |packet| packet.cost());
        }
    }

    /// Drops what is over the bounds, oldest first; tells how many packets.
    pub fn enforce_bounds(&mut self, now: Instant) -> u64 {
        let mut dropped = 0;
        while let Some((id, kept_since)) = self.oldest() {
            let age = now.saturating_duration_since(kept_since);
            if age <= self.bounds.age && self.bytes <= self.bounds.bytes {
                break;
            }
            let Some(packet) = self.flows.get_mut(&id).and_then(|kept| kept.packets.pop_front()) else {
                break;
            };
            self.bytes -= packet.cost();
            dropped += 1;
        }
        dropped
    }

    fn oldest(&self) -> Option<(FlowId, Instant)> {
        let fronts = self.flows.iter().filter_map(|(id, kept)| Some((*id, kept.packets.front()?)));
        let oldest = fronts.min_by_key(|(_, packet)| (packet.kept_since, packet.arrival_unix_us));
        oldest.map(|(id, packet)| (id, packet.kept_since))
    }

    /// Flows a connection that begins now has to send, in the order of their start, with where it begins.
    /// `known` is what the recorder has on disk.
    pub fn resume(&self, known: &BTreeMap<FlowId, u64>) -> Vec<(Flow, Cursor)> {
        self.order.iter().filter_map(|id| self.begin(*id, known.get(id).copied())).collect()
    }

    fn begin(&self, id: FlowId, known: Option<u64>) -> Option<(Flow, Cursor)> {
        let kept = self.flows.get(&id)?;
        if known.is_none() && kept.end.is_some() && kept.packets.is_empty() {
            return None;
        }
        let available = kept.packets.front().map_or(kept.next, |packet| packet.index);
        let first = known.map_or(available, |known| {
            // The first one kept that the recorder lacks.
            let at = kept.packets.partition_point(|packet| packet.index < known);
            kept.packets.get(at).map_or(kept.next.max(known), |packet| packet.index)
        });
        Some((kept.flow.clone(), Cursor::at(first)))
    }

    /// What of `flow` can be sent behind the cursor, at most about `max_bytes`. `None`: the flow is forgotten.
    pub fn batch(&self, flow: FlowId, cursor: &mut Cursor, max_bytes: usize) -> Option<Batch> {
        let kept = self.flows.get(&flow)?;
        let mut batch = Batch { lost: None, bytes: BytesMut::new(), is_last: false };
        let at = kept.packets.partition_point(|packet| packet.index < cursor.next);
        for packet in kept.packets.range(at..) {
            if packet.index > cursor.next {
                if !batch.bytes.is_empty() {
                    // The next batch begins with this hole.
                    return Some(batch);
                }
                batch.lost = Some((cursor.next, packet.index));
                cursor.marked_unix_us = None;
            }
            if batch.bytes.len() >= max_bytes {
                return Some(batch);
            }
            let moved = |marked: u64| packet.arrival_unix_us.abs_diff(marked) >= MARK_EVERY_US;
            if cursor.marked_unix_us.is_none_or(moved) {
                let mut mark = BytesMut::with_capacity(32);
                arrival::put(
                    &mut mark,
                    kept.flow.ssrc,
                    Mark { unix_us: packet.arrival_unix_us, index: packet.index },
                );
                framing::put_packet(&mut batch.bytes, &mark);
                cursor.marked_unix_us = Some(packet.arrival_unix_us);
            }
            framing::put_packet(&mut batch.bytes, &packet.bytes);
            cursor.next = packet.index + 1;
        }
        if let Some(end) = kept.end {
            if cursor.next < end {
                if !batch.bytes.is_empty() {
                    return Some(batch);
                }
                batch.lost = Some((cursor.next, end));
                cursor.next = end;
            }
            batch.is_last = true;
        }
        Some(batch)
    }

    /// Flows started since `seen` were counted.
    pub fn started_after(&self, seen: &mut Vec<FlowId>) -> Vec<(Flow, Cursor)> {
        let new: Vec<_> = self.order.iter().copied().filter(|id| !seen.contains(id)).collect();
        seen.extend(&new);
        seen.retain(|id| self.flows.contains_key(id));
        new.into_iter().filter_map(|id| self.begin(id, None)).collect()
    }

    /// Is there nothing the recorder lacks?
    pub fn is_empty(&self) -> bool {
        self.flows.values().all(|kept| kept.packets.is_empty())
    }

    /// Bytes kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Packet {
    fn cost(&self) -> usize {
        self.bytes.len() + PACKET_OVERHEAD_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;
    use tongtang_protocol::ids::ParticipantId;
    use tongtang_protocol::lesson::Source;
    use tongtang_roq::control::FlowCodec;
    use tongtang_roq::framing::StreamReader;

    const FLOW: FlowId = FlowId(1);

    fn flow(id: u64) -> Flow {
        Flow {
            id: FlowId(id),
            participant: ParticipantId::new("teacher").unwrap(),
            source: Source::Microphone,
            codec: FlowCodec::Opus,
            rid: None,
            ssrc: 9,
            payload_type: 111,
            clock_rate_hz: 48_000,
        }
    }

    /// A moment of the monotonic clock.
    fn at(us: u64) -> Instant {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        *START + Duration::from_micros(us)
    }

    fn packet(store: &mut Store, flow: u64, index: u64, arrival_unix_us: u64) {
        let item = Tapped::Packet { flow: FlowId(flow), index, arrival_unix_us };
        store.accept(at(arrival_unix_us), item, &[index as u8; 100]);
    }

    fn started(flows: &[u64]) -> Store {
        let mut store = Store::default();
        for id in flows {
            store.accept(at(0), Tapped::Started { flow: flow(*id), first: 0 }, &[]);
        }
        store
    }

    /// Marks and packets of a batch: `(index, arrival)` of each packet as a reader computes it.
    fn read(bytes: &[u8]) -> Vec<(u64, u64)> {
        let mut reader = StreamReader::default();
        let mut head = BytesMut::new();
        framing::put_flow(&mut head, FLOW);
        reader.push(&head);
        reader.push(bytes);
        let (mut seen, mut here) = (Vec::new(), None::<(u64, u64)>);
        while let Some(packet) = reader.next_packet().unwrap() {
            if let Some(mark) = arrival::get(&packet) {
                here = Some((mark.index, mark.unix_us));
            } else {
                let (index, arrival) = here.expect("a mark comes first");
                assert_eq!(packet[0], index as u8);
                seen.push((index, arrival));
                here = Some((index + 1, arrival));
            }
        }
        seen
    }

    #[test]
    fn a_batch_carries_every_packet_with_its_arrival_to_the_millisecond() {
        let mut store = started(&[1]);
        for n in 0..50 {
            packet(&mut store, 1, n, 1_000_000 + n * 400);
        }
        let mut cursor = Cursor::at(0);
        let batch = store.batch(FLOW, &mut cursor, usize::MAX).unwrap();
        let seen = read(&batch.bytes);
        assert_eq!(seen.len(), 50);
        for (n, (index, arrival)) in seen.into_iter().enumerate() {
            assert_eq!(index, n as u64);
            assert!((1_000_000 + index * 400).abs_diff(arrival) < 1_000);
        }
        assert!(store.batch(FLOW, &mut cursor, usize::MAX).unwrap().bytes.is_empty(), "nothing twice");
    }

    #[test]
    fn what_is_durable_is_forgotten_and_the_rest_is_sent_again_after_a_reconnect() {
        let mut store = started(&[1]);
        (0..10).for_each(|n| packet(&mut store, 1, n, n));
        store.durable(FLOW, 4);
        let resumed = store.resume(&BTreeMap::from([(FLOW, 6)]));
        assert_eq!(resumed[0].1.next, 6, "it goes on where the recorder's disk ends");
        let resumed = store.resume(&BTreeMap::new());
        assert_eq!(resumed[0].1.next, 4, "a recorder that knows nothing gets all that is kept");
        store.durable(FLOW, 10);
        assert!(store.is_empty());
        assert_eq!(store.bytes(), 0);
        assert_eq!(store.resume(&BTreeMap::from([(FLOW, 10)]))[0].1.next, 10);
    }

    #[test]
    fn a_hole_is_told_as_lost_and_marked_in_the_stream() {
        let mut store = started(&[1]);
        packet(&mut store, 1, 0, 5);
        packet(&mut store, 1, 3, 5);
        let mut cursor = Cursor::at(0);
        assert_eq!(read(&store.batch(FLOW, &mut cursor, usize::MAX).unwrap().bytes), [(0, 5)]);
        let batch = store.batch(FLOW, &mut cursor, usize::MAX).unwrap();
        assert_eq!(batch.lost, Some((1, 3)));
        assert_eq!(read(&batch.bytes), [(3, 5)]);
    }

    #[test]
    fn the_oldest_go_first_when_the_recorder_stays_away() {
        let mut store = started(&[1, 2]);
        let second = 1_000_000;
        (0..30).for_each(|n| packet(&mut store, 1 + n % 2, n / 2, 100 * second + n * second));
        let dropped = store.enforce_bounds(at(130 * second));
        assert_eq!(dropped, 10, "those older than 20 s");
        let resumed = store.resume(&BTreeMap::from([(FlowId(1), 0), (FlowId(2), 0)]));
        assert_eq!(resumed.iter().map(|(_, cursor)| cursor.next).collect::<Vec<_>>(), [5, 5]);
    }

    #[test]
    fn a_clock_that_is_set_makes_nothing_old() {
        let mut store = started(&[1]);
        let (hour, second) = (3_600_000_000, 1_000_000);
        for (n, arrival_unix_us) in [2 * hour, hour, 3 * hour].into_iter().enumerate() {
            let item = Tapped::Packet { flow: FLOW, index: n as u64, arrival_unix_us };
            store.accept(at(n as u64 * second), item, &[0; 100]);
            assert_eq!(store.enforce_bounds(at(n as u64 * second)), 0);
        }
        assert_eq!(store.enforce_bounds(at(20 * second)), 0);
        assert_eq!(store.enforce_bounds(at(21 * second)), 1, "the first has waited longer than 20 s");
    }

    #[test]
    fn the_bytes_are_bounded() {
        let mut store = started(&[1]);
        for n in 0..(MAX_KEPT_BYTES / 1000) as u64 {
            store.accept(at(n), Tapped::Packet { flow: FLOW, index: n, arrival_unix_us: n }, &[0; 1200]);
            store.enforce_bounds(at(n));
        }
        assert!(store.bytes() <= MAX_KEPT_BYTES);
        assert!(store.resume(&BTreeMap::new())[0].1.next > 0);
    }

    #[test]
    fn a_flow_that_ended_says_so_even_when_its_last_packets_were_lost() {
        let mut store = started(&[1]);
        packet(&mut store, 1, 0, 5);
        store.accept(at(5), Tapped::Ended { flow: FLOW, next: 3 }, &[]);
        let mut cursor = Cursor::at(0);
        let batch = store.batch(FLOW, &mut cursor, usize::MAX).unwrap();
        assert!(!batch.is_last && !batch.bytes.is_empty());
        let batch = store.batch(FLOW, &mut cursor, usize::MAX).unwrap();
        assert_eq!((batch.lost, batch.is_last), (Some((1, 3)), true));
    }

    #[test]
    fn a_lesson_of_many_reconnects_does_not_fill_the_memory_with_flows() {
        let mut store = Store::default();
        for id in 0..10 * MAX_FLOWS as u64 {
            store.accept(at(0), Tapped::Started { flow: flow(id), first: 0 }, &[]);
            packet(&mut store, id, 0, 1);
            store.accept(at(1), Tapped::Ended { flow: FlowId(id), next: 1 }, &[]);
        }
        assert!(store.flows.len() <= MAX_FLOWS && store.order.len() <= MAX_FLOWS);
        assert_eq!(store.bytes(), store.flows.len() * (100 + PACKET_OVERHEAD_BYTES));
    }
}
