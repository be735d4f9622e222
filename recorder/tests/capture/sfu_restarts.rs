//! The sfu is restarted in the middle of a lesson: same flow identifiers, other tracks.

use super::fake_tap::{Arrived, FakeTap};
use super::lesson::{FLOWS, assert_complete, begin, captured, contents, packet};
use super::process::{Home, spec};
use tongtang_protocol::control::CaptureState;
use tongtang_protocol::trouble::RecordingTrouble;
use tongtang_recorder::clock::now_unix_us;

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_sfu_has_new_tracks_once_signaling_says_so() {
    let home = Home::new();
    let (first, recorder) = captured(&home, 20).await;
    drop(first);
    recorder.until_state(CaptureState::Waiting).await;

    let second = FakeTap::new(&home.secrets, 8);
    begin(&second);
    let mut old_epoch = spec(&second);
    old_epoch.sfu_epoch = 7;
    recorder.put(&old_epoch).await;
    second.until("the old epoch is refused", |room| room.refused > 0).await;
    let waiting = recorder.until("the refusal is told", |status| status.alarm.is_some()).await;
    assert_eq!(waiting.state, CaptureState::Waiting);
    assert_eq!(waiting.alarm.unwrap().trouble, RecordingTrouble::MediaServerAway);

    recorder.put(&spec(&second)).await;
    // The publishers are back three seconds later.
    let back_unix_us = now_unix_us() + 3_000_000;
    for (id, index) in FLOWS.into_iter().flat_map(|id| (0..20).map(move |index| (id, index))) {
        let arrival_unix_us = back_unix_us + index * 10_000;
        second.send(id, Arrived { arrival_unix_us, packet: packet(id, index) });
    }
    second.until("they are on disk", |room| room.flows.values().all(|flow| flow.durable == 20)).await;
    let status = recorder.finish().await;
    assert_complete(&home.recording_folder(), &second);
    let contents = contents(&home.recording_folder());
    let epochs: Vec<u64> = contents.tracks.keys().map(|key| key.sfu_epoch).collect();
    assert_eq!(epochs, [7, 7, 7, 8, 8, 8]);

    let fragments = |epoch| {
        let tracks = contents.tracks.iter().filter(move |(key, _)| key.sfu_epoch == epoch);
        tracks.flat_map(|(_, track)| track.fragments.values())
    };
    let last = fragments(7).map(|fragment| fragment.last_arrival_unix_us).max().unwrap();
    assert_eq!(status.gap_ms, (back_unix_us - last) / 1000, "the time without an sfu is missing");
    assert_eq!(contents.gaps.len(), 3, "one for each flow of the first life: {:?}", contents.gaps);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_over_which_nobody_sends_yet_is_no_trouble() {
    let home = Home::new();
    let gone = FakeTap::new(&home.secrets, 7);
    let recorder = home.start();
    let nowhere = spec(&gone);
    drop(gone);
    recorder.put(&nowhere).await;
    recorder.until("the sfu is away", |status| status.alarm.is_some()).await;

    let tap = FakeTap::new(&home.secrets, 7);
    recorder.put(&spec(&tap)).await;
    let quiet = recorder.until("the trouble is over", |status| status.alarm.is_none()).await;
    assert_eq!(quiet.state, CaptureState::Waiting, "no packet yet");
}
