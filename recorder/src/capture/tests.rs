#![allow(clippy::unwrap_used)]

use super::*;
use crate::recording::Recording;
use tongtang_protocol::ids::ParticipantId;
use tongtang_protocol::lesson::{LessonEventKind, Source};
use tongtang_protocol::units::UnixMillis;
use tongtang_roq::control::FlowCodec;

const EPOCH: u64 = 11;

fn flow(id: u64) -> Flow {
    Flow {
        id: FlowId(id),
        participant: ParticipantId::new("teacher").unwrap(),
        source: Source::Microphone,
        codec: FlowCodec::Opus,
        rid: None,
        ssrc: id as u32,
        payload_type: 111,
        clock_rate_hz: 48_000,
    }
}

fn key(id: u64) -> TrackKey {
    TrackKey { sfu_epoch: EPOCH, flow: FlowId(id) }
}

fn send(capture: &mut Capture, id: u64, indexes: std::ops::Range<u64>) {
    for index in indexes {
        let packet = [0x80, 111, 0, index as u8, 0, 0, 0, 0, 0, 0, 0, 0, index as u8];
        let arrival_unix_us = 1_000_000 + index * 20_000;
        capture.packet(key(id), &Record { kind: PacketKind::Rtp, index, arrival_unix_us, packet: &packet });
    }
}

fn start(capture: &mut Capture, id: u64, first: u64) -> bool {
    capture.start_track(EPOCH, &flow(id), first, GapReason::Away, 5).unwrap()
}

/// Indexes of all records of a track, in file order.
fn on_disk(folder: &Path, id: u64) -> Vec<u64> {
    let recording = Recording::open(folder).unwrap();
    let mut indexes = Vec::new();
    for (_, path) in recording.fragments(key(id)).unwrap() {
        let bytes = Recording::read_fragment(&path).unwrap();
        let fragment = segment::read(&bytes).unwrap();
        assert_eq!(fragment.tail, segment::Tail::Clean);
        indexes.extend(fragment.records.iter().map(|record| record.index));
    }
    indexes
}

#[test]
fn what_was_written_through_survives_a_kill_and_capturing_goes_on_behind_it() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    assert!(start(&mut capture, 1, 0));
    send(&mut capture, 1, 0..10);
    assert_eq!(capture.roll().unwrap(), [Durable { track: key(1), next: 10 }]);
    send(&mut capture, 1, 10..15);
    capture.write_through().unwrap();
    send(&mut capture, 1, 15..17);
    drop(capture);

    let mut capture = Capture::open(&folder, 2, 2).unwrap();
    assert_eq!(capture.next_indexes(EPOCH), BTreeMap::from([(FlowId(1), 15)]));
    assert_eq!(capture.next_indexes(EPOCH + 1), BTreeMap::new(), "another life has other flows");
    assert!(start(&mut capture, 1, 12));
    send(&mut capture, 1, 12..30);
    assert_eq!(capture.repeated_packets(), 3);
    capture.finish(9).unwrap();
    assert_eq!(on_disk(&folder, 1), (0..30).collect::<Vec<_>>());
    assert!(capture.contents().gaps.is_empty());
    assert_eq!(capture.contents().processes, 2);
    let numbers: Vec<u32> = capture.contents().tracks[&key(1)].fragments.keys().copied().collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn any_cut_of_an_open_fragment_is_mended_to_whole_records() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    start(&mut capture, 1, 0);
    send(&mut capture, 1, 0..4);
    capture.write_through().unwrap();
    drop(capture);
    let path = recording::fragment_path(&folder, key(1), 1);
    let manifest_path = folder.join(crate::manifest::FILE_NAME);
    let (whole, manifest) = (std::fs::read(&path).unwrap(), std::fs::read(&manifest_path).unwrap());
    for cut in 0..=whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        std::fs::write(&manifest_path, &manifest).unwrap();
        let mut capture = Capture::open(&folder, 2, 2).unwrap();
        let next = capture.next_indexes(EPOCH)[&FlowId(1)];
        start(&mut capture, 1, next);
        send(&mut capture, 1, next..6);
        capture.roll().unwrap();
        assert_eq!(on_disk(&folder, 1), (0..6).collect::<Vec<_>>(), "cut at {cut}");
        for (_, path) in recording::list_fragments(&recording::track_folder(&folder, key(1))).unwrap() {
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn packets_that_never_came_are_a_gap_in_the_manifest_with_its_reason() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    start(&mut capture, 1, 0);
    send(&mut capture, 1, 0..10);
    send(&mut capture, 1, 20..30);
    start(&mut capture, 1, 80);
    send(&mut capture, 1, 80..81);
    capture.roll().unwrap();
    let gaps = &capture.contents().gaps;
    assert_eq!(gaps.len(), 2);
    assert_eq!((gaps[0].from_index, gaps[0].to_index, gaps[0].ms), (10, 20, 220));
    assert_eq!((gaps[0].reason, gaps[1].reason), (GapReason::TooSlow, GapReason::Away));
    assert_eq!(capture.contents().gap_ms(), 220 + 1020);
}

