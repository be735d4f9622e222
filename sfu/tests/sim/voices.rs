//! Who is heard.

use crate::content::Video;
use crate::world::{World, id, routes};
use std::collections::BTreeSet;
use std::time::Duration;
use tongtang_protocol::control::Routes;
use tongtang_protocol::lesson::{Source, VideoCodec};

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Who was heard in the last half second, per slot.
fn heard(world: &mut World, listener: usize) -> Vec<BTreeSet<u8>> {
    let since = world.now - Duration::from_millis(500);
    let slots = world.receiver(listener).slots.values();
    slots.map(|slot| slot.heard.iter().filter(|h| h.0 > since).map(|h| h.1).collect()).collect()
}

#[test]
fn the_teacher_and_the_two_loudest_others_are_heard_and_the_teacher_hears_the_loudest_three() {
    let mut world = World::new(1, VideoCodec::Vp8);
    let voices = ["audio0", "audio1", "audio2"];
    world.publish("t", Video::Vp8, &[], &[Source::Microphone]);
    for (n, name) in NAMES.iter().enumerate() {
        let browser = world.publish(name, Video::Vp8, &[], &[Source::Microphone]);
        world.sender(browser).audio_level = if n < 3 { 30 + n as u8 } else { 90 };
    }
    let teacher = world.subscribe("t", &voices);
    let first = world.subscribe("a", &voices);
    let last = world.subscribe("f", &voices);
    world.run_for(Duration::from_secs(5));
    let all: BTreeSet<u8> = heard(&mut world, teacher).into_iter().flatten().collect();
    assert_eq!(all, BTreeSet::from([2, 3, 4]), "a, b and c");
    let of_first = heard(&mut world, first);
    assert_eq!(of_first[0], BTreeSet::from([1]), "the teacher has the first slot");
    let others: BTreeSet<u8> = of_first[1..].iter().flatten().copied().collect();
    assert!(!others.contains(&2), "not oneself");
    let of_last: BTreeSet<u8> = heard(&mut world, last)[1..].iter().flatten().copied().collect();
    assert_eq!(of_last.len(), 2);
    assert!(of_last.is_subset(&BTreeSet::from([2, 3, 4])), "{of_last:?}");

    // f speaks up: heard by the teacher, in the slot of somebody silent; nobody else moves.
    let before = heard(&mut world, teacher);
    world.sender(6).audio_level = 10;
    world.sender(1).audio_level = 100;
    world.run_for(Duration::from_secs(4));
    let after = heard(&mut world, teacher);
    let all: BTreeSet<u8> = after.iter().flatten().copied().collect();
    assert_eq!(all, BTreeSet::from([3, 4, 7]), "b, c and f");
    let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert_eq!(moved, 1, "{before:?} {after:?}");
}

#[test]
fn breath_and_rustle_do_not_make_voices_flutter() {
    let mut world = World::new(2, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &[], &[Source::Microphone]);
    for name in NAMES {
        world.publish(name, Video::Vp8, &[], &[Source::Microphone]);
    }
    let listener = world.subscribe("t", &["audio0", "audio1", "audio2"]);
    world.run_for(Duration::from_secs(3));
    let switches = world.counter("slot_switches");
    for n in 0..100usize {
        for browser in 1..=6 {
            world.sender(browser).audio_level = 70 + ((n * 7 + browser * 5) % 7) as u8;
        }
        world.run_for(Duration::from_millis(100));
    }
    assert_eq!(world.counter("slot_switches"), switches);
    assert!(heard(&mut world, listener).iter().all(|slot| slot.len() == 1));
}

#[test]
fn a_muted_microphone_reaches_nobody_until_it_is_unmuted() {
    let mut world = World::new(3, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &[], &[Source::Microphone]);
    world.publish("a", Video::Vp8, &[], &[Source::Microphone]);
    let teacher = world.subscribe("t", &["audio0", "audio1", "audio2"]);
    let classroom = world.subscribe("b", &["audio0", "audio1", "audio2"]);
    world.run_for(Duration::from_secs(3));
    assert!(heard(&mut world, teacher).iter().flatten().any(|p| *p == 2));
    world.set_routes(&Routes { muted: vec![id("a"), id("t")], ..routes() });
    // What was on its way when the teacher pressed the button arrives.
    world.run_for(world.one_way + world.jitter);
    let heard_before: Vec<usize> =
        [teacher, classroom].map(|l| world.receiver(l).slots.values().map(|s| s.heard.len()).sum()).into();
    world.run_for(Duration::from_secs(3));
    let heard_after: Vec<usize> =
        [teacher, classroom].map(|l| world.receiver(l).slots.values().map(|s| s.heard.len()).sum()).into();
    assert_eq!(heard_before, heard_after);
    world.set_routes(&routes());
    world.run_for(Duration::from_secs(1));
    assert!(heard(&mut world, classroom).iter().flatten().copied().collect::<BTreeSet<u8>>().len() == 2);
}
