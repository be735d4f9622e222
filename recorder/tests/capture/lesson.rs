//! Packets of a lesson, and what of them is on disk afterwards.

use super::fake_tap::{Arrived, FakeTap};
use super::process::{Home, Recorder, spec};
use bytes::Bytes;
use std::path::Path;
use std::time::Duration;
use tongtang_protocol::ids::ParticipantId;
use tongtang_protocol::lesson::Source;
use tongtang_recorder::clock::now_unix_us;
use tongtang_recorder::manifest::Contents;
use tongtang_recorder::recording::Recording;
use tongtang_recorder::segment;
use tongtang_recorder::track::TrackKey;
use tongtang_roq::control::{Flow, FlowCodec, FlowId};

pub const FLOWS: [FlowId; 3] = [FlowId(1), FlowId(2), FlowId(3)];

pub fn flow(id: FlowId) -> Flow {
    let (source, codec, clock_rate_hz) = match id.0 {
        1 => (Source::Microphone, FlowCodec::Opus, 48_000),
        2 => (Source::Camera, FlowCodec::H264, 90_000),
        _ => (Source::Board, FlowCodec::H264, 90_000),
    };
    Flow {
        id,
        participant: ParticipantId::new("teacher").unwrap(),
        source,
        codec,
        rid: None,
        ssrc: 1000 + id.0 as u32,
        payload_type: 96,
        clock_rate_hz,
    }
}

/// The packet of a flow with an index: recognisable, of changing length, each tenth one RTCP.
pub fn packet(id: FlowId, index: u64) -> Bytes {
    let mut packet = vec![0x80, if index % 10 == 9 { 201 } else { 96 }, (index >> 8) as u8, index as u8];
    packet.extend((index as u32 * 960).to_be_bytes());
    packet.extend((1000 + id.0 as u32).to_be_bytes());
    packet.extend((0..20 + index * 37 % 1100).map(|n| (n * 7 + index + id.0) as u8));
    packet.into()
}

pub fn begin(tap: &FakeTap) {
    for id in FLOWS {
        tap.start(&flow(id));
    }
}

/// Sends the next packet of each flow.
pub fn send_one_each(tap: &FakeTap) {
    for id in FLOWS {
        let index = tap.with(|room| room.flows[&id].packets.len() as u64);
        tap.send(id, Arrived { arrival_unix_us: now_unix_us(), packet: packet(id, index) });
    }
}

/// A lesson that goes on, a packet of each flow every 10 ms, until `done` has happened.
pub async fn teach_until<T>(tap: &FakeTap, done: impl Future<Output = T>) -> T {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    tokio::pin!(done);
    loop {
        tokio::select! {
            result = &mut done => return result,
            _ = ticks.tick() => send_one_each(tap),
        }
    }
}

/// A lesson that is being captured; so many packets of each flow are on disk for good.
pub async fn captured(home: &Home, packets: u64) -> (FakeTap, Recorder) {
    let tap = FakeTap::new(&home.secrets, 7);
    begin(&tap);
    let recorder = home.start();
    recorder.put(&spec(&tap)).await;
    teach_until(&tap, durable_more(&tap, packets)).await;
    (tap, recorder)
}

/// Every flow has this many more packets on disk for good than at the time of the call.
pub async fn durable_more(tap: &FakeTap, packets: u64) {
    let before: Vec<u64> = tap.with(|room| room.flows.values().map(|flow| flow.durable).collect());
    tap.until("packets are durable", |room| {
        room.flows.values().zip(&before).all(|(flow, before)| flow.durable >= before + packets)
    })
    .await;
}

/// Indexes of a track's packets on disk; each must be the packet that was sent.
pub fn indexes_on_disk(folder: &Path, sfu_epoch: u64, id: FlowId) -> Vec<u64> {
    let recording = Recording::open(folder).unwrap();
    let mut indexes = Vec::new();
    for (_, path) in recording.fragments(TrackKey { sfu_epoch, flow: id }).unwrap() {
        let bytes = Recording::read_fragment(&path).unwrap();
        let fragment = segment::read(&bytes).unwrap();
        assert_eq!(fragment.tail, segment::Tail::Clean);
        assert_eq!(fragment.track.flow, flow(id));
        for record in &fragment.records {
            assert_eq!(record.packet, packet(id, record.index), "flow {id:?} packet {}", record.index);
            indexes.push(record.index);
        }
    }
    indexes
}

/// All packets that the tap ever had are on disk exactly once, in order.
pub fn assert_complete(folder: &Path, tap: &FakeTap) {
    for id in FLOWS {
        let sent = tap.with(|room| room.flows[&id].packets.len() as u64);
        assert!(sent > 0);
        assert_eq!(indexes_on_disk(folder, tap.epoch, id), (0..sent).collect::<Vec<_>>(), "flow {id:?}");
    }
}

pub fn contents(folder: &Path) -> Contents {
    Recording::open(folder).unwrap().contents().clone()
}
