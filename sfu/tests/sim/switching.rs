//! A slot's source changes; its stream does not.

use crate::content::Video;
use crate::world::{ALL, LAYERS, World, id, routes};
use std::time::Duration;
use tongtang_protocol::control::{RoomSpec, Routes};
use tongtang_protocol::lesson::{Source, VideoCodec};

#[test]
fn a_call_on_stage_keeps_the_old_picture_until_the_new_one_s_keyframe() {
    let mut world = World::new(7, VideoCodec::H264);
    world.publish("t", Video::H264, &LAYERS, &ALL);
    world.publish("a", Video::H264, &LAYERS, &ALL);
    world.publish("b", Video::H264, &LAYERS, &ALL);
    let screen = world.subscribe("c", &["stage"]);
    world.set_routes(&Routes { stage: Some(id("a")), ..routes() });
    world.run_for(Duration::from_secs(4));
    assert_eq!(world.receiver(screen).slots[&0].shows(), Some((2, 2)));
    let called = world.now;
    world.set_routes(&Routes { stage: Some(id("b")), ..routes() });
    world.run_until(Duration::from_millis(500), "b on stage", |world| {
        world.receiver(screen).slots[&0].shows().is_some_and(|(publisher, _)| publisher == 3)
    });
    let gap = {
        let played = &world.receiver(screen).slots[&0].played;
        played.windows(2).map(|w| w[1].at - w[0].at).max().unwrap()
    };
    assert!(world.now - called < Duration::from_millis(200), "{:?}", world.now - called);
    assert!(gap < Duration::from_millis(120), "the old picture went on: {gap:?}");
    world.run_for(Duration::from_secs(1));
    world.receiver(screen).slots[&0].check();
    assert!(world.receiver(screen).slots[&0].is_complete());
}

#[test]
fn routes_that_are_put_again_change_nothing() {
    let mut world = World::new(8, VideoCodec::Vp8);
    let teacher = world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let classroom = world.publish("a", Video::Vp8, &LAYERS, &ALL);
    let screen = world.subscribe("c", &["teacher", "stage", "wall0", "audio0"]);
    let wanted = Routes { stage: Some(id("a")), wall: vec![id("a")], ..routes() };
    world.set_routes(&wanted);
    world.run_for(Duration::from_secs(4));
    let switches = |world: &mut World| -> Vec<usize> {
        world.receiver(screen).slots.values().map(crate::receiver::Slot::switches).collect()
    };
    let before = (switches(&mut world), world.counter("slot_switches"));
    for browser in [teacher, classroom] {
        world.sender(browser).plis.clear();
    }
    for _ in 0..20 {
        world.set_routes(&wanted);
        world.run_for(Duration::from_millis(200));
    }
    assert_eq!((switches(&mut world), world.counter("slot_switches")), before);
    assert_eq!([teacher, classroom].map(|browser| world.sender(browser).plis.len()), [0, 0]);
    world.receiver(screen).slots.values().for_each(crate::receiver::Slot::check);
}

#[test]
fn twenty_switches_over_layers_publishers_and_codecs_leave_no_hole() {
    for seed in 10..13 {
        let mut world = World::new(seed, VideoCodec::Vp8);
        world.publish("t", Video::Vp8, &LAYERS, &ALL);
        world.publish("a", Video::Vp8, &LAYERS, &ALL);
        // Those who come from now on publish H.264.
        let spec = RoomSpec { video_codec: VideoCodec::H264, routes: routes() };
        world.put_room(&spec);
        world.publish("b", Video::H264, &LAYERS, &ALL);
        let screen = world.subscribe("c", &["stage", "wall0"]);
        world.run_for(Duration::from_secs(3));
        for step in 0..20 {
            let (stage, wall) = [("a", "b"), ("b", "a"), ("t", "b")][step % 3];
            world.set_routes(&Routes { stage: Some(id(stage)), wall: vec![id(wall)], ..routes() });
            world.run_for(Duration::from_millis(700));
        }
        let slots = &world.receiver(screen).slots;
        for slot in slots.values() {
            slot.check();
            assert!(slot.is_complete(), "seed {seed}");
        }
        assert_eq!(slots[&0].switches(), 19);
        assert!(slots[&1].played.iter().all(|played| played.content.layer == 0), "walls are small");
        assert_eq!(world.counter("egress_dropped_packets"), 0);
    }
}

#[test]
fn twenty_switches_on_a_lossy_network_never_seal_an_index_twice() {
    for seed in 20..24 {
        let mut world = World::new(seed, VideoCodec::Vp8);
        for name in ["t", "a", "b"] {
            world.publish(name, Video::Vp8, &LAYERS, &ALL);
        }
        let screen = world.subscribe("c", &["stage", "teacher", "wall0"]);
        world.run_for(Duration::from_secs(2));
        (world.loss_up_percent, world.loss_down_percent) = (5, 5);
        for step in 0..20 {
            let (stage, wall) = [("a", "b"), ("b", "a")][step % 2];
            world.set_routes(&Routes { stage: Some(id(stage)), wall: vec![id(wall)], ..routes() });
            world.run_for(Duration::from_millis(600));
        }
        // The receiver panics when an (SSRC, index) comes twice; frames around a switch may be lost, not mixed.
        assert!(world.receiver(screen).slots[&0].frames() > 100);
        assert!(world.counter("slot_switches") >= 20);
    }
}

#[test]
fn nobody_is_shown_or_heard_by_oneself() {
    let mut world = World::new(30, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    world.publish("a", Video::Vp8, &LAYERS, &[Source::Microphone, Source::Camera]);
    let own = world.subscribe("a", &["teacher", "stage", "wall0", "audio0", "audio1", "audio2"]);
    world.set_routes(&Routes { stage: Some(id("a")), wall: vec![id("a")], ..routes() });
    world.run_for(Duration::from_secs(3));
    let slots = &world.receiver(own).slots;
    assert!(slots[&0].frames() > 0);
    assert_eq!((slots[&1].played.len(), slots[&2].played.len()), (0, 0));
    assert!(slots[&3].heard.iter().all(|heard| heard.1 == 1));
    assert_eq!((slots[&4].heard.len(), slots[&5].heard.len()), (0, 0));
}
