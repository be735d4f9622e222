//! Manifests: any bytes add up to something, a torn last line is all that is cut off, and the plan that follows from
//! the lesson's events is a plan.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongtang_recorder::compose::plan::{MAX_CHAPTERS, MAX_LESSON_HOURS, OutUs, Plan};
use tongtang_recorder::manifest::{self, Line};

fuzz_target!(|bytes: &[u8]| {
    let (contents, kept) = manifest::read(bytes);
    assert_eq!(manifest::read(&bytes[..kept]), (contents.clone(), kept));
    assert!(!bytes[kept..].contains(&b'\n'));
    assert!(contents.events.is_sorted_by(|earlier, later| earlier.seq < later.seq));
    let _ = contents.gap_ms();
    if let Ok(plan) = Plan::new(&contents.events, None) {
        let OutUs(end) = plan.duration();
        assert!((1..=MAX_LESSON_HOURS * 3_600_000_000).contains(&end));
        assert!(plan.chapters().len() <= MAX_CHAPTERS);
        for at in [0, end / 2, end - 1] {
            assert_eq!(plan.out(plan.wall(OutUs(at))), Some(OutUs(at)));
        }
    }
    for line in bytes[..kept].split(|byte| *byte == b'\n') {
        if let Ok(line) = serde_json::from_slice::<Line>(line) {
            let written = serde_json::to_vec(&line).unwrap();
            assert_eq!(serde_json::from_slice::<Line>(&written).unwrap(), line);
        }
    }
});
