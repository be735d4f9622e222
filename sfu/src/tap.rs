//! The byte ring between the packet thread and the recorder's connection.
//!
//! Owns one ring a tapped room. Enters, on the packet thread: a flow's start and end and its packets,
//! through [`TapWriter`], which never waits and never allocates for a packet. Leaves, on the shell's
//! side: [`Tapped`] items, in order, through [`TapReader`]. When the ring is full the newest packet is
//! dropped and counted; its index is used up all the same, so that the reader sees the hole.

use rtrb::{Consumer, Producer, RingBuffer};
use std::collections::VecDeque;
use tongtang_roq::control::{Flow, FlowId};
use tongtang_roq::framing::MAX_PACKET_BYTES;

/// Bytes between the packet thread and the shell: 1.6 s of a lesson at 20 Mbit/s. When the shell is
/// further behind, the newest packets are lost to the recording; the live lesson is not touched.
pub const RING_BYTES: usize = 4 << 20;

/// Flows of one tap at once. Those started beyond it are not recorded, and counted.
pub const MAX_FLOWS: usize = 256;

/// kind, flow, index, arrival, length
const HEADER_BYTES: usize = 1 + 8 + 8 + 8 + 2;
const KIND_STARTED: u8 = 1;
const KIND_PACKET: u8 = 2;
const KIND_ENDED: u8 = 3;

/// Makes a ring of `capacity_bytes`. Every flow's first packet gets the index `first_index`, so that
/// a room tapped again does not use an index twice.
pub fn ring(capacity_bytes: usize, first_index: u64) -> (TapWriter, TapReader) {
    let (producer, consumer) = RingBuffer::new(capacity_bytes);
    (
        TapWriter {
            producer,
            flows: Vec::with_capacity(16),
            waiting: VecDeque::new(),
            first_index,
            dropped: 0,
        },
        TapReader { consumer },
    )
}

/// The packet thread's end.
#[derive(Debug)]
pub struct TapWriter {
    producer: Producer<u8>,
    flows: Vec<(FlowId, u64)>,
    /// Starts and ends that found the ring full: they must not be lost.
    waiting: VecDeque<Waiting>,
    first_index: u64,
    dropped: u64,
}

#[derive(Debug)]
enum Waiting {
    Started(Flow),
    Ended(FlowId, u64),
}

impl TapWriter {
    /// A flow begins; its packets follow.
    pub fn flow_started(&mut self, flow: &Flow) {
        if self.flows.iter().any(|(id, _)| *id == flow.id) {
            return;
        }
        if self.flows.len() == MAX_FLOWS {
            self.dropped += 1;
            return;
        }
        self.flows.push((flow.id, self.first_index));
        self.waiting.push_back(Waiting::Started(flow.clone()));
        self.write_waiting();
    }

    /// A packet (RTP, decrypted, as the publisher made it) arrived at `arrival_unix_us`. Packets of
    /// an unknown flow and packets longer than a RoQ stream carries are dropped and counted.
    pub fn packet(&mut self, flow: FlowId, arrival_unix_us: u64, packet: &[u8]) {
        if !self.waiting.is_empty() {
            self.write_waiting();
        }
        let Some((_, next)) = self.flows.iter_mut().find(|(id, _)| *id == flow) else {
            self.dropped += 1;
            return;
        };
        let index = *next;
        *next += 1;
        let fits = packet.len() <= MAX_PACKET_BYTES
            && self.waiting.is_empty()
            && self.producer.slots() >= HEADER_BYTES + packet.len();
        if fits {
            self.write(KIND_PACKET, flow, index, arrival_unix_us, packet);
        } else {
            self.dropped += 1;
        }
    }

    /// Nothing more comes on this flow.
    pub fn flow_ended(&mut self, flow: FlowId) {
        if let Some(at) = self.flows.iter().position(|(id, _)| *id == flow) {
            let (_, next) = self.flows.swap_remove(at);
            self.waiting.push_back(Waiting::Ended(flow, next));
            self.write_waiting();
        }
    }

    /// Packets dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Has the reader gone? Then the tap may be detached.
    pub fn is_abandoned(&self) -> bool {
        self.producer.is_abandoned()
    }

