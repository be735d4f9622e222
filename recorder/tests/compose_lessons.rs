//! Whole lessons through the real composer process: what comes out is what happened, when it happened.
#![allow(clippy::unwrap_used, missing_docs)]

mod compose_fixture;

use compose_fixture::*;
use std::path::Path;
use std::process::{Command, Output};
use tongtang_protocol::lesson::LessonEventKind;
use tongtang_recorder::compose::output::Resource;
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
    lesson.send(&camera("teacher", FlowCodec::H264), &h264(&flashes(320, 180), 7, 50), |_, _| true);
    lesson.send(&microphone("teacher"), &opus(BEEPS, 7), |_, _| true);
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
