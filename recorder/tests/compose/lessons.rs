//! Whole lessons through the real composer process: what comes out is what happened, when it happened.

use super::fixture::*;
use std::path::Path;
use std::process::{Command, Output};
use tongtang_protocol::lesson::LessonEventKind;
use tongtang_recorder::compose::layout::{self, Part, Present, Size};
use tongtang_recorder::compose::output::Resource;
use tongtang_recorder::compose::pictures::MAX_PICTURE_PIXELS;
use tongtang_recorder::probe::{self, Region};
use tongtang_roq::control::FlowCodec;

fn composer(lesson: &Lesson) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tongtang-recorder"))
        .arg("compose")
        .arg("--recording")
        .arg(lesson.folder())
        .arg("--out")
        .arg(lesson.out())
        .output()
        .unwrap()
}

fn composed(lesson: &Lesson) -> Resource {
    let output = composer(lesson);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Resource::read(&lesson.out()).unwrap()
}

const EVERYWHERE: Region = Region { x: 0, y: 0, width: 1280, height: 720 };

/// Times at which something begins: values above `threshold` after one below.
fn onsets<T: PartialOrd + Copy>(values: &[(i64, T)], threshold: T) -> Vec<i64> {
    let mut onsets = Vec::new();
    let mut above = false;
    for (at, value) in values {
        if *value > threshold && !above {
            onsets.push(*at);
        }
        above = *value > threshold;
    }
    onsets
}

fn assert_in_step(out: &Path, expected_us: &[i64]) {
    let flashes = onsets(&probe::brightness(&out.join("720p/index.m3u8"), EVERYWHERE).unwrap(), 150);
    let beeps = onsets(&probe::levels(&out.join("audio/index.m3u8")).unwrap(), 0.05);
    assert_eq!(flashes.len(), expected_us.len(), "flashes at {flashes:?}");
    assert_eq!(beeps.len(), expected_us.len(), "beeps at {beeps:?}");
    for ((flash, beep), expected) in flashes.iter().zip(&beeps).zip(expected_us) {
        assert!((flash - beep).abs() <= 80_000, "flash at {flash}, beep at {beep}");
        assert!((flash - expected).abs() <= 80_000, "flash at {flash}, not at {expected}");
    }
}

#[test]
fn a_lesson_comes_out_with_its_length_its_ladder_and_sound_and_picture_together() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    // The network shuffles and repeats packets.
    let disordered = |sent: Sent| Sent { disordered: true, ..sent };
    let picture = h264(&flashes(320, 180), 7, 50);
    lesson.send(&disordered(camera("teacher", FlowCodec::H264)), &picture, |_, _| true);
    lesson.send(&disordered(microphone("teacher")), &opus(BEEPS, 7), |_, _| true);
    lesson.event(6_400, LessonEventKind::Ended);
    let resource = composed(&lesson);
    let out = lesson.out();

    assert!(resource.duration_ms.abs_diff(6_400) <= 200, "{}", resource.duration_ms);
    assert_in_step(&out, &[1_000_000, 3_000_000, 5_000_000]);
    let mut keys = Vec::new();
    for (name, size) in [("720p", (1280, 720)), ("360p", (640, 360)), ("audio", (0, 0))] {
        let streams = probe::streams(&out.join(name).join("index.m3u8")).unwrap();
        let [stream] = &streams[..] else { panic!("{streams:?}") };
        assert_eq!((stream.width, stream.height), size);
        assert_eq!(stream.start_us, 0, "{name} begins at 0");
        assert!((stream.end_us - 6_400_000).abs() <= 200_000, "{name} ends at {}", stream.end_us);
        if size.0 > 0 {
            assert_eq!(stream.packets, 160, "25 pictures a second");
            keys.push(stream.keys_us.clone());
        }
    }
    assert_eq!(keys[0], [0, 4_000_000]);
    assert_eq!(keys[0], keys[1], "a player can change the rung at every keyframe");
    let master = std::fs::read_to_string(out.join("master.m3u8")).unwrap();
    assert!(master.contains("RESOLUTION=1280x720") && master.contains("RESOLUTION=640x360"), "{master}");
    let streams = probe::streams(&out.join("master.m3u8")).unwrap();
    assert_eq!(streams.iter().filter(|stream| stream.width > 0).count(), 2);
    assert_eq!(probe::streams(&out.join("poster.jpg")).unwrap()[0].width, 1280);
}

/// The inner part of where a picture of 16:9 stands.
fn region(part: Part, present: Present) -> Region {
    let placed = layout::arrange(present);
    let (_, rect) = placed.iter().find(|(placed, _)| *placed == part).unwrap();
    Region {
        x: rect.x as usize + 8,
        y: rect.y as usize + 8,
        width: rect.width as usize - 16,
        height: rect.height as usize - 16,
    }
}

