//! A path that is a connection can end.

use crate::content::Video;
use crate::world::{ALL, LAYERS, World};
use std::time::Duration;
use tongtang_protocol::lesson::VideoCodec;

#[test]
fn a_lesson_goes_on_while_a_screen_has_no_connection_and_for_it_with_its_next_check() {
    let mut world = World::new(1, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let (broken, other) = (world.subscribe("a", &["teacher"]), world.subscribe("b", &["teacher"]));
    world.run_for(Duration::from_secs(3));
    let path = world.browsers[broken].path;
    assert!(world.engine.knows_path(path));
    world.engine.path_closed(path);
    world.browsers[broken].is_silent = true;
    // What is on its way arrives.
    world.run_for(Duration::from_millis(100));
    let frames = [broken, other].map(|screen| world.receiver(screen).slots[&0].frames());
    // Its reports are due meanwhile, and there is nowhere to send them.
    world.run_for(Duration::from_secs(4));
    assert_eq!(world.receiver(broken).slots[&0].frames(), frames[0]);
    let more = world.receiver(other).slots[&0].frames() - frames[1];
    assert!(more > 80, "nobody else notices: {more} frames in 4 s");
    world.browsers[broken].is_silent = false;
    world.run_for(Duration::from_secs(4));
    assert!(world.receiver(broken).slots[&0].frames() > frames[0] + 20);
}
