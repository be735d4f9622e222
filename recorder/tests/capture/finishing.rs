//! Events and the end of a recording, each asked for more than once.

use super::fake_tap::FakeTap;
use super::lesson::{assert_complete, begin, captured, contents, durable_more, teach_until};
use super::process::{Home, recording_id, spec};
use tongtang_protocol::control::{AppendEvents, CaptureState, RecorderEvent};
use tongtang_protocol::ids::ParticipantId;
use tongtang_protocol::lesson::{LessonEvent, LessonEventKind};
use tongtang_protocol::units::UnixMillis;

fn event(seq: u64) -> LessonEvent {
    let kind = if seq == 1 {
        LessonEventKind::Live { teacher: ParticipantId::new("teacher").unwrap() }
    } else {
        LessonEventKind::Stage { participant: None, name: None }
    };
    LessonEvent { seq, at: UnixMillis(1_795_000_000_000 + seq as i64), kind }
}

fn events(seqs: impl IntoIterator<Item = u64>) -> AppendEvents {
    AppendEvents { events: seqs.into_iter().map(event).collect() }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_count_once_and_finishing_twice_is_finishing_once() {
    let home = Home::new();
    let (tap, recorder) = captured(&home, 0).await;
    assert_eq!(recorder.post("events", &events([1, 2])).await.status(), 200);
    assert_eq!(recorder.post("events", &events([1, 2, 3])).await.status(), 200);
    teach_until(&tap, durable_more(&tap, 10)).await;
    let first = recorder.finish().await;
    assert_eq!((first.last_event_seq, first.state), (3, CaptureState::Finished));

    assert_eq!(recorder.finish().await, first);
    assert_eq!(recorder.put(&spec(&tap)).await, first, "a finished recording is not taken up again");
    assert_eq!(recorder.post("events", &events([2, 3])).await.status(), 200, "known already");
    assert_eq!(recorder.post("events", &events([4])).await.status(), 409);
    assert_complete(&home.recording_folder(), &tap);
    let contents = contents(&home.recording_folder());
    assert_eq!(contents.events, [event(1), event(2), event(3)]);
    assert_eq!(tap.with(|room| room.subscriptions), 1);

    drop(recorder);
    let recorder = home.start();
    let again = recorder.status().await.unwrap();
    assert_eq!(again, first, "shown until it is composed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_whose_sfu_is_gone_can_be_finished() {
    let home = Home::new();
    let (tap, recorder) = captured(&home, 10).await;
    let durable = tap.with(|room| room.flows.values().map(|flow| flow.durable).min().unwrap());
    drop(tap);
    let status = recorder.finish().await;
    assert!(status.bytes > durable);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_stream_tells_the_snapshot_then_what_happens() {
    let home = Home::new();
    let tap = FakeTap::new(&home.secrets, 7);
    begin(&tap);
    let recorder = home.start();
    let mut stream = recorder.request(reqwest::Method::GET, "/control/events").send().await.unwrap();
    let mut text = Vec::new();
    let mut next = async || {
        loop {
            if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = text.drain(..=end).collect();
                return serde_json::from_slice::<RecorderEvent>(&line).unwrap();
            }
            text.extend(stream.chunk().await.unwrap().expect("the stream goes on"));
        }
    };
    let RecorderEvent::Snapshot { recordings, .. } = next().await else { panic!("a snapshot comes first") };
    assert_eq!(recordings, []);
    recorder.put(&spec(&tap)).await;
    let wait = async {
        let mut states = Vec::new();
        while !states.contains(&CaptureState::Finished) {
            if let RecorderEvent::Recording { recording } = next().await {
                assert_eq!(recording.recording_id, recording_id());
                if recording.state == CaptureState::Capturing && !states.contains(&CaptureState::Capturing) {
                    assert_eq!(recorder.post("finish", &()).await.status(), 202);
                }
                states.push(recording.state);
            }
        }
        states.dedup();
        states
    };
    let states = teach_until(&tap, tokio::time::timeout(super::process::DEADLINE, wait)).await.unwrap();
    assert_eq!(states, [CaptureState::Waiting, CaptureState::Capturing, CaptureState::Finished]);
}