    fn write_waiting(&mut self) {
        while let Some(item) = self.waiting.pop_front() {
            let (kind, flow, index, body) = match &item {
                // A flow's description is small (its strings are bounded identifiers) and always serializes.
                Waiting::Started(flow) => {
                    (KIND_STARTED, flow.id, self.first_index, serde_json::to_vec(flow).unwrap_or_default())
                }
                Waiting::Ended(flow, next) => (KIND_ENDED, *flow, *next, Vec::new()),
            };
            if self.producer.slots() < HEADER_BYTES + body.len() {
                self.waiting.push_front(item);
                return;
            }
            self.write(kind, flow, index, 0, &body);
        }
    }

    /// The caller has checked that there is room.
    fn write(&mut self, kind: u8, flow: FlowId, index: u64, arrival_unix_us: u64, body: &[u8]) {
        let mut header = [0u8; HEADER_BYTES];
        header[0] = kind;
        header[1..9].copy_from_slice(&flow.0.to_be_bytes());
        header[9..17].copy_from_slice(&index.to_be_bytes());
        header[17..25].copy_from_slice(&arrival_unix_us.to_be_bytes());
        header[25..27].copy_from_slice(&(body.len() as u16).to_be_bytes());
        self.producer.push_entire_slice(&header).expect("room was checked and only this end fills the ring");
        self.producer.push_entire_slice(body).expect("room was checked and only this end fills the ring");
    }
}

/// What comes out of the ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tapped {
    /// A flow begins.
    Started {
        /// Which.
        flow: Flow,
        /// The index its first packet would have.
        first: u64,
    },
    /// A packet; its bytes are in the buffer given to [`TapReader::read`].
    Packet {
        /// The flow.
        flow: FlowId,
        /// Counts the flow's packets; a jump is a hole.
        index: u64,
        /// When it arrived at the sfu.
        arrival_unix_us: u64,
    },
    /// A flow is over.
    Ended {
        /// Which.
        flow: FlowId,
        /// Index behind its last packet.
        next: u64,
    },
}

/// The shell's end.
#[derive(Debug)]
pub struct TapReader {
    consumer: Consumer<u8>,
}

impl TapReader {
    /// The next item; a packet's bytes replace what is in `packet`. `None`: nothing complete is there yet.
    pub fn read(&mut self, packet: &mut Vec<u8>) -> Option<Tapped> {
        let mut header = [0u8; HEADER_BYTES];
        let available = self.consumer.slots();
        let chunk = self.consumer.read_chunk(HEADER_BYTES).ok()?;
        let (one, two) = chunk.as_slices();
        header[..one.len()].copy_from_slice(one);
        header[one.len()..].copy_from_slice(two);
        let len = usize::from(u16::from_be_bytes([header[25], header[26]]));
        if available < HEADER_BYTES + len {
            return None;
        }
        chunk.commit_all();
        packet.resize(len, 0);
        self.consumer
            .pop_entire_slice(packet)
            .expect("the length was checked and only this end empties the ring");
        let number = |at: usize| u64::from_be_bytes(header[at..at + 8].try_into().expect("eight bytes"));
        let (flow, index) = (FlowId(number(1)), number(9));
        Some(match header[0] {
            KIND_STARTED => Tapped::Started {
                flow: serde_json::from_slice(packet).expect("written by our writer"),
                first: index,
            },
            KIND_PACKET => Tapped::Packet { flow, index, arrival_unix_us: number(17) },
            _ => Tapped::Ended { flow, next: index },
        })
    }

