//! The disk fills up in the middle of a lesson. A real, small file system (tmpfs) is really full.

use super::lesson::{assert_complete, captured, contents, durable_more, teach_until};
use super::process::Home;
use super::small_disk::SmallDisk;
use std::path::{Path, PathBuf};
use tongtang_protocol::control::{AppendEvents, CaptureState};
use tongtang_protocol::trouble::RecordingTrouble;

/// The small disk, in bytes.
const DISK: u64 = 48 << 20;

/// Fills the disk until `leave_bytes` are free.
fn fill(media: &Path, leave_bytes: u64) -> PathBuf {
    let ballast = media.join("ballast");
    let file = std::fs::File::create(&ballast).unwrap();
    let stat = rustix::fs::statvfs(media).unwrap();
    let bytes = (stat.f_bavail * stat.f_frsize).saturating_sub(leave_bytes);
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes).unwrap();
    ballast
}

/// Captures, fills the disk, waits for the alarm, makes room, captures on.
async fn lesson_over_a_full_disk(
    home: &Home,
    leave_bytes: u64,
    is_expected: impl Fn(RecordingTrouble) -> bool,
) {
    let (tap, recorder) = captured(home, 20).await;
    let ballast = fill(&home.media, leave_bytes);
    let alarmed = teach_until(&tap, recorder.until_state(CaptureState::Alarmed)).await;
    let alarm = alarmed.alarm.unwrap();
    assert!(is_expected(alarm.trouble) && alarm.text.contains("goes on by itself"), "{alarm:?}");
    if home.min_free_bytes > 0 {
        let refused = recorder.post("events", &AppendEvents { events: vec![] }).await;
        assert_eq!(refused.status(), 507, "signaling keeps its events and asks again");
    }

    std::fs::remove_file(ballast).unwrap();
    teach_until(&tap, recorder.until_state(CaptureState::Capturing)).await;
    teach_until(&tap, durable_more(&tap, 20)).await;
    let status = recorder.finish().await;
    assert_complete(&home.recording_folder(), &tap);
    assert_eq!((status.gap_ms, contents(&home.recording_folder()).damaged_lines), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nearly_full_disk_stops_the_recording_with_an_alarm_until_there_is_room() {
    let mut home = Home::new();
    home.min_free_bytes = 4 << 20;
    let test = "disk_full::a_nearly_full_disk_stops_the_recording_with_an_alarm_until_there_is_room";
    let Some(_disk) = SmallDisk::mount(test, &home.media, DISK) else { return };
    let nearly_full =
        |trouble| matches!(trouble, RecordingTrouble::DiskNearlyFull { free_mb, min_mb } if free_mb < min_mb);
    lesson_over_a_full_disk(&home, home.min_free_bytes / 2, nearly_full).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_refuses_the_next_byte_loses_nothing_that_was_there() {
    let home = Home::new();
    let test = "disk_full::a_disk_that_refuses_the_next_byte_loses_nothing_that_was_there";
    let Some(_disk) = SmallDisk::mount(test, &home.media, DISK) else { return };
    lesson_over_a_full_disk(&home, 0, |trouble| trouble == RecordingTrouble::DiskFull).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_that_starts_on_a_full_disk_says_so_and_goes_on_when_there_is_room() {
    let home = Home::new();
    let test = "disk_full::a_recorder_that_starts_on_a_full_disk_says_so_and_goes_on_when_there_is_room";
    let Some(_disk) = SmallDisk::mount(test, &home.media, DISK) else { return };
    let (tap, recorder) = captured(&home, 20).await;
    recorder.kill();
    let ballast = fill(&home.media, 0);

    let recorder = home.start();
    teach_until(&tap, recorder.until_state(CaptureState::Alarmed)).await;
    std::fs::remove_file(ballast).unwrap();
    teach_until(&tap, durable_more(&tap, 20)).await;
    recorder.finish().await;
    assert_complete(&home.recording_folder(), &tap);
}
