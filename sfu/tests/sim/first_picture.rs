//! Who comes sees something at once.

use crate::content::Video;
use crate::world::{ALL, LAYERS, World};
use std::time::Duration;
use tongtang_protocol::lesson::VideoCodec;

#[test]
fn a_late_classroom_gets_a_keyframe_within_one_round_trip_of_being_connected() {
    for seed in 0..5 {
        let mut world = World::new(seed, VideoCodec::Vp8);
        let teacher = world.publish("t", Video::Vp8, &LAYERS, &ALL);
        world.run_for(Duration::from_secs(5));
        let classroom = world.subscribe("a", &["teacher", "board", "audio0"]);
        world.run_until(Duration::from_secs(2), "connected", |world| {
            world.browsers[classroom].client.connected
        });
        let connected = world.now;
        world.run_until(Duration::from_secs(2), "picture", |world| {
            world.receiver(classroom).slots[&0].frames() > 0
                && world.receiver(classroom).slots[&1].frames() > 0
        });
        // To the publisher and back to the classroom, until the encoder's next frame, and the timers' grain.
        let round_trip = 4 * world.one_way + 4 * world.jitter;
        let bound = round_trip + Duration::from_millis(40 + 10);
        assert!(world.now - connected < bound, "{:?} > {bound:?}", world.now - connected);
        let first = world.receiver(classroom).slots[&0].played[0].content;
        assert!(first.is_keyframe && first.packet == 0, "{first:?}");
        assert_eq!(first.layer, 2, "the largest layer");
        assert!(world.sender(teacher).plis.len() <= 4);
        world.run_for(Duration::from_secs(2));
        for slot in world.receiver(classroom).slots.values() {
            slot.check();
        }
        assert!(!world.receiver(classroom).slots[&2].heard.is_empty());
    }
}

#[test]
fn a_plain_player_with_one_picture_and_one_sound_gets_the_teacher() {
    let mut world = World::open(1);
    let player = {
        world.publish("t", Video::H264, &[], &ALL);
        world.publish("a", Video::H264, &[], &ALL);
        world.run_for(Duration::from_secs(2));
        world.subscribe("player", &["teacher", "audio0"])
    };
    world.run_for(Duration::from_secs(3));
    let slots = &world.receiver(player).slots;
    slots[&0].check();
    assert_eq!(slots[&0].shows(), Some((1, 0)), "in an open room the first publisher teaches");
    assert!(slots[&1].heard.iter().all(|(_, publisher, _)| *publisher == 1));
    assert!(slots[&0].frames() > 60 && slots[&1].heard.len() > 130);
}

#[test]
fn a_classroom_that_was_there_first_sees_the_teacher_who_comes_later_and_comes_back() {
    let mut world = World::new(3, VideoCodec::H264);
    let classroom = world.subscribe("a", &["teacher", "audio0"]);
    world.run_for(Duration::from_secs(2));
    world.publish("t", Video::H264, &LAYERS, &ALL);
    world.run_until(Duration::from_secs(2), "the teacher", |world| {
        world.receiver(classroom).slots[&0].frames() > 0
    });
    world.publish("t", Video::H264, &LAYERS, &ALL);
    world.run_until(Duration::from_secs(2), "the teacher's next session", |world| {
        world.receiver(classroom).slots[&0].shows().is_some_and(|(publisher, _)| publisher == 3)
    });
    world.run_for(Duration::from_secs(2));
    world.receiver(classroom).slots[&0].check();
}