    /// Will nothing more ever come?
    pub fn is_finished(&self) -> bool {
        self.consumer.is_abandoned() && self.consumer.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tongtang_protocol::ids::ParticipantId;
    use tongtang_protocol::lesson::Source;
    use tongtang_roq::control::FlowCodec;

    fn flow(id: u64) -> Flow {
        Flow {
            id: FlowId(id),
            participant: ParticipantId::new("teacher").unwrap(),
            source: Source::Camera,
            codec: FlowCodec::Vp8,
            rid: Some("h".into()),
            ssrc: 7,
            payload_type: 96,
            clock_rate_hz: 90_000,
        }
    }

    #[test]
    fn what_is_written_comes_out_in_order_across_the_ring_s_end() {
        let (mut writer, mut reader) = ring(8192, 5);
        writer.flow_started(&flow(1));
        let mut packet = Vec::new();
        assert_eq!(reader.read(&mut packet), Some(Tapped::Started { flow: flow(1), first: 5 }));
        for n in 0..1000u64 {
            let sent = vec![n as u8; 4 + n as usize % 1200];
            writer.packet(FlowId(1), n, &sent);
            assert_eq!(
                reader.read(&mut packet),
                Some(Tapped::Packet { flow: FlowId(1), index: 5 + n, arrival_unix_us: n })
            );
            assert_eq!(packet, sent);
        }
        writer.flow_ended(FlowId(1));
        assert_eq!(reader.read(&mut packet), Some(Tapped::Ended { flow: FlowId(1), next: 1005 }));
        assert_eq!(reader.read(&mut packet), None);
        drop(writer);
        assert!(reader.is_finished());
    }

    #[test]
    fn a_full_ring_drops_the_newest_packet_and_leaves_a_hole_in_the_indexes() {
        let (mut writer, mut reader) = ring(2048, 0);
        writer.flow_started(&flow(1));
        for n in 0..10 {
            writer.packet(FlowId(1), n, &[n as u8; 500]);
        }
        writer.flow_ended(FlowId(1));
        assert!(writer.dropped() >= 6);
        let mut packet = Vec::new();
        let mut seen = Vec::new();
        loop {
            match reader.read(&mut packet) {
                Some(Tapped::Packet { index, .. }) => seen.push(index),
                Some(Tapped::Ended { next, .. }) => {
                    assert_eq!(next, 10, "the end says how many there were");
                    break;
                }
                Some(Tapped::Started { .. }) => {}
                // The end waited for room: the next call of the writer brings it.
                None => writer.packet(FlowId(1), 11, &[0; 4]),
            }
        }
        assert_eq!(seen, [0, 1, 2]);
    }

    #[test]
    fn a_flow_too_many_is_not_recorded_and_the_next_one_is_when_another_has_ended() {
        let (mut writer, mut reader) = ring(RING_BYTES, 0);
        let flows = MAX_FLOWS as u64;
        (0..=flows).for_each(|id| writer.flow_started(&flow(id)));
        assert_eq!(writer.dropped(), 1);
        writer.packet(FlowId(flows), 0, &[1; 4]);
        assert_eq!(writer.dropped(), 2, "its packets neither");
        writer.packet(FlowId(0), 0, &[1; 4]);
        writer.flow_ended(FlowId(0));
        writer.flow_started(&flow(flows + 1));
        assert_eq!(writer.dropped(), 2);
        let mut started = Vec::new();
        while let Some(item) = reader.read(&mut Vec::new()) {
            if let Tapped::Started { flow, .. } = item {
                started.push(flow.id.0);
            }
        }
        assert_eq!(started, (0..flows).chain([flows + 1]).collect::<Vec<_>>());
    }

    #[test]
    fn a_start_that_found_the_ring_full_is_not_lost() {
        let (mut writer, mut reader) = ring(1024, 0);
        writer.flow_started(&flow(1));
        writer.packet(FlowId(1), 0, &[1; 700]);
        writer.flow_started(&flow(2));
        writer.packet(FlowId(2), 0, &[2; 10]);
        let mut packet = Vec::new();
        assert!(matches!(reader.read(&mut packet), Some(Tapped::Started { .. })));
        assert!(matches!(reader.read(&mut packet), Some(Tapped::Packet { .. })));
        writer.packet(FlowId(2), 1, &[3; 10]);
        assert_eq!(reader.read(&mut packet), Some(Tapped::Started { flow: flow(2), first: 0 }));
        assert_eq!(
            reader.read(&mut packet),
            Some(Tapped::Packet { flow: FlowId(2), index: 1, arrival_unix_us: 1 }),
            "the packet in front of it is a hole"
        );
    }
}
