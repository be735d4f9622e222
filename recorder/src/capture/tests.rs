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
fn a_track_whose_description_has_changed_is_refused() {
    let media = tempfile::tempdir().unwrap();
    let mut capture = Capture::open(&media.path().join("rec"), 1, 1).unwrap();
    assert!(start(&mut capture, 1, 0));
    let mut changed = flow(1);
    changed.ssrc = 99;
    assert!(!capture.start_track(EPOCH, &changed, 0, GapReason::Away, 5).unwrap());
}

#[test]
fn a_track_beyond_the_limit_is_refused_and_those_that_are_there_go_on() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    std::fs::create_dir(&folder).unwrap();
    let track = |id| Line::Track { track: Track { sfu_epoch: EPOCH, flow: flow(id) }, at_unix_us: 1 };
    let most = MAX_TRACKS as u64;
    Manifest::open(&folder).unwrap().append((1..=most - 1).map(track).collect()).unwrap();
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    assert!(start(&mut capture, most, 0));
    assert!(!start(&mut capture, most + 1, 0));
    assert_eq!(capture.refused_tracks(), 1);
    send(&mut capture, most + 1, 0..1);
    send(&mut capture, most, 0..1);
    assert_eq!(capture.roll().unwrap(), [Durable { track: key(most), next: 1 }]);
    assert!(start(&mut capture, most, 1), "known already");
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

/// Two tracks, a packet each 20 ms from 1 s to 1.98 s, closed.
fn two_tracks(folder: &Path) -> Capture {
    let mut capture = Capture::open(folder, 1, 1).unwrap();
    for id in [1, 2] {
        start(&mut capture, id, 0);
        send(&mut capture, id, 0..50);
    }
    capture.roll().unwrap();
    capture
}

fn gaps(capture: &Capture) -> Vec<(u64, u64, u64, u64, GapReason)> {
    let gaps = capture.contents().gaps.iter();
    gaps.map(|gap| (gap.track.flow.0, gap.from_index, gap.to_index, gap.ms, gap.reason)).collect()
}

#[test]
fn what_is_missing_until_the_end_is_a_gap_up_to_the_lesson_s_end_and_not_to_the_finishing() {
    let media = tempfile::tempdir().unwrap();
    let ended = LessonEvent { seq: 1, at: UnixMillis(5_980), kind: LessonEventKind::Ended };
    for (events, ms) in [(vec![], 98_020), (vec![ended], 4_000)] {
        let folder = media.path().join(format!("rec-{ms}"));
        drop(two_tracks(&folder));
        // The disk can be used again a day later, when the room is gone.
        let mut capture = Capture::open(&folder, 1, 2).unwrap();
        capture.away(GapReason::Disk);
        capture.away(GapReason::Away);
        capture.back();
        capture.events(events).unwrap();
        capture.finish(100_000_000).unwrap();
        assert_eq!(gaps(&capture), [(1, 50, 50, ms, GapReason::Disk), (2, 50, 50, ms, GapReason::Disk)]);
        assert_eq!(capture.contents().gap_ms(), ms);
    }
}

#[test]
fn a_restarted_sfu_leaves_a_gap_between_its_lives_and_a_fast_reconnect_none() {
    let media = tempfile::tempdir().unwrap();
    let mut capture = two_tracks(&media.path().join("rec"));
    for _ in 0..2 {
        capture.away(GapReason::Away);
        capture.packet(
            key(1),
            &Record { kind: PacketKind::Rtp, index: 50, arrival_unix_us: 2_010_000, packet: &[0; 12] },
        );
        for id in [1, 2] {
            start(&mut capture, id, 50);
        }
        capture.back();
    }
    capture.roll().unwrap();
    assert_eq!(gaps(&capture), []);

    capture.away(GapReason::Away);
    capture.start_track(EPOCH + 1, &flow(1), 0, capture.outage_reason(), 5).unwrap();
    capture.back();
    assert_eq!(gaps(&capture), [], "nothing came yet");
    let key = TrackKey { sfu_epoch: EPOCH + 1, flow: FlowId(1) };
    for arrival_unix_us in [6_010_000, 6_030_000] {
        let index = (arrival_unix_us - 6_010_000) / 20_000;
        capture.packet(key, &Record { kind: PacketKind::Rtp, index, arrival_unix_us, packet: &[0; 12] });
    }
    capture.back();
    capture.finish(6_040_000).unwrap();
    assert_eq!(gaps(&capture), [(1, 51, 51, 4_000, GapReason::Away), (2, 50, 50, 4_000, GapReason::Away)]);
    assert_eq!(capture.contents().gap_ms(), 4_000);
}