fn present(parts: &[Part]) -> Present {
    let size = |part| parts.contains(&part).then_some(Size { width: 320, height: 180 });
    Present { board: size(Part::Board), teacher: size(Part::Teacher), stage: size(Part::Stage) }
}

/// Brightness of a region at moments of the composed video, in milliseconds.
fn seen(out: &Path, region: Region, at_ms: &[i64]) -> Vec<u8> {
    let frames = probe::brightness(&out.join("720p/index.m3u8"), region).unwrap();
    at_ms.iter().map(|at| frames.iter().rev().find(|(time, _)| *time <= at * 1000).unwrap().1).collect()
}

fn assert_near(seen: &[u8], expected: &[u8]) {
    let near = seen.iter().zip(expected).all(|(seen, expected)| seen.abs_diff(*expected) <= 6);
    assert!(near, "seen {seen:?}, expected {expected:?}");
}

/// Does FFmpeg's own player read all of it without a complaint?
fn assert_plays(out: &Path) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(out.join("master.m3u8"))
        .args(["-map", "0", "-f", "null", "-"])
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn board_teacher_and_stage_stand_where_they_should_and_pauses_are_cut() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.stage(1_000, Some(("class-3", "三班")));
    lesson.event(3_000, LessonEventKind::Paused);
    lesson.stage(4_000, None);
    lesson.live(5_000);
    lesson.event(8_000, LessonEventKind::Ended);
    let all = |_: u64, _: i64| true;
    lesson.send(&camera("teacher", FlowCodec::Vp8), &vp8(&plain(100, 320, 180), 9, 50), all);
    lesson.send(&camera("class-3", FlowCodec::Vp8), &vp8(&plain(150, 320, 180), 9, 50), all);
    // The board is opened during the pause.
    let board = Sent { from_us: 3_500_000, ..board("teacher") };
    lesson.send(&board, &h264(&plain(200, 320, 180), 6, 25), all);
    lesson.send(&microphone("teacher"), &opus("sine=f=440", 9), all);
    let resource = composed(&lesson);
    let out = lesson.out();

    assert!(resource.duration_ms.abs_diff(6_000) <= 200, "{}", resource.duration_ms);
    let chapters: Vec<_> =
        resource.chapters.iter().map(|chapter| (chapter.at_ms, chapter.title.as_str())).collect();
    assert_eq!(chapters, [(0, "开始"), (1_000, "三班上台")]);
    let alone = region(Part::Teacher, present(&[Part::Teacher]));
    assert_near(&seen(&out, alone, &[100, 900]), &[100, 100]);
    let with_stage = present(&[Part::Teacher, Part::Stage]);
    assert_near(&seen(&out, region(Part::Teacher, with_stage), &[1_200, 2_900]), &[100, 100]);
    assert_near(&seen(&out, region(Part::Stage, with_stage), &[1_200, 2_900]), &[150, 150]);
    let with_board = present(&[Part::Board, Part::Teacher]);
    assert_near(&seen(&out, region(Part::Board, with_board), &[3_100, 5_900]), &[200, 200]);
    assert_near(&seen(&out, region(Part::Teacher, with_board), &[3_100, 5_900]), &[100, 100]);
    assert_plays(&out);
}

#[test]
fn a_pause_of_which_nothing_was_kept_is_cut_and_the_teacher_is_seen_at_once_behind_it() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.event(3_000, LessonEventKind::Paused);
    lesson.live(23_000);
    lesson.event(26_000, LessonEventKind::Ended);
    // The first keyframe behind the pause comes a second after it.
    let kept = |_: u64, at_us: i64| !(3_400_000..23_000_000).contains(&at_us);
    lesson.send(&camera("teacher", FlowCodec::H264), &h264(&plain(120, 320, 180), 27, 50), kept);
    lesson.send(&microphone("teacher"), &opus(BEEPS, 27), kept);
    let resource = composed(&lesson);
    let out = lesson.out();

    assert!(resource.duration_ms.abs_diff(6_000) <= 200, "{}", resource.duration_ms);
    let alone = region(Part::Teacher, present(&[Part::Teacher]));
    assert_near(&seen(&out, alone, &[2_900, 3_080, 3_900, 5_500]), &[120, 120, 120, 120]);
    let beeps = onsets(&probe::levels(&out.join("audio/index.m3u8")).unwrap(), 0.05);
    assert_eq!(beeps.len(), 3, "{beeps:?}");
    for (beep, expected) in beeps.iter().zip([1_000_000, 3_000_000, 5_000_000]) {
        assert!((beep - expected).abs() <= 80_000, "beep at {beep}, not at {expected}");
    }
    assert_plays(&out);
}

