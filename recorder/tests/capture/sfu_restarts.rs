//! The sfu is restarted in the middle of a lesson: same flow identifiers, other tracks.

use super::fake_tap::FakeTap;
use super::lesson::{assert_complete, begin, captured, contents, durable_more, teach_until};
use super::process::{Home, spec};
use tongtang_protocol::control::CaptureState;
use tongtang_protocol::trouble::RecordingTrouble;

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
    teach_until(&second, second.until("the old epoch is refused", |room| room.refused > 0)).await;
    let waiting = recorder.until("the refusal is told", |status| status.alarm.is_some()).await;
    assert_eq!(waiting.state, CaptureState::Waiting);
    assert_eq!(waiting.alarm.unwrap().trouble, RecordingTrouble::MediaServerAway);

    recorder.put(&spec(&second)).await;
    teach_until(&second, durable_more(&second, 20)).await;
    recorder.finish().await;
    assert_complete(&home.recording_folder(), &second);
    let epochs: Vec<u64> =
        contents(&home.recording_folder()).tracks.keys().map(|key| key.sfu_epoch).collect();
    assert_eq!(epochs, [7, 7, 7, 8, 8, 8]);
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