#[test]
fn packets_that_the_sfu_dropped_are_a_gap_even_when_none_follows() {
    let media = tempfile::tempdir().unwrap();
    let mut capture = two_tracks(&media.path().join("rec"));
    capture.lost(key(1), 60, 2_200_000);
    capture.lost(key(2), 60, 2_200_000);
    send(&mut capture, 2, 60..61);
    start(&mut capture, 2, 70);
    capture.finish(3_000_000).unwrap();
    let found = gaps(&capture);
    assert_eq!(found[..2], [(2, 50, 60, 220, GapReason::TooSlow), (1, 50, 60, 220, GapReason::TooSlow),]);
    assert_eq!(found[2].1..found[2].2, 61..70);
}

#[test]
fn a_track_that_ended_before_the_outage_misses_nothing() {
    let media = tempfile::tempdir().unwrap();
    let mut capture = two_tracks(&media.path().join("rec"));
    capture.track_ended(key(1));
    capture.away(GapReason::Away);
    capture.finish(3_980_000).unwrap();
    assert_eq!(gaps(&capture), [(2, 50, 50, 2_000, GapReason::Away)]);
}

#[test]
fn a_gap_in_a_pause_is_none_of_the_lesson_s() {
    let media = tempfile::tempdir().unwrap();
    let mut capture = two_tracks(&media.path().join("rec"));
    let live = LessonEventKind::Live { teacher: ParticipantId::new("teacher").unwrap() };
    let event = |seq, ms, kind| LessonEvent { seq, at: UnixMillis(ms), kind };
    capture.events(vec![event(1, 2_000, LessonEventKind::Paused), event(2, 12_000, live)]).unwrap();
    capture.away(GapReason::Away);
    capture.finish(13_000_000).unwrap();
    assert_eq!(gaps(&capture)[0].3, 11_020);
    assert_eq!(capture.contents().gap_ms(), 1_020);
}

#[test]
fn a_recorder_that_catches_up_makes_no_longer_fragments_than_a_live_one() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    start(&mut capture, 1, 0);
    start(&mut capture, 2, 0);
    send(&mut capture, 1, 0..990);
    send(&mut capture, 2, 0..1);
    let durable = [Durable { track: key(1), next: 990 }, Durable { track: key(2), next: 1 }];
    assert_eq!(capture.roll().unwrap(), durable);
    let fragments = &capture.contents().tracks[&key(1)].fragments;
    assert_eq!(fragments.len(), 10, "19.8 s of media");
    for line in fragments.values() {
        assert!(line.last_arrival_unix_us - line.first_arrival_unix_us <= MAX_FRAGMENT_US, "{line:?}");
        let path = recording::fragment_path(&folder, key(1), line.number);
        assert_eq!(line.bytes, path.metadata().unwrap().len());
    }
    assert_eq!(on_disk(&folder, 1), (0..990).collect::<Vec<_>>());

    // What is long enough survives a kill before it is closed.
    send(&mut capture, 1, 990..1_490);
    capture.write_through().unwrap();
    drop(capture);
    let capture = Capture::open(&folder, 2, 2).unwrap();
    assert_eq!(capture.next_indexes(EPOCH)[&FlowId(1)], 1_490);
    assert_eq!(on_disk(&folder, 1), (0..1_490).collect::<Vec<_>>());
    assert!(capture.contents().gaps.is_empty());
}

fn event(seq: u64, ms: i64, kind: LessonEventKind) -> LessonEvent {
    LessonEvent { seq, at: UnixMillis(ms), kind }
}

fn live() -> LessonEventKind {
    LessonEventKind::Live { teacher: ParticipantId::new("teacher").unwrap() }
}

/// Indexes of the packets that [`send`] lets arrive between two moments.
fn between(from_ms: u64, to_ms: u64) -> std::ops::Range<u64> {
    (from_ms - 1_000).div_ceil(20)..(to_ms - 1_000).div_ceil(20)
}

