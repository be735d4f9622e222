//! A lesson with the largest number of classrooms, whose recorder comes late and has to catch up.

use super::fake_tap::{Arrived, FakeTap};
use super::lesson::{contents, flow, indexes_on_disk, packet};
use super::process::{Home, spec};
use tongtang_protocol::control::CaptureState;
use tongtang_recorder::clock::now_unix_us;
use tongtang_roq::control::FlowId;

/// Teacher and sixteen classrooms: microphone and three camera layers each, and the board.
const FLOWS: u64 = 17 * 4 + 1;
/// Waiting at the sfu, a flow: more than the recorder takes into memory at once.
const WAITING: u64 = 300;
/// Between two packets of a flow: what waits is nine seconds old.
const PACKET_US: u64 = 30_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_late_recorder_catches_up_with_seventy_flows_and_loses_nothing() {
    let home = Home::new();
    let tap = FakeTap::new(&home.secrets, 7);
    for id in (1..=FLOWS).map(FlowId) {
        tap.start(&flow(id));
    }
    let began = now_unix_us() - WAITING * PACKET_US;
    let send = |indexes: std::ops::Range<u64>| {
        for index in indexes {
            for id in (1..=FLOWS).map(FlowId) {
                let arrival_unix_us = began + index * PACKET_US;
                tap.send(id, Arrived { arrival_unix_us, packet: packet(id, index) });
            }
        }
    };
    send(0..WAITING);
    let recorder = home.start();
    recorder.put(&spec(&tap)).await;
    recorder.until_state(CaptureState::Capturing).await;
    send(WAITING..WAITING + 50);
    tap.until("everything is durable", |room| room.flows.values().all(|flow| flow.durable == WAITING + 50))
        .await;
    let status = recorder.finish().await;
    assert_eq!(status.gap_ms, 0);
    for id in (1..=FLOWS).map(FlowId) {
        let indexes = indexes_on_disk(&home.recording_folder(), tap.epoch, id);
        assert_eq!(indexes, (0..WAITING + 50).collect::<Vec<_>>(), "flow {id:?}");
    }
    let contents = contents(&home.recording_folder());
    assert_eq!((contents.tracks.len() as u64, contents.bytes), (FLOWS, status.bytes));
    for line in contents.tracks.values().flat_map(|track| track.fragments.values()) {
        assert!(line.last_arrival_unix_us - line.first_arrival_unix_us <= 2_000_000, "{line:?}");
    }
}
