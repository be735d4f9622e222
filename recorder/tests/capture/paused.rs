//! The lesson pauses, or its teacher turns recording off: nothing of that time stays on disk.

use super::lesson::{FLOWS, captured, contents, durable_more, indexes_on_disk, send_one_each, teach_until};
use super::process::{Home, Recorder};
use tongtang_protocol::control::{AppendEvents, CaptureState};
use tongtang_protocol::ids::ParticipantId;
use tongtang_protocol::lesson::{LessonEvent, LessonEventKind};
use tongtang_protocol::units::UnixMillis;
use tongtang_recorder::capture::LATE_MEDIA_US;
use tongtang_recorder::clock::now_unix_us;

/// Tells the recorder what has happened just now; says when.
async fn happens(recorder: &Recorder, seq: u64, kind: LessonEventKind) -> u64 {
    let at = UnixMillis((now_unix_us() / 1000) as i64);
    let events = vec![LessonEvent { seq, at, kind }];
    assert_eq!(recorder.post("events", &AppendEvents { events }).await.status(), 200);
    at.0 as u64 * 1000
}

fn live() -> LessonEventKind {
    LessonEventKind::Live { teacher: ParticipantId::new("teacher").unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_pause_is_on_disk_though_the_recorder_is_killed_in_it() {
    let home = Home::new();
    let (tap, recorder) = captured(&home, 0).await;
    happens(&recorder, 1, live()).await;
    teach_until(&tap, durable_more(&tap, 20)).await;
    let paused_us = happens(&recorder, 2, LessonEventKind::Paused).await;
    // What is skipped is acknowledged, so the sfu may forget it.
    teach_until(&tap, durable_more(&tap, 100)).await;
    recorder.kill();
    (0..50).for_each(|_| send_one_each(&tap));
    let recorder = home.start();
    teach_until(&tap, recorder.until_state(CaptureState::Capturing)).await;
    teach_until(&tap, durable_more(&tap, 100)).await;
    assert_eq!(tap.with(|room| room.keyframes), 0);

    let live_us = teach_until(&tap, happens(&recorder, 3, live())).await;
    assert_eq!(recorder.status().await.unwrap().state, CaptureState::Capturing, "it is not away meanwhile");
    teach_until(&tap, tap.until("pictures begin anew", |room| room.keyframes == 1)).await;
    teach_until(&tap, durable_more(&tap, 20)).await;
    let status = recorder.finish().await;

    for id in FLOWS {
        let sent = tap.with(|room| room.flows[&id].packets.clone());
        let is_kept = |arrival: u64| arrival < paused_us + LATE_MEDIA_US || arrival >= live_us;
        let kept: Vec<u64> = (0..)
            .zip(&sent)
            .filter(|(_, packet)| is_kept(packet.arrival_unix_us))
            .map(|(index, _)| index)
            .collect();
        assert!(kept.len() + 200 < sent.len(), "the pause was long enough");
        assert_eq!(indexes_on_disk(&home.recording_folder(), tap.epoch, id), kept, "flow {id:?}");
    }
    let contents = contents(&home.recording_folder());
    assert_eq!((contents.gaps, status.gap_ms), (vec![], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_of_which_a_restarted_recorder_hears_late_is_removed_from_its_disk() {
    let home = Home::new();
    let (tap, recorder) = captured(&home, 20).await;
    happens(&recorder, 1, live()).await;
    recorder.kill();
    let paused_us = now_unix_us() / 1000 * 1000;
    let recorder = home.start();
    teach_until(&tap, durable_more(&tap, 200)).await;
    let events = vec![LessonEvent {
        seq: 2,
        at: UnixMillis((paused_us / 1000) as i64),
        kind: LessonEventKind::Paused,
    }];
    let told = AppendEvents { events };
    assert_eq!(teach_until(&tap, recorder.post("events", &told)).await.status(), 200);
    for id in FLOWS {
        let sent = tap.with(|room| room.flows[&id].packets.clone());
        let indexes = indexes_on_disk(&home.recording_folder(), tap.epoch, id);
        assert!(!indexes.is_empty() && indexes.len() < sent.len());
        for index in indexes {
            let arrival = sent[index as usize].arrival_unix_us;
            assert!(arrival < paused_us + LATE_MEDIA_US, "flow {id:?} packet {index}");
        }
    }
    recorder.finish().await;
}
