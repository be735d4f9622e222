//! The recorder is killed in the middle of a lesson and started again. Nobody tells it anything.

use super::lesson::{
    FLOWS, assert_complete, captured, contents, durable_more, flow, indexes_on_disk, send_one_each,
    teach_until,
};
use super::process::Home;
use reqwest::Method;
use std::time::{Duration, Instant};
use tongtang_protocol::control::{CaptureState, RecordingStatus};
use tongtang_recorder::manifest::{self, Finished, FragmentLine, GapReason, Line, Manifest};
use tongtang_recorder::track::Track;

/// "resumes by itself within 5 s of a `kill -9`"
const MAX_RESUME: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_killed_three_times_loses_no_packet() {
    let home = Home::new();
    let (tap, mut recorder) = captured(&home, 0).await;
    for _ in 0..3 {
        teach_until(&tap, durable_more(&tap, 20)).await;
        recorder.kill();
        (0..50).for_each(|_| send_one_each(&tap));
        let started = Instant::now();
        recorder = home.start();
        teach_until(&tap, recorder.until_state(CaptureState::Capturing)).await;
        assert!(started.elapsed() < MAX_RESUME, "resumed after {:?}", started.elapsed());
    }
    let status = recorder.finish().await;

    assert_complete(&home.recording_folder(), &tap);
    assert_eq!(status.gap_ms, 0);
    let contents = contents(&home.recording_folder());
    assert_eq!((contents.processes, contents.gaps.len(), contents.damaged_lines), (4, 0, 0));
    assert_eq!(status.bytes, contents.bytes);
    tap.until("the sfu may forget the recording", |room| room.is_finished).await;
}

/// Recordings that stand in the media folder already, half of them composed: each with the manifest of a
/// long lesson of many classrooms.
fn old_recordings(home: &Home, count: u32) {
    let whole = home.media.join("old-0");
    std::fs::create_dir(&whole).unwrap();
    let track = Track { sfu_epoch: 1, flow: flow(FLOWS[0]) };
    let key = track.key();
    let mut lines = vec![Line::Track { track, at_unix_us: 1 }];
    lines.extend((1..=40_000).map(|number| {
        Line::Fragment(FragmentLine {
            track: key,
            number,
            first_index: u64::from(number) * 100,
            last_index: u64::from(number) * 100 + 99,
            first_arrival_unix_us: 1_795_000_000_000_000,
            last_arrival_unix_us: 1_795_000_000_000_000,
            bytes: 10_000,
            mended: false,
        })
    }));
    let mut manifest = Manifest::open(&whole).unwrap();
    manifest.append(lines).unwrap();
    let totals = manifest.contents().totals();
    manifest.append(vec![Line::Finished(Finished { at_unix_us: 2, totals })]).unwrap();
    for number in 1..count {
        let folder = home.media.join(format!("old-{number}"));
        std::fs::create_dir_all(folder.join("out")).unwrap();
        std::fs::hard_link(manifest.path(), folder.join(manifest::FILE_NAME)).unwrap();
        if number % 2 == 0 {
            std::fs::write(folder.join("out/resource.json"), "{}").unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_recorder_goes_on_at_once_however_many_lessons_it_captured_before() {
    let home = Home::new();
    old_recordings(&home, 200);
    let (tap, recorder) = captured(&home, 20).await;
    recorder.kill();
    let started = Instant::now();
    let recorder = home.start();
    teach_until(&tap, recorder.until_state(CaptureState::Capturing)).await;
    assert!(started.elapsed() < MAX_RESUME, "resumed after {:?}", started.elapsed());
    let url = |id: u32| format!("/control/recordings/old-{id}");
    for (id, composed) in [(1, false), (2, true)] {
        let old: RecordingStatus =
            recorder.request(Method::GET, &url(id)).send().await.unwrap().json().await.unwrap();
        assert_eq!((old.state, old.bytes), (CaptureState::Finished, 400_000_000), "composed: {composed}");
    }
    let list: Vec<RecordingStatus> =
        recorder.request(Method::GET, "/control/recordings").send().await.unwrap().json().await.unwrap();
    assert_eq!(list.len(), 102, "those composed are not shown");
    recorder.finish().await;
    assert_complete(&home.recording_folder(), &tap);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_told_to_stop_closes_its_fragments_and_goes_on_later() {
    let home = Home::new();
    let (tap, recorder) = captured(&home, 10).await;
    recorder.terminate();
    let closed = contents(&home.recording_folder());
    assert!(closed.finished_unix_us.is_none());
    let mended = closed.tracks.values().flat_map(|track| track.fragments.values()).any(|f| f.mended);
    assert!(!mended);

    let recorder = home.start();
    teach_until(&tap, durable_more(&tap, 10)).await;
    recorder.finish().await;
    assert_complete(&home.recording_folder(), &tap);
    let contents = contents(&home.recording_folder());
    let mended = contents.tracks.values().flat_map(|track| track.fragments.values()).any(|f| f.mended);
    assert!(!mended, "nothing was left open");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sfu_could_not_retain_is_marked_as_a_gap() {
    let home = Home::new();
    let (tap, recorder) = captured(&home, 20).await;
    recorder.kill();
    let last = tap.with(|room| room.flows.values().map(|flow| flow.packets.len() as u64).collect::<Vec<_>>());
    (0..100).for_each(|_| send_one_each(&tap));
    tap.with(|room| {
        for (flow, last) in room.flows.values_mut().zip(&last) {
            flow.first = last + 60;
        }
    });

    let recorder = home.start();
    teach_until(&tap, durable_more(&tap, 10)).await;
    let status = recorder.finish().await;
    let contents = contents(&home.recording_folder());
    assert_eq!(contents.gaps.len(), 3, "one a flow: {:?}", contents.gaps);
    for gap in &contents.gaps {
        assert_eq!(gap.reason, GapReason::Away);
        let indexes = indexes_on_disk(&home.recording_folder(), tap.epoch, gap.track.flow);
        let sent = tap.with(|room| room.flows[&gap.track.flow].packets.len() as u64);
        let expected: Vec<u64> = (0..gap.from_index).chain(gap.to_index..sent).collect();
        assert_eq!(indexes, expected);
    }
    assert_eq!(status.gap_ms, contents.gap_ms());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_that_comes_back_after_all_was_forgotten_says_so_though_nothing_follows() {
    let home = Home::new();
    let (tap, recorder) = captured(&home, 20).await;
    recorder.kill();
    (0..100).for_each(|_| send_one_each(&tap));
    tap.with(|room| room.flows.values_mut().for_each(|flow| flow.first = flow.packets.len() as u64));

    let recorder = home.start();
    recorder.until("the tap is there", |status| status.alarm.is_none()).await;
    tap.until("the recorder is back", |room| room.subscriptions == 2).await;
    let status = recorder.finish().await;
    let contents = contents(&home.recording_folder());
    assert_eq!(contents.gaps.len(), 3, "one a flow: {:?}", contents.gaps);
    for gap in &contents.gaps {
        let sent = tap.with(|room| room.flows[&gap.track.flow].packets.len() as u64);
        assert_eq!((gap.to_index, gap.to_unix_us > gap.from_unix_us), (sent, true));
    }
    assert!(status.gap_ms > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_killed_while_finishing_finishes_when_it_is_back() {
    let home = Home::new();
    let (tap, recorder) = captured(&home, 20).await;
    assert_eq!(recorder.post("finish", &()).await.status(), 202);
    recorder.kill();

    let recorder = home.start();
    recorder.until_state(CaptureState::Finished).await;
    assert_complete(&home.recording_folder(), &tap);
}