#[test]
fn a_gap_whose_line_a_crash_took_is_found_again_and_only_once() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    start(&mut capture, 1, 0);
    send(&mut capture, 1, 0..10);
    capture.roll().unwrap();
    send(&mut capture, 1, 15..20);
    send(&mut capture, 1, 22..25);
    capture.write_through().unwrap();
    drop(capture);
    for _ in 0..2 {
        let capture = Capture::open(&folder, 2, 2).unwrap();
        let found: Vec<_> =
            capture.contents().gaps.iter().map(|gap| (gap.from_index, gap.to_index)).collect();
        assert_eq!(found, [(10, 15), (20, 22)]);
    }
}

#[test]
fn events_are_accepted_once_and_finishing_twice_is_finishing_once() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    let event = |seq| LessonEvent { seq, at: UnixMillis(seq as i64), kind: LessonEventKind::Paused };
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    capture.events(vec![event(1), event(2)]).unwrap();
    capture.events(vec![event(1), event(2), event(3), event(3)]).unwrap();
    capture.finish(7).unwrap();
    capture.finish(8).unwrap();
    drop(capture);
    let capture = Capture::open(&folder, 2, 9).unwrap();
    let seqs: Vec<u64> = capture.contents().events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [1, 2, 3]);
    assert_eq!(capture.contents().finished_unix_us, Some(7));
    assert_eq!(capture.contents().processes, 1, "a finished recording is not touched again");
}

#[test]
fn many_tracks_are_durable_together() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    let ids = 1..=MAX_SINGLE_SYNCS as u64 + 4;
    for id in ids.clone() {
        start(&mut capture, id, 0);
        send(&mut capture, id, 0..id);
    }
    let durable = capture.roll().unwrap();
    assert_eq!(durable, ids.clone().map(|id| Durable { track: key(id), next: id }).collect::<Vec<_>>());
    assert!(capture.roll().unwrap().is_empty());
    for id in ids {
        assert_eq!(on_disk(&folder, id), (0..id).collect::<Vec<_>>());
        let bytes = capture.contents().tracks[&key(id)].fragments[&1].bytes;
        assert_eq!(bytes, recording::fragment_path(&folder, key(id), 1).metadata().unwrap().len());
    }
}

#[test]
fn a_track_beyond_the_limit_or_with_a_changed_description_is_refused() {
    let media = tempfile::tempdir().unwrap();
    let mut capture = Capture::open(&media.path().join("rec"), 1, 1).unwrap();
    assert!(start(&mut capture, 1, 0));
    let mut changed = flow(1);
    changed.ssrc = 99;
    assert!(!capture.start_track(EPOCH, &changed, 0, GapReason::Away, 5).unwrap());
}

#[test]
fn a_capture_that_could_not_write_acknowledges_nothing_more_and_loses_nothing() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    start(&mut capture, 1, 0);
    send(&mut capture, 1, 0..10);
    capture.roll().unwrap();
    send(&mut capture, 1, 10..20);
    let obstacle = recording::fragment_path(&folder, key(1), 2);
    std::fs::write(&obstacle, b"in the way").unwrap();
    capture.write_through().unwrap_err();
    // The disk can be used again: too late for this capture.
    std::fs::remove_file(&obstacle).unwrap();
    send(&mut capture, 1, 20..25);
    capture.write_through().unwrap_err();
    capture.roll().unwrap_err();
    capture.finish(9).unwrap_err();
    assert!(capture.has_failed());
    drop(capture);

    let mut capture = Capture::open(&folder, 2, 2).unwrap();
    assert_eq!(capture.next_indexes(EPOCH), BTreeMap::from([(FlowId(1), 10)]), "the sfu still has the rest");
    start(&mut capture, 1, 10);
    send(&mut capture, 1, 10..25);
    capture.finish(9).unwrap();
    assert_eq!(on_disk(&folder, 1), (0..25).collect::<Vec<_>>());
    assert!(capture.contents().gaps.is_empty());
}