#[test]
fn lost_packets_hold_the_last_picture_until_the_next_keyframe_and_nothing_shifts() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.event(6_000, LessonEventKind::Ended);
    // A second of packets is lost from 2.5 s on; the next keyframe is at 4 s.
    let arrives = |_: u64, at_us: i64| !(2_500_000..3_500_000).contains(&at_us);
    lesson.send(&camera("teacher", FlowCodec::H264), &h264(&flashes(320, 180), 6, 50), arrives);
    lesson.send(&microphone("teacher"), &opus(BEEPS, 6), arrives);
    let resource = composed(&lesson);
    assert!(resource.duration_ms.abs_diff(6_000) <= 200, "{}", resource.duration_ms);
    // The flash and beep at 3 s are lost, those around it stand where they were.
    assert_in_step(&lesson.out(), &[1_000_000, 5_000_000]);
    let held = seen(&lesson.out(), EVERYWHERE, &[2_600, 3_100, 3_900]);
    assert_near(&held, &[60, 60, 60]);
}

#[test]
fn the_largest_layer_with_pictures_is_shown_through_holes_sizes_and_reconnects() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.event(8_000, LessonEventKind::Ended);
    let layer = |rid| Sent { rid: Some(rid), ..camera("teacher", FlowCodec::H264) };
    let low = h264(&plain(60, 160, 90), 6, 25);
    // The large layer changes its size at 1 s, as browsers do, rests from 2 to 4 s and ends at 5 s.
    let mut high = h264(&plain(140, 320, 180), 1, 25);
    let larger = h264(&plain(180, 640, 360), 4, 25);
    high.extend(larger.into_iter().map(|unit| Coded { at_us: unit.at_us + 1_000_000, ..unit }));
    lesson.send(&layer("l"), &low, |_, _| true);
    lesson.send(&layer("h"), &high, |_, at_us| !(2_000_000..4_000_000).contains(&at_us));
    // The camera reconnects at 6 s: a new track, of another format and proportion.
    let again = Sent { from_us: 6_000_000, ..camera("teacher", FlowCodec::Vp8) };
    lesson.send(&again, &vp8(&plain(220, 240, 180), 2, 25), |_, _| true);
    let resource = composed(&lesson);
    assert!(resource.duration_ms.abs_diff(8_000) <= 200, "{}", resource.duration_ms);
    let middle = Region { x: 400, y: 200, width: 480, height: 320 };
    let at = [500, 1_500, 2_500, 3_800, 4_500, 5_500, 6_500, 7_900];
    assert_near(&seen(&lesson.out(), middle, &at), &[140, 180, 60, 60, 180, 60, 220, 220]);
    let left = Region { x: 8, y: 200, width: 100, height: 320 };
    assert_near(&seen(&lesson.out(), left, &[500, 7_900]), &[140, 40]);
}

#[test]
fn a_lesson_without_pictures_is_heard_muted_voices_are_out_and_all_are_equally_loud() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.event(2_000, LessonEventKind::Muted { participant: who("class-3"), muted: true });
    lesson.event(6_000, LessonEventKind::Ended);
    let voice = "aevalsrc='0.02*sin(2*PI*500*t)':s=48000";
    lesson.send(&microphone("teacher"), &opus(voice, 6), |_, at_us| at_us < 4_000_000);
    let other = Sent { from_us: 1_000_000, ..microphone("class-3") };
    lesson.send(&other, &opus(voice, 5), |_, _| true);
    let resource = composed(&lesson);
    assert!(!resource.has_picture && resource.has_sound);
    let out = lesson.out();
    let levels = probe::levels(&out.join("audio/index.m3u8")).unwrap();
    let level = |at_ms: i64| levels.iter().rev().find(|(at, _)| *at <= at_ms * 1000).unwrap().1;
    assert!(level(1_500) > level(500) * 1.2, "both are heard: {} {}", level(1_500), level(500));
    assert!((level(3_000) / level(500) - 1.0).abs() < 0.1, "one is muted");
    assert!(level(5_000) < 0.001, "nobody speaks: {}", level(5_000));
    let measured = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostats", "-i"])
        .arg(out.join("audio/index.m3u8"))
        .args(["-af", "ebur128", "-f", "null", "-"])
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&measured.stderr).into_owned();
    let loudness = report.rsplit("I:").next().and_then(|rest| rest.split_whitespace().next()).unwrap();
    let loudness: f32 = loudness.parse().unwrap();
    assert!((loudness + 16.0).abs() <= 1.0, "{loudness} LUFS");
    assert_eq!(probe::streams(&out.join("poster.jpg")).unwrap()[0].width, 1280);
    assert_plays(&out);
}