#[test]
fn nothing_of_a_pause_is_kept_and_nothing_of_it_is_missing() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    start(&mut capture, 1, 0);
    send(&mut capture, 1, 0..50);
    assert_eq!(capture.events(vec![event(1, 1_000, live())]).unwrap(), Taken::default());
    let taken = capture.events(vec![event(2, 2_000, LessonEventKind::Paused)]).unwrap();
    assert_eq!((taken.durable, taken.is_rewound), (vec![Durable { track: key(1), next: 50 }], false));
    send(&mut capture, 1, 50..60);
    let mut acknowledged = vec![];
    for roll in 3..10 {
        send(&mut capture, 1, roll * 20..(roll + 1) * 20);
        acknowledged.extend(capture.roll().unwrap());
    }
    let late_us = 1_000_000 + acknowledged.last().unwrap().next * 20_000;
    assert!(acknowledged.len() == 5 && late_us + 1_000_000 < 5_000_000, "{acknowledged:?}");

    // The lesson went on at 4.5 s; we hear of it at 5 s.
    let taken = capture.events(vec![event(3, 4_500, live())]).unwrap();
    assert!(taken.is_rewound && taken.needs_keyframes);
    let first = capture.next_indexes(EPOCH)[&FlowId(1)];
    assert!(first > 60 && first <= between(1_000, 4_500).end, "{first}");
    start(&mut capture, 1, first);
    send(&mut capture, 1, first..300);
    capture.finish(9_000_000).unwrap();
    let late = between(2_000, 2_000 + LATE_MEDIA_US / 1000).end;
    let kept: Vec<u64> = (0..late).chain(between(4_500, 7_000)).collect();
    assert_eq!(on_disk(&folder, 1), kept, "the last words before the pause, and all behind it");
    assert_eq!((gaps(&capture), capture.contents().gap_ms()), (vec![], 0));
}

#[test]
fn a_pause_that_is_told_late_is_cut_out_of_what_is_written_already() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    for id in [1, 2] {
        start(&mut capture, id, 0);
        send(&mut capture, id, 0..400);
    }
    capture.roll().unwrap();
    let bytes = capture.contents().bytes;
    let paused =
        vec![event(1, 1_000, live()), event(2, 2_200, LessonEventKind::Paused), event(3, 8_100, live())];
    // A crash right behind the events' lines, then another behind the cutting.
    let mut manifest = Manifest::open(&folder).unwrap();
    manifest.append(paused.into_iter().map(|event| Line::Lesson { event }).collect()).unwrap();
    let before = std::fs::read(manifest.path()).unwrap();
    let kept: Vec<u64> = between(1_000, 2_700).chain(between(8_100, 9_000)).collect();
    for is_told in [true, false] {
        let capture = Capture::open(&folder, 2, 2).unwrap();
        for id in [1, 2] {
            assert_eq!(on_disk(&folder, id), kept);
            let known = &capture.contents().tracks[&key(id)];
            assert!(known.fragments.len() < 4, "{:?}", known.fragments);
            for line in known.fragments.values() {
                let path = recording::fragment_path(&folder, key(id), line.number);
                assert_eq!(line.bytes, path.metadata().unwrap().len());
            }
            assert_eq!(capture.next_indexes(EPOCH)[&FlowId(id)], 400, "not asked for again");
        }
        assert!(capture.contents().bytes < bytes / 2);
        assert_eq!(gaps(&capture), []);
        if is_told {
            std::fs::write(folder.join(crate::manifest::FILE_NAME), &before).unwrap();
        }
    }
    let capture = Capture::open(&folder, 3, 3).unwrap();
    assert_eq!(capture.next_indexes(EPOCH)[&FlowId(1)], 400);
}

#[test]
fn a_recorder_killed_in_a_pause_keeps_nothing_of_it_and_marks_no_gap() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().join("rec");
    let mut capture = Capture::open(&folder, 1, 1).unwrap();
    start(&mut capture, 1, 0);
    send(&mut capture, 1, 0..50);
    capture.events(vec![event(1, 1_000, live()), event(2, 2_000, LessonEventKind::Paused)]).unwrap();
    send(&mut capture, 1, 50..200);
    (0..5).for_each(|_| drop(capture.roll().unwrap()));
    drop(capture);

    let mut capture = Capture::open(&folder, 2, 2).unwrap();
    capture.away(GapReason::Away);
    assert!(capture.is_off_now());
    assert_eq!(capture.next_indexes(EPOCH)[&FlowId(1)], 200);
    start(&mut capture, 1, 200);
    send(&mut capture, 1, 200..250);
    let taken = capture.events(vec![event(3, 5_600, live())]).unwrap();
    assert!(taken.is_rewound);
    start(&mut capture, 1, 200);
    send(&mut capture, 1, 200..260);
    capture.write_through().unwrap();
    drop(capture);

    let mut capture = Capture::open(&folder, 3, 3).unwrap();
    capture.finish(7_000_000).unwrap();
    let late = between(2_000, 2_000 + LATE_MEDIA_US / 1000).end;
    assert_eq!(on_disk(&folder, 1), (0..late).chain(between(5_600, 6_200)).collect::<Vec<_>>());
    assert_eq!((gaps(&capture), capture.contents().gap_ms()), (vec![], 0));
}
