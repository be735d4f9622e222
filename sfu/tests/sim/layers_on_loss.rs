//! A narrow link gets a smaller picture, a publisher's narrow link is followed.

use crate::content::Video;
use crate::world::{ALL, LAYERS, World};
use std::time::Duration;
use tongtang_protocol::lesson::VideoCodec;

#[test]
fn a_lossy_link_drops_a_layer_and_wins_it_back_and_nobody_else_notices() {
    let mut world = World::new(1, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let weak = world.subscribe("a", &["teacher"]);
    let good = world.subscribe("b", &["teacher"]);
    world.run_for(Duration::from_secs(3));
    assert_eq!(world.receiver(weak).slots[&0].shows(), Some((1, 2)));
    world.receiver(weak).claims_lost = 50;
    world.run_until(Duration::from_secs(8), "a smaller layer", |world| {
        world.receiver(weak).slots[&0].shows() == Some((1, 1))
    });
    world.receiver(weak).claims_lost = 0;
    world.run_until(Duration::from_secs(30), "the large layer again", |world| {
        world.receiver(weak).slots[&0].shows() == Some((1, 2))
    });
    world.run_for(Duration::from_secs(2));
    world.receiver(weak).slots[&0].check();
    let slot = &world.receiver(good).slots[&0];
    slot.check();
    assert_eq!(slot.shows(), Some((1, 2)));
    assert!(slot.switches() <= 1, "from the first layer to arrive to the largest, and no more");
}

#[test]
fn a_layer_that_its_publisher_switches_off_is_replaced_by_the_next_smaller_one() {
    let mut world = World::new(2, VideoCodec::H264);
    let teacher = world.publish("t", Video::H264, &LAYERS, &ALL);
    let screen = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(3));
    let large = world.sender(teacher).streams.iter().position(|s| s.rid == Some("h")).unwrap();
    world.sender(teacher).streams[large].is_on = false;
    world.run_until(Duration::from_secs(3), "the middle layer", |world| {
        world.receiver(screen).slots[&0].shows() == Some((1, 1))
    });
    world.sender(teacher).streams[large].is_on = true;
    world.run_until(Duration::from_secs(3), "the large layer", |world| {
        world.receiver(screen).slots[&0].shows() == Some((1, 2))
    });
    world.run_for(Duration::from_secs(1));
    world.receiver(screen).slots[&0].check();
}