#[test]
fn a_lesson_without_sound_is_silent_and_one_without_anything_is_refused_in_plain_words() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.event(2_000, LessonEventKind::Ended);
    let refused = composer(&lesson);
    assert_eq!(refused.status.code(), Some(1));
    let reason = String::from_utf8(refused.stderr).unwrap();
    assert!(reason.ends_with("so there is nothing to compose\n"), "{reason}");
    assert!(!lesson.out().exists());
    assert_eq!(std::fs::read_dir(lesson.folder()).unwrap().count(), 1, "nothing is left behind");

    lesson.send(&camera("teacher", FlowCodec::H264), &h264(&plain(120, 320, 180), 2, 25), |_, _| true);
    let resource = composed(&lesson);
    assert!(resource.has_picture && !resource.has_sound);
    let levels = probe::levels(&lesson.out().join("audio/index.m3u8")).unwrap();
    assert!(levels.len() >= 180 && levels.iter().all(|(_, level)| *level < 0.001));
}

#[test]
fn a_camera_of_absurd_size_is_not_shown_and_harms_nothing_else() {
    const { assert!(8192 * 4096 > MAX_PICTURE_PIXELS) };
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.event(1_000, LessonEventKind::Ended);
    lesson.send(&camera("teacher", FlowCodec::H264), &h264(&plain(120, 8192, 4096), 1, 25), |_, _| true);
    lesson.send(&microphone("teacher"), &opus("sine=f=440", 1), |_, _| true);
    let resource = composed(&lesson);
    assert_eq!(
        (resource.damage.undecodable_pictures, resource.has_picture, resource.has_sound),
        (25, false, true)
    );
    let middle = Region { x: 440, y: 210, width: 400, height: 300 };
    assert_near(&seen(&lesson.out(), middle, &[100, 900]), &[40, 40]);
    assert_plays(&lesson.out());
}

#[test]
fn progress_is_told_line_by_line_up_to_a_hundred() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.event(2_000, LessonEventKind::Ended);
    lesson.send(&camera("teacher", FlowCodec::H264), &h264(&plain(120, 320, 180), 2, 25), |_, _| true);
    let output = composer(&lesson);
    let lines: Vec<tongtang_recorder::compose::progress::Line> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.windows(2).all(|pair| pair[0].percent <= pair[1].percent), "{lines:?}");
    assert!(lines.len() > 20 && lines.last().unwrap().percent == 100, "{lines:?}");
}

#[test]
fn a_screen_that_stands_still_stays_and_goes_when_it_is_closed() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.event(8_000, LessonEventKind::Ended);
    let all = |_: u64, _: i64| true;
    lesson.send(&camera("teacher", FlowCodec::Vp8), &vp8(&plain(100, 320, 180), 8, 50), all);
    // A browser repeats a still screen once a second, without keyframes. Closed after four seconds.
    let mut still = h264(&plain(200, 320, 180), 1, 250);
    still.truncate(5);
    (0..).zip(&mut still).for_each(|(n, unit)| unit.at_us = n * 1_000_000);
    lesson.send(&board("teacher"), &still, all);
    composed(&lesson);
    let board = region(Part::Board, present(&[Part::Board, Part::Teacher]));
    assert_near(&seen(&lesson.out(), board, &[100, 1_900, 3_900]), &[200, 200, 200]);
    let alone = region(Part::Teacher, present(&[Part::Teacher]));
    assert_near(&seen(&lesson.out(), alone, &[6_000, 7_900]), &[100, 100]);
}

#[test]
fn damaged_payloads_cost_pictures_and_sounds_but_not_the_lesson() {
    let mut lesson = Lesson::new();
    lesson.live(0);
    lesson.stage(1_000, Some(("class-3", "三班")));
    lesson.event(4_000, LessonEventKind::Ended);
    let damaged = |sent: Sent| Sent { damaged: true, ..sent };
    let all = |_: u64, _: i64| true;
    let source = "testsrc2=s=320x180:r=25";
    lesson.send(&damaged(camera("teacher", FlowCodec::H264)), &h264(source, 4, 25), all);
    lesson.send(&damaged(camera("class-3", FlowCodec::Vp8)), &vp8(source, 4, 25), all);
    lesson.send(&damaged(microphone("teacher")), &opus("sine=f=440", 4), all);
    let resource = composed(&lesson);
    assert!(resource.duration_ms.abs_diff(4_000) <= 200, "{}", resource.duration_ms);
    assert!(resource.has_picture && resource.has_sound);
    assert_plays(&lesson.out());
}
